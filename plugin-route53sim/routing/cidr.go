package routing

import "github.com/edgestage/edgestage/plugin-route53sim/locate"

// cidr is the table of an IP-based group: its members by location of their
// collection. Unhealthy ones stay: the most specific one that matches is the
// last resort.
type cidr struct {
	collection *Collection
	members    []local // by location
	fallback   local   // of the default location
}

type local struct {
	member  int32 // none: the group has none for the location
	healthy bool
}

// defaultLocation is what an RRset calls the default location of an IP-based
// group, and no collection can (aws-behaviour 2.10).
const defaultLocation = "*"

func newCIDR(entries []entry) *cidr {
	t := &cidr{fallback: local{member: none}}
	if len(entries) == 0 {
		return t
	}
	if t.collection = entries[0].Collection; t.collection != nil {
		t.members = make([]local, len(t.collection.locations))
	}
	for i := range t.members {
		t.members[i].member = none
	}
	for _, e := range entries {
		if slot := t.slot(e.Location); slot != nil && slot.member == none {
			*slot = local{e.index, e.healthy}
		}
	}
	return t
}

// slot returns where the member of a location goes, or nil if the collection
// does not know it.
func (t *cidr) slot(location string) *local {
	if location == defaultLocation {
		return &t.fallback
	}
	if t.collection != nil {
		if id, ok := t.collection.locations[location]; ok {
			return &t.members[id]
		}
	}
	return nil
}

// pick goes through the blocks that cover the client's prefix whole, from the
// longest, then to the default location, and returns the first healthy member;
// where none is healthy the first of all; where there is none, none
// (aws-behaviour 3.5). Blocks of locations that have no RRset in the group do
// not count.
func (t *cidr) pick(client *locate.Client) outcome {
	longest := t.collection.find(client.Prefix)
	o := outcome{member: none, bits: scopeOf(longest, clientBits(client))}
	for b := longest; b != nil; b = b.wider {
		if o.take(t.members[b.location]) {
			return o
		}
	}
	o.take(t.fallback)
	return o
}

// take makes l the outcome if it is healthy or the first, and returns whether
// the search is over.
func (o *outcome) take(l local) bool {
	if l.member != none && (l.healthy || o.member == none) {
		o.member = int(l.member)
	}
	return l.member != none && l.healthy
}

// scopeOf returns how many bits of the client's address decided: the length of
// the longest block that covers it, if all clients in there fare alike; the
// client's own prefix if there are blocks inside that one, or none covers it
// (aws-behaviour 3.8).
func scopeOf(longest *block, clientBits int) int {
	if longest == nil || longest.inner {
		return clientBits
	}
	return int(longest.bits)
}
