package zone

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

var (
	incrementalNames = []string{
		"example.org.", "a.example.org.", "b.a.example.org.", "c.b.a.example.org.", "*.example.org.",
		"*.a.example.org.", "www.example.org.", "outside.example.net.",
	}
	incrementalTypes = []string{"A", "CNAME", "TXT", "NS", "AAAA"}
	challengeNames   = []string{"a.example.org.", "c.b.a.example.org.", "new.www.example.org.", "x.acm-validations.aws."}
	incrementalZones = []string{"Z0AAAAAAAAAAAAAAAAAA", "Z0BBBBBBBBBBBBBBBBBB"}
)

// TestIncremental: after any history of batches the view is the one that a
// fresh compiler makes of the rows that are left.
func TestIncremental(t *testing.T) {
	l := testVPCs(t)
	rapid.Check(t, func(t *rapid.T) {
		c := NewCompiler()
		rows := map[string]state.Change{}
		var stamp hlc.Stamp
		for step := range rapid.IntRange(1, 12).Draw(t, "batches") {
			batch := map[string]state.Change{}
			for range rapid.IntRange(1, 5).Draw(t, "changes") {
				stamp++
				ch := drawChange(t, stamp)
				batch[ch.Table+"\x00"+ch.Key] = ch
			}
			for k, ch := range batch {
				if rows[k] = ch; ch.Value == nil {
					delete(rows, k)
				}
			}
			v := c.Apply(state.Batch{Reset: step == 0, Changes: sortedChanges(batch)})
			want := NewCompiler().Apply(state.Batch{Reset: true, Changes: sortedChanges(rows)})
			compareViews(t, step, l, v, want)
		}
	})
}

func sortedChanges(m map[string]state.Change) []state.Change {
	r := rowsOf{}
	for _, ch := range m {
		r.changes = append(r.changes, ch)
	}
	return r.batch().Changes
}

func drawChange(t *rapid.T, stamp hlc.Stamp) state.Change {
	ch := state.Change{Version: state.Version{Stamp: stamp, Origin: state.Origin(rapid.Uint64Range(1, 3).Draw(t, "origin"))}}
	var v model.Value
	zone := rapid.SampledFrom(incrementalZones).Draw(t, "zone")
	switch rapid.IntRange(0, 10).Draw(t, "kind") {
	case 0:
		z := newTestZone(zone, rapid.SampledFrom([]string{"example.org.", "a.example.org."}).Draw(t, "apex"))
		z.Created = created.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "created")) * time.Hour)
		if z.Private = rapid.IntRange(0, 2).Draw(t, "private") == 0; z.Private {
			z.VPCs = rapid.SliceOfN(rapid.SampledFrom([]model.VPC{vpcRow(1), vpcRow(2), vpcRow(3)}), 1, 3).Draw(t, "vpcs")
		}
		v = z
	case 1:
		node := fmt.Sprint("edge-", rapid.IntRange(1, 2).Draw(t, "node"))
		v = &model.Endpoint{Name: distribution, Node: node, Kind: model.EndpointCloudFront, Addresses: mustAddrs([]string{"192.0.2.10"})}
	case 2:
		node := fmt.Sprint("dns-", rapid.IntRange(1, 3).Draw(t, "node"))
		v = &model.NameServer{Node: node, Addresses: mustAddrs([]string{"192.0.2.2" + node[4:]})}
	case 3:
		v = &model.Challenge{
			Name:  model.Name(rapid.SampledFrom(challengeNames).Draw(t, "challenge")),
			Value: rapid.SampledFrom([]string{"t", "u"}).Draw(t, "value"), Owner: rapid.SampledFrom([]string{"n1", "n2"}).Draw(t, "owner"),
		}
	default:
		v = drawRRset(t, zone)
	}
	ch.Table, ch.Key = v.Table(), v.Key()
	if rapid.IntRange(0, 2).Draw(t, "delete") > 0 {
		ch.Value = v
	}
	return ch
}

func drawRRset(t *rapid.T, zone string) *model.RRset {
	s := &model.RRset{
		Zone: zone, TTL: rapid.Uint32Range(0, 3).Draw(t, "ttl"),
		Name: model.Name(rapid.SampledFrom(incrementalNames).Draw(t, "name")),
		Type: rapid.SampledFrom(incrementalTypes).Draw(t, "type"),
	}
	if rapid.IntRange(0, 3).Draw(t, "policy") == 0 {
		weight := rapid.Int64Range(0, 3).Draw(t, "weight")
		s.Weight, s.SetID = &weight, fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "set"))
	}
	if rapid.IntRange(0, 4).Draw(t, "alias") == 0 {
		s.TTL, s.Alias = 0, &model.AliasTarget{ZoneID: zone, Name: model.Name(rapid.SampledFrom(incrementalNames).Draw(t, "target"))}
		return s
	}
	values := map[string]string{"A": "192.0.2.1", "AAAA": "2001:db8::1", "TXT": `"t"`, "NS": "ns.example.net.", "CNAME": "www.example.org."}
	s.Values = []string{values[s.Type]}
	return s
}

func compareViews(t *rapid.T, step int, l *locate.Locator, got, want *View) {
	if got.Stats() != want.Stats() {
		t.Fatalf("batch %d: Stats = %+v, compiled from scratch %+v", step, got.Stats(), want.Stats())
	}
	got.zones.each(func(z *Zone) {
		if w := want.zones.get(z.name); w == nil || w.names.n != z.names.n || w.cuts != z.cuts || w.id != z.id {
			t.Fatalf("batch %d: zone %q = %+v, compiled from scratch %+v", step, z.name, z, w)
		}
	})
	if got.challenges.n != want.challenges.n {
		t.Fatalf("batch %d: %d names of challenges, compiled from scratch %d", step, got.challenges.n, want.challenges.n)
	}
	names := append(append(slices.Clone(incrementalNames), challengeNames...), "acm-validations.aws.", distribution, setHosts[0], "x.example.org.", "x.a.example.org.", "x.b.a.example.org.", "x.www.example.org.")
	for _, name := range names {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeCNAME, dns.TypeNS, dns.TypeTXT, dns.TypeSOA, dns.TypeDS, dns.TypeANY} {
			for vpc := range byte(4) {
				q := Query{Name: name, Type: qtype, All: true, Random: 7, Locator: l, Source: netip.AddrFrom4([4]byte{10, vpc, 0, 7})}
				g, w := got.Lookup(&q), want.Lookup(&q)
				if g.Result != w.Result || g.ZoneID != w.ZoneID || g.Wildcard != w.Wildcard || !sameSections(g, w) {
					t.Fatalf("batch %d: Lookup(%q, %s) from VPC %d = %+v, compiled from scratch %+v", step, name, dns.Type(qtype), vpc, g, w)
				}
			}
		}
	}
}

func sameSections(a, b *Answer) bool {
	return slices.Equal(texts(a.Answer), texts(b.Answer)) && slices.Equal(texts(a.Ns), texts(b.Ns)) && slices.Equal(texts(a.Extra), texts(b.Extra))
}

// Design 2.1: an older view never changes, whatever is applied after it.
func TestOlderViewsStay(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	for i := range 1000 {
		r.line(testZone, fmt.Sprintf("h%d.example.org. 60 A 192.0.2.1", i))
	}
	c := NewCompiler()
	first := c.Apply(r.batch())
	for i := range 1000 {
		var next rowsOf
		next.stamp = r.stamp
		next.line(testZone, fmt.Sprintf("h%d.example.org. 60 A 192.0.2.2", i))
		c.Apply(state.Batch{Changes: next.changes})
	}
	for i := range 1000 {
		a := first.Lookup(&Query{Name: fmt.Sprintf("h%d.example.org.", i), Type: dns.TypeA})
		if got := a.Answer[0].(*dns.A).A.String(); got != "192.0.2.1" {
			t.Fatalf("h%d in the first view = %s, want 192.0.2.1", i, got)
		}
	}
}

// Design 2.1, "what single rows cannot forbid is settled by reading".
func TestShadowed(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	r.lines(testZone, "www.example.org. 60 A 192.0.2.1\nwww.example.org. 60 CNAME host.example.net.")
	c := NewCompiler()
	v := c.Apply(r.batch())
	if s := v.Stats(); s.Shadowed != 1 || s.RRsets != 1 {
		t.Errorf("Stats of A below a later CNAME = %+v, want 1 RRset and 1 shadowed", s)
	}
	runCases(t, v, []lookupCase{
		{name: "the later one answers", qname: "www.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"www.example.org. 60 IN CNAME host.example.net."}},
	})
	v = c.Apply(state.Batch{Changes: []state.Change{{Table: model.TableRRsets, Key: model.RRsetKey(testZone, "www.example.org.", "CNAME", "")}}})
	if s := v.Stats(); s.Shadowed != 0 || s.RRsets != 1 {
		t.Errorf("Stats once the CNAME is gone = %+v, want 1 RRset and none shadowed", s)
	}
	runCases(t, v, []lookupCase{
		{name: "then the other", qname: "www.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"www.example.org. 60 IN A 192.0.2.1"}},
	})
}

// aws-behaviour 3.2: of public zones of one name the earliest created is served,
// then the lowest id; private zones do not answer clients in no VPC.
func TestZonesOfOneName(t *testing.T) {
	older, younger := newTestZone("Z0YOUNGERID000000000", "example.org."), newTestZone("Z0AYOUNGER0000000000", "example.org.")
	younger.Created = created.Add(time.Hour)
	private := newTestZone("Z0APRIVATE0000000000", "example.org.")
	private.Private, private.VPCs, private.Created = true, []model.VPC{{ID: "vpc-12345678", Region: "us-east-1"}}, created.Add(-time.Hour)
	var r rowsOf
	for i, z := range []*model.Zone{younger, private, older} {
		r.add(z)
		r.line(z.ID, fmt.Sprintf("example.org. 60 A 192.0.2.%d", i+1))
	}
	c := NewCompiler()
	steps := []struct {
		name   string
		remove string
		want   string
	}{
		{"all there", "", older.ID},
		{"without the oldest", older.ID, younger.ID},
		{"only the private one", younger.ID, ""},
	}
	v := c.Apply(r.batch())
	for _, s := range steps {
		if s.remove != "" {
			v = c.Apply(state.Batch{Changes: []state.Change{{Table: model.TableZones, Key: s.remove}}})
		}
		if a := v.Lookup(&Query{Name: "example.org.", Type: dns.TypeA}); a.ZoneID != s.want {
			t.Errorf("%s: zone %q answers, want %q", s.name, a.ZoneID, s.want)
		}
	}
	if s := v.Stats(); s.Zones != 1 || s.Unserved != 0 || s.Inert != 2 {
		t.Errorf("Stats = %+v, want the private zone served, 2 RRsets inert", s)
	}
}

// RRsets may come before their zone, and stay for as long as it is away.
func TestRRsetsBeforeTheirZone(t *testing.T) {
	var r rowsOf
	r.lines(testZone, "a.b.example.org. 60 A 192.0.2.1\ndel.example.org. 60 NS ns.example.net.")
	c := NewCompiler()
	v := c.Apply(r.batch())
	if s := v.Stats(); s.Inert != 2 || s.Zones != 0 {
		t.Errorf("Stats without a zone = %+v, want 2 inert", s)
	}
	var z rowsOf
	z.add(newTestZone(testZone, "example.org."))
	v = c.Apply(state.Batch{Changes: z.changes})
	runCases(t, v, []lookupCase{
		{name: "answers", qname: "a.b.example.org.", qtype: dns.TypeA, result: Success, ns: authority, answer: []string{"a.b.example.org. 60 IN A 192.0.2.1"}},
		{name: "empty non-terminal", qname: "b.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "cut", qname: "x.del.example.org.", qtype: dns.TypeA, result: Delegation, ns: []string{"del.example.org. 60 IN NS ns.example.net."}},
	})
}
