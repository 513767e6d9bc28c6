package storage

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
)

// In a partition each side goes on with the nodes it has, and has its own
// locks, also where one was asked for or held as the network was cut. Once
// healed what was stored last counts, on both, and locks exclude again.
func TestPartition(t *testing.T) {
	vaults, cut := clusterThatIsCut(t, 2)
	a, b := vaults[0], vaults[1]
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := a.Lock(ctx, "held"); err != nil {
		t.Fatal(err)
	}
	cut.Store(true)
	took := make(chan error)
	for i, v := range vaults {
		go func() {
			if err := v.Lock(ctx, "both"); err != nil {
				took <- fmt.Errorf("node %d: Lock() = %w", i, err)
				return
			}
			took <- nil
		}()
	}
	for range vaults {
		if err := <-took; err != nil {
			t.Fatal(err)
		}
	}
	wantMembers(t, vaults, 1) // a lock is given only once the others are found dead
	if ok, err := b.TryLock(ctx, "held"); ok || err != nil {
		t.Errorf("TryLock() as the owner is found dead = %t, %v, want false for %v", ok, err, absentFor)
	}
	fast(b)
	if err := b.Lock(ctx, "held"); err != nil {
		t.Errorf("Lock() of what a node of the other side holds = %v", err)
	}
	mustStore(t, a, "one/both", "of the first side")
	laterStamps()
	mustStore(t, b, "one/both", "of the second side")
	mustStore(t, b, "two/b", "b")
	mustStore(t, a, "two/a", "a")
	wantLoad(t, a, "one/both", "of the first side")

	cut.Store(false)
	wantMembers(t, vaults, 2)
	for i, v := range vaults {
		poll(t, "stored last", func() string {
			for key, want := range map[string]string{"one/both": "of the second side", "two/a": "a", "two/b": "b"} {
				if got, err := v.Load(ctx, key); err != nil || string(got) != want {
					return fmt.Sprintf("node %d: Load(%q) = %q, %v, want %q", i, key, got, err, want)
				}
			}
			return ""
		})
	}
	for _, name := range []string{"held", "both"} {
		wantTryLock(t, b, name, false, "held on both sides")
		unlock(t, b, name)
		wantTryLock(t, b, name, false, "held on the other side")
		unlock(t, a, name)
		wantTryLock(t, b, name, true, "held by nobody")
	}
}

// laterStamps returns when what is stored anywhere from now on counts as later
// than what was stored before: sides of a cut have nothing but the clock in common,
// to the millisecond.
func laterStamps() {
	for at := time.Now().UnixMilli(); time.Now().UnixMilli() <= at; {
		runtime.Gosched()
	}
}

// wantTryLock checks whether v gets a lock.
func wantTryLock(t *testing.T, v *vault, name string, want bool, why string) {
	t.Helper()
	poll(t, why, func() string {
		if got, err := v.TryLock(t.Context(), name); err != nil || got != want {
			return fmt.Sprintf("TryLock(%q) = %t, %v, want %t", name, got, err, want)
		}
		return ""
	})
}

func unlock(t *testing.T, v *vault, name string) {
	t.Helper()
	if err := v.Unlock(t.Context(), name); err != nil {
		t.Fatalf("Unlock(%q) = %v", name, err)
	}
}
