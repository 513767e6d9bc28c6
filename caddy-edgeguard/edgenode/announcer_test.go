package edgenode

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// fakeNode is a node in memory that remembers what was published.
type fakeNode struct {
	ready chan struct{}

	mu                      sync.Mutex
	published               [][]string // names, one slice a call
	fail, behind            error
	starts, closes, reloads int
	startErr                error
}

func newFakeNode() *fakeNode { return &fakeNode{ready: make(chan struct{})} }

func (n *fakeNode) Ready() <-chan struct{} { return n.ready }

func (n *fakeNode) Behind() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.behind
}

func (n *fakeNode) Publish(table string, values []model.Value) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return n.fail
	}
	names := []string{}
	for _, v := range values {
		names = append(names, string(v.(*model.Endpoint).Name))
	}
	n.published = append(n.published, names)
	return nil
}

func (n *fakeNode) set(behind, fail error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.behind, n.fail = behind, fail
}

func (n *fakeNode) Start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.starts++
	return n.startErr
}

func (*fakeNode) Peek() error { return nil }

func (*fakeNode) Read(f func(rd *state.Reader) error) error {
	return state.ReadStore(state.NewMemoryStore(), time.Now(), f)
}

func (n *fakeNode) ReloadKeys() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reloads++
	return nil
}

func (n *fakeNode) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closes++
	return nil
}

// wantPublished checks what was published so far, call by call.
func (n *fakeNode) wantPublished(t *testing.T, want ...[]string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.published) != len(want) || len(want) > 0 && !reflect.DeepEqual(n.published, want) {
		t.Errorf("published %q, want %q", n.published, want)
	}
}

// endpointsOf returns endpoints with names.
func endpointsOf(names ...model.Name) []model.Value {
	var values []model.Value
	for _, name := range names {
		values = append(values, &model.Endpoint{Name: name})
	}
	return values
}

// announce runs f with an announcer whose node is n, in a bubble of time.
func announce(t *testing.T, f func(t *testing.T, a *announcer, n *fakeNode)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode()
		a := newAnnouncer(n, new(nodeLog))
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait() // run has ended
		defer cancel()
		go a.run(ctx)
		f(t, a, n)
	})
}

func TestAnnouncer(t *testing.T) {
	one, two := new(App), new(App)
	t.Run("waits until the node serves", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			a.announce(one, endpointsOf("a."))
			synctest.Wait()
			n.wantPublished(t)
			close(n.ready)
			synctest.Wait()
			n.wantPublished(t, []string{"a."})
		})
	})
	t.Run("waits while the node is behind", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			close(n.ready)
			n.set(errors.New("no disk"), nil)
			a.announce(one, endpointsOf("a."))
			time.Sleep(10 * announceRetry)
			n.wantPublished(t)
			n.set(nil, nil)
			time.Sleep(2 * announceRetry)
			n.wantPublished(t, []string{"a."})
		})
	})
	t.Run("withdraws even while behind", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			close(n.ready)
			a.announce(one, endpointsOf("a."))
			synctest.Wait()
			n.set(errors.New("no disk"), nil)
			a.withdraw(one)
			synctest.Wait()
			n.wantPublished(t, []string{"a."}, []string{})
		})
	})
	t.Run("tries again", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			close(n.ready)
			n.set(nil, errors.New("closed"))
			a.announce(one, endpointsOf("a."))
			time.Sleep(3 * announceRetry)
			n.set(nil, nil)
			time.Sleep(2 * announceRetry)
			n.wantPublished(t, []string{"a."})
		})
	})
	t.Run("reload takes over", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			close(n.ready)
			a.announce(one, endpointsOf("a.", "b."))
			synctest.Wait()
			a.announce(two, endpointsOf("b."))
			a.withdraw(one)
			a.withdraw(one)
			synctest.Wait()
			n.wantPublished(t, []string{"a.", "b."}, []string{"b."})
			a.withdraw(two)
			synctest.Wait()
			n.wantPublished(t, []string{"a.", "b."}, []string{"b."}, []string{})
		})
	})
	t.Run("failed reload gives back", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			close(n.ready)
			a.announce(one, endpointsOf("a."))
			a.announce(two, endpointsOf("b."))
			synctest.Wait()
			a.withdraw(two)
			synctest.Wait()
			n.wantPublished(t, []string{"b."}, []string{"a."})
		})
	})
	t.Run("strangers withdraw nothing", func(t *testing.T) {
		announce(t, func(t *testing.T, a *announcer, n *fakeNode) {
			close(n.ready)
			a.withdraw(two)
			synctest.Wait()
			n.wantPublished(t)
		})
	})
}
