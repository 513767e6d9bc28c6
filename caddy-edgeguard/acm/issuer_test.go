package acm

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/certmagic"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// csrOf returns a request of Caddy's for names.
func csrOf(t *testing.T, change func(c *x509.CertificateRequest), names ...string) *x509.CertificateRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.CertificateRequest{DNSNames: names}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, c, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

// foreign returns what the API knows of the certificates of sites.
func (b *bench) foreign() (out []model.CertificateState) {
	_ = b.replica.View(func(rd *state.Reader) error {
		rd.Range(model.TableCertificates, "", "", func(v model.Value, _ state.Version) bool {
			if s, ok := model.CertificateAt(rd, v.Key()); ok && s.Foreign {
				out = append(out, s)
			}
			return true
		})
		return nil
	})
	return out
}

// TestIssuer: a site's certificate waits for its proof, is issued for the key
// that Caddy made, listed, and renewed under the same ARN.
func TestIssuer(t *testing.T) {
	b := newBench(t, nil)
	b.put(testSeed)
	issue := func(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
		return issueForeign(ctx, NewEngine(b.engine.c), "us-east-1", testAccount, csr)
	}
	csr := csrOf(t, nil, "example.org", "*.example.org")
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := issue(short, csr)
		ended <- err
	}()
	eventually(t, func() string {
		if all := b.foreign(); len(all) != 1 || all[0].Status(b.clock.now()) != model.CertificatePending {
			return "no request is listed"
		}
		return ""
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Issue() without a proof = %v, want %v", err, context.Canceled)
	}
	b.prove(newCertificate("", b.clock.now(), "example.org."))
	for range 2 {
		got, err := issue(ctx, csr)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(got.Certificate)
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !leaf.PublicKey.(*ecdsa.PublicKey).Equal(csr.PublicKey) {
			t.Errorf("Issue() = %v, %v, want a certificate for the request's key", leaf, err)
		}
	}
	all := b.foreign()
	if len(all) != 1 || all[0].Status(b.clock.now()) != model.CertificateActive || len(all[0].Leaf.SealedKey) != 0 ||
		all[0].Work.Renewal == nil || all[0].Leaf.Renewed.IsZero() || b.ca.count(all[0].ARN) != 2 {
		t.Errorf("listed: %+v", all)
	}
	if b.index.get(all[0].ARN) != nil {
		t.Error("a certificate without key is served")
	}
}

func TestIssuerRefuses(t *testing.T) {
	b := newBench(t, nil)
	b.put(testSeed)
	b.prove(newCertificate("", b.clock.now(), "example.org."))
	b.dns.put(t, `example.org. 60 CAA 0 issue ";"`)
	for _, tt := range []struct {
		name string
		csr  *x509.CertificateRequest
		want string
	}{
		{"addresses", csrOf(t, func(c *x509.CertificateRequest) { c.IPAddresses = []net.IP{{192, 0, 2, 1}} }, "example.org"), "only host names"},
		{"nothing", csrOf(t, nil), "only host names"},
		{"CAA", csrOf(t, nil, "example.org"), "CAA records forbid it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := issueForeign(ctx, NewEngine(b.engine.c), "us-east-1", testAccount, tt.csr)
			var final certmagic.ErrNoRetry
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &final) {
				t.Errorf("Issue() = %v, want %q, for good", err, tt.want)
			}
		})
	}
}

func TestIssuerCaddyfile(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"acm", ""},
		{"acm {\n account 111111111111\n}", ""},
		{"acm x", "wrong argument count"},
		{"acm {\n account 1\n}", "not 12 digits"},
		{"acm {\n nonsense\n}", "unrecognized subdirective 'nonsense'"},
	} {
		err := new(Issuer).UnmarshalCaddyfile(caddyfile.NewTestDispenser(tt.in))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("UnmarshalCaddyfile(%q) = %v, want %q", tt.in, err, tt.want)
		}
	}
}
