package integration

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/miekg/dns"
)

// The VPC of the tests of service discovery: its clients ask from 127.1.0.0/16.
const (
	testVPC    = "vpc-0a1b2c3d4e5f60718"
	insideVPC  = "127.1.0.1"
	outsideVPC = "127.0.0.1"
)

// cloudMap is a client of a node's Cloud Map, with a namespace once there is
// one.
type cloudMap struct {
	*servicediscovery.Client
	t         testing.TB
	namespace string
}

// cloudMap returns a client that reaches the node under whatever host the SDK
// puts the operation at.
func (n *apiNode) cloudMap() *cloudMap {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, n.api)
	}
	return &cloudMap{t: n.t, Client: servicediscovery.New(servicediscovery.Options{
		BaseEndpoint: aws.String("http://servicediscovery.test"), Region: "eu-west-3",
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 100}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: apiKey, SecretAccessKey: apiSecret}, nil
		}),
	})}
}

// discoveryCluster starts nodes that know the VPC, with the CIDR block given or
// else the usual one.
func discoveryCluster(t testing.TB, count int, blocks ...string) []*apiNode {
	t.Helper()
	if len(blocks) == 0 {
		blocks = []string{"127.1.0.0/16"}
	}
	var nodes []*apiNode
	for i := range count {
		var join []string
		if i > 0 {
			join = []string{nodes[0].gossip}
		}
		n := newAPI(t, string(rune('a'+i)), join...)
		n.extra = append(n.extra, "vpc "+testVPC+" eu-west-3 "+strings.Join(blocks, " "))
		nodes = append(nodes, n)
		n.start()
	}
	for _, n := range nodes {
		n.ready()
		eventually(t, func() string {
			if got := n.metric("coredns_route53sim_members"); got != fmt.Sprint(count) {
				return fmt.Sprintf("%s sees %q members, want %d", n.name, got, count)
			}
			return ""
		})
	}
	return nodes
}

// done waits until an operation has succeeded, and returns what it made.
func (c *cloudMap) done(id *string, err error) map[string]string {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	var targets map[string]string
	eventually(c.t, func() string {
		out, err := c.GetOperation(context.Background(), &servicediscovery.GetOperationInput{OperationId: id})
		if err != nil || out.Operation.Status != sdtypes.OperationStatusSuccess {
			return fmt.Sprintf("operation %s: %+v, %v", *id, out, err)
		}
		targets = out.Operation.Targets
		return ""
	})
	return targets
}

// createNamespace creates a private namespace in the VPC.
func (c *cloudMap) createNamespace(name string) {
	c.t.Helper()
	out, err := c.CreatePrivateDnsNamespace(context.Background(), &servicediscovery.CreatePrivateDnsNamespaceInput{Name: &name, Vpc: aws.String(testVPC)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.namespace = c.done(out.OperationId, nil)["NAMESPACE"]
}

// createService creates a multivalue service with custom health and returns its
// id.
func (c *cloudMap) createService(name string, ttl int64, types ...sdtypes.RecordType) string {
	c.t.Helper()
	config := &sdtypes.DnsConfig{RoutingPolicy: sdtypes.RoutingPolicyMultivalue}
	for _, rrtype := range types {
		config.DnsRecords = append(config.DnsRecords, sdtypes.DnsRecord{Type: rrtype, TTL: &ttl})
	}
	out, err := c.CreateService(context.Background(), &servicediscovery.CreateServiceInput{
		Name: &name, NamespaceId: &c.namespace, DnsConfig: config,
		//lint:ignore SA1019 ECS sets it as ever (aws-behaviour 6.8).
		HealthCheckCustomConfig: &sdtypes.HealthCheckCustomConfig{FailureThreshold: aws.Int32(1)},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.Service.Id
}

// register registers an instance; more are further attributes, `NAME=VALUE`.
func (c *cloudMap) register(service, instance, address string, more ...string) error {
	host, port, _ := net.SplitHostPort(address)
	attributes := map[string]string{"AWS_INSTANCE_IPV4": host, "AWS_INSTANCE_PORT": port}
	for _, m := range more {
		name, value, _ := strings.Cut(m, "=")
		attributes[name] = value
	}
	_, err := c.RegisterInstance(context.Background(), &servicediscovery.RegisterInstanceInput{
		ServiceId: &service, InstanceId: &instance, Attributes: attributes, CreatorRequestId: &instance,
	})
	return err
}

func (c *cloudMap) deregister(service, instance string) error {
	_, err := c.DeregisterInstance(context.Background(), &servicediscovery.DeregisterInstanceInput{ServiceId: &service, InstanceId: &instance})
	return err
}

// askFrom sends one query from a local address.
func (n *dnsNode) askFrom(source, name string, qtype uint16) (*dns.Msg, error) {
	c := dns.Client{Timeout: deadline / 8, UDPSize: 4096, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(source)}}}
	m := new(dns.Msg).SetQuestion(name, qtype)
	m.SetEdns0(4096, false)
	r, _, err := c.Exchange(m, n.addr)
	return r, err
}

// found returns what clients of the VPC are answered: the sorted data.
func (n *dnsNode) found(name string, qtype uint16) ([]string, error) {
	r, err := n.askFrom(insideVPC, name, qtype)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, rr := range r.Answer {
		out = append(out, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(out)
	return out, nil
}

// finds waits until clients of the VPC are answered as wanted, on every node.
func finds(t testing.TB, nodes []*apiNode, name string, qtype uint16, want ...string) {
	t.Helper()
	slices.Sort(want)
	for _, n := range nodes {
		eventually(t, func() string {
			if got, err := n.found(name, qtype); err != nil || !slices.Equal(got, want) {
				return fmt.Sprintf("%s answers %s %s with %q, %v; want %q", n.name, name, dns.TypeToString[qtype], got, err, want)
			}
			return ""
		})
	}
}
