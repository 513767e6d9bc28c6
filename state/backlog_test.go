package state

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestBacklog compares what is taken with a map of all that was added.
func TestBacklog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b backlog
		want := map[rowKey]Change{}
		change := rapid.Custom(func(t *rapid.T) Change {
			return Change{
				Table: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "table"), Key: rapid.SampledFrom([]string{"k", "l", "m"}).Draw(t, "key"),
				Version: Version{Stamp: 1, Origin: Origin(rapid.Uint8().Draw(t, "origin"))},
			}
		})
		tables := map[string]bool{"b": true, "c": rapid.Bool().Draw(t, "c"), "d": rapid.Bool().Draw(t, "d")}
		for range rapid.IntRange(0, 4).Draw(t, "publications") {
			changes := rapid.SliceOfN(change, 0, 6).Draw(t, "changes")
			if rapid.Bool().Draw(t, "sorted") {
				slices.SortFunc(changes, compareChanges)
			}
			before := slices.Clone(changes)
			b.add(wanted(changes, tables))
			if fmt.Sprint(changes) != fmt.Sprint(before) {
				t.Fatalf("%v became %v", before, changes)
			}
			for _, c := range changes {
				if tables[c.Table] {
					want[rowKey{c.Table, c.Key}] = c
				}
			}
			if b.len() < len(want) || (b.len() == 0) != (len(want) == 0) {
				t.Fatalf("%d changes wait, want %d", b.len(), len(want))
			}
			if rapid.Bool().Draw(t, "take") {
				got := b.take()
				if w := slices.SortedFunc(maps.Values(want), compareChanges); fmt.Sprint(got) != fmt.Sprint(w) && len(got)+len(w) > 0 {
					t.Fatalf("took %v, want %v", got, w)
				}
				if b.len() != 0 {
					t.Fatalf("%d changes are left", b.len())
				}
				clear(want)
			}
		}
	})
}

// TestBacklogSharesOneLargePublication: what is in order and wanted is not
// copied, and nobody can write behind it.
func TestBacklogSharesOneLargePublication(t *testing.T) {
	changes := []Change{{Table: "a"}, {Table: "b", Key: "1"}, {Table: "b", Key: "2"}, {Table: "c"}}
	var b backlog
	b.add(wanted(changes, map[string]bool{"b": true}))
	got := b.take()
	if len(got) != 2 || &got[0] != &changes[1] || cap(got) != 2 {
		t.Errorf("took %v with room for %d, want the two of table b where they stand", got, cap(got))
	}
}
