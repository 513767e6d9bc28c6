package zone

import (
	"testing"

	"github.com/miekg/dns"
)

// FuzzLookup asks a fixed zone anything. What comes back must be well formed
// for its result, and fit on the wire.
func FuzzLookup(f *testing.F) {
	v := compile(f, `
		example.org. ALIAS A Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.
		www.example.org. 60 A 192.0.2.1
		a.b.c.example.org. 60 CNAME www.example.org.
		*.w.example.org. 60 MX 1 www.example.org.
		del.example.org. 60 NS ns.del.example.org.
		ns.del.example.org. 60 A 192.0.2.2
		l.example.org. ALIAS A Z0EXAMPLE00000000000 l.example.org.`,
		endpoint(distribution, "edge-1", false, "192.0.2.10"))
	for _, name := range []string{"www.example.org.", "X.y.W.example.org.", "", ".", "..", `\.`, `a\`, "d111111abcdef8.cloudfront.net.", "del.example.org", "\xff.example.org."} {
		f.Add(name, uint16(dns.TypeA), false, uint64(1))
	}
	f.Fuzz(func(t *testing.T, name string, qtype uint16, all bool, random uint64) {
		a := v.Lookup(&Query{Name: name, Type: qtype, All: all, Random: random})
		checkShape(t, a)
		m := &dns.Msg{Answer: a.Answer, Ns: a.Ns, Extra: a.Extra}
		if _, ok := dns.IsDomainName(name); !ok || len(name) > 255 {
			return // no such question arrives
		}
		if _, err := m.Pack(); err != nil {
			t.Errorf("Lookup(%q, %d) does not pack: %v", name, qtype, err)
		}
	})
}

func checkShape(t *testing.T, a *Answer) {
	t.Helper()
	soa := len(a.Ns) == 1 && a.Ns[0].Header().Rrtype == dns.TypeSOA
	sections := len(a.Answer) + len(a.Ns) + len(a.Extra)
	ok := false
	switch a.Result {
	case OutOfZone, ServerFailure:
		ok = sections == 0
	case Success:
		ok = len(a.Answer) > 0 && !soa
	case NoData, NameError:
		ok = soa && len(a.Extra) == 0
	case Delegation:
		ok = len(a.Answer) == 0 && len(a.Ns) > 0 && a.Ns[0].Header().Rrtype == dns.TypeNS
	}
	if !ok {
		t.Errorf("sections of %v: %v", a.Result, a)
	}
}
