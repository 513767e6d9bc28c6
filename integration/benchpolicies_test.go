package integration

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// benchRRset is an RRset as Route 53's API shows it.
type benchRRset map[string]any

// benchNames is how many names of each kind there are.
const benchNames = 1000

// benchNamesMillion is how many make a million RRsets.
const benchNamesMillion = 38_500

// benchHealthCheck is what the primaries of failover groups refer to.
const benchHealthCheck = "0a1b2c3d-1111-4aaa-8bbb-000000000001"

// records returns name's RRset of n A records; more are further members of
// its JSON object, given in pairs.
func records(name string, n int, more ...any) benchRRset {
	values := make([]map[string]string, n)
	for i := range values {
		values[i] = map[string]string{"Value": fmt.Sprintf("192.0.2.%d", i+1)}
	}
	s := benchRRset{"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": values}
	return s.with(more...)
}

// alias returns name's alias to another name of the zone.
func alias(name, target string, more ...any) benchRRset {
	s := benchRRset{"Name": name, "Type": "A", "AliasTarget": map[string]any{
		"HostedZoneId": "Z1BENCH", "DNSName": target, "EvaluateTargetHealth": true,
	}}
	return s.with(more...)
}

func (s benchRRset) with(more ...any) benchRRset {
	for i := 0; i < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return s
}

// benchKinds are the RRsets that answer for a name, by the kind of answer.
// Each is compared with the simple answer of as many records.
var benchKinds = []struct {
	kind, simple string
	sets         func(name string) []benchRRset
}{
	{"simple", "simple", func(n string) []benchRRset { return []benchRRset{records(n, 1)} }},
	{"simple-4", "simple-4", func(n string) []benchRRset { return []benchRRset{records(n, 4)} }},
	{"weighted", "simple", func(n string) []benchRRset {
		return []benchRRset{
			records(n, 1, "SetIdentifier", "blue", "Weight", 90),
			records(n, 1, "SetIdentifier", "green", "Weight", 10),
		}
	}},
	{"latency", "simple", func(n string) []benchRRset {
		return []benchRRset{
			records(n, 1, "SetIdentifier", "us", "Region", "us-east-1"),
			records(n, 1, "SetIdentifier", "eu", "Region", "eu-west-3"),
			records(n, 1, "SetIdentifier", "ap", "Region", "ap-southeast-2"),
		}
	}},
	{"failover", "simple", func(n string) []benchRRset {
		return []benchRRset{
			records(n, 1, "SetIdentifier", "first", "Failover", "PRIMARY", "HealthCheckId", benchHealthCheck),
			records(n, 1, "SetIdentifier", "second", "Failover", "SECONDARY"),
		}
	}},
	{"multivalue", "simple-4", func(n string) []benchRRset {
		var sets []benchRRset
		for _, id := range []string{"a", "b", "c", "d"} {
			sets = append(sets, records(n, 1, "SetIdentifier", id, "MultiValueAnswer", true))
		}
		return sets
	}},
	{"alias", "simple", func(n string) []benchRRset {
		return []benchRRset{records("to."+n, 1), alias(n, "to."+n)}
	}},
	{"tree", "simple", func(n string) []benchRRset { // latency, then failover, then weighted
		sets := []benchRRset{records("spare."+n, 1)}
		for _, region := range []string{"us-east-1", "eu-west-3"} {
			group, fleet := region+"."+n, "fleet."+region+"."+n
			sets = append(sets,
				alias(n, group, "SetIdentifier", region, "Region", region),
				alias(group, fleet, "SetIdentifier", "first", "Failover", "PRIMARY"),
				alias(group, "spare."+n, "SetIdentifier", "second", "Failover", "SECONDARY"),
				records(fleet, 1, "SetIdentifier", "blue", "Weight", 90, "HealthCheckId", benchHealthCheck),
				records(fleet, 1, "SetIdentifier", "green", "Weight", 10))
		}
		return sets
	}},
}

// benchPolicyZone returns an export of example.org with so many names of each
// kind, the questions for each kind, and how many RRsets there are.
func benchPolicyZone(b *testing.B, names int) (string, map[string][]question, int) {
	b.Helper()
	soa := "ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
	sets := []benchRRset{
		{"Name": "example.org.", "Type": "SOA", "TTL": 900, "ResourceRecords": []any{map[string]string{"Value": soa}}},
		{"Name": "example.org.", "Type": "NS", "TTL": 172800, "ResourceRecords": []any{
			map[string]string{"Value": "ns-1.awsdns-00.com."}, map[string]string{"Value": "ns-513.awsdns-01.net."},
			map[string]string{"Value": "ns-1025.awsdns-02.org."}, map[string]string{"Value": "ns-1537.awsdns-03.co.uk."},
		}},
	}
	questions := make(map[string][]question)
	for i := range names {
		for _, k := range benchKinds {
			// Names of one length, so that replies differ in nothing else.
			name := fmt.Sprintf("host-%06d-%.4s.example.org.", i, k.kind[len(k.kind)-4:])
			sets = append(sets, k.sets(name)...)
			questions[k.kind] = append(questions[k.kind], question{name, dns.TypeA})
		}
	}
	text, err := json.Marshal(map[string]any{
		"HostedZone":         map[string]any{"Id": "/hostedzone/Z1BENCH", "Name": "example.org.", "CallerReference": "bench"},
		"ResourceRecordSets": sets,
		"HealthChecks": []any{map[string]any{
			"Id": benchHealthCheck, "CallerReference": "bench", "HealthCheckVersion": 1,
			"HealthCheckConfig": map[string]any{
				"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80, "RequestInterval": 30, "FailureThreshold": 3,
			},
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return string(text), questions, len(sets)
}

// BenchmarkPolicies compares the CPU time of answers by policies and aliases
// with that of simple answers, from one process. The rounds are interleaved.
func BenchmarkPolicies(b *testing.B) {
	needProc(b)
	b.Run("rrsets=24k", func(b *testing.B) { policies(b, benchNames) })
	b.Run("rrsets=1M", func(b *testing.B) {
		needLarge(b)
		policies(b, benchNamesMillion)
	})
}

func policies(b *testing.B, names int) {
	text, questions, rrsets := benchPolicyZone(b, names)
	s := newBenchServer(b, "route53sim", "")
	s.block = fmt.Sprintf("route53sim {\ndata %s\nload %s\n}", filepath.Join(s.dir, "data"), filepath.Join(s.dir, "example.org.json"))
	writeFile(b, filepath.Join(s.dir, "example.org.json"), text)
	took := s.start(questions["tree"][names-1].name)

	load := make(map[string]*workload)
	least := make(map[string]*benchServer)
	for kind, q := range questions {
		load[kind] = newWorkload(b, q, 50_000, 0)
		again := *s
		least[kind] = &again
	}
	for b.Loop() {
		for range 7 {
			for _, k := range benchKinds {
				got := least[k.kind].measure(load[k.kind])
				if got["NOERROR"] != got.answered() {
					b.Fatalf("questions of kind %s are answered %v, want NOERROR", k.kind, got)
				}
			}
		}
	}
	t := newTable("answer\tCPU us/query\tto simple")
	t.line("%d RRsets, ready after %.1f s, RSS %.0f MB", rrsets, took.Seconds(), s.memory("VmRSS"))
	for _, k := range benchKinds {
		cost := least[k.kind].cost
		b.ReportMetric(micros(cost), k.kind+"-us/query")
		if k.kind == k.simple {
			t.line("%s\t%.1f", k.kind, micros(cost))
			continue
		}
		t.budget(fmt.Sprintf("%s\t%.1f", k.kind, micros(cost)), ratio(cost, least[k.simple].cost), 1.1)
		b.ReportMetric(ratio(cost, least[k.simple].cost), k.kind+"-x-"+k.simple)
	}
	t.show(b)
}
