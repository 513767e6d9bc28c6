package model

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestCheckZoneByOnePlace: where the RRsets of each name stand together, looking
// at one name after the other finds what looking at all finds.
func TestCheckZoneByOnePlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := withApex()
		for i := range rapid.IntRange(0, 4).Draw(t, "names") {
			name := named(Name(fmt.Sprintf("h%d.example.org.", i)))
			if rapid.IntRange(0, 5).Draw(t, "place") == 0 {
				name = named(Name(fmt.Sprintf("h%d.example.net.", i)))
			}
			for range rapid.IntRange(1, 4).Draw(t, "sets") {
				kinds := []*RRset{
					rrset(name), rrset(name, data("CNAME", "a.example.net")), rrset(name, data("TXT", `"x"`)),
					rrset(name, weighted("a", 1)), rrset(name, weighted("b", 1)), rrset(name, weighted("c", 1), ttl(300)),
				}
				sets = append(sets, rapid.SampledFrom(kinds).Draw(t, "set"))
			}
		}
		if !together(sets) {
			t.Fatal("the RRsets of each name do not stand together")
		}
		one, all := checkZone(exampleZone, sets, &places{}), checkZone(exampleZone, sets, &places{byName: map[Name]*place{}})
		if fmt.Sprint(one) != fmt.Sprint(all) {
			t.Fatalf("by one place after the other %v, by all %v", one, all)
		}
	})
}

func TestTogether(t *testing.T) {
	a, b, c := rrset(named("a.example.org.")), rrset(named("b.example.org.")), rrset(named("c.example.org."))
	for _, tt := range []struct {
		sets []*RRset
		want bool
	}{
		{nil, true},
		{[]*RRset{a, a, b, c, c}, true},
		{[]*RRset{a, b, a}, false},
		{[]*RRset{c, a, a, b, b, c}, false},
	} {
		if got := together(tt.sets); got != tt.want {
			t.Errorf("together of %d RRsets = %v, want %v", len(tt.sets), got, tt.want)
		}
	}
}
