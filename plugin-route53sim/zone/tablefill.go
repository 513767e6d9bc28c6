package zone

// hashed is an element with the hash of its key.
type hashed[E any] struct {
	hash uint64
	elem *E
}

// newTable returns a table of elems, whose keys all differ, as putting one after
// the other makes it. It compares no keys and touches each part of the table
// once, which at a million elements takes a quarter of the time.
func newTable[E any, P keyed[E]](edit uint64, elems []P) table[E, P] {
	all := make([]hashed[E], len(elems))
	for i, e := range elems {
		all[i] = hashed[E]{hash(e.key()), e}
	}
	return table[E, P]{root: fill(edit, all, make([]hashed[E], len(all)), 0), n: len(all)}
}

// fill returns the bucket of elements whose hashes are the same below shift, nil
// for none. It uses both slices, which are of one length, as it likes.
func fill[E any](edit uint64, elems, spare []hashed[E], shift int) *bucket[E] {
	if len(elems) == 0 {
		return nil
	}
	if len(elems) <= maxLeaf || shift+fanoutBits > slotBits {
		return fillLeaf(edit, elems)
	}
	var ends [fanout]int
	for _, e := range elems {
		ends[e.hash>>shift%fanout]++
	}
	for i := 1; i < fanout; i++ {
		ends[i] += ends[i-1]
	}
	next := ends
	for i := len(elems) - 1; i >= 0; i-- {
		kid := elems[i].hash >> shift % fanout
		next[kid]--
		spare[next[kid]] = elems[i]
	}
	b := &bucket[E]{edit: edit, kids: new([fanout]*bucket[E])}
	for i := range b.kids {
		from, to := next[i], ends[i]
		b.kids[i] = fill(edit, spare[from:to], elems[from:to], shift+fanoutBits)
	}
	return b
}

// fillLeaf returns the leaf of elems.
func fillLeaf[E any](edit uint64, elems []hashed[E]) *bucket[E] {
	size := minSlots
	for len(elems)*4 > size*3 {
		size *= 2
	}
	b := &bucket[E]{edit: edit, slots: make([]*E, size), n: len(elems)}
	mask := uint64(size - 1)
	for _, e := range elems {
		i := e.hash >> slotBits & mask
		for b.slots[i] != nil {
			i = (i + 1) & mask
		}
		b.slots[i] = e.elem
	}
	return b
}
