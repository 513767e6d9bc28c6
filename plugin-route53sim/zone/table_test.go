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
