package model

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// ServersPerTLD is how many name servers Route 53 numbers under each of the
// four top-level names (aws-behaviour 1.2).
const ServersPerTLD = 512

var serverTLDs = [4]string{"com", "net", "org", "co.uk"}

// nameServer returns server n, in [0, 2047]: ns-936.awsdns-53.net.
func nameServer(n int) Name {
	tld := n / ServersPerTLD
	return Name(fmt.Sprintf("ns-%d.awsdns-%02d.%s.", n, n%ServersPerTLD/8, serverTLDs[tld]))
}

// PrivateNameServers returns the servers that every private zone lists.
func PrivateNameServers() []Name {
	return []Name{nameServer(1536), nameServer(0), nameServer(1024), nameServer(512)}
}

// DelegationServers returns four name servers, one under each top-level name,
// that depend on seed alone: a zone id, or the id of a delegation set.
func DelegationServers(seed string) []Name {
	sum := sha256.Sum256([]byte("delegation set " + seed))
	servers := make([]Name, len(serverTLDs))
	first := int(sum[8]) % len(servers)
	for i := range servers {
		tld := (first + i) % len(servers)
		n := int(binary.BigEndian.Uint16(sum[2*tld:])) % ServersPerTLD
		servers[i] = nameServer(tld*ServersPerTLD + n)
	}
	return servers
}

// DefaultNS returns the NS RRset that a new zone has at its apex.
func DefaultNS(z *Zone) *RRset {
	s := &RRset{Zone: z.ID, Name: z.Name, Type: "NS", TTL: 172800}
	for _, n := range z.NameServers {
		s.Values = append(s.Values, n.AWS())
	}
	return s
}

// DefaultSOA returns the SOA RRset that a new zone has at its apex.
func DefaultSOA(z *Zone) *RRset {
	v := fmt.Sprintf("%s awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", z.NameServers[0].AWS())
	return &RRset{Zone: z.ID, Name: z.Name, Type: "SOA", TTL: 900, Values: []string{v}}
}
