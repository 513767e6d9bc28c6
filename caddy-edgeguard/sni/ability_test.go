package sni

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// fields are the choices that random clients are made of.
var (
	versionChoices = []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10, 0x0305, 0x7a7a}
	schemeChoices  = append(append([]tls.SignatureScheme{}, knownSchemes[:]...), 0x0809, 0x0201, 0x1a1a)
	curveChoices   = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521, 0x2a2a, tls.SecP256r1MLKEM768}
	pointChoices   = []uint8{0, 1, 2}
	suiteChoices   = func() []uint16 {
		ids := []uint16{0x0a0a, tls.TLS_FALLBACK_SCSV, 0xc0ff, 0x00ff}
		for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			ids = append(ids, s.ID)
		}
		return ids
	}()
)

// pick returns the choices whose bit is set in mask.
func pick[T any](from []T, mask uint64) []T {
	var out []T
	for i, v := range from {
		if mask>>i&1 != 0 {
			out = append(out, v)
		}
	}
	return out
}

// helloOf sets what masks say in h.
func helloOf(h *tls.ClientHelloInfo, versions, schemes, curves, points, suites uint64) {
	h.SupportedVersions = pick(versionChoices, versions)
	h.SignatureSchemes = pick(schemeChoices, schemes)
	h.SupportedCurves = pick(curveChoices, curves)
	h.SupportedPoints = pick(pointChoices, points)
	h.CipherSuites = pick(suiteChoices, suites)
}

// checkAgreement compares our test of every kind of certificate with the one
// of crypto/tls.
func checkAgreement(t *testing.T, p *profile, h *tls.ClientHelloInfo, certs []*Certificate) {
	t.Helper()
	ability := p.meet(h)
	for _, c := range certs {
		err := h.SupportsCertificate(c.TLS)
		got := ability.supports(&c.traits) && (h.ServerName == "" || c.Covers(h.ServerName))
		if got != (err == nil) {
			t.Fatalf("supports(%s %v) = %v, want %v (%v) for %+v", c.KeyType, c.names, got, err == nil, err, h)
		}
	}
}

// allKinds returns a certificate of every kind of key, and some with their own
// signature schemes.
func allKinds(t testing.TB) []*Certificate {
	t.Helper()
	var out []*Certificate
	add := func(p paper) {
		cert := issue(t, p)
		c, err := compile(&cert)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	for _, kind := range keyKinds {
		add(paper{kind: kind, names: []string{"www.example.org"}})
	}
	add(paper{kind: "rsa2048", names: []string{"*.example.org"}, only: []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.Ed25519}})
	add(paper{kind: "p256", names: []string{"*.Example.org"}, only: []tls.SignatureScheme{tls.ECDSAWithP384AndSHA384}})
	add(paper{kind: "p256", names: []string{"other.example.org"}, only: []tls.SignatureScheme{}})
	noKey := issue(t, paper{kind: "p256", names: []string{"www.example.org"}})
	noKey.PrivateKey = nil
	c, err := compile(&noKey)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, c)
}

func FuzzSupports(f *testing.F) {
	f.Add([]byte("\x03\x00\xff\xff\x7f\x01\xff\xff\xff\xff\xff\xff\xff\xff"), "www.example.org")
	f.Add([]byte("\x02\x00\x08\x00\x04\x03\xff\xff\xff\xff\xff\xff\xff\xff"), "")
	f.Add([]byte("\x0c\x00\x00\x00\x04\x00\xff\xff\xff\xff\xff\xff\xff\xff"), "a.b.example.org")
	certs := allKinds(f)
	p := newProfile(new(tls.Config))
	f.Fuzz(func(t *testing.T, masks []byte, name string) {
		if len(masks) < 14 {
			return
		}
		if name != "www.example.org" && name != "other.example.org" {
			name = ""
		}
		h := &tls.ClientHelloInfo{ServerName: name}
		helloOf(h, uint64(masks[0]), uint64(binary.LittleEndian.Uint16(masks[2:])), uint64(masks[4]), uint64(masks[5]), binary.LittleEndian.Uint64(masks[6:]))
		checkAgreement(t, p, h, certs)
	})
}

// TestSupportsUnderConfigurations compares under configurations that crypto/tls
// shows to GetCertificate only: a real handshake brings them in.
func TestSupportsUnderConfigurations(t *testing.T) {
	random := seeded(t)
	certs := allKinds(t)
	for i, config := range []*tls.Config{
		{},
		{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12},
		{MinVersion: tls.VersionTLS13},
		{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
		{MinVersion: tls.VersionTLS10, CipherSuites: suiteChoices, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}},
		{CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}, CipherSuites: suiteChoices},
		{CipherSuites: []uint16{tls.TLS_FALLBACK_SCSV, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA}, MinVersion: tls.VersionTLS11},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			h := captured(t, config)
			p := newProfile(config)
			for range 3000 {
				// Sparse sets more often than full ones.
				mask := func() uint64 {
					m := random.Uint64()
					for range random.IntN(3) {
						m &= random.Uint64()
					}
					return m
				}
				h.ServerName = []string{"", "www.example.org", "other.example.org", "WWW.EXAMPLE.org"}[random.IntN(3)]
				helloOf(h, mask(), mask(), mask(), mask(), mask())
				checkAgreement(t, p, h, certs)
			}
		})
	}
}

// captured returns the hello of a handshake under config.
func captured(t *testing.T, config *tls.Config) *tls.ClientHelloInfo {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	var got *tls.ClientHelloInfo
	config = config.Clone()
	config.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		got = h
		return nil, nil
	}
	go func() {
		versions := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
		_ = tls.Client(client, versions).HandshakeContext(context.Background())
		client.Close()
	}()
	_ = tls.Server(server, config).Handshake()
	if got == nil {
		t.Fatalf("no hello under %+v", config)
	}
	return got
}

// randomHello returns a client of random abilities, often a sensible one.
func randomHello(random *rand.Rand, serverName string) *tls.ClientHelloInfo {
	h := hello(serverName)
	if random.IntN(3) == 0 {
		h.SupportedVersions = pick(versionChoices, random.Uint64()|2)
	}
	if random.IntN(2) == 0 {
		h.SignatureSchemes = pick(schemeChoices, random.Uint64()&random.Uint64())
	}
	if random.IntN(3) == 0 {
		h.SupportedCurves = pick(curveChoices, random.Uint64())
	}
	if random.IntN(3) == 0 {
		h.CipherSuites = pick(suiteChoices, random.Uint64()&random.Uint64())
	}
	if random.IntN(8) == 0 {
		h.SupportedPoints = pick(pointChoices, random.Uint64())
	}
	return h
}
