package zone

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

type entry struct {
	name  string
	value int
}

func (e *entry) key() string { return e.name }

// TestTableIsAMap compares a table with a plain map over random histories, and
// each older table with what it held when it was handed out.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tab table[entry, *entry]
		want := map[string]int{}
		type snapshot struct {
			tab  table[entry, *entry]
			want map[string]int
		}
		var old []snapshot
		keys := rapid.SampledFrom([]int{5, 300, 5000}).Draw(t, "keys")
		for edit := uint64(1); edit < 8; edit++ {
			for range rapid.IntRange(0, keys).Draw(t, "steps") {
				k := fmt.Sprint(rapid.IntRange(0, keys).Draw(t, "key"))
				if rapid.IntRange(0, 3).Draw(t, "op") == 0 {
					tab = tab.remove(edit, k)
					delete(want, k)
				} else {
					v := len(want) + int(edit)
					tab = tab.put(edit, &entry{k, v})
					want[k] = v
				}
			}
			copied := map[string]int{}
			for k, v := range want {
				copied[k] = v
			}
			old = append(old, snapshot{tab, copied})
		}
		for i, s := range old {
			checkTable(t, i, s.tab, s.want, keys)
		}
	})
}

func checkTable(t *rapid.T, version int, tab table[entry, *entry], want map[string]int, keys int) {
	if tab.n != len(want) {
		t.Fatalf("version %d: n = %d, want %d", version, tab.n, len(want))
	}
	for k := range keys + 1 {
		e := tab.get(fmt.Sprint(k))
		v, ok := want[fmt.Sprint(k)]
		if (e != nil) != ok || ok && e.value != v {
			t.Fatalf("version %d: get(%d) = %v, want %v, %v", version, k, e, v, ok)
		}
	}
	n := 0
	tab.each(func(e *entry) {
		n++
		if v, ok := want[e.name]; !ok || v != e.value {
			t.Fatalf("version %d: each gave %v, want %v, %v", version, *e, v, ok)
		}
	})
	if n != len(want) {
		t.Fatalf("version %d: each gave %d elements, want %d", version, n, len(want))
	}
}

// TestNewTable: a table of many elements at once is one that they were put into,
// and can be changed like it.
func TestNewTable(t *testing.T) {
	for _, n := range []int{0, 1, 6, 7, maxLeaf, maxLeaf + 1, 10_000} {
		elems := make([]*entry, n)
		for i := range elems {
			elems[i] = &entry{fmt.Sprint("key-", i), i}
		}
		whole := newTable[entry](1, elems)
		var one table[entry, *entry]
		for _, e := range elems {
			one = one.put(1, e)
		}
		changed := whole.put(2, &entry{"key-0", -1}).put(2, &entry{"new", n}).remove(2, "key-5")
		if whole.n != n || one.n != n {
			t.Errorf("%d and %d elements, want %d", whole.n, one.n, n)
		}
		for i, e := range elems {
			if got := whole.get(e.name); got != e {
				t.Fatalf("of %d elements %q is %v, want %v", n, e.name, got, e)
			}
			want := e
			switch i {
			case 0:
				want = &entry{e.name, -1}
			case 5:
				want = nil
			}
			if got := changed.get(e.name); (got == nil) != (want == nil) || got != nil && *got != *want {
				t.Fatalf("of %d elements, three changed, %q is %v, want %v", n, e.name, got, want)
			}
		}
		seen := 0
		changed.each(func(*entry) { seen++ })
		if seen != changed.n || changed.get("new") == nil || whole.get("new") != nil {
			t.Errorf("%d elements after changes, %d counted", seen, changed.n)
		}
	}
}
