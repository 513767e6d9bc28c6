package zone

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state"
)

// TestNodeIsOneCacheLine holds what a large zone costs in memory: a block of 64
// bytes a name, and one with its strings.
func TestNodeIsOneCacheLine(t *testing.T) {
	if size := unsafe.Sizeof(node{}); size != 64 {
		t.Errorf("a node has %d bytes, want 64", size)
	}
	name, version := strings.Repeat("a", 40)+".example.", &state.Version{Stamp: 1}
	rdata := "\x00\x04\xc0\x00\x02\x01"
	var none *node
	allocs := testing.AllocsPerRun(100, func() {
		none.with(name, rrset{rdata: rdata, version: version, ttl: 60, typ: dns.TypeA})
	})
	if allocs != 2 {
		t.Errorf("a name with one RRset takes %v blocks, want 2", allocs)
	}
}

// TestNodeKeepsRRsetsApart puts RRsets of three types into a node, and takes
// them out.
func TestNodeKeepsRRsetsApart(t *testing.T) {
	var n *node
	types := []uint16{dns.TypeTXT, dns.TypeA, dns.TypeMX}
	for _, typ := range types {
		n = n.with("www.example.", rrset{rdata: strings.Repeat(string(rune(typ)), int(typ)), typ: typ})
	}
	for i := range types {
		var got []uint16
		n.each(func(s *rrset) {
			got = append(got, s.typ)
			if want := strings.Repeat(string(rune(s.typ)), int(s.typ)); s.rdata != want || n.get(s.typ) != s {
				t.Errorf("type %d has %q, want %q", s.typ, s.rdata, want)
			}
		})
		if len(got) != len(types)-i || n.name != "www.example." {
			t.Errorf("%q has the types %v after %d of %v are gone", n.name, got, i, types)
		}
		n = newNode(n.name, n.without(types[i]))
	}
}
