package integration

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/miekg/dns"
)

// policyDocument fails over from the first to the second of two rules, which
// both draw between two addresses of 192.0.2.0/24.
func policyDocument(a, b, c, d int) string {
	return fmt.Sprintf(`{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartRule":"switch",
"Endpoints":{"a":{"Type":"value","Value":"192.0.2.%d"},"b":{"Type":"value","Value":"192.0.2.%d"},"c":{"Type":"value","Value":"192.0.2.%d"},"d":{"Type":"value","Value":"192.0.2.%d"}},
"Rules":{"switch":{"RuleType":"failover","Primary":{"RuleReference":"one"},"Secondary":{"RuleReference":"two"}},
"one":{"RuleType":"weighted","Items":[{"EndpointReference":"a","Weight":1},{"EndpointReference":"b","Weight":"1"}]},
"two":{"RuleType":"multivalue","Items":[{"EndpointReference":"c"},{"EndpointReference":"d"}]}}}`, a, b, c, d)
}

// TestTrafficPolicyCluster takes a traffic policy's instance through three nodes
// as Terraform does: made on one, seen applied on another, put to its next
// version on the third, which is killed right after; no question in between
// meets half of it. Then it goes, and nothing is left.
func TestTrafficPolicyCluster(t *testing.T) {
	nodes := apiCluster(t)
	a, b, c := nodes[0], nodes[1], nodes[2]
	ctx := context.Background()
	zone := a.createZone("example.net")
	policy, err := a.client.CreateTrafficPolicy(ctx, &route53.CreateTrafficPolicyInput{Name: aws.String("p"), Document: aws.String(policyDocument(1, 2, 3, 4))})
	if err != nil {
		t.Fatal(err)
	}
	id := policy.TrafficPolicy.Id
	made, err := a.client.CreateTrafficPolicyInstance(ctx, &route53.CreateTrafficPolicyInstanceInput{
		HostedZoneId: &zone, Name: aws.String("www.example.net"), TTL: aws.Int64(0), TrafficPolicyId: id, TrafficPolicyVersion: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	applied := func(n *apiNode, version int32) {
		t.Helper()
		eventually(t, func() string {
			got, err := n.client.GetTrafficPolicyInstance(ctx, &route53.GetTrafficPolicyInstanceInput{Id: made.TrafficPolicyInstance.Id})
			if err != nil || *got.TrafficPolicyInstance.State != "Applied" || *got.TrafficPolicyInstance.TrafficPolicyVersion != version {
				return fmt.Sprintf("on %s the instance is %+v, %v, want version %d applied", n.name, got, err, version)
			}
			return ""
		})
	}
	// answeredBy checks that a node answers with one of the addresses; becomes
	// waits for that.
	answeredBy := func(n *apiNode, addresses ...string) {
		t.Helper()
		if got := n.answers("www.example.net.", dns.TypeA); !slices.Contains(addresses, got) {
			t.Errorf("%s answers %q, want one of %q", n.name, got, addresses)
		}
	}
	becomes := func(n *apiNode, addresses ...string) {
		t.Helper()
		eventually(t, func() string {
			if got := n.answers("www.example.net.", dns.TypeA); !slices.Contains(addresses, got) {
				return fmt.Sprintf("%s answers %q, want one of %q", n.name, got, addresses)
			}
			return ""
		})
	}
	applied(b, 1)
	for _, n := range nodes {
		answeredBy(n, "192.0.2.1", "192.0.2.2")
	}

	next, err := b.client.CreateTrafficPolicyVersion(ctx, &route53.CreateTrafficPolicyVersionInput{Id: id, Document: aws.String(policyDocument(5, 6, 7, 8))})
	if err != nil || *next.TrafficPolicy.Version != 2 {
		t.Fatalf("CreateTrafficPolicyVersion = %+v, %v, want version 2", next, err)
	}
	eventually(t, func() string { // the version may still be on its way
		_, err := c.client.GetTrafficPolicy(ctx, &route53.GetTrafficPolicyInput{Id: id, Version: aws.Int32(2)})
		if err != nil {
			return err.Error()
		}
		return ""
	})
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for _, n := range nodes[:2] {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					answeredBy(n, "192.0.2.1", "192.0.2.2", "192.0.2.5", "192.0.2.6")
				}
			}
		})
	}
	_, err = c.client.UpdateTrafficPolicyInstance(ctx, &route53.UpdateTrafficPolicyInstanceInput{
		Id: made.TrafficPolicyInstance.Id, TTL: aws.Int64(5), TrafficPolicyId: id, TrafficPolicyVersion: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	becomes(c, "192.0.2.5", "192.0.2.6")
	c.kill()
	c.start()
	c.ready()
	for _, n := range nodes {
		applied(n, 2)
		answeredBy(n, "192.0.2.5", "192.0.2.6")
	}
	close(stop)
	asking.Wait()

	if _, err := a.client.DeleteTrafficPolicyInstance(ctx, &route53.DeleteTrafficPolicyInstanceInput{Id: made.TrafficPolicyInstance.Id}); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		n.wants("www.example.net.", dns.TypeA, "NXDOMAIN")
	}
	for _, v := range []int32{1, 2} {
		if _, err := a.client.DeleteTrafficPolicy(ctx, &route53.DeleteTrafficPolicyInput{Id: id, Version: &v}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.client.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &zone}); err != nil {
		t.Errorf("deleting the zone: %v, want that nothing is left in it", err)
	}
}
