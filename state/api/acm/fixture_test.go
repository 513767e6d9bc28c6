package acm

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/smithy-go"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

const (
	testAccount  = "111111111111"
	otherAccount = "222222222222"
)

var ctx = context.Background()

// endpoint is a served API, a client for it, and its clock.
type endpoint struct {
	*acm.Client // of testAccount
	t           testing.TB
	url         string
	replica     *state.Replica
	sealer      certificate.Sealer
	now         time.Time
	used        map[string][]string // InUseBy
}

// serve starts an endpoint over a node of its own, changed by change.
func serve(t testing.TB, change func(c *Config)) *endpoint {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self:  state.Member{Run: 7, Node: "self", Kind: "edge", Region: "us-east-1"},
		Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	ring, err := seal.NewKeyring([][]byte{bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{t: t, replica: r, sealer: ring, now: time.Now().Truncate(time.Second), used: make(map[string][]string)}
	c := Config{
		Replica: r, Sealer: ring, Now: func() time.Time { return e.now },
		InUseBy: func(arn string) []string { return e.used[arn] },
	}
	if change != nil {
		change(&c)
	}
	s := httptest.NewServer(api.New(api.Config{Replica: r, Services: []api.Service{New(c)}, Log: t.Logf}))
	t.Cleanup(s.Close)
	e.url = s.URL
	e.Client = e.as(testAccount, "us-east-1")
	return e
}

// as returns a client with an account's key, in a Region.
func (e *endpoint) as(account, region string) *acm.Client {
	return acm.New(acm.Options{
		BaseEndpoint: &e.url, Region: region, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "secret"}, nil
		}),
	})
}

// request asks for a certificate by DNS and returns its ARN.
func (e *endpoint) request(domain string, change func(in *acm.RequestCertificateInput)) *string {
	e.t.Helper()
	arn, err := e.tryRequest(domain, change)
	if err != nil {
		e.t.Fatal(err)
	}
	return arn
}

func (e *endpoint) tryRequest(domain string, change func(in *acm.RequestCertificateInput)) (*string, error) {
	in := &acm.RequestCertificateInput{DomainName: &domain, ValidationMethod: types.ValidationMethodDns}
	if change != nil {
		change(in)
	}
	out, err := e.RequestCertificate(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.CertificateArn, nil
}

func (e *endpoint) describe(arn *string) *types.CertificateDetail {
	e.t.Helper()
	out, err := e.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: arn})
	if err != nil {
		e.t.Fatal(err)
	}
	return out.Certificate
}

// put writes rows as another part of the node would.
func (e *endpoint) put(values ...model.Value) {
	e.t.Helper()
	_, err := e.replica.Commit(ctx, func(t *state.Tx) error {
		for _, v := range values {
			if err := t.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// issue writes the leaf that an edge would.
func (e *endpoint) issue(arn *string) {
	e.t.Helper()
	p := pair(e.t, e.now, *e.describe(arn).DomainName)
	leaf, err := p.NewLeaf(e.sealer, *arn, nil, e.now)
	if err != nil {
		e.t.Fatal(err)
	}
	e.put(leaf)
}

// pair returns a new self-signed certificate for names.
func pair(t testing.TB, now time.Time, names ...string) *certificate.Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0x0a1b2c), Subject: pkix.Name{CommonName: names[0], Organization: []string{"Test CA"}}, DNSNames: names,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &certificate.Pair{Leaf: leaf, Chain: [][]byte{der}, Key: key}
}

// importInput returns the request that imports a pair.
func importInput(t testing.TB, p *certificate.Pair) *acm.ImportCertificateInput {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &acm.ImportCertificateInput{
		Certificate: []byte(certificate.PEM(p.Chain)),
		PrivateKey:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

// wantError compares code and message of what the SDK says; a message that ends
// with an ellipsis is a prefix. An empty code wants no error.
func wantError(t testing.TB, err error, code, message string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	}
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want %s", err, code)
	}
	text, prefix := strings.CutSuffix(message, "…")
	if e.ErrorCode() != code || e.ErrorMessage() != message && (!prefix || !strings.HasPrefix(e.ErrorMessage(), text)) {
		t.Errorf("error %s %q, want %s %q", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

// send sends a raw request and returns status and body.
func (e *endpoint) send(operation, body string) (int, string) {
	e.t.Helper()
	r, err := http.NewRequest("POST", e.url, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target+"."+operation)
	r.Header.Set("X-Amz-Date", "20260801T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+testAccount+"/20260801/us-east-1/acm/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}
