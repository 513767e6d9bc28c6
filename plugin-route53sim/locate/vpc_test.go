package locate

import (
	"net/netip"
	"strings"
	"testing"
)

// newVPCs returns a table of lines `ID REGION BLOCK...`.
func newVPCs(t testing.TB, lines ...string) *VPCs {
	t.Helper()
	table, err := NewVPCs(vpcList(lines...))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func vpcList(lines ...string) []VPC {
	var list []VPC
	for _, line := range lines {
		f := strings.Fields(line)
		v := VPC{ID: f[0], Region: f[1]}
		for _, block := range f[2:] {
			p, _ := netip.ParsePrefix(block)
			v.Blocks = append(v.Blocks, p)
		}
		list = append(list, v)
	}
	return list
}

// aws-behaviour 0.4: a query is attributed to at most one VPC, by source
// prefix.
func TestVPC(t *testing.T) {
	vpcs := newVPCs(t, "vpc-1 eu-west-3 10.0.0.0/8 2001:db8:1::/48", "vpc-2 us-west-2 10.1.0.0/16", "vpc-3 us-west-2 10.1.1.1/32")
	l, err := New(Config{VPCs: vpcs})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, source, want string }{
		{"inside", "10.0.0.7", "vpc-1"},
		{"longer block", "10.1.0.7", "vpc-2"},
		{"single address", "10.1.1.1", "vpc-3"},
		{"IPv6", "2001:db8:1::7", "vpc-1"},
		{"IPv4-mapped", "::ffff:10.1.0.7", "vpc-2"},
		{"IPv6 with a zone", "2001:db8:1::7%eth0", "vpc-1"},
		{"outside", "192.0.2.1", ""},
		{"IPv6 outside", "2001:db8:2::7", ""},
		{"no address", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source, _ := netip.ParseAddr(tc.source)
			got := ""
			if v := l.VPC(source); v != nil {
				got = v.ID
			}
			if got != tc.want {
				t.Errorf("VPC(%q) = %q, want %q", tc.source, got, tc.want)
			}
		})
	}
	none, _ := New(Config{})
	if v := none.VPC(netip.MustParseAddr("10.0.0.7")); v != nil {
		t.Errorf("VPC without any = %v, want nil", v)
	}
}

func TestVPCFaults(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		lines      []string
	}{
		{"Region", `unknown Region "mars-1"`, []string{"vpc-1 mars-1 10.0.0.0/8"}},
		{"no block", "vpc-1 has no CIDR block", []string{"vpc-1 eu-west-3"}},
		{"not a block", "is not a CIDR block", []string{"vpc-1 eu-west-3 nonsense"}},
		{"bits beyond the prefix", "10.0.0.1/8 is not a CIDR block", []string{"vpc-1 eu-west-3 10.0.0.1/8"}},
		{"IPv4-mapped", "give it as IPv4", []string{"vpc-1 eu-west-3 ::ffff:10.0.0.0/104"}},
		{"id twice", "vpc-1 stands twice", []string{"vpc-1 eu-west-3 10.0.0.0/8", "vpc-1 eu-west-3 172.16.0.0/12"}},
		{"block of two", "10.0.0.0/8 is also that of vpc vpc-1", []string{"vpc-1 eu-west-3 10.0.0.0/8", "vpc-2 eu-west-3 10.0.0.0/8"}},
		{"block twice", "10.0.0.0/8 is also that of vpc vpc-1", []string{"vpc-1 eu-west-3 10.0.0.0/8 10.0.0.0/8"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if table, err := NewVPCs(vpcList(tc.lines...)); err == nil || !strings.Contains(err.Error(), tc.want) || table != nil {
				t.Errorf("NewVPCs = %v, %v, want nil and an error with %q", table, err, tc.want)
			}
		})
	}
}

// aws-behaviour 3.5: latency in a private zone goes by the VPC's Region; 3.8:
// ECS is ignored there. Elsewhere the client is placed as the resolver of its
// VPC is, unless the query has ECS.
func TestInVPC(t *testing.T) {
	latency, err := ParseLatency("latency", strings.NewReader("us-west-2 us-east-1 61\n10.0.0.0/8 eu-west-1 7"))
	if err != nil {
		t.Fatal(err)
	}
	geoip, err := NewGeoIP(cityDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(Config{Region: "eu-west-3", Latency: latency, GeoIP: geoip, VPCs: newVPCs(t, "vpc-1 us-west-2 10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	source := netip.MustParseAddr("10.0.0.7")
	want := "10.0.0.7/32 (address) at 45.84,-119.70 near us-west-2 (vpc), country US, subdivision OR, continent NA"
	var c Client
	l.FindInVPC(&c, source, l.VPC(source))
	if c.String() != want {
		t.Errorf("FindInVPC(vpc-1) = %s, want %s", c.String(), want)
	}
	if ms := c.Milliseconds(region(t, "us-east-1")); ms != 61 {
		t.Errorf("FindInVPC(vpc-1).Milliseconds(us-east-1) = %v, want 61", ms)
	}
	if c := l.Locate(source, ECS{}); c.String() != want {
		t.Errorf("Locate from inside vpc-1 = %s, want %s", c.String(), want)
	}
	ecs, err := NewECS(netip.MustParsePrefix("192.0.2.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	if c := l.Locate(source, ecs); c.Country != "FR" {
		t.Errorf("Locate from inside vpc-1 with ECS = %s, want country FR", c.String())
	}
}
