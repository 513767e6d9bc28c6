package zone

import (
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/miekg/dns"
)

// View is all that questions are answered from at one moment. It never
// changes. The zero View holds no zone.
type View struct {
	zones   table[Zone, *Zone]     // public ones that are served, by name
	ids     table[byID, *byID]     // all that have a row, by id
	targets table[target, *target] // what endpoints are published for, by name
	servers servers                // what hosts of delegation sets are answered with
	// challenges are the names with values of DNS-01 solvers, and those above.
	challenges table[challenge, *challenge]
	private    table[vpcView, *vpcView] // private zones, by VPC
	stats      Stats
}

// Stats counts what a [View] was compiled from.
type Stats struct {
	// Zones are served, private ones to clients of their VPCs. Unserved ones
	// share the name of an earlier one: a public one, or in every VPC.
	Zones, Unserved int
	// Displaced are associations of private zones with VPCs in which an earlier
	// zone of the name answers.
	Displaced int
	// RRsets are those of the served zones.
	RRsets int
	// Shadowed RRsets may not legally stand beside a later one of their name.
	Shadowed int
	// Inert RRsets stand in no zone that is served, or outside their zone.
	Inert int
	// Broken RRsets hold a value that does not fit on the wire.
	Broken int
	// Endpoints are the rows that edges have published.
	Endpoints int
	// NameServers are the DNS nodes that have published addresses.
	NameServers int
	// Challenges are the values of DNS-01 solvers.
	Challenges int
}

// Stats returns what v was compiled from.
func (v *View) Stats() Stats { return v.stats }

// Zone is a hosted zone that is served.
type Zone struct {
	id   string
	name string
	// names holds every owner name but the apex, and the empty non-terminals.
	// Names outside the zone are there as well, where no question leads.
	names table[node, *node]
	// cuts is the number of names below the apex with an NS RRset.
	cuts int

	// The apex, with SOA and NS made up where the rows have none.
	apex *node
	soa  dns.SOA
	// negativeTTL is the TTL of the SOA RR in a negative answer.
	negativeTTL uint32
	ns          []dns.NS // sorted by host
	nsInside    bool     // some of the hosts are within the zone

	// private zones answer clients of their VPCs, and delegate nothing.
	private bool
}

func (z *Zone) key() string { return z.name }

// byID is a zone under its id.
type byID struct{ Zone }

func (z *byID) key() string { return z.id }

// ID returns the hosted zone's id.
func (z *Zone) ID() string { return z.id }

// Name returns the hosted zone's name.
func (z *Zone) Name() string { return z.name }

// get returns the node of exactly that name, or nil.
func (z *Zone) get(name string) *node {
	if name == z.name {
		return z.apex
	}
	return z.names.get(name)
}

// find returns the zone that answers a client inside vpc, or in none (nil), for
// name: a private zone of the VPC, else the public zone with the longest name;
// nil if there is neither (aws-behaviour 1.5, 3.2).
func (v *View) find(vpc *locate.VPC, name string) *Zone {
	if vpc != nil {
		if z := v.findPrivate(vpc, name); z != nil {
			return z
		}
	}
	for off, end := 0, name == ""; !end && off < len(name); off, end = dns.NextLabel(name, off) {
		if z := v.zones.get(name[off:]); z != nil {
			return z
		}
	}
	return nil
}

// match returns the node that name is answered from: its own, else that of the
// wildcard at its closest encloser, in which case wild is set; nil if there is
// neither (aws-behaviour 3.3, RFC 4592 section 3.3).
func (z *Zone) match(name string) (n *node, wild bool) {
	if n = z.get(name); n != nil {
		return n, false
	}
	encloser := parent(name)
	for encloser != z.name && z.names.get(encloser) == nil {
		encloser = parent(encloser)
	}
	n = z.names.get(wildcard(encloser))
	return n, n != nil
}

// cut returns the topmost zone cut at or above name, or nil. A question for DS
// at the cut itself belongs to the parent's side of it (RFC 4035 section
// 3.1.4.1). In a private zone NS RRsets are like all others: who wants another
// zone below it associates that with the VPC too (aws-behaviour 1.5).
func (z *Zone) cut(name string, qtype uint16) *node {
	if z.cuts == 0 || z.private {
		return nil
	}
	var topmost *node
	for at := name; at != z.name; at = parent(at) {
		if at == name && qtype == dns.TypeDS {
			continue
		}
		if n := z.names.get(at); n != nil && n.get(dns.TypeNS) != nil {
			topmost = n
		}
	}
	return topmost
}
