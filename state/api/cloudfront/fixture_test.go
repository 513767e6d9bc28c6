package cloudfront

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"
	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

const (
	one = "111111111111"
	two = "222222222222"
)

var ctx = context.Background()

// nameServer answers from records that tests change, or not at all.
type nameServer struct {
	addr string

	mu      sync.Mutex
	records []dns.RR
	silent  bool
}

func (n *nameServer) set(t testing.TB, records ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records, n.silent = nil, false
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			t.Fatal(err)
		}
		n.records = append(n.records, rr)
	}
}

func (n *nameServer) hush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.silent = true
}

// ServeDNS implements [dns.Handler].
func (n *nameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := new(dns.Msg).SetReply(q)
	for _, rr := range n.records {
		if h := rr.Header(); h.Name == q.Question[0].Name && (h.Rrtype == q.Question[0].Qtype || h.Rrtype == dns.TypeCNAME) {
			m.Answer = append(m.Answer, rr)
		}
	}
	if n.silent {
		m.Rcode = dns.RcodeServerFailure
	}
	_ = w.WriteMsg(m)
}

// endpoint is a served API, with DNS of its own.
type endpoint struct {
	*cloudfront.Client // of account one
	t                  testing.TB
	url                string
	replica            *state.Replica
	dns                *nameServer

	mu  sync.Mutex
	now time.Time
	log []string
}

// serve starts an endpoint over a replica of its own.
func serve(t testing.TB) *endpoint {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self:  state.Member{Run: 7, Node: "self", Kind: "dns", Region: "us-east-1"},
		Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{t: t, replica: r, now: time.Now(), dns: &nameServer{addr: conn.LocalAddr().String()}}
	started := make(chan struct{})
	d := &dns.Server{PacketConn: conn, Handler: e.dns, NotifyStartedFunc: func() { close(started) }}
	go func() { _ = d.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = d.Shutdown() })
	e.put(&model.ClaimRules{Declarer: "edge", Resolvers: []string{e.dns.addr}})
	s := httptest.NewServer(api.New(api.Config{
		Replica: r, Log: func(format string, args ...any) { t.Logf(format, args...) },
		Services: []api.Service{New(Config{Replica: r, Node: "self", Log: e.note, Now: e.clock})},
	}))
	t.Cleanup(s.Close)
	e.url = s.URL
	e.Client = e.as(one)
	return e
}

func (e *endpoint) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

func (e *endpoint) note(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log = append(e.log, fmt.Sprintf(format, args...))
}

// as returns a client with an account's key.
func (e *endpoint) as(account string) *cloudfront.Client {
	return cloudfront.New(cloudfront.Options{
		BaseEndpoint: &e.url, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "secret"}, nil
		}),
	})
}

func (e *endpoint) put(values ...model.Value) {
	e.t.Helper()
	if _, err := e.replica.Commit(ctx, func(tx *state.Tx) error {
		var errs []error
		for _, v := range values {
			errs = append(errs, tx.Put(v))
		}
		return errors.Join(errs...)
	}); err != nil {
		e.t.Fatal(err)
	}
}

// certificate puts an issued certificate for names, changed by change, and
// returns its ARN.
func (e *endpoint) certificate(account string, names []string, change func(c *model.Certificate, l *model.CertificateLeaf)) string {
	e.t.Helper()
	now := e.clock()
	c := &model.Certificate{
		Account: account, Region: "us-east-1", Type: model.CertificateImported, KeyAlgorithm: model.KeyECP256, Created: now.Add(-time.Hour),
	}
	for _, n := range names {
		c.Names = append(c.Names, model.Name(n+"."))
	}
	l := &model.CertificateLeaf{Chain: [][]byte{{1}}, SealedKey: []byte{1}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	if change != nil {
		change(c, l)
	}
	c.ARN = model.NewCertificateARN(c.Region, account, strings.Join(names, " "), fmt.Sprint(l.NotAfter, l.NotBefore, len(l.Chain)))
	l.ARN = c.ARN
	e.put(c, l)
	return c.ARN
}

// config returns a configuration with aliases and an ACM certificate ("": none).
func config(reference, certificate string, aliases ...string) *types.DistributionConfig {
	c := &types.DistributionConfig{
		CallerReference: &reference, Comment: aws.String("<a&b>"), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
			Id: aws.String("o"), DomainName: aws.String("bucket.s3.amazonaws.com"), S3OriginConfig: &types.S3OriginConfig{OriginAccessIdentity: aws.String("")},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: aws.String("o"), ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId: aws.String("658327ea-f89d-4fab-a63d-7e88639e58f6"),
		},
		DefaultRootObject: aws.String("index.html"),
	}
	if len(aliases) > 0 {
		c.Aliases = &types.Aliases{Quantity: aws.Int32(int32(len(aliases))), Items: aliases}
	}
	if certificate != "" {
		c.ViewerCertificate = &types.ViewerCertificate{
			ACMCertificateArn: &certificate, SSLSupportMethod: types.SSLSupportMethodSniOnly, MinimumProtocolVersion: types.MinimumProtocolVersionTLSv122021,
		}
	}
	return c
}

// create makes a distribution that must be made.
func (e *endpoint) create(account string, c *types.DistributionConfig) *types.Distribution {
	e.t.Helper()
	out, err := e.as(account).CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: c})
	if err != nil {
		e.t.Fatal(err)
	}
	return out.Distribution
}

// update changes the configuration of a distribution by change.
func (e *endpoint) update(account, id string, change func(c *types.DistributionConfig)) error {
	e.t.Helper()
	got, err := e.as(account).GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &id})
	if err != nil {
		e.t.Fatal(err)
	}
	change(got.DistributionConfig)
	_, err = e.as(account).UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &id, IfMatch: got.ETag, DistributionConfig: got.DistributionConfig})
	return err
}

func (e *endpoint) mustUpdate(account, id string, change func(c *types.DistributionConfig)) {
	e.t.Helper()
	if err := e.update(account, id, change); err != nil {
		e.t.Fatal(err)
	}
}

func aliases(hosts ...string) func(c *types.DistributionConfig) {
	return func(c *types.DistributionConfig) {
		c.Aliases = &types.Aliases{Quantity: aws.Int32(int32(len(hosts))), Items: hosts}
	}
}

func disable(c *types.DistributionConfig) { c.Enabled = aws.Bool(false) }

// owner checks whose a host name is: a distribution's own name, or "".
func (e *endpoint) owner(host, want string) {
	e.t.Helper()
	got := ""
	if err := e.replica.View(func(rd *state.Reader) error {
		for _, c := range claims.At(rd, host) {
			got = strings.TrimSpace(got + " " + c.OwnerName)
			if c.Reserved {
				got += " reserved"
			}
		}
		return nil
	}); err != nil {
		e.t.Fatal(err)
	}
	if got != want {
		e.t.Errorf("%s belongs to %q, want %q", host, got, want)
	}
}

// wantError checks the code of an error and words in its message.
func wantError(t testing.TB, err error, code string, words ...string) {
	t.Helper()
	var got smithy.APIError
	if !errors.As(err, &got) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if got.ErrorCode() != code {
		t.Errorf("got %s: %s, want %s", got.ErrorCode(), got.ErrorMessage(), code)
	}
	for _, w := range words {
		if !strings.Contains(got.ErrorMessage(), w) {
			t.Errorf("%s says %q, want %q", code, got.ErrorMessage(), w)
		}
	}
}

// declare commits what an edge's Caddyfile would.
func (e *endpoint) declare(node string, build func(d *claims.Declaration)) {
	e.t.Helper()
	d := claims.NewDeclaration(node)
	build(d)
	if _, err := e.replica.Commit(ctx, func(tx *state.Tx) error {
		_, err := d.Apply(tx, hlc.At(e.clock()), d.Surplus(&tx.Reader), claims.ApplyOptions{})
		return err
	}); err != nil {
		e.t.Fatal(err)
	}
}
