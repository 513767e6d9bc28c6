package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for host that signs itself, and its key.
func certificate(t *testing.T, dir, host string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	return cert, key
}

// TestTransports asks with two real clients over each transport.
func TestTransports(t *testing.T) {
	dig, kdig := client(t, "dig", "bind9-dnsutils"), client(t, "kdig", "knot-dnsutils")
	cert, key := certificate(t, t.TempDir(), "dns.example.org")
	tls, https := freePort(t), freePort(t)
	n := newNear(t, func(n *dnsNode) {
		for scheme, addr := range map[string]string{"tls": tls, "https": https} {
			n.blocks = append(n.blocks, fmt.Sprintf("%s://.:%s {\n bind 127.0.0.1\n tls %s %s\n route53sim\n}\n", scheme, port(addr), cert, key))
		}
	})
	secure := []string{"+tls-ca=" + cert, "+tls-hostname=dns.example.org"}
	for _, via := range []struct {
		name, port string
		args       []string
		secure     bool
		datagrams  bool
	}{
		{"UDP", port(n.addr), nil, false, true},
		{"TCP", port(n.addr), []string{"+tcp"}, false, false},
		{"DoT", port(tls), []string{"+tls"}, true, false},
		{"DoH", port(https), []string{"+https"}, true, false},
	} {
		args := append([]string{"@127.0.0.1", "-p", via.port}, via.args...)
		if via.secure {
			args = append(args, secure...)
		}
		for name, path := range map[string]string{"dig": dig, "kdig": kdig} {
			t.Run(name+" over "+via.name, func(t *testing.T) { askBy(t, path, args) })
			t.Run(name+" over "+via.name+", truncation", func(t *testing.T) { askLarge(t, path, args, via.datagrams) })
		}
	}
}

// askBy asks by a client with args, and expects what every transport gives.
func askBy(t *testing.T, path string, args []string) {
	for _, tc := range []struct {
		name string
		args []string
		want []string // each is in the output
		not  []string // none is
	}{
		{"address", []string{"same.near.example.", "A"}, []string{"192.0.2.3", "qr aa rd;", "NOERROR"}, []string{"WARNING: recursion available"}},
		{"CNAME chain", []string{"cname.near.example.", "A", "+subnet=203.0.113.0/24"}, []string{"www.near.example.", "192.0.2.1"}, nil},
		{"client subnet, one side", []string{"www.near.example.", "A", "+subnet=203.0.113.0/24"}, []string{"192.0.2.1", "203.0.113.0/24/24"}, nil},
		{"client subnet, the other", []string{"www.near.example.", "A", "+subnet=198.51.100.0/24"}, []string{"192.0.2.2", "198.51.100.0/24/24"}, nil},
		{"client subnet that does not matter", []string{"same.near.example.", "A", "+subnet=198.51.100.0/24"}, []string{"192.0.2.3", "198.51.100.0/24/0"}, nil},
		{"privacy", []string{"same.near.example.", "A", "+subnet=0.0.0.0/0"}, []string{"192.0.2.3", "0.0.0.0/0/0"}, nil},
		{"no client subnet", []string{"www.near.example.", "A"}, []string{"NOERROR"}, []string{"SUBNET"}},
		{"additional", []string{"mx.near.example.", "MX"}, []string{"10 same.near.example.", "192.0.2.3"}, nil},
		{"NXDOMAIN", []string{"nope.near.example.", "A"}, []string{"NXDOMAIN", "SOA", "awsdns-hostmaster"}, nil},
		{"NODATA", []string{"same.near.example.", "AAAA"}, []string{"NOERROR", "SOA"}, nil},
		{"no zone", []string{"example.net.", "A"}, []string{"REFUSED"}, nil},
		{"unknown option", []string{"same.near.example.", "A", "+ednsopt=65001:beef"}, []string{"192.0.2.3"}, nil},
		{"another class", []string{"-c", "CH", "same.near.example.", "A"}, []string{"REFUSED"}, []string{"192.0.2.3"}},
	} {
		out := command(path, append(append([]string{}, args...), tc.args...)...)
		for _, want := range tc.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", tc.name, want, out)
			}
		}
		for _, not := range tc.not {
			if strings.Contains(out, not) {
				t.Errorf("%s: %q is in\n%s", tc.name, not, out)
			}
		}
	}
}

// askLarge asks for more than fits a datagram of 512 bytes.
func askLarge(t *testing.T, path string, args []string, datagrams bool) {
	out := command(path, append(append([]string{}, args...), "big.near.example.", "TXT", "+bufsize=512", "+ignore")...)
	truncated, whole := strings.Contains(out, " tc"), strings.Count(out, text200) == 3
	if truncated != datagrams || whole == datagrams {
		t.Errorf("large answer: truncated %v, whole %v, want truncated %v:\n%s", truncated, whole, datagrams, out)
	}
}
