package claims

import "hash/maphash"

const (
	// shards is how many parts a table has: what a change copies is one.
	shards    = 1024
	shardBits = 10
	// minSlots is the size of the smallest part.
	minSlots = 4
)

var seed = maphash.MakeSeed()

// table is a hash table in parts, so that a changed copy shares all parts but
// those that the change touches. A part is an open-addressing table with linear
// probing. The zero table is empty; an [editor] makes others.
type table[T any] struct {
	parts *[shards]part[T]
	n     int
}

type part[T any] struct {
	slots []slot[T] // a power of two, or none
	n     int
}

type slot[T any] struct {
	hash  uint64 // 0: free
	key   string
	value T
}

// hash is never 0.
func hash(key string) uint64 { return maphash.String(seed, key) | 1<<63 }

func (t *table[T]) get(key string) (v T, ok bool) {
	if t.parts == nil {
		return v, false
	}
	h := hash(key)
	p := &t.parts[h%shards]
	if len(p.slots) == 0 {
		return v, false
	}
	s := &p.slots[p.find(h, key)]
	return s.value, s.hash != 0
}

// find returns the slot where key is, or would be. There is a free one.
func (p *part[T]) find(h uint64, key string) uint64 {
	mask := uint64(len(p.slots) - 1)
	i := h >> shardBits & mask
	for p.slots[i].hash != 0 && (p.slots[i].hash != h || p.slots[i].key != key) {
		i = (i + 1) & mask
	}
	return i
}

// resized returns a copy of p with that many slots, without key.
func (p *part[T]) resized(slots int, without string) part[T] {
	out := part[T]{slots: make([]slot[T], slots)}
	for _, s := range p.slots {
		if s.hash != 0 && s.key != without {
			out.slots[out.find(s.hash, s.key)] = s
			out.n++
		}
	}
	return out
}

// editor makes a changed copy of a table: it copies a part once.
type editor[T any] struct {
	table[T]
	owned *[shards]bool // nil: nothing is copied yet
}

// begin returns an editor whose first change copies.
func (t table[T]) begin() editor[T] { return editor[T]{table: t} }

// own returns the part that a hash belongs to, with room for one more.
func (e *editor[T]) own(h uint64) *part[T] {
	if e.owned == nil {
		parts := new([shards]part[T])
		if e.parts != nil {
			*parts = *e.parts
		}
		e.parts, e.owned = parts, new([shards]bool)
	}
	p := &e.parts[h%shards]
	size := max(len(p.slots), minSlots)
	for (p.n+1)*4 > size*3 {
		size *= 2
	}
	if size != len(p.slots) || !e.owned[h%shards] {
		*p = p.resized(size, "")
	}
	e.owned[h%shards] = true
	return p
}

func (e *editor[T]) put(key string, v T) {
	h := hash(key)
	p := e.own(h)
	i := p.find(h, key)
	if p.slots[i].hash == 0 {
		p.n++
		e.n++
	}
	p.slots[i] = slot[T]{h, key, v}
}

func (e *editor[T]) remove(key string) {
	if _, ok := e.get(key); !ok {
		return
	}
	p := e.own(hash(key))
	*p = p.resized(len(p.slots), key)
	e.n--
}
