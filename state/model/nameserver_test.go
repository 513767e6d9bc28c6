package model

import (
	"net/netip"
	"strings"
	"testing"
)

// aws-behaviour 1.2: the numbering of name servers.
func TestServerNumber(t *testing.T) {
	for _, tt := range []struct {
		name string
		want int
	}{
		{"ns-52.awsdns-06.com.", 52}, {"ns-936.awsdns-53.net.", 936}, {"ns-1464.awsdns-55.org.", 1464},
		{"ns-1867.awsdns-41.co.uk.", 1867}, {"ns-0.awsdns-00.com.", 0}, {"ns-2047.awsdns-63.co.uk.", 2047},
		{"ns-52.awsdns-07.com.", -1}, {"ns-052.awsdns-06.com.", -1}, {"ns-52.awsdns-06.net.", -1}, {"ns-2048.awsdns-64.com.", -1},
		{"ns--1.awsdns-00.com.", -1}, {"x.ns-52.awsdns-06.com.", -1}, {"ns-.awsdns-00.com.", -1}, {"ns1.example.org.", -1}, {".", -1}, {"", -1},
	} {
		n, ok := ServerNumber(Name(tt.name))
		if !ok {
			n = -1
		}
		if n != tt.want {
			t.Errorf("ServerNumber(%q) = %d, want %d", tt.name, n, tt.want)
		}
	}
	for n := range 4 * ServersPerTLD {
		if got, ok := ServerNumber(nameServer(n)); got != n || !ok {
			t.Errorf("ServerNumber(%q) = %d, %t, want %d", nameServer(n), got, ok, n)
		}
	}
}

func TestNameServerValidate(t *testing.T) {
	addr := netip.MustParseAddr
	for _, tt := range []struct {
		name string
		row  NameServer
		want string
	}{
		{"good", NameServer{Node: "a", Addresses: []netip.Addr{addr("192.0.2.1"), addr("127.0.0.1")}}, ""},
		{"no node", NameServer{Addresses: []netip.Addr{addr("192.0.2.1")}}, "without a name"},
		{"no address", NameServer{Node: "a"}, `name server "a" has no address`},
		{"unspecified", NameServer{Node: "a", Addresses: []netip.Addr{addr("::")}}, `name server "a" has the address "::" that no client can reach`},
		{"multicast", NameServer{Node: "a", Addresses: []netip.Addr{addr("224.0.0.1")}}, `"224.0.0.1"`},
		{"invalid", NameServer{Node: "a", Addresses: []netip.Addr{{}}}, `"invalid IP"`},
	} {
		err := tt.row.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Validate() = %v, want %q", tt.name, err, tt.want)
		}
	}
}
