package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/edgestage/edgestage/state/hlc"
)

// show returns rows as text: "3: A b 60".
func show(rows []Stamped) string {
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d: %s %s", r.Stamp, r.Type, r.SetID))+fmt.Sprintf(" %d", r.TTL))
	}
	return strings.Join(lines, ", ")
}

func TestVisible(t *testing.T) {
	cname := data("CNAME", "a.example.net")
	tests := []struct {
		name           string
		rows           []*RRset // stamped 1, 2, 3...
		kept, shadowed string
	}{
		{"alone", []*RRset{rrset()}, "1: A 60", ""},
		{"types", []*RRset{rrset(), rrset(data("TXT", `"x"`))}, "1: A 60, 2: TXT 60", ""},
		{"later CNAME", []*RRset{rrset(), rrset(cname)}, "2: CNAME 60", "1: A 60"},
		{"earlier CNAME", []*RRset{rrset(cname), rrset(), rrset(data("TXT", `"x"`))}, "2: A 60, 3: TXT 60", "1: CNAME 60"},
		{"later simple", []*RRset{rrset(multi("a")), rrset(multi("b")), rrset()}, "3: A 60", "1: A a 60, 2: A b 60"},
		{"earlier simple", []*RRset{rrset(), rrset(multi("a")), rrset(multi("b"))}, "2: A a 60, 3: A b 60", "1: A 60"},
		{"policies", []*RRset{rrset(latency("a", "eu-west-1")), rrset(multi("b")), rrset(latency("c", "eu-west-2"))}, "1: A a 60, 3: A c 60", "2: A b 60"},
		{"Regions", []*RRset{rrset(latency("a", "eu-west-1")), rrset(latency("b", "eu-west-1")), rrset(latency("c", "eu-west-2"))}, "2: A b 60, 3: A c 60", "1: A a 60"},
		{"primaries", []*RRset{rrset(failover("a", "PRIMARY")), rrset(failover("b", "SECONDARY")), rrset(failover("c", "PRIMARY"))}, "2: A b 60, 3: A c 60", "1: A a 60"},
		{"locations", []*RRset{rrset(geo("a", GeoLocation{Country: "*"})), rrset(geo("b", GeoLocation{Country: "JP"})), rrset(geo("c", GeoLocation{Country: "*"}))}, "2: A b 60, 3: A c 60", "1: A a 60"},
		{"collections", []*RRset{rrset(cidr("a", "1", "x")), rrset(cidr("b", "2", "y")), rrset(cidr("c", "1", "z")), rrset(cidr("d", "1", "x"))}, "3: A c 60, 4: A d 60", "1: A a 60, 2: A b 60"},
		{"weighted TTL", []*RRset{rrset(weighted("a", 1)), rrset(weighted("b", 1), ttl(300)), rrset(weighted("c", 1), alias("Z1", "x.example.org."))}, "1: A a 300, 2: A b 300, 3: A c 0", ""},
		{"weighted TTL of values", []*RRset{rrset(weighted("a", 1)), rrset(weighted("b", 1), ttl(300))}, "1: A a 300, 2: A b 300", ""},
		{"weighted", []*RRset{rrset(weighted("a", 1)), rrset(weighted("b", 1)), rrset(data("TXT", `"x"`))}, "1: A a 60, 2: A b 60, 3: TXT 60", ""},
		{"multivalue", []*RRset{rrset(multi("a")), rrset(multi("b"), ttl(300)), rrset(multi("c"))}, "1: A a 60, 2: A b 300, 3: A c 60", ""},
		{"multivalue beside a CNAME", []*RRset{rrset(multi("a")), rrset(multi("b")), rrset(cname)}, "3: CNAME 60", "1: A a 60, 2: A b 60"},
		{"what clashes with the shadowed only", []*RRset{rrset(data("TXT", `"x"`)), rrset(cname), rrset()}, "1: TXT 60, 3: A 60", "2: CNAME 60"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var rows []Stamped
			for i, r := range tt.rows {
				rows = append(rows, Stamped{RRset: r, Stamp: hlc.Stamp(i + 1)})
			}
			check := func() {
				t.Helper()
				kept, shadowed := Visible(rows)
				byKey := func(s string) string { p := strings.Split(s, ", "); slices.Sort(p); return strings.Join(p, ", ") }
				if byKey(show(kept)) != byKey(tt.kept) || byKey(show(shadowed)) != byKey(tt.shadowed) {
					t.Errorf("Visible(%s) = %s; %s, want %s; %s", show(rows), show(kept), show(shadowed), tt.kept, tt.shadowed)
				}
			}
			slices.Reverse(rows)
			check()
			slices.SortFunc(rows, Stamped.compareKey) // as they are kept
			check()
		})
	}
}

// anyRRset draws an RRset of one name, often in conflict with another.
func anyRRset(t *rapid.T) *RRset {
	id := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id")
	kind := rapid.SampledFrom([]func(*RRset){
		func(*RRset) {},
		data("TXT", `"x"`), data("CNAME", "a.example.net"), alias("Z2", "x.example.net."),
		multi(id), weighted(id, 1), func(r *RRset) { weighted(id, 1)(r); data("CNAME", "b.example.net")(r) },
		func(r *RRset) { weighted(id, 1)(r); alias("Z2", "x.example.net.")(r) },
		latency(id, rapid.SampledFrom([]string{"eu-west-1", "eu-west-2"}).Draw(t, "region")),
		failover(id, rapid.SampledFrom([]string{"PRIMARY", "SECONDARY"}).Draw(t, "role")),
		geo(id, GeoLocation{Country: rapid.SampledFrom([]string{"*", "JP"}).Draw(t, "country")}),
		cidr(id, rapid.SampledFrom([]string{"1", "2"}).Draw(t, "collection"), rapid.SampledFrom([]string{"*", "x"}).Draw(t, "location")),
		near(id, GeoProximity{AWSRegion: "eu-west-1"}),
	}).Draw(t, "kind")
	r := rrset(kind)
	if r.Alias == nil {
		r.TTL = rapid.Uint32Range(1, 2).Draw(t, "ttl")
	}
	return r
}

// TestVisibleLaws proves that what is kept does not depend on the order of the
// rows, is legal, contains the newest row, and leaves out only what clashes
// with something newer that is kept.
func TestVisibleLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		byKey := make(map[string]Stamped)
		for range rapid.IntRange(1, 12).Draw(t, "rows") {
			s := Stamped{RRset: anyRRset(t), Stamp: hlc.Stamp(rapid.IntRange(1, 6).Draw(t, "stamp")), Origin: rapid.Uint64Range(1, 2).Draw(t, "origin")}
			byKey[s.Key()] = s
		}
		var rows []Stamped
		for _, s := range byKey {
			rows = append(rows, s)
		}
		slices.SortFunc(rows, Stamped.compareKey)
		before := show(rows)
		kept, shadowed := Visible(rapid.Permutation(rows).Draw(t, "order"))
		again, shadowedAgain := Visible(rows)
		if show(kept) != show(again) || show(shadowed) != show(shadowedAgain) {
			t.Fatalf("Visible depends on order: %s; %s and %s; %s", show(kept), show(shadowed), show(again), show(shadowedAgain))
		}
		if show(rows) != before {
			t.Fatalf("Visible changed its argument from %s to %s", before, show(rows))
		}
		if len(kept)+len(shadowed) != len(rows) || len(kept) == 0 {
			t.Fatalf("Visible of %d rows = %d kept, %d shadowed", len(rows), len(kept), len(shadowed))
		}
		legal(t, kept)
		for _, s := range shadowed {
			excused(t, s, byKey, kept)
		}
	})
}

func legal(t *rapid.T, kept []Stamped) {
	sets := withApex()
	for _, s := range kept {
		sets = append(sets, s.RRset)
	}
	if errs := CheckZone(exampleZone, sets); len(errs) > 0 {
		t.Fatalf("Visible keeps %s, which breaks %v", show(kept), errs)
	}
}

// excused fails unless s clashes with a newer row that is kept.
func excused(t *rapid.T, s Stamped, byKey map[string]Stamped, kept []Stamped) {
	for _, k := range kept {
		var p place
		p.add(k.RRset)
		if c, _ := p.clash(s.RRset); c != clashNone && byKey[k.Key()].compare(s) > 0 {
			return
		}
	}
	t.Fatalf("Visible shadows %s beside %s", show([]Stamped{s}), show(kept))
}
