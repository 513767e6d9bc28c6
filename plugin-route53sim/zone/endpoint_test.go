package zone

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

const distribution = "d111111abcdef8.cloudfront.net."

// aws-behaviour 3.6: resource aliases; TTL 60, no CNAME on the wire.
func TestAliasToEndpoint(t *testing.T) {
	v := compile(t, `
		example.org. ALIAS A Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.
		example.org. ALIAS AAAA Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.
		chain.example.org. ALIAS A Z0EXAMPLE00000000000 example.org.
		app.example.org. ALIAS A Z3Q77PNBQS71R4 dualstack.web-1.eu-west-3.elb.amazonaws.com.
		sick.example.org. ALIAS A Z3Q77PNBQS71R4 sick.eu-west-3.elb.amazonaws.com.
		dead.example.org. ALIAS A Z2FDTNDATAQYW2 d000000000000.cloudfront.net.`,
		endpoint(distribution, "edge-1", false, "192.0.2.10", "2001:db8::10"),
		endpoint(distribution, "edge-2", false, "192.0.2.11"),
		endpoint(distribution, "edge-3", true, "192.0.2.12"),
		endpoint("web-1.eu-west-3.elb.amazonaws.com.", "edge-1", false, "192.0.2.20"),
		endpoint("sick.eu-west-3.elb.amazonaws.com.", "edge-1", true, "192.0.2.30"),
		endpoint("sick.eu-west-3.elb.amazonaws.com.", "edge-2", true, "192.0.2.31"))
	runCases(t, v, []lookupCase{
		{name: "CloudFront, healthy edges", qname: "example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"example.org. 60 IN A 192.0.2.10", "example.org. 60 IN A 192.0.2.11"}},
		{name: "the other family", qname: "example.org.", qtype: dns.TypeAAAA, result: Success, ns: authority,
			answer: []string{"example.org. 60 IN AAAA 2001:db8::10"}},
		{name: "alias of an alias", qname: "chain.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"chain.example.org. 60 IN A 192.0.2.10", "chain.example.org. 60 IN A 192.0.2.11"}},
		{name: "load balancer, dualstack. ignored", qname: "app.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"app.example.org. 60 IN A 192.0.2.20"}},
		{name: "all unhealthy: all", qname: "sick.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"sick.example.org. 60 IN A 192.0.2.30", "sick.example.org. 60 IN A 192.0.2.31"}},
		{name: "nobody serves it", qname: "dead.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
	})
}

// A resource's own name is answered where no zone holds it.
func TestEndpointByItsOwnName(t *testing.T) {
	v := compile(t, "www.example.org. 60 CNAME d111111abcdef8.cloudfront.net.",
		endpoint(distribution, "edge-1", false, "192.0.2.10", "2001:db8::10"),
		endpoint("web-1.eu-west-3.elb.amazonaws.com.", "edge-1", false, "192.0.2.20"))
	soa := func(name string) []string {
		return []string{name + " 60 IN SOA ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}
	}
	runCases(t, v, []lookupCase{
		{name: "A", qname: "D111111abcdef8.cloudfront.net.", qtype: dns.TypeA, result: Success,
			answer: []string{"D111111abcdef8.cloudfront.net. 60 IN A 192.0.2.10"}},
		{name: "AAAA", qname: distribution, qtype: dns.TypeAAAA, result: Success,
			answer: []string{distribution + " 60 IN AAAA 2001:db8::10"}},
		{name: "another type", qname: distribution, qtype: dns.TypeTXT, result: NoData, ns: soa(distribution)},
		{name: "no address of the family", qname: "web-1.eu-west-3.elb.amazonaws.com.", qtype: dns.TypeAAAA, result: NoData,
			ns: soa("web-1.eu-west-3.elb.amazonaws.com.")},
		{name: "dualstack", qname: "dualstack.web-1.eu-west-3.elb.amazonaws.com.", qtype: dns.TypeA, result: Success,
			answer: []string{"dualstack.web-1.eu-west-3.elb.amazonaws.com. 60 IN A 192.0.2.20"}},
		{name: "ANY", qname: distribution, qtype: dns.TypeANY, all: true, result: Success,
			answer: []string{distribution + " 60 IN A 192.0.2.10", distribution + " 60 IN AAAA 2001:db8::10"}},
		{name: "a name below it", qname: "x." + distribution, qtype: dns.TypeA, result: OutOfZone},
	})
}

// At most eight addresses, and over many questions every one.
func TestManyEndpoints(t *testing.T) {
	var edges []func(*rowsOf)
	for i := range 12 {
		edges = append(edges, endpoint(distribution, fmt.Sprintf("edge-%d", i), false, fmt.Sprintf("192.0.2.%d", i+1)))
	}
	v := compile(t, "", edges...)
	seen := map[string]bool{}
	for random := range uint64(200) {
		a := v.Lookup(&Query{Name: distribution, Type: dns.TypeA, Random: random})
		if len(a.Answer) != maxAddresses {
			t.Fatalf("%d addresses, want %d", len(a.Answer), maxAddresses)
		}
		for _, rr := range a.Answer {
			seen[rr.String()] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d addresses seen in 200 answers, want 12", len(seen))
	}
}

// An edge that goes takes its addresses along.
func TestEndpointGoes(t *testing.T) {
	var r rowsOf
	endpoint(distribution, "edge-1", false, "192.0.2.10")(&r)
	endpoint(distribution, "edge-2", false, "192.0.2.11")(&r)
	c := NewCompiler()
	c.Apply(r.batch())
	gone := func(node string) *View {
		return c.Apply(state.Batch{Changes: []state.Change{
			{Table: model.TableEndpoints, Key: model.EndpointKey(distribution, node)},
		}})
	}
	runCases(t, gone("edge-1"), []lookupCase{
		{name: "one left", qname: distribution, qtype: dns.TypeA, result: Success, answer: []string{distribution + " 60 IN A 192.0.2.11"}},
	})
	runCases(t, gone("edge-2"), []lookupCase{
		{name: "none left", qname: distribution, qtype: dns.TypeA, result: OutOfZone},
	})
}

// Design 3: endpoints are answered nearest healthy edge first, and then the
// answer depends on the client (aws-behaviour 3.8).
func TestNearestEndpointFirst(t *testing.T) {
	v := compile(t, `
		cdn.example.org. ALIAS A Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.
		one.example.org. ALIAS A Z2FDTNDATAQYW2 d222222abcdef8.cloudfront.net.`,
		endpointIn("us-east-1", distribution, "edge-1", false, "192.0.2.1"),
		endpointIn("eu-west-3", distribution, "edge-2", false, "192.0.2.2", "192.0.2.3"),
		endpointIn("ap-northeast-1", distribution, "edge-3", false, "192.0.2.4"),
		endpointIn("eu-central-1", distribution, "edge-4", true, "192.0.2.5"),
		endpointIn("", distribution, "edge-5", false, "192.0.2.6"),
		endpointIn("eu-west-3", "d222222abcdef8.cloudfront.net.", "edge-2", false, "192.0.2.2"))
	source := netip.MustParseAddr("192.0.2.200")
	for _, tc := range []struct {
		region string
		want   [][]string // in this order, each in any
	}{
		{"eu-central-1", [][]string{{"192.0.2.2", "192.0.2.3"}, {"192.0.2.1"}, {"192.0.2.4"}, {"192.0.2.6"}}},
		{"us-west-2", [][]string{{"192.0.2.1"}, {"192.0.2.4"}, {"192.0.2.2", "192.0.2.3"}, {"192.0.2.6"}}},
		{"ap-southeast-1", [][]string{{"192.0.2.4"}, {"192.0.2.2", "192.0.2.3"}, {"192.0.2.1"}, {"192.0.2.6"}}},
	} {
		l, err := locate.New(locate.Config{Region: tc.region})
		if err != nil {
			t.Fatal(err)
		}
		for random := range uint64(10) {
			a := v.Lookup(&Query{Name: "cdn.example.org.", Type: dns.TypeA, Locator: l, Source: source, Random: random})
			rest := a.Answer
			for _, group := range tc.want {
				n := min(len(group), len(rest))
				got := make([]string, n)
				for i, rr := range rest[:n] {
					got[i] = rr.(*dns.A).A.String()
				}
				if slices.Sort(got); !slices.Equal(got, group) {
					t.Fatalf("from %s: %v, want %v in this order", tc.region, a.Answer, tc.want)
				}
				rest = rest[n:]
			}
			if len(rest) > 0 || a.Scope != 32 {
				t.Errorf("from %s: %v with scope %d, want %v with 32", tc.region, a.Answer, a.Scope, tc.want)
			}
		}
	}
	if a := v.Lookup(&Query{Name: "one.example.org.", Type: dns.TypeA, Source: source}); a.Scope != 0 {
		t.Errorf("scope of edges in one Region = %d, want 0", a.Scope)
	}
}

// Far edges come in where the near ones are too few, up to eight addresses.
func TestManyRegions(t *testing.T) {
	var edges []func(*rowsOf)
	for i, region := range []string{"eu-west-1", "eu-west-2", "us-east-1", "ap-northeast-1"} {
		for n := range 3 {
			edges = append(edges, endpointIn(region, distribution, fmt.Sprintf("edge-%d-%d", i, n), false, fmt.Sprintf("192.0.2.%d", 10*i+n)))
		}
	}
	l, err := locate.New(locate.Config{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	a := compile(t, "", edges...).Lookup(&Query{Name: distribution, Type: dns.TypeA, Locator: l})
	counts := [4]int{}
	for _, rr := range a.Answer {
		counts[rr.(*dns.A).A[3]/10]++
	}
	if counts != [4]int{3, 3, 2, 0} {
		t.Errorf("addresses by Region, nearest first = %v, want [3 3 2 0]", counts)
	}
}

// aws-behaviour 3.6, 3.7: an alias to an S3 website leads to the bucket of the
// name that is asked for; neither S3 nor API Gateway has health of its own.
func TestWebsiteAndAPIGateway(t *testing.T) {
	const (
		websites, websitesZone = "s3-website-us-east-1.amazonaws.com.", "Z3AQBSTGFYJSTF"
		api, apiZone           = "d-1a2b3c4d5e.execute-api.us-east-1.amazonaws.com.", "Z1UJRXOUMOOFQ8"
	)
	fixed := func(kind, name, node, addr string) func(*rowsOf) {
		return func(r *rowsOf) {
			r.add(&model.Endpoint{Name: model.Name(name), Node: node, Kind: kind, Addresses: mustAddrs([]string{addr}), Unhealthy: true})
		}
	}
	primary := func(zoneID, target string) func(*rowsOf) {
		return routed("fo.example.org. ALIAS A "+zoneID+" "+target, "p", failover(model.FailoverPrimary, true))
	}
	v := compile(t, `
		www.example.org. ALIAS A Z3AQBSTGFYJSTF s3-website-us-east-1.amazonaws.com.
		shop.example.org. ALIAS A Z3AQBSTGFYJSTF s3-website-us-east-1.amazonaws.com.
		tree.example.org. ALIAS A Z0EXAMPLE00000000000 www.example.org.
		api.example.org. ALIAS A Z1UJRXOUMOOFQ8 d-1a2b3c4d5e.execute-api.us-east-1.amazonaws.com.
		none.example.org. ALIAS A Z1UJRXOUMOOFQ8 d-0.execute-api.us-east-1.amazonaws.com.`,
		fixed(model.EndpointS3Website, "www.example.org."+websites, "edge-1", "192.0.2.1"),
		fixed(model.EndpointS3Website, "tree.example.org."+websites, "edge-2", "192.0.2.2"),
		fixed(model.EndpointS3Website, websites, "edge-3", "192.0.2.3"),
		fixed(model.EndpointAPIGateway, api, "edge-4", "192.0.2.4"))
	runCases(t, v, []lookupCase{
		{name: "bucket of the name", qname: "www.example.org.", qtype: dns.TypeA, result: Success, ns: authority, answer: []string{"www.example.org. 60 IN A 192.0.2.1"}},
		{name: "in any case", qname: "WWW.example.org.", qtype: dns.TypeA, result: Success, ns: authority, answer: []string{"WWW.example.org. 60 IN A 192.0.2.1"}},
		{name: "through a tree", qname: "tree.example.org.", qtype: dns.TypeA, result: Success, ns: authority, answer: []string{"tree.example.org. 60 IN A 192.0.2.2"}},
		{name: "an edge for all buckets", qname: "shop.example.org.", qtype: dns.TypeA, result: Success, ns: authority, answer: []string{"shop.example.org. 60 IN A 192.0.2.3"}},
		{name: "API Gateway", qname: "api.example.org.", qtype: dns.TypeA, result: Success, ns: authority, answer: []string{"api.example.org. 60 IN A 192.0.2.4"}},
		{name: "API Gateway that nobody serves", qname: "none.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "the website's own name", qname: "www.example.org." + websites, qtype: dns.TypeA, result: Success, answer: []string{"www.example.org." + websites + " 60 IN A 192.0.2.1"}},
	})
	for zoneID, target := range map[string]string{websitesZone: websites, apiZone: api} {
		v := compile(t, "", primary(zoneID, target), routed("fo.example.org. 60 A 192.0.2.9", "s", failover(model.FailoverSecondary, false)),
			fixed(model.EndpointS3Website, target, "edge-1", "192.0.2.1"))
		if got := first(v.Lookup(&Query{Name: "fo.example.org.", Type: dns.TypeA})); got != "192.0.2.1" {
			t.Errorf("failover from an alias to %s = %s, want the primary, 192.0.2.1", target, got)
		}
	}
}
