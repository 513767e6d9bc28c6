package integration

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
)

// record is an RRset as a configuration of Terraform says it: names without a
// final dot, characters as they are, texts without quotes.
type record struct {
	name, rrtype, setID string
	ttl                 int64
	values              []string
	alias               *types.AliasTarget
	// policy fills in the members of a routing policy.
	policy func(s *types.ResourceRecordSet)
}

// resource returns what is sent for r.
func (r record) resource() *types.ResourceRecordSet {
	s := &types.ResourceRecordSet{Name: &r.name, Type: types.RRType(r.rrtype)}
	if r.alias != nil {
		target := *r.alias
		s.AliasTarget = &target
	} else {
		s.TTL = &r.ttl
	}
	for _, v := range r.values {
		if r.rrtype == "TXT" || r.rrtype == "SPF" {
			v = strconv.Quote(v)
		}
		s.ResourceRecords = append(s.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	if r.policy != nil {
		s.SetIdentifier = &r.setID
		r.policy(s)
	}
	return s
}

// planned returns an RRset as a plan compares it, that of a configuration or
// that of the API: names in lower case without final dot and with octal escapes
// read, everything else as it is.
func planned(s *types.ResourceRecordSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %q", plannedName(*s.Name), s.Type, aws.ToString(s.SetIdentifier))
	if a := s.AliasTarget; a != nil {
		fmt.Fprintf(&b, " alias %s %s %t", plannedName(*a.DNSName), *a.HostedZoneId, a.EvaluateTargetHealth)
	} else {
		fmt.Fprintf(&b, " %d", *s.TTL)
		for _, v := range s.ResourceRecords {
			fmt.Fprintf(&b, " [%s]", *v.Value)
		}
	}
	fmt.Fprintf(&b, " %v %s %s %v %s", aws.ToInt64(s.Weight), s.Region, s.Failover, aws.ToBool(s.MultiValueAnswer), aws.ToString(s.HealthCheckId))
	if g := s.GeoLocation; g != nil {
		fmt.Fprintf(&b, " geo %s %s %s", aws.ToString(g.ContinentCode), aws.ToString(g.CountryCode), aws.ToString(g.SubdivisionCode))
	}
	if c := s.CidrRoutingConfig; c != nil {
		fmt.Fprintf(&b, " cidr %s %s", *c.CollectionId, *c.LocationName)
	}
	if p := s.GeoProximityLocation; p != nil {
		fmt.Fprintf(&b, " near %s %s %d", aws.ToString(p.AWSRegion), aws.ToString(p.LocalZoneGroup), aws.ToInt32(p.Bias))
		if c := p.Coordinates; c != nil {
			fmt.Fprintf(&b, " %s %s", *c.Latitude, *c.Longitude)
		}
	}
	return b.String()
}

func plannedName(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if n, err := strconv.ParseUint(name[min(i+1, len(name)):min(i+4, len(name))], 8, 8); name[i] == '\\' && err == nil {
			b.WriteByte(byte(n))
			i += 3
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// TestTerraformFlow goes the way of Terraform's resources for zones and records
// (aws-behaviour 5.6): whatever is created is read back without a difference,
// changed in place, read back again, and in the end all of it is deleted.
func TestTerraformFlow(t *testing.T) {
	n := newAPI(t, "a")
	n.start()
	n.ready()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	waited := func(info *types.ChangeInfo, err error) {
		t.Helper()
		must(err)
		waiter := route53.NewResourceRecordSetsChangedWaiter(n.client, func(o *route53.ResourceRecordSetsChangedWaiterOptions) {
			o.MinDelay, o.MaxDelay = 10*time.Millisecond, time.Second
		})
		must(waiter.Wait(ctx, &route53.GetChangeInput{Id: info.Id}, deadline))
	}

	made, err := n.client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name: aws.String("Example.NET"), CallerReference: aws.String("terraform-1"), HostedZoneConfig: &types.HostedZoneConfig{Comment: aws.String("Managed by Terraform")},
	})
	must(err)
	waited(made.ChangeInfo, nil)
	zone := strings.TrimPrefix(*made.HostedZone.Id, "/hostedzone/")
	got, err := n.client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
	must(err)
	if *got.HostedZone.Name != "example.net." || *got.HostedZone.Config.Comment != "Managed by Terraform" || len(got.DelegationSet.NameServers) != 4 {
		t.Errorf("GetHostedZone = %+v, want what was created", got)
	}
	_, err = n.client.ChangeTagsForResource(ctx, &route53.ChangeTagsForResourceInput{ResourceType: "hostedzone", ResourceId: &zone, AddTags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a b")}}})
	must(err)
	tags, err := n.client.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceType: "hostedzone", ResourceId: &zone})
	must(err)
	if len(tags.ResourceTagSet.Tags) != 1 || *tags.ResourceTagSet.Tags[0].Value != "a b" {
		t.Errorf("tags %+v, want the one that was set", tags.ResourceTagSet)
	}
	check, err := n.client.CreateHealthCheck(ctx, &route53.CreateHealthCheckInput{CallerReference: aws.String("terraform-2"),
		HealthCheckConfig: &types.HealthCheckConfig{Type: "TCP", IPAddress: aws.String("192.0.2.1"), Port: aws.Int32(80)}})
	must(err)
	collection, err := n.client.CreateCidrCollection(ctx, &route53.CreateCidrCollectionInput{Name: aws.String("terraform"), CallerReference: aws.String("terraform-3")})
	must(err)
	_, err = n.client.ChangeCidrCollection(ctx, &route53.ChangeCidrCollectionInput{Id: collection.Collection.Id, Changes: []types.CidrCollectionChange{
		{Action: "PUT", LocationName: aws.String("office"), CidrList: []string{"192.0.2.0/24"}}}})
	must(err)

	records := terraformRecords(zone, *check.HealthCheck.Id, *collection.Collection.Id)
	change := func(action types.ChangeAction, s *types.ResourceRecordSet) {
		t.Helper()
		out, err := n.client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone,
			ChangeBatch: &types.ChangeBatch{Comment: aws.String("Managed by Terraform"), Changes: []types.Change{{Action: action, ResourceRecordSet: s}}}})
		if err != nil {
			t.Fatalf("%s %s: %v", action, planned(s), err)
		}
		waited(out.ChangeInfo, nil)
	}
	// read finds a record as Terraform does: the first from its key on.
	read := func(s *types.ResourceRecordSet) *types.ResourceRecordSet {
		t.Helper()
		out, err := n.client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone,
			StartRecordName: s.Name, StartRecordType: s.Type, StartRecordIdentifier: s.SetIdentifier, MaxItems: aws.Int32(1)})
		must(err)
		if len(out.ResourceRecordSets) == 0 {
			t.Fatalf("%s is not listed", planned(s))
		}
		return &out.ResourceRecordSets[0]
	}
	compare := func(step string, s *types.ResourceRecordSet) {
		t.Helper()
		if got, want := planned(read(s)), planned(s); got != want {
			t.Errorf("%s: a plan would change\n%s\nto\n%s", step, got, want)
		}
	}
	for _, r := range records {
		change(types.ChangeActionCreate, r.resource())
		compare("created", r.resource())
	}
	n.wants("www.example.net.", dns.TypeA, "192.0.2.1 192.0.2.2")
	for i, r := range records {
		s := r.resource()
		switch {
		case s.Weight != nil:
			*s.Weight++
		case s.AliasTarget != nil && s.Failover == "":
			s.AliasTarget.EvaluateTargetHealth = !s.AliasTarget.EvaluateTargetHealth && *s.AliasTarget.HostedZoneId == zone
		case s.TTL != nil:
			s.TTL = aws.Int64(300 + int64(i))
		}
		change(types.ChangeActionUpsert, s)
		compare("changed in place", s)
	}
	for i, r := range slices.Backward(records) {
		change(types.ChangeActionDelete, read(r.resource()))
		for _, other := range records[:i] {
			if got := read(other.resource()); plannedName(*got.Name) != plannedName(other.name) {
				t.Errorf("after the deletion of %s %s is gone", r.name, other.name)
			}
		}
	}
	dnssec, err := n.client.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: &zone})
	if must(err); *dnssec.Status.ServeSignature != "NOT_SIGNING" || len(dnssec.KeySigningKeys) != 0 {
		t.Errorf("GetDNSSEC = %+v, want NOT_SIGNING without keys", dnssec)
	}
	gone, err := n.client.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &zone})
	must(err)
	waited(gone.ChangeInfo, nil)
	if got := n.answers("example.net.", dns.TypeSOA); got != "REFUSED" {
		t.Errorf("the deleted zone answers %q, want REFUSED", got)
	}
}

// terraformRecords are records of every type and policy, and of names and
// values that are spelled differently on both sides. What an alias leads to
// stands before it.
func terraformRecords(zone, check, collection string) []record {
	simple := func(name, rrtype string, values ...string) record {
		return record{name: name, rrtype: rrtype, ttl: 60, values: values}
	}
	routed := func(name, id, value string, policy func(s *types.ResourceRecordSet)) record {
		return record{name: name, rrtype: "A", setID: id, ttl: 60, values: []string{value}, policy: policy}
	}
	alias := func(name, zone, target string, health bool) record {
		return record{name: name, rrtype: "A", alias: &types.AliasTarget{HostedZoneId: &zone, DNSName: &target, EvaluateTargetHealth: health}}
	}
	weight := func(w int64) func(s *types.ResourceRecordSet) {
		return func(s *types.ResourceRecordSet) { s.Weight = &w }
	}
	location := func(continent, country, subdivision *string) func(s *types.ResourceRecordSet) {
		return func(s *types.ResourceRecordSet) {
			s.GeoLocation = &types.GeoLocation{ContinentCode: continent, CountryCode: country, SubdivisionCode: subdivision}
		}
	}
	branch := alias("tree.example.net", zone, "w.example.net", true)
	branch.setID, branch.policy = "first", func(s *types.ResourceRecordSet) { s.Failover = "PRIMARY" }
	return []record{
		simple("www.example.net", "A", "192.0.2.1", "192.0.2.2"), simple("WWW.Example.NET.", "AAAA", "2001:db8::1"),
		simple("*.example.net", "A", "192.0.2.3"), simple("user@host.example.net", "TXT", "at"), simple(`a\040b.example.net`, "TXT", "space"), simple("_sip._tcp.example.net", "SRV", "1 2 443 host.example.net."),
		simple("example.net", "TXT", "v=spf1 -all", `say "hi" \ there`, ""), simple("example.net", "MX", "10 mail.example.net", "20 mail2.example.net."), simple("example.net", "CAA", `0 issue "ca.example.org"`),
		simple("long.example.net", "TXT", strings.Repeat("x", 200), "two"), simple("c.example.net", "CNAME", "WWW.example.net"), simple("p.example.net", "PTR", "host.example.net."),
		simple("sub.example.net", "NS", "ns1.example.org", "ns2.example.org."), simple("sub.example.net", "DS", "12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766"),
		simple("n.example.net", "NAPTR", `100 10 "U" "SIP+D2U" "!^.*$!sip:info@example.net!" .`), simple("s.example.net", "SPF", "v=spf1 -all"),
		simple("h.example.net", "HTTPS", `1 . alpn="h2,h3"`), simple("h.example.net", "SVCB", "1 host.example.net. port=53"),
		simple("h.example.net", "SSHFP", "1 1 0123456789ABCDEF0123456789ABCDEF01234567"), simple("h.example.net", "TLSA", "3 1 1 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766"),
		routed("w.example.net", "live", "192.0.2.4", weight(90)), routed("w.example.net", `quoted "id" & <more>`, "192.0.2.5", weight(0)),
		routed("l.example.net", "here", "192.0.2.6", func(s *types.ResourceRecordSet) { s.Region = "us-east-1" }), routed("l.example.net", "there", "192.0.2.7", func(s *types.ResourceRecordSet) { s.Region = "eu-west-3" }),
		routed("f.example.net", "first", "192.0.2.8", func(s *types.ResourceRecordSet) { s.Failover, s.HealthCheckId = "PRIMARY", &check }), routed("f.example.net", "second", "192.0.2.9", func(s *types.ResourceRecordSet) { s.Failover = "SECONDARY" }),
		routed("g.example.net", "continent", "192.0.2.10", location(aws.String("EU"), nil, nil)), routed("g.example.net", "state", "192.0.2.11", location(nil, aws.String("US"), aws.String("WA"))), routed("g.example.net", "rest", "192.0.2.12", location(nil, aws.String("*"), nil)),
		routed("m.example.net", "one", "192.0.2.13", func(s *types.ResourceRecordSet) { s.MultiValueAnswer, s.HealthCheckId = aws.Bool(true), &check }), routed("m.example.net", "two", "192.0.2.14", func(s *types.ResourceRecordSet) { s.MultiValueAnswer = aws.Bool(true) }),
		routed("i.example.net", "office", "192.0.2.15", func(s *types.ResourceRecordSet) {
			s.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: &collection, LocationName: aws.String("office")}
		}),
		routed("x.example.net", "Region", "192.0.2.16", func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{AWSRegion: aws.String("eu-west-3"), Bias: aws.Int32(-20)}
		}),
		routed("x.example.net", "place", "192.0.2.17", func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{Coordinates: &types.Coordinates{Latitude: aws.String("49.22"), Longitude: aws.String("-74.01")}}
		}),
		alias("example.net", zone, "WWW.example.net", false), alias("cdn.example.net", "Z2FDTNDATAQYW2", "D111111abcdef8.cloudfront.net", false),
		alias("lb.example.net", "Z35SXDOTRQ7X7K", "dualstack.web-1.us-east-1.elb.amazonaws.com", true), branch,
	}
}
