package route53

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

var update = flag.Bool("update", false, "write the golden files anew")

// changing matches what differs from run to run.
var changing = []struct {
	match *regexp.Regexp
	by    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "TIME"},
	{regexp.MustCompile(`/change/C[A-Z2-7]{26}`), "/change/CID"},
	{regexp.MustCompile(`<RequestId>[0-9a-f-]{36}</RequestId>`), "<RequestId>UUID</RequestId>"},
}

// TestGolden compares documents with testdata, byte by byte: declaration,
// namespace, order of elements.
func TestGolden(t *testing.T) {
	e := serve(t, nil)
	const zones = "/2013-04-01/hostedzone"
	request := func(root, body string) string {
		return `<?xml version="1.0"?><` + root + ` xmlns="` + Namespace + `">` + body + `</` + root + `>`
	}
	status, body, header := e.send("POST", zones, request("CreateHostedZoneRequest",
		`<Name>example.org</Name><CallerReference>golden</CallerReference><HostedZoneConfig><Comment>a &amp; b</Comment></HostedZoneConfig>`))
	if status != 201 || !strings.HasPrefix(header.Get("Location"), "https://route53.amazonaws.com"+zones+"/Z") || header.Get("Content-Type") != "text/xml" {
		t.Errorf("create: status %d, header %v, want 201 with a location", status, header)
	}
	golden(t, "createhostedzone.xml", body)
	id := strings.TrimPrefix(regexp.MustCompile(`/hostedzone/Z[A-Z0-9]+`).FindString(body), "/hostedzone/")
	e.mustChange(id,
		create(rrset("www.example.org", "A", "192.0.2.1", "192.0.2.2")),
		create(rrset("*.example.org", "TXT", `"a < b"`)),
		create(weighted("w.example.org", `"id"`, 0, 60, "192.0.2.1")),
		create(aliasTo("alias.example.org", "A", id, "www.example.org", true)),
		create(geo("geo.example.org", "us", "", "US", "WA")),
		create(with(rrset("near.example.org", "A", "192.0.2.1"), "n", func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{Coordinates: &types.Coordinates{Latitude: aws.String("49.22"), Longitude: aws.String("-74.01")}, Bias: aws.Int32(5)}
		})))
	for file, path := range map[string]string{
		"gethostedzone.xml":         zones + "/" + id,
		"listhostedzones.xml":       zones + "?maxitems=1",
		"listrecords.xml":           zones + "/" + id + "/rrset?maxitems=6",
		"getdnssec.xml":             zones + "/" + id + "/dnssec",
		"nosuchhostedzone.xml":      zones + "/Z0",
		"listhealthchecks.xml":      "/2013-04-01/healthcheck",
		"listcidrcollections.xml":   "/2013-04-01/cidrcollection",
		"listtagsforresource.xml":   "/2013-04-01/tags/hostedzone/" + id,
		"unknownoperation.xml":      "/2013-04-01/unknown",
		"listhostedzonesbyname.xml": "/2013-04-01/hostedzonesbyname?dnsname=example.org.&maxitems=1",
	} {
		_, body, _ := e.send("GET", path, "")
		golden(t, file, body)
	}
	_, body, _ = e.send("POST", zones+"/"+id+"/rrset/", request("ChangeResourceRecordSetsRequest",
		`<ChangeBatch><Comment>c</Comment><Changes><Change><Action>UPSERT</Action><ResourceRecordSet><Name>up.example.org</Name><Type>A</Type><TTL>1</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.9</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>`))
	golden(t, "changerecords.xml", body)
}

// TestGoldenTraffic does so with those of traffic policies.
func TestGoldenTraffic(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	fixed := regexp.MustCompile(zone)
	const root = "/2013-04-01/"
	policy := e.policy("a & b", valueDocument("192.0.2.1"))
	instance := e.mustInstance(zone, "www.example.org", policy, 1)
	for file, path := range map[string]string{
		"gettrafficpolicy.xml":           "trafficpolicy/" + policy + "/1",
		"listtrafficpolicies.xml":        "trafficpolicies",
		"listtrafficpolicyversions.xml":  "trafficpolicies/" + policy + "/versions",
		"gettrafficpolicyinstance.xml":   "trafficpolicyinstance/" + instance,
		"listtrafficpolicyinstances.xml": "trafficpolicyinstances?maxitems=1",
		"trafficpolicyinstancecount.xml": "trafficpolicyinstancecount",
		"listpolicyrecord.xml":           "hostedzone/" + zone + "/rrset?name=www.example.org&type=A&maxitems=1",
		"nosuchtrafficpolicy.xml":        "trafficpolicy/" + policy + "/9",
	} {
		_, body, _ := e.send("GET", root+path, "")
		body = strings.ReplaceAll(fixed.ReplaceAllString(body, "ZID"), instance, "INSTANCE")
		golden(t, file, body)
	}
}

func golden(t *testing.T, file, body string) {
	t.Helper()
	for _, c := range changing {
		body = c.match.ReplaceAllString(body, c.by)
	}
	body += "\n"
	path := filepath.Join("testdata", "golden", file)
	if *update {
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if body != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", file, body, want)
	}
}
