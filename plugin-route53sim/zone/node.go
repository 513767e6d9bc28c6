package zone

import (
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/routing"
)

// node is an owner name with its compiled RRsets. A node without RRsets is an
// empty non-terminal: something below it exists. Large zones consist of nodes,
// so that each is one block of 64 bytes and one with its strings.
type node struct {
	name string
	// first is the only RRset of most names, kept inline; its typ is 0 if there
	// is none. more holds the others, nil if there are none.
	first rrset
	more  *[]rrset
}

func (n *node) key() string { return n.name }

// rrset is what one type at one name is answered with: packed records, or what
// ext says.
type rrset struct {
	// rdata holds the records one after the other, each as it stands on the
	// wire: two bytes of length, then the data, names uncompressed.
	rdata string
	// ext is set for an alias, for a group with a routing policy, and where
	// there is a health check.
	ext *extension
	// version is that of the row, shared by what was written at once; nil for a
	// group.
	version *state.Version
	ttl     uint32
	typ     uint16
}

// extension is an alias or a group, at most one of them, or what a simple RRset
// has to it that its records do not tell.
type extension struct {
	alias *model.AliasTarget
	group *Group
	// check is the health check of a simple RRset: it is answered whatever that
	// says, but aliases may evaluate it.
	check string
}

// plain tells whether s is answered with its own records.
func (s *rrset) plain() bool { return s.ext == nil || s.ext.alias == nil && s.ext.group == nil }

// Group is the RRsets of one name and type that share a routing policy. A
// [routing.Trace] gets it from [routing.Group.Owner]; there, a group may also
// be one simple RRset that an alias leads to.
type Group struct {
	// Name and Type are the RRsets' own, Zone is the hosted zone's id.
	Zone, Name string
	Type       uint16
	// Policy is the one that all members have.
	Policy model.Policy
	// Members are sorted by set identifier.
	Members []Member

	compiled *routing.Group
}

// Member is one RRset of a group.
type Member struct {
	// RRset is the row, without its values. It is shared: never modify it.
	RRset *model.RRset

	rdata string
	ttl   uint32
}

// get returns the RRset of that type, or nil.
func (n *node) get(typ uint16) *rrset {
	if n.first.typ == typ {
		return &n.first
	}
	if n.more == nil {
		return nil
	}
	for i := range *n.more {
		if s := &(*n.more)[i]; s.typ == typ {
			return s
		}
	}
	return nil
}

// empty tells whether n is an empty non-terminal.
func (n *node) empty() bool { return n.first.typ == 0 }

// each calls f for every RRset of n, in the order of their types.
func (n *node) each(f func(*rrset)) {
	if n.empty() {
		return
	}
	f(&n.first)
	if n.more == nil {
		return
	}
	for i := range *n.more {
		f(&(*n.more)[i])
	}
}

// with returns the node of a name with s in the place of the RRset of the same
// type, if n, which may be nil, has one.
func (n *node) with(name string, s rrset) *node {
	if n == nil || n.alone(s.typ) { // what nearly every name comes to
		return newNode(name, []rrset{s})
	}
	return newNode(name, append(n.without(s.typ), s))
}

// alone tells whether n has no RRset of another type than that.
func (n *node) alone(typ uint16) bool {
	return n.more == nil && (n.empty() || n.first.typ == typ)
}

// without returns the RRsets of n but that of the given type, in a new slice.
func (n *node) without(typ uint16) []rrset {
	if n.alone(typ) {
		return nil
	}
	sets := make([]rrset, 0, 4)
	n.each(func(s *rrset) {
		if s.typ != typ {
			sets = append(sets, *s)
		}
	})
	return sets
}

// newNode returns the node of a name with sets, which it may reorder and keep.
func newNode(name string, sets []rrset) *node {
	n := &node{name: name}
	if len(sets) == 0 {
		return n
	}
	for i := 1; i < len(sets); i++ { // few and nearly sorted
		for j := i; j > 0 && sets[j].typ < sets[j-1].typ; j-- {
			sets[j], sets[j-1] = sets[j-1], sets[j]
		}
	}
	n.name = joinStrings(name, sets)
	n.first = sets[0]
	if len(sets) > 1 {
		more := append([]rrset(nil), sets[1:]...)
		n.more = &more
	}
	return n
}

// joinStrings puts name and the records of sets into one string, so that they
// are one block, and returns the name there.
func joinStrings(name string, sets []rrset) string {
	size := len(name)
	for i := range sets {
		size += len(sets[i].rdata)
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(name)
	for i := range sets {
		b.WriteString(sets[i].rdata)
	}
	all := b.String()
	at := len(name)
	for i := range sets {
		end := at + len(sets[i].rdata)
		sets[i].rdata, at = all[at:end], end
	}
	return all[:len(name)]
}
