package elbv2

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

const (
	account = "111111111111"
	region  = "eu-west-3"
)

var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// fixture is an endpoint over a replica with two load balancers.
type fixture struct {
	*elb.Client
	t        *testing.T
	url      string
	replica  *state.Replica
	web, api *model.LoadBalancer
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "self"}, Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	f := &fixture{
		t: t, replica: r,
		web: model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "edge-1"),
		api: model.NewLoadBalancer(account, "api-1.eu-west-3.elb.amazonaws.com", "edge-1"),
	}
	f.web.Since = hlc.At(now)
	f.put(f.web, f.api,
		model.NewLoadBalancer("222222222222", "web-2.eu-west-3.elb.amazonaws.com", "edge-2"),
		model.NewLoadBalancer(account, "web-3.us-east-1.elb.amazonaws.com", "edge-1"))
	service := New(Config{Replica: r, Now: func() time.Time { return now }})
	s := httptest.NewServer(api.New(api.Config{Replica: r, Services: []api.Service{service}}))
	t.Cleanup(s.Close)
	f.url, f.Client = s.URL, clientOf(s.URL, account)
	return f
}

func clientOf(url, account string) *elb.Client {
	return elb.New(elb.Options{
		BaseEndpoint: &url, Region: region, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "x"}, nil
		}),
	})
}

func (f *fixture) put(vs ...model.Value) {
	f.t.Helper()
	_, err := f.replica.Commit(f.t.Context(), func(t *state.Tx) error {
		for _, v := range vs {
			if err := t.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// issue makes a certificate that is issued, and returns its ARN.
func (f *fixture) issue(name string) string {
	f.t.Helper()
	arn := f.request(name)
	f.put(&model.CertificateLeaf{
		ARN: arn, Chain: [][]byte{{1}}, SealedKey: []byte{1}, Serial: "01", NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), Issued: now,
	})
	return arn
}

// request makes a certificate that is pending.
func (f *fixture) request(name string) string {
	f.t.Helper()
	c := &model.Certificate{
		ARN: model.NewCertificateARN(region, account, name), Account: account, Region: region, Names: []model.Name{model.Name(name + ".example.org.")},
		Type: model.CertificateImported, KeyAlgorithm: model.KeyECP256, Created: now,
	}
	f.put(c)
	return c.ARN
}

func certificatesOf(arns ...string) []types.Certificate {
	var out []types.Certificate
	for _, a := range arns {
		out = append(out, types.Certificate{CertificateArn: &a})
	}
	return out
}

// shown returns the certificates of a listener, the default ones marked.
func (f *fixture) shown(listener string) string {
	f.t.Helper()
	out, err := f.DescribeListenerCertificates(f.t.Context(), &elb.DescribeListenerCertificatesInput{ListenerArn: &listener})
	if err != nil {
		f.t.Fatal(err)
	}
	var parts []string
	for _, c := range out.Certificates {
		s := *c.CertificateArn
		if *c.IsDefault {
			s += " default"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// wantError checks code and message of an SDK's error.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var known smithy.APIError
	if !errors.As(err, &known) || known.ErrorCode() != code || !strings.Contains(known.ErrorMessage(), message) {
		t.Errorf("error %v, want %s: %s", err, code, message)
	}
}

// TestListenerCertificates walks through aws-behaviour 8.1 and 8.3.
func TestListenerCertificates(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	listener := f.web.ListenerARN()
	a, b, c := f.issue("a"), f.issue("b"), f.issue("c")
	out, err := f.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &listener, Certificates: certificatesOf(a)})
	if err != nil || len(out.Listeners) != 1 || *out.Listeners[0].Certificates[0].CertificateArn != a {
		t.Fatalf("ModifyListener() = %+v, %v, want the default certificate %s", out, err, a)
	}
	for range 2 { // present ones are not added again
		added, err := f.AddListenerCertificates(ctx, &elb.AddListenerCertificatesInput{ListenerArn: &listener, Certificates: certificatesOf(b, a)})
		if err != nil || len(added.Certificates) != 2 || *added.Certificates[0].IsDefault {
			t.Fatalf("AddListenerCertificates() = %+v, %v, want both, none of them default", added, err)
		}
	}
	want := []string{a + " default"}
	if a < b {
		want = append(want, a, b)
	} else {
		want = append(want, b, a)
	}
	if got := f.shown(listener); got != strings.Join(want, ", ") {
		t.Errorf("the listener shows %s, want %s", got, want)
	}
	if got := f.shown(f.api.ListenerARN()); got != "" {
		t.Errorf("another listener shows %s, want nothing", got)
	}
	remove := func(arn string) error {
		_, err := f.RemoveListenerCertificates(ctx, &elb.RemoveListenerCertificatesInput{ListenerArn: &listener, Certificates: certificatesOf(arn)})
		return err
	}
	for _, arn := range []string{a, b, c} { // a's place in the list goes, c was never there
		if err := remove(arn); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.shown(listener); got != a+" default" {
		t.Errorf("the listener shows %s, want the default only", got)
	}
	wantError(t, remove(a), "OperationNotPermitted", "Default certificate cannot be removed")
}

// TestErrors provokes the errors of aws-behaviour 8.3.
func TestErrors(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	listener := f.web.ListenerARN()
	good, pending := f.issue("good"), f.request("pending")
	foreign := strings.Replace(good, region, "us-east-1", 1)
	unknown := model.NewCertificateARN(region, account, "unknown")
	none := strings.Replace(listener, "/app/web-1/", "/app/web-9/", 1)
	add := func(c *elb.Client, listener string, certs ...types.Certificate) error {
		_, err := c.AddListenerCertificates(ctx, &elb.AddListenerCertificatesInput{ListenerArn: &listener, Certificates: certs})
		return err
	}
	wantError(t, add(f.Client, none, certificatesOf(good)...), "ListenerNotFound", "One or more listeners not found")
	wantError(t, add(clientOf(f.url, "222222222222"), listener, certificatesOf(good)...), "ListenerNotFound", "One or more listeners not found")
	wantError(t, add(f.Client, listener, certificatesOf(good, unknown)...), "CertificateNotFound", "Certificate '"+unknown+"' not found")
	wantError(t, add(f.Client, listener, certificatesOf(foreign)...), "ValidationError", "Certificate ARN '"+foreign+"' is not valid")
	wantError(t, add(f.Client, listener, certificatesOf("x")...), "ValidationError", "Certificate ARN 'x' is not valid")
	wantError(t, add(f.Client, listener, certificatesOf(pending)...), "UnsupportedCertificate", "it is PENDING_VALIDATION")
	wantError(t, add(f.Client, listener, types.Certificate{CertificateArn: &good, IsDefault: aws.Bool(true)}), "ValidationError", "IsDefault")
	if got := f.shown(listener); got != "" {
		t.Errorf("after refused requests the listener shows %s, want nothing", got)
	}
	modify := func(in elb.ModifyListenerInput) error {
		in.ListenerArn = &listener
		_, err := f.ModifyListener(ctx, &in)
		return err
	}
	wantError(t, modify(elb.ModifyListenerInput{Certificates: certificatesOf(good, pending)}), "ValidationError", "Up to '1' certificate ARNs can be specified, but '2' were specified")
	wantError(t, modify(elb.ModifyListenerInput{Certificates: certificatesOf(pending)}), "UnsupportedCertificate", "PENDING_VALIDATION")
	wantError(t, modify(elb.ModifyListenerInput{Port: aws.Int32(8443)}), "InvalidConfigurationRequest", "Port of a listener cannot be changed here")
	if err := modify(elb.ModifyListenerInput{Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps}); err != nil {
		t.Errorf("ModifyListener that changes nothing = %v", err)
	}
	_, err := f.DescribeListeners(ctx, &elb.DescribeListenersInput{})
	wantError(t, err, "ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	_, err = f.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: aws.String("arn:x")})
	wantError(t, err, "LoadBalancerNotFound", "One or more load balancers not found")
	_, err = f.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{"web-1", "nope"}})
	wantError(t, err, "LoadBalancerNotFound", "Load balancers '[nope]' not found")
	_, err = f.DescribeListenerCertificates(ctx, &elb.DescribeListenerCertificatesInput{ListenerArn: &listener, PageSize: aws.Int32(401)})
	wantError(t, err, "ValidationError", "Value '401' at 'pageSize' failed to satisfy constraint: Member must have value less than or equal to 400")
	_, err = f.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: &listener})
	wantError(t, err, "InvalidAction", "Could not find operation DescribeRules for version 2015-12-01")
}

// TestTooManyCertificates checks the limit of aws-behaviour 8.1, which defaults
// do not count in; a request that breaks it changes nothing.
func TestTooManyCertificates(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	listener := f.web.ListenerARN()
	var arns []string
	for i := range MaxCertificates + 1 {
		arns = append(arns, f.issue(fmt.Sprint("c", i)))
	}
	if _, err := f.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &listener, Certificates: certificatesOf(arns[0])}); err != nil {
		t.Fatal(err)
	}
	add := func(arns ...string) error {
		_, err := f.AddListenerCertificates(ctx, &elb.AddListenerCertificatesInput{ListenerArn: &listener, Certificates: certificatesOf(arns...)})
		return err
	}
	wantError(t, add(arns...), "TooManyCertificates", "there would be 26")
	if err := add(arns[1:]...); err != nil {
		t.Fatal(err)
	}
	wantError(t, add(arns[0]), "TooManyCertificates", "there would be 26")
	pages := 0
	for p := elb.NewDescribeListenerCertificatesPaginator(f, &elb.DescribeListenerCertificatesInput{ListenerArn: &listener, PageSize: aws.Int32(10)}); p.HasMorePages(); pages++ {
		out, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if first := *out.Certificates[0].IsDefault; first != (pages == 0) {
			t.Errorf("page %d begins with a default certificate: %v", pages+1, first)
		}
	}
	if pages != 3 {
		t.Errorf("%d pages of 10 for 26 certificates, want 3", pages)
	}
}

func TestDescribe(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	out, err := f.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	if err != nil || len(out.LoadBalancers) != 2 {
		t.Fatalf("DescribeLoadBalancers() = %+v, %v, want the account's two of the Region", out, err)
	}
	web := out.LoadBalancers[1]
	if *web.LoadBalancerArn != f.web.ARN || *web.DNSName != f.web.DNSName || *web.LoadBalancerName != "web-1" || web.Type != types.LoadBalancerTypeEnumApplication ||
		*web.CanonicalHostedZoneId != "Z3Q77PNBQS71R4" || !web.CreatedTime.Equal(now) || web.State.Code != types.LoadBalancerStateEnumActive {
		t.Errorf("DescribeLoadBalancers() = %+v", web)
	}
	byName, err := f.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{"api-1"}})
	if err != nil || len(byName.LoadBalancers) != 1 || *byName.LoadBalancers[0].LoadBalancerArn != f.api.ARN {
		t.Errorf("DescribeLoadBalancers(api-1) = %+v, %v", byName, err)
	}
	listeners, err := f.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &f.web.ARN})
	if err != nil || len(listeners.Listeners) != 1 || *listeners.Listeners[0].ListenerArn != f.web.ListenerARN() || *listeners.Listeners[0].Port != 443 {
		t.Errorf("DescribeListeners() = %+v, %v", listeners, err)
	}
	tags, err := f.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{f.web.ARN, f.web.ListenerARN()}})
	if err != nil || len(tags.TagDescriptions) != 2 || len(tags.TagDescriptions[0].Tags) != 0 {
		t.Errorf("DescribeTags() = %+v, %v", tags, err)
	}
}

// TestLatestDefaultHolds: the API's word and those of Caddyfiles, the latest
// wins, as in package claims.
func TestLatestDefaultHolds(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	listener := f.web.ListenerARN()
	a, b := f.issue("a"), f.issue("b")
	if _, err := f.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &listener, Certificates: certificatesOf(a)}); err != nil {
		t.Fatal(err)
	}
	declared := *f.web
	declared.DefaultCertificate = b
	f.put(&declared)
	if got := f.shown(listener); got != b+" default" {
		t.Errorf("the listener shows %s, want what the Caddyfile said last", got)
	}
	if _, err := f.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &listener, Certificates: certificatesOf(a)}); err != nil {
		t.Fatal(err)
	}
	if got := f.shown(listener); got != a+" default" {
		t.Errorf("the listener shows %s, want what the API said last", got)
	}
}
