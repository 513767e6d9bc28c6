package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// signingKey writes a key pair as plugin dnssec reads it, and returns its path
// and what a validator is to trust.
func signingKey(t *testing.T, dir, zone string) (path, anchor string) {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, fmt.Sprintf("K%s+%03d+%05d", zone, key.Algorithm, key.KeyTag()))
	writeFile(t, path+".key", key.String()+"\n")
	writeFile(t, path+".private", key.PrivateKeyString(private))
	return path, fmt.Sprintf("trust-anchors {\n%q static-key %d 3 %d %q;\n};\n", zone, key.Flags, key.Algorithm, key.PublicKey)
}

// TestDNSSEC signs a zone on the fly by CoreDNS's plugin dnssec, and validates
// by a real validator what policies, aliases and wildcards answer, and what is
// not there.
func TestDNSSEC(t *testing.T) {
	delv := client(t, "delv", "bind9-dnsutils")
	dir := t.TempDir()
	key, anchor := signingKey(t, dir, "near.example.")
	anchors := filepath.Join(dir, "anchors")
	writeFile(t, anchors, anchor)
	n := newNear(t, func(n *dnsNode) {
		n.plugins = append(n.plugins, "dnssec near.example. {\n        key file "+key+"\n    }")
	})
	for _, tc := range []struct {
		name, qname, qtype string
		want               []string
	}{
		{"simple", "same.near.example.", "A", []string{"; fully validated", "192.0.2.3"}},
		{"policy", "www.near.example.", "A", []string{"; fully validated", "192.0.2."}},
		{"alias", "alias.near.example.", "A", []string{"; fully validated", "192.0.2."}},
		{"CNAME chain", "cname.near.example.", "A", []string{"; fully validated", "www.near.example.", "192.0.2."}},
		{"wildcard", "x.y.wild.near.example.", "A", []string{"; fully validated", "192.0.2.4"}},
		{"apex", "near.example.", "NS", []string{"; fully validated", "ns-0.awsdns-00.com."}},
		{"SOA", "near.example.", "SOA", []string{"; fully validated", "awsdns-hostmaster"}},
		{"more than a datagram", "big.near.example.", "TXT", []string{"; fully validated", text200 + "3"}},
		{"no such name", "nope.near.example.", "A", []string{"; negative response, fully validated"}},
		{"no such type", "same.near.example.", "AAAA", []string{"; negative response, fully validated"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := command(delv, "@127.0.0.1", "-p", port(n.addr), "-a", anchors, "+root=near.example.", tc.qname, tc.qtype)
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("delv %s %s: %q is not in\n%s", tc.qname, tc.qtype, want, out)
				}
			}
		})
	}
	t.Run("a wrong anchor does not validate", func(t *testing.T) {
		_, other := signingKey(t, t.TempDir(), "near.example.")
		writeFile(t, anchors, other)
		if out := command(delv, "@127.0.0.1", "-p", port(n.addr), "-a", anchors, "+root=near.example.", "same.near.example.", "A"); strings.Contains(out, "fully validated") {
			t.Errorf("delv with another key as anchor:\n%s", out)
		}
	})
}
