package claims

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/edgestage/edgestage/state"
)

// Subscriber is a replica as far as a [Follower] needs it.
type Subscriber interface {
	Subscribe(tables ...string) *state.Subscription
}

// Follower keeps the view of a replica up to date. Its methods are safe for
// concurrent use. The zero Follower follows nothing, and knows nobody.
type Follower struct {
	view   atomic.Pointer[View]
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex // held while a view is made
	compiler *Compiler
	hooks    map[*func(*View)]struct{}
}

// Follow returns a follower of r's rows, which have not been read yet. It is to
// be closed before the replica is.
func Follow(r Subscriber) *Follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &Follower{cancel: cancel, done: make(chan struct{})}
	sub := r.Subscribe(Tables()...)
	go func() {
		defer close(f.done)
		defer sub.Close()
		f.run(ctx, sub)
	}()
	return f
}

func (f *Follower) run(ctx context.Context, sub *state.Subscription) {
	for {
		b, err := sub.Next(ctx)
		if err != nil {
			return
		}
		f.publish(func() *View { return f.compiler.Apply(b) })
		sub.Ack(b)
	}
}

// publish makes what compile returns the view, and tells the hooks.
func (f *Follower) publish(compile func() *View) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.compiler == nil {
		f.compiler = NewCompiler()
	}
	v := compile()
	f.view.Store(v)
	for hook := range f.hooks {
		(*hook)(v)
	}
}

// View returns who owns what now; never nil. It neither blocks nor locks.
func (f *Follower) View() *View {
	if v := f.view.Load(); v != nil {
		return v
	}
	return new(View)
}

// Serve says which distributions and load balancers this node serves, by their
// own names: see [View.Owner].
func (f *Follower) Serve(names []string) {
	f.publish(func() *View { return f.compiler.Serve(names) })
}

// Hook calls do with each view, first with the one that stands, until remove is
// called. A commit counts as seen by this node only after do has returned, so
// what do compiles is covered by INSYNC. It is never called twice at once, and
// must call no method of the follower but View.
func (f *Follower) Hook(do func(*View)) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hooks == nil {
		f.hooks = make(map[*func(*View)]struct{})
	}
	f.hooks[&do] = struct{}{}
	do(f.View())
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.hooks, &do)
	}
}

// Close ends the following. The last view stays.
func (f *Follower) Close() {
	if f.cancel == nil {
		return
	}
	f.cancel()
	<-f.done
}
