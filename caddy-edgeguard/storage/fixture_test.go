package storage

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
	"github.com/edgestage/edgestage/state/seal"
)

// quiet is a node's logger that says nothing.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// testHost is a node that a test starts when it likes.
type testHost struct {
	mu      sync.Mutex // of node before the start
	node    *node.Node
	started chan struct{}
	keys    seal.Holder
	log     *zap.Logger
	logged  *observer.ObservedLogs
}

func (h *testHost) Started() <-chan struct{} { return h.started }

func (h *testHost) Replica() *state.Replica {
	select {
	case <-h.started:
		return h.node.Replica
	default:
		return nil
	}
}

func (h *testHost) Read(f func(rd *state.Reader) error) error {
	if r := h.Replica(); r != nil {
		return r.View(f)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.node.Peek(); err != nil {
		return err
	}
	return h.node.Read(f)
}

func (h *testHost) Keys() *seal.Holder  { return &h.keys }
func (h *testHost) Logger() *zap.Logger { return h.log }

// newHost returns a host that is not started, with a sealing key.
func newHost(t testing.TB, c node.Config) *testHost {
	t.Helper()
	core, logged := observer.New(zap.InfoLevel)
	h := &testHost{node: node.New(c, quiet{}), started: make(chan struct{}), log: zap.New(core), logged: logged}
	h.keys.Set(ring(t, 1))
	return h
}

// ring returns a keyring of keys made of one byte each.
func ring(t testing.TB, fills ...byte) *seal.Keyring {
	t.Helper()
	var keys [][]byte
	for _, fill := range fills {
		keys = append(keys, bytes.Repeat([]byte{fill}, 32))
	}
	r, err := seal.NewKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mustVault returns a vault on h, closed before the node is.
func mustVault(t testing.TB, h *testHost) *vault {
	t.Helper()
	v := newVault(h)
	t.Cleanup(func() {
		_ = v.Close()
		_ = h.node.Close()
	})
	return v
}

// mustStart starts the node and waits until v has written what it held back.
func mustStart(t testing.TB, h *testHost, v *vault) {
	t.Helper()
	h.mu.Lock()
	err := h.node.Start()
	h.mu.Unlock()
	if err != nil {
		t.Fatalf("Start() = %v", err)
	}
	close(h.started)
	select {
	case <-v.wrote:
	case <-time.After(2 * time.Minute):
		t.Fatal("what was held back is not written after 20 s")
	}
}

// alone returns the vault of a node in memory that stands alone, started.
func alone(t testing.TB) (*vault, *testHost) {
	t.Helper()
	h := newHost(t, node.Config{Name: "one", Kind: node.KindEdge})
	v := mustVault(t, h)
	mustStart(t, h, v)
	return v, h
}

// cluster returns the vaults of n nodes that know each other.
func cluster(t testing.TB, n int) []*vault {
	t.Helper()
	vaults, _ := clusterThatIsCut(t, n)
	return vaults
}

// clusterThatIsCut is [cluster] in a network where no node hears another while
// cut is true.
func clusterThatIsCut(t testing.TB, n int) (_ []*vault, cut *atomic.Bool) {
	t.Helper()
	cut = new(atomic.Bool)
	var vaults []*vault
	var addrs []string
	for i := range n {
		h := newHost(t, node.Config{Name: fmt.Sprint("n", i), Kind: node.KindEdge, Gossip: &node.Gossip{Bind: "127.0.0.1:0", Join: addrs}})
		h.node.Cut(func(string) bool { return cut.Load() })
		v := mustVault(t, h)
		mustStart(t, h, v)
		addrs = append(addrs, h.node.Addr())
		vaults = append(vaults, v)
	}
	wantMembers(t, vaults, n)
	return vaults, cut
}

// wantMembers waits until each node knows n members, itself among them.
func wantMembers(t testing.TB, vaults []*vault, n int) {
	t.Helper()
	poll(t, "members", func() string {
		for i, v := range vaults {
			if got := len(v.host.Replica().Members()); got != n {
				return fmt.Sprintf("node %d has %d members, want %d", i, got, n)
			}
		}
		return ""
	})
}

// poll waits until f has nothing to say.
func poll(t testing.TB, what string, f func() string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		said := f()
		if said == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s after 2 min: %s", what, said)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// mustStore stores a value.
func mustStore(t testing.TB, v *vault, key, value string) {
	t.Helper()
	if err := v.Store(context.Background(), key, []byte(value)); err != nil {
		t.Fatalf("Store(%q) = %v", key, err)
	}
}

// wantLoad checks a value.
func wantLoad(t testing.TB, v *vault, key, want string) {
	t.Helper()
	got, err := v.Load(context.Background(), key)
	if err != nil || string(got) != want {
		t.Errorf("Load(%q) = %.40q of %d bytes, %v, want %.40q of %d bytes", key, got, len(got), err, want, len(want))
	}
}

// rowsOf returns the keys of the rows of a table.
func rowsOf(t testing.TB, v *vault, table string) []string {
	t.Helper()
	var keys []string
	if err := v.host.Read(func(rd *state.Reader) error {
		rd.Range(table, "", "", func(row model.Value, _ state.Version) bool {
			keys = append(keys, row.Key())
			return true
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}
