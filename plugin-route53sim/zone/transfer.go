package zone

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// Holds tells whether name is in a zone that answers clients inside vpc (nil:
// in none), a resource that edges serve, or a host of delegation sets.
func (v *View) Holds(vpc *locate.VPC, name string) bool {
	name = lower(name)
	if v.serving(vpc, name) != nil || v.targets.get(targetName(name)) != nil {
		return true
	}
	_, ok := v.serverNumber(name)
	return ok
}

// ZoneOf returns the zone that name is in for clients inside vpc (nil: in
// none); if there is none, one without name and id.
func (v *View) ZoneOf(vpc *locate.VPC, name string) *Zone {
	if z := v.serving(vpc, lower(name)); z != nil {
		return z
	}
	return &Zone{}
}

// Transfer returns the SOA of the public zone with exactly that name, nil if
// there is none, and all other RRsets of it, one at a time: the apex first, then by
// name. The RRs are the caller's.
//
// A transfer knows no policies. A group is written as one RRset with the
// records of all its members, each once, under the lowest of their TTLs; of
// CNAMEs, of which there can be only one, the first member's by set
// identifier. An alias is written as the records that it leads to now.
func (v *View) Transfer(name string) (*dns.SOA, iter.Seq[[]dns.RR]) {
	z := v.zones.get(lower(name))
	if z == nil {
		return nil, nil
	}
	soa := z.soa
	return &soa, func(yield func([]dns.RR) bool) {
		l := lookup{view: v, zone: z}
		for _, n := range z.sorted() {
			for _, rrs := range l.all(n) {
				if !yield(rrs) {
					return
				}
			}
		}
	}
}

// sorted returns the apex, then the names below it that have RRsets.
func (z *Zone) sorted() []*node {
	nodes := []*node{z.apex}
	z.names.each(func(n *node) {
		if !n.empty() && n.name != z.name && within(n.name, z.name) {
			nodes = append(nodes, n)
		}
	})
	slices.SortFunc(nodes[1:], func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	return nodes
}

// all returns the RRsets of n that have records, but for the zone's SOA.
func (l *lookup) all(n *node) [][]dns.RR {
	var sets [][]dns.RR
	n.each(func(s *rrset) {
		if s.typ == dns.TypeSOA {
			return
		}
		rrs := l.whole(nil, s, n.name, make(map[*rrset]bool))
		if s.typ == dns.TypeCNAME && len(rrs) > 1 {
			rrs = rrs[:1]
		}
		if len(rrs) > 0 {
			sets = append(sets, evenOut(rrs))
		}
	})
	return sets
}

// whole appends all the records that s may be answered with. An alias that
// leads back to one on the way to it adds nothing.
func (l *lookup) whole(dst []dns.RR, s *rrset, owner string, path map[*rrset]bool) []dns.RR {
	if s == nil || path[s] {
		return dst
	}
	path[s] = true
	defer delete(path, s)
	h := dns.RR_Header{Name: owner, Rrtype: s.typ, Class: dns.ClassINET, Ttl: s.ttl}
	switch {
	case s.plain():
		return appendInOrder(dst, h, s.rdata)
	case s.ext.alias != nil:
		return l.wholeAlias(dst, h, s.ext.alias, path)
	}
	for i := range s.ext.group.Members {
		m := &s.ext.group.Members[i]
		if a := m.RRset.Alias; a != nil {
			dst = l.wholeAlias(dst, h, a, path)
			continue
		}
		h.Ttl = m.ttl
		dst = appendInOrder(dst, h, m.rdata)
	}
	return dst
}

// wholeAlias appends all the records that an alias may be answered with.
func (l *lookup) wholeAlias(dst []dns.RR, h dns.RR_Header, a *model.AliasTarget, path map[*rrset]bool) []dns.RR {
	if a.ZoneID == l.zone.id {
		return l.whole(dst, l.aliased(string(a.Name), h.Rrtype), h.Name, path)
	}
	t := l.view.target(h.Name, string(a.Name))
	if t == nil {
		return dst
	}
	h.Ttl = targetTTL
	for _, s := range t.stands(h.Rrtype) {
		dst = appendInOrder(dst, h, s.rdata)
	}
	return dst
}

// evenOut drops repeated records and gives all the lowest TTL.
func evenOut(rrs []dns.RR) []dns.RR {
	seen := make(map[string]dns.RR, len(rrs))
	ttl := rrs[0].Header().Ttl
	for _, rr := range rrs {
		ttl = min(ttl, rr.Header().Ttl)
	}
	for _, rr := range rrs {
		rr.Header().Ttl = ttl
		if text := rr.String(); seen[text] == nil {
			seen[text] = rr
		}
	}
	if len(seen) == len(rrs) {
		return rrs
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b dns.RR) int { return strings.Compare(a.String(), b.String()) })
}
