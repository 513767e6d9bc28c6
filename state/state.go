// Package state is the replicated state of edgestage: rows that every node
// holds, changed by commits that every node applies whole and in causal order.
//
// A row is a value under (table, key) with the stamp of the commit that wrote
// it; per row the later stamp wins, and a deletion leaves a tombstone for
// [Horizon]. A commit is what one writer changed at once. At every moment a
// node shows a causally closed set of whole commits, folded per row in stamp
// order: a row of a commit is missing only where a later one stands.
//
// [Replica] is what hosts use. Its rules live in [Core], which takes one event
// at a time and has no goroutine, clock, randomness, disk or socket of its
// own, so that a simulator can drive it; Replica, package journal (disk) and
// package gossip (network) are thin drivers around it. Acknowledged means
// durable here and ordered, not exclusive: of two writes to one row on two
// nodes inside the propagation window the earlier loses everywhere.
package state

import (
	"cmp"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// Horizon is how long a tombstone is kept: a node that was away for less
// revives nothing that was deleted meanwhile.
const Horizon = 7 * 24 * time.Hour

// Origin is the name of one run of one node: 64 random bits drawn at every
// open, so that a restored or copied data folder continues no sequence that
// others know further than it does.
type Origin uint64

// String returns o as 16 hexadecimal digits.
func (o Origin) String() string { return fmt.Sprintf("%016x", uint64(o)) }

// Version says which commit wrote a row. Versions are ordered by stamp, then
// origin; no two commits have the same.
type Version struct {
	Stamp  hlc.Stamp
	Origin Origin
}

// Compare returns -1, 0 or +1 as v is before, the same as or after w.
func (v Version) Compare(w Version) int {
	if c := cmp.Compare(v.Stamp, w.Stamp); c != 0 {
		return c
	}
	return cmp.Compare(v.Origin, w.Origin)
}

// ID returns v in 26 characters of [A-Z2-7]: the id of a change (in Route 53,
// without the leading C).
func (v Version) ID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(v.Stamp))
	binary.BigEndian.PutUint64(b[8:], uint64(v.Origin))
	return changeEncoding.EncodeToString(b[:])
}

// ParseVersion is the inverse of [Version.ID].
func ParseVersion(id string) (Version, error) {
	b, err := changeEncoding.DecodeString(id)
	if err != nil || len(b) != 16 {
		return Version{}, fmt.Errorf("change id %q is not 26 characters of [A-Z2-7]", id)
	}
	return Version{
		Stamp:  hlc.Stamp(binary.BigEndian.Uint64(b[:8])),
		Origin: Origin(binary.BigEndian.Uint64(b[8:])),
	}, nil
}

var changeEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Change is what became of one row, as subscribers see it.
type Change struct {
	// Key is the row's key; in a volatile table, a NUL and the run that shares
	// the row stand behind it.
	Table, Key string
	// Value is the row's value, a pointer to the table's type; shared, so
	// never to be modified. Nil: the row was deleted, expired, or does not
	// validate here.
	Value   model.Value
	Version Version
}

// Batch is what a subscriber takes at once: whole commits.
type Batch struct {
	// Reset says that Changes are all the rows there are: forget the others.
	Reset bool
	// Changes are sorted by table, then key, each row at most once. Other
	// subscribers may share them: never modify them.
	Changes []Change

	seq uint64
}

// Member is a live node of the cluster.
type Member struct {
	// Run names the member's current run.
	Run Origin
	// Node is its configured name, a label and not an identity.
	Node string
	// ID is the identity that its data folder keeps, 32 hexadecimal digits.
	ID string
	// Kind is "dns" or "edge", Region an AWS Region name.
	Kind, Region string
	// Addr is where its gossip is reached, as host:port.
	Addr string
	// Self says that it is this node.
	Self bool
	// Behind says that it does not serve (yet).
	Behind bool
}
