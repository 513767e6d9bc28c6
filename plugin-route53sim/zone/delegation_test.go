package zone

import (
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 3.1 "Delegation below apex", 3.3 rule 1, 3.12 check 2.
func TestDelegation(t *testing.T) {
	referral := []string{"del.example.org. 3600 IN NS ns1.del.example.org.", "del.example.org. 3600 IN NS ns.example.net."}
	glue := []string{"ns1.del.example.org. 60 IN A 192.0.2.53", "ns1.del.example.org. 60 IN AAAA 2001:db8::53"}
	v := compile(t, `
		del.example.org. 3600 NS ns1.del.example.org. | ns.example.net.
		del.example.org. 60 DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
		del.example.org. 60 A 192.0.2.66
		ns1.del.example.org. 60 A 192.0.2.53
		ns1.del.example.org. 60 AAAA 2001:db8::53
		inner.del.example.org. 60 NS ns.example.com.
		nods.example.org. 60 NS ns9.example.org.
		ns9.example.org. 60 A 192.0.2.9
		mx.example.org. 60 MX 1 ns1.del.example.org.
		*.example.org. 60 A 192.0.2.1`)
	runCases(t, v, []lookupCase{
		{name: "at the cut", qname: "del.example.org.", qtype: dns.TypeA, result: Delegation, ns: referral, extra: glue},
		{name: "NS at the cut", qname: "del.example.org.", qtype: dns.TypeNS, result: Delegation, ns: referral, extra: glue},
		{name: "ANY at the cut", qname: "del.example.org.", qtype: dns.TypeANY, all: true, result: Delegation, ns: referral, extra: glue},
		{name: "below the cut", qname: "x.del.example.org.", qtype: dns.TypeA, result: Delegation, ns: referral, extra: glue},
		{name: "at the glue", qname: "ns1.del.example.org.", qtype: dns.TypeA, result: Delegation, ns: referral, extra: glue},
		{name: "the topmost of two cuts", qname: "a.inner.del.example.org.", qtype: dns.TypeA, result: Delegation, ns: referral, extra: glue},
		{name: "case of the question is kept", qname: "X.DEL.example.org.", qtype: dns.TypeTXT, result: Delegation, extra: glue,
			ns: []string{"DEL.example.org. 3600 IN NS ns1.del.example.org.", "DEL.example.org. 3600 IN NS ns.example.net."}},
		{name: "DS at the cut is the parent's", qname: "del.example.org.", qtype: dns.TypeDS, result: Success, ns: authority,
			answer: []string{"del.example.org. 60 IN DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"}},
		{name: "no DS at the cut", qname: "nods.example.org.", qtype: dns.TypeDS, result: NoData, ns: negative},
		{name: "DS below the cut", qname: "x.del.example.org.", qtype: dns.TypeDS, result: Delegation, ns: referral, extra: glue},
		{name: "glue of a host beside the cut", qname: "nods.example.org.", qtype: dns.TypeA, result: Delegation,
			ns: []string{"nods.example.org. 60 IN NS ns9.example.org."}, extra: []string{"ns9.example.org. 60 IN A 192.0.2.9"}},
		{name: "what is below a cut is no additional data", qname: "mx.example.org.", qtype: dns.TypeMX, result: Success,
			answer: []string{"mx.example.org. 60 IN MX 1 ns1.del.example.org."}, ns: authority},
	})
}

// A child that is a hosted zone of its own answers for itself, but for DS.
func TestChildZoneHere(t *testing.T) {
	v := compile(t, `
		sub.example.org. 60 NS ns-52.awsdns-06.com.
		sub.example.org. 60 DS 1 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef`, func(r *rowsOf) {
		r.add(newTestZone("Z0SUBZONE00000000000", "sub.example.org."))
		r.line("Z0SUBZONE00000000000", "sub.example.org. 60 A 192.0.2.99")
	})
	a := v.Lookup(&Query{Name: "sub.example.org.", Type: dns.TypeA})
	if a.Result != Success || a.Zone != "sub.example.org." {
		t.Errorf("Lookup(sub.example.org., A) = %v from %q, want %v from the child", a.Result, a.Zone, Success)
	}
	a = v.Lookup(&Query{Name: "sub.example.org.", Type: dns.TypeDS})
	if a.Result != Success || a.Zone != "example.org." {
		t.Errorf("Lookup(sub.example.org., DS) = %v from %q, want %v from the parent", a.Result, a.Zone, Success)
	}
}
