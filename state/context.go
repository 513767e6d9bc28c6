package state

import (
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/edgestage/edgestage/state/hlc"
)

// contextOf is how far a node has applied each origin.
type contextOf map[Origin]hlc.Stamp

// covers tells whether c has the commit of o at s. Stamps below floor are
// older than what contexts remember; they count as covered.
func (c contextOf) covers(o Origin, s, floor hlc.Stamp) bool {
	return c[o] >= s || s < floor
}

func (c contextOf) raise(o Origin, s hlc.Stamp) {
	if c[o] < s {
		c[o] = s
	}
}

func (c contextOf) raiseAll(d contextOf) {
	for o, s := range d {
		c.raise(o, s)
	}
}

// entries returns c sorted by origin.
func (c contextOf) entries() []entry {
	out := make([]entry, 0, len(c))
	for _, o := range slices.Sorted(maps.Keys(c)) {
		out = append(out, entry{Origin: o, Stamp: c[o]})
	}
	return out
}

func contextFrom(es []entry) contextOf {
	c := make(contextOf, len(es))
	for _, e := range es {
		c.raise(e.Origin, e.Stamp)
	}
	return c
}

// hash returns a number that is the same for equal contexts.
func (c contextOf) hash() uint64 {
	h := fnv.New64a()
	var b [16]byte
	for _, e := range c.entries() {
		binary.BigEndian.PutUint64(b[:8], uint64(e.Origin))
		binary.BigEndian.PutUint64(b[8:], uint64(e.Stamp))
		h.Write(b[:])
	}
	return h.Sum64()
}
