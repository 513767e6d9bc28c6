package zone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 3.6.
func TestAlias(t *testing.T) {
	v := compile(t, `
		example.org. ALIAS A Z0EXAMPLE00000000000 www.example.org.
		www.example.org. 30 A 192.0.2.1 | 192.0.2.2
		www.example.org. 30 AAAA 2001:db8::1
		two.example.org. ALIAS A Z0EXAMPLE00000000000 example.org.
		cn.example.org. ALIAS CNAME Z0EXAMPLE00000000000 real.example.org.
		real.example.org. 45 CNAME host.example.net.
		w.example.org. ALIAS A Z0EXAMPLE00000000000 *.wild.example.org.
		*.wild.example.org. 60 A 192.0.2.7
		covered.example.org. ALIAS A Z0EXAMPLE00000000000 q.wild.example.org.
		gone.example.org. ALIAS A Z0EXAMPLE00000000000 nope.example.org.
		notype.example.org. ALIAS TXT Z0EXAMPLE00000000000 www.example.org.
		outside.example.org. ALIAS A Z0EXAMPLE00000000000 www.example.net.
		mx.example.org. 60 MX 1 two.example.org.
		l1.example.org. ALIAS A Z0EXAMPLE00000000000 l2.example.org.
		l2.example.org. ALIAS A Z0EXAMPLE00000000000 l3.example.org.
		l3.example.org. ALIAS A Z0EXAMPLE00000000000 l2.example.org.
		self.example.org. ALIAS A Z0EXAMPLE00000000000 self.example.org.`)
	runCases(t, v, []lookupCase{
		{name: "at the apex, TTL of the target", qname: "example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"example.org. 30 IN A 192.0.2.1", "example.org. 30 IN A 192.0.2.2"}},
		{name: "of an alias", qname: "two.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"two.example.org. 30 IN A 192.0.2.1", "two.example.org. 30 IN A 192.0.2.2"}},
		{name: "another type than the alias has", qname: "example.org.", qtype: dns.TypeAAAA, result: NoData, ns: negative},
		{name: "CNAME to an in-zone CNAME", qname: "cn.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"cn.example.org. 45 IN CNAME host.example.net."}},
		{name: "to a wildcard's own name", qname: "w.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"w.example.org. 60 IN A 192.0.2.7"}},
		{name: "to what only a wildcard covers", qname: "covered.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "to a missing name", qname: "gone.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "to a missing type", qname: "notype.example.org.", qtype: dns.TypeTXT, result: NoData, ns: negative},
		{name: "to a name outside the zone", qname: "outside.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "as additional data", qname: "mx.example.org.", qtype: dns.TypeMX, result: Success, ns: authority,
			answer: []string{"mx.example.org. 60 IN MX 1 two.example.org."},
			extra:  []string{"two.example.org. 30 IN A 192.0.2.1", "two.example.org. 30 IN A 192.0.2.2"}},
		{name: "into a loop", qname: "l1.example.org.", qtype: dns.TypeA, result: ServerFailure},
		{name: "to itself", qname: "self.example.org.", qtype: dns.TypeA, result: ServerFailure},
	})
}

// aws-behaviour 3.6: chains of any depth.
func TestAliasDepth(t *testing.T) {
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "a%d.example.org. ALIAS A %s a%d.example.org.\n", i, testZone, i+1)
	}
	text.WriteString("a500.example.org. 77 A 192.0.2.1\n")
	runCases(t, compile(t, text.String()), []lookupCase{
		{name: "500 deep", qname: "a0.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"a0.example.org. 77 IN A 192.0.2.1"}},
	})
}
