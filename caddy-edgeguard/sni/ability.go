package sni

import (
	"crypto/tls"
	"slices"
	"strings"
)

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
