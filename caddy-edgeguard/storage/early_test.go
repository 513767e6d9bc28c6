package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// Design 4.2, "Order": what was stored before the start is there at once, and
// for all once the node is started.
func TestHeldBack(t *testing.T) {
	dir := t.TempDir()
	first := newHost(t, node.Config{Name: "one", Data: dir})
	v := newVault(first)
	mustStart(t, first, v)
	mustStore(t, v, "a/kept", "old")
	mustStore(t, v, "a/changed", "old")
	mustStore(t, v, "a/gone", "old")
	mustStore(t, v, "d/1", "old")
	mustStore(t, v, "d/2", "old")
	_ = v.Close()
	if err := first.node.Close(); err != nil {
		t.Fatal(err)
	}

	h := newHost(t, node.Config{Name: "one", Data: dir})
	v = mustVault(t, h)
	mustStore(t, v, "a/changed", "new")
	mustStore(t, v, "a/made", "new")
	mustStore(t, v, "b/short-lived", "new")
	for _, key := range []string{"a/gone", "b", "d"} {
		if err := v.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q) = %v", key, err)
		}
	}
	check := func(when string) {
		t.Helper()
		wantLoad(t, v, "a/kept", "old")
		wantLoad(t, v, "a/changed", "new")
		wantLoad(t, v, "a/made", "new")
		for _, key := range []string{"a/gone", "b/short-lived", "d/1"} {
			if _, err := v.Load(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s, Load(%q) = %v, want %v", when, key, err, fs.ErrNotExist)
			}
		}
		want := []string{"a", "a/changed", "a/kept", "a/made"}
		if got, err := v.List(t.Context(), "", true); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s, List() = %q, %v, want %q", when, got, err, want)
		}
	}
	check("before the start")
	mustStart(t, h, v)
	check("after the start")
	if got := rowsOf(t, v, model.TableStoredFiles); len(got) != 3 {
		t.Errorf("rows are %q, want 3", got)
	}
}

// What the cluster has is not overwritten by what a new node made before it
// had joined.
func TestHeldBackYields(t *testing.T) {
	old := newHost(t, node.Config{Name: "old", Kind: node.KindEdge, Gossip: &node.Gossip{Bind: "127.0.0.1:0"}})
	theirs := mustVault(t, old)
	mustStart(t, old, theirs)
	mustStore(t, theirs, "pki/root.key", "theirs")

	h := newHost(t, node.Config{Name: "new", Kind: node.KindEdge, Gossip: &node.Gossip{Bind: "127.0.0.1:0", Join: []string{old.node.Addr()}}})
	v := mustVault(t, h)
	mustStore(t, v, "pki/root.key", "ours")
	mustStore(t, v, "pki/other.key", "ours")
	wantLoad(t, v, "pki/root.key", "ours")
	mustStart(t, h, v)
	wantLoad(t, v, "pki/root.key", "theirs")
	wantLoad(t, v, "pki/other.key", "ours")
	poll(t, "the other node", func() string {
		if got, err := theirs.Load(context.Background(), "pki/other.key"); err != nil {
			return err.Error()
		} else if string(got) != "ours" {
			return string(got)
		}
		return ""
	})
	if got := h.logged.FilterField(pathField("pki/root.key")).Len(); got != 1 {
		t.Errorf("%d warnings about the value that was dropped, want 1: %v", got, h.logged.All())
	}
}

// A node that is never started, as by `caddy validate`, leaves nothing.
func TestNeverStarted(t *testing.T) {
	dir := t.TempDir() + "/data"
	h := newHost(t, node.Config{Name: "one", Data: dir})
	v := newVault(h)
	v.locks.startsIn = time.Millisecond
	mustStore(t, v, "a", "x")
	wantLoad(t, v, "a", "x")
	if err := v.Lock(t.Context(), "n"); err != nil {
		t.Errorf("Lock() before the start = %v", err)
	}
	if err := v.Unlock(t.Context(), "n"); err != nil {
		t.Errorf("Unlock() before the start = %v", err)
	}
	if err := errors.Join(v.Close(), h.node.Close()); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat(%q) = %v, want that it is not there", dir, err)
	}
}

// A node that is stopped right after its start loses nothing.
func TestStoppedRightAfterTheStart(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		h := newHost(t, node.Config{Name: "one", Data: dir})
		v := newVault(h)
		if i > 0 {
			wantLoad(t, v, "a", "x")
		}
		if err := v.Delete(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		mustStore(t, v, "a", "x")
		if err := h.node.Start(); err != nil {
			t.Fatal(err)
		}
		close(h.started)
		if err := errors.Join(v.Close(), h.node.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// After the end calls fail, but for Unlock, which has nothing left to do.
func TestAfterTheEnd(t *testing.T) {
	v, h := alone(t)
	mustStore(t, v, "a", "x")
	if err := v.Lock(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.Close(), h.node.Close()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := v.Store(ctx, "a", nil); err == nil || ctx.Err() != nil {
		t.Errorf("Store() = %v, want an error at once", err)
	}
	if err := v.Lock(ctx, "m"); err == nil || ctx.Err() != nil {
		t.Errorf("Lock() = %v, want an error at once", err)
	}
	if err := v.Unlock(ctx, "n"); err != nil {
		t.Errorf("Unlock() = %v", err)
	}
	if err := v.Unlock(ctx, "n"); !errors.Is(err, errNotHeld) {
		t.Errorf("second Unlock() = %v, want %v", err, errNotHeld)
	}
}
