package sni

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random tests; 0: by the clock")

// seeded returns a source of randomness whose seed a failing test prints.
func seeded(t *testing.T) *mathrand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with -seed %d", seed)
		}
	})
	return mathrand.New(mathrand.NewPCG(seed, 1))
}

// paperKey is a key whose public half is all that is ever looked at.
type paperKey struct{ public crypto.PublicKey }

func (k paperKey) Public() crypto.PublicKey { return k.public }

func (k paperKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("a paper key does not sign")
}

// paperRSA can also decrypt, as RSA keys do.
type paperRSA struct{ paperKey }

func (paperRSA) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return nil, errors.New("a paper key does not decrypt")
}

// keyKinds are the keys that tests use, by name.
var keyKinds = []string{"p256", "p384", "p521", "p224", "rsa512", "rsa1024", "rsa2048", "rsa3072", "rsa4096", "ed25519", "rsasigner"}

// privateKey returns a key of a kind, always the same.
var privateKey = func() func(kind string) crypto.PrivateKey {
	var mu sync.Mutex
	made := make(map[string]crypto.PrivateKey)
	return func(kind string) crypto.PrivateKey {
		mu.Lock()
		defer mu.Unlock()
		if made[kind] == nil {
			made[kind] = newKey(kind)
		}
		return made[kind]
	}
}()

func newKey(kind string) crypto.PrivateKey {
	curves := map[string]elliptic.Curve{"p224": elliptic.P224(), "p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()}
	if curve := curves[kind]; curve != nil {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	}
	modulus := func(bits int) *rsa.PublicKey {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return &rsa.PublicKey{N: n.Add(n, big.NewInt(12345)), E: 65537}
	}
	var bits int
	switch {
	case kind == "ed25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	case kind == "rsasigner":
		return paperKey{modulus(2048)}
	default:
		if _, err := fmt.Sscanf(kind, "rsa%d", &bits); err != nil {
			panic(kind)
		}
		return paperRSA{paperKey{modulus(bits)}}
	}
}

// paper describes a certificate.
type paper struct {
	kind     string
	names    []string
	hash     x509.SignatureAlgorithm // default: ECDSAWithSHA256
	from, to time.Time               // default: about t0
	cn, org  string
	tags     []string // as Caddy has them: they stand in no real certificate
	only     []tls.SignatureScheme
	serial   int64
}

// t0 is when tests take place.
var t0 = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

var authority = sync.OnceValue(func() *ecdsa.PrivateKey { return privateKey("p256").(*ecdsa.PrivateKey) })

// issue returns the certificate described.
func issue(t testing.TB, p paper) tls.Certificate {
	t.Helper()
	if p.hash == 0 {
		p.hash = x509.ECDSAWithSHA256
	}
	if p.from.IsZero() {
		p.from = t0.Add(-time.Hour)
	}
	if p.to.IsZero() {
		p.to = t0.Add(24 * time.Hour)
	}
	if p.serial == 0 {
		p.serial = 1
	}
	var organization []string
	if p.org != "" {
		organization = []string{p.org}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(p.serial), NotBefore: p.from, NotAfter: p.to, DNSNames: p.names,
		Subject: pkix.Name{CommonName: p.cn, OrganizationalUnit: p.tags, Organization: organization}, SignatureAlgorithm: p.hash,
	}
	key := privateKey(p.kind)
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: "tests"}}, key.(crypto.Signer).Public(), authority())
	if err != nil {
		t.Fatalf("issuing %+v: %v", p, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf, SupportedSignatureAlgorithms: p.only}
}

// cache is one of Caddy's, with its own cache of certificates.
type cache struct {
	*certmagic.Cache
	config *certmagic.Config
}

func newCache(t testing.TB) *cache {
	t.Helper()
	c := new(cache)
	c.Cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return c.config, nil }, Logger: zap.NewNop(),
	})
	t.Cleanup(c.Stop)
	c.config = certmagic.New(c.Cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: t.TempDir()}, Logger: zap.NewNop()})
	return c
}

// hold puts certificates into the cache, with their units as tags, and returns
// their hashes.
func (c *cache) hold(t testing.TB, certs ...tls.Certificate) []string {
	t.Helper()
	var hashes []string
	for _, cert := range certs {
		hash, err := c.config.CacheUnmanagedTLSCertificate(context.Background(), cert, cert.Leaf.Subject.OrganizationalUnit)
		if err != nil {
			t.Fatalf("CacheUnmanagedTLSCertificate(%v) = %v", cert.Leaf.DNSNames, err)
		}
		hashes = append(hashes, hash)
	}
	return hashes
}

// clock is one that tests turn.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: t0} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// hello returns what a modern client sends, with changes.
func hello(serverName string, change ...func(*tls.ClientHelloInfo)) *tls.ClientHelloInfo {
	h := &tls.ClientHelloInfo{
		ServerName:        serverName,
		SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12},
		SignatureSchemes: []tls.SignatureScheme{
			tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256, tls.PKCS1WithSHA256,
			tls.ECDSAWithP384AndSHA384, tls.PSSWithSHA384, tls.PKCS1WithSHA384, tls.PSSWithSHA512, tls.PKCS1WithSHA512,
		},
		SupportedCurves: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384},
		SupportedPoints: []uint8{0},
		CipherSuites: []uint16{
			tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
		},
		SupportedProtos: []string{"h2", "http/1.1"},
	}
	for _, f := range change {
		f(h)
	}
	return h
}

// only12 makes a client that knows nothing later than TLS 1.2.
func only12Client(h *tls.ClientHelloInfo) { h.SupportedVersions = []uint16{tls.VersionTLS12} }

// schemesOnly makes a client that offers these signature schemes only.
func schemesOnly(s ...tls.SignatureScheme) func(*tls.ClientHelloInfo) {
	return func(h *tls.ClientHelloInfo) { h.SignatureSchemes = s }
}

var rsaOnly = schemesOnly(tls.PSSWithSHA256, tls.PKCS1WithSHA256, tls.PSSWithSHA384)

// errUnknown is what Caddy's own choice returns for a name it does not know.
var errUnknown = errors.New("no certificate available")
