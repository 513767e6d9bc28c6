package sni

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// table maps server names to entries: a hash table with open addressing whose
// readers neither lock nor allocate, and touch three cache lines. Writers take
// turns. The zero table is not ready, see [newTable].
type table struct {
	seed    maphash.Seed
	slots   atomic.Pointer[[]atomic.Pointer[entry]] // a power of two; half of them empty
	writing sync.Mutex
	used    int // slots that are not empty, graves included
	n       int // entries
}

// grave stands where an entry was removed.
var grave = new(entry)

func newTable() *table {
	t := &table{seed: maphash.MakeSeed()}
	slots := make([]atomic.Pointer[entry], 1<<10)
	t.slots.Store(&slots)
	return t
}

// get returns the entry of a name, or nil.
func (t *table) get(name string) *entry {
	slots := *t.slots.Load()
	hash := maphash.String(t.seed, name)
	for i := hash; ; i++ {
		e := slots[i&uint64(len(slots)-1)].Load()
		if e == nil || e.hash == hash && e.name == name && e != grave {
			return e
		}
	}
}

// put stores e unless its name has an entry, and returns what is stored.
func (t *table) put(e *entry) *entry {
	t.writing.Lock()
	defer t.writing.Unlock()
	if old := t.get(e.name); old != nil {
		return old
	}
	if slots := *t.slots.Load(); 2*(t.used+1) > len(slots) {
		t.rebuild()
	}
	e.hash = maphash.String(t.seed, e.name)
	t.place(*t.slots.Load(), e)
	t.used++
	t.n++
	return e
}

// place puts e into the first slot that is empty for it.
func (t *table) place(slots []atomic.Pointer[entry], e *entry) {
	i := e.hash
	for slots[i&uint64(len(slots)-1)].Load() != nil {
		i++
	}
	slots[i&uint64(len(slots)-1)].Store(e)
}

// rebuild makes room, without the graves.
func (t *table) rebuild() {
	old := *t.slots.Load()
	size := 1 << 10
	for size < 4*(t.n+1) {
		size *= 2
	}
	slots := make([]atomic.Pointer[entry], size)
	for i := range old {
		if e := old[i].Load(); e != nil && e != grave {
			t.place(slots, e)
		}
	}
	t.used = t.n
	t.slots.Store(&slots)
}

// remove takes e out and tells whether it was in.
func (t *table) remove(e *entry) bool {
	t.writing.Lock()
	defer t.writing.Unlock()
	slots := *t.slots.Load()
	for i := e.hash; ; i++ {
		slot := &slots[i&uint64(len(slots)-1)]
		switch slot.Load() {
		case nil:
			return false
		case e:
			slot.Store(grave)
			t.n--
			return true
		}
	}
}

// each calls f for every entry that is there all the while.
func (t *table) each(f func(*entry)) {
	slots := *t.slots.Load()
	for i := range slots {
		if e := slots[i].Load(); e != nil && e != grave {
			f(e)
		}
	}
}
