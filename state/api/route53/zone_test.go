package route53

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func TestCreateHostedZone(t *testing.T) {
	e := serve(t, nil)
	out, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name: aws.String("Example.ORG"), CallerReference: aws.String("a"),
		HostedZoneConfig: &types.HostedZoneConfig{Comment: aws.String("c <1>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	z := out.HostedZone
	if *z.Name != "example.org." || *z.CallerReference != "a" || *z.Config.Comment != "c <1>" || z.Config.PrivateZone || *z.ResourceRecordSetCount != 2 {
		t.Errorf("hosted zone %+v, want example.org. with comment and 2 RRsets", z)
	}
	if !regexp.MustCompile(`^/hostedzone/Z[A-Z0-9]{12,20}$`).MatchString(*z.Id) || *out.Location != "https://route53.amazonaws.com/2013-04-01"+*z.Id {
		t.Errorf("id %q, location %q, want a zone id and its address", *z.Id, *out.Location)
	}
	if out.ChangeInfo.Status != types.ChangeStatusPending || !strings.HasPrefix(*out.ChangeInfo.Id, "/change/C") || out.ChangeInfo.SubmittedAt.IsZero() {
		t.Errorf("change %+v, want PENDING with id and time", out.ChangeInfo)
	}
	if len(out.DelegationSet.NameServers) != 4 || out.DelegationSet.Id != nil || strings.HasSuffix(out.DelegationSet.NameServers[0], ".") {
		t.Errorf("delegation set %+v, want four servers without id and dot", out.DelegationSet)
	}
	sets := e.list(*z.Id)
	if len(sets) != 2 || sets[0].Type != "NS" || *sets[0].TTL != 172800 || len(sets[0].ResourceRecords) != 4 || sets[1].Type != "SOA" || *sets[1].TTL != 900 {
		t.Errorf("RRsets %+v, want the default NS and SOA", sets)
	}
	change, err := e.GetChange(ctx, &route53.GetChangeInput{Id: out.ChangeInfo.Id})
	if err != nil || change.ChangeInfo.Status != types.ChangeStatusInsync || !change.ChangeInfo.SubmittedAt.Equal(*out.ChangeInfo.SubmittedAt) {
		t.Errorf("GetChange = %+v, %v, want INSYNC at the same time", change, err)
	}
	if err := route53.NewResourceRecordSetsChangedWaiter(e).Wait(ctx, &route53.GetChangeInput{Id: out.ChangeInfo.Id}, 1e9); err != nil {
		t.Errorf("waiter: %v, want nil", err)
	}
}

func TestCreateHostedZoneErrors(t *testing.T) {
	e := serve(t, func(c *Config) { c.RefuseReserved, c.Quotas.HostedZones = true, 3 })
	e.privateZone("corp", "vpc-1")
	if _, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("a.test"), CallerReference: aws.String("used")}); err != nil {
		t.Fatal(err)
	}
	set, err := e.CreateReusableDelegationSet(ctx, &route53.CreateReusableDelegationSetInput{CallerReference: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 64)
	tests := []struct {
		name, zone, ref, vpc, set string
		private                   bool
		status                    int
		code, message             string
	}{
		{name: "reference used", zone: "b.test", ref: "used", status: 409, code: "HostedZoneAlreadyExists",
			message: "A hosted zone has already been created with the specified caller reference."},
		{name: "no reference", zone: "b.test", ref: "-", status: 400, code: "InvalidInput", message: "1 validation error detected: Value '' at 'callerReference' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{name: "private without VPC", zone: "b.test", private: true, status: 400, code: "InvalidInput", message: "Invalid request: …"},
		{name: "single label", zone: "b", status: 400, code: "InvalidDomainName", message: "b. is reserved by AWS!"},
		{name: "example.com", zone: "a.example.com", status: 400, code: "InvalidDomainName", message: "a.example.com. is reserved by AWS!"},
		{name: "wildcard", zone: "*.b.test", status: 400, code: "InvalidDomainName", message: "Creation of hosted zone with a wildcard domain name is not supported."},
		{name: "character", zone: "a b.test", status: 400, code: "InvalidDomainName",
			message: "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with ' '"},
		{name: "long label", zone: long + ".test", status: 400, code: "InvalidDomainName",
			message: "FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '" + long + "'"},
		{name: "long name", zone: strings.Repeat("abcdefg.", 32) + "test", status: 400, code: "InvalidDomainName",
			message: "FATAL problem: DomainNameTooLong (Domain name is too long)"},
		{name: "delegation set with VPC", zone: "b.test", vpc: "vpc-1", set: *set.DelegationSet.Id, status: 400, code: "InvalidInput", message: "Reusable delegation sets are for public hosted zones only."},
		{name: "unknown delegation set", zone: "b.test", set: "N1", status: 400, code: "NoSuchDelegationSet", message: "The specified delegation set N1 does not exist."},
		{name: "VPC has the name", zone: "corp", vpc: "vpc-1", status: 400, code: "ConflictingDomainExists",
			message: "The VPC vpc-1 in region us-east-1 has already been associated with the hosted zone …"},
		{name: "VPC id", zone: "b.test", vpc: "vpc 1", status: 400, code: "InvalidVPCId", message: "The VPC: vpc 1 in region us-east-1 that you provided is not valid."},
		{name: "with the set", zone: "b.test", set: *set.DelegationSet.Id},
		{name: "quota", zone: "c.test", status: 400, code: "TooManyHostedZones", message: "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones than 3."},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &route53.CreateHostedZoneInput{Name: &tt.zone, CallerReference: &tt.ref}
			switch tt.ref {
			case "":
				in.CallerReference = aws.String(fmt.Sprint(i))
			case "-":
				in.CallerReference = aws.String("")
			}
			if tt.vpc != "" {
				in.VPC = vpcOf(tt.vpc)
			}
			if tt.set != "" {
				in.DelegationSetId = &tt.set
			}
			if tt.private {
				in.HostedZoneConfig = &types.HostedZoneConfig{PrivateZone: true}
			}
			_, err := e.CreateHostedZone(ctx, in)
			wantError(t, err, tt.status, tt.code, tt.message)
		})
	}
}

// TestDisjointServers creates one name many times: no two zones share a server.
func TestDisjointServers(t *testing.T) {
	e := serve(t, nil)
	seen := map[string]bool{}
	for i := range 40 {
		out, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("example.org"), CallerReference: aws.String(fmt.Sprint(i))})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range out.DelegationSet.NameServers {
			if seen[s] {
				t.Fatalf("zone %d has the server %s of an earlier one", i, s)
			}
			seen[s] = true
		}
	}
}

func TestZoneAccess(t *testing.T) {
	e := serve(t, nil)
	id := e.zone("example.org")
	for _, form := range []string{id, "/hostedzone/" + id} {
		if _, err := e.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &form}); err != nil {
			t.Errorf("GetHostedZone(%q) = %v, want nil", form, err)
		}
	}
	for _, path := range []string{"/2013-04-01/hostedzone//hostedzone/" + id, "/2013-04-01/hostedzone/%2Fhostedzone%2F" + id, "/2013-04-01/hostedzone/" + id + "/"} {
		if status, body, _ := e.send("GET", path, ""); status != 200 {
			t.Errorf("GET %s = %d %s, want 200", path, status, body)
		}
	}
	_, err := e.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("Z0")})
	wantError(t, err, 404, "NoSuchHostedZone", "No hosted zone found with ID: Z0")
	_, err = e.as(otherAccount).GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &id})
	wantError(t, err, 403, "AccessDenied", "User: arn:aws:iam::222222222222:root is not authorized to access this resource")
	if status, body, _ := e.send("GET", "/2013-04-01/nothing", ""); status != 404 || !strings.Contains(body, "UnknownOperationException") {
		t.Errorf("unknown operation = %d %s, want 404", status, body)
	}
}

func TestListHostedZones(t *testing.T) {
	e := serve(t, nil)
	names := []string{"b.org", "a.b.org", "a.org", "z.net", "a-b.org"}
	for _, n := range names {
		e.zone(n)
	}
	private := e.privateZone("corp.net", "vpc-1")
	var ids []string
	pages := route53.NewListHostedZonesPaginator(e, &route53.ListHostedZonesInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil || len(p.HostedZones) != 2 {
			t.Fatalf("page of %d, %v, want 2", len(p.HostedZones), err)
		}
		for _, z := range p.HostedZones {
			ids = append(ids, *z.Id)
		}
	}
	if len(ids) != 6 || !slices.IsSorted(ids) {
		t.Errorf("ids %v, want 6 in order", ids)
	}
	out, err := e.ListHostedZones(ctx, &route53.ListHostedZonesInput{HostedZoneType: types.HostedZoneTypePrivateHostedZone})
	if err != nil || len(out.HostedZones) != 1 || *out.HostedZones[0].Id != "/hostedzone/"+private {
		t.Errorf("private zones %v, %v, want %s", out, err, private)
	}
	var got []string
	in := &route53.ListHostedZonesByNameInput{MaxItems: aws.Int32(2)}
	for {
		out, err := e.ListHostedZonesByName(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range out.HostedZones {
			got = append(got, *z.Name)
		}
		if !out.IsTruncated {
			break
		}
		in.DNSName, in.HostedZoneId = out.NextDNSName, out.NextHostedZoneId
	}
	if want := "corp.net. z.net. a-b.org. a.org. b.org. a.b.org."; strings.Join(got, " ") != want {
		t.Errorf("by name %v, want the order of reversed names %s", got, want)
	}
	first, err := e.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String("b.org"), MaxItems: aws.Int32(1)})
	if err != nil || *first.HostedZones[0].Name != "b.org." || *first.DNSName != "b.org" {
		t.Errorf("from b.org: %+v, %v, want b.org.", first, err)
	}
	_, err = e.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{HostedZoneId: &private})
	wantError(t, err, 400, "InvalidInput", "The hostedzoneid parameter needs the dnsname parameter.")
	_, err = e.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String("a b")})
	wantError(t, err, 400, "InvalidDomainName", "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with ' '")
	_, err = e.ListHostedZones(ctx, &route53.ListHostedZonesInput{MaxItems: aws.Int32(-1)})
	wantError(t, err, 400, "InvalidInput", "Value '-1' at 'maxitems'…")
	count, err := e.GetHostedZoneCount(ctx, &route53.GetHostedZoneCountInput{})
	if err != nil || *count.HostedZoneCount != 6 {
		t.Errorf("GetHostedZoneCount = %v, %v, want 6", count, err)
	}
}

func TestDeleteHostedZone(t *testing.T) {
	e := serve(t, nil)
	in := &route53.CreateHostedZoneInput{Name: aws.String("example.org"), CallerReference: aws.String("a")}
	out, err := e.CreateHostedZone(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	id := out.HostedZone.Id
	e.mustChange(*id, create(rrset("www.example.org", "A", "192.0.2.1")))
	_, err = e.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: id})
	wantError(t, err, 400, "HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.")
	e.mustChange(*id, remove(rrset("www.example.org", "A", "192.0.2.1")))
	if _, err = e.ChangeTagsForResource(ctx, &route53.ChangeTagsForResourceInput{
		ResourceType: "hostedzone", ResourceId: aws.String(strings.TrimPrefix(*id, "/hostedzone/")), AddTags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	}); err != nil {
		t.Fatal(err)
	}
	gone, err := e.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: id})
	if err != nil || gone.ChangeInfo.Status != types.ChangeStatusPending {
		t.Fatalf("DeleteHostedZone = %v, %v, want PENDING", gone, err)
	}
	_, err = e.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: id})
	wantError(t, err, 404, "NoSuchHostedZone", "No hosted zone found with ID: "+strings.TrimPrefix(*id, "/hostedzone/"))
	_, err = e.CreateHostedZone(ctx, in)
	wantError(t, err, 409, "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference.")
}

func TestUpdateHostedZone(t *testing.T) {
	e := serve(t, nil)
	id := e.zone("example.org")
	for _, comment := range []*string{aws.String("first"), nil} {
		out, err := e.UpdateHostedZoneComment(ctx, &route53.UpdateHostedZoneCommentInput{Id: &id, Comment: comment})
		if err != nil || aws.ToString(out.HostedZone.Config.Comment) != aws.ToString(comment) {
			t.Errorf("UpdateHostedZoneComment(%v) = %v, %v", comment, out, err)
		}
	}
	_, err := e.UpdateHostedZoneComment(ctx, &route53.UpdateHostedZoneCommentInput{Id: &id, Comment: aws.String(strings.Repeat("a", 257))})
	wantError(t, err, 400, "InvalidInput", "1 validation error detected: Value '"+strings.Repeat("a", 257)+"' at 'comment' failed to satisfy constraint: Member must have length less than or equal to 256")
	_, err = e.UpdateHostedZoneFeatures(ctx, &route53.UpdateHostedZoneFeaturesInput{HostedZoneId: &id, EnableAcceleratedRecovery: aws.Bool(true)})
	wantError(t, err, 0, "", "")
}

func TestGetChangeUnknown(t *testing.T) {
	e := serve(t, nil)
	for _, id := range []string{"C1", "CAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", "C" + strings.Repeat("A", 200)} {
		_, err := e.GetChange(ctx, &route53.GetChangeInput{Id: &id})
		wantError(t, err, 404, "NoSuchChange", "A change with the specified change ID does not exist.")
	}
}

// TestServersRunOut creates one name until no four free servers are left.
func TestServersRunOut(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas.HostedZones = 600 })
	for i := range 513 {
		_, err := e.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("example.org"), CallerReference: aws.String(fmt.Sprint(i))})
		if err != nil {
			wantError(t, err, 400, "DelegationSetNotAvailable", "No name servers are left for the domain name example.org.")
			return
		}
	}
	t.Error("513 zones of one name share 512 servers of each kind")
}
