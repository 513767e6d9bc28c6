package zone

import (
	"slices"
	"testing"

	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// A transfer knows no policies: all members' records, the records that an
// alias leads to, one CNAME.
func TestTransfer(t *testing.T) {
	v := compile(t, `
		b.example.org. 300 A 192.0.2.1 | 192.0.2.2
		a.b.example.org. ALIAS A Z0EXAMPLE00000000000 b.example.org.
		cf.example.org. ALIAS A Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.
		dead.example.org. ALIAS A Z2FDTNDATAQYW2 d000000000000.cloudfront.net.
		loop.example.org. ALIAS A Z0EXAMPLE00000000000 loop.example.org.
		up.example.org. ALIAS A Z0EXAMPLE00000000000 f.example.org.`,
		endpoint(distribution, "edge-1", false, "192.0.2.10"),
		routed("w.example.org. 60 A 192.0.2.5 | 192.0.2.6", "one", weight(3)),
		routed("w.example.org. 60 A 192.0.2.6", "two", weight(0)),
		routed("f.example.org. 90 A 192.0.2.7", "p", failover(model.FailoverPrimary, false)),
		routed("f.example.org. ALIAS A Z0EXAMPLE00000000000 b.example.org.", "s", failover(model.FailoverSecondary, true)),
		routed("c.example.org. 60 CNAME one.example.net.", "a", weight(0)),
		routed("c.example.org. 60 CNAME two.example.net.", "b", weight(1)))
	soa, sets := v.Transfer("Example.org.")
	if soa == nil {
		t.Fatal("Transfer(example.org.) has no SOA")
	}
	var got []dns.RR
	owner := ""
	for rrs := range sets {
		got = append(got, rrs...)
		if name := rrs[0].Header().Name; name != "example.org." && name < owner {
			t.Errorf("%s comes after %s", name, owner)
		} else if name != "example.org." {
			owner = name
		}
	}
	want := parsed(t, append(slices.Clone(authority),
		"b.example.org. 300 IN A 192.0.2.1", "b.example.org. 300 IN A 192.0.2.2",
		"a.b.example.org. 300 IN A 192.0.2.1", "a.b.example.org. 300 IN A 192.0.2.2",
		"cf.example.org. 60 IN A 192.0.2.10",
		"w.example.org. 60 IN A 192.0.2.5", "w.example.org. 60 IN A 192.0.2.6",
		"f.example.org. 90 IN A 192.0.2.7", "f.example.org. 90 IN A 192.0.2.1", "f.example.org. 90 IN A 192.0.2.2",
		"up.example.org. 90 IN A 192.0.2.7", "up.example.org. 90 IN A 192.0.2.1", "up.example.org. 90 IN A 192.0.2.2",
		"c.example.org. 60 IN CNAME one.example.net."))
	if g := texts(got); !slices.Equal(g, want) {
		t.Errorf("Transfer(example.org.) = %q, want %q", g, want)
	}
	for range sets {
		break // a reader may stop
	}
	for _, name := range []string{"b.example.org.", "org.", "", "example.com."} {
		if soa, _ := v.Transfer(name); soa != nil {
			t.Errorf("Transfer(%q) = %v, want no zone", name, soa)
		}
	}
}

func TestHolds(t *testing.T) {
	v := compile(t, "", endpoint(distribution, "edge-1", false, "192.0.2.10"))
	for name, want := range map[string]bool{
		"example.org.": true, "X.Example.org.": true, distribution: true,
		"org.": false, "x." + distribution: false, "": false,
	} {
		if got := v.Holds(nil, name); got != want {
			t.Errorf("Holds(%q) = %v, want %v", name, got, want)
		}
	}
	if z := v.ZoneOf(nil, "x.Example.org."); z.ID() != testZone || z.Name() != "example.org." {
		t.Errorf("ZoneOf(x.Example.org.) = %q %q, want %q", z.ID(), z.Name(), testZone)
	}
	if z := v.ZoneOf(nil, "org."); z.ID() != "" || z.Name() != "" {
		t.Errorf("ZoneOf(org.) = %q %q, want none", z.ID(), z.Name())
	}
}
