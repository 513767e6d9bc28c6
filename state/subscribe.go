package state

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Subscription is a consumer's place in the stream of commits. What the
// consumer has not yet taken is merged by key, in whole commits: a slow one
// blocks nobody, loses nothing, and holds at most the rows. One goroutine
// calls Next and Ack.
type Subscription struct {
	r      *Replica
	tables map[string]bool
	notify chan struct{}
	gone   chan struct{}
	once   sync.Once

	mu sync.Mutex
	// begun says that the first batch was taken.
	begun   bool
	backlog backlog
	seq     uint64 // of the last publication in backlog or before
	taken   uint64
	acked   uint64
}

// Subscribe returns a subscription to the rows of tables, replicated or
// volatile. Its first batch has Reset set and holds all their rows.
func (r *Replica) Subscribe(tables ...string) *Subscription {
	s := &Subscription{
		r: r, tables: map[string]bool{}, notify: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	for _, t := range tables {
		s.tables[t] = true
	}
	r.mu.Lock()
	s.seq = r.seq
	r.subs[s] = struct{}{}
	r.mu.Unlock()
	return s
}

// publish adds a publication to the backlog of all that want it.
func (r *Replica) publish(p Publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq = p.Seq
	for s := range r.subs {
		s.add(p)
	}
}

func (s *Subscription) add(p Publication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq = p.Seq
	s.backlog.add(wanted(p.Changes, s.tables))
	if s.backlog.len() > 0 {
		select {
		case s.notify <- struct{}{}:
		default:
		}
	} else if s.begun && s.taken == s.acked {
		s.taken, s.acked = s.seq, s.seq // nothing in it for this one
	}
}

// Next waits for what has changed since the last call and returns it: whole
// commits, merged by key. It returns ctx's error, or [ErrClosed] once the
// subscription or the replica is closed.
func (s *Subscription) Next(ctx context.Context) (Batch, error) {
	if s.mustBegin() {
		return s.first(ctx)
	}
	for {
		if b, ok := s.take(false, nil); ok {
			return b, nil
		}
		select {
		case <-s.notify:
			if s.mustBegin() {
				return s.first(ctx)
			}
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-s.gone:
			return Batch{}, ErrClosed
		case <-s.r.closed:
			return Batch{}, ErrClosed
		}
	}
}

// mustBegin tells whether the next batch is a first one.
func (s *Subscription) mustBegin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.begun
}

// take empties the backlog into a batch, over the rows of a first one, which
// are in order.
func (s *Subscription) take(reset bool, rows []Change) (Batch, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !reset && s.backlog.len() == 0 {
		return Batch{}, false
	}
	b := Batch{Reset: reset, seq: s.seq, Changes: s.backlog.take()}
	if reset {
		b.Changes = layOver(rows, b.Changes)
	}
	s.taken, s.begun = s.seq, true
	return b, true
}

// readChunk is how many rows one short read takes.
const readChunk = 20000

// first reads all rows by short reads and lays over them what was published
// meanwhile. Everything read was written before the fence, so it has been
// published by then: the batch is made of whole commits.
func (s *Subscription) first(ctx context.Context) (Batch, error) {
	var rows []Change
	for _, table := range slices.Sorted(maps.Keys(s.tables)) {
		for from, more := "", true; more; {
			if err := ctx.Err(); err != nil {
				return Batch{}, err
			}
			var err error
			if rows, from, more, err = s.readSome(rows, table, from); err != nil {
				return Batch{}, err
			}
		}
	}
	fence := make(chan struct{})
	err := s.r.call(func(k *Core) {
		shared := slices.DeleteFunc(k.Shared(), func(c Change) bool { return !s.tables[c.Table] })
		slices.SortFunc(shared, compareChanges)
		rows = layOver(rows, shared)
		if k.writing == nil {
			close(fence)
		} else {
			s.r.fences = append(s.r.fences, fence)
		}
	})
	if err != nil {
		return Batch{}, err
	}
	select {
	case <-fence:
	case <-ctx.Done():
		return Batch{}, ctx.Err()
	}
	s.r.trim()
	b, _ := s.take(true, rows)
	return b, nil
}

// readSome appends up to readChunk rows of a table from a key on.
func (s *Subscription) readSome(rows []Change, table, from string) (_ []Change, next string, more bool, err error) {
	n := 0
	err = s.r.View(func(rd *Reader) error {
		rd.rows.scan(table, "", from, func(row *Row) bool {
			if n++; n > readChunk {
				next, more = row.Key, true
				return false
			}
			if v := rd.visible(row); v != nil {
				rows = append(rows, Change{Table: table, Key: row.Key, Value: v, Version: row.Version})
			}
			return true
		})
		return nil
	})
	return rows, next, more, err
}

// Ack says that b is visible to whoever asks the consumer: only that counts as
// covered by the node.
func (s *Subscription) Ack(b Batch) {
	s.mu.Lock()
	s.acked = max(s.acked, b.seq)
	if s.backlog.len() == 0 && s.acked == s.taken {
		s.taken, s.acked = s.seq, s.seq
	}
	s.mu.Unlock()
	select {
	case s.r.kick <- struct{}{}:
	default:
	}
}

// Close ends the subscription. What it had not acknowledged no longer counts.
func (s *Subscription) Close() {
	s.once.Do(func() {
		close(s.gone)
		s.r.mu.Lock()
		delete(s.r.subs, s)
		s.r.mu.Unlock()
		select {
		case s.r.kick <- struct{}{}:
		default:
		}
	})
}

// stepViewed tells the core what all subscribers have made visible. It runs in
// the loop.
func (r *Replica) stepViewed() {
	r.mu.Lock()
	seq := r.seq
	for s := range r.subs {
		s.mu.Lock()
		seq = min(seq, s.acked)
		s.mu.Unlock()
	}
	moved := seq > r.acked
	if moved {
		r.acked = seq
	}
	r.mu.Unlock()
	if moved {
		r.step(Viewed{Seq: seq})
	}
}
