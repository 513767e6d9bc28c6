package zone

import (
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 2.8, 3.3 rule 4, 3.12 check 10.
func TestWildcard(t *testing.T) {
	v := compile(t, `
		*.x.example.org. 60 A 192.0.2.1
		y.x.example.org. 60 A 192.0.2.2
		w.x.example.org. 60 TXT "t"
		*.c.example.org. 60 CNAME y.x.example.org.
		*.deep.example.org. 60 A 192.0.2.3
		a.b.deep.example.org. 60 A 192.0.2.4
		lit.*.x.example.org. 60 A 192.0.2.5
		*prod.example.org. 60 A 192.0.2.6
		*.al.example.org. ALIAS A Z0EXAMPLE00000000000 y.x.example.org.`)
	runCases(t, v, []lookupCase{
		{name: "covers a name", qname: "q.x.example.org.", qtype: dns.TypeA, result: Success, wildcard: "*.x.example.org.",
			answer: []string{"q.x.example.org. 60 IN A 192.0.2.1"}, ns: authority},
		{name: "covers any depth", qname: "a.b.c.x.example.org.", qtype: dns.TypeA, result: Success, wildcard: "*.x.example.org.",
			answer: []string{"a.b.c.x.example.org. 60 IN A 192.0.2.1"}, ns: authority},
		{name: "not below an existing sibling", qname: "a.y.x.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "not a name that exists with another type", qname: "w.x.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "not its own parent", qname: "x.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "another type", qname: "q.x.example.org.", qtype: dns.TypeTXT, result: NoData, ns: negative, wildcard: "*.x.example.org."},
		{name: "asked for literally", qname: "*.x.example.org.", qtype: dns.TypeA, result: Success,
			answer: []string{"*.x.example.org. 60 IN A 192.0.2.1"}, ns: authority},
		{name: "a star below a star", qname: "lit.*.x.example.org.", qtype: dns.TypeA, result: Success,
			answer: []string{"lit.*.x.example.org. 60 IN A 192.0.2.5"}, ns: authority},
		{name: "below the star itself", qname: "other.*.x.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "a star that is part of a label is literal", qname: "myprod.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "that label asked for", qname: "*prod.example.org.", qtype: dns.TypeA, result: Success,
			answer: []string{"*prod.example.org. 60 IN A 192.0.2.6"}, ns: authority},
		{name: "blocked by an empty non-terminal", qname: "q.b.deep.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "beside an empty non-terminal", qname: "q.deep.example.org.", qtype: dns.TypeA, result: Success, wildcard: "*.deep.example.org.",
			answer: []string{"q.deep.example.org. 60 IN A 192.0.2.3"}, ns: authority},
		{name: "CNAME", qname: "q.c.example.org.", qtype: dns.TypeA, result: Success, wildcard: "*.c.example.org.", ns: authority,
			answer: []string{"q.c.example.org. 60 IN CNAME y.x.example.org.", "y.x.example.org. 60 IN A 192.0.2.2"}},
		{name: "alias", qname: "q.al.example.org.", qtype: dns.TypeA, result: Success, wildcard: "*.al.example.org.", ns: authority,
			answer: []string{"q.al.example.org. 60 IN A 192.0.2.2"}},
	})
}

// A wildcard right below the apex covers the zone, but not the apex.
func TestWildcardAtApex(t *testing.T) {
	v := compile(t, "*.example.org. 60 TXT \"any\"\nwww.example.org. 60 A 192.0.2.1")
	runCases(t, v, []lookupCase{
		{name: "covered", qname: "a.b.example.org.", qtype: dns.TypeTXT, result: Success, wildcard: "*.example.org.",
			answer: []string{`a.b.example.org. 60 IN TXT "any"`}, ns: authority},
		{name: "apex", qname: "example.org.", qtype: dns.TypeTXT, result: NoData, ns: negative},
		{name: "below an existing name", qname: "a.www.example.org.", qtype: dns.TypeTXT, result: NameError, ns: negative},
	})
}
