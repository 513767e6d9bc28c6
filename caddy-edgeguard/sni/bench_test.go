package sni

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"syscall"
	"testing"
	"time"
)

// manyNames returns a chooser over that many certificates of Caddy's, two
// for each name, and the names.
func manyNames(tb testing.TB, n int) (*Chooser, *cache, []string) {
	tb.Helper()
	cache := newCache(tb)
	names := make([]string, n)
	x := NewIndex(cache.AllMatchingCertificates, func() time.Time { return t0 })
	config := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return cache.config.GetCertificate(h) }}
	c := NewChooser(x, Settings{TLS: config})
	for i := range names {
		names[i] = fmt.Sprintf("host-%d.example.org", i)
		cache.hold(tb, sketch("p256", names[i]), sketch("rsa2048", names[i]))
		if _, err := c.GetCertificate(hello(names[i])); err != nil {
			tb.Fatal(err)
		}
	}
	return c, cache, names
}

// sketch returns what choosing looks at of a certificate, without the labour
// of issuing one.
func sketch(kind, name string) tls.Certificate {
	key := privateKey(kind).(crypto.Signer)
	return tls.Certificate{
		Certificate: [][]byte{[]byte(kind + name)}, PrivateKey: key,
		Leaf: &x509.Certificate{
			SerialNumber: big.NewInt(1), DNSNames: []string{name}, PublicKey: key.Public(), SignatureAlgorithm: x509.ECDSAWithSHA256,
			NotBefore: t0.Add(-time.Hour), NotAfter: t0.Add(time.Hour),
		},
	}
}

func TestChoiceAllocatesNothing(t *testing.T) {
	c, _, names := manyNames(t, 10)
	hellos := []*tls.ClientHelloInfo{hello(names[0]), hello(names[3], rsaOnly), hello(names[9], only12Client)}
	for _, h := range hellos {
		if n := testing.AllocsPerRun(100, func() {
			if cert, err := c.GetCertificate(h); cert == nil || err != nil {
				t.Fatal(cert, err)
			}
		}); n > 0 {
			t.Errorf("choosing for %+v allocates %v times", h, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { c.index.Covers(names[0], names[0]) }); n > 0 {
		t.Errorf("Covers allocates %v times", n)
	}
}

// cpuTime returns what this process has used so far, which a busy machine does
// not stretch as it does the time.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkChoose compares with Caddy's own choice among 100,000 names.
func BenchmarkChoose(b *testing.B) {
	const n = 100_000
	c, cache, names := manyNames(b, n)
	hellos := []*tls.ClientHelloInfo{hello(""), hello("", only12Client)} // just parsed, so near
	measure := func(name string, choose func(*tls.ClientHelloInfo) (*tls.Certificate, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i, n0 := 0, cpuTime(b)
			defer func() { b.ReportMetric(float64(cpuTime(b)-n0)/float64(b.N), "cpu-ns/op") }()
			for b.Loop() {
				h := hellos[i%2]
				h.ServerName = names[i%n]
				if cert, err := choose(h); cert == nil || err != nil {
					b.Fatal(cert, err)
				}
				i += 7919
			}
		})
	}
	measure("ours", c.GetCertificate)
	measure("stock", func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return cache.config.GetCertificate(h)
	})
	b.Run("covers", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if !c.index.Covers(names[i%n], names[i%n]) {
				b.Fatal("not covered")
			}
			i += 7919
		}
	})
}
