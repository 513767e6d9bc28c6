package zone

import "hash/maphash"

const (
	fanout     = 16
	fanoutBits = 4
	// maxLeaf is how many elements a leaf holds before it is split: what one
	// change copies.
	maxLeaf = 256
	// minSlots is the size of the smallest leaf.
	minSlots = 8
	// splitSlots is the size of the leaves that one is split into: each gets a
	// sixteenth of maxLeaf, and the split ones are those that grow.
	splitSlots = 32
	// slotBits is where the part of a hash begins that chooses the slot within
	// a leaf; below it are the parts that choose the leaf.
	slotBits = 40
)

var seed = maphash.MakeSeed()

// keyed is what a table holds: pointers to elements that know their key.
type keyed[E any] interface {
	*E
	key() string
}

// table is a persistent hash table: put and remove return a new table and
// leave the old one as it was, sharing all but the few buckets on the path.
// The zero table is empty. It is a trie on the low bits of the hash whose
// leaves are small open-addressing tables.
//
// Buckets made under the same edit number are changed in place, so that a
// bulk load copies nothing: whoever hands a table out begins a new edit.
type table[E any, P keyed[E]] struct {
	root *bucket[E]
	n    int
}

// bucket is an inner node (kids set) or a leaf (slots set).
type bucket[E any] struct {
	edit  uint64
	kids  *[fanout]*bucket[E]
	slots []*E
	n     int
}

func hash(key string) uint64 { return maphash.String(seed, key) }

// get returns the element with that key, or nil.
func (t table[E, P]) get(key string) P {
	b := t.root
	if b == nil {
		return nil
	}
	h := hash(key)
	for shift := 0; b.kids != nil; shift += fanoutBits {
		if b = b.kids[h>>shift%fanout]; b == nil {
			return nil
		}
	}
	return b.slots[find[E, P](b.slots, h, key)]
}

// find returns the slot where the element with that key is, or would be.
func find[E any, P keyed[E]](slots []*E, h uint64, key string) uint64 {
	mask := uint64(len(slots) - 1)
	i := h >> slotBits & mask
	for slots[i] != nil && P(slots[i]).key() != key {
		i = (i + 1) & mask
	}
	return i
}

// put returns t with e in the place of the element of the same key, if any.
func (t table[E, P]) put(edit uint64, e P) table[E, P] {
	root, added := putInto[E, P](t.root, edit, hash(e.key()), 0, e)
	if added {
		t.n++
	}
	t.root = root
	return t
}

func putInto[E any, P keyed[E]](b *bucket[E], edit, h uint64, shift int, e P) (*bucket[E], bool) {
	if b == nil {
		b = &bucket[E]{edit: edit, slots: make([]*E, minSlots)}
	}
	b = b.own(edit)
	if b.kids != nil {
		kid := &b.kids[h>>shift%fanout]
		grown, added := putInto[E, P](*kid, edit, h, shift+fanoutBits, e)
		*kid = grown
		return b, added
	}
	i := find[E, P](b.slots, h, e.key())
	if b.slots[i] != nil {
		b.slots[i] = e
		return b, false
	}
	if b.n == maxLeaf && shift+fanoutBits <= slotBits {
		splitLeaf[E, P](b, edit, shift)
		return putInto[E, P](b, edit, h, shift, e)
	}
	if (b.n+1)*4 > len(b.slots)*3 {
		b.slots = resize[E, P](b.slots, len(b.slots)*2)
		i = find[E, P](b.slots, h, e.key())
	}
	b.slots[i] = e
	b.n++
	return b, true
}

// splitLeaf makes a leaf an inner bucket above up to fanout leaves.
func splitLeaf[E any, P keyed[E]](b *bucket[E], edit uint64, shift int) {
	old := b.slots
	b.kids, b.slots, b.n = new([fanout]*bucket[E]), nil, 0
	for i := range b.kids {
		b.kids[i] = &bucket[E]{edit: edit, slots: make([]*E, splitSlots)}
	}
	for _, e := range old {
		if e == nil {
			continue
		}
		h := hash(P(e).key())
		kid := &b.kids[h>>shift%fanout]
		*kid, _ = putInto[E](*kid, edit, h, shift+fanoutBits, P(e))
	}
	for i, kid := range b.kids {
		if kid.kids == nil && kid.n == 0 {
			b.kids[i] = nil
		}
	}
}

// resize returns the elements of slots in a leaf of n slots.
func resize[E any, P keyed[E]](slots []*E, n int) []*E {
	grown := make([]*E, n)
	for _, e := range slots {
		if e != nil {
			key := P(e).key()
			grown[find[E, P](grown, hash(key), key)] = e
		}
	}
	return grown
}

// own returns b if it belongs to this edit, else a copy that does.
func (b *bucket[E]) own(edit uint64) *bucket[E] {
	if b.edit == edit {
		return b
	}
	c := &bucket[E]{edit: edit, n: b.n}
	if b.kids != nil {
		kids := *b.kids
		c.kids = &kids
		return c
	}
	c.slots = append([]*E(nil), b.slots...)
	return c
}

// remove returns t without the element of that key.
func (t table[E, P]) remove(edit uint64, key string) table[E, P] {
	if t.get(key) == nil {
		return t
	}
	t.root = removeFrom[E, P](t.root, edit, hash(key), 0, key)
	t.n--
	return t
}

// removeFrom returns b without an element that it holds, nil if none is left.
func removeFrom[E any, P keyed[E]](b *bucket[E], edit, h uint64, shift int, key string) *bucket[E] {
	b = b.own(edit)
	if b.kids != nil {
		kid := &b.kids[h>>shift%fanout]
		*kid = removeFrom[E, P](*kid, edit, h, shift+fanoutBits, key)
		for _, k := range b.kids {
			if k != nil {
				return b
			}
		}
		return nil
	}
	if b.n--; b.n == 0 {
		return nil
	}
	b.slots[find[E, P](b.slots, h, key)] = nil
	n := len(b.slots)
	if n > minSlots && b.n*4 < n {
		n /= 2
	}
	b.slots = resize[E, P](b.slots, n)
	return b
}

// each calls f for every element, in no particular order.
func (t table[E, P]) each(f func(P)) {
	if t.root != nil {
		eachIn[E, P](t.root, f)
	}
}

func eachIn[E any, P keyed[E]](b *bucket[E], f func(P)) {
	if b.kids != nil {
		for _, k := range b.kids {
			if k != nil {
				eachIn[E, P](k, f)
			}
		}
		return
	}
	for _, e := range b.slots {
		if e != nil {
			f(e)
		}
	}
}
