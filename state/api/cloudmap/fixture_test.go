package cloudmap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/model"
)

const (
	testAccount  = "111111111111"
	otherAccount = "222222222222"
	testRegion   = "us-east-1"
)

var ctx = context.Background()

// testNode returns a single node in memory, ready.
func testNode(t testing.TB) *state.Replica {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self:  state.Member{Run: 7, ID: "5e1f", Node: "self", Kind: "dns", Region: testRegion},
		Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	return r
}

// clock is time that tests move.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ms.Store(time.Now().UnixMilli())
	return c
}

func (c *clock) now() time.Time            { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration)   { c.ms.Add(d.Milliseconds()) }
func (c *clock) use(config *Config)        { config.Now = c.now }
func withQuotas(q Quotas) func(c *Config)  { return func(c *Config) { c.Quotas = q } }
func ptr[T any](v T) *T                    { return &v }
func names(kv ...string) map[string]string { return pairs(kv) }
func ipv4(addr string) map[string]string   { return names(model.AttrIPv4, addr) }
func record(t string) types.DnsRecord {
	return types.DnsRecord{Type: types.RecordType(t), TTL: aws.Int64(10)}
}
func pairs(kv []string) (m map[string]string) {
	m = make(map[string]string)
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return m
}

// endpoint is a served API and a client for it.
type endpoint struct {
	*servicediscovery.Client // of testAccount
	t                        testing.TB
	url                      string
	replica                  *state.Replica
	service                  *Service
}

// serve starts an endpoint over a replica of its own, changed by change.
func serve(t testing.TB, change func(c *Config)) *endpoint {
	t.Helper()
	e := &endpoint{t: t, replica: testNode(t)}
	c := Config{Replica: e.replica}
	if change != nil {
		change(&c)
	}
	e.service = New(c)
	s := httptest.NewServer(api.New(api.Config{
		Replica: c.Replica, Services: []api.Service{e.service},
		Log: func(format string, args ...any) { t.Logf(format, args...) },
	}))
	t.Cleanup(s.Close)
	e.url = s.URL
	e.Client = e.as(testAccount, testRegion)
	return e
}

// as returns a client with an account's key, in a Region. It connects to the
// endpoint whatever the host: that of some operations has a prefix.
func (e *endpoint) as(account, region string) *servicediscovery.Client {
	addr := e.url[len("http://"):]
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	e.t.Cleanup(transport.CloseIdleConnections)
	return servicediscovery.New(servicediscovery.Options{
		BaseEndpoint: ptr("http://servicediscovery.test"), Region: region, RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "secret"}, nil
		}),
	})
}

// wait waits for an operation to end and returns it.
func (e *endpoint) wait(id *string, err error) *types.Operation {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		out, err := e.GetOperation(ctx, &servicediscovery.GetOperationInput{OperationId: id})
		if err != nil {
			e.t.Fatal(err)
		}
		if s := out.Operation.Status; s == types.OperationStatusSuccess || s == types.OperationStatusFail {
			return out.Operation
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("operation %s is still %+v", *id, out.Operation)
		}
		time.Sleep(time.Millisecond)
	}
}

// done waits for an operation that must succeed, and returns one of its targets.
func (e *endpoint) done(target types.OperationTargetType, id *string, err error) string {
	e.t.Helper()
	o := e.wait(id, err)
	if o.Status != types.OperationStatusSuccess {
		e.t.Fatalf("operation %s ended with %s %v %v", *id, o.Status, aws.ToString(o.ErrorCode), aws.ToString(o.ErrorMessage))
	}
	return o.Targets[string(target)]
}

// private creates a private namespace and returns its id.
func (e *endpoint) private(name, vpc string) string {
	e.t.Helper()
	out, err := e.CreatePrivateDnsNamespace(ctx, &servicediscovery.CreatePrivateDnsNamespaceInput{Name: &name, Vpc: &vpc})
	if err != nil {
		e.t.Fatal(err)
	}
	return e.done(types.OperationTargetTypeNamespace, out.OperationId, nil)
}

// public creates a public namespace and returns its id.
func (e *endpoint) public(name string) string {
	e.t.Helper()
	out, err := e.CreatePublicDnsNamespace(ctx, &servicediscovery.CreatePublicDnsNamespaceInput{Name: &name})
	if err != nil {
		e.t.Fatal(err)
	}
	return e.done(types.OperationTargetTypeNamespace, out.OperationId, nil)
}

// http creates a namespace without DNS and returns its id.
func (e *endpoint) http(name string) string {
	e.t.Helper()
	out, err := e.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: &name})
	if err != nil {
		e.t.Fatal(err)
	}
	return e.done(types.OperationTargetTypeNamespace, out.OperationId, nil)
}

// make creates a service with types of records and returns its id.
func (e *endpoint) make(namespace, name string, change func(in *servicediscovery.CreateServiceInput), records ...string) string {
	e.t.Helper()
	in := &servicediscovery.CreateServiceInput{Name: &name, NamespaceId: &namespace}
	if len(records) > 0 {
		in.DnsConfig = &types.DnsConfig{}
		for _, r := range records {
			in.DnsConfig.DnsRecords = append(in.DnsConfig.DnsRecords, record(r))
		}
	}
	if change != nil {
		change(in)
	}
	out, err := e.CreateService(ctx, in)
	if err != nil {
		e.t.Fatal(err)
	}
	return *out.Service.Id
}

func custom(in *servicediscovery.CreateServiceInput) {
	in.HealthCheckCustomConfig = &types.HealthCheckCustomConfig{}
}

func weighted(in *servicediscovery.CreateServiceInput) {
	in.DnsConfig.RoutingPolicy = types.RoutingPolicyWeighted
}

func tcp(in *servicediscovery.CreateServiceInput) {
	in.HealthCheckConfig = &types.HealthCheckConfig{Type: types.HealthCheckTypeTcp}
}

// register registers an instance and waits for it.
func (e *endpoint) register(service, id string, attributes map[string]string) {
	e.t.Helper()
	out, err := e.RegisterInstance(ctx, &servicediscovery.RegisterInstanceInput{ServiceId: &service, InstanceId: &id, Attributes: attributes})
	if err != nil {
		e.t.Fatal(err)
	}
	e.done(types.OperationTargetTypeInstance, out.OperationId, nil)
}

// deregister deregisters an instance and waits for it.
func (e *endpoint) deregister(service, id string) {
	e.t.Helper()
	out, err := e.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: &service, InstanceId: &id})
	if err != nil {
		e.t.Fatal(err)
	}
	e.done(types.OperationTargetTypeInstance, out.OperationId, nil)
}

// say tells the API how an instance does.
func (e *endpoint) say(service, id string, status types.CustomHealthStatus) error {
	_, err := e.UpdateInstanceCustomHealthStatus(ctx, &servicediscovery.UpdateInstanceCustomHealthStatusInput{
		ServiceId: &service, InstanceId: &id, Status: status,
	})
	return err
}

// discover returns the ids of instances and how they do, as "id HEALTHY".
func (e *endpoint) discover(namespace, service string, change func(in *servicediscovery.DiscoverInstancesInput)) []string {
	e.t.Helper()
	in := &servicediscovery.DiscoverInstancesInput{NamespaceName: &namespace, ServiceName: &service}
	if change != nil {
		change(in)
	}
	out, err := e.DiscoverInstances(ctx, in)
	if err != nil {
		e.t.Fatal(err)
	}
	found := []string{}
	for _, i := range out.Instances {
		found = append(found, fmt.Sprintf("%s %s", *i.InstanceId, i.HealthStatus))
	}
	return found
}

// wantError compares code and message of what the SDK says.
func wantError(t testing.TB, err error, code, message string) {
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
	if e.ErrorCode() != code || r.HTTPStatusCode() != http.StatusBadRequest || e.ErrorMessage() != message {
		t.Errorf("error %d %s %q, want 400 %s %q", r.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}
