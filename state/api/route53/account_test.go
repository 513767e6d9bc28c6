package route53

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
)

func TestDelegationSets(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.DelegationSets, c.Quotas.ZonesPerSet = 2, 2 })
	in := &route53.CreateReusableDelegationSetInput{CallerReference: aws.String("a")}
	out, err := e.CreateReusableDelegationSet(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	id := out.DelegationSet.Id
	_, err = e.CreateReusableDelegationSet(ctx, in)
	wantError(t, err, 400, "DelegationSetAlreadyCreated", "A delegation set with the same owner and caller reference combination has already been created.")
	create := func(name string) error {
		z, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name, DelegationSetId: id})
		if err == nil && (*z.DelegationSet.Id != *id || fmt.Sprint(z.DelegationSet.NameServers) != fmt.Sprint(out.DelegationSet.NameServers)) {
			t.Errorf("delegation set of %s is %+v, want %+v", name, z.DelegationSet, out.DelegationSet)
		}
		return err
	}
	wantError(t, create("a.test"), 0, "", "")
	for _, name := range []string{"a.test.", "b.a.test", "test"} {
		wantError(t, create(name), 400, "ConflictingDomainExists", "The delegation set "+strings.TrimPrefix(*id, "/delegationset/")+" already serves the hosted zone …")
	}
	wantError(t, create("b.test"), 0, "", "")
	wantError(t, create("c.test"), 400, "LimitsExceeded", "A reusable delegation set cannot serve more than 2 hosted zones.")
	_, err = e.DeleteReusableDelegationSet(ctx, &route53.DeleteReusableDelegationSetInput{Id: id})
	wantError(t, err, 400, "DelegationSetInUse", "The specified delegation set …")
	listed, err := e.ListHostedZones(ctx, &route53.ListHostedZonesInput{DelegationSetId: id})
	if err != nil || len(listed.HostedZones) != 2 {
		t.Errorf("zones of the set: %v, %v, want 2", listed, err)
	}
	limit, err := e.GetReusableDelegationSetLimit(ctx, &route53.GetReusableDelegationSetLimitInput{DelegationSetId: id, Type: types.ReusableDelegationSetLimitTypeMaxZonesByReusableDelegationSet})
	if err != nil || limit.Count != 2 || *limit.Limit.Value != 2 {
		t.Errorf("limit %v, %v, want 2 of 2", limit, err)
	}
	zone := e.zone("d.test")
	marked, err := e.CreateReusableDelegationSet(ctx, &route53.CreateReusableDelegationSetInput{CallerReference: aws.String("b"), HostedZoneId: &zone})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
	if err != nil || *got.DelegationSet.Id != *marked.DelegationSet.Id {
		t.Errorf("zone %+v, %v, want the set %s", got, err, *marked.DelegationSet.Id)
	}
	_, err = e.CreateReusableDelegationSet(ctx, &route53.CreateReusableDelegationSetInput{CallerReference: aws.String("c")})
	wantError(t, err, 400, "LimitsExceeded", "Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER…")
	sets, err := e.ListReusableDelegationSets(ctx, &route53.ListReusableDelegationSetsInput{MaxItems: aws.Int32(1)})
	if err != nil || len(sets.DelegationSets) != 1 || !sets.IsTruncated || sets.NextMarker == nil {
		t.Errorf("ListReusableDelegationSets = %v, %v, want the first of two", sets, err)
	}
	fresh := serve(t, nil)
	for _, tt := range []struct{ zone, code, message string }{
		{zone, "HostedZoneNotFound", "The specified HostedZone can't be found."},
		{fresh.privateZone("corp", "vpc-1"), "InvalidArgument", "The hosted zone …"},
	} {
		_, err := fresh.CreateReusableDelegationSet(ctx, &route53.CreateReusableDelegationSetInput{CallerReference: &tt.code, HostedZoneId: &tt.zone})
		wantError(t, err, 400, tt.code, tt.message)
	}
	once := fresh.zone("d.test")
	for i, code := range []string{"", "DelegationSetAlreadyReusable"} {
		_, err := fresh.CreateReusableDelegationSet(ctx, &route53.CreateReusableDelegationSetInput{CallerReference: aws.String(fmt.Sprint("x", i)), HostedZoneId: &once})
		wantError(t, err, 400, code, "The specified delegation set has already been marked as reusable.")
	}
	_, err = e.GetReusableDelegationSet(ctx, &route53.GetReusableDelegationSetInput{Id: aws.String("N0")})
	wantError(t, err, 400, "NoSuchDelegationSet", "The specified delegation set N0 does not exist.")
}

func TestVPCs(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.VPCsPerZone, c.Quotas.Authorizations = 3, 1 })
	b := e.as(otherAccount)
	public, zone := e.zone("example.org"), e.privateZone("corp", "vpc-1")
	associate := func(c *route53.Client, zone, vpc string) error {
		_, err := c.AssociateVPCWithHostedZone(ctx, &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(vpc)})
		return err
	}
	authorize := func(vpc string) error {
		_, err := e.CreateVPCAssociationAuthorization(ctx, &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: &zone, VPC: vpcOf(vpc)})
		return err
	}
	wantError(t, associate(e.Client, public, "vpc-1"), 400, "PublicZoneVPCAssociation", "You're trying to associate a VPC with a public hosted zone. …")
	wantError(t, associate(e.Client, zone, "vpc-1"), 400, "ConflictingDomainExists",
		"The VPC vpc-1 in region us-east-1 has already been associated with the hosted zone "+zone+" with the same domain name.")
	wantError(t, associate(e.Client, zone, "vpc-2"), 0, "", "")
	wantError(t, associate(e.Client, zone, "vpc 3"), 400, "InvalidVPCId", "The VPC: vpc 3 in region us-east-1 that you provided is not valid.")
	wantError(t, associate(b, zone, "vpc-9"), 401, "NotAuthorizedException", "The VPC that you specified in the request is not authorized to be associated with the hosted zone.")
	wantError(t, authorize("vpc-9"), 0, "", "")
	wantError(t, authorize("vpc-8"), 400, "TooManyVPCAssociationAuthorizations", "You've created the maximum number of authorizations …")
	list, err := e.ListVPCAssociationAuthorizations(ctx, &route53.ListVPCAssociationAuthorizationsInput{HostedZoneId: &zone})
	if err != nil || len(list.VPCs) != 1 || *list.VPCs[0].VPCId != "vpc-9" {
		t.Errorf("authorizations %v, %v, want vpc-9", list, err)
	}
	wantError(t, associate(b, zone, "vpc-9"), 0, "", "")
	wantError(t, associate(e.Client, zone, "vpc-4"), 400, "LimitsExceeded", "Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE…")
	for _, code := range []string{"", "VPCAssociationAuthorizationNotFound"} {
		_, err := e.DeleteVPCAssociationAuthorization(ctx, &route53.DeleteVPCAssociationAuthorizationInput{HostedZoneId: &zone, VPC: vpcOf("vpc-9")})
		wantError(t, err, 404, code, "The VPC that you specified is not authorized to be associated with the hosted zone.")
	}
	got, err := e.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone})
	if err != nil || len(got.VPCs) != 3 || got.DelegationSet != nil {
		t.Errorf("zone %+v, %v, want three VPCs and no delegation set", got, err)
	}
	byVPC, err := b.ListHostedZonesByVPC(ctx, &route53.ListHostedZonesByVPCInput{VPCId: aws.String("vpc-9"), VPCRegion: types.VPCRegionUsEast1})
	if err != nil || len(byVPC.HostedZoneSummaries) != 1 || *byVPC.HostedZoneSummaries[0].HostedZoneId != zone || *byVPC.HostedZoneSummaries[0].Owner.OwningAccount != testAccount {
		t.Errorf("ListHostedZonesByVPC = %v, %v, want the zone", byVPC, err)
	}
	_, err = b.ListHostedZonesByVPC(ctx, &route53.ListHostedZonesByVPCInput{VPCId: aws.String("vpc-9"), VPCRegion: types.VPCRegionUsEast1, NextToken: aws.String("x")})
	wantError(t, err, 400, "InvalidPaginationToken", "The pagination token is not valid.")
	for _, tt := range []struct {
		vpc           string
		status        int
		code, message string
	}{
		{"vpc-7", 404, "VPCAssociationNotFound", "The VPC: vpc-7 in region us-east-1 is not associated with hosted zone " + zone + "."},
		{"vpc-9", 0, "", ""}, {"vpc-2", 0, "", ""},
		{"vpc-1", 400, "LastVPCAssociation", "The VPC that you're trying to disassociate …"},
	} {
		_, err := e.DisassociateVPCFromHostedZone(ctx, &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(tt.vpc)})
		wantError(t, err, tt.status, tt.code, tt.message)
	}
}

func TestTags(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	change := func(id string, add map[string]string, drop ...string) error {
		in := &route53.ChangeTagsForResourceInput{ResourceType: types.TagResourceTypeHostedzone, ResourceId: &id, RemoveTagKeys: drop}
		for k, v := range add {
			in.AddTags = append(in.AddTags, types.Tag{Key: &k, Value: &v})
		}
		_, err := e.ChangeTagsForResource(ctx, in)
		return err
	}
	wantError(t, change(zone, map[string]string{"a": "1", "b": ""}), 0, "", "")
	wantError(t, change(zone, map[string]string{"a": "2", "c": "é x"}, "b", "none"), 0, "", "")
	out, err := e.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceType: types.TagResourceTypeHostedzone, ResourceId: &zone})
	if err != nil || len(out.ResourceTagSet.Tags) != 2 || *out.ResourceTagSet.Tags[0].Value != "2" || *out.ResourceTagSet.Tags[1].Value != "é x" {
		t.Errorf("tags %+v, %v, want a=2 c=é x", out.ResourceTagSet, err)
	}
	all, err := e.ListTagsForResources(ctx, &route53.ListTagsForResourcesInput{ResourceType: types.TagResourceTypeHostedzone, ResourceIds: []string{zone}})
	if err != nil || len(all.ResourceTagSets) != 1 || *all.ResourceTagSets[0].ResourceId != zone {
		t.Errorf("ListTagsForResources = %+v, %v, want one set", all, err)
	}
	many := map[string]string{}
	for i := range 49 {
		many[fmt.Sprint("k", i)] = "v"
	}
	wantError(t, change(zone, map[string]string{"a!": ""}), 400, "InvalidInput", "Invalid parameter : Tags can only contain letters, numbers, spaces, and the following special characters: _ . : / = + - @")
	wantError(t, change(zone, many), 400, "InvalidInput", "Number of tags of the resource …")
	wantError(t, change(zone, nil), 400, "InvalidInput", "Invalid request: Expected at least one of [AddTags, or RemoveTagKeys], but found none")
	wantError(t, change("Z0", map[string]string{"a": ""}), 404, "NoSuchHostedZone", "No hosted zone found with ID: Z0")
	_, err = e.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceType: types.TagResourceTypeHealthcheck, ResourceId: aws.String("h")})
	wantError(t, err, 404, "NoSuchHealthCheck", "A health check with id h does not exist.")
	_, err = e.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceType: "x", ResourceId: aws.String("h")})
	wantError(t, err, 400, "InvalidInput", "1 validation error detected: Value 'x' at 'resourceType'…")
}

func TestCIDRCollections(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.CIDRCollections = 2 })
	id := e.collection("offices", "paris", "192.0.2.0/24", "2001:db8::/48")
	change := func(version int64, location, action string, blocks ...string) error {
		in := &route53.ChangeCidrCollectionInput{Id: &id, Changes: []types.CidrCollectionChange{
			{Action: types.CidrCollectionChangeAction(action), LocationName: &location, CidrList: blocks}}}
		if version > 0 {
			in.CollectionVersion = &version
		}
		_, err := e.ChangeCidrCollection(ctx, in)
		return err
	}
	tests := []struct {
		name          string
		err           error
		status        int
		code, message string
	}{
		{"version", change(1, "rome", "PUT", "198.51.100.0/24"), 409, "CidrCollectionVersionMismatchException", "The CIDR collection version you provided, 1, is not the current version 2."},
		{"same block", change(0, "rome", "PUT", "192.0.2.0/24"), 400, "CidrBlockInUseException", "The CIDR block 192.0.2.0/24 is already in use in the location paris."},
		{"long IPv4", change(0, "rome", "PUT", "192.0.2.0/25"), 400, "InvalidInput", "IPv4 cidr block 192.0.2.0/25 has network prefix length greater than account limit of 24"},
		{"long IPv6", change(0, "rome", "PUT", "2001:db8::/49"), 400, "InvalidInput", "IPv6 cidr block 2001:db8::/49 has network prefix length greater than account limit of 48"},
		{"everything", change(0, "rome", "PUT", "0.0.0.0/0"), 400, "InvalidInput", "Cidr prefix length must not be 0"},
		{"no block", change(0, "rome", "PUT", "x"), 400, "InvalidInput", "Invalid CIDR block: x"},
		{"overlap", change(2, "rome", "PUT", "192.0.0.0/16"), 0, "", ""},
		{"delete missing", change(3, "rome", "DELETE_IF_EXISTS", "203.0.113.0/24"), 0, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.err, tt.status, tt.code, tt.message) })
	}
	if err := change(0, "*", "PUT", "192.0.2.0/24"); err == nil || !strings.Contains(err.Error(), `cvc-pattern-valid: Value '*' is not facet-valid with respect to pattern '[0-9A-Za-z_\-]+' for type 'CidrLocationNameDefaultNotAllowed'.`) {
		t.Errorf("default location: %v, want cvc-pattern-valid", err)
	}
	_, err := e.CreateCidrCollection(ctx, &route53.CreateCidrCollectionInput{Name: aws.String("offices"), CallerReference: aws.String("x")})
	wantError(t, err, 400, "CidrCollectionAlreadyExistsException", "A CIDR collection with this name or caller reference already exists: offices.")
	locations, err := e.ListCidrLocations(ctx, &route53.ListCidrLocationsInput{CollectionId: &id})
	if err != nil || len(locations.CidrLocations) != 2 || *locations.CidrLocations[0].LocationName != "paris" {
		t.Errorf("locations %+v, %v, want paris and rome", locations, err)
	}
	blocks, err := e.ListCidrBlocks(ctx, &route53.ListCidrBlocksInput{CollectionId: &id, MaxResults: aws.Int32(2)})
	if err != nil || len(blocks.CidrBlocks) != 2 || blocks.NextToken == nil {
		t.Fatalf("blocks %+v, %v, want two and a token", blocks, err)
	}
	rest, err := e.ListCidrBlocks(ctx, &route53.ListCidrBlocksInput{CollectionId: &id, NextToken: blocks.NextToken})
	if err != nil || len(rest.CidrBlocks) != 1 || *rest.CidrBlocks[0].CidrBlock != "192.0.0.0/16" {
		t.Errorf("more blocks %+v, %v, want rome's", rest, err)
	}
	_, err = e.ListCidrBlocks(ctx, &route53.ListCidrBlocksInput{CollectionId: &id, LocationName: aws.String("oslo")})
	wantError(t, err, 404, "NoSuchCidrLocationException", "The CIDR location oslo does not exist in the collection "+id+".")
	_, err = e.ListCidrLocations(ctx, &route53.ListCidrLocationsInput{CollectionId: aws.String("0c6d8b7c-1111-4222-8333-444455556666")})
	wantError(t, err, 404, "NoSuchCidrCollectionException", "The CIDR collection with id 0c6d8b7c-1111-4222-8333-444455556666 does not exist.")
	zone := e.zone("example.org")
	e.mustChange(zone, create(cidr("x.example.org", "s", id, "*")))
	drop := func() error {
		_, err := e.DeleteCidrCollection(ctx, &route53.DeleteCidrCollectionInput{Id: &id})
		return err
	}
	wantError(t, drop(), 400, "CidrCollectionInUseException", "The CIDR collection "+id+" is in use by the resource record set x.example.org.")
	e.mustChange(zone, remove(cidr("x.example.org", "s", id, "*")))
	wantError(t, drop(), 400, "CidrCollectionInUseException", "The CIDR collection "+id+" is in use: it has locations.")
	wantError(t, change(0, "paris", "DELETE_IF_EXISTS", "192.0.2.0/24", "2001:db8::/48"), 0, "", "")
	wantError(t, change(0, "rome", "DELETE_IF_EXISTS", "192.0.0.0/16"), 0, "", "")
	wantError(t, drop(), 0, "", "")
	e.collection("a", "l", "192.0.2.0/24")
	e.collection("b", "l", "192.0.2.0/24")
	_, err = e.CreateCidrCollection(ctx, &route53.CreateCidrCollectionInput{Name: aws.String("c"), CallerReference: aws.String("c")})
	wantError(t, err, 400, "LimitsExceeded", "Limits Exceeded: Cannot create more CIDR collections than 2.")
	all, err := e.ListCidrCollections(ctx, &route53.ListCidrCollectionsInput{})
	if err != nil || len(all.CidrCollections) != 2 || *all.CidrCollections[0].Version != 2 {
		t.Errorf("collections %+v, %v, want two of version 2", all, err)
	}
}

func TestQueryLogging(t *testing.T) {
	e := serve(t, nil)
	zone, private := e.zone("example.org"), e.privateZone("corp", "vpc-1")
	const arn = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/route53/example.org"
	configure := func(zone, arn string) (*route53.CreateQueryLoggingConfigOutput, error) {
		return e.CreateQueryLoggingConfig(ctx, &route53.CreateQueryLoggingConfigInput{HostedZoneId: &zone, CloudWatchLogsLogGroupArn: aws.String(arn)})
	}
	out, err := configure(zone, arn)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		zone, arn     string
		status        int
		code, message string
	}{
		{zone, arn, 409, "QueryLoggingConfigAlreadyExists", "A QueryLoggingConfig already exists for this hosted zone."},
		{private, arn, 400, "InvalidInput", "You can't create a query logging config for a private hosted zone."},
		{"Z0", arn, 404, "NoSuchHostedZone", "No hosted zone found with ID: Z0"},
		{zone, "x", 400, "InvalidInput", "The ARN of the CloudWatch Logs log group is invalid: x"},
	} {
		_, err := configure(tt.zone, tt.arn)
		wantError(t, err, tt.status, tt.code, tt.message)
	}
	id := out.QueryLoggingConfig.Id
	list, err := e.ListQueryLoggingConfigs(ctx, &route53.ListQueryLoggingConfigsInput{HostedZoneId: &zone})
	if err != nil || len(list.QueryLoggingConfigs) != 1 || *list.QueryLoggingConfigs[0].Id != *id {
		t.Errorf("ListQueryLoggingConfigs = %v, %v, want one", list, err)
	}
	if _, err := e.DeleteQueryLoggingConfig(ctx, &route53.DeleteQueryLoggingConfigInput{Id: id}); err != nil {
		t.Error(err)
	}
	_, err = e.GetQueryLoggingConfig(ctx, &route53.GetQueryLoggingConfigInput{Id: id})
	wantError(t, err, 404, "NoSuchQueryLoggingConfig", "The query logging config with Id "+*id+" doesn't exist.")
}

func TestDNSSEC(t *testing.T) {
	e := serve(t, nil)
	zone, private := e.zone("example.org"), e.privateZone("corp", "vpc-1")
	out, err := e.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: &zone})
	if err != nil || *out.Status.ServeSignature != "NOT_SIGNING" || len(out.KeySigningKeys) != 0 {
		t.Errorf("GetDNSSEC = %+v, %v, want NOT_SIGNING", out, err)
	}
	_, err = e.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: &private})
	wantError(t, err, 400, "InvalidArgument", "Operation is unsupported for private hosted zone: "+private)
	_, err = e.EnableHostedZoneDNSSEC(ctx, &route53.EnableHostedZoneDNSSECInput{HostedZoneId: &zone})
	wantError(t, err, 400, "InvalidArgument", "DNSSEC signing is not supported by this endpoint.")
	_, err = e.DisableHostedZoneDNSSEC(ctx, &route53.DisableHostedZoneDNSSECInput{HostedZoneId: &zone})
	wantError(t, err, 400, "DNSSECNotFound", "DNSSEC signing is not enabled for the hosted zone "+zone+".")
	_, err = e.CreateKeySigningKey(ctx, &route53.CreateKeySigningKeyInput{HostedZoneId: &zone, CallerReference: aws.String("a"), Name: aws.String("key"), Status: aws.String("ACTIVE"), KeyManagementServiceArn: aws.String("a")})
	wantError(t, err, 400, "InvalidArgument", "DNSSEC signing is not supported by this endpoint.")
	_, err = e.DeleteKeySigningKey(ctx, &route53.DeleteKeySigningKeyInput{HostedZoneId: &zone, Name: aws.String("key")})
	wantError(t, err, 404, "NoSuchKeySigningKey", "The specified key signing key (KSK) key does not exist in hosted zone "+zone+".")
}

func TestGeoLocations(t *testing.T) {
	e := serve(t, nil)
	var all []types.GeoLocationDetails
	in := &route53.ListGeoLocationsInput{MaxItems: aws.Int32(100)}
	for {
		out, err := e.ListGeoLocations(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out.GeoLocationDetailsList...)
		if !out.IsTruncated {
			break
		}
		in.StartContinentCode, in.StartCountryCode, in.StartSubdivisionCode = out.NextContinentCode, out.NextCountryCode, out.NextSubdivisionCode
	}
	zone := e.zone("example.org")
	for i, d := range all {
		_, err := e.GetGeoLocation(ctx, &route53.GetGeoLocationInput{ContinentCode: d.ContinentCode, CountryCode: d.CountryCode, SubdivisionCode: d.SubdivisionCode})
		if err != nil {
			t.Fatal(err)
		}
		if i < 100 { // as many as a group takes
			e.mustChange(zone, create(geo("g.example.org", fmt.Sprint(i), aws.ToString(d.ContinentCode), aws.ToString(d.CountryCode), aws.ToString(d.SubdivisionCode))))
		}
	}
	if len(all) < 300 || *all[0].ContinentName != "Africa" || *all[7].CountryCode != "*" {
		t.Errorf("%d locations, want continents, the default and some 300 more", len(all))
	}
	_, err := e.GetGeoLocation(ctx, &route53.GetGeoLocationInput{CountryCode: aws.String("BV")})
	wantError(t, err, 404, "NoSuchGeoLocation", "The geographic location you specified is not available.")
	_, err = e.GetGeoLocation(ctx, &route53.GetGeoLocationInput{CountryCode: aws.String("FR"), ContinentCode: aws.String("EU")})
	wantError(t, err, 400, "InvalidInput", "Invalid request: Expected exactly one of [ContinentCode, or CountryCode]")
	ranges, err := e.GetCheckerIpRanges(ctx, &route53.GetCheckerIpRangesInput{})
	if err != nil || len(ranges.CheckerIpRanges) != 1 || ranges.CheckerIpRanges[0] != "127.0.0.1/32" {
		t.Errorf("GetCheckerIpRanges = %v, %v, want this node", ranges, err)
	}
}

func TestLimits(t *testing.T) {
	e := serve(t, nil)
	zone, private := e.zone("example.org"), e.privateZone("corp", "vpc-1")
	for kind, want := range map[types.AccountLimitType][2]int64{
		"MAX_HOSTED_ZONES_BY_OWNER": {500, 2}, "MAX_HEALTH_CHECKS_BY_OWNER": {200, 0}, "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": {100, 0},
		"MAX_TRAFFIC_POLICIES_BY_OWNER": {50, 0}, "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": {5, 0},
	} {
		out, err := e.GetAccountLimit(ctx, &route53.GetAccountLimitInput{Type: kind})
		if err != nil || *out.Limit.Value != want[0] || out.Count != want[1] {
			t.Errorf("GetAccountLimit(%s) = %v, %v, want %v", kind, out, err, want)
		}
	}
	_, err := e.GetAccountLimit(ctx, &route53.GetAccountLimitInput{Type: "X"})
	wantError(t, err, 400, "InvalidInput", "1 validation error detected: Value 'X' at 'type'…")
	out, err := e.GetHostedZoneLimit(ctx, &route53.GetHostedZoneLimitInput{HostedZoneId: &zone, Type: "MAX_RRSETS_BY_ZONE"})
	if err != nil || *out.Limit.Value != 10000 || out.Count != 2 {
		t.Errorf("GetHostedZoneLimit = %v, %v, want 2 of 10000", out, err)
	}
	_, err = e.GetHostedZoneLimit(ctx, &route53.GetHostedZoneLimitInput{HostedZoneId: &zone, Type: "MAX_VPCS_ASSOCIATED_BY_ZONE"})
	wantError(t, err, 400, "HostedZoneNotPrivate", "The specified hosted zone is not a private hosted zone.")
	out, err = e.GetHostedZoneLimit(ctx, &route53.GetHostedZoneLimitInput{HostedZoneId: &private, Type: "MAX_VPCS_ASSOCIATED_BY_ZONE"})
	if err != nil || *out.Limit.Value != 300 || out.Count != 1 {
		t.Errorf("GetHostedZoneLimit = %v, %v, want 1 of 300", out, err)
	}
}

// asked answers with what it was asked.
type asked struct{}

func (asked) Answer(_ context.Context, q Question) (Reply, error) {
	return Reply{Rcode: "NOERROR", Data: []string{q.Zone, string(q.Name), dns.TypeToString[q.Type], q.Resolver.String(), q.Subnet.String()}}, nil
}

func TestTestDNSAnswer(t *testing.T) {
	e := serve(t, func(c *Config) { c.Answerer = asked{} })
	zone, private := e.zone("example.org"), e.privateZone("corp", "vpc-1")
	in := route53.TestDNSAnswerInput{HostedZoneId: &zone, RecordName: aws.String("*.example.org"), RecordType: "A",
		ResolverIP: aws.String("198.51.100.1"), EDNS0ClientSubnetIP: aws.String("192.0.2.77")}
	out, err := e.TestDNSAnswer(ctx, &in)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint([]string{zone, "*.example.org.", "A", "198.51.100.1", netip.MustParsePrefix("192.0.2.0/24").String()})
	if fmt.Sprint(out.RecordData) != want || *out.ResponseCode != "NOERROR" || *out.Protocol != "UDP" || *out.RecordName != `\052.example.org.` || !strings.HasPrefix(*out.Nameserver, "ns-") {
		t.Errorf("TestDNSAnswer = %+v, want %s", out, want)
	}
	tests := []struct {
		name   string
		change func(in *route53.TestDNSAnswerInput)
		status int
		code   string
	}{
		{"other zone", func(in *route53.TestDNSAnswerInput) { in.RecordName = aws.String("example.net") }, 400, "InvalidInput"},
		{"private zone", func(in *route53.TestDNSAnswerInput) { in.HostedZoneId = &private }, 400, "InvalidInput"},
		{"unknown zone", func(in *route53.TestDNSAnswerInput) { in.HostedZoneId = aws.String("Z0") }, 404, "NoSuchHostedZone"},
		{"type", func(in *route53.TestDNSAnswerInput) { in.RecordType = "LOC" }, 400, "InvalidInput"},
		{"resolver", func(in *route53.TestDNSAnswerInput) { in.ResolverIP = aws.String("x") }, 400, "InvalidInput"},
		{"mask", func(in *route53.TestDNSAnswerInput) { in.EDNS0ClientSubnetMask = aws.String("33") }, 400, "InvalidInput"},
		{"mask alone", func(in *route53.TestDNSAnswerInput) {
			in.EDNS0ClientSubnetIP, in.EDNS0ClientSubnetMask = nil, aws.String("24")
		}, 400, "InvalidInput"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := in
			tt.change(&in)
			_, err := e.TestDNSAnswer(ctx, &in)
			wantError(t, err, tt.status, tt.code, "…")
		})
	}
	mute := serve(t, nil)
	in.HostedZoneId = aws.String(mute.zone("example.org"))
	_, err = mute.TestDNSAnswer(ctx, &in)
	wantError(t, err, 503, "ServiceUnavailable", "This node does not answer DNS queries: ask one that does.")
}
