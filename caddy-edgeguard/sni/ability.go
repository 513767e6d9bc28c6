package sni

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"strings"
	"sync"
)

// schemes is a set of signature schemes, by their place in knownSchemes.
type schemes uint16

// knownSchemes are those with which crypto/tls signs.
var knownSchemes = [...]tls.SignatureScheme{
	tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
	tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.PKCS1WithSHA1,
	tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.ECDSAWithSHA1,
	tls.Ed25519,
}

// schemeBit returns the set of s alone, empty if s is unknown.
func schemeBit(s tls.SignatureScheme) schemes {
	for i, known := range knownSchemes {
		if s == known {
			return 1 << i
		}
	}
	return 0
}

// curves is a set of the curves that certificates have keys on.
type curves uint8

const (
	p256 curves = 1 << iota
	p384
	p521
)

// curveNames are ACM's names of key types.
var curveNames = map[curves]string{p256: "EC_prime256v1", p384: "EC_secp384r1", p521: "EC_secp521r1"}

// curveBit returns the set of c alone, empty if no certificate is on it.
func curveBit(c tls.CurveID) curves {
	switch c {
	case tls.CurveP256:
		return p256
	case tls.CurveP384:
		return p384
	case tls.CurveP521:
		return p521
	}
	return 0
}

// curveOf returns the curve of a key, 0 if TLS has none for it.
func curveOf(k *ecdsa.PublicKey) curves {
	switch k.Curve {
	case elliptic.P256():
		return p256
	case elliptic.P384():
		return p384
	case elliptic.P521():
		return p521
	}
	return 0
}

// signingSchemes returns the schemes with which a key signs in a version. In
// TLS 1.3 an ECDSA scheme belongs to one curve, and neither PKCS #1 v1.5 nor
// SHA-1 signs a handshake (RFC 8446 section 4.2.3). only narrows them, unless
// it is nil.
func signingSchemes(version uint16, public crypto.PublicKey, only []tls.SignatureScheme) schemes {
	var set schemes
	for _, s := range keySchemes(version, public) {
		switch {
		case only != nil && !slices.Contains(only, s):
		case (s == tls.PKCS1WithSHA1 || s == tls.ECDSAWithSHA1) && (version > tls.VersionTLS12 || !signsSHA1()):
		default:
			set |= schemeBit(s)
		}
	}
	return set
}

// keySchemes returns the schemes that fit to a key, SHA-1 included.
func keySchemes(version uint16, public crypto.PublicKey) []tls.SignatureScheme {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsaSchemes(version, public.Size())
	case *ecdsa.PublicKey:
		all := []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512}
		if version < tls.VersionTLS13 {
			return append(all, tls.ECDSAWithSHA1)
		}
		for i, curve := range []curves{p256, p384, p521} {
			if curve == curveOf(public) {
				return all[i : i+1]
			}
		}
	case ed25519.PublicKey:
		return []tls.SignatureScheme{tls.Ed25519}
	}
	return nil
}

// rsaSchemes returns those for whose padding a modulus of that many bytes has
// room (RFC 8017 sections 9.1.1 and 9.2).
func rsaSchemes(version uint16, size int) []tls.SignatureScheme {
	var fit []tls.SignatureScheme
	for _, s := range []struct {
		pss, pkcs1 tls.SignatureScheme
		hash       int // bytes
	}{
		{tls.PSSWithSHA256, tls.PKCS1WithSHA256, 32},
		{tls.PSSWithSHA384, tls.PKCS1WithSHA384, 48},
		{tls.PSSWithSHA512, tls.PKCS1WithSHA512, 64},
	} {
		if size >= 2*s.hash+2 {
			fit = append(fit, s.pss)
		}
		if version < tls.VersionTLS13 && size >= 19+s.hash+11 {
			fit = append(fit, s.pkcs1)
		}
	}
	if version < tls.VersionTLS13 && size >= 15+20+11 {
		fit = append(fit, tls.PKCS1WithSHA1)
	}
	return fit
}

// signsSHA1 tells whether crypto/tls still signs with SHA-1 in TLS 1.2, which
// GODEBUG decides: it is asked about a key that signs nothing.
var signsSHA1 = sync.OnceValue(func() bool {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return false
	}
	hello := &tls.ClientHelloInfo{
		SupportedVersions: []uint16{tls.VersionTLS12},
		CipherSuites:      []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedCurves:   []tls.CurveID{tls.CurveP256},
		SignatureSchemes:  []tls.SignatureScheme{tls.ECDSAWithSHA1},
	}
	return hello.SupportsCertificate(&tls.Certificate{PrivateKey: key}) == nil
})

// suites is a set of kinds of cipher suites up to TLS 1.2.
type suites uint8

const (
	ecdheECDSA suites = 1 << iota
	ecdheRSA
	plainRSA                    // key exchange by the certificate's key
	only12   = suites(1) << 7   // not before TLS 1.2
	kinds    = suites(1)<<7 - 1 // without that mark
)

// profile is what a TLS configuration allows, compiled.
type profile struct {
	min, max uint16
	suites   [3][256]suites // by second byte, of those that begin with 0x00, 0xC0, 0xCC
	curves   curves
	ecdhe    []tls.CurveID // groups up to TLS 1.2
}

// row returns the row of profile.suites that id is in, or -1.
func row(id uint16) int {
	switch id >> 8 {
	case 0x00:
		return 0
	case 0xC0:
		return 1
	case 0xCC:
		return 2
	}
	return -1
}

// newProfile compiles c. Where c leaves it to crypto/tls, that is the default.
func newProfile(c *tls.Config) *profile {
	p := &profile{min: max(c.MinVersion, tls.VersionTLS10), max: c.MaxVersion}
	if c.MinVersion == 0 {
		p.min = tls.VersionTLS12
	}
	if p.max == 0 {
		p.max = tls.VersionTLS13
	}
	all := tls.CipherSuites()
	if c.CipherSuites != nil {
		all = append(all, tls.InsecureCipherSuites()...)
	}
	for _, s := range all {
		if c.CipherSuites == nil || slices.Contains(c.CipherSuites, s.ID) {
			p.addSuite(s)
		}
	}
	for _, id := range []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521} {
		if len(c.CurvePreferences) == 0 || slices.Contains(c.CurvePreferences, id) {
			p.ecdhe = append(p.ecdhe, id)
			p.curves |= curveBit(id)
		}
	}
	return p
}

// addSuite allows s, unless it is of TLS 1.3, where suites do not matter.
func (p *profile) addSuite(s *tls.CipherSuite) {
	var kind suites
	switch {
	case strings.HasPrefix(s.Name, "TLS_ECDHE_ECDSA_"):
		kind = ecdheECDSA
	case strings.HasPrefix(s.Name, "TLS_ECDHE_RSA_"):
		kind = ecdheRSA
	case strings.HasPrefix(s.Name, "TLS_RSA_"):
		kind = plainRSA
	}
	if !slices.Contains(s.SupportedVersions, tls.VersionTLS11) {
		kind |= only12
	}
	if r := row(s.ID); r >= 0 && kind&kinds != 0 {
		p.suites[r][byte(s.ID)] = kind
	}
}

// ability is what a client and a configuration can do together.
type ability struct {
	version   uint16 // 0 if none
	asked     bool   // the client sent signature schemes
	schemes   schemes
	curves    curves
	ecdhe     bool
	badPoints bool
	suites    suites
}

// meet returns what the client that sent hello and the configuration can do
// together.
func (p *profile) meet(hello *tls.ClientHelloInfo) ability {
	var a ability
	for _, v := range hello.SupportedVersions {
		if v >= p.min && v <= p.max && v > a.version {
			a.version = v
		}
	}
	a.asked = len(hello.SignatureSchemes) > 0
	for _, s := range hello.SignatureSchemes {
		a.schemes |= schemeBit(s)
	}
	if a.version == tls.VersionTLS13 {
		return a // nothing else matters
	}
	for _, c := range hello.SupportedCurves {
		a.curves |= curveBit(c) & p.curves
		a.ecdhe = a.ecdhe || slices.Contains(p.ecdhe, c)
	}
	uncompressed := len(hello.SupportedPoints) == 0 || slices.Contains(hello.SupportedPoints, 0)
	a.badPoints = !uncompressed
	for _, id := range hello.CipherSuites {
		if r := row(id); r >= 0 {
			if kind := p.suites[r][byte(id)]; kind&only12 == 0 || a.version >= tls.VersionTLS12 {
				a.suites |= kind & kinds
			}
		}
	}
	return a
}

// supports tells whether a handshake with c can succeed, names aside. It
// agrees with [tls.ClientHelloInfo.SupportsCertificate], without its cost.
func (a *ability) supports(c *traits) bool {
	signing := c.schemes12
	switch {
	case a.version == 0:
		return false
	case a.version == tls.VersionTLS13:
		signing = c.schemes13
	}
	if a.asked && a.schemes&signing == 0 {
		return a.decrypts(c)
	}
	switch {
	case a.version == tls.VersionTLS13:
		return true
	case a.badPoints:
		return false
	case !a.ecdhe, !c.signs:
		return a.decrypts(c)
	}
	return a.exchanges(c)
}

// exchanges tells whether c can sign an ephemeral key exchange before TLS 1.3,
// or at least decrypt one of its own.
func (a *ability) exchanges(c *traits) bool {
	switch c.algorithm {
	case ecdsaKey:
		return c.curve&a.curves != 0 && a.suites&ecdheECDSA != 0
	case ed25519Key:
		return a.asked && a.version >= tls.VersionTLS12 && a.suites&ecdheECDSA != 0
	case rsaKey:
		return a.suites&ecdheRSA != 0 || a.decrypts(c)
	}
	return a.decrypts(c)
}

// decrypts tells whether the client may encrypt to the key of c, which TLS 1.3
// does not do any more.
func (a *ability) decrypts(c *traits) bool {
	return a.version < tls.VersionTLS13 && c.decrypts && a.suites&plainRSA != 0
}
