package claims

import (
	"context"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// open returns a replica of a single node, in memory.
func open(t *testing.T) *state.Replica {
	t.Helper()
	store := state.NewMemoryStore()
	if err := state.WriteNodeID(store, [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "n", Kind: "edge"}, Store: store, Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	return r
}

func commit(t *testing.T, r *state.Replica, values ...model.Value) {
	t.Helper()
	version, err := r.Commit(context.Background(), func(tx *state.Tx) error {
		for _, v := range values {
			if err := tx.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AwaitInSync(context.Background(), version); err != nil { // a commit does not wait for slow views
		t.Fatal(err)
	}
}

// TestFollower: what was committed is in the view when the commit is in sync,
// and hooks have seen it.
func TestFollower(t *testing.T) {
	r := open(t)
	d := dist(one, "d1.cloudfront.net", "")
	commit(t, r, d)
	f := Follow(r)
	defer f.Close()
	var seen []*View // written by the follower's goroutine, read after a commit
	remove := f.Hook(func(v *View) { seen = append(seen, v) })
	commit(t, r, alias(d, "www.example.com", hlc.Stamp(1)))
	if o, ok := f.View().Owner("www.example.com"); !ok || o.Account != one {
		t.Errorf("Owner(www.example.com) = %+v, %v", o, ok)
	}
	remove()
	if n := len(seen); n < 2 || seen[n-1] != f.View() {
		t.Errorf("the hook saw %d views, the last of which is not the one that stands", n)
	}
	n := len(seen)
	f.Serve([]string{"d1.cloudfront.net"})
	if len(seen) != n {
		t.Error("a hook that was removed is called")
	}
}
