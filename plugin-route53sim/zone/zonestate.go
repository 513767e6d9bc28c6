package zone

import (
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/routing"
)

// zoneState is a hosted zone under compilation: what the next [Zone] will be,
// and what is needed to change it.
type zoneState struct {
	zone   Zone
	row    *model.Zone // nil: RRsets without a zone, kept for when it comes
	served bool
	// kids counts, for each name below the apex, the nodes right below it. A
	// name with kids and no RRset is an empty non-terminal.
	kids map[string]int
	// held has the rows of names where some stand in each other's way or share
	// a policy; all other rows can be told from the node.
	held map[string]*heldName
	// unsettled are those of held whose rows this batch has changed.
	unsettled map[string]*heldName
	// groups has the policy groups and what their aliases lead to; nil as long
	// as there is no group. changed are the RRsets that it is to be told of.
	groups   *routing.Forest[rrsetKey]
	changed  []rrsetKey
	needs    map[rrsetKey][]dependency // of the groups, outside the zone
	wanted   []dependency              // of the group under definition
	compiler *Compiler

	rrsets, outside  int // visible ones, and those of them outside the zone
	shadowed, broken int
	counted          Stats // what the view's statistics have for it
}

func newZoneState(c *Compiler, id string) *zoneState {
	return &zoneState{
		compiler: c,
		zone:     Zone{id: id},
		kids:     make(map[string]int),
		held:     make(map[string]*heldName),
	}
}

// names returns the number of names with rows, and empty non-terminals.
func (z *zoneState) names() int { return z.zone.names.n + len(z.held) }

// rename makes name the zone's. An id implies its name, so that this happens
// once in a zone's life, with whatever rows came before the zone's.
func (z *zoneState) rename(edit uint64, name string) {
	if z.zone.name == name {
		return
	}
	old := z.zone.names
	z.zone.name, z.zone.cuts, z.outside = name, 0, 0
	z.zone.names = table[node, *node]{}
	z.kids = make(map[string]int)
	old.each(func(n *node) {
		if n.empty() {
			return
		}
		z.rrsets -= n.rrsets()
		z.setNode(edit, n)
	})
}

// setNode puts n in the place of the node of its name.
func (z *zoneState) setNode(edit uint64, n *node) {
	z.replace(edit, z.zone.names.get(n.name), n)
}

// replace puts n in the place of old, the node of its name or nil, and keeps the
// names above it, the cuts and the counts right.
func (z *zoneState) replace(edit uint64, old, n *node) {
	inside := within(n.name, z.zone.name)
	z.noteChanged(old)
	z.noteChanged(n)
	z.count(old, -1, inside)
	z.count(n, 1, inside)
	switch {
	case !n.empty():
		z.zone.names = z.zone.names.put(edit, n)
		if old == nil && inside {
			z.link(edit, n.name)
		}
	case z.kids[n.name] > 0:
		z.zone.names = z.zone.names.put(edit, n)
	case old != nil:
		z.zone.names = z.zone.names.remove(edit, n.name)
		if inside {
			z.unlink(edit, n.name)
		}
	}
	if n.name == z.zone.name {
		z.settleApex()
	}
}

// count adds a node to the counts, or with sign -1 takes it from them.
func (z *zoneState) count(n *node, sign int, inside bool) {
	if n == nil {
		return
	}
	rrsets := n.rrsets()
	z.rrsets += sign * rrsets
	if !inside {
		z.outside += sign * rrsets
	} else if n.name != z.zone.name && n.get(dns.TypeNS) != nil {
		z.zone.cuts += sign
	}
}

// rrsets returns how many rows n shows.
func (n *node) rrsets() int {
	sum := 0
	n.each(func(s *rrset) {
		if s.ext != nil && s.ext.group != nil {
			sum += len(s.ext.group.Members)
		} else {
			sum++
		}
	})
	return sum
}

// link makes the names between a new node and the apex exist (RFC 8020).
func (z *zoneState) link(edit uint64, name string) {
	for name != z.zone.name {
		name = parent(name)
		if name == z.zone.name {
			return
		}
		z.kids[name]++
		if z.zone.names.get(name) != nil {
			return
		}
		z.zone.names = z.zone.names.put(edit, &node{name: name})
	}
}

// unlink removes the empty non-terminals that existed for a removed node only.
func (z *zoneState) unlink(edit uint64, name string) {
	for name != z.zone.name {
		name = parent(name)
		if name == z.zone.name {
			return
		}
		if z.kids[name]--; z.kids[name] > 0 {
			return
		}
		delete(z.kids, name)
		if !z.zone.names.get(name).empty() {
			return
		}
		z.zone.names = z.zone.names.remove(edit, name)
	}
}
