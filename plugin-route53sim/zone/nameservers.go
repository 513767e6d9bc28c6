package zone

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// servers are the DNS nodes that say where resolvers reach them: what the hosts
// of delegation sets are answered with. Every node answers for every zone, so
// that any of them may stand behind any host.
type servers struct {
	// v4 and v6 have an entry for each node with an address of the family, in
	// the order of the nodes' names, packed as [rrset.rdata].
	v4, v6 []string
}

// putNameServer notes that the row of a DNS node has changed; nil: there is
// none.
func (c *Compiler) putNameServer(key string, row *model.NameServer) {
	if row == nil {
		delete(c.nameServers, key)
	} else {
		c.nameServers[key] = row
	}
	rows := slices.SortedFunc(maps.Values(c.nameServers), func(a, b *model.NameServer) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), slices.CompareFunc(a.Addresses, b.Addresses, netip.Addr.Compare))
	})
	c.view.servers = servers{v4: packNodes(rows, netip.Addr.Is4), v6: packNodes(rows, netip.Addr.Is6)}
	c.view.stats.NameServers = len(rows)
}

// packNodes returns the addresses of one family by node, each address once.
func packNodes(rows []*model.NameServer, family func(netip.Addr) bool) []string {
	var nodes []string
	seen := make(map[netip.Addr]bool)
	for _, row := range rows {
		var b strings.Builder
		for _, a := range row.Addresses {
			if a = a.Unmap(); family(a) && !seen[a] {
				seen[a] = true
				packAddr(&b, a)
			}
		}
		if b.Len() > 0 {
			nodes = append(nodes, b.String())
		}
	}
	return nodes
}

// of returns the nodes with addresses of a type.
func (s *servers) of(qtype uint16) []string {
	switch qtype {
	case dns.TypeA:
		return s.v4
	case dns.TypeAAAA:
		return s.v6
	}
	return nil
}

// serverNumber returns the number of the host of a delegation set, as long as
// any node stands behind it.
func (v *View) serverNumber(name string) (int, bool) {
	if v.servers.v4 == nil && v.servers.v6 == nil {
		return 0, false
	}
	return model.ServerNumber(model.Name(name))
}

// turn returns with which of a number of nodes the answer for a host begins,
// and whether it then goes backwards. A delegation set has a host under each of
// four top-level names: they begin with different nodes, or, where there are
// too few, go different ways. Among more than four each has a quarter of them
// to begin in, and its number says where, so that over all sets every node is
// as often the first.
//
//	nodes  com   net   org   co.uk
//	1      a     a     a     a
//	2      a b   b a   a b   b a
//	3      abc   bca   cab   acb
//	8      a, b  c, d  e, f  g, h   the first, by number
func turn(number, nodes int) (first int, backwards bool) {
	const quarters = 4
	quarter, place := number/model.ServersPerTLD, number%model.ServersPerTLD
	if nodes < quarters {
		return quarter % nodes, quarter >= nodes && nodes > 2
	}
	begin, end := quarter*nodes/quarters, (quarter+1)*nodes/quarters
	return begin + place%(end-begin), false
}

// appendServers appends the addresses that the host with a number is answered
// with, at most maxAddresses. Their order is the same for everybody.
func (l *lookup) appendServers(dst []dns.RR, h dns.RR_Header, number int) []dns.RR {
	nodes := l.view.servers.of(h.Rrtype)
	if l.trace != nil {
		l.note(h.Name, h.Rrtype, "host of delegation sets, %d nodes", len(nodes))
	}
	if len(nodes) == 0 {
		return dst
	}
	h.Ttl = targetTTL
	most := len(dst) + maxAddresses
	first, backwards := turn(number, len(nodes))
	for i := 0; i < len(nodes) && len(dst) < most; i++ {
		at := first + i
		if backwards {
			at = first + len(nodes) - i
		}
		dst = appendInOrder(dst, h, nodes[at%len(nodes)])
	}
	return dst[:min(len(dst), most)]
}
