package state

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// Network carries messages between members.
type Network interface {
	// Start begins to deliver messages and membership to deliver, which does
	// not block and tells whether the event was taken: one that was not may be
	// dropped if it is a datagram, and must be tried again otherwise.
	Start(deliver func(Event) bool) error
	// Send sends a message, or drops it; it never blocks.
	Send(s Send)
	// Close leaves the cluster and ends all that Start began.
	Close() error
}

// Options are what a replica is opened with.
type Options struct {
	Core Config
	// Network is nil for a single node.
	Network Network
	// Reopen closes the store that failed and opens it anew; it is tried every
	// ReopenEvery (0: 10 s) for as long as writes fail. Nil: they fail for good.
	Reopen      func(old Store) (Store, error)
	ReopenEvery time.Duration
	// Log reports what happens; it must not block.
	Log func(l LogLine)
}

// Replica is this node's copy of the state, open. Its methods are safe for
// concurrent use.
type Replica struct {
	core    *Core
	store   atomic.Pointer[Store]
	network Network

	reopen      func(old Store) (Store, error)
	reopenEvery time.Duration
	reopenAt    time.Time // of the loop
	served      bool      // of the loop: ready is closed

	log func(LogLine)

	events  chan Event
	calls   chan func(k *Core)
	kick    chan struct{} // a subscriber has acknowledged
	writes  chan *Write
	written chan error

	ready  chan struct{}
	closed chan struct{}
	done   sync.WaitGroup
	once   sync.Once

	behind atomic.Pointer[error]
	nextID atomic.Uint64

	mu      sync.Mutex
	replies map[uint64]chan Reply
	subs    map[*Subscription]struct{}
	seq     uint64 // published last
	acked   uint64 // told to the core last

	fences   []chan struct{} // of the loop
	watchers []*pulseWatcher // of the loop
}

// Open returns a replica on o.Core.Store and starts it. The replica owns store
// and network from then on, also where Open fails.
func Open(o Options) (*Replica, error) {
	core, err := NewCore(o.Core)
	if err != nil {
		return nil, fmt.Errorf("reading the data file: %w", err)
	}
	r := &Replica{
		core: core, network: o.Network, log: o.Log,
		reopen: o.Reopen, reopenEvery: cmp.Or(o.ReopenEvery, defaultReopenEvery),
		events: make(chan Event, 8192), calls: make(chan func(*Core)), kick: make(chan struct{}, 1),
		writes: make(chan *Write, 1), written: make(chan error, 1),
		ready: make(chan struct{}), closed: make(chan struct{}),
		replies: map[uint64]chan Reply{}, subs: map[*Subscription]struct{}{},
	}
	r.store.Store(&o.Core.Store)
	if r.log == nil {
		r.log = func(LogLine) {}
	}
	r.noteBehind()
	if core.Behind() == nil {
		r.served = true
		close(r.ready)
	}
	r.done.Add(2)
	go r.write()
	go r.loop()
	if r.network != nil {
		if err := r.network.Start(r.deliver); err != nil {
			_ = r.Close()
			return nil, err
		}
	}
	return r, nil
}

// deliver hands an event to the loop unless that is full.
func (r *Replica) deliver(ev Event) bool {
	select {
	case r.events <- ev:
		return true
	case <-r.closed:
		return true
	default:
		return false
	}
}

// write is the goroutine that waits for the disk.
func (r *Replica) write() {
	defer r.done.Done()
	for w := range r.writes {
		r.written <- (*r.store.Load()).Write(w)
	}
}

// loop is the goroutine that owns the core.
func (r *Replica) loop() {
	defer r.done.Done()
	defer close(r.writes)
	tick := time.NewTicker(TickInterval)
	defer tick.Stop()
	for {
		select {
		case ev := <-r.events:
			r.step(ev)
		case err := <-r.written:
			r.step(Written{Err: err})
			if err != nil {
				r.reopenAt = time.Now().Add(r.reopenEvery)
			}
			r.passFences()
		case f := <-r.calls:
			f(r.core)
		case <-r.kick:
			r.stepViewed()
		case <-tick.C:
			r.step(Tick{})
			r.tryReopen(time.Now())
		case <-r.closed:
			if r.core.writing != nil {
				<-r.written
			}
			r.passFences()
			return
		}
	}
}

// step lets the core take an event, and does what it asks for.
func (r *Replica) step(ev Event) {
	out := r.core.Step(time.Now(), ev)
	if out.Write != nil {
		r.writes <- out.Write
	}
	for _, s := range out.Sends {
		if r.network != nil {
			r.network.Send(s)
		}
	}
	for _, p := range out.Publish {
		r.publish(p)
	}
	for _, reply := range out.Replies {
		r.answer(reply)
	}
	for _, l := range out.Logs {
		r.log(l)
	}
	for _, p := range out.Pulses {
		for _, w := range r.watchers {
			w.f(p)
		}
	}
	r.noteBehind()
	if out.Reset {
		r.resetSubscribers()
	}
	if out.Serving && !r.served {
		r.served = true
		close(r.ready)
	}
	if len(out.Publish) > 0 {
		r.stepViewed() // those that have no subscriber are visible at once
	}
}

func (r *Replica) noteBehind() {
	err := r.core.Behind()
	old := r.behind.Load()
	if err == nil {
		if old != nil {
			r.behind.Store(nil)
		}
		return
	}
	if old == nil || (*old).Error() != err.Error() {
		r.behind.Store(&err)
	}
}

func (r *Replica) passFences() {
	for _, f := range r.fences {
		close(f)
	}
	r.fences = nil
}

func (r *Replica) answer(reply Reply) {
	r.mu.Lock()
	ch := r.replies[reply.ID]
	delete(r.replies, reply.ID)
	r.mu.Unlock()
	if ch != nil {
		ch <- reply
	}
}

// ask puts a question to the core and waits for the reply.
func (r *Replica) ask(ctx context.Context, event func(id uint64) Event) (Reply, error) {
	id := r.nextID.Add(1)
	ch := make(chan Reply, 1)
	r.mu.Lock()
	r.replies[id] = ch
	r.mu.Unlock()
	forget := func() {
		r.mu.Lock()
		delete(r.replies, id)
		r.mu.Unlock()
	}
	select {
	case r.events <- event(id):
	case <-ctx.Done():
		forget()
		return Reply{}, ctx.Err()
	case <-r.closed:
		forget()
		return Reply{}, ErrClosed
	}
	select {
	case reply := <-ch:
		return reply, reply.Err
	case <-ctx.Done():
		forget()
		return Reply{}, ctx.Err()
	case <-r.closed:
		forget()
		return Reply{}, ErrClosed
	}
}

// call runs f in the loop and waits for it.
func (r *Replica) call(f func(k *Core)) error {
	done := make(chan struct{})
	select {
	case r.calls <- func(k *Core) { f(k); close(done) }:
		<-done
		return nil
	case <-r.closed:
		return ErrClosed
	}
}

// Commit runs f against the rows as they are and makes what it writes durable,
// visible and replicated, whole. It returns the commit's version, which names
// the change, once the local views show it (100 ms after it is durable at the
// latest); the zero version where f wrote nothing that is replicated.
//
// f runs at most once, in the node's only writer: it must be quick and must not
// keep t. Where f returns an error, nothing is written and Commit returns it
// unchanged. A node that has not caught up yet lets Commit wait; one that
// cannot write returns [ErrBehind]. After ctx's error a commit whose f has run
// may still take effect.
func (r *Replica) Commit(ctx context.Context, f func(t *Tx) error) (Version, error) {
	var cancelled atomic.Bool
	reply, err := r.ask(ctx, func(id uint64) Event {
		return LocalCommit{ID: id, F: func(t *Tx) error {
			if cancelled.Load() {
				return context.Canceled
			}
			return f(t)
		}}
	})
	if err != nil {
		cancelled.Store(true)
	}
	return reply.Version, err
}

// View runs f with a short read of the rows and returns its error. f must be
// quick: while it runs, the data file cannot grow.
func (r *Replica) View(f func(rd *Reader) error) error {
	now := time.Now().UnixMilli()
	return (*r.store.Load()).Read(func(sr StoreReader) error {
		return f(&Reader{rows: newOverlay(nil, sr), now: now})
	})
}

// ReadStore runs f with a short read of the rows in a store that no replica has
// open, as they were at now, and returns its error.
func ReadStore(s Store, now time.Time, f func(rd *Reader) error) error {
	return s.Read(func(sr StoreReader) error {
		return f(&Reader{rows: newOverlay(nil, sr), now: now.UnixMilli()})
	})
}

// Trimmer is a [Store] that can give back the memory that reading it took.
type Trimmer interface{ Trim() }

// trim gives back what reading all rows took.
func (r *Replica) trim() {
	if t, ok := (*r.store.Load()).(Trimmer); ok {
		t.Trim()
	}
}

// Publish replaces this node's share of a volatile table, which lives as long
// as this run: the others drop it once this node leaves or is dead. It returns
// an error where a value does not validate or belongs to another table.
func (r *Replica) Publish(table string, values []model.Value) error {
	if !model.Volatile(table) {
		return fmt.Errorf("table %q is not volatile", table)
	}
	for _, v := range values {
		if v.Table() != table {
			return fmt.Errorf("row %q of table %q in a share of %q", v.Key(), v.Table(), table)
		}
		if err := v.Validate(); err != nil {
			return err
		}
	}
	select {
	case r.events <- ShareTable{Table: table, Values: slices.Clone(values)}:
		return nil
	case <-r.closed:
		return ErrClosed
	}
}

// Shared returns the values in a volatile table, of all runs.
func (r *Replica) Shared(table string) []model.Value {
	var out []model.Value
	_ = r.call(func(k *Core) {
		for _, c := range k.Shared() {
			if c.Table == table && c.Value != nil {
				out = append(out, c.Value)
			}
		}
	})
	return out
}

// Members returns the members held alive or suspect, this node included, by run.
func (r *Replica) Members() []Member {
	var out []Member
	_ = r.call(func(k *Core) { out = k.Members() })
	return out
}

// Stats returns the counters as they are.
func (r *Replica) Stats() Stats {
	var out Stats
	_ = r.call(func(k *Core) { out = k.Stats() })
	return out
}

// Context returns how far this node has applied each origin, durably.
func (r *Replica) Context() map[Origin]uint64 {
	out := map[Origin]uint64{}
	_ = r.call(func(k *Core) {
		for o, s := range k.durable {
			out[o] = uint64(s)
		}
	})
	return out
}

// InSync tells whether the views of every member that serves cover the commit
// v: true once all have said so, false where one says no or keeps silent for
// 200 ms.
func (r *Replica) InSync(ctx context.Context, v Version) (bool, error) {
	reply, err := r.ask(ctx, func(id uint64) Event { return AskInSync{ID: id, Version: v} })
	return reply.InSync, err
}

// Ready returns a channel that is closed once the node serves for the first time.
func (r *Replica) Ready() <-chan struct{} { return r.ready }

// Behind returns why the node must not serve now, or nil. It neither blocks
// nor locks.
func (r *Replica) Behind() error {
	if p := r.behind.Load(); p != nil {
		return *p
	}
	return nil
}

// Close leaves the cluster, waits for the write in progress and closes the
// store. What was published stays readable by nobody but its holders.
func (r *Replica) Close() error {
	var err error
	r.once.Do(func() {
		if r.network != nil {
			err = r.network.Close()
		}
		close(r.closed)
		r.done.Wait()
		r.mu.Lock()
		subs := slices.Collect(maps.Keys(r.subs))
		r.mu.Unlock()
		for _, s := range subs {
			s.Close()
		}
		if cerr := (*r.store.Load()).Close(); err == nil {
			err = cerr
		}
	})
	return err
}
