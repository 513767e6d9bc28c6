package zone

import (
	"fmt"
	"testing"

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
		a := v.Lookup(Query{Name: distribution, Type: dns.TypeA, Random: random})
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
