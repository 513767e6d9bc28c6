package route53sim

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// readmeClients are the places in the README's examples.
var readmeClients = map[string]refGeo{
	"France": networks[0],
	"Oregon": networks[1],
	"Brazil": {netip.MustParsePrefix("203.0.113.0/24"), "BR", "", "SA", true, -10, -52},
}

// readmeWorld is the zone of all the README's RRsets, and its compiler.
func readmeWorld(t *testing.T, text string) (*Route53Sim, *zone.Compiler) {
	t.Helper()
	sets := []string{
		`{"Name": "example.org", "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": "ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}]}`,
		`{"Name": "example.org", "Type": "NS", "TTL": 900, "ResourceRecords": [{"Value": "ns-0.awsdns-00.com."}]}`,
	}
	for _, m := range regexp.MustCompile("(?ms)^~~~ json\n\\[(.*?)\\]\n~~~$").FindAllStringSubmatch(text, -1) {
		sets = append(sets, m[1])
	}
	if len(sets) < 10 {
		t.Fatalf("%d examples of RRsets, want one for each policy", len(sets)-2)
	}
	return handlerFrom(t, `{"HostedZone": {"Id": "/hostedzone/Z0README000000000000", "Name": "example.org.", "CallerReference": "readme"},
		"ResourceRecordSets": [`+strings.Join(sets, ",\n")+"]}")
}

// handlerFrom returns the plugin with the zone of an export, the README's CIDR
// collection and clients, and its compiler.
func handlerFrom(t *testing.T, export string) (*Route53Sim, *zone.Compiler) {
	t.Helper()
	doc, err := importer.Parse("export.json", []byte(export), "111122223333")
	if err != nil {
		t.Fatal(err)
	}
	values := []model.Value{doc.Zone, collectionRow(refCollection, map[netip.Prefix]string{readmeClients["Oregon"].network: "office"})}
	for _, s := range doc.RRsets {
		values = append(values, s)
	}
	b := state.Batch{Reset: true}
	for i, v := range values {
		b.Changes = append(b.Changes, state.Change{Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: hlc.Stamp(i + 1)}})
	}
	w := &world{home: "us-east-1"}
	for _, g := range readmeClients {
		w.geo = append(w.geo, g)
	}
	compiler := zone.NewCompiler()
	h := handlerOf(t, compiler.Apply(b))
	h.instance.running.Load().locator.Store(w.locator(t))
	return h, compiler
}

// Each policy's counted answers in the README are what the plugin answers.
func TestReadmePolicies(t *testing.T) {
	text := readme(t)
	h, compiler := readmeWorld(t, text)
	rows := regexp.MustCompile("(?m)^\\| `([a-z.]+)` \\| (\\w+) \\| ([\\w, -]+) \\| (.+) \\|$").FindAllStringSubmatch(text, -1)
	if len(rows) < 20 {
		t.Fatalf("%d rows of counted answers, want at least 20", len(rows))
	}
	failing := map[string]bool{}
	for _, row := range rows {
		t.Run(strings.Join(row[1:4], " "), func(t *testing.T) {
			var ids []string
			for id := range failing {
				ids = append(ids, id)
			}
			clear(failing)
			for _, id := range strings.Split(row[3], ", ") {
				failing[id] = true
				ids = append(ids, id)
			}
			h.instance.running.Load().compiled.Store(compiler.Judge(ids, func(id string) bool { return !failing[id] }))
			q := asked{name: row[1] + ".", qtype: dns.TypeA, source: netip.MustParseAddr("192.0.2.99")}
			if g, ok := readmeClients[row[2]]; ok {
				q.ecs = g.network
			}
			compareCounts(t, countAnswers(t, h, q, 4000), row[4])
		})
	}
}

// countAnswers returns how many of n answers have an address, told by its last
// number.
func countAnswers(t *testing.T, h *Route53Sim, q asked, n int) map[string]int {
	counts := map[string]int{}
	for range n {
		m := exchange(t, h, q)
		if len(m.Answer) == 0 {
			counts["NODATA"]++
		}
		for _, rr := range m.Answer {
			counts[fmt.Sprintf("`.%d`", rr.(*dns.A).A[3])]++
		}
	}
	return counts
}

// compareCounts wants counts of 4000 in the proportion of those of 1000 in
// text, within six standard deviations.
func compareCounts(t *testing.T, got map[string]int, text string) {
	t.Helper()
	for _, part := range strings.Split(text, ", ") {
		number, what, _ := strings.Cut(part, " ")
		of1000, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%q in the README: %v", part, err)
		}
		p := float64(of1000) / 1000
		if off := math.Abs(float64(got[what]) - 4000*p); off > 6*math.Sqrt(4000*p*(1-p)) {
			t.Errorf("%d of 4000 answers have %s, want %d of 1000", got[what], what, of1000)
		}
		delete(got, what)
	}
	if len(got) > 0 {
		t.Errorf("answers beside %s: %v", text, got)
	}
}
