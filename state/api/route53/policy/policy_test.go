package policy

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testInstance is what tests expand for.
var testInstance = Instance{ID: "11111111-2222-8333-8444-555555555555", ZoneID: "Z0EXAMPLE", ZoneName: "example.org.", Name: "www.example.org.", TTL: 60}

// describe returns RRsets a line each.
func describe(sets []*model.RRset) string {
	var b strings.Builder
	for _, s := range sets {
		fmt.Fprintf(&b, "%s %s %q %s", s.Name, s.Type, s.SetID, s.Policy())
		switch s.Policy() {
		case model.PolicyWeighted:
			fmt.Fprintf(&b, " %d", *s.Weight)
		case model.PolicyLatency:
			fmt.Fprintf(&b, " %s", s.Region)
		case model.PolicyFailover:
			fmt.Fprintf(&b, " %s", s.Failover)
		case model.PolicyGeolocation:
			fmt.Fprintf(&b, " [%s]", s.Geo)
		case model.PolicyGeoproximity:
			fmt.Fprintf(&b, " %+v", *s.GeoProximity)
		}
		if s.Alias != nil {
			fmt.Fprintf(&b, " ALIAS %s %s %t", s.Alias.ZoneID, s.Alias.Name, s.Alias.EvaluateTargetHealth)
		} else {
			fmt.Fprintf(&b, " %d %q", s.TTL, s.Values)
		}
		if s.HealthCheckID != "" {
			fmt.Fprintf(&b, " check %s", s.HealthCheckID)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestGolden expands documents with every kind of rule and endpoint.
func TestGolden(t *testing.T) {
	documents, err := filepath.Glob("testdata/*.json")
	if err != nil || len(documents) < 4 {
		t.Fatalf("documents %q, %v, want at least 4", documents, err)
	}
	for _, path := range documents {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d, err := Parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			sets, err := d.Expand(testInstance)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sets {
				if err := s.Validate(); err != nil || s.TrafficPolicyInstanceID != testInstance.ID || s.Zone != testInstance.ZoneID {
					t.Errorf("RRset %+v: %v, want one that is valid and the instance's", s, err)
				}
			}
			golden := strings.TrimSuffix(path, ".json") + ".golden"
			got := describe(sets)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("%s expands to\n%swant (%v)\n%s", path, got, err, want)
			}
		})
	}
}

// policyOf returns a document of one rule over the endpoints a and b.
func policyOf(rule string) string {
	return `{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartRule":"r","Endpoints":{"a":{"Type":"value","Value":"192.0.2.1"},` +
		`"b":{"Type":"cloudfront","Value":"d1.cloudfront.net"}},"Rules":{"r":` + rule + `}}`
}

// endpointOf returns a document of one endpoint.
func endpointOf(endpoint string) string {
	return `{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartEndpoint":"e","Endpoints":{"e":` + endpoint + `}}`
}

// TestFaults names the place of each fault.
func TestFaults(t *testing.T) {
	weighted := func(items ...string) string {
		return policyOf(`{"RuleType":"weighted","Items":[` + strings.Join(items, ",") + `]}`)
	}
	many := strings.Repeat(`{"EndpointReference":"a","Weight":1},`, 100) + `{"EndpointReference":"a","Weight":1}`
	const a = `{"EndpointReference":"a"`
	tests := []struct{ name, text, want string }{
		{"empty", ``, "line 1 column 1: the document ends too early"},
		{"not JSON", "{\n \"a\" 1}", "line 2 column"},
		{"cut", `{"Rules":`, "line 1 column 10: the document ends too early"},
		{"more", `{} {}`, "something follows the document"},
		{"twice", `{"RecordType":"A","RecordType":"A"}`, `"RecordType" stands twice`},
		{"deep", strings.Repeat("[", 20), "nested deeper than 10"},
		{"not UTF-8", "\"\xff\"", "document: not in UTF-8"},
		{"too long", strings.Repeat(" ", MaxBytes+1), "document: 102401 bytes, at most 102400 are allowed"},
		{"no object", `[]`, "document: a list, want an object"},
		{"nothing", `{}`, "[document: AWSPolicyFormatVersion is missing, document: RecordType is missing, document: want one of StartEndpoint and StartRule]"},
		{"unknown member", strings.Replace(endpointOf(`{"Type":"value","Value":"192.0.2.1"}`), `"Endpoints"`, `"Comment":"x","Endpoints"`, 1), `document: unknown member "Comment", allowed are AWSPolicyFormatVersion`},
		{"version", strings.Replace(policyOf(`{}`), "2015-10-01", "2015-10-02", 1), `AWSPolicyFormatVersion: "2015-10-02", want 2015-10-01 or 2023-05-09`},
		{"type", strings.Replace(policyOf(`{}`), `"A"`, `"NS"`, 1), `RecordType: "NS" is not a type that a policy can have`},
		{"two starts", strings.Replace(policyOf(`{}`), `"StartRule"`, `"StartEndpoint":"a","StartRule"`, 1), "document: want one of StartEndpoint and StartRule"},
		{"unknown start", strings.Replace(weighted(a+`,"Weight":1}`), `"StartRule":"r"`, `"StartRule":"q"`, 1), `document: StartRule names the rule "q", which is not among Rules`},
		{"endpoint type", endpointOf(`{"Type":"lambda","Value":"x"}`), `Endpoints.e: Type "lambda" is none of value, application-load-balancer`},
		{"endpoint member", endpointOf(`{"Type":"value","Value":"192.0.2.1","Weight":1}`), `Endpoints.e: unknown member "Weight"`},
		{"endpoint number", endpointOf(`{"Type":"value","Value":1}`), "Endpoints.e.Value: a number, want a string"},
		{"endpoint value", endpointOf(`{"Type":"value","Value":"192.0.2"}`), "Endpoints.e: Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address"},
		{"long value", endpointOf(`{"Type":"value","Value":"` + strings.Repeat("1", 4001) + `"}`), "Endpoints.e: Value of 4001 characters, at most 4000 are allowed"},
		{"region", endpointOf(`{"Type":"value","Value":"192.0.2.1","Region":"eu-west-3"}`), "Endpoints.e: Region is for endpoints of the type s3-website only"},
		{"bucket without region", endpointOf(`{"Type":"s3-website","Value":"b"}`), "Endpoints.e: Region is missing"},
		{"bucket in no region", endpointOf(`{"Type":"s3-website","Value":"b","Region":"mars-1"}`), `Endpoints.e: Region "mars-1" is not known to have S3 websites`},
		{"bucket elsewhere", endpointOf(`{"Type":"s3-website","Value":"b.s3-website-us-east-1.amazonaws.com","Region":"eu-west-1"}`), "is not the name of a bucket, nor of its website"},
		{"load balancer", endpointOf(`{"Type":"application-load-balancer","Value":"d1.cloudfront.net"}`), "Endpoints.e: Value \"d1.cloudfront.net\" is not the name of a resource"},
		{"network load balancer", endpointOf(`{"Type":"elastic-load-balancer","Value":"web.elb.us-east-1.amazonaws.com"}`), "is not the name of a resource of the type elastic-load-balancer"},
		{"id", strings.Replace(endpointOf(`{"Type":"value","Value":"192.0.2.1"}`), `"e":`, `"":`, 1), `Endpoints: id "" is not 1 to 100 printable characters`},
		{"rule type", policyOf(`{"RuleType":"cidr"}`), `Rules.r: RuleType "cidr" is none of failover`},
		{"no items", policyOf(`{"RuleType":"weighted"}`), "Rules.r: Items is missing"},
		{"empty items", weighted(), "Rules.r.Items: empty"},
		{"items of another rule", policyOf(`{"RuleType":"latency","Items":[]}`), `Rules.r: unknown member "Items"`},
		{"weight", weighted(a + `,"Weight":256}`), `Rules.r.Items[0].Weight: "256" is not a whole number in [0, 255]`},
		{"weight missing", weighted(a+`,"Weight":1}`, a+`}`), "Rules.r.Items[1]: Weight is missing"},
		{"no reference", weighted(`{"Weight":1}`), "Rules.r.Items[0]: want one of EndpointReference and RuleReference"},
		{"unknown endpoint", weighted(`{"EndpointReference":"c","Weight":1}`), `Rules.r.Items[0]: EndpointReference names the endpoint "c", which is not among Endpoints`},
		{"circle", weighted(`{"RuleReference":"r","Weight":1}`), `Rules.r.Items[0]: the rule "r" leads back to itself`},
		{"too many", weighted(many), "Rules.r: 101 ways on, at most 100 are allowed"},
		{"boolean", weighted(a + `,"Weight":1,"EvaluateTargetHealth":"maybe"}`), `Rules.r.Items[0].EvaluateTargetHealth: "maybe" is neither true nor false`},
		{"health of CloudFront", weighted(`{"EndpointReference":"b","Weight":1,"EvaluateTargetHealth":true}`), "Rules.r.Items[0]: EvaluateTargetHealth must be false for an alias to a CloudFront distribution"},
		{"primary without check", policyOf(`{"RuleType":"failover","Primary":` + a + `},"Secondary":` + a + `}}`), "Rules.r.Primary: A non-alias primary ResourceRecordSet must have an associated health check."},
		{"no secondary", policyOf(`{"RuleType":"failover","Primary":` + a + `,"HealthCheck":"h"}}`), "Rules.r: Secondary is missing"},
		{"location", policyOf(`{"RuleType":"geo","Locations":[` + a + `,"Country":"CA","Subdivision":"ON"}]}`), "Rules.r.Locations[0]: Cannot find location: 'country = CA subdivision = ON'."},
		{"no location", policyOf(`{"RuleType":"geo","Locations":[` + a + `}]}`), "Rules.r.Locations[0]: geolocation has neither a continent nor a country"},
		{"default elsewhere", policyOf(`{"RuleType":"geo","Locations":[` + a + `,"Country":"FR","IsDefault":true}]}`), "Rules.r.Locations[0]: IsDefault is true, and there is another location"},
		{"no default", policyOf(`{"RuleType":"geo","Locations":[` + a + `,"Country":"*","IsDefault":"false"}]}`), "Rules.r.Locations[0]: IsDefault is false, and Country is *"},
		{"region of latency", policyOf(`{"RuleType":"latency","Regions":[` + a + `,"Region":"mars-1"}]}`), "Rules.r.Regions[0]: Value 'mars-1' at 'region' failed to satisfy constraint"},
		{"region of geoproximity", policyOf(`{"RuleType":"geoproximity","GeoproximityLocations":[` + a + `,"Region":"us-east-1"}]}`), `Rules.r.GeoproximityLocations[0]: Region "us-east-1" does not begin with aws:route53:`},
		{"degrees", policyOf(`{"RuleType":"geoproximity","GeoproximityLocations":[` + a + `,"Latitude":"1.234","Longitude":"0"}]}`), "Rules.r.GeoproximityLocations[0]: Value '1.234' at 'geoProximityLocation.coordinates.latitude'"},
		{"bias", policyOf(`{"RuleType":"geoproximity","GeoproximityLocations":[` + a + `,"Region":"aws:route53:us-east-1","Bias":100}]}`), `Rules.r.GeoproximityLocations[0].Bias: "100" is not a whole number in [-99, 99]`},
		{"location of the later version", policyOf(`{"RuleType":"geoproximity","GeoproximityLocations":[` + a + `,"Location":{}}]}`), `Rules.r.GeoproximityLocations[0]: unknown member "Location"`},
		{"multivalue of a rule", policyOf(`{"RuleType":"multivalue","Items":[{"RuleReference":"r"}]}`), `Rules.r.Items[0]: unknown member "RuleReference"`},
		{"multivalue of a resource", policyOf(`{"RuleType":"multivalue","Items":[{"EndpointReference":"b"}]}`), "Rules.r.Items[0]: RRSet with DNS name x.example.org., type A, SetIdentifier 1 b cannot be created with the multivalue policy"},
		{"odd place", strings.ReplaceAll(policyOf(`{"RuleType":"x"}`), `"r"`, `"a.b"`), `Rules."a.b": RuleType "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.text)
			var faults Faults
			if !errors.As(err, &faults) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%.200s) = %v, want %q", tt.text, err, tt.want)
			}
		})
	}
}

// All faults are found at once, in the order of ids.
func TestAllFaults(t *testing.T) {
	_, err := Parse(policyOf(`{"RuleType":"weighted","Items":[{"EndpointReference":"a","Weight":-1},{"Weight":1,"x":1}]}`))
	want := `[Rules.r.Items[0].Weight: "-1" is not a whole number in [0, 255], ` +
		`Rules.r.Items[1]: unknown member "x", allowed are EndpointReference, RuleReference, EvaluateTargetHealth, HealthCheck, Weight, ` +
		`Rules.r.Items[1]: want one of EndpointReference and RuleReference]`
	if err == nil || err.Error() != want {
		t.Errorf("Parse = %v, want %s", err, want)
	}
}

// Rules may lead on to each other so far and no further.
func TestDepth(t *testing.T) {
	chain := func(n int) string {
		rules := `"r` + fmt.Sprint(n) + `":{"RuleType":"weighted","Items":[{"EndpointReference":"a","Weight":1}]}`
		for i := 1; i < n; i++ {
			rules += fmt.Sprintf(`,"r%d":{"RuleType":"weighted","Items":[{"RuleReference":"r%d","Weight":1}]}`, i, i+1)
		}
		return `{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartRule":"r1","Endpoints":{"a":{"Type":"value","Value":"192.0.2.1"}},"Rules":{` + rules + `}}`
	}
	d, err := Parse(chain(maxDepth))
	if err != nil {
		t.Fatal(err)
	}
	if sets, err := d.Expand(testInstance); err != nil || len(sets) != maxDepth || sets[maxDepth-1].Name != testInstance.Name {
		t.Errorf("Expand = %d RRsets, %v, want %d, the start last", len(sets), err, maxDepth)
	}
	if _, err := Parse(chain(maxDepth + 1)); err == nil || !strings.Contains(err.Error(), "more than 50 rules lead on to each other") {
		t.Errorf("Parse of a longer chain = %v, want a fault", err)
	}
	long := testInstance
	long.ZoneName = model.Name(strings.Repeat("abcdefghijklmno.", 14))
	long.Name = long.ZoneName
	if _, err := d.Expand(long); err == nil || !strings.Contains(err.Error(), "DomainNameTooLong") {
		t.Errorf("Expand below a name of 224 = %v, want an error", err)
	}
}

// FuzzParse proves that no document makes a panic, that faults are bounded, and
// that what is taken expands to RRsets that are valid.
func FuzzParse(f *testing.F) {
	documents, _ := filepath.Glob("testdata/*.json")
	for _, path := range documents {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(policyOf(`{"RuleType":"weighted","Items":[{"RuleReference":"r","Weight":1}]}`))
	f.Add(endpointOf(`{"Type":"s3-website","Value":"b","Region":"eu-west-1"}`))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		var faults Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 || len(faults) > maxFaults || len(err.Error()) > (maxFaults+1)*(maxFaultBytes+8) {
				t.Errorf("Parse(%q) = %d faults in %d bytes", text, len(faults), len(err.Error()))
			}
			return
		}
		sets, err := d.Expand(testInstance)
		if err != nil || len(sets) == 0 {
			t.Fatalf("Expand(%q) = %d RRsets, %v", text, len(sets), err)
		}
		for _, s := range sets {
			if err := s.Validate(); err != nil {
				t.Errorf("%q expands to %+v: %v", text, s, err)
			}
		}
	})
}
