// Package certificate reads and makes what a certificate consists of: PEM that
// somebody imports, private keys of ACM's algorithms, rows of issued leaves,
// and encrypted keys for export.
//
// It neither issues nor validates. Everything here is a function of its
// arguments and of randomness, safe for concurrent use.
// Private keys travel as PKCS #8 (RFC 5208, RFC 5958).
package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// Pair is a certificate with its chain and private key.
type Pair struct {
	Leaf *x509.Certificate
	// Chain holds the certificate and then its chain, in DER.
	Chain [][]byte
	Key   crypto.Signer
}

// Sealer seals private keys for their rows, and opens them: see package seal.
type Sealer interface {
	Seal(table, key string, plain []byte) ([]byte, error)
	Open(table, key string, sealed []byte) ([]byte, error)
}

var curves = map[string]elliptic.Curve{
	model.KeyECP256: elliptic.P256(), model.KeyECP384: elliptic.P384(), model.KeyECP521: elliptic.P521(),
}

var rsaBits = map[string]int{
	model.KeyRSA1024: 1024, model.KeyRSA2048: 2048, model.KeyRSA3072: 3072, model.KeyRSA4096: 4096,
}

// Algorithm returns which of [model.KeyAlgorithms] a public key is of, or "".
func Algorithm(public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		for name, bits := range rsaBits {
			if k.N.BitLen() == bits {
				return name
			}
		}
	case *ecdsa.PublicKey:
		for name, curve := range curves {
			if k.Curve == curve {
				return name
			}
		}
	}
	return ""
}

// NewKey returns a new private key of an algorithm that public certificates may
// have: RSA_2048, EC_prime256v1 or EC_secp384r1 (aws-behaviour 7.3).
func NewKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case model.KeyRSA2048:
		return rsa.GenerateKey(rand.Reader, rsaBits[algorithm])
	case model.KeyECP256, model.KeyECP384:
		return ecdsa.GenerateKey(curves[algorithm], rand.Reader)
	}
	return nil, fmt.Errorf("no keys of algorithm %q are made here", algorithm)
}

// SealKey returns a private key sealed for a row.
func SealKey(s Sealer, table, rowKey string, key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return s.Seal(table, rowKey, der)
}

// OpenKey returns the private key that was sealed for a row.
func OpenKey(s Sealer, table, rowKey string, sealed []byte) (crypto.Signer, error) {
	der, err := s.Open(table, rowKey, sealed)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading a sealed key of row %q: no PKCS #8 key", rowKey)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("reading a sealed key of row %q: a %T cannot sign", rowKey, key)
	}
	return signer, nil
}

// NewLeaf returns the row of a certificate that was issued or imported, its key
// sealed for it. Where before is not nil, it renews that.
func (p *Pair) NewLeaf(s Sealer, arn string, before *model.CertificateLeaf, now time.Time) (*model.CertificateLeaf, error) {
	l := &model.CertificateLeaf{
		ARN: arn, Chain: p.Chain, NotBefore: p.Leaf.NotBefore.UTC(), NotAfter: p.Leaf.NotAfter.UTC(),
		Serial: fmt.Sprintf("%x", p.Leaf.SerialNumber.Bytes()), Issued: now.UTC(),
	}
	if before != nil {
		l.Issued, l.Renewed = before.Issued, now.UTC()
	}
	var err error
	l.SealedKey, err = SealKey(s, l.Table(), l.Key(), p.Key)
	return l, err
}

// OpenLeaf returns the certificate of a row with its key.
func OpenLeaf(s Sealer, l *model.CertificateLeaf) (*Pair, error) {
	leaf, err := x509.ParseCertificate(l.Chain[0])
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %s: %w", l.ARN, err)
	}
	key, err := OpenKey(s, l.Table(), l.Key(), l.SealedKey)
	if err != nil {
		return nil, err
	}
	if !samePublic(leaf.PublicKey, key.Public()) {
		return nil, fmt.Errorf("the key of %s is not its certificate's", l.ARN)
	}
	return &Pair{Leaf: leaf, Chain: l.Chain, Key: key}, nil
}

func samePublic(a, b crypto.PublicKey) bool {
	e, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && e.Equal(b)
}

// Names returns the names of a certificate that hosts can have, its common name
// where it has no alternative names. Others, such as addresses, are left out.
func Names(c *x509.Certificate) []model.Name {
	texts := c.DNSNames
	if len(texts) == 0 && c.Subject.CommonName != "" {
		texts = []string{c.Subject.CommonName}
	}
	var names []model.Name
	seen := make(map[model.Name]bool)
	for _, text := range texts {
		if strings.ContainsAny(text, " \\/:@") {
			continue
		}
		if n, err := model.ParseName(text); err == nil && !seen[n] {
			names, seen[n] = append(names, n), true
		}
	}
	return names
}
