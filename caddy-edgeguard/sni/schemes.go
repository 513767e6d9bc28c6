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
