package route53

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// valueDocument is a policy of one address.
func valueDocument(address string) string {
	return fmt.Sprintf(`{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartEndpoint":"e","Endpoints":{"e":{"Type":"value","Value":%q}}}`, address)
}

// treeDocument draws between an address and another rule that draws between two.
const treeDocument = `{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartRule":"top",
"Endpoints":{"a":{"Type":"value","Value":"192.0.2.1"},"b":{"Type":"value","Value":"192.0.2.2"},"c":{"Type":"value","Value":"192.0.2.3"}},
"Rules":{"top":{"RuleType":"weighted","Items":[{"EndpointReference":"a","Weight":1},{"RuleReference":"below","Weight":1}]},
"below":{"RuleType":"weighted","Items":[{"EndpointReference":"b","Weight":1},{"EndpointReference":"c","Weight":1}]}}}`

// policy creates a traffic policy and returns its id.
func (e *endpoint) policy(name, document string) string {
	e.t.Helper()
	out, err := e.CreateTrafficPolicy(ctx, &route53.CreateTrafficPolicyInput{Name: &name, Document: &document})
	if err != nil {
		e.t.Fatal(err)
	}
	return *out.TrafficPolicy.Id
}

// instance creates an instance of a policy's version.
func (e *endpoint) instance(zone, name, policy string, version int32) (*types.TrafficPolicyInstance, error) {
	out, err := e.CreateTrafficPolicyInstance(ctx, &route53.CreateTrafficPolicyInstanceInput{
		HostedZoneId: &zone, Name: &name, TTL: aws.Int64(60), TrafficPolicyId: &policy, TrafficPolicyVersion: &version,
	})
	if err != nil {
		return nil, err
	}
	return out.TrafficPolicyInstance, nil
}

func (e *endpoint) mustInstance(zone, name, policy string, version int32) string {
	e.t.Helper()
	i, err := e.instance(zone, name, policy, version)
	if err != nil {
		e.t.Fatal(err)
	}
	return *i.Id
}

func (e *endpoint) deleteInstance(id string) {
	e.t.Helper()
	if _, err := e.DeleteTrafficPolicyInstance(ctx, &route53.DeleteTrafficPolicyInstanceInput{Id: &id}); err != nil {
		e.t.Fatal(err)
	}
}

// TestTrafficPolicies walks a policy through its versions.
func TestTrafficPolicies(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.PolicyVersions = 4 })
	out, err := e.CreateTrafficPolicy(ctx, &route53.CreateTrafficPolicyInput{
		Name: aws.String("p <&>"), Document: aws.String(valueDocument("192.0.2.1")), Comment: aws.String("first"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := out.TrafficPolicy
	if *p.Version != 1 || *p.Name != "p <&>" || p.Type != "A" || *p.Document != valueDocument("192.0.2.1") || *p.Comment != "first" ||
		*out.Location != "https://route53.amazonaws.com/2013-04-01/trafficpolicy/"+*p.Id+"/1" || !model.ValidUUID(*p.Id) {
		t.Errorf("CreateTrafficPolicy = %+v at %s, want version 1 with all that was sent", p, *out.Location)
	}
	version := func(document string) (int32, error) {
		out, err := e.CreateTrafficPolicyVersion(ctx, &route53.CreateTrafficPolicyVersionInput{Id: p.Id, Document: &document})
		if err != nil {
			return 0, err
		}
		return *out.TrafficPolicy.Version, nil
	}
	remove := func(v int32) error {
		_, err := e.DeleteTrafficPolicy(ctx, &route53.DeleteTrafficPolicyInput{Id: p.Id, Version: &v})
		return err
	}
	for want := int32(2); want <= 3; want++ {
		if v, err := version(valueDocument("192.0.2.2")); v != want || err != nil {
			t.Errorf("version %d, %v, want %d", v, err, want)
		}
	}
	// The number of a deleted version is not given again.
	wantError(t, remove(3), 0, "", "")
	wantError(t, remove(1), 0, "", "")
	if v, err := version(treeDocument); v != 4 || err != nil {
		t.Errorf("version %d, %v, want 4", v, err)
	}
	_, err = version(treeDocument)
	wantError(t, err, 400, "TooManyTrafficPolicyVersionsForCurrentPolicy", "The traffic policy has 4 versions, which is as many as it may have.")
	changed, err := e.UpdateTrafficPolicyComment(ctx, &route53.UpdateTrafficPolicyCommentInput{Id: p.Id, Version: aws.Int32(4), Comment: aws.String("other")})
	if err != nil || *changed.TrafficPolicy.Comment != "other" || *changed.TrafficPolicy.Document != treeDocument {
		t.Errorf("UpdateTrafficPolicyComment = %+v, %v", changed, err)
	}
	got, err := e.GetTrafficPolicy(ctx, &route53.GetTrafficPolicyInput{Id: p.Id, Version: aws.Int32(4)})
	if err != nil || *got.TrafficPolicy.Comment != "other" {
		t.Errorf("GetTrafficPolicy = %+v, %v, want the other comment", got, err)
	}
	list, err := e.ListTrafficPolicies(ctx, &route53.ListTrafficPoliciesInput{})
	if err != nil || len(list.TrafficPolicySummaries) != 1 || *list.TrafficPolicySummaries[0].LatestVersion != 4 || *list.TrafficPolicySummaries[0].TrafficPolicyCount != 2 {
		t.Errorf("ListTrafficPolicies = %+v, %v, want one with 2 versions, 4 the latest", list, err)
	}
	wantError(t, remove(2), 0, "", "")
	wantError(t, remove(4), 0, "", "")
	wantError(t, remove(4), 404, "NoSuchTrafficPolicy", "No traffic policy exists with the specified ID.")
	// The name is free again.
	e.policy("p <&>", valueDocument("192.0.2.1"))
}

// TestTrafficPolicyErrors provokes each error of the operations on policies and
// instances (aws-behaviour 5.5).
func TestTrafficPolicyErrors(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.TrafficPolicies, c.Quotas.PolicyInstances = 2, 2 })
	zone := e.zone("example.org")
	id := e.policy("p", valueDocument("192.0.2.1"))
	e.mustChange(zone, create(rrset("taken.example.org", "A", "192.0.2.9")), create(rrset("cname.example.org", "CNAME", "a.b")))
	in := e.mustInstance(zone, "www.example.org", id, 1)
	other := e.as(otherAccount)
	const none, noInstance = "No traffic policy exists with the specified ID.", "No traffic policy instance exists with the specified ID."
	policy := func(name, document string) func() error {
		return func() error {
			_, err := e.CreateTrafficPolicy(ctx, &route53.CreateTrafficPolicyInput{Name: &name, Document: &document})
			return err
		}
	}
	instance := func(zone, name, policy string, version int32) func() error {
		return func() error { _, err := e.instance(zone, name, policy, version); return err }
	}
	move := func(id, policy string, version int32) func() error {
		return func() error {
			_, err := e.UpdateTrafficPolicyInstance(ctx, &route53.UpdateTrafficPolicyInstanceInput{Id: &id, TTL: aws.Int64(1), TrafficPolicyId: &policy, TrafficPolicyVersion: &version})
			return err
		}
	}
	checked := strings.Replace(treeDocument, `"Weight":1}`, `"Weight":1,"HealthCheck":"none"}`, 1)
	tests := []struct {
		name          string
		do            func() error
		status        int
		code, message string
	}{
		{"name used", policy("p", valueDocument("192.0.2.1")), 409, "TrafficPolicyAlreadyExists", "A traffic policy with the name p already exists."},
		{"document", policy("q", `{}`), 400, "InvalidTrafficPolicyDocument", "[document: AWSPolicyFormatVersion is missing, …"},
		{"long document", policy("q", strings.Repeat(" ", 102401)), 400, "InvalidInput", "1 validation error detected: …"},
		{"no name", policy("", `{}`), 400, "InvalidInput", "1 validation error detected: Value '' at 'name'…"},
		{"version of nothing", func() error {
			_, err := e.CreateTrafficPolicyVersion(ctx, &route53.CreateTrafficPolicyVersionInput{Id: aws.String("x"), Document: aws.String(valueDocument("192.0.2.1"))})
			return err
		}, 404, "NoSuchTrafficPolicy", none},
		{"version of another type", func() error {
			_, err := e.CreateTrafficPolicyVersion(ctx, &route53.CreateTrafficPolicyVersionInput{Id: &id, Document: aws.String(strings.Replace(valueDocument("2001:db8::1"), `"A"`, `"AAAA"`, 1))})
			return err
		}, 400, "InvalidTrafficPolicyDocument", `[RecordType: "AAAA", and the other versions of the policy have "A"]`},
		{"get", func() error {
			_, err := e.GetTrafficPolicy(ctx, &route53.GetTrafficPolicyInput{Id: &id, Version: aws.Int32(2)})
			return err
		}, 404, "NoSuchTrafficPolicy", none},
		{"get of another account", func() error {
			_, err := other.GetTrafficPolicy(ctx, &route53.GetTrafficPolicyInput{Id: &id, Version: aws.Int32(1)})
			return err
		}, 404, "NoSuchTrafficPolicy", none},
		{"version 0", func() error {
			_, err := e.GetTrafficPolicy(ctx, &route53.GetTrafficPolicyInput{Id: &id, Version: aws.Int32(0)})
			return err
		}, 400, "InvalidInput", "1 validation error detected: Value '0' at 'version'…"},
		{"comment", func() error {
			_, err := e.UpdateTrafficPolicyComment(ctx, &route53.UpdateTrafficPolicyCommentInput{Id: &id, Version: aws.Int32(2), Comment: aws.String("")})
			return err
		}, 404, "NoSuchTrafficPolicy", none},
		{"in use", func() error {
			_, err := e.DeleteTrafficPolicy(ctx, &route53.DeleteTrafficPolicyInput{Id: &id, Version: aws.Int32(1)})
			return err
		}, 400, "TrafficPolicyInUse", "The traffic policy version is in use by the traffic policy instance " + in + "."},
		{"versions", func() error {
			_, err := e.ListTrafficPolicyVersions(ctx, &route53.ListTrafficPolicyVersionsInput{Id: aws.String("x")})
			return err
		}, 404, "NoSuchTrafficPolicy", none},
		{"instance again", instance(zone, "WWW.example.org.", id, 1), 409, "TrafficPolicyInstanceAlreadyExists", "There is already a traffic policy instance with the name www.example.org. …"},
		{"instance in no zone", instance("Z0", "www.example.org", id, 1), 404, "NoSuchHostedZone", "No hosted zone found with ID: Z0"},
		{"instance of no policy", instance(zone, "x.example.org", "x", 1), 404, "NoSuchTrafficPolicy", none},
		{"instance of no version", instance(zone, "x.example.org", id, 2), 404, "NoSuchTrafficPolicy", none},
		{"instance outside", instance(zone, "www.example.net", id, 1), 400, "InvalidInput", "[RRSet with DNS name www.example.net. is not permitted in zone example.org.]"},
		{"instance of no name", instance(zone, "a..b", id, 1), 400, "InvalidInput", "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{"instance beside", instance(zone, "taken.example.org", id, 1), 400, "InvalidInput", "[Tried to create resource record set [name='taken.example.org.', type='A'] but it already exists]"},
		{"instance at a CNAME", instance(zone, "cname.example.org", id, 1), 400, "InvalidInput", "[RRSet of type A with DNS name cname.example.org. is not permitted because a conflicting RRSet…"},
		{"instance of a group beside", func() error {
			_, err := e.UpdateTrafficPolicyInstance(ctx, &route53.UpdateTrafficPolicyInstanceInput{Id: &in, TTL: aws.Int64(1), TrafficPolicyId: &id, TrafficPolicyVersion: aws.Int32(1)})
			return err
		}, 0, "", ""},
		{"second policy", policy("q", checked), 0, "", ""},
		{"too many policies", policy("r", checked), 400, "TooManyTrafficPolicies", "Limits Exceeded: MAX_TRAFFIC_POLICIES_BY_OWNER - Cannot create more traffic policies than 2."},
		{"health check", func() error {
			_, err := e.instance(zone, "x.example.org", model.NewUUID("traffic policy", testAccount, "q"), 1)
			return err
		}, 400, "InvalidInput", "A health check with id none does not exist."},
		{"second instance", instance(zone, "x.example.org", id, 1), 0, "", ""},
		{"too many instances", instance(zone, "y.example.org", id, 1), 400, "TooManyTrafficPolicyInstances", "Limits Exceeded: MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER - Cannot create more traffic policy instances than 2."},
		{"get instance", func() error {
			_, err := e.GetTrafficPolicyInstance(ctx, &route53.GetTrafficPolicyInstanceInput{Id: &id})
			return err
		}, 404, "NoSuchTrafficPolicyInstance", noInstance},
		{"get instance of another account", func() error {
			_, err := other.GetTrafficPolicyInstance(ctx, &route53.GetTrafficPolicyInstanceInput{Id: &in})
			return err
		}, 404, "NoSuchTrafficPolicyInstance", noInstance},
		{"delete instance", func() error {
			_, err := e.DeleteTrafficPolicyInstance(ctx, &route53.DeleteTrafficPolicyInstanceInput{Id: &id})
			return err
		}, 404, "NoSuchTrafficPolicyInstance", noInstance},
		{"update no instance", move(id, id, 1), 404, "NoSuchTrafficPolicyInstance", noInstance},
		{"update to no version", move(in, id, 9), 404, "NoSuchTrafficPolicy", none},
		{"instances of no zone", func() error {
			_, err := e.ListTrafficPolicyInstancesByHostedZone(ctx, &route53.ListTrafficPolicyInstancesByHostedZoneInput{HostedZoneId: aws.String("Z0")})
			return err
		}, 404, "NoSuchHostedZone", "No hosted zone found with ID: Z0"},
		{"instances of no policy", func() error {
			_, err := e.ListTrafficPolicyInstancesByPolicy(ctx, &route53.ListTrafficPolicyInstancesByPolicyInput{TrafficPolicyId: &id, TrafficPolicyVersion: aws.Int32(7)})
			return err
		}, 404, "NoSuchTrafficPolicy", none},
		{"marker without name", func() error {
			_, err := e.ListTrafficPolicyInstances(ctx, &route53.ListTrafficPolicyInstancesInput{TrafficPolicyInstanceTypeMarker: "A"})
			return err
		}, 400, "InvalidInput", "The trafficpolicyinstancetype parameter needs the trafficpolicyinstancename parameter."},
		{"marker without zone", func() error {
			_, err := e.ListTrafficPolicyInstances(ctx, &route53.ListTrafficPolicyInstancesInput{TrafficPolicyInstanceNameMarker: aws.String("a")})
			return err
		}, 400, "InvalidInput", "The trafficpolicyinstancename parameter needs the hostedzoneid parameter."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.do(), tt.status, tt.code, tt.message) })
	}
	t.Run("update to another type", func(t *testing.T) {
		e := serve(t, nil)
		zone := e.zone("example.org")
		a, aaaa := e.policy("a", valueDocument("192.0.2.1")), e.policy("aaaa", strings.Replace(valueDocument("2001:db8::1"), `"A"`, `"AAAA"`, 1))
		in := e.mustInstance(zone, "www.example.org", a, 1)
		_, err := e.UpdateTrafficPolicyInstance(ctx, &route53.UpdateTrafficPolicyInstanceInput{Id: &in, TTL: aws.Int64(1), TrafficPolicyId: &aaaa, TrafficPolicyVersion: aws.Int32(1)})
		wantError(t, err, 400, "ConflictingTypes", "The traffic policy version has the type AAAA, the traffic policy instance the type A.")
	})
}

// rows returns the RRsets of a zone as they are stored, but for its NS and SOA.
func (e *endpoint) rows(zone string) []*model.RRset {
	e.t.Helper()
	var out []*model.RRset
	err := e.replica.View(func(rd *state.Reader) error {
		rd.Range(model.TableRRsets, model.RRsetPrefix(zone), "", func(v model.Value, _ state.Version) bool {
			if s := v.(*model.RRset); s.Type != "NS" && s.Type != "SOA" {
				out = append(out, s)
			}
			return true
		})
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

// TestTrafficPolicyInstance follows one instance from its creation over updates
// to its deletion: RRsets come, change and go with it, are listed as one, and
// nobody else changes them.
func TestTrafficPolicyInstance(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	one, tree := e.policy("one", valueDocument("192.0.2.1")), e.policy("tree", treeDocument)
	i, err := e.instance(zone, "WWW.example.org", tree, 1)
	if err != nil {
		t.Fatal(err)
	}
	if *i.State != "Creating" || *i.Name != "www.example.org." || *i.HostedZoneId != zone || *i.TTL != 60 || *i.TrafficPolicyId != tree || *i.TrafficPolicyVersion != 1 || i.TrafficPolicyType != "A" {
		t.Errorf("CreateTrafficPolicyInstance = %+v, want Creating with all that was sent", i)
	}
	get := func() *types.TrafficPolicyInstance {
		t.Helper()
		out, err := e.GetTrafficPolicyInstance(ctx, &route53.GetTrafficPolicyInstanceInput{Id: i.Id})
		if err != nil {
			t.Fatal(err)
		}
		return out.TrafficPolicyInstance
	}
	if got := get(); *got.State != "Applied" || *got.Message != "" {
		t.Errorf("GetTrafficPolicyInstance = %+v, want Applied", got)
	}
	if rows := e.rows(zone); len(rows) != 4 {
		t.Errorf("%d RRsets, want 4", len(rows))
	}
	listed := func() []types.ResourceRecordSet { return e.list(zone)[2:] }
	if l := listed(); len(l) != 1 || *l[0].TrafficPolicyInstanceId != *i.Id || *l[0].Name != "www.example.org." || l[0].Type != "A" ||
		l[0].SetIdentifier != nil || l[0].TTL != nil || l[0].AliasTarget != nil || len(l[0].ResourceRecords) != 0 {
		t.Errorf("listed %+v, want one with nothing but name, type and the instance", l)
	}
	count := func(want int64) {
		t.Helper()
		z, err := e.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
		if err != nil || *z.HostedZone.ResourceRecordSetCount != want {
			t.Errorf("the zone counts %v RRsets, %v, want %d", *z.HostedZone.ResourceRecordSetCount, err, want)
		}
	}
	count(3)

	t.Run("change batches leave it alone", func(t *testing.T) {
		for name, ch := range map[string]types.Change{
			"delete as listed": remove(listed()[0]),
			"delete a member":  remove(with(rrset("www.example.org", "A", "192.0.2.1"), "1 a", func(s *types.ResourceRecordSet) { s.Weight = aws.Int64(1) })),
			"upsert a member":  upsert(weighted("www.example.org", "1 a", 9, 60, "192.0.2.9")),
		} {
			t.Run(name, func(t *testing.T) {
				wantError(t, e.change(zone, ch), 400, "InvalidChangeBatch",
					"[RRSet with DNS name www.example.org., type A belongs to the traffic policy instance "+*i.Id+", and changes with it only]")
			})
		}
		wantError(t, e.change(zone, create(rrset("www.example.org", "A", "192.0.2.9"))), 400, "InvalidChangeBatch",
			"[RRSet with DNS name www.example.org., type A cannot be created as other RRSets exist with the same name and type.]")
		wantError(t, e.change(zone, create(listed()[0])), 400, "InvalidInput", "Invalid request: TrafficPolicyInstanceId is set by traffic policy instances only")
		e.mustChange(zone, create(rrset("www.example.org", "AAAA", "2001:db8::1")))
		e.mustChange(zone, remove(rrset("www.example.org", "AAAA", "2001:db8::1")))
	})
	t.Run("update", func(t *testing.T) {
		out, err := e.UpdateTrafficPolicyInstance(ctx, &route53.UpdateTrafficPolicyInstanceInput{Id: i.Id, TTL: aws.Int64(5), TrafficPolicyId: &one, TrafficPolicyVersion: aws.Int32(1)})
		if err != nil || *out.TrafficPolicyInstance.State != "Updating" || *out.TrafficPolicyInstance.TTL != 5 {
			t.Fatalf("UpdateTrafficPolicyInstance = %+v, %v", out, err)
		}
		if rows := e.rows(zone); len(rows) != 1 || rows[0].TTL != 5 || !slices.Equal(rows[0].Values, []string{"192.0.2.1"}) {
			t.Errorf("RRsets %+v, want the one of the other policy", rows)
		}
		if got := get(); *got.State != "Applied" || *got.TrafficPolicyId != one {
			t.Errorf("GetTrafficPolicyInstance = %+v, want the other policy applied", got)
		}
		if l := listed(); len(l) != 1 || *l[0].TrafficPolicyInstanceId != *i.Id {
			t.Errorf("listed %+v, want the instance", l)
		}
		count(3)
		wantError(t, e.change(zone, remove(rrset("www.example.org", "A", "192.0.2.1"))), 400, "InvalidChangeBatch", "[RRSet with DNS name www.example.org., type A belongs to…")
	})
	t.Run("a zone with an instance is not empty", func(t *testing.T) {
		_, err := e.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &zone})
		wantError(t, err, 400, "HostedZoneNotEmpty", "The specified hosted zone contains…")
	})
	t.Run("displaced", func(t *testing.T) { // as another node may do at the same time
		mine := &model.RRset{Zone: zone, Name: "www.example.org.", Type: "CNAME", TTL: 1, Values: []string{"a.b."}}
		if _, err := e.replica.Commit(ctx, func(t *state.Tx) error { return t.Put(mine) }); err != nil {
			t.Fatal(err)
		}
		if got := get(); *got.State != "Failed" || !strings.Contains(*got.Message, "www.example.org.") {
			t.Errorf("GetTrafficPolicyInstance = %+v, want Failed with a reason", got)
		}
		if _, err := e.replica.Commit(ctx, func(t *state.Tx) error { t.Delete(model.TableRRsets, mine.Key()); return nil }); err != nil {
			t.Fatal(err)
		}
	})
	e.deleteInstance(*i.Id)
	if rows := e.rows(zone); len(rows) != 0 {
		t.Errorf("RRsets %+v after the deletion, want none", rows)
	}
	count(2)
	wantError(t, func() error { _, err := e.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &zone}); return err }(), 0, "", "")
}

// TestTrafficInstanceAtApex: names of rules stand below the zone's, wherever the
// instance is.
func TestTrafficInstanceAtApex(t *testing.T) {
	e := serve(t, nil)
	zone, tree := e.zone("example.org"), e.policy("tree", treeDocument)
	e.mustInstance(zone, "example.org", tree, 1)
	e.mustInstance(zone, "*.deep.example.org", tree, 1)
	var names []string
	for _, s := range e.list(zone) {
		names = append(names, *s.Name+" "+string(s.Type))
	}
	want := []string{"example.org. A", "example.org. NS", "example.org. SOA", `\052.deep.example.org. A`}
	if !slices.Equal(names, want) {
		t.Errorf("listed %q, want %q", names, want)
	}
	// Page by page it is the same.
	var paged []string
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: aws.Int32(1)}
	for {
		out, err := e.ListResourceRecordSets(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range out.ResourceRecordSets {
			paged = append(paged, *s.Name+" "+string(s.Type))
		}
		if !out.IsTruncated || len(paged) > len(want) {
			break
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
	if !slices.Equal(paged, want) {
		t.Errorf("page by page %q, want %q", paged, want)
	}
}

// TestTrafficPolicyLists pages through all lists.
func TestTrafficPolicyLists(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.PolicyInstances = 100 })
	zones := []string{e.zone("example.org"), e.zone("example.net")}
	policies := []string{e.policy("a", valueDocument("192.0.2.1")), e.policy("b", valueDocument("192.0.2.2")), e.policy("c", valueDocument("192.0.2.3"))}
	for range 4 {
		if _, err := e.CreateTrafficPolicyVersion(ctx, &route53.CreateTrafficPolicyVersionInput{Id: &policies[0], Document: aws.String(valueDocument("192.0.2.4"))}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 7 {
		for z, name := range []string{"example.org", "example.net"} {
			e.mustInstance(zones[z], fmt.Sprintf("n%d.%s", n, name), policies[n%2], 1)
		}
	}
	two := aws.Int32(2)
	var ids []string
	for in := (&route53.ListTrafficPoliciesInput{MaxItems: two}); ; {
		out, err := e.ListTrafficPolicies(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out.TrafficPolicySummaries {
			ids = append(ids, *p.Id)
		}
		if !out.IsTruncated {
			break
		}
		in.TrafficPolicyIdMarker = out.TrafficPolicyIdMarker
	}
	if slices.Sort(policies); !slices.Equal(ids, policies) {
		t.Errorf("policies %q, want %q", ids, policies)
	}
	first := model.NewUUID("traffic policy", testAccount, "a")
	var numbers []int32
	for in := (&route53.ListTrafficPolicyVersionsInput{Id: &first, MaxItems: two}); ; {
		out, err := e.ListTrafficPolicyVersions(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out.TrafficPolicies {
			numbers = append(numbers, *p.Version)
		}
		if !out.IsTruncated {
			break
		}
		in.TrafficPolicyVersionMarker = out.TrafficPolicyVersionMarker
	}
	if !slices.Equal(numbers, []int32{1, 2, 3, 4, 5}) {
		t.Errorf("versions %v, want 1 to 5", numbers)
	}
	seen := map[string]int{}
	see := func(list []types.TrafficPolicyInstance, most int) {
		t.Helper()
		if len(list) > most {
			t.Errorf("a page of %d, want at most %d", len(list), most)
		}
		for _, i := range list {
			seen[*i.Id]++
			if *i.State != "Applied" {
				t.Errorf("instance %+v, want Applied", i)
			}
		}
	}
	wantSeen := func(what string, n int) {
		t.Helper()
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%s: %s is listed %d times", what, id, times)
			}
		}
		if len(seen) != n {
			t.Errorf("%s: %d instances, want %d", what, len(seen), n)
		}
		clear(seen)
	}
	for in := (&route53.ListTrafficPolicyInstancesInput{MaxItems: aws.Int32(3)}); ; {
		out, err := e.ListTrafficPolicyInstances(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		see(out.TrafficPolicyInstances, 3)
		if !out.IsTruncated {
			break
		}
		in.HostedZoneIdMarker, in.TrafficPolicyInstanceNameMarker, in.TrafficPolicyInstanceTypeMarker = out.HostedZoneIdMarker, out.TrafficPolicyInstanceNameMarker, out.TrafficPolicyInstanceTypeMarker
	}
	wantSeen("all", 14)
	for in := (&route53.ListTrafficPolicyInstancesByHostedZoneInput{HostedZoneId: &zones[0], MaxItems: aws.Int32(3)}); ; {
		out, err := e.ListTrafficPolicyInstancesByHostedZone(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		see(out.TrafficPolicyInstances, 3)
		if !out.IsTruncated {
			break
		}
		in.TrafficPolicyInstanceNameMarker, in.TrafficPolicyInstanceTypeMarker = out.TrafficPolicyInstanceNameMarker, out.TrafficPolicyInstanceTypeMarker
	}
	wantSeen("of a zone", 7)
	for in := (&route53.ListTrafficPolicyInstancesByPolicyInput{TrafficPolicyId: &first, TrafficPolicyVersion: aws.Int32(1), MaxItems: aws.Int32(3)}); ; {
		out, err := e.ListTrafficPolicyInstancesByPolicy(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		see(out.TrafficPolicyInstances, 3)
		if !out.IsTruncated {
			break
		}
		in.HostedZoneIdMarker, in.TrafficPolicyInstanceNameMarker, in.TrafficPolicyInstanceTypeMarker = out.HostedZoneIdMarker, out.TrafficPolicyInstanceNameMarker, out.TrafficPolicyInstanceTypeMarker
	}
	wantSeen("of a policy", 8)
	counted, err := e.GetTrafficPolicyInstanceCount(ctx, &route53.GetTrafficPolicyInstanceCountInput{})
	if err != nil || *counted.TrafficPolicyInstanceCount != 14 {
		t.Errorf("GetTrafficPolicyInstanceCount = %v, %v, want 14", counted, err)
	}
	for kind, want := range map[types.AccountLimitType]int64{types.AccountLimitTypeMaxTrafficPoliciesByOwner: 3, types.AccountLimitTypeMaxTrafficPolicyInstancesByOwner: 14} {
		l, err := e.GetAccountLimit(ctx, &route53.GetAccountLimitInput{Type: kind})
		if err != nil || l.Count != want {
			t.Errorf("GetAccountLimit(%s) = %+v, %v, want %d", kind, l, err, want)
		}
	}
	if none, err := e.as(otherAccount).ListTrafficPolicyInstances(ctx, &route53.ListTrafficPolicyInstancesInput{}); err != nil || len(none.TrafficPolicyInstances) != 0 {
		t.Errorf("another account sees %+v, %v, want nothing", none, err)
	}
}

// TestTrafficInstanceOrphans: RRsets whose instance is gone are like any others.
func TestTrafficInstanceOrphans(t *testing.T) {
	e := serve(t, nil)
	zone, tree := e.zone("example.org"), e.policy("tree", treeDocument)
	id := e.mustInstance(zone, "www.example.org", tree, 1)
	if _, err := e.replica.Commit(ctx, func(t *state.Tx) error { t.Delete(model.TableTrafficPolicyInstances, id); return nil }); err != nil {
		t.Fatal(err)
	}
	var batch []types.Change
	for _, s := range e.list(zone)[2:] {
		s.TrafficPolicyInstanceId = nil
		batch = append(batch, remove(s))
	}
	if len(batch) != 4 {
		t.Fatalf("%d RRsets listed, want all 4", len(batch))
	}
	slices.Reverse(batch)
	e.mustChange(zone, batch...)
}

// TestTrafficInstanceWithoutZone: an instance whose zone another node has deleted
// has failed, and can be deleted.
func TestTrafficInstanceWithoutZone(t *testing.T) {
	e := serve(t, nil)
	zone, tree := e.zone("example.org"), e.policy("tree", treeDocument)
	id := e.mustInstance(zone, "www.example.org", tree, 1)
	rows := e.rows(zone)
	_, err := e.replica.Commit(ctx, func(t *state.Tx) error {
		for _, r := range rows {
			t.Delete(model.TableRRsets, r.Key())
		}
		t.Delete(model.TableZones, zone)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.GetTrafficPolicyInstance(ctx, &route53.GetTrafficPolicyInstanceInput{Id: &id})
	if err != nil || *got.TrafficPolicyInstance.State != "Failed" {
		t.Errorf("GetTrafficPolicyInstance = %+v, %v, want Failed", got, err)
	}
	e.deleteInstance(id)
	counted, err := e.GetTrafficPolicyInstanceCount(ctx, &route53.GetTrafficPolicyInstanceCountInput{})
	if err != nil || *counted.TrafficPolicyInstanceCount != 0 {
		t.Errorf("GetTrafficPolicyInstanceCount = %v, %v, want 0", counted, err)
	}
}

// The documents of package policy's tests are taken over the wire as they are.
func TestTrafficPolicyDocuments(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	for _, name := range []string{"zones", "multivalue", "endpoint"} {
		text, err := os.ReadFile("policy/testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		id := e.policy(name, string(text))
		out, err := e.GetTrafficPolicy(ctx, &route53.GetTrafficPolicyInput{Id: &id, Version: aws.Int32(1)})
		if err != nil || *out.TrafficPolicy.Document != string(text) {
			t.Errorf("document %s comes back as %q, %v", name, *out.TrafficPolicy.Document, err)
		}
		if name == "endpoint" {
			e.mustInstance(zone, "example.org", id, 1)
		}
	}
}
