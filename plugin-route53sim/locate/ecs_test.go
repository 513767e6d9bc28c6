package locate

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/miekg/dns"
)

// aws-behaviour 3.8; RFC 7871 section 6.
func TestParseECSData(t *testing.T) {
	tests := []struct {
		name   string
		data   []byte
		want   string // "" for none
		sent   bool
		failed bool
	}{
		{name: "IPv4 /24", data: []byte{0, 1, 24, 0, 192, 0, 2}, want: "192.0.2.0/24", sent: true},
		{name: "IPv4 /32", data: []byte{0, 1, 32, 0, 192, 0, 2, 7}, want: "192.0.2.7/32", sent: true},
		{name: "IPv4 /20", data: []byte{0, 1, 20, 0, 192, 0, 0}, want: "192.0.0.0/20", sent: true},
		{name: "IPv4 /0", data: []byte{0, 1, 0, 0}, sent: true},
		{name: "IPv6 /32", data: []byte{0, 2, 32, 0, 0x20, 1, 0xd, 0xb8}, want: "2001:db8::/32", sent: true},
		{name: "IPv6 /0", data: []byte{0, 2, 0, 0}, sent: true},
		{name: "family 0 and /0", data: []byte{0, 0, 0, 0}, sent: true},
		{name: "empty", failed: true},
		{name: "short", data: []byte{0, 1, 24}, failed: true},
		{name: "family 0 and /8", data: []byte{0, 0, 8, 0, 10}, failed: true},
		{name: "family 3", data: []byte{0, 3, 8, 0, 10}, failed: true},
		{name: "scope in a query", data: []byte{0, 1, 24, 24, 192, 0, 2}, failed: true},
		{name: "IPv4 /33", data: []byte{0, 1, 33, 0, 192, 0, 2, 0, 0}, failed: true},
		{name: "IPv6 /129", data: append([]byte{0, 2, 129, 0}, make([]byte, 17)...), failed: true},
		{name: "too few octets", data: []byte{0, 1, 24, 0, 192, 0}, failed: true},
		{name: "too many octets", data: []byte{0, 1, 24, 0, 192, 0, 2, 0}, failed: true},
		{name: "bits beyond the prefix", data: []byte{0, 1, 20, 0, 192, 0, 2}, failed: true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseECSData(tc.data)
			if failed := err != nil; failed != tc.failed {
				t.Fatalf("ParseECSData(%v) error = %v, want error %v", tc.data, err, tc.failed)
			}
			if err != nil && !errors.Is(err, ErrMalformedECS) {
				t.Errorf("ParseECSData(%v) error = %v, want one that wraps ErrMalformedECS", tc.data, err)
			}
			if p, ok := got.Prefix(); ok != (tc.want != "") || ok && p.String() != tc.want {
				t.Errorf("ParseECSData(%v).Prefix() = %v, %v, want %q", tc.data, p, ok, tc.want)
			}
			if got.Sent() != tc.sent {
				t.Errorf("ParseECSData(%v).Sent() = %v, want %v", tc.data, got.Sent(), tc.sent)
			}
		})
	}
}

// subnet returns the option as it arrives in a message.
func subnet(t *testing.T, prefix string, scope uint8) *dns.EDNS0_SUBNET {
	t.Helper()
	p := netip.MustParsePrefix(prefix)
	o := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(p.Bits()), SourceScope: scope, Address: net.IP(p.Addr().AsSlice()).To16()}
	if p.Addr().Is6() {
		o.Family = 2
	}
	return o
}

func TestParseECSOfMessage(t *testing.T) {
	v4, v6 := subnet(t, "192.0.2.0/24", 0), subnet(t, "2001:db8::/56", 0)
	tests := []struct {
		name   string
		opt    *dns.OPT
		want   string
		failed bool
	}{
		{name: "no OPT", want: "-"},
		{name: "OPT without the option", opt: &dns.OPT{Option: []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}}}, want: "-"},
		{name: "IPv4", opt: &dns.OPT{Option: []dns.EDNS0{v4}}, want: "192.0.2.0/24"},
		{name: "IPv6 after a cookie", opt: &dns.OPT{Option: []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE}, v6}}, want: "2001:db8::/56"},
		{name: "twice", opt: &dns.OPT{Option: []dns.EDNS0{v4, v6}}, failed: true},
		{name: "scope", opt: &dns.OPT{Option: []dns.EDNS0{subnet(t, "192.0.2.0/24", 16)}}, failed: true},
		{name: "bits beyond the prefix", opt: &dns.OPT{Option: []dns.EDNS0{subnet(t, "192.0.2.1/24", 0)}}, failed: true},
		{name: "no address", opt: &dns.OPT{Option: []dns.EDNS0{&dns.EDNS0_SUBNET{Family: 1, SourceNetmask: 24}}}, failed: true},
		{name: "family 7", opt: &dns.OPT{Option: []dns.EDNS0{&dns.EDNS0_SUBNET{Family: 7}}}, failed: true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseECS(tc.opt)
			if failed := err != nil; failed != tc.failed {
				t.Fatalf("ParseECS(%v) error = %v, want error %v", tc.opt, err, tc.failed)
			}
			if err == nil && got.String() != tc.want {
				t.Errorf("ParseECS(%v) = %v, want %s", tc.opt, got, tc.want)
			}
		})
	}
}

// aws-behaviour 3.8: same family and prefix echoed, never a scope beyond the
// source prefix, 0 for /0.
func TestECSReply(t *testing.T) {
	tests := []struct {
		name  string
		data  []byte
		bits  int
		want  string
		scope uint8
	}{
		{"matched block shorter than source", []byte{0, 1, 24, 0, 192, 0, 2}, 16, "192.0.2.0/24/16", 16},
		{"source length", []byte{0, 1, 24, 0, 192, 0, 2}, 24, "192.0.2.0/24/24", 24},
		{"longer than source", []byte{0, 1, 20, 0, 192, 0, 0}, 24, "192.0.0.0/20/20", 20},
		{"client independent", []byte{0, 1, 24, 0, 192, 0, 2}, 0, "192.0.2.0/24/0", 0},
		{"IPv6", []byte{0, 2, 32, 0, 0x20, 1, 0xd, 0xb8}, 32, "[2001:db8::]/32/32", 32},
		{"IPv4 /0", []byte{0, 1, 0, 0}, 32, "0.0.0.0/0/0", 0},
		{"IPv6 /0", []byte{0, 2, 0, 0}, 64, "[::]/0/0", 0},
		{"family 0", []byte{0, 0, 0, 0}, 32, "0.0.0.0/0/0", 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			ecs, err := ParseECSData(tc.data)
			if err != nil {
				t.Fatal(err)
			}
			got := ecs.Reply(tc.bits)
			if got.String() != tc.want || got.SourceScope != tc.scope {
				t.Errorf("Reply(%d) = %v, want %s", tc.bits, got, tc.want)
			}
			if want := uint16(tc.data[1]); got.Family != want {
				t.Errorf("Reply(%d).Family = %d, want %d", tc.bits, got.Family, want)
			}
		})
	}
	t.Run("none sent", func(t *testing.T) {
		if got := (ECS{}).Reply(24); got != nil {
			t.Errorf("Reply(24) = %v, want none", got)
		}
	})
}

// FuzzParseECSData: what is accepted packs to the same bytes again, is read
// the same through miekg/dns, and its reply can be packed.
func FuzzParseECSData(f *testing.F) {
	f.Add([]byte{0, 1, 24, 0, 192, 0, 2})
	f.Add([]byte{0, 2, 32, 0, 0x20, 1, 0xd, 0xb8})
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		ecs, err := ParseECSData(data)
		if err != nil {
			if ecs != (ECS{}) || !errors.Is(err, ErrMalformedECS) {
				t.Fatalf("ParseECSData(%v) = %v, %v", data, ecs, err)
			}
			return
		}
		m := new(dns.Msg)
		m.SetQuestion("example.org.", dns.TypeA)
		m.SetEdns0(4096, false)
		m.IsEdns0().Option = append(m.IsEdns0().Option, ecs.Reply(0))
		wire, err := m.Pack()
		if err != nil {
			t.Fatalf("packing the reply to %v: %v", data, err)
		}
		if end := wire[len(wire)-len(data):]; string(end) != string(data) {
			t.Fatalf("Reply packs to %v, want %v", end, data)
		}
		if err := m.Unpack(wire); err != nil {
			t.Fatal(err)
		}
		if again, err := ParseECS(m.IsEdns0()); err != nil || again != ecs {
			t.Fatalf("ParseECS of the packed reply = %v, %v, want %v", again, err, ecs)
		}
	})
}

func TestNewECS(t *testing.T) {
	for _, tc := range []struct {
		name   string
		prefix netip.Prefix
		want   string
		sent   bool
	}{
		{"none", netip.Prefix{}, "-", false},
		{"IPv4", netip.MustParsePrefix("192.0.2.77/24"), "192.0.2.0/24", true},
		{"IPv6", netip.MustParsePrefix("2001:db8::1/64"), "2001:db8::/64", true},
		{"privacy", netip.MustParsePrefix("192.0.2.1/0"), "0.0.0.0/0", true},
	} {
		e, err := NewECS(tc.prefix)
		if err != nil || e.String() != tc.want || e.Sent() != tc.sent {
			t.Errorf("NewECS(%s) = %s, sent %v, %v, want %s, %v", tc.prefix, e, e.Sent(), err, tc.want, tc.sent)
		}
	}
	for _, p := range []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr("192.0.2.1"), 33), netip.MustParsePrefix("::ffff:192.0.2.0/120")} {
		if e, err := NewECS(p); !errors.Is(err, ErrMalformedECS) {
			t.Errorf("NewECS(%s) = %s, %v, want ErrMalformedECS", p, e, err)
		}
	}
}
