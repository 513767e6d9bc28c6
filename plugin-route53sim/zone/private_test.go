package zone

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// testVPCs: clients from 10.N.0.0/16 are inside vpc-N, which is in the Nth of
// three Regions.
func testVPCs(t testing.TB) *locate.Locator {
	t.Helper()
	var list []locate.VPC
	for i, region := range []string{"eu-west-3", "us-west-2", "ap-northeast-1"} {
		block := netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", i+1))
		list = append(list, locate.VPC{ID: fmt.Sprint("vpc-", i+1), Region: region, Blocks: []netip.Prefix{block}})
	}
	vpcs, err := locate.NewVPCs(list)
	if err != nil {
		t.Fatal(err)
	}
	l, err := locate.New(locate.Config{VPCs: vpcs})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func vpcRow(n int) model.VPC {
	return model.VPC{ID: fmt.Sprint("vpc-", n), Region: []string{"eu-west-3", "us-west-2", "ap-northeast-1"}[n-1]}
}

// newPrivateZone returns a private zone associated with VPCs.
func newPrivateZone(id, name string, vpcs ...int) *model.Zone {
	z := &model.Zone{ID: id, Name: model.Name(name), Account: "123456789012", Created: created, Private: true, NameServers: model.PrivateNameServers()}
	for _, n := range vpcs {
		z.VPCs = append(z.VPCs, vpcRow(n))
	}
	return z
}

// from asks v from inside vpc-N, or with 0 from elsewhere.
func from(l *locate.Locator, v *View, n int, name string, qtype uint16) *Answer {
	source := netip.AddrFrom4([4]byte{192, 0, 2, 1})
	if n > 0 {
		source = netip.AddrFrom4([4]byte{10, byte(n), 0, 7})
	}
	return v.Lookup(&Query{Name: name, Type: qtype, Locator: l, Source: source})
}

// aws-behaviour 1.5, 1.8 checks 4 and 5.
func TestPrivateZones(t *testing.T) {
	var r rowsOf
	r.add(newTestZone("Z0PUBLIC000000000000", "shop.test."))
	r.lines("Z0PUBLIC000000000000", "shop.test. 60 A 192.0.2.1\npublic.shop.test. 60 A 192.0.2.2")
	r.add(newTestZone("Z0PUBLICBELOW0000000", "below.corp."))
	r.lines("Z0PUBLICBELOW0000000", "x.below.corp. 60 A 192.0.2.3")
	r.add(newPrivateZone("Z0SHOP00000000000000", "shop.test.", 1))
	r.lines("Z0SHOP00000000000000", "shop.test. 60 A 10.0.0.1")
	r.add(newPrivateZone("Z0CORP00000000000000", "corp.", 1, 2))
	r.lines("Z0CORP00000000000000", `worker.corp. 10 A 10.0.0.2
		x.eu.corp. 10 A 10.0.0.3
		a.b.corp. 10 A 10.0.0.4
		del.corp. 60 NS ns.del.corp.
		ns.del.corp. 60 A 10.0.0.5
		www.corp. 60 CNAME public.shop.test.
		eu.corp. 60 DS 12345 13 2 `+strings.Repeat("A1", 32))
	r.add(newPrivateZone("Z0EUCORP000000000000", "eu.corp.", 1))
	r.lines("Z0EUCORP000000000000", "y.eu.corp. 10 A 10.0.0.6")
	l, v := testVPCs(t), NewCompiler().Apply(r.batch())

	for _, tc := range []struct {
		name, qname string
		qtype       uint16
		vpc         int
		result      Result
		zone, want  string // the id, "" for none; the data of the first record
	}{
		{"private answer", "worker.corp.", dns.TypeA, 1, Success, "Z0CORP00000000000000", "10.0.0.2"},
		{"case does not matter", "WORKER.Corp.", dns.TypeA, 2, Success, "Z0CORP00000000000000", "10.0.0.2"},
		{"not associated", "worker.corp.", dns.TypeA, 3, OutOfZone, "", ""},
		{"from elsewhere", "worker.corp.", dns.TypeA, 0, OutOfZone, "", ""},
		{"most specific wins exclusively, 1.8 check 4", "x.eu.corp.", dns.TypeA, 1, NameError, "Z0EUCORP000000000000", ""},
		{"less specific where the other is not associated", "x.eu.corp.", dns.TypeA, 2, Success, "Z0CORP00000000000000", "10.0.0.3"},
		{"DS at the name of a private zone is its own", "eu.corp.", dns.TypeDS, 1, NoData, "Z0EUCORP000000000000", ""},
		{"private hides public, 1.8 check 5", "public.shop.test.", dns.TypeA, 1, NameError, "Z0SHOP00000000000000", ""},
		{"public from elsewhere, 1.8 check 5", "public.shop.test.", dns.TypeA, 0, Success, "Z0PUBLIC000000000000", "192.0.2.2"},
		{"public from another VPC", "public.shop.test.", dns.TypeA, 2, Success, "Z0PUBLIC000000000000", "192.0.2.2"},
		{"split horizon, inside", "shop.test.", dns.TypeA, 1, Success, "Z0SHOP00000000000000", "10.0.0.1"},
		{"split horizon, outside", "shop.test.", dns.TypeA, 0, Success, "Z0PUBLIC000000000000", "192.0.2.1"},
		{"a public zone below a private one is hidden", "x.below.corp.", dns.TypeA, 1, NameError, "Z0CORP00000000000000", ""},
		{"and seen from elsewhere", "x.below.corp.", dns.TypeA, 0, Success, "Z0PUBLICBELOW0000000", "192.0.2.3"},
		{"NODATA: the type is missing", "worker.corp.", dns.TypeAAAA, 1, NoData, "Z0CORP00000000000000", ""},
		{"NODATA: a descendant exists", "b.corp.", dns.TypeA, 1, NoData, "Z0CORP00000000000000", ""},
		{"NS does not delegate: name below", "x.del.corp.", dns.TypeA, 1, NameError, "Z0CORP00000000000000", ""},
		{"NS does not delegate: name below with records", "ns.del.corp.", dns.TypeA, 1, Success, "Z0CORP00000000000000", "10.0.0.5"},
		{"NS does not delegate: NS", "del.corp.", dns.TypeNS, 1, Success, "Z0CORP00000000000000", "ns.del.corp."},
		{"CNAME out of the zone", "www.corp.", dns.TypeA, 1, Success, "Z0CORP00000000000000", "public.shop.test."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := from(l, v, tc.vpc, tc.qname, tc.qtype)
			if a.Result != tc.result || a.ZoneID != tc.zone || a.Private != (tc.vpc > 0 && a.Zone != "" && !strings.HasPrefix(tc.zone, "Z0PUBLIC")) {
				t.Fatalf("Lookup(%q) = %v of zone %q, private %v; want %v of %q", tc.qname, a.Result, a.ZoneID, a.Private, tc.result, tc.zone)
			}
			got := ""
			if len(a.Answer) > 0 {
				got = dns.Field(a.Answer[0], 1)
			}
			if got != tc.want {
				t.Errorf("Lookup(%q) answers %q, want %q", tc.qname, got, tc.want)
			}
		})
	}
	if a := from(l, v, 1, "www.corp.", dns.TypeA); a.Leads != "public.shop.test." {
		t.Errorf("Leads = %q, want public.shop.test.", a.Leads)
	}
	if s := v.Stats(); s.Zones != 5 || s.Unserved != 0 || s.Displaced != 0 {
		t.Errorf("Stats = %+v, want 5 zones, none unserved or displaced", s)
	}
	if soa, _ := v.Transfer("corp."); soa != nil {
		t.Error("a private zone is transferred, want not")
	}
}

// aws-behaviour 1.5: the location is the Region of the VPC, never ECS or the
// source, and ECS has no part in the scope.
func TestPrivateLocation(t *testing.T) {
	var r rowsOf
	r.add(newPrivateZone("Z0CORP00000000000000", "corp.", 1, 2, 3))
	for i, region := range []string{"eu-west-3", "us-west-2", "ap-northeast-1"} {
		value := []string{fmt.Sprint("10.0.0.", i+1)}
		set := func(name string) *model.RRset {
			return &model.RRset{Zone: "Z0CORP00000000000000", Name: model.Name(name), Type: "A", TTL: 60, SetID: region, Values: value}
		}
		latency, near, geo := set("l.corp."), set("p.corp."), set("g.corp.")
		latency.Region = region
		near.GeoProximity = &model.GeoProximity{AWSRegion: region}
		geo.Geo = &model.GeoLocation{Country: []string{"FR", "US", "JP"}[i]}
		r.add(latency)
		r.add(near)
		r.add(geo)
	}
	l, v := testVPCs(t), NewCompiler().Apply(r.batch())
	ecs, err := locate.NewECS(netip.MustParsePrefix("203.0.113.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"l.corp.", "p.corp.", "g.corp."} {
		for n := 1; n <= 3; n++ {
			q := &Query{Name: name, Type: dns.TypeA, Locator: l, Source: netip.AddrFrom4([4]byte{10, byte(n), 0, 7}), ECS: ecs, Trace: new(Trace)}
			a := v.Lookup(q)
			want := fmt.Sprint("10.0.0.", n)
			if len(a.Answer) != 1 || dns.Field(a.Answer[0], 1) != want || a.Scope != 0 {
				t.Errorf("%s from vpc-%d = %v, scope %d; want %s, scope 0", name, n, a.Answer, a.Scope, want)
			}
			if text := fmt.Sprintf("client inside vpc vpc-%d (%s)\nprivate zone corp. (Z0CORP00000000000000)\n", n, vpcRow(n).Region); !strings.HasPrefix(q.Trace.String(), text) {
				t.Errorf("trace =\n%s\nwant it to begin with\n%s", q.Trace, text)
			}
			if c := v.Client(q); c.Place != locate.PlaceVPC || c.From != locate.FromAddress {
				t.Errorf("client = %s, want it placed by its VPC", c.String())
			}
		}
	}
}

// Design 2.1: of private zones of one name in a VPC the first created answers,
// whatever the order in which the rows come; the rest take over when it goes.
func TestPrivateZonesOfOneName(t *testing.T) {
	first, second := newPrivateZone("Z0SECOND000000000000", "corp.", 1, 2), newPrivateZone("Z0AFIRST000000000000", "corp.", 2, 3)
	second.Created = created.Add(time.Second)
	for _, order := range [][]*model.Zone{{first, second}, {second, first}} {
		c := NewCompiler()
		var v *View
		for i, z := range order {
			var r rowsOf
			r.add(z)
			v = c.Apply(state.Batch{Reset: i == 0, Changes: r.changes})
		}
		steps := []struct {
			name      string
			change    *model.Zone
			remove    string
			zones     [4]string // by client's VPC
			displaced int
			unserved  int
		}{
			{"both", nil, "", [4]string{"", first.ID, first.ID, second.ID}, 1, 0},
			{"the second leaves its own VPC", newPrivateZoneAt(second, 2), "", [4]string{"", first.ID, first.ID, ""}, 1, 1},
			{"the first leaves the VPC of both", newPrivateZoneAt(first, 1), "", [4]string{"", first.ID, second.ID, ""}, 0, 0},
			{"the first comes back", newPrivateZoneAt(first, 1, 2), "", [4]string{"", first.ID, first.ID, ""}, 1, 1},
			{"the first is deleted", nil, first.ID, [4]string{"", "", second.ID, ""}, 0, 0},
			{"the second is deleted", nil, second.ID, [4]string{}, 0, 0},
		}
		l := testVPCs(t)
		for _, s := range steps {
			var r rowsOf
			if s.change != nil {
				r.add(s.change)
			}
			if s.remove != "" {
				r.changes = append(r.changes, state.Change{Table: model.TableZones, Key: s.remove})
			}
			v = c.Apply(state.Batch{Changes: r.changes})
			for n, want := range s.zones {
				if got := from(l, v, n, "corp.", dns.TypeSOA).ZoneID; got != want {
					t.Errorf("%s: from VPC %d zone %q answers, want %q", s.name, n, got, want)
				}
			}
			if got := v.Stats(); got.Displaced != s.displaced || got.Unserved != s.unserved {
				t.Errorf("%s: Stats = %+v, want %d displaced, %d unserved", s.name, got, s.displaced, s.unserved)
			}
		}
		if v.private.n != 0 || len(c.holders) != 0 {
			t.Errorf("%d VPCs and %d names are left behind", v.private.n, len(c.holders))
		}
	}
}

// newPrivateZoneAt returns z associated with other VPCs.
func newPrivateZoneAt(z *model.Zone, vpcs ...int) *model.Zone {
	at := newPrivateZone(z.ID, string(z.Name), vpcs...)
	at.Created = z.Created
	return at
}

// A change in a private zone is seen through every VPC.
func TestPrivateZoneChanges(t *testing.T) {
	c := NewCompiler()
	var r rowsOf
	r.add(newPrivateZone("Z0CORP00000000000000", "corp.", 1, 2))
	c.Apply(r.batch())
	var next rowsOf
	next.line("Z0CORP00000000000000", "worker.corp. 10 A 10.0.0.2")
	v := c.Apply(state.Batch{Changes: next.changes})
	l := testVPCs(t)
	for n := 1; n <= 2; n++ {
		if a := from(l, v, n, "worker.corp.", dns.TypeA); a.Result != Success {
			t.Errorf("worker.corp from vpc-%d = %v, want an answer", n, a.Result)
		}
	}
}
