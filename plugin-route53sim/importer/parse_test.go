package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

const account = "111111111111"

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustParse(t testing.TB, path, data string) *Document {
	t.Helper()
	doc, err := Parse(path, []byte(data), account)
	if err != nil {
		t.Fatalf("Parse(%q) = %v", path, err)
	}
	return doc
}

// show returns a document's RRsets, a line each.
func show(doc *Document) string {
	var b strings.Builder
	for _, r := range doc.RRsets {
		fmt.Fprintf(&b, "%s %d %s", recordName(r), r.TTL, strings.Join(r.Values, ", "))
		if r.Alias != nil {
			fmt.Fprintf(&b, "-> %s %s", r.Alias.ZoneID, r.Alias.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestFiveFaults is the promise made to users: a document with faults is
// refused whole, and each is told with file, record and reason.
func TestFiveFaults(t *testing.T) {
	path := "testdata/faults.json"
	doc, err := Parse(path, mustRead(t, path), account)
	if doc != nil || err == nil {
		t.Fatalf("Parse(%q) = %v, %v, want an error", path, doc, err)
	}
	if got, want := err.Error()+"\n", string(mustRead(t, "testdata/faults.txt")); got != want {
		t.Errorf("Parse(%q) =\n%s\nwant\n%s", path, got, want)
	}
	for _, e := range flatten(err) {
		if f, ok := e.(*Fault); !ok || f.File == "" || f.Record == "" || f.Line == 0 {
			t.Errorf("fault %#v lacks something", e)
		}
	}
}

// TestExample proves that all example zones load.
func TestExample(t *testing.T) {
	folder := "../../builds/example/zones"
	docs, err := Load([]Source{{filepath.Join(folder, "*.json"), account}, {filepath.Join(folder, "*.zone"), account}})
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[model.Name]bool)
	for _, d := range docs {
		if d.Zone.CallerReference == "" || len(d.Zone.NameServers) != 4 {
			t.Errorf("%s has the caller reference %q and the servers %v", d.Path, d.Zone.CallerReference, d.Zone.NameServers)
		}
		names[d.Zone.Name] = true
	}
	for _, want := range []model.Name{"whereml.bot.", "example.com.", "replacewithyourcompanyname.com.", "vimisbetterthanemacs.com.", "vimisthebest.com.", "corp."} {
		if !names[want] {
			t.Errorf("%s has no zone %s, only %v", folder, want, names)
		}
	}
}

func TestParseForms(t *testing.T) {
	const soa = `{"Name":"example.org.","Type":"SOA","TTL":900,"ResourceRecords":[{"Value":"ns.example.net. h.example.net. 1 2 3 4 5"}]}`
	const ns = `{"Name":"example.org.","Type":"NS","TTL":60,"ResourceRecords":[{"Value":"ns.example.net."}]}`
	tests := []struct{ name, data, zone, servers, rrsets string }{
		{
			name: "list-resource-record-sets", data: `{"ResourceRecordSets":[` + soa + `,` + ns + `],"IsTruncated":false,"MaxItems":"300"}`,
			zone: model.NewZoneID(account, "load", "example.org.") + " example.org.", servers: "[ns.example.net.]",
			rrsets: "example.org. SOA 900 ns.example.net. h.example.net. 1 2 3 4 5\nexample.org. NS 60 ns.example.net.\n",
		},
		{
			name: "get-hosted-zone", data: `{"HostedZone":{"Id":"/hostedzone/Z1","Name":"Example.org","CallerReference":"c","Config":{"PrivateZone":false},"ResourceRecordSetCount":2},"DelegationSet":{"NameServers":["ns-1.awsdns-00.com"]}}`,
			zone: "Z1 example.org.", servers: "[ns-1.awsdns-00.com.]",
			rrsets: "example.org. SOA 900 ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400\nexample.org. NS 172800 ns-1.awsdns-00.com.\n",
		},
		{
			name: "private", data: `{"HostedZone":{"Id":"Z1","Name":"corp","CallerReference":"c","Config":{"PrivateZone":true}},"VPCs":[{"VPCRegion":"us-east-1","VPCId":"vpc-1"}]}`,
			zone: "Z1 corp.", servers: "[ns-1536.awsdns-00.co.uk. ns-0.awsdns-00.com. ns-1024.awsdns-00.org. ns-512.awsdns-00.net.]",
			rrsets: "corp. SOA 900 ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400\ncorp. NS 172800 ns-1536.awsdns-00.co.uk., ns-0.awsdns-00.com., ns-1024.awsdns-00.org., ns-512.awsdns-00.net.\n",
		},
		{
			name: "everything", data: `{"ResourceRecordSets":[` + soa + `,` + ns + `,
				{"Name":"\\052.example.org.","Type":"A","SetIdentifier":"a","Weight":0,"MultiValueAnswer":false,"AliasTarget":{"HostedZoneId":"/hostedzone/Z2","DNSName":"x.example.net","EvaluateTargetHealth":true},"HealthCheckId":"hc"}],
				"HealthChecks":[{"Id":"hc","CallerReference":"c","HealthCheckConfig":{"Type":"TCP","Port":80,"IPAddress":"192.0.2.1"},"HealthCheckVersion":1}]}`,
			zone: model.NewZoneID(account, "load", "example.org.") + " example.org.", servers: "[ns.example.net.]",
			rrsets: "example.org. SOA 900 ns.example.net. h.example.net. 1 2 3 4 5\nexample.org. NS 60 ns.example.net.\n\\052.example.org. A a 0 -> Z2 x.example.net.\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := mustParse(t, "a.json", tt.data)
			if got := doc.Zone.ID + " " + string(doc.Zone.Name); got != tt.zone {
				t.Errorf("zone = %q, want %q", got, tt.zone)
			}
			if got := fmt.Sprint(doc.Zone.NameServers); got != tt.servers {
				t.Errorf("servers = %s, want %s", got, tt.servers)
			}
			if got := show(doc); got != tt.rrsets {
				t.Errorf("RRsets =\n%swant\n%s", got, tt.rrsets)
			}
		})
	}
	t.Run("list-health-checks", func(t *testing.T) {
		doc := mustParse(t, "dir/a.json", `{"HealthChecks":[{"Id":"hc","HealthCheckConfig":{"Type":"CALCULATED","HealthThreshold":1,"ChildHealthChecks":["x"]}}]}`)
		if doc.Zone != nil || len(doc.HealthChecks) != 1 || doc.Subject() != "healthchecks/111111111111/a.json" {
			t.Errorf("Parse of health checks = %+v", doc)
		}
	})
	t.Run("alarms and routing controls", func(t *testing.T) {
		doc := mustParse(t, "a.json", `{"HealthChecks":[
			{"Id":"a","HealthCheckConfig":{"Type":"CLOUDWATCH_METRIC","AlarmIdentifier":{"Region":"eu-west-3","Name":"cpu"},"InsufficientDataHealthStatus":"LastKnownStatus"},
				"CloudWatchAlarmConfiguration":{"EvaluationPeriods":1,"Threshold":2.5,"Dimensions":[]}},
			{"Id":"b","HealthCheckConfig":{"Type":"RECOVERY_CONTROL","RoutingControlArn":"arn:x"}}]}`)
		if a, b := doc.HealthChecks[0], doc.HealthChecks[1]; a.Signal() != "alarm/eu-west-3/cpu" || a.Config.InsufficientDataHealthStatus != "LastKnownStatus" || b.Signal() != "arn:x" {
			t.Errorf("health checks = %+v, %+v", a, b)
		}
	})
	t.Run("default servers", func(t *testing.T) {
		doc := mustParse(t, "a.json", `{"HostedZone":{"Id":"Z1","Name":"example.org.","CallerReference":"c"}}`)
		if got, want := fmt.Sprint(doc.Zone.NameServers), fmt.Sprint(model.DelegationServers("Z1")); got != want {
			t.Errorf("servers = %s, want %s", got, want)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	zone := func(rest string) string {
		return `{"HostedZone":{"Id":"Z1","Name":"example.org.","CallerReference":"c"},` + "\n" + rest + "}"
	}
	set := func(rest string) string {
		return zone(`"ResourceRecordSets":[` + "\n" + `  {"Name":"a.example.org.",` + rest + "}]")
	}
	const at = "a.json:3:3: a.example.org. A: "
	tests := []struct{ name, data, want string }{
		{"empty", "", "a.json:1:1: invalid JSON: unexpected end of JSON input"},
		{"no object", "[]", "a.json:1:1: got an array, want an object"},
		{"syntax", "{\n  \"HostedZone\": {x}\n}", "a.json:2:18: invalid JSON: invalid character 'x' looking for beginning of object key string"},
		{"cut", `{"ResourceRecordSets":[`, "a.json:1:23: invalid JSON: unexpected end of JSON input"},
		{"something follows", zone(`"VPCs":[]`) + "{}", "a.json:2:11: something follows the end of the document"},
		{"nothing", "{}", "a.json:1:1: there is neither a HostedZone nor ResourceRecordSets"},
		{"no name", `{"ResourceRecordSets":[]}`, "a.json: neither a HostedZone nor an SOA record says which zone this is"},
		{"unknown member", zone(`"Records":[]`), `a.json:2:1: unknown field "Records"`},
		{"truncated", zone(`"IsTruncated":true`), "a.json:2:1: IsTruncated: the export is incomplete: IsTruncated is true"},
		{"paged", zone(`"NextToken":"x"`), "a.json:2:1: NextToken: the export is incomplete: there is a NextToken"},
		{"twice", zone(`"VPCs":[],"VPCs":[]`), "a.json:2:11: VPCs: the member is there twice"},
		{"not an array", zone(`"VPCs":{}`), "a.json:2:8: VPCs: got an object, want an array"},
		{"public with VPC", zone(`"VPCs":[{"VPCId":"v","VPCRegion":"r"}]`), "a.json:1:15: HostedZone: a public zone has no VPCs"},
		{"zone id", `{"HostedZone":{"Id":"z-1","Name":"example.org."},"ResourceRecordSets":[{"Name":"a.example.org.","Type":"A","TTL":1,"ResourceRecords":[{"Value":"192.0.2.1"}]}]}`,
			`a.json:1:15: hosted zone example.org.: hosted zone id "z-1" is not Z and up to 31 of [A-Z0-9]`},
		{"zone name", `{"HostedZone":{"Id":"Z1","Name":"a b"}}`, "a.json:1:15: HostedZone: name: FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with ' '"},
		{"unknown fields", set(`"Type":"A","TTl":1,"Ttls":5,"ResourceRecords":[{"Value":"192.0.2.1","X":1}]`), at + `unknown field "Ttls"` + "\n" + at + `unknown field "ResourceRecords[0].X"`},
		{"wrong kinds", set(`"Type":"A","TTL":"1","ResourceRecords":["192.0.2.1"],"AliasTarget":[]`),
			at + `TTL is "1", want a whole number` + "\n" + at + `ResourceRecords[0] is "192.0.2.1", want an object` + "\n" + at + `AliasTarget is [], want an object`},
		{"fraction", set(`"Type":"A","TTL":1.5,"ResourceRecords":[{"Value":"192.0.2.1"}]`), at + "TTL is 1.5, want a whole number"},
		{"no TTL", set(`"Type":"A","ResourceRecords":[{"Value":"192.0.2.1"}]`), at + "TTL is missing"},
		{"alias with TTL", set(`"Type":"A","TTL":1,"AliasTarget":{"HostedZoneId":"Z2","DNSName":"x","EvaluateTargetHealth":false}`), at + "an alias takes its target's TTL, so TTL is not allowed beside AliasTarget"},
		{"alias name", set(`"Type":"A","AliasTarget":{"HostedZoneId":"Z2","DNSName":"","EvaluateTargetHealth":false}`), at + "AliasTarget.DNSName: FATAL problem: DomainNameEmpty (Domain name is empty) encountered with ''"},
		{"alias health", set(`"Type":"A","AliasTarget":{"HostedZoneId":"Z2","DNSName":"x"}`), at + "AliasTarget.EvaluateTargetHealth is missing"},
		{"of a traffic policy", set(`"Type":"A","TrafficPolicyInstanceId":"i"`), at + `belongs to the traffic policy instance "i": leave it out here, and create the instance by the API`},
		{"name", zone(`"ResourceRecordSets":[{"Name":"a..b","Type":"A"}]`), "a.json:2:23: a..b A: FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{"health checks", `{"HealthChecks":[` + "\n" + `{"Id":"a","HealthCheckConfig":{"Type":"X"}},` + "\n" + `{"Id":"a","HealthCheckConfig":{"Type":"TCP","AlarmIdentifier":{"Name":"x"},"RoutingControlArn":"y"}}]}`,
			`a.json:2:1: health check a: unknown health check type "X"` + "\n" +
				"a.json:3:1: health check a: AlarmIdentifier is only for checks of type CLOUDWATCH_METRIC\n" +
				"a.json:3:1: health check a: RoutingControlArn is only for checks of type RECOVERY_CONTROL\n" +
				"a.json:3:1: health check a: the id is there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Parse("a.json", []byte(tt.data), account)
			if err == nil || doc != nil {
				t.Fatalf("Parse = %v, %v, want an error", doc, err)
			}
			if err.Error() != tt.want {
				t.Errorf("Parse =\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
	if _, err := Parse("a.json", []byte("{}"), "me"); err == nil || err.Error() != `a.json: account "me" is not 12 digits` {
		t.Errorf("Parse with account me = %v", err)
	}
}
