package certificate

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// The bounds of what is imported, in bytes (aws-behaviour 7.6).
const (
	MaxCertificatePEM = 32768
	MaxKeyPEM         = 5120
)

// The reasons to refuse an import.
var (
	ErrNoCertificate   = errors.New("the certificate is not valid PEM")
	ErrManyCertificate = errors.New("the certificate field contains more than one certificate, specify only one certificate in this field")
	ErrNoKey           = errors.New("the private key is not valid PEM")
	ErrEncrypted       = errors.New("the private key must not be protected by a passphrase")
	ErrKeyAlgorithm    = errors.New("the private key algorithm or length is not supported")
	ErrMismatch        = errors.New("the private key does not match the certificate")
	ErrNotYet          = errors.New("the certificate is not valid yet")
	ErrExpired         = errors.New("the certificate has expired")
	ErrNoChain         = errors.New("the certificate chain is not valid PEM")
	ErrChain           = errors.New("could not validate the certificate with the certificate chain")
)

// Parse reads a certificate, its private key and its chain, which may be empty,
// each in PEM, as ImportCertificate takes them: the certificate is one and in
// its time, the key is one of [model.KeyAlgorithms], unencrypted and the
// certificate's own, and each certificate is signed by the next of the chain.
// It does not look at names, revocation or trust. Errors wrap one of those
// above and never show the key.
func Parse(certificate, chain, key []byte, now time.Time) (*Pair, error) {
	p := new(Pair)
	der, err := blocks(certificate)
	switch {
	case err != nil || len(der) == 0:
		return nil, ErrNoCertificate
	case len(der) > 1:
		return nil, ErrManyCertificate
	}
	if p.Leaf, err = x509.ParseCertificate(der[0]); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoCertificate, err)
	}
	if p.Key, err = parseKey(key); err != nil {
		return nil, err
	}
	switch {
	case Algorithm(p.Leaf.PublicKey) == "" || Algorithm(p.Key.Public()) == "":
		return nil, fmt.Errorf("%w: supported are %q", ErrKeyAlgorithm, model.KeyAlgorithms)
	case !samePublic(p.Leaf.PublicKey, p.Key.Public()):
		return nil, ErrMismatch
	case now.Before(p.Leaf.NotBefore):
		return nil, fmt.Errorf("%w: it begins at %s", ErrNotYet, p.Leaf.NotBefore.UTC().Format(time.RFC3339))
	case now.After(p.Leaf.NotAfter):
		return nil, fmt.Errorf("%w: it ended at %s", ErrExpired, p.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	p.Chain = der
	return p, p.addChain(chain)
}

func (p *Pair) addChain(chain []byte) error {
	if len(bytes.TrimSpace(chain)) == 0 {
		return nil
	}
	der, err := blocks(chain)
	if err != nil || len(der) == 0 || len(der) >= model.MaxChainCertificates {
		return fmt.Errorf("%w: want 1 to %d certificates", ErrNoChain, model.MaxChainCertificates-1)
	}
	signed := p.Leaf
	for i, d := range der {
		issuer, err := x509.ParseCertificate(d)
		if err != nil {
			return fmt.Errorf("%w: certificate %d: %v", ErrNoChain, i+1, err)
		}
		if err := signed.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("%w: certificate %d of the chain did not sign the one before it", ErrChain, i+1)
		}
		signed = issuer
	}
	p.Chain = append(p.Chain, der...)
	return nil
}

// blocks returns the certificates in PEM; anything else in it is an error.
func blocks(data []byte) ([][]byte, error) {
	var out [][]byte
	for len(bytes.TrimSpace(data)) > 0 {
		if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN ")) {
			return nil, ErrNoCertificate
		}
		block, rest := pem.Decode(data)
		if block == nil || block.Type != "CERTIFICATE" || len(out) > model.MaxChainCertificates {
			return nil, ErrNoCertificate
		}
		out, data = append(out, block.Bytes), rest
	}
	return out, nil
}

func parseKey(data []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(data)
	for block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, ErrNoKey
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, ErrEncrypted
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("%w: a block of %.40q", ErrNoKey, block.Type)
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, ErrNoKey // the parser's own words could show parts of the key
	}
	return signer, nil
}

// PEM returns certificates in PEM, one behind the other.
func PEM(chain [][]byte) string {
	var b bytes.Buffer
	for _, der := range chain {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a buffer takes all
	}
	return b.String()
}
