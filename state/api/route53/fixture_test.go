package route53

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
)

const (
	testAccount  = "111111111111"
	otherAccount = "222222222222"
)

var ctx = context.Background()

// testNode returns a single node in memory, ready.
func testNode(t testing.TB) *state.Replica {
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
	return r
}

// endpoint is a served API and clients for it.
type endpoint struct {
	*route53.Client // of testAccount
	t               testing.TB
	url             string
	replica         *state.Replica
}

// serve starts an endpoint over a replica of its own, changed by change.
func serve(t testing.TB, change func(c *Config)) *endpoint {
	t.Helper()
	e := &endpoint{t: t, replica: testNode(t)}
	c := Config{Replica: e.replica}
	if change != nil {
		change(&c)
	}
	s := httptest.NewServer(api.New(api.Config{
		Replica: c.Replica, Services: []api.Service{New(c)},
		Log: func(format string, args ...any) { t.Logf(format, args...) },
	}))
	t.Cleanup(s.Close)
	e.url = s.URL
	e.Client = e.as(testAccount)
	return e
}

// as returns a client with an account's key.
func (e *endpoint) as(account string) *route53.Client {
	return route53.New(route53.Options{
		BaseEndpoint: &e.url, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "secret"}, nil
		}),
	})
}

var references int

// zone creates a public zone and returns its bare id.
func (e *endpoint) zone(name string) string {
	e.t.Helper()
	references++
	out, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: aws.String(fmt.Sprint("ref ", references))})
	if err != nil {
		e.t.Fatal(err)
	}
	return strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
}

// privateZone creates a private zone and returns its bare id.
func (e *endpoint) privateZone(name, vpcID string) string {
	e.t.Helper()
	references++
	out, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name: &name, CallerReference: aws.String(fmt.Sprint("ref ", references)), VPC: vpcOf(vpcID),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
}

func vpcOf(id string) *types.VPC { return &types.VPC{VPCId: &id, VPCRegion: types.VPCRegionUsEast1} }

// change sends one batch.
func (e *endpoint) change(zone string, list ...types.Change) error {
	_, err := e.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: list},
	})
	return err
}

// mustChange sends one batch that must be taken.
func (e *endpoint) mustChange(zone string, list ...types.Change) {
	e.t.Helper()
	if err := e.change(zone, list...); err != nil {
		e.t.Fatal(err)
	}
}

// list returns all RRsets of a zone.
func (e *endpoint) list(zone string) []types.ResourceRecordSet {
	e.t.Helper()
	var out []types.ResourceRecordSet
	pages := route53.NewListResourceRecordSetsPaginator(e, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			e.t.Fatal(err)
		}
		out = append(out, p.ResourceRecordSets...)
	}
	return out
}

// rrset returns a simple RRset.
func rrset(name, rrtype string, values ...string) types.ResourceRecordSet {
	s := types.ResourceRecordSet{Name: &name, Type: types.RRType(rrtype), TTL: aws.Int64(60)}
	for _, v := range values {
		s.ResourceRecords = append(s.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	return s
}

// aliasTo returns an alias RRset.
func aliasTo(name, rrtype, zone, target string, evaluate bool) types.ResourceRecordSet {
	return types.ResourceRecordSet{Name: &name, Type: types.RRType(rrtype), AliasTarget: &types.AliasTarget{
		HostedZoneId: &zone, DNSName: &target, EvaluateTargetHealth: evaluate,
	}}
}

// with returns s with a set identifier, changed.
func with(s types.ResourceRecordSet, id string, change func(s *types.ResourceRecordSet)) types.ResourceRecordSet {
	s.SetIdentifier = &id
	change(&s)
	return s
}

func create(s types.ResourceRecordSet) types.Change { return changeOf(types.ChangeActionCreate, s) }
func upsert(s types.ResourceRecordSet) types.Change { return changeOf(types.ChangeActionUpsert, s) }
func remove(s types.ResourceRecordSet) types.Change { return changeOf(types.ChangeActionDelete, s) }

func changeOf(action types.ChangeAction, s types.ResourceRecordSet) types.Change {
	return types.Change{Action: action, ResourceRecordSet: &s}
}

// wantError compares code, status and message of what the SDK says; a message
// that ends with an ellipsis is a prefix.
func wantError(t testing.TB, err error, status int, code, message string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	}
	var e smithy.APIError
	var r *smithyhttp.ResponseError
	if !errors.As(err, &e) || !errors.As(err, &r) {
		t.Fatalf("error %v, want %s", err, code)
	}
	text, prefix := strings.CutSuffix(message, "…")
	matches := e.ErrorMessage() == message || prefix && strings.HasPrefix(e.ErrorMessage(), text)
	if e.ErrorCode() != code || r.HTTPStatusCode() != status || !matches {
		t.Errorf("error %d %s %q, want %d %s %q", r.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage(), status, code, message)
	}
}

// send sends a raw request and returns status and body.
func (e *endpoint) send(method, path, body string) (int, string, http.Header) {
	e.t.Helper()
	r, err := http.NewRequest(method, e.url+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Date", "20260801T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+testAccount+"/20260801/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return resp.StatusCode, string(data), resp.Header
}
