package zone

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

const (
	testZone     = "Z0EXAMPLE00000000000"
	elbParisZone = "Z3Q77PNBQS71R4"
)

var created = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

// rowsOf collects what a test's zone is made of.
type rowsOf struct {
	changes []state.Change
	stamp   hlc.Stamp
}

func (r *rowsOf) add(v model.Value) {
	r.stamp++
	r.changes = append(r.changes, state.Change{
		Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: r.stamp, Origin: 1},
	})
}

func newTestZone(id, name string) *model.Zone {
	z := &model.Zone{ID: id, Name: model.Name(name), Account: "123456789012", Created: created}
	z.NameServers = []model.Name{
		"ns-1867.awsdns-41.co.uk.", "ns-52.awsdns-06.com.", "ns-936.awsdns-53.net.", "ns-1464.awsdns-55.org.",
	}
	return z
}

// line adds an RRset from "NAME TTL TYPE VALUE[ | VALUE]", or an alias from
// "NAME ALIAS TYPE ZONEID NAME".
func (r *rowsOf) line(zoneID, line string) {
	r.add(parseLine(zoneID, line))
}

func parseLine(zoneID, line string) *model.RRset {
	f := strings.Fields(line)
	name := mustName(f[0])
	s := &model.RRset{Zone: zoneID, Name: name, Type: f[2]}
	if f[1] == "ALIAS" {
		s.Alias = &model.AliasTarget{ZoneID: f[3], Name: mustName(f[4])}
		return s
	}
	fmt.Sscan(f[1], &s.TTL)
	_, values, _ := strings.Cut(line, " "+f[2]+" ")
	for _, v := range strings.Split(values, " | ") {
		s.Values = append(s.Values, strings.TrimSpace(v))
	}
	return s
}

func mustName(s string) model.Name {
	n, err := model.ParseName(s)
	if err != nil {
		panic(err)
	}
	return n
}

func (r *rowsOf) lines(zoneID, text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			r.line(zoneID, line)
		}
	}
}

// batch returns the rows as a subscriber's first batch.
func (r *rowsOf) batch() state.Batch {
	sorted := slices.Clone(r.changes)
	slices.SortStableFunc(sorted, func(a, b state.Change) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key))
	})
	return state.Batch{Reset: true, Changes: sorted}
}

// compile returns the view of the zone example.org with the lines, and of
// whatever else the functions add.
func compile(t testing.TB, text string, more ...func(*rowsOf)) *View {
	t.Helper()
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	r.lines(testZone, text)
	for _, f := range more {
		f(&r)
	}
	for _, c := range r.changes {
		if err := c.Value.Validate(); err != nil {
			t.Fatalf("row %q of %s: %v", c.Key, c.Table, err)
		}
	}
	return NewCompiler().Apply(r.batch())
}

// endpoint adds an edge's row.
func endpoint(name, node string, unhealthy bool, addrs ...string) func(*rowsOf) {
	return endpointIn("us-east-1", name, node, unhealthy, addrs...)
}

// endpointIn adds the row of an edge that stands in a Region.
func endpointIn(region, name, node string, unhealthy bool, addrs ...string) func(*rowsOf) {
	return func(r *rowsOf) {
		kind := model.EndpointELB
		if strings.HasSuffix(name, ".cloudfront.net.") {
			kind = model.EndpointCloudFront
		}
		r.add(&model.Endpoint{Name: model.Name(name), Node: node, Kind: kind, Region: region, Addresses: mustAddrs(addrs), Unhealthy: unhealthy})
	}
}

// lookupCase is one question and all that its answer must be. Sections are given as
// master-file lines, in any order.
type lookupCase struct {
	name   string
	qname  string
	qtype  uint16
	all    bool
	result Result
	answer []string
	// ns "auth" stands for the zone's four servers, "soa" for its negative SOA.
	ns       []string
	extra    []string
	wildcard string
}

var (
	authority = []string{
		"example.org. 172800 IN NS ns-1464.awsdns-55.org.", "example.org. 172800 IN NS ns-1867.awsdns-41.co.uk.",
		"example.org. 172800 IN NS ns-52.awsdns-06.com.", "example.org. 172800 IN NS ns-936.awsdns-53.net.",
	}
	negative = []string{
		"example.org. 900 IN SOA ns-1867.awsdns-41.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",
	}
)

func (c lookupCase) run(t *testing.T, v *View) {
	t.Helper()
	for random := range uint64(3) {
		a := v.Lookup(&Query{Name: c.qname, Type: c.qtype, All: c.all, Random: random})
		if a.Result != c.result {
			t.Fatalf("Lookup(%q, %s).Result = %v, want %v", c.qname, dns.Type(c.qtype), a.Result, c.result)
		}
		if a.Wildcard != c.wildcard {
			t.Errorf("Lookup(%q, %s).Wildcard = %q, want %q", c.qname, dns.Type(c.qtype), a.Wildcard, c.wildcard)
		}
		checkSection(t, c, "Answer", a.Answer, c.answer)
		checkSection(t, c, "Ns", a.Ns, c.ns)
		checkSection(t, c, "Extra", a.Extra, c.extra)
	}
}

func checkSection(t *testing.T, c lookupCase, section string, got []dns.RR, want []string) {
	t.Helper()
	g, w := texts(got), parsed(t, want)
	if !slices.Equal(g, w) {
		t.Errorf("Lookup(%q, %s).%s =\n\t%s\nwant\n\t%s", c.qname, dns.Type(c.qtype), section,
			strings.Join(g, "\n\t"), strings.Join(w, "\n\t"))
	}
}

func texts(rrs []dns.RR) []string {
	out := []string{}
	for _, rr := range rrs {
		out = append(out, strings.Join(strings.Fields(rr.String()), " "))
	}
	slices.Sort(out)
	return out
}

func parsed(t testing.TB, lines []string) []string {
	t.Helper()
	var rrs []dns.RR
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatalf("test's own RR %q: %v", line, err)
		}
		rrs = append(rrs, rr)
	}
	return texts(rrs)
}

func runCases(t *testing.T, v *View, cases []lookupCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, v) })
	}
}

func mustAddrs(addrs []string) []netip.Addr {
	var out []netip.Addr
	for _, a := range addrs {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}
