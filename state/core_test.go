package state

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

var testNow = time.UnixMilli(1_800_000_000_000)

// testCore returns a core that serves alone on an empty store.
func testCore(t testing.TB) (*Core, *MemoryStore) {
	t.Helper()
	store := NewMemoryStore()
	k, err := NewCore(Config{Self: Member{Run: 1, Node: "self"}, Store: store, Seed: 1, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	return k, store
}

// TestFoldLaws folds the same rows in different orders, some of them twice:
// the outcome is the same, which makes merging idempotent, commutative and
// associative.
func TestFoldLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *Row {
			r := &Row{
				Table: "t", Key: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key"),
				Version: Version{Stamp: hlc.Stamp(rapid.IntRange(1, 4).Draw(t, "stamp")), Origin: Origin(rapid.IntRange(1, 3).Draw(t, "origin"))},
			}
			if rapid.Bool().Draw(t, "live") {
				r.Value = []byte(fmt.Sprint(r.Version))
			}
			return r
		}), 1, 12).Draw(t, "rows")
		// One version writes one value: keep the first of each.
		unique := map[string]*Row{}
		for _, r := range rows {
			id := fmt.Sprint(r.Key, r.Version)
			if unique[id] == nil {
				unique[id] = r
			}
		}
		fold := func(order []*Row) string {
			k := &Core{}
			_ = NewMemoryStore().Read(func(sr StoreReader) error {
				b := &batch{rows: newOverlay(nil, sr)}
				for _, r := range order {
					k.fold(b, unique[fmt.Sprint(r.Key, r.Version)])
				}
				out := ""
				b.rows.changed(func(r *overlayRow) bool {
					out += fmt.Sprintf("%s %v %q;", r.Key, r.Version, r.Value)
					return true
				})
				k.self.Node = out
				return nil
			})
			return k.self.Node
		}
		want := fold(rows)
		shuffled := rapid.Permutation(rows).Draw(t, "order")
		if got := fold(append(shuffled, rows...)); got != want {
			t.Fatalf("folding %v gives %s, in another order and twice %s", rows, want, got)
		}
	})
}

func open(t *testing.T) *Replica {
	t.Helper()
	r, err := Open(Options{Core: Config{Self: Member{Run: 1, Node: "self"}, Store: NewMemoryStore(), Now: time.Now()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func putImport(zone string) func(t *Tx) error {
	return func(t *Tx) error { return t.Put(&model.Import{Zone: zone}) }
}

func TestCommitReadsItsOwnWritesAndOthers(t *testing.T) {
	r := open(t)
	ctx := context.Background()
	if _, err := r.Commit(ctx, putImport("Z1")); err != nil {
		t.Fatal(err)
	}
	_, err := r.Commit(ctx, func(tx *Tx) error {
		tx.Delete(model.TableImports, "Z1")
		if err := tx.Put(&model.Import{Zone: "Z2"}); err != nil {
			return err
		}
		var keys []string
		tx.Range(model.TableImports, "", "", func(v model.Value, _ Version) bool {
			keys = append(keys, v.Key())
			return true
		})
		if got := fmt.Sprint(keys); got != "[Z2]" {
			t.Errorf("Range inside the commit = %s, want [Z2]", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFailedCommitWritesNothing(t *testing.T) {
	r := open(t)
	boom := fmt.Errorf("refused")
	_, err := r.Commit(context.Background(), func(tx *Tx) error {
		if err := tx.Put(&model.Import{Zone: "Z1"}); err != nil {
			return err
		}
		return boom
	})
	if err != boom {
		t.Errorf("Commit = %v, want the function's own error", err)
	}
	_ = r.View(func(rd *Reader) error {
		if _, ok := rd.Get(model.TableImports, "Z1"); ok {
			t.Error("a row of a failed commit is there")
		}
		return nil
	})
}

func TestPutRefusesInvalidValues(t *testing.T) {
	r := open(t)
	_, err := r.Commit(context.Background(), func(tx *Tx) error {
		return tx.Put(&model.HealthCheck{ID: "x", Account: "12", Config: model.HealthCheckConfig{Type: "PING"}})
	})
	if err == nil {
		t.Error("Commit of an invalid value succeeded")
	}
	_, err = r.Commit(context.Background(), func(tx *Tx) error {
		return tx.Put(&model.Endpoint{})
	})
	if err == nil {
		t.Error("Commit of a volatile row succeeded")
	}
}

// TestSubscriberSeesWholeCommits writes pairs of rows that always agree; a
// subscriber that comes late and is slow never sees a pair that does not.
func TestSubscriberSeesWholeCommits(t *testing.T) {
	r := open(t)
	const rounds = 300
	done := make(chan error, 1)
	go func() {
		for i := range rounds {
			_, err := r.Commit(context.Background(), func(tx *Tx) error {
				stamp := time.Unix(int64(i), 0)
				if err := tx.Put(&model.Import{Zone: "Zleft", At: stamp}); err != nil {
					return err
				}
				return tx.Put(&model.Import{Zone: "Zright", At: stamp})
			})
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	sub := r.Subscribe(model.TableImports)
	defer sub.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	at := map[string]int64{}
	for at["Zleft"] < rounds-1 {
		b, err := sub.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Changes {
			at[c.Key] = c.Value.(*model.Import).At.Unix()
		}
		if at["Zleft"] != at["Zright"] {
			t.Fatalf("left is at %d, right at %d: half a commit", at["Zleft"], at["Zright"])
		}
		sub.Ack(b)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestFailedWrite gives the store a disk that fails, and then works again: the
// node refuses writes for as long as it fails, and goes on from what the disk
// holds.
func TestFailedWrite(t *testing.T) {
	disk := &failingStore{MemoryStore: NewMemoryStore()}
	r, err := Open(Options{
		Core:        Config{Self: Member{Run: 1}, Store: disk, Now: time.Now()},
		Reopen:      func(old Store) (Store, error) { return old, nil },
		ReopenEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	sub := r.Subscribe(model.TableImports)
	defer sub.Close()
	next := func() Batch {
		t.Helper()
		b, err := sub.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sub.Ack(b)
		return b
	}
	next()
	before, err := r.Commit(ctx, putImport("Z1"))
	if err != nil {
		t.Fatal(err)
	}
	next()
	disk.fail.Store(true)
	for i := range 2 {
		if _, err := r.Commit(ctx, putImport("Zlost")); !errors.Is(err, ErrBehind) {
			t.Errorf("commit %d on a failed disk = %v, want %v", i, err, ErrBehind)
		}
	}
	if r.Behind() == nil {
		t.Error("a node that cannot write does not say that it is behind")
	}
	disk.fail.Store(false)
	if b := next(); !b.Reset || len(b.Changes) != 1 || b.Changes[0].Key != "Z1" {
		t.Errorf("after the disk works again subscribers get %+v, want to begin anew with Z1", b)
	}
	after, err := r.Commit(ctx, putImport("Z2"))
	for errors.Is(err, ErrBehind) && ctx.Err() == nil {
		after, err = r.Commit(ctx, putImport("Z2"))
	}
	if err != nil || after.Compare(before) <= 0 {
		t.Errorf("Commit on a disk that works again = %v, %v, want later than %v", after, err, before)
	}
	if b := next(); len(b.Changes) != 1 || b.Changes[0].Key != "Z2" {
		t.Errorf("subscribers get %+v, want Z2", b)
	}
}
