package health

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

const (
	// maxEvents is how many event rows are kept, the newest; trimEvery is how
	// many more there may be of each node.
	maxEvents = 1000
	trimEvery = 100
	// eventRate is how many events a second a node writes in the long run: as
	// many as there are kept may come at once, and a storm that lasts costs no
	// more than calm.
	eventRate = 1
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

	mu     sync.Mutex
	lasts  lasts
	moved  bool // lasts are not written yet
	events []model.HealthEvent
	// allowed is how many events may come, as of at.
	allowed float64
	at      time.Time

	// Of the loop:
	shards  shards
	untrim  int // events written since the oldest were deleted
	written [model.HealthLastShards]*model.HealthLast
}

func newScribe(r *state.Replica, log Logger) *scribe {
	return &scribe{replica: r, log: log, kick: make(chan struct{}, 1), allowed: maxEvents, untrim: trimEvery}
}

// recall returns the verdicts that were written before this run, by the hashes
// of ids.
func (s *scribe) recall() map[uint64]opinion {
	found := make(map[uint64]opinion)
	err := s.replica.View(func(r *state.Reader) error {
		r.Range(model.TableHealthLast, "", "", func(v model.Value, _ state.Version) bool {
			l := v.(*model.HealthLast)
			s.written[l.Shard] = l
			for _, hash := range l.Healthy {
				found[hash] = healthy
			}
			for _, hash := range l.Unhealthy {
				found[hash] = unhealthy
			}
			return true
		})
		return nil
	})
	if err != nil {
		s.log.Warnf("Failed to read the last health of checks: %v", err)
	}
	return found
}

// remember has the last verdicts on the checks of ids written. It keeps ids.
func (s *scribe) remember(ids []string, last []opinion) {
	s.mu.Lock()
	s.lasts.ids, s.lasts.last = ids, append(s.lasts.last[:0], last...)
	s.moved = true
	s.mu.Unlock()
	signal(s.kick)
}

// room returns how many events may be noted now.
func (s *scribe) room(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() {
		s.allowed = min(maxEvents, s.allowed+eventRate*now.Sub(s.at).Seconds())
	}
	s.at = now
	return max(0, min(int(s.allowed), maxEvents-len(s.events)))
}

// note has events written, for which there is room; dropped are those for
// which there is none.
func (s *scribe) note(events []model.HealthEvent, dropped int) {
	s.dropped.Add(uint64(dropped))
	if len(events) == 0 {
		return
	}
	s.mu.Lock()
	s.events = append(s.events, events...)
	s.allowed -= float64(len(events))
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
	return s.moved || len(s.events) > 0
}

// write writes the events, and if all is set the verdicts. What cannot be
// written waits.
func (s *scribe) write(ctx context.Context, all bool) {
	var rows []*model.HealthLast
	s.mu.Lock()
	events := s.events
	s.events = nil
	if all = all && s.moved; all {
		s.moved = false
		rows = s.shards.of(s.lasts)
	}
	s.mu.Unlock()
	rows = s.changed(rows)
	if len(events)+len(rows) == 0 {
		return
	}
	_, err := s.replica.Commit(ctx, func(t *state.Tx) error {
		for _, l := range rows {
			if len(l.Healthy)+len(l.Unhealthy) == 0 {
				t.Delete(model.TableHealthLast, l.Key())
			} else if err := t.Put(l); err != nil {
				return err
			}
		}
		return putEvents(t, events, s.untrim+len(events) >= trimEvery)
	})
	if err == nil {
		for _, l := range rows {
			s.written[l.Shard] = l
		}
		if s.untrim += len(events); s.untrim >= trimEvery {
			s.untrim = 0
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = s.moved || all
	s.events = append(events, s.events...)
}

// putEvents writes events and, with trim set, deletes the oldest beyond
// [maxEvents].
func putEvents(t *state.Tx, events []model.HealthEvent, trim bool) error {
	for i := range events {
		if err := t.Put(&events[i]); err != nil {
			return err
		}
	}
	if len(events) == 0 || !trim {
		return nil
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
