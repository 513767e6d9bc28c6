package acm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"golang.org/x/crypto/ocsp"
)

// stapling is a CA with a responder.
type stapling struct {
	key  *ecdsa.PrivateKey
	root *x509.Certificate
	url  string
}

func newStapling(t *testing.T) *stapling {
	t.Helper()
	s := new(stapling)
	var err error
	if s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, s.key.Public(), s.key)
	if err != nil {
		t.Fatal(err)
	}
	if s.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	responder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q, err := ocsp.ParseRequest(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := ocsp.CreateResponse(s.root, s.root, ocsp.Response{
			Status: ocsp.Good, SerialNumber: q.SerialNumber, IssuerHash: crypto.SHA1,
			ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour),
		}, s.key)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(responder.Close)
	s.url = responder.URL
	return s
}

func (s *stapling) issue(t *testing.T, responders ...string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "example.org"}, DNSNames: []string{"example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour), OCSPServer: responders,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, s.root, key.Public(), s.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, s.root.Raw}, PrivateKey: key, Leaf: leaf}
}

// TestStaple: a certificate with a responder is handed over again, stapled; one
// without is not, and one that was removed stays removed.
func TestStaple(t *testing.T) {
	ca, x := newStapling(t), new(testIndex)
	s := NewStapler(&certmagic.FileStorage{Path: t.TempDir()}, x, zap.NewNop())
	c := ca.issue(t, ca.url)
	s.add("with", testAccount, c)
	eventually(t, func() string {
		if got := x.get("with"); got == nil || len(got.OCSPStaple) == 0 {
			return "no staple"
		}
		return ""
	})
	got := x.get("with")
	if r, err := ocsp.ParseResponse(got.OCSPStaple, ca.root); err != nil || r.Status != ocsp.Good || !bytes.Equal(got.Certificate[0], c.Certificate[0]) || len(c.OCSPStaple) != 0 {
		t.Errorf("staple %v, %v; the certificate handed over first must not change", r, err)
	}
	s.remove("with")
	x.RemoveManaged("with")
	s.add("without", testAccount, ca.issue(t))
	s.add("gone", testAccount, ca.issue(t, ca.url))
	s.remove("gone")
	s.Close()
	if x.get("with") != nil || x.get("without") != nil || x.get("gone") != nil {
		t.Errorf("handed over: %v", x.certs)
	}
}
