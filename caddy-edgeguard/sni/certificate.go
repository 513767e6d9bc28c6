package sni

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/certmagic"
)

// Certificate is one that is held, compiled: what choosing needs is laid out
// in numbers. It is immutable.
type Certificate struct {
	// TLS is what a handshake presents.
	TLS *tls.Certificate

	// ID is the ARN of a certificate of our own, else the SHA-256 fingerprint
	// of the leaf in lower-case hexadecimal.
	ID string

	// Account is the account that a certificate of our own belongs to; empty
	// for those that Caddy holds.
	Account string

	// KeyType is the key's kind and size as ACM spells it, such as RSA_2048,
	// EC_prime256v1 and EC_secp384r1; ED25519 is ours. It takes one of a dozen
	// values.
	KeyType string

	traits
	names  []string // what the leaf is valid for, lower case
	digest int      // rank of the hash in the leaf's signature
	bits   int      // of the key
	held   *certmagic.Certificate
}

// traits decide whether a client can use a certificate.
type traits struct {
	notBefore, notAfter  int64   // Unix seconds
	schemes12, schemes13 schemes // with which the key can sign, by version
	algorithm            algorithm
	curve                curves // of an ECDSA key; 0 if TLS has none for it
	signs, decrypts      bool   // what the private key can do
	ofCaddy              bool
}

// algorithm is the kind of a public key. The later is preferred.
type algorithm uint8

const (
	otherKey algorithm = iota
	rsaKey
	ecdsaKey
	ed25519Key
)

// compile returns c compiled. Its leaf is parsed if that was not done.
func compile(c *tls.Certificate) (*Certificate, error) {
	if len(c.Certificate) == 0 {
		return nil, fmt.Errorf("certificate has no chain")
	}
	if c.Leaf == nil {
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			return nil, fmt.Errorf("parsing certificate: %w", err)
		}
		parsed := *c
		parsed.Leaf = leaf
		c = &parsed
	}
	sum := sha256.Sum256(c.Certificate[0])
	k := &Certificate{
		TLS:    c,
		ID:     hex.EncodeToString(sum[:]),
		names:  leafNames(c.Leaf),
		digest: digestRank(c.Leaf.SignatureAlgorithm),
	}
	k.notBefore, k.notAfter = c.Leaf.NotBefore.Unix(), c.Leaf.NotAfter.Unix()
	k.compileKey(c)
	return k, nil
}

// compileKey notes what the key is and what can be done with it.
func (c *Certificate) compileKey(from *tls.Certificate) {
	c.KeyType = "other"
	switch public := from.Leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		c.algorithm, c.bits, c.KeyType = rsaKey, public.N.BitLen(), "RSA"
		if slices.Contains([]int{1024, 2048, 3072, 4096, 8192}, c.bits) {
			c.KeyType = "RSA_" + strconv.Itoa(c.bits)
		}
	case *ecdsa.PublicKey:
		c.algorithm, c.bits, c.KeyType = ecdsaKey, public.Curve.Params().BitSize, "EC"
		c.curve = curveOf(public)
		if name, ok := curveNames[c.curve]; ok {
			c.KeyType = name
		}
	case ed25519.PublicKey:
		c.algorithm, c.bits, c.KeyType = ed25519Key, 256, "ED25519"
	}
	signer, ok := from.PrivateKey.(crypto.Signer)
	if c.signs = ok; ok {
		c.schemes12 = signingSchemes(tls.VersionTLS12, signer.Public(), from.SupportedSignatureAlgorithms)
		c.schemes13 = signingSchemes(tls.VersionTLS13, signer.Public(), from.SupportedSignatureAlgorithms)
	}
	if decrypter, ok := from.PrivateKey.(crypto.Decrypter); ok {
		_, c.decrypts = decrypter.Public().(*rsa.PublicKey)
	}
}

// leafNames returns the host names, lower case, and IP addresses that a leaf is
// valid for. The common name counts where there is no alternative name at all.
func leafNames(leaf *x509.Certificate) []string {
	names := make([]string, 0, max(1, len(leaf.DNSNames)))
	for _, name := range leaf.DNSNames {
		names = append(names, strings.ToLower(name))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	others := len(leaf.EmailAddresses) + len(leaf.URIs)
	if cn := leaf.Subject.CommonName; len(names)+others == 0 && cn != "" {
		names = append(names, strings.ToLower(cn))
	}
	return names
}

// digestRank ranks the hash of a signature: the SHA-2 family by length, then
// SHA-1, then what is broken or unknown.
func digestRank(a x509.SignatureAlgorithm) int {
	switch a {
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512, x509.PureEd25519:
		return 512
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		return 384
	case x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256, x509.DSAWithSHA256:
		return 256
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return 1
	}
	return 0
}

// prefer orders certificates, the preferred first (aws-behaviour 8.2): ECDSA
// before RSA, the stronger hash, the longer key, the later end, the later
// beginning. Ed25519, which load balancers do not have, comes before ECDSA:
// every client that offers it takes ECDSA too, so it would never be used. The
// identity makes the order total.
func prefer(a, b *Certificate) int {
	return cmp.Or(
		cmp.Compare(b.algorithm, a.algorithm),
		cmp.Compare(b.digest, a.digest),
		cmp.Compare(b.bits, a.bits),
		cmp.Compare(b.notAfter, a.notAfter),
		cmp.Compare(b.notBefore, a.notBefore),
		cmp.Compare(a.ID, b.ID),
	)
}

// valid tells whether now, in Unix seconds, is in the validity period.
func (t *traits) valid(now int64) bool { return t.notBefore <= now && now <= t.notAfter }

// Covers tells whether c is valid for the host name, which is lower case. A
// wildcard stands for exactly one label.
func (c *Certificate) Covers(host string) bool {
	exact, wild := c.match(host)
	return exact || wild
}

// match tells whether c names the host itself, and whether a wildcard of c
// stands for it.
func (c *Certificate) match(host string) (exact, wild bool) {
	dot := strings.IndexByte(host, '.')
	for _, name := range c.names {
		switch {
		case name == host:
			exact = true
		case dot > 0 && strings.HasPrefix(name, "*") && name[1:] == host[dot:]:
			wild = true
		}
	}
	return exact, wild
}
