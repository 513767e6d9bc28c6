package services

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/smithy-go"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// clients are those of one node's services, for one account.
type clients struct {
	*servicediscovery.Client
	route53 *route53.Client
	t       *testing.T
	replica *state.Replica
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// cluster starts nodes that talk to each other, and serves them.
func cluster(t *testing.T, size int) []*clients {
	t.Helper()
	var out []*clients
	var join []string
	for i := range size {
		c := node.Config{Name: fmt.Sprint("n", i), Kind: node.KindDNS, Gossip: &node.Gossip{Bind: "127.0.0.1:0", Join: join}}
		if size == 1 {
			c.Gossip = nil
		}
		n := node.New(c, quiet{})
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close() })
		<-n.Ready()
		join = append(join, n.Addr())
		out = append(out, serve(t, n.Replica))
	}
	return out
}

// serve serves a replica. Connections go to it whatever host is asked for.
func serve(t *testing.T, r *state.Replica) *clients {
	t.Helper()
	s := httptest.NewServer(api.New(api.Config{Replica: r, Services: New(Config{Replica: r})}))
	t.Cleanup(s.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	h := &http.Client{Transport: transport}
	key := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "111111111111", SecretAccessKey: "secret"}, nil
	})
	base := aws.String("http://edge.test")
	return &clients{
		Client:  servicediscovery.New(servicediscovery.Options{BaseEndpoint: base, Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: h, Credentials: key}),
		route53: route53.New(route53.Options{BaseEndpoint: base, Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: h, Credentials: key}),
		t:       t, replica: r,
	}
}

// done waits for an operation to succeed, here.
func (c *clients) done(id *string, err error) map[string]string {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) { // polling other nodes
		out, err := c.GetOperation(c.t.Context(), &servicediscovery.GetOperationInput{OperationId: id})
		if err != nil {
			c.t.Fatal(err)
		}
		if out.Operation.Status == types.OperationStatusSuccess {
			return out.Operation.Targets
		}
		if out.Operation.Status == types.OperationStatusFail || time.Now().After(end) {
			c.t.Fatalf("operation %+v", out.Operation)
		}
	}
}

// namespace creates a private namespace and returns its id and zone.
func (c *clients) namespace(name string) (id, zone string) {
	c.t.Helper()
	out, err := c.CreatePrivateDnsNamespace(c.t.Context(), &servicediscovery.CreatePrivateDnsNamespaceInput{Name: &name, Vpc: aws.String("vpc-1")})
	if err != nil {
		c.t.Fatal(err)
	}
	id = c.done(out.OperationId, nil)["NAMESPACE"]
	n, err := c.GetNamespace(c.t.Context(), &servicediscovery.GetNamespaceInput{Id: &id})
	if err != nil {
		c.t.Fatal(err)
	}
	return id, *n.Namespace.Properties.DnsProperties.HostedZoneId
}

// service creates a service with custom health and returns its id.
func (c *clients) service(namespace, name string, types_ ...types.RecordType) string {
	c.t.Helper()
	in := &servicediscovery.CreateServiceInput{
		Name: &name, NamespaceId: &namespace, DnsConfig: &types.DnsConfig{}, HealthCheckCustomConfig: &types.HealthCheckCustomConfig{},
	}
	for _, t := range types_ {
		in.DnsConfig.DnsRecords = append(in.DnsConfig.DnsRecords, types.DnsRecord{Type: t, TTL: aws.Int64(10)})
	}
	out, err := c.CreateService(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.Service.Id
}

// register registers an instance and returns its operation.
func (c *clients) register(service, id string, attributes map[string]string) *string {
	c.t.Helper()
	out, err := c.RegisterInstance(c.t.Context(), &servicediscovery.RegisterInstanceInput{ServiceId: &service, InstanceId: &id, Attributes: attributes})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.OperationId
}

// records lists a zone by pages of some size, a line for each RRset.
func (c *clients) records(zone string, size int32) []string {
	c.t.Helper()
	var lines []string
	pages := route53.NewListResourceRecordSetsPaginator(c.route53, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: &size})
	for pages.HasMorePages() {
		p, err := pages.NextPage(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, s := range p.ResourceRecordSets {
			line := fmt.Sprintf("%s %s %d", *s.Name, s.Type, aws.ToInt64(s.TTL))
			for _, r := range s.ResourceRecords {
				if s.Type != "NS" && s.Type != "SOA" {
					line += " " + *r.Value
				}
			}
			if s.SetIdentifier != nil {
				line += fmt.Sprintf(" %s %t %t", *s.SetIdentifier, aws.ToBool(s.MultiValueAnswer), s.HealthCheckId != nil)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// TestNamespaceRecords covers aws-behaviour 2.9 and 6.6: what Cloud Map makes
// is listed in the zone of the namespace, in Route 53's order, whatever the
// pages.
func TestNamespaceRecords(t *testing.T) {
	c := cluster(t, 1)[0]
	ns, zone := c.namespace("corp")
	web, db := c.service(ns, "web", "A", "AAAA"), c.service(ns, "_db._tcp", "SRV")
	c.done(c.register(web, "b", map[string]string{model.AttrIPv4: "192.0.2.2", model.AttrIPv6: "2001:db8::2"}), nil)
	c.done(c.register(web, "a", map[string]string{model.AttrIPv4: "192.0.2.1", model.AttrIPv6: "2001:db8::1"}), nil)
	c.done(c.register(db, "i-1", map[string]string{model.AttrIPv4: "192.0.2.3", model.AttrPort: "5432"}), nil)
	want := []string{
		"corp. NS 172800", "corp. SOA 15",
		"_db._tcp.corp. SRV 10 1 1 5432 i-1._db._tcp.corp. i-1 true true", "i-1._db._tcp.corp. A 10 192.0.2.3",
		"web.corp. A 10 192.0.2.1 a true true", "web.corp. A 10 192.0.2.2 b true true",
		"web.corp. AAAA 10 2001:db8::1 a true true", "web.corp. AAAA 10 2001:db8::2 b true true",
	}
	for _, size := range []int32{1, 3, 100} {
		if got := c.records(zone, size); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("records by pages of %d:\n%s\nwant\n%s", size, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	one, err := c.route53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{
		HostedZoneId: &zone, StartRecordName: aws.String("web.corp"), StartRecordType: "AAAA", StartRecordIdentifier: aws.String("b"), MaxItems: aws.Int32(1),
	})
	if err != nil || len(one.ResourceRecordSets) != 1 || *one.ResourceRecordSets[0].SetIdentifier != "b" || one.IsTruncated {
		t.Errorf("a single set: %+v, %v", one, err)
	}
	z, err := c.route53.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &zone})
	if err != nil || *z.HostedZone.ResourceRecordSetCount != int64(len(want)) {
		t.Errorf("GetHostedZone: %+v, %v, want %d sets", z, err, len(want))
	}
}

// TestNamespaceLimit checks that records which no row stands behind count.
func TestNamespaceLimit(t *testing.T) {
	c := cluster(t, 1)[0]
	ns, zone := c.namespace("corp")
	c.done(c.register(c.service(ns, "web", "A"), "a", map[string]string{model.AttrIPv4: "192.0.2.2"}), nil)
	out, err := c.route53.GetHostedZoneLimit(t.Context(), &route53.GetHostedZoneLimitInput{HostedZoneId: &zone, Type: "MAX_RRSETS_BY_ZONE"})
	if err != nil || out.Count != 3 {
		t.Errorf("GetHostedZoneLimit: %+v, %v, want 3", out, err)
	}
}

// TestNamespaceZoneIsLinked covers aws-behaviour 1.6 and 6.3: who made the
// zone, and what Route 53 refuses to do with it.
func TestNamespaceZoneIsLinked(t *testing.T) {
	c := cluster(t, 1)[0]
	ns, zone := c.namespace("corp")
	arn := "arn:aws:servicediscovery:us-east-1:111111111111:namespace/" + ns
	z, err := c.route53.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &zone})
	if err != nil || z.HostedZone.LinkedService == nil || *z.HostedZone.LinkedService.ServicePrincipal != "servicediscovery.amazonaws.com" ||
		*z.HostedZone.LinkedService.Description != arn {
		t.Fatalf("GetHostedZone: %+v, %v", z, err)
	}
	list, err := c.route53.ListHostedZones(t.Context(), &route53.ListHostedZonesInput{})
	if err != nil || len(list.HostedZones) != 1 || list.HostedZones[0].LinkedService == nil {
		t.Errorf("ListHostedZones: %+v, %v", list, err)
	}
	change := func(action r53types.ChangeAction, name, kind string) error {
		_, err := c.route53.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &r53types.ChangeBatch{
			Changes: []r53types.Change{{Action: action, ResourceRecordSet: &r53types.ResourceRecordSet{
				Name: &name, Type: r53types.RRType(kind), TTL: aws.Int64(1), ResourceRecords: []r53types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
			}}},
		}})
		return err
	}
	tests := map[string]func() error{
		"create": func() error { return change("CREATE", "a.corp", "A") },
		"upsert": func() error { return change("UPSERT", "web.corp", "A") },
		"delete": func() error { return change("DELETE", "web.corp", "A") },
		"delete the zone": func() error {
			_, err := c.route53.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &zone})
			return err
		},
		"comment": func() error {
			_, err := c.route53.UpdateHostedZoneComment(t.Context(), &route53.UpdateHostedZoneCommentInput{Id: &zone, Comment: aws.String("x")})
			return err
		},
	}
	want := "The resource hostedzone/" + zone + " can only be managed through AWS Cloud Map (" + arn + ")"
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			err := call()
			if e := (smithy.APIError)(nil); !errors.As(err, &e) || e.ErrorCode() != "AccessDenied" || e.ErrorMessage() != want {
				t.Errorf("%v, want AccessDenied %q", err, want)
			}
		})
	}
	_, err = c.route53.AssociateVPCWithHostedZone(t.Context(), &route53.AssociateVPCWithHostedZoneInput{
		HostedZoneId: &zone, VPC: &r53types.VPC{VPCId: aws.String("vpc-2"), VPCRegion: "us-east-1"},
	})
	if err != nil {
		t.Errorf("AssociateVPCWithHostedZone: %v, want it allowed", err)
	}
}

// TestInstanceHealthCheckIsLinked covers aws-behaviour 4.2: checks made by
// Cloud Map go with the instance only.
func TestInstanceHealthCheckIsLinked(t *testing.T) {
	c := cluster(t, 1)[0]
	out, err := c.CreatePublicDnsNamespace(t.Context(), &servicediscovery.CreatePublicDnsNamespaceInput{Name: aws.String("example.org")})
	if err != nil {
		t.Fatal(err)
	}
	ns := c.done(out.OperationId, nil)["NAMESPACE"]
	s, err := c.CreateService(t.Context(), &servicediscovery.CreateServiceInput{
		Name: aws.String("web"), NamespaceId: &ns, DnsConfig: &types.DnsConfig{DnsRecords: []types.DnsRecord{{Type: "A", TTL: aws.Int64(1)}}},
		HealthCheckConfig: &types.HealthCheckConfig{Type: "TCP"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.done(c.register(*s.Service.Id, "i-1", map[string]string{model.AttrIPv4: "192.0.2.1", model.AttrPort: "80"}), nil)
	id := model.InstanceHealthID(*s.Service.Id, "i-1")
	h, err := c.route53.GetHealthCheck(t.Context(), &route53.GetHealthCheckInput{HealthCheckId: &id})
	if err != nil || h.HealthCheck.LinkedService == nil || *h.HealthCheck.LinkedService.ServicePrincipal != "servicediscovery.amazonaws.com" {
		t.Fatalf("GetHealthCheck: %+v, %v", h, err)
	}
	_, deleted := c.route53.DeleteHealthCheck(t.Context(), &route53.DeleteHealthCheckInput{HealthCheckId: &id})
	_, updated := c.route53.UpdateHealthCheck(t.Context(), &route53.UpdateHealthCheckInput{HealthCheckId: &id, Disabled: aws.Bool(true)})
	for _, err := range []error{deleted, updated} {
		if e := (smithy.APIError)(nil); !errors.As(err, &e) || e.ErrorCode() != "AccessDenied" {
			t.Errorf("%v, want AccessDenied", err)
		}
	}
}

// TestCloudMapOnTwoNodes writes through two nodes at once: what each adds is
// there in the end on both, and both say the same.
func TestCloudMapOnTwoNodes(t *testing.T) {
	nodes := cluster(t, 2)
	a, b := nodes[0], nodes[1]
	ns, _ := a.namespace("corp")
	service := a.service(ns, "worker", "A")
	b.done(a.register(service, "shared", map[string]string{model.AttrIPv4: "192.0.2.1"}), nil)
	const rounds = 20
	var writers sync.WaitGroup
	for i, c := range nodes {
		writers.Go(func() {
			for n := range rounds {
				c.done(c.register(service, fmt.Sprintf("i-%d-%d", i, n), map[string]string{model.AttrIPv4: "192.0.2.1"}), nil)
			}
		})
	}
	writers.Go(func() { // one says how the instance does, the other replaces it
		_, err := b.UpdateInstanceCustomHealthStatus(t.Context(), &servicediscovery.UpdateInstanceCustomHealthStatusInput{
			ServiceId: &service, InstanceId: aws.String("shared"), Status: "UNHEALTHY",
		})
		if err != nil {
			t.Error(err)
		}
	})
	writers.Go(func() { a.register(service, "shared", map[string]string{model.AttrIPv4: "192.0.2.9"}) })
	writers.Wait()
	want := map[string]string{"instances": fmt.Sprint(2*rounds + 1), "shared": "192.0.2.9 UNHEALTHY", "revision": fmt.Sprint(2*rounds + 2)}
	for i, c := range nodes {
		eventually(t, fmt.Sprint("node ", i), func() string {
			if got := c.summary("corp", "worker"); fmt.Sprint(got) != fmt.Sprint(want) {
				return fmt.Sprintf("%v, want %v", got, want)
			}
			return ""
		})
	}
}

// summary tells what the node finds of a service.
func (c *clients) summary(namespace, service string) map[string]string {
	out, err := c.DiscoverInstances(c.t.Context(), &servicediscovery.DiscoverInstancesInput{NamespaceName: &namespace, ServiceName: &service})
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	found := map[string]string{"instances": fmt.Sprint(len(out.Instances)), "revision": fmt.Sprint(*out.InstancesRevision)}
	for _, i := range out.Instances {
		if *i.InstanceId == "shared" {
			found["shared"] = fmt.Sprintf("%s %s", i.Attributes[model.AttrIPv4], i.HealthStatus)
		}
	}
	return found
}

// TestSameNameOnTwoNodes creates services of one name through two nodes at
// once: both nodes find the same one by that name.
func TestSameNameOnTwoNodes(t *testing.T) {
	nodes := cluster(t, 2)
	ns, _ := nodes[0].namespace("corp")
	eventually(t, "the namespace on the second node", func() string {
		if _, err := nodes[1].GetNamespace(t.Context(), &servicediscovery.GetNamespaceInput{Id: &ns}); err != nil {
			return err.Error()
		}
		return ""
	})
	for n := range 10 {
		name := fmt.Sprint("s", n)
		var ids [2]string
		var writers sync.WaitGroup
		for i, c := range nodes {
			writers.Go(func() {
				out, err := c.CreateService(t.Context(), &servicediscovery.CreateServiceInput{Name: &name, NamespaceId: &ns, Type: "HTTP"})
				exists := (*types.ServiceAlreadyExists)(nil)
				switch {
				case errors.As(err, &exists):
					ids[i] = *exists.ServiceId
				case err != nil:
					t.Error(err)
				default:
					ids[i] = *out.Service.Id
					c.done(c.register(ids[i], fmt.Sprint("of-", i), map[string]string{}), nil)
				}
			})
		}
		writers.Wait()
		eventually(t, "one answer for "+name, func() string {
			var found [2]string
			for i, c := range nodes {
				out, err := c.DiscoverInstances(t.Context(), &servicediscovery.DiscoverInstancesInput{NamespaceName: aws.String("corp"), ServiceName: &name})
				if err != nil {
					return err.Error()
				}
				for _, one := range out.Instances {
					found[i] += *one.InstanceId + " "
				}
			}
			if found[0] != found[1] || strings.Count(found[0], " ") != 1 {
				return fmt.Sprintf("services %v: the nodes find %q", ids, found)
			}
			return ""
		})
	}
}

// eventually waits until f returns "", and fails with what it said last.
func eventually(t *testing.T, what string, f func() string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) { // polling other nodes
		last := f()
		if last == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %s", what, last)
		}
	}
}
