package health

import (
	"context"
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

const (
	// maxEvents is how many event rows are kept, the newest.
	maxEvents = 1000
	// maxNoted is how many events one commit writes at most.
	maxNoted = 100
	// noteEvery and rememberEvery are how often events, and verdicts, are
	// written at most.
	noteEvery     = time.Second
	rememberEvery = 5 * time.Second
)

// scribe writes down what is found, beside those who find it: verdicts, so
// that they survive a restart, and events.
type scribe struct {
	replica *state.Replica
	log     Logger
	kick    chan struct{}
	dropped atomic.Uint64

	mu       sync.Mutex
	verdicts map[string]opinion // not written yet
	events   []model.HealthEvent
}

func newScribe(r *state.Replica, log Logger) *scribe {
	return &scribe{replica: r, log: log, kick: make(chan struct{}, 1), verdicts: make(map[string]opinion)}
}

// recall returns the verdicts that were written before this run.
func (s *scribe) recall() map[string]opinion {
	lasts := make(map[string]opinion)
	err := s.replica.View(func(r *state.Reader) error {
		r.Range(model.TableHealthLast, "", "", func(v model.Value, _ state.Version) bool {
			l := v.(*model.HealthLast)
			lasts[l.HealthCheckID] = opinionOf(l.Healthy)
			return true
		})
		return nil
	})
	if err != nil {
		s.log.Warnf("Failed to read the last health of checks: %v", err)
	}
	return lasts
}

// remember has verdicts written.
func (s *scribe) remember(vs []verdict) {
	if len(vs) == 0 {
		return
	}
	s.mu.Lock()
	for _, v := range vs {
		s.verdicts[v.id] = v.opinion
	}
	s.mu.Unlock()
	signal(s.kick)
}

// note has an event written, unless too many wait.
func (s *scribe) note(e model.HealthEvent) {
	s.mu.Lock()
	if len(s.events) < maxNoted {
		s.events = append(s.events, e)
	} else {
		s.dropped.Add(1)
	}
	s.mu.Unlock()
	signal(s.kick)
}

// loop writes until ctx is done, and then once more.
func (s *scribe) loop(ctx context.Context) {
	var remembered time.Time
	for {
		select {
		case <-s.kick:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), noteEvery)
			s.write(last, true)
			cancel()
			return
		}
		all := time.Since(remembered) >= rememberEvery
		if all {
			remembered = time.Now()
		}
		s.write(ctx, all)
		pause := time.NewTimer(noteEvery)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
		if s.waits() {
			signal(s.kick)
		}
	}
}

// waits tells whether something is left to write.
func (s *scribe) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.verdicts)+len(s.events) > 0
}

// write writes the events, and if all is set the verdicts. What cannot be
// written waits.
func (s *scribe) write(ctx context.Context, all bool) {
	s.mu.Lock()
	events := s.events
	s.events = nil
	var verdicts map[string]opinion
	if all {
		verdicts, s.verdicts = s.verdicts, make(map[string]opinion)
	}
	s.mu.Unlock()
	if len(events)+len(verdicts) == 0 {
		return
	}
	_, err := s.replica.Commit(ctx, func(t *state.Tx) error {
		for id, op := range verdicts {
			if op == unknown {
				t.Delete(model.TableHealthLast, id)
			} else if err := t.Put(&model.HealthLast{HealthCheckID: id, Healthy: op == healthy}); err != nil {
				return err
			}
		}
		return putEvents(t, events)
	})
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if verdicts != nil {
		maps.Copy(verdicts, s.verdicts) // what came meanwhile is newer
		s.verdicts = verdicts
	}
	room := max(0, maxNoted-len(s.events))
	s.dropped.Add(uint64(max(0, len(events)-room)))
	s.events = append(events[:min(room, len(events))], s.events...)
}

// putEvents writes events and deletes the oldest beyond [maxEvents].
func putEvents(t *state.Tx, events []model.HealthEvent) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		if err := t.Put(&events[i]); err != nil {
			return err
		}
	}
	var keys []string
	t.Range(model.TableEvents, "", "", func(v model.Value, _ state.Version) bool {
		keys = append(keys, v.Key())
		return true
	})
	for _, key := range keys[:max(0, len(keys)-maxEvents)] {
		t.Delete(model.TableEvents, key)
	}
	return nil
}

// writes tells whether this node is the one that writes events of a check: of
// the live members, the one that hashing prefers. Two that see other members
// may both write, or neither.
func writes(members []state.Member, id string) bool {
	self, best, most := false, false, uint64(0)
	for _, m := range members {
		if m.Kind != node.KindDNS {
			continue
		}
		self = self || m.Self
		var run [8]byte
		binary.BigEndian.PutUint64(run[:], uint64(m.Run))
		if w := xxhash.Sum64String(string(run[:]) + id); w >= most {
			most, best = w, m.Self
		}
	}
	return best && self
}
