package route53

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// TestGroupErrors provokes the rows of aws-behaviour 1.7, 2.4 and 3.6 about
// groups that TestChangeErrors does not.
func TestGroupErrors(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	one, two := e.collection("one", "office", "192.0.2.0/24"), e.collection("two", "office", "192.0.2.0/24")
	e.mustChange(zone,
		create(cidr("c.example.org", "a", one, "office")),
		create(weighted("w.example.org", "a", 1, 60, "192.0.2.1")),
	)
	multivalue := func(s *types.ResourceRecordSet) { s.MultiValueAnswer = aws.Bool(true) }
	near := func(n int) types.ResourceRecordSet {
		return with(rrset("p.example.org", "A", "192.0.2.1"), fmt.Sprint(n), func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{Coordinates: &types.Coordinates{Latitude: aws.String(fmt.Sprint(n)), Longitude: aws.String("0")}}
		})
	}
	var nearby, drawn []types.Change
	for n := range 30 {
		nearby = append(nearby, create(near(n)))
	}
	for n := range 100 {
		drawn = append(drawn, create(weighted("d.example.org", fmt.Sprint(n), 1, 60, "192.0.2.1")))
	}
	e.mustChange(zone, nearby...)
	e.mustChange(zone, drawn...)
	tests := []struct {
		name    string
		set     types.ResourceRecordSet
		message string
	}{
		{"other collection", cidr("c.example.org", "b", two, "office"), "RRSet with DNS name c.example.org., type A, SetIdentifier b, and routing to CidrCollectionId=" + two +
			" CidrLocationId=office cannot be created because a CIDR RRSets with a different collection id (" + one + ") already exist"},
		{"location twice", cidr("c.example.org", "b", one, "office"), "RRSet with DNS name c.example.org., type A, SetIdentifier b, and routing to CidrCollectionId=" + one +
			" CidrLocationId=office cannot be created because a CIDR RRSet with the same name, type and location already exists."},
		{"another policy", failover("w.example.org", "b", "SECONDARY", nil), "RRSet with DNS name w.example.org., type A, SetIdentifier b cannot be created as other RRSets exist with the same name and type."},
		{"multivalue CNAME", with(rrset("m.example.org", "CNAME", "a.b"), "a", multivalue), "RRSet with DNS name m.example.org., type CNAME, SetIdentifier a cannot be created with the multivalue policy as this type of RRSet is not supported"},
		{"multivalue alias", with(aliasTo("m.example.org", "A", "Z2FDTNDATAQYW2", "d1.cloudfront.net", false), "a", multivalue),
			"RRSet with DNS name m.example.org., type A, SetIdentifier a cannot be created with the multivalue policy as this type of RRSet is not supported"},
		{"health of CloudFront", aliasTo("m.example.org", "A", "Z2FDTNDATAQYW2", "d1.cloudfront.net", true), "EvaluateTargetHealth must be false for an alias to a CloudFront distribution, got true"},
		{"geoproximity quota", near(31), "Exceeded limit on number of geo-proximity RRSets for p.example.org., type A in this zone."},
		{"group quota", weighted("d.example.org", "more", 1, 60, "192.0.2.1"), "RRSet with DNS name d.example.org., type A, SetIdentifier more cannot be created as the name and type have 100 RRSets already"},
		{"DS at apex", rrset("example.org", "DS", kinds["DS"][0]), "RRSet of type DS with DNS name example.org. is not permitted at apex in zone example.org."},
		{"SOA below apex", rrset("a.example.org", "SOA", "a. b. 1 2 3 4 5"), "A HostedZone must contain exactly one SOA record."},
		{"continent twice", geo("m.example.org", "a", "XX", "", ""), "Cannot find location: ' continent = XX'. No changes made."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, e.change(zone, create(tt.set)), 400, "InvalidChangeBatch", "["+tt.message+"]")
		})
	}
}

// TestValueErrors provokes what each type forbids (aws-behaviour 2.7).
func TestValueErrors(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	long := strings.Repeat("abcdefg.", 32)
	tests := []struct{ rrtype, value, code string }{
		{"CNAME", "a..b", "DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{"CNAME", long, "DomainNameTooLong (Domain name is too long)…"},
		{"CNAME", "a b", "UnsupportedCharacter (Value contains unsupported characters) encountered with ' '"},
		{"CNAME", "é.org", "UnsupportedCharacter (Value contains unsupported characters) encountered with…"},
		{"PTR", "", "DomainNameEmpty (Domain name is empty) encountered with ''"},
		{"NS", "a..b", "DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{"MX", "65536 a.b", "…"}, {"MX", "a.b", "MXRRDATANotTwoFields (MX record doesn't have 2 fields) encountered with 'a.b'"},
		{"SRV", "1 2 3 4 5", "SRVRRDATANotFourFields (SRV record doesn't have 4 fields) encountered with '1 2 3 4 5'"},
		{"SRV", "1 2 65536 a.b", "…"},
		{"TXT", `"` + strings.Repeat("a", 256) + `"`, "CharacterStringTooLong (Value is too long) encountered with…"},
		{"TXT", `"a`, "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '\"a'"},
		{"SPF", "v=spf1", "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'v=spf1'"},
		{"CAA", `256 issue "a"`, "…"}, {"CAA", `0 issue`, "…"},
		{"DS", "1 13 2 XYZ", "DSRRDATAInvalidValue (Invalid value for field \"RData\") encountered with…"},
		{"NAPTR", `1 2 "U" "x" "y"`, "…"}, {"SSHFP", "1 1", "…"}, {"SSHFP", "1 1 XY", "…"}, {"TLSA", "3 1 1", "…"}, {"TLSA", "3 1 1 0", "…"},
		{"SVCB", "1", "SVCBIncorrectNumberOfFields (Incorrect number of fields, needs <svc priority>, <target name>. Optional fields include <svc param>)…"},
		{"A", "::1", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '::1'"},
		{"A", "192.0.2.01", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2.01'"},
		{"AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '192.0.2.1'"},
	}
	for _, tt := range tests {
		t.Run(tt.rrtype+" "+tt.value[:min(20, len(tt.value))], func(t *testing.T) {
			want := "[Invalid Resource Record: 'FATAL problem: " + tt.code
			if !strings.HasSuffix(want, "…") {
				want += "']"
			}
			wantError(t, e.change(zone, create(rrset("x.example.org", tt.rrtype, tt.value))), 400, "InvalidChangeBatch", want)
		})
	}
	wantError(t, e.change(zone, create(rrset("x.example.org", "HTTPS", "32768 ."))), 400, "InvalidChangeBatch", "[Unsupported SvcPriority value.]")
	wantError(t, e.change(zone, create(rrset("x.example.org", "TXT", strings.Repeat("a", 4001)))), 400, "InvalidInput", "1 validation error detected: …")
	if n := len(e.list(zone)); n != 2 {
		t.Errorf("%d RRsets after refused batches, want 2", n)
	}
}
