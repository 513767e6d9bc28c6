package certificate

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func mustKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// mustIssue returns a certificate for key, signed by parent's key, nil for its
// own, in DER.
func mustIssue(t testing.TB, key crypto.Signer, parent *Pair, change func(c *x509.Certificate)) *Pair {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0x1234), Subject: pkix.Name{CommonName: "example.org"}, DNSNames: []string{"example.org"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	signer, above := key, c
	if parent != nil {
		signer, above = parent.Key, parent.Leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, c, above, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Pair{Leaf: leaf, Chain: [][]byte{der}, Key: key}
}

func keyPEM(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// TestParse: aws-behaviour 7.6, Import.
func TestParse(t *testing.T) {
	root := mustIssue(t, mustKey(t, elliptic.P256()), nil, func(c *x509.Certificate) { c.Subject.CommonName = "root" })
	leaf := mustIssue(t, mustKey(t, elliptic.P384()), root, nil)
	other := mustIssue(t, mustKey(t, elliptic.P256()), nil, nil)
	late := mustIssue(t, mustKey(t, elliptic.P256()), nil, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) })
	old := mustIssue(t, mustKey(t, elliptic.P256()), nil, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	ed := mustIssue(t, edKey, nil, nil)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaSelf := mustIssue(t, rsaKey, nil, nil)
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})
	sec1, err := x509.MarshalECPrivateKey(leaf.Key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	ec := append([]byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...)
	text := func(p *Pair) string { return PEM(p.Chain) }
	tests := []struct {
		name                 string
		cert, chain          string
		key                  []byte
		want                 error
		certificates, length int
	}{
		{"with chain", text(leaf), text(root), keyPEM(t, leaf.Key), nil, 2, 0},
		{"without chain", text(leaf), "", keyPEM(t, leaf.Key), nil, 1, 0},
		{"self-signed", text(other), "", keyPEM(t, other.Key), nil, 1, 0},
		{"PKCS 1", text(rsaSelf), "", pkcs1, nil, 1, 0},
		{"SEC 1 with parameters", text(leaf), "\n", ec, nil, 1, 0},
		{"CRLF", strings.ReplaceAll(text(leaf), "\n", "\r\n"), "", keyPEM(t, leaf.Key), nil, 1, 0},
		{"nothing", "", "", keyPEM(t, leaf.Key), ErrNoCertificate, 0, 0},
		{"text", "hello", "", keyPEM(t, leaf.Key), ErrNoCertificate, 0, 0},
		{"key as certificate", string(keyPEM(t, leaf.Key)), "", keyPEM(t, leaf.Key), ErrNoCertificate, 0, 0},
		{"two certificates", text(leaf) + text(root), "", keyPEM(t, leaf.Key), ErrManyCertificate, 0, 0},
		{"no DER", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "", keyPEM(t, leaf.Key), ErrNoCertificate, 0, 0},
		{"no key", text(leaf), "", nil, ErrNoKey, 0, 0},
		{"certificate as key", text(leaf), "", []byte(text(leaf)), ErrNoKey, 0, 0},
		{"two keys", text(leaf), "", append(keyPEM(t, leaf.Key), keyPEM(t, leaf.Key)...), ErrNoKey, 0, 0},
		{"encrypted", text(leaf), "", []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), ErrEncrypted, 0, 0},
		{"encrypted, old form", text(leaf), "", []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), ErrEncrypted, 0, 0},
		{"Ed25519", text(ed), "", keyPEM(t, ed.Key), ErrKeyAlgorithm, 0, 0},
		{"another's key", text(leaf), "", keyPEM(t, mustKey(t, elliptic.P384())), ErrMismatch, 0, 0},
		{"not yet", text(late), "", keyPEM(t, late.Key), ErrNotYet, 0, 0},
		{"expired", text(old), "", keyPEM(t, old.Key), ErrExpired, 0, 0},
		{"another's chain", text(leaf), text(other), keyPEM(t, leaf.Key), ErrChain, 0, 0},
		{"chain of text", text(leaf), "hello", keyPEM(t, leaf.Key), ErrNoChain, 0, 0},
		{"long chain", text(leaf), strings.Repeat(text(root), model.MaxChainCertificates), keyPEM(t, leaf.Key), ErrNoChain, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse([]byte(tt.cert), []byte(tt.chain), tt.key, now)
			if !errors.Is(err, tt.want) || err == nil && len(p.Chain) != tt.certificates {
				t.Errorf("Parse = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	for _, algorithm := range []string{model.KeyRSA2048, model.KeyECP256, model.KeyECP384} {
		k, err := NewKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if got := Algorithm(k.Public()); got != algorithm {
			t.Errorf("Algorithm(NewKey(%s)) = %q", algorithm, got)
		}
	}
	if _, err := NewKey(model.KeyRSA1024); err == nil {
		t.Error("NewKey(RSA_1024) is a key, want an error")
	}
}

func TestLeaf(t *testing.T) {
	ring, err := seal.NewKeyring([][]byte{bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	arn := model.NewCertificateARN("us-east-1", model.DefaultAccount, "t")
	p := mustIssue(t, mustKey(t, elliptic.P256()), nil, nil)
	l, err := p.NewLeaf(ring, arn, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if l.Serial != "1234" || !l.NotAfter.Equal(now.Add(time.Hour)) || !l.Issued.Equal(now) || !l.Renewed.IsZero() || l.Validate() != nil {
		t.Errorf("NewLeaf = %+v, %v", l, l.Validate())
	}
	back, err := OpenLeaf(ring, l)
	if err != nil || !samePublic(back.Key.Public(), p.Key.Public()) {
		t.Errorf("OpenLeaf = %v, %v, want the key that was sealed", back, err)
	}
	later := now.Add(time.Minute)
	r, err := mustIssue(t, mustKey(t, elliptic.P256()), nil, nil).NewLeaf(ring, arn, l, later)
	if err != nil || !r.Issued.Equal(now) || !r.Renewed.Equal(later) {
		t.Errorf("NewLeaf of a renewal = %+v, %v, want it issued at %v and renewed at %v", r, err, now, later)
	}
	moved := *r
	moved.SealedKey = l.SealedKey
	if _, err := OpenLeaf(ring, &moved); err == nil {
		t.Error("OpenLeaf with another leaf's key = nil, want an error")
	}
	moved.ARN = model.NewCertificateARN("us-east-1", model.DefaultAccount, "u")
	if _, err := OpenLeaf(ring, &moved); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("OpenLeaf of a moved row = %v, want %v", err, seal.ErrTampered)
	}
}

func TestNames(t *testing.T) {
	c := &x509.Certificate{DNSNames: []string{"Example.org", "*.example.org", "example.org", "a b", ""}, Subject: pkix.Name{CommonName: "x.example.net"}}
	if got := Names(c); len(got) != 2 || got[0] != "example.org." || got[1] != "*.example.org." {
		t.Errorf("Names = %q", got)
	}
	c.DNSNames = nil
	if got := Names(c); len(got) != 1 || got[0] != "x.example.net." {
		t.Errorf("Names of a common name = %q", got)
	}
}

// TestEncryptKey has OpenSSL read what is exported.
func TestEncryptKey(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed (Debian package openssl)")
	}
	key := mustKey(t, elliptic.P256())
	text, err := EncryptKey(key, []byte("pass phrase"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(passphrase string) (string, error) {
		cmd := exec.Command(openssl, "pkcs8", "-passin", "pass:"+passphrase)
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.Output()
		return string(out), err
	}
	if got, err := read("pass phrase"); err != nil || got != string(keyPEM(t, key)) {
		t.Errorf("openssl reads %q, %v, want the key", got, err)
	}
	if _, err := read("wrong"); err == nil {
		t.Error("openssl reads the key with a wrong passphrase")
	}
}

// FuzzParse proves that whatever is imported, it is refused with a known reason
// or holds together.
func FuzzParse(f *testing.F) {
	p := mustIssue(f, mustKey(f, elliptic.P256()), nil, nil)
	f.Add([]byte(PEM(p.Chain)), []byte(PEM(p.Chain)), keyPEM(f, p.Key))
	f.Add([]byte(PEM(p.Chain)), []byte(nil), []byte("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, cert, chain, key []byte) {
		p, err := Parse(cert, chain, key, now)
		if err != nil {
			known := []error{ErrNoCertificate, ErrManyCertificate, ErrNoKey, ErrEncrypted, ErrKeyAlgorithm, ErrMismatch, ErrNotYet, ErrExpired, ErrNoChain, ErrChain}
			for _, k := range known {
				if errors.Is(err, k) {
					return
				}
			}
			t.Fatalf("Parse = %v, none of the known reasons", err)
		}
		if !samePublic(p.Leaf.PublicKey, p.Key.Public()) || len(p.Chain) < 1 || Algorithm(p.Leaf.PublicKey) == "" {
			t.Errorf("Parse takes %v", p.Leaf.Subject)
		}
		_ = Names(p.Leaf)
	})
}
