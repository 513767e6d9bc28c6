package zone

import (
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 3.1 and 3.3 rule 2.
func TestPositive(t *testing.T) {
	v := compile(t, `
		example.org. 300 A 192.0.2.1
		example.org. 60 MX 10 mail.example.org. | 20 mx.example.net.
		mail.example.org. 60 A 192.0.2.25
		mail.example.org. 60 AAAA 2001:db8::25
		www.example.org. 0 A 192.0.2.1 | 192.0.2.2
		_sip._tcp.example.org. 60 SRV 1 2 5060 mail.example.org.
		svc.example.org. 60 HTTPS 1 . alpn="h2"
		svc.example.org. 60 A 192.0.2.44
		\052odd.example.org. 60 TXT "a b" "C;d"
		ptr.example.org. 60 PTR host.example.net.`)
	runCases(t, v, []lookupCase{
		{name: "address", qname: "example.org.", qtype: dns.TypeA, result: Success,
			answer: []string{"example.org. 300 IN A 192.0.2.1"}, ns: authority},
		{name: "several values, TTL 0", qname: "www.example.org.", qtype: dns.TypeA, result: Success,
			answer: []string{"www.example.org. 0 IN A 192.0.2.1", "www.example.org. 0 IN A 192.0.2.2"}, ns: authority},
		{name: "case of the question is kept", qname: "wWw.Example.org.", qtype: dns.TypeA, result: Success,
			answer: []string{"wWw.Example.org. 0 IN A 192.0.2.1", "wWw.Example.org. 0 IN A 192.0.2.2"},
			ns: []string{
				"Example.org. 172800 IN NS ns-1464.awsdns-55.org.", "Example.org. 172800 IN NS ns-1867.awsdns-41.co.uk.",
				"Example.org. 172800 IN NS ns-52.awsdns-06.com.", "Example.org. 172800 IN NS ns-936.awsdns-53.net.",
			}},
		{name: "MX with an in-zone host", qname: "example.org.", qtype: dns.TypeMX, result: Success,
			answer: []string{"example.org. 60 IN MX 10 mail.example.org.", "example.org. 60 IN MX 20 mx.example.net."}, ns: authority,
			extra: []string{"mail.example.org. 60 IN A 192.0.2.25", "mail.example.org. 60 IN AAAA 2001:db8::25"}},
		{name: "SRV with an in-zone host", qname: "_sip._tcp.example.org.", qtype: dns.TypeSRV, result: Success,
			answer: []string{"_sip._tcp.example.org. 60 IN SRV 1 2 5060 mail.example.org."}, ns: authority,
			extra: []string{"mail.example.org. 60 IN A 192.0.2.25", "mail.example.org. 60 IN AAAA 2001:db8::25"}},
		{name: "HTTPS at its own host", qname: "svc.example.org.", qtype: dns.TypeHTTPS, result: Success,
			answer: []string{`svc.example.org. 60 IN HTTPS 1 . alpn="h2"`}, ns: authority,
			extra: []string{"svc.example.org. 60 IN A 192.0.2.44"}},
		{name: "TXT of several strings", qname: "*odd.example.org.", qtype: dns.TypeTXT, result: Success,
			answer: []string{`*odd.example.org. 60 IN TXT "a b" "C;d"`}, ns: authority},
		{name: "PTR adds nothing", qname: "ptr.example.org.", qtype: dns.TypePTR, result: Success,
			answer: []string{"ptr.example.org. 60 IN PTR host.example.net."}, ns: authority},
		{name: "apex NS are the answer, not repeated", qname: "example.org.", qtype: dns.TypeNS, result: Success, answer: authority},
		{name: "apex SOA made up where there is none", qname: "example.org.", qtype: dns.TypeSOA, result: Success, answer: negative, ns: authority},
	})
}

// aws-behaviour 3.1: name servers inside the zone (white label) come with their
// addresses.
func TestWhiteLabelServers(t *testing.T) {
	v := compile(t, `
		example.org. 60 NS ns2.example.org. | ns1.example.org.
		ns1.example.org. 60 A 192.0.2.53
		ns2.example.org. 60 AAAA 2001:db8::53
		www.example.org. 60 A 192.0.2.1`)
	a := v.Lookup(&Query{Name: "www.example.org.", Type: dns.TypeA})
	var hosts []string
	for _, rr := range a.Ns {
		hosts = append(hosts, rr.(*dns.NS).Ns)
	}
	if want := []string{"ns1.example.org.", "ns2.example.org."}; !slices.Equal(hosts, want) {
		t.Errorf("authority = %v, want %v, sorted by host", hosts, want)
	}
	want := parsed(t, []string{"ns1.example.org. 60 IN A 192.0.2.53", "ns2.example.org. 60 IN AAAA 2001:db8::53"})
	if got := texts(a.Extra); !slices.Equal(got, want) {
		t.Errorf("additional = %v, want %v", got, want)
	}
}

// aws-behaviour 3.1: the order of values is random; every rotation comes up.
func TestRotation(t *testing.T) {
	v := compile(t, "www.example.org. 60 A 192.0.2.1 | 192.0.2.2 | 192.0.2.3\ntxt.example.org. 60 TXT \"a\" | \"bb\" | \"ccc\"")
	for _, q := range []Query{{Name: "www.example.org.", Type: dns.TypeA}, {Name: "txt.example.org.", Type: dns.TypeTXT}} {
		first := map[string]int{}
		for random := range uint64(300) {
			q.Random = random
			a := v.Lookup(&q)
			if len(a.Answer) != 3 {
				t.Fatalf("Lookup(%q) has %d answers, want 3", q.Name, len(a.Answer))
			}
			first[a.Answer[0].String()]++
		}
		for rr, n := range first {
			if len(first) != 3 || n < 50 {
				t.Errorf("Lookup(%q): %d of 300 begin with %q, want about a third for each of 3", q.Name, n, rr)
			}
		}
	}
}

// Answers are the caller's: changing one must not show in the next.
func TestAnswersAreCopies(t *testing.T) {
	v := compile(t, "example.org. 60 MX 10 mail.example.org.\nmail.example.org. 60 A 192.0.2.25")
	q := Query{Name: "example.org.", Type: dns.TypeMX}
	first := v.Lookup(&q)
	want := append(append(texts(first.Answer), texts(first.Ns)...), texts(first.Extra)...)
	for _, section := range [][]dns.RR{first.Answer, first.Ns, first.Extra} {
		for _, rr := range section {
			rr.Header().Ttl, rr.Header().Name = 1, "changed."
			switch rr := rr.(type) {
			case *dns.A:
				rr.A[0] = 9
			case *dns.NS:
				rr.Ns = "changed."
			case *dns.MX:
				rr.Mx = "changed."
			}
		}
	}
	again := v.Lookup(&q)
	if got := append(append(texts(again.Answer), texts(again.Ns)...), texts(again.Extra)...); !slices.Equal(got, want) {
		t.Errorf("after changing an answer, Lookup = %v, want %v", got, want)
	}
}

// aws-behaviour 3.1, RFC 8482: ANY is one RRset, or all where asked.
func TestAny(t *testing.T) {
	v := compile(t, `
		www.example.org. 60 TXT "x"
		www.example.org. 60 A 192.0.2.1
		www.example.org. 60 AAAA 2001:db8::1
		c.example.org. 60 CNAME www.example.org.
		a.b.example.org. 60 A 192.0.2.2`)
	runCases(t, v, []lookupCase{
		{name: "one", qname: "www.example.org.", qtype: dns.TypeANY, result: Success,
			answer: []string{"www.example.org. 60 IN A 192.0.2.1"}, ns: authority},
		{name: "all", qname: "www.example.org.", qtype: dns.TypeANY, all: true, result: Success, ns: authority,
			answer: []string{"www.example.org. 60 IN A 192.0.2.1", "www.example.org. 60 IN AAAA 2001:db8::1", `www.example.org. 60 IN TXT "x"`}},
		{name: "a CNAME is not followed", qname: "c.example.org.", qtype: dns.TypeANY, all: true, result: Success,
			answer: []string{"c.example.org. 60 IN CNAME www.example.org."}, ns: authority},
		{name: "empty non-terminal", qname: "b.example.org.", qtype: dns.TypeANY, result: NoData, ns: negative},
		{name: "no such name", qname: "x.example.org.", qtype: dns.TypeANY, result: NameError, ns: negative},
	})
}
