package zone

import (
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/routing"
)

// node is an owner name with its compiled RRsets. A node without RRsets is an
// empty non-terminal: something below it exists.
type node struct {
	name string
	// first is the only RRset of most names, kept inline; its typ is 0 if there
	// is none. more holds the others.
	first rrset
	more  []rrset
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
	// stamp and origin are the version of the row, 0 for a group.
	stamp  hlc.Stamp
	origin uint64
	ttl    uint32
	typ    uint16
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
	for i := range n.more {
		if n.more[i].typ == typ {
			return &n.more[i]
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
	for i := range n.more {
		f(&n.more[i])
	}
}

// with returns n with s in the place of its RRset of the same type.
func (n *node) with(s rrset) *node {
	return newNode(n.name, append(n.without(s.typ), s))
}

// without returns the RRsets of n but that of the given type, in a new slice.
func (n *node) without(typ uint16) []rrset {
	if n.empty() || n.first.typ == typ && n.more == nil {
		return nil // what nearly every name comes to
	}
	sets := make([]rrset, 0, len(n.more)+2)
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
	n.first = sets[0]
	if len(sets) > 1 {
		n.more = append([]rrset(nil), sets[1:]...)
	}
	return n
}
