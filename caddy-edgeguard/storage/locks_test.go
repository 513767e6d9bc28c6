package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

func pathField(p string) zap.Field { return zap.String("path", p) }

// Among nodes, too, one has the lock; who gets it sees what its last owner has
// stored.
func TestOneHasTheLockAmongNodes(t *testing.T) {
	vaults := cluster(t, 3)
	var wg sync.WaitGroup
	var inside atomic.Int32
	const each = 6
	for i, v := range vaults {
		for range 2 {
			wg.Go(func() {
				for range each / 2 {
					if err := v.Lock(t.Context(), "count"); err != nil {
						t.Errorf("Lock() on node %d = %v", i, err)
						return
					}
					if n := inside.Add(1); n != 1 {
						t.Errorf("%d have the lock at once", n)
					}
					var n int
					if got, err := v.Load(t.Context(), "count"); err == nil {
						fmt.Sscan(string(got), &n)
					}
					mustStore(t, v, "count", fmt.Sprint(n+1))
					inside.Add(-1)
					if err := v.Unlock(t.Context(), "count"); err != nil {
						t.Errorf("Unlock() on node %d = %v", i, err)
					}
				}
			})
		}
	}
	wg.Wait()
	want := fmt.Sprint(each * len(vaults))
	for i, v := range vaults {
		poll(t, "the count", func() string {
			got, err := v.Load(context.Background(), "count")
			if err != nil || string(got) != want {
				return fmt.Sprintf("node %d has %q, %v, want %s", i, got, err, want)
			}
			return ""
		})
		poll(t, "no lock", func() string {
			if left := rowsOf(t, v, model.TableStorageLocks); len(left) > 0 {
				return fmt.Sprintf("%q are left", left)
			}
			return ""
		})
	}
}

func TestTryLockAmongNodes(t *testing.T) {
	vaults := cluster(t, 2)
	if err := vaults[0].Lock(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	if ok, err := vaults[1].TryLock(t.Context(), "n"); err != nil || ok {
		t.Errorf("TryLock() = %t, %v, want false: the other node has it", ok, err)
	}
	if err := vaults[0].Unlock(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	poll(t, "TryLock()", func() string {
		ok, err := vaults[1].TryLock(t.Context(), "n")
		if !ok || err != nil {
			return fmt.Sprint(ok, err)
		}
		return ""
	})
}

// Who stops waiting leaves no row behind.
func TestWaitingEndsAmongNodes(t *testing.T) {
	vaults := cluster(t, 2)
	if err := vaults[0].Lock(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := vaults[1].Lock(ctx, "n"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock() = %v, want %v", err, context.DeadlineExceeded)
	}
	if got := rowsOf(t, vaults[1], model.TableStorageLocks); len(got) != 1 {
		t.Errorf("rows are %q, want that of the owner alone", got)
	}
}

// A node that leaves takes its locks with it.
func TestLocksOfWhoLeaves(t *testing.T) {
	vaults := cluster(t, 2)
	if err := vaults[0].Lock(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(vaults[0].Close(), vaults[0].host.(*testHost).node.Close()); err != nil {
		t.Fatal(err)
	}
	fast(vaults[1])
	if err := vaults[1].Lock(t.Context(), "n"); err != nil {
		t.Errorf("Lock() = %v", err)
	}
}

// fast has a second pass for v's locks with every look.
func fast(v *vault) {
	begun, looks := time.Now(), 0
	v.locks.now = func() time.Time { looks++; return begun.Add(time.Duration(looks) * time.Second) }
}

// deadRow commits the row of a run that is no member.
func deadRow(t *testing.T, v *vault, name string) *model.StorageLock {
	t.Helper()
	row := &model.StorageLock{Name: name, Run: "00000000deadbeef", Node: "dead", Ticket: 1}
	if _, err := v.host.Replica().Commit(t.Context(), func(tx *state.Tx) error { return tx.Put(row) }); err != nil {
		t.Fatal(err)
	}
	return row
}

// The lock of a run that is no member is free after a while, and not at once:
// it may have joined just now.
func TestLocksOfTheDead(t *testing.T) {
	v, _ := alone(t)
	row := deadRow(t, v, "n")
	now := time.Now()
	v.locks.now = func() time.Time { return now }
	for _, passed := range []time.Duration{0, absentFor - time.Millisecond} {
		now = now.Add(passed)
		if ok, err := v.TryLock(t.Context(), "n"); err != nil || ok {
			t.Errorf("TryLock() after %s = %t, %v, want false", passed, ok, err)
		}
	}
	now = now.Add(time.Millisecond)
	if ok, err := v.TryLock(t.Context(), "n"); err != nil || !ok {
		t.Errorf("TryLock() after %s = %t, %v, want true", absentFor, ok, err)
	}
	v.locks.sweep(t.Context())
	if got := rowsOf(t, v, model.TableStorageLocks); len(got) != 1 || got[0] == row.Key() {
		t.Errorf("after sweep() there are %q, want ours alone", got)
	}
	if err := v.Unlock(t.Context(), "n"); err != nil {
		t.Errorf("Unlock() = %v", err)
	}
}

// A row that could not be taken back is with the next sweep, unless the lock is
// in use again.
func TestRowsThatWereLeft(t *testing.T) {
	v, h := alone(t)
	lock := func(name string) {
		t.Helper()
		if err := v.Lock(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b"} {
		lock(name)
		own := v.locks.names[name]
		v.locks.left[name] = own.row // as if the disk had failed
		own.row = nil
		if err := v.Unlock(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	lock("b")
	v.locks.sweep(t.Context())
	run := selfOf(h.Replica().Members()).Run.String()
	if got := rowsOf(t, v, model.TableStorageLocks); len(got) != 1 || got[0] != model.StorageLockKey("b", run) {
		t.Errorf("after the sweep there are %q, want that of b, which is in use", got)
	}
	if err := v.Unlock(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, v, model.TableStorageLocks); len(got) != 0 || len(v.locks.left) != 0 {
		t.Errorf("in the end there are %q, and %d left, want none", got, len(v.locks.left))
	}
}

// A member that lives and does not answer holds no lock up for ever.
func TestLockBesideWhoDoesNotAnswer(t *testing.T) {
	vaults := cluster(t, 2)
	sub := vaults[1].host.Replica().Subscribe(model.TableStorageLocks) // that takes nothing
	defer sub.Close()
	first, err := sub.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sub.Ack(first)
	vaults[0].locks.shownIn = 300 * time.Millisecond
	if err := vaults[0].Lock(t.Context(), "n"); err != nil {
		t.Fatalf("Lock() = %v", err)
	}
	if got := vaults[0].host.(*testHost).logged.FilterField(zap.String("lock", "n")).Len(); got != 1 {
		t.Errorf("%d warnings, want 1", got)
	}
}

func BenchmarkLockAmongNodes(b *testing.B) {
	v := cluster(b, 3)[0]
	for b.Loop() {
		if err := v.Lock(b.Context(), "n"); err != nil {
			b.Fatal(err)
		}
		if err := v.Unlock(b.Context(), "n"); err != nil {
			b.Fatal(err)
		}
	}
}

// Caddy starts apps in random order: a lock that is asked for just before the
// node is started is one among nodes.
func TestLockJustBeforeTheStart(t *testing.T) {
	h := newHost(t, node.Config{Name: "one", Kind: node.KindEdge})
	v := mustVault(t, h)
	locked := make(chan error, 1)
	go func() { locked <- v.Lock(t.Context(), "n") }()
	poll(t, "somebody asks for the lock", func() string {
		v.locks.mu.Lock()
		defer v.locks.mu.Unlock()
		if v.locks.names["n"] == nil {
			return "nobody does"
		}
		return ""
	})
	mustStart(t, h, v)
	if err := <-locked; err != nil {
		t.Fatalf("Lock() = %v", err)
	}
	if got := rowsOf(t, v, model.TableStorageLocks); len(got) != 1 {
		t.Errorf("the rows are %q, want one: other nodes must see who has the lock", got)
	}
}

func BenchmarkLock(b *testing.B) {
	v, _ := alone(b)
	for b.Loop() {
		if err := v.Lock(b.Context(), "n"); err != nil {
			b.Fatal(err)
		}
		if err := v.Unlock(b.Context(), "n"); err != nil {
			b.Fatal(err)
		}
	}
}
