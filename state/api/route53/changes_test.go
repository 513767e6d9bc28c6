package route53

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// weighted returns an RRset of a weighted group.
func weighted(name, id string, weight, ttl int64, value string) types.ResourceRecordSet {
	return with(rrset(name, "A", value), id, func(s *types.ResourceRecordSet) { s.Weight, s.TTL = &weight, &ttl })
}

func latency(name, id, region, value string) types.ResourceRecordSet {
	return with(rrset(name, "A", value), id, func(s *types.ResourceRecordSet) { s.Region = types.ResourceRecordSetRegion(region) })
}

func geo(name, id, continent, country, subdivision string) types.ResourceRecordSet {
	return with(rrset(name, "A", "192.0.2.1"), id, func(s *types.ResourceRecordSet) {
		s.GeoLocation = &types.GeoLocation{ContinentCode: optional(continent), CountryCode: optional(country), SubdivisionCode: optional(subdivision)}
	})
}

func failover(name, id, role string, health *string) types.ResourceRecordSet {
	return with(rrset(name, "A", "192.0.2.1"), id, func(s *types.ResourceRecordSet) {
		s.Failover, s.HealthCheckId = types.ResourceRecordSetFailover(role), health
	})
}

// TestChangeErrors provokes each row of aws-behaviour 2.2 to 2.7.
func TestChangeErrors(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	private := e.privateZone("example.net", "vpc-1")
	collection := e.collection("offices", "office", "192.0.2.0/24")
	e.mustChange(zone,
		create(rrset("www.example.org", "A", "192.0.2.1")),
		create(rrset("cname.example.org", "CNAME", "www.example.org")),
		create(weighted("w.example.org", "one", 1, 60, "192.0.2.1")),
		create(latency("l.example.org", "one", "eu-west-1", "192.0.2.1")),
		create(geo("g.example.org", "one", "", "JP", "")),
		create(failover("f.example.org", "one", "SECONDARY", nil)),
		create(aliasTo("alias.example.org", "A", zone, "www.example.org", false)),
	)
	const batch, input = "InvalidChangeBatch", "InvalidInput"
	const where = " in Change with [Action=CREATE, Name=x.example.org, Type=A, SetIdentifier="
	x := func(change func(s *types.ResourceRecordSet)) types.ResourceRecordSet {
		s := rrset("x.example.org", "A", "192.0.2.1")
		change(&s)
		return s
	}
	long := strings.Repeat("a", 64)
	tests := []struct {
		name, zone    string
		changes       []types.Change
		code, message string
	}{
		{"create again", zone, []types.Change{create(rrset("WWW.example.org", "A", "192.0.2.1"))}, batch,
			"[Tried to create resource record set [name='www.example.org.', type='A'] but it already exists]"},
		{"create again, routed", zone, []types.Change{create(weighted("w.example.org", "one", 1, 60, "192.0.2.1"))}, batch,
			"[Tried to create resource record set [name='w.example.org.', type='A', set-identifier='one'] but it already exists]"},
		{"delete missing", zone, []types.Change{remove(rrset("x.example.org", "A", "192.0.2.1"))}, batch,
			"[Tried to delete resource record set [name='x.example.org.', type='A'] but it was not found]"},
		{"delete another value", zone, []types.Change{remove(rrset("www.example.org", "A", "192.0.2.2"))}, batch,
			"[Tried to delete resource record set [name='www.example.org.', type='A'] but the values provided do not match the current values]"},
		{"delete another weight", zone, []types.Change{remove(weighted("w.example.org", "one", 2, 60, "192.0.2.1"))}, batch,
			"[Tried to delete resource record set [name='w.example.org.', type='A', set-identifier='one'] but the values provided do not match the current values]"},
		{"delete another alias", zone, []types.Change{remove(aliasTo("alias.example.org", "A", zone, "www.example.org", true))}, batch,
			"[Tried to delete resource record set [name='alias.example.org.', type='A'] but the values provided do not match the current values]"},
		{"all faults", zone, []types.Change{
			create(rrset("a.example.org", "A", "192.0.2.1")), remove(rrset("x.example.org", "A", "192.0.2.1")), create(rrset("www.example.org", "A", "192.0.2.1")),
		}, batch, "[Tried to delete resource record set [name='x.example.org.', type='A'] but it was not found, " +
			"Tried to create resource record set [name='www.example.org.', type='A'] but it already exists]"},
		{"key twice", zone, []types.Change{create(rrset("x.example.org", "A", "192.0.2.1")), upsert(rrset("x.example.org", "A", "192.0.2.2"))}, batch,
			"[The request contains an invalid set of changes for a resource record set 'A x.example.org.']"},
		{"delete twice", zone, []types.Change{remove(rrset("www.example.org", "A", "192.0.2.1")), remove(rrset("www.example.org", "A", "192.0.2.1"))}, batch,
			"[The request contains an invalid set of changes for a resource record set 'A www.example.org.']"},
		{"outside", zone, []types.Change{create(rrset("x.example.net", "A", "192.0.2.1"))}, batch,
			"[RRSet with DNS name x.example.net. is not permitted in zone example.org.]"},
		{"CNAME at apex", zone, []types.Change{create(rrset("example.org", "CNAME", "a.b"))}, batch,
			"[RRSet of type CNAME with DNS name example.org. is not permitted at apex in zone example.org.]"},
		{"CNAME beside", zone, []types.Change{create(rrset("www.example.org", "CNAME", "a.b"))}, batch,
			"[RRSet of type CNAME with DNS name www.example.org. is not permitted as it conflicts with other records with the same DNS name in zone example.org.]"},
		{"beside CNAME", zone, []types.Change{create(rrset("cname.example.org", "A", "192.0.2.1"))}, batch,
			"[RRSet of type A with DNS name cname.example.org. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.org.]"},
		{"loop", zone, []types.Change{create(rrset("a.example.org", "CNAME", "b.example.org")), create(rrset("b.example.org", "CNAME", "a.example.org"))}, batch,
			"[RRSet of type CNAME with DNS name b.example.org. is not permitted as it creates a CNAME or alias loop in the zone.]"},
		{"simple beside routed", zone, []types.Change{create(rrset("w.example.org", "A", "192.0.2.1"))}, batch,
			"[RRSet with DNS name w.example.org., type A cannot be created as other RRSets exist with the same name and type.]"},
		{"weighted beside simple", zone, []types.Change{create(weighted("www.example.org", "s", 1, 60, "192.0.2.1"))}, batch,
			"[RRSet with DNS name www.example.org., type A, SetIdentifier s cannot be created as a non-weighted set exists with the same name and type.]"},
		{"latency beside simple", zone, []types.Change{create(latency("www.example.org", "s", "eu-west-1", "192.0.2.1"))}, batch,
			"[RRSet with DNS name www.example.org., type A, SetIdentifier s, and Region Name=eu-west-1 cannot be created because a non-latency RRSet with the same name and type already exists.]"},
		{"latency twice", zone, []types.Change{create(latency("l.example.org", "two", "eu-west-1", "192.0.2.1"))}, batch,
			"[RRSet with DNS name l.example.org., type A, SetIdentifier two, and Region Name=eu-west-1 cannot be created because a latency RRSet with the same name, type and region already exists.]"},
		{"geolocation twice", zone, []types.Change{create(geo("g.example.org", "two", "", "JP", ""))}, batch,
			"[RRSet with DNS name g.example.org., type A, SetIdentifier two, and routing to [country = (JP, Japan)} cannot be created because a GEO RRSet with the same name, type and routing to [country = (JP, Japan)} already exists.]"},
		{"geolocation unknown", zone, []types.Change{create(geo("x.example.org", "s", "", "CA", "ON"))}, batch,
			"[Cannot find location: 'country = CA subdivision = ON'. No changes made.]"},
		{"geolocation both", zone, []types.Change{create(geo("x.example.org", "s", "EU", "FR", ""))}, input,
			"Invalid request: Expected exactly one of [ContinentCode, or CountryCode], but found more than one" + where + "s]"},
		{"geoproximity unknown", zone, []types.Change{create(with(rrset("x.example.org", "A", "192.0.2.1"), "s", func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{AWSRegion: aws.String("xx-1")}
		}))}, batch, "[Cannot find GeoProximityLocation with AWSRegion = xx-1. No changes made.]"},
		{"geoproximity both", zone, []types.Change{create(with(rrset("x.example.org", "A", "192.0.2.1"), "s", func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{AWSRegion: aws.String("eu-west-1"), LocalZoneGroup: aws.String("a")}
		}))}, input, "Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or at least one of [Coordinates, or all of [Latitude, and Longitude]]], but found more than one"},
		{"weighted TTL", zone, []types.Change{create(weighted("w.example.org", "two", 1, 300, "192.0.2.1"))}, batch,
			"[RRSet with DNS name w.example.org. and type A, SetIdentifier two cannot be created as weighted sets must contain the same TTL.]"},
		{"primary without check", zone, []types.Change{create(failover("f.example.org", "two", "PRIMARY", nil))}, batch,
			"[A non-alias primary ResourceRecordSet must have an associated health check. No changes made.]"},
		{"alias primary", zone, []types.Change{create(with(aliasTo("f.example.org", "A", zone, "www.example.org", false), "two", func(s *types.ResourceRecordSet) { s.Failover = "PRIMARY" }))}, batch,
			"[RRSet with DNS name f.example.org., type A, SetIdentifier two cannot be a primary without EvaluateTargetHealth set to true or an associated health check as a secondary would never be returned.]"},
		{"second secondary", zone, []types.Change{create(failover("f.example.org", "two", "SECONDARY", nil))}, batch,
			"[RRSet with DNS name f.example.org., type A, SetIdentifier two cannot be created as a failover set of that kind already exists.]"},
		{"unknown health check", zone, []types.Change{create(failover("x.example.org", "s", "PRIMARY", aws.String("none")))}, "NoSuchHealthCheck",
			"A health check with id none does not exist."},
		{"CIDR in private zone", private, []types.Change{create(cidr("x.example.net", "s", collection, "office"))}, batch,
			"[RRSet with DNS name x.example.net., type A, SetIdentifier s cannot be created because CIDR RRSet is not supported with private hosted zone.]"},
		{"CIDR of no collection", zone, []types.Change{create(cidr("x.example.org", "s", "0c6d8b7c-1111-4222-8333-444455556666", "office"))}, batch,
			"[RRSet with DNS name x.example.org., type A, SetIdentifier s, and routing to CidrCollectionId=0c6d8b7c-1111-4222-8333-444455556666 CidrLocationId=office cannot be created because the CIDR collection was not found]"},
		{"NS alias", zone, []types.Change{create(aliasTo("x.example.org", "NS", zone, "example.org", false))}, batch,
			"[RRSet with DNS name x.example.org., type NS contains an alias target, but aliases of that type are forbidden]"},
		{"wildcard NS", zone, []types.Change{create(rrset("*.example.org", "NS", "ns.example.net"))}, batch,
			`[RRSet with DNS name \052.example.org., type NS is a wildcard. Changing wildcard NS record sets are not supported]`},
		{"weighted NS", zone, []types.Change{create(with(rrset("x.example.org", "NS", "ns.example.net"), "s", func(s *types.ResourceRecordSet) { s.Weight = aws.Int64(1) }))}, batch,
			"[RRSet with DNS name x.example.org., type NS, SetIdentifier s cannot be created with the weighted policy as this type of RRSet is not supported]"},
		{"delete SOA", zone, []types.Change{remove(e.list(zone)[1])}, batch, "[A HostedZone must contain exactly one SOA record.]"},
		{"delete NS", zone, []types.Change{remove(e.list(zone)[0])}, batch, "[A HostedZone must contain at least one NS record for the zone itself.]"},
		{"duplicate value", zone, []types.Change{create(rrset("x.example.org", "A", "192.0.2.1", "192.0.2.1"))}, batch,
			"[Duplicate Resource Record: '192.0.2.1']"},
		{"alias of nothing", zone, []types.Change{create(aliasTo("x.example.org", "A", zone, "y.example.org", false))}, batch,
			"[Tried to create an alias that targets y.example.org., type A in zone " + zone + ", but that target was not found]"},
		{"alias before target", zone, []types.Change{create(aliasTo("x.example.org", "A", zone, "y.example.org", false)), create(rrset("y.example.org", "A", "192.0.2.1"))}, batch,
			"[Tried to create an alias that targets y.example.org., type A in zone " + zone + ", but that target was not found]"},
		{"alias outside", zone, []types.Change{create(aliasTo("x.example.org", "A", zone, "y.example.net", false))}, batch,
			"[Tried to create an alias that targets y.example.net., type A in zone " + zone + ", but that target was not found, " +
				"Tried to create an alias that targets y.example.net., type A in zone " + zone + ", but the alias target name does not lie within the target zone]"},
		{"alias to another resource's zone", zone, []types.Change{create(aliasTo("x.example.org", "A", "Z35SXDOTRQ7X7K", "d111111abcdef8.cloudfront.net", false))}, batch,
			"[Tried to create an alias that targets d111111abcdef8.cloudfront.net., type A in zone Z35SXDOTRQ7X7K, but the alias target name does not lie within the target zone]"},
		{"no source", zone, []types.Change{create(x(func(s *types.ResourceRecordSet) { s.TTL, s.ResourceRecords = nil, nil }))}, input,
			"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none" + where + "null]"},
		{"no TTL", zone, []types.Change{create(x(func(s *types.ResourceRecordSet) { s.TTL = nil }))}, input,
			"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none" + where + "null]"},
		{"two sources", zone, []types.Change{create(x(func(s *types.ResourceRecordSet) {
			s.AliasTarget = aliasTo("", "", zone, "www.example.org", false).AliasTarget
		}))}, input,
			"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found more than one" + where + "null]"},
		{"delete without source", zone, []types.Change{remove(x(func(s *types.ResourceRecordSet) { s.TTL, s.ResourceRecords = nil, nil }))}, input,
			"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=DELETE, Name=x.example.org, Type=A, SetIdentifier=null]"},
		{"no policy", zone, []types.Change{create(with(rrset("x.example.org", "A", "192.0.2.1"), "s", func(*types.ResourceRecordSet) {}))}, input,
			"Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found none" + where + "s]"},
		{"two policies", zone, []types.Change{create(with(weighted("x.example.org", "", 1, 60, "192.0.2.1"), "s", func(s *types.ResourceRecordSet) { s.Region = "eu-west-1" }))}, input,
			"Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found more than one" + where + "s]"},
		{"no set identifier", zone, []types.Change{create(x(func(s *types.ResourceRecordSet) { s.Weight = aws.Int64(1) }))}, input,
			"Invalid request: Missing field 'SetIdentifier'" + where + "null]"},
		{"weight", zone, []types.Change{create(weighted("x.example.org", "s", 300, 60, "192.0.2.1"))}, input,
			"1 validation error detected: Value '300' at 'changeBatch.changes.1.member.resourceRecordSet.weight' failed to satisfy constraint: Member must have value less than or equal to 255"},
		{"two constraints", zone, []types.Change{create(weighted("x.example.org", "s", 300, 60, "192.0.2.1")), changeOf("PUT", rrset("y.example.org", "A", "192.0.2.1"))}, input,
			"2 validation errors detected: Value '300' at 'changeBatch.changes.1.member.resourceRecordSet.weight' failed to satisfy constraint: Member must have value less than or equal to 255; " +
				"Value 'PUT' at 'changeBatch.changes.2.member.action' failed to satisfy constraint: Member must satisfy enum value set: [CREATE, DELETE, UPSERT]"},
		{"type", zone, []types.Change{create(rrset("x.example.org", "LOC", "x"))}, input,
			"1 validation error detected: Value 'LOC' at 'changeBatch.changes.1.member.resourceRecordSet.type' failed to satisfy constraint: Member must satisfy enum value set: [SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS, TLSA, SSHFP, SVCB, HTTPS]"},
		{"Region", zone, []types.Change{create(latency("x.example.org", "s", "xx-1", "192.0.2.1"))}, input,
			"1 validation error detected: Value 'xx-1' at 'changeBatch.changes.1.member.resourceRecordSet.region' failed to satisfy constraint: Member must satisfy enum value set: […"},
		{"name", zone, []types.Change{create(rrset("a..example.org", "A", "192.0.2.1"))}, batch,
			"[FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example.org']"},
		{"A", zone, []types.Change{create(rrset("x.example.org", "A", "192.0.2"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2'']"},
		{"AAAA", zone, []types.Change{create(rrset("x.example.org", "AAAA", "::g"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '::g'']"},
		{"CNAME", zone, []types.Change{create(rrset("x.example.org", "CNAME", long+".org"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '" + long + "'']"},
		{"MX", zone, []types.Change{create(rrset("x.example.org", "MX", "10"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: MXRRDATANotTwoFields (MX record doesn't have 2 fields) encountered with '10'']"},
		{"SRV", zone, []types.Change{create(rrset("x.example.org", "SRV", "1 2 3"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: SRVRRDATANotFourFields (SRV record doesn't have 4 fields) encountered with '1 2 3'']"},
		{"TXT", zone, []types.Change{create(rrset("x.example.org", "TXT", "hello"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'hello'']"},
		{"CAA", zone, []types.Change{create(rrset("x.example.org", "CAA", `0 x "y"`))}, batch,
			"[Invalid Resource Record: 'FATAL problem: CAARRDATAInvalidTag (Invalid tag) encountered with 'Only issue/issuewild/iodef is allowed for non critical flags.'']"},
		{"DS", zone, []types.Change{create(rrset("x.example.org", "DS", "1"))}, batch, "[Invalid Resource Record: 'FATAL problem: DSRRDATAInvalidValue (Invalid value for field \"RData\") encountered with 'Wrong format or it doesn't contain all fields.'']"},
		{"HTTPS", zone, []types.Change{create(rrset("x.example.org", "HTTPS", "1"))}, batch,
			"[Invalid Resource Record: 'FATAL problem: SVCBIncorrectNumberOfFields (Incorrect number of fields, needs <svc priority>, <target name>. Optional fields include <svc param>)…"},
		{"zone", "Z0", []types.Change{create(rrset("x.example.org", "A", "192.0.2.1"))}, "NoSuchHostedZone", "No hosted zone found with ID: Z0"},
	}
	before := len(e.list(zone))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status := 400
			if strings.HasPrefix(tt.code, "NoSuch") {
				status = 404
			}
			wantError(t, e.change(tt.zone, tt.changes...), status, tt.code, tt.message)
		})
	}
	if after := len(e.list(zone)); after != before {
		t.Errorf("%d RRsets after refused batches, want %d", after, before)
	}
}

func cidr(name, id, collection, location string) types.ResourceRecordSet {
	return with(rrset(name, "A", "192.0.2.1"), id, func(s *types.ResourceRecordSet) {
		s.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: &collection, LocationName: &location}
	})
}

// collection creates a CIDR collection with one location and returns its id.
func (e *endpoint) collection(name, location string, blocks ...string) string {
	e.t.Helper()
	out, err := e.CreateCidrCollection(ctx, &route53.CreateCidrCollectionInput{Name: &name, CallerReference: &name})
	if err != nil {
		e.t.Fatal(err)
	}
	_, err = e.ChangeCidrCollection(ctx, &route53.ChangeCidrCollectionInput{Id: out.Collection.Id, Changes: []types.CidrCollectionChange{
		{Action: types.CidrCollectionChangeActionPut, LocationName: &location, CidrList: blocks},
	}})
	if err != nil {
		e.t.Fatal(err)
	}
	return *out.Collection.Id
}

// TestChangeSemantics plays batches that must be taken.
func TestChangeSemantics(t *testing.T) {
	const www = "www.example.org"
	tests := []struct {
		name   string
		before []types.Change
		batch  []types.Change
		want   string
	}{
		{"create and upsert", nil, []types.Change{create(rrset(www, "A", "192.0.2.1")), upsert(rrset(www, "AAAA", "2001:db8::1"))}, "A 192.0.2.1, AAAA 2001:db8::1"},
		{"upsert replaces", []types.Change{create(rrset(www, "A", "192.0.2.1"))}, []types.Change{upsert(rrset(www, "A", "192.0.2.2"))}, "A 192.0.2.2"},
		{"delete, then create", []types.Change{create(rrset(www, "A", "192.0.2.1"))}, []types.Change{remove(rrset(www, "A", "192.0.2.1")), create(rrset(www, "A", "192.0.2.3"))}, "A 192.0.2.3"},
		{"address to CNAME", []types.Change{create(rrset(www, "A", "192.0.2.1"))}, []types.Change{remove(rrset(www, "A", "192.0.2.1")), create(rrset(www, "CNAME", "a.b."))}, "CNAME a.b."},
		{"delete in another order and spelling", []types.Change{create(rrset(www, "CNAME", "A.b"))}, []types.Change{remove(rrset(www, "CNAME", "a.B."))}, ""},
		{"delete values in another order", []types.Change{create(rrset(www, "A", "192.0.2.1", "192.0.2.2"))}, []types.Change{remove(rrset(www, "A", "192.0.2.2", "192.0.2.1"))}, ""},
		{"simple to weighted", []types.Change{create(rrset(www, "A", "192.0.2.1"))}, []types.Change{remove(rrset(www, "A", "192.0.2.1")), create(weighted(www, "a", 1, 60, "192.0.2.1"))}, "A/a 192.0.2.1"},
		{"another TTL for a group", []types.Change{create(weighted(www, "a", 1, 60, "192.0.2.1")), create(weighted(www, "b", 1, 60, "192.0.2.2"))},
			[]types.Change{upsert(weighted(www, "a", 1, 300, "192.0.2.1")), upsert(weighted(www, "b", 1, 300, "192.0.2.2"))}, "A/a 192.0.2.1, A/b 192.0.2.2"},
		{"upsert with another identifier", []types.Change{create(weighted(www, "a", 1, 60, "192.0.2.1"))}, []types.Change{upsert(weighted(www, "b", 1, 60, "192.0.2.2"))}, "A/a 192.0.2.1, A/b 192.0.2.2"},
		{"multivalue deleted without its mark", []types.Change{create(with(rrset(www, "A", "192.0.2.1"), "a", func(s *types.ResourceRecordSet) { s.MultiValueAnswer = aws.Bool(true) }))},
			[]types.Change{remove(with(rrset(www, "A", "192.0.2.1"), "a", func(*types.ResourceRecordSet) {}))}, ""},
		{"quotes in a set identifier", nil, []types.Change{create(with(rrset(www, "TXT", `"token"`), `"token"`, func(s *types.ResourceRecordSet) { s.MultiValueAnswer = aws.Bool(true) }))}, `TXT/"token" "token"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, nil)
			zone := e.zone("example.org")
			if tt.before != nil {
				e.mustChange(zone, tt.before...)
			}
			e.mustChange(zone, tt.batch...)
			var got []string
			for _, s := range e.list(zone)[2:] {
				text := string(s.Type)
				if s.SetIdentifier != nil {
					text += "/" + *s.SetIdentifier
				}
				for _, r := range s.ResourceRecords {
					text += " " + *r.Value
				}
				got = append(got, text)
			}
			if text := strings.Join(got, ", "); text != tt.want {
				t.Errorf("RRsets %q, want %q", text, tt.want)
			}
		})
	}
}

func TestChangeLimits(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.RecordsPerZone = 1500 })
	zone := e.zone("example.org")
	var creates, upserts []types.Change
	for i := range 1000 {
		s := rrset(fmt.Sprintf("n%d.example.org", i), "A", "192.0.2.1")
		creates, upserts = append(creates, create(s)), append(upserts, upsert(s))
	}
	wantError(t, e.change(zone, upserts[:501]...), 400, "InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")
	wantError(t, e.change(zone, creates...), 0, "", "")
	wantError(t, e.change(zone, append(creates, upserts[0])...), 400, "InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")
	long := `"` + strings.Repeat("a", 255) + `"`
	var texts []types.Change
	for i := range 125 {
		texts = append(texts, create(rrset(fmt.Sprintf("t%d.example.org", i), "TXT", long)))
	}
	wantError(t, e.change(zone, texts...), 400, "InvalidChangeBatch", "[RDATA character limit of 32000 exceeded.]")
	var more []types.Change
	for i := range 499 {
		more = append(more, create(rrset(fmt.Sprintf("m%d.example.org", i), "A", "192.0.2.1")))
	}
	wantError(t, e.change(zone, more...), 400, "InvalidChangeBatch", "[Exceeded limit MAX_RRSETS_BY_ZONE for zone: "+zone+"]")
	wantError(t, e.change(zone, more[:498]...), 0, "", "")
	wantError(t, e.change(zone, more[498]), 400, "InvalidChangeBatch", "[Exceeded limit MAX_RRSETS_BY_ZONE for zone: "+zone+"]")
	wantError(t, e.change(zone, remove(rrset("m0.example.org", "A", "192.0.2.1")), more[498]), 0, "", "")
	var values []string
	for i := range 401 {
		values = append(values, fmt.Sprintf("192.0.%d.%d", i/256, i%256))
	}
	wantError(t, e.change(zone, upsert(rrset("m1.example.org", "A", values...))), 400, "InvalidChangeBatch", "[Cannot have more than 400 records in a RRSet.]")
}

// TestSchema sends documents that the SDK would not.
func TestSchema(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	path := "/2013-04-01/hostedzone/" + zone + "/rrset/"
	wrap := func(s string) string {
		return `<ChangeResourceRecordSetsRequest xmlns="` + Namespace + `"><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet>` + s +
			`</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`
	}
	tests := []struct{ name, body, want string }{
		{"other root", `<Changes/>`, "<Code>MalformedInput</Code><Message>ChangeBatch is not valid, expected ChangeResourceRecordSetsRequest</Message>"},
		{"no EvaluateTargetHealth", wrap(`<Name>a.example.org</Name><Type>A</Type><AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>a</DNSName></AliasTarget>`),
			"<Code>InvalidInput</Code><Message>Invalid XML ; javax.xml.stream.XMLStreamException: org.xml.sax.SAXParseException; lineNumber: 1; columnNumber: "},
		{"empty", ``, "Invalid XML ; "},
		{"any order", wrap(`<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords><TTL>5</TTL><Type>A</Type><Name>a.example.org</Name>`), "<Status>PENDING</Status>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, body, _ := e.send("POST", path, tt.body)
			if !strings.Contains(body, tt.want) {
				t.Errorf("POST %s = %s, want %s", tt.body, body, tt.want)
			}
		})
	}
}
