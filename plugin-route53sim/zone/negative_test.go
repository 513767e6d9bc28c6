package zone

import (
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 3.1: negative answers carry the SOA, no NS; 3.3 rules 2 and 5.
func TestNegative(t *testing.T) {
	v := compile(t, `
		www.example.org. 300 A 192.0.2.1
		mail.example.org. 60 MX 10 mx.example.net.`)
	runCases(t, v, []lookupCase{
		{name: "no such name", qname: "nope.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "no such name below an existing one", qname: "a.www.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "no such type", qname: "www.example.org.", qtype: dns.TypeAAAA, result: NoData, ns: negative},
		{name: "no such type at the apex", qname: "example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "a type that does not exist", qname: "mail.example.org.", qtype: 65280, result: NoData, ns: negative},
		{name: "DS of the zone itself", qname: "example.org.", qtype: dns.TypeDS, result: NoData, ns: negative},
		{name: "another zone", qname: "example.net.", qtype: dns.TypeA, result: OutOfZone},
		{name: "the zone above", qname: "org.", qtype: dns.TypeSOA, result: OutOfZone},
		{name: "a name that ends in the zone's letters", qname: "badexample.org.", qtype: dns.TypeA, result: OutOfZone},
		{name: "an escaped dot is no boundary", qname: `a\.example.org.`, qtype: dns.TypeA, result: OutOfZone},
		{name: "case of the question is kept", qname: "Nope.eXample.ORG.", qtype: dns.TypeA, result: NameError,
			ns: []string{"eXample.ORG. 900 IN SOA ns-1867.awsdns-41.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
	})
}

// aws-behaviour 1.2: negative TTL = min(SOA TTL, minimum).
func TestNegativeTTL(t *testing.T) {
	for _, tc := range []struct {
		name, soa string
		want      uint32
	}{
		{"TTL below minimum", "900 SOA ns1.example.net. host.example.net. 7 7200 900 1209600 86400", 900},
		{"minimum below TTL", "900 SOA ns1.example.net. host.example.net. 7 7200 900 1209600 30", 30},
		{"zero", "0 SOA ns1.example.net. host.example.net. 7 7200 900 1209600 30", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := compile(t, "example.org. "+tc.soa)
			a := v.Lookup(&Query{Name: "nope.example.org.", Type: dns.TypeA})
			if got := a.Ns[0].Header().Ttl; got != tc.want {
				t.Errorf("negative TTL = %d, want %d", got, tc.want)
			}
			a = v.Lookup(&Query{Name: "example.org.", Type: dns.TypeSOA})
			if got := a.Answer[0].(*dns.SOA).Serial; got != 7 {
				t.Errorf("Lookup(example.org., SOA) has serial %d, want 7", got)
			}
		})
	}
}
