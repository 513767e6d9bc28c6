package state

import (
	"errors"
	"maps"
	"time"
)

// defaultReopenEvery is how often a node that cannot write tries its store anew.
const defaultReopenEvery = 10 * time.Second

// Reopened is an event: the store that failed is open again. What it holds now
// is what counts: the write that failed may be in it or not.
type Reopened struct{ Store Store }

func (Reopened) event() {}

// reopened goes on from what the store holds. Nothing of a failed write was
// told to anybody, so this run may continue its own sequence from there.
func (k *Core) reopened(s Store) {
	durable, log, shares := k.durable, k.log, k.shares.docs
	k.durable, k.log = contextOf{}, logIndex{}
	if err := s.Read(k.load); err != nil {
		k.durable, k.log, k.shares.docs = durable, log, shares
		k.warnf("Failed to read the state that was opened anew: %v", err)
		return
	}
	k.shares.docs = shares
	k.store, k.failed, k.writing = s, nil, nil
	k.log.next = max(k.log.next, log.next)
	k.accepted = maps.Clone(k.durable)
	k.lastLocal = k.durable[k.self.Run]
	k.sinceLast = maps.Clone(k.durable)
	delete(k.sinceLast, k.self.Run)
	k.queue, k.heard = nil, map[Origin]heardOf{}
	k.pending = pendingCommits{}
	k.pending.init()
	k.out.Reset = true
	k.publish(nil, maps.Clone(k.durable))
	k.logf("The state can be written again")
	if k.phase == phaseJoining {
		return
	}
	k.phase, k.syncEnd = phaseSyncing, k.now.Add(syncWait)
	for _, p := range k.members {
		p.answered, p.pull, p.since = false, nil, k.now
	}
	k.advanceStart()
}

// Failed tells whether the store has failed.
func (k *Core) Failed() bool { return k.failed != nil }

// tryReopen opens the store anew where it has failed. It runs in the loop.
func (r *Replica) tryReopen(now time.Time) {
	if !r.core.Failed() || r.reopen == nil || now.Before(r.reopenAt) {
		return
	}
	r.reopenAt = now.Add(r.reopenEvery)
	s, err := r.reopen(*r.store.Load())
	if err == nil {
		err = probeWrite(s)
	}
	if err != nil {
		r.log(LogLine{Warn: true, Text: "Still cannot write the state: " + err.Error()})
		if s != nil {
			r.store.Store(&s)
		}
		return
	}
	r.store.Store(&s)
	r.step(Reopened{Store: s})
}

// probeWrite writes the node id as it is, to see that writing works.
func probeWrite(s Store) error {
	var id []byte
	err := s.Read(func(r StoreReader) error {
		if row := r.Get(tableNode, "id"); row != nil {
			id = append([]byte{}, row.Value...)
		}
		return nil
	})
	if err != nil || id == nil {
		return errors.Join(err, s.Write(&Write{}))
	}
	return s.Write(&Write{Put: []*Row{{Table: tableNode, Key: "id", Value: id}}})
}

// resetSubscribers has every subscription begin anew with all rows.
func (r *Replica) resetSubscribers() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.subs {
		s.mu.Lock()
		s.begun = false
		s.mu.Unlock()
		select {
		case s.notify <- struct{}{}:
		default:
		}
	}
}
