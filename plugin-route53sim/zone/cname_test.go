package zone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 3.1 "In-zone CNAME", "Chain ending in-zone without data",
// "CNAME across two hosted zones"; 3.12 check 1.
func TestCNAME(t *testing.T) {
	v := compile(t, `
		example.org. 300 A 192.0.2.1
		www.example.org. 60 CNAME example.org.
		a.example.org. 60 CNAME b.example.org.
		b.example.org. 61 CNAME www.example.org.
		out.example.org. 60 CNAME host.example.net.
		viaout.example.org. 60 CNAME out.example.org.
		dead.example.org. 60 CNAME nope.example.org.
		notype.example.org. 60 CNAME example.org.
		loop1.example.org. 60 CNAME loop2.example.org.
		loop2.example.org. 60 CNAME loop1.example.org.
		self.example.org. 60 CNAME self.example.org.
		cross.example.org. 60 CNAME www.sub.example.org.
		tocut.example.org. 60 CNAME www.del.example.org.
		del.example.org. 60 NS ns.example.net.
		wild.example.org. 60 CNAME q.w.example.org.
		*.w.example.org. 60 A 192.0.2.7`, func(r *rowsOf) {
		r.add(newTestZone("Z0SUBZONE00000000000", "sub.example.org."))
		r.line("Z0SUBZONE00000000000", "www.sub.example.org. 60 A 192.0.2.99")
	})
	runCases(t, v, []lookupCase{
		{name: "to the apex", qname: "www.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"www.example.org. 60 IN CNAME example.org.", "example.org. 300 IN A 192.0.2.1"}},
		{name: "several hops", qname: "A.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"A.example.org. 60 IN CNAME b.example.org.", "b.example.org. 61 IN CNAME www.example.org.",
				"www.example.org. 60 IN CNAME example.org.", "example.org. 300 IN A 192.0.2.1"}},
		{name: "asked for itself", qname: "a.example.org.", qtype: dns.TypeCNAME, result: Success, ns: authority,
			answer: []string{"a.example.org. 60 IN CNAME b.example.org."}},
		{name: "out of the zone", qname: "out.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"out.example.org. 60 IN CNAME host.example.net."}},
		{name: "out of the zone after a hop", qname: "viaout.example.org.", qtype: dns.TypeAAAA, result: Success, ns: authority,
			answer: []string{"viaout.example.org. 60 IN CNAME out.example.org.", "out.example.org. 60 IN CNAME host.example.net."}},
		{name: "to a missing name", qname: "dead.example.org.", qtype: dns.TypeA, result: NameError, ns: negative,
			answer: []string{"dead.example.org. 60 IN CNAME nope.example.org."}},
		{name: "to a missing type", qname: "notype.example.org.", qtype: dns.TypeAAAA, result: NoData, ns: negative,
			answer: []string{"notype.example.org. 60 IN CNAME example.org."}},
		{name: "loop of two", qname: "loop1.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"loop1.example.org. 60 IN CNAME loop2.example.org.", "loop2.example.org. 60 IN CNAME loop1.example.org."}},
		{name: "loop of one", qname: "self.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"self.example.org. 60 IN CNAME self.example.org."}},
		{name: "into another hosted zone", qname: "cross.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"cross.example.org. 60 IN CNAME www.sub.example.org."}},
		{name: "below a zone cut", qname: "tocut.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"tocut.example.org. 60 IN CNAME www.del.example.org."}},
		{name: "to what a wildcard covers", qname: "wild.example.org.", qtype: dns.TypeA, result: Success, ns: authority, wildcard: "*.w.example.org.",
			answer: []string{"wild.example.org. 60 IN CNAME q.w.example.org.", "q.w.example.org. 60 IN A 192.0.2.7"}},
	})
}

// A chain longer than the bound is handed out as far as it was followed.
func TestCNAMEChainIsBounded(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "c%d.example.org. 60 CNAME c%d.example.org.\n", i, i+1)
	}
	a := compile(t, text.String()).Lookup(&Query{Name: "c0.example.org.", Type: dns.TypeA})
	if a.Result != Success || len(a.Answer) != maxChain+1 {
		t.Errorf("Lookup of a chain of 100 = %v with %d CNAMEs, want %v with %d", a.Result, len(a.Answer), Success, maxChain+1)
	}
}
