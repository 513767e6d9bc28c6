package zone

import (
	"net/netip"
	"testing"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/routing"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

const (
	oneCollection   = "11111111-1111-1111-1111-111111111111"
	otherCollection = "22222222-2222-2222-2222-222222222222"
)

// collection adds a CIDR collection with one location, office.
func collection(id, name string, blocks ...string) func(*rowsOf) {
	return func(r *rowsOf) {
		c := &model.CIDRCollection{ID: id, Account: "123456789012", Name: name, Version: 1}
		if len(blocks) > 0 {
			l := model.CIDRLocation{Name: "office"}
			for _, b := range blocks {
				l.Blocks = append(l.Blocks, netip.MustParsePrefix(b))
			}
			c.Locations = append(c.Locations, l)
		}
		r.add(c)
	}
}

func byCIDR(id, location string) func(*model.RRset) {
	return func(s *model.RRset) { s.CIDR = &model.CIDRRouting{CollectionID: id, Location: location} }
}

func newLocator(t testing.TB) *locate.Locator {
	t.Helper()
	l, err := locate.New(locate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ecs(t testing.TB, prefix string) locate.ECS {
	t.Helper()
	p := netip.MustParsePrefix(prefix)
	o := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(p.Bits()), Address: p.Addr().AsSlice()}
	if p.Addr().Is6() {
		o.Family = 2
	}
	e, err := locate.ParseECSOption(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// first returns the address of the first record, or what the look-up came to.
func first(a *Answer) string {
	if len(a.Answer) == 0 {
		return a.Result.String()
	}
	return a.Answer[0].(*dns.A).A.String()
}

// aws-behaviour 3.5 "IP-based", 3.8, 3.12 check 13.
func TestCIDRGroup(t *testing.T) {
	v := compile(t, "",
		collection(oneCollection, "one", "198.51.100.0/24", "2001:db8::/32"),
		routed("ip.example.org. 60 A 192.0.2.1", "in", byCIDR(oneCollection, "office")),
		routed("ip.example.org. 60 A 192.0.2.2", "out", byCIDR(oneCollection, "*")),
		routed("only.example.org. 60 A 192.0.2.1", "in", byCIDR(oneCollection, "office")),
		routed("lost.example.org. 60 A 192.0.2.1", "in", byCIDR(otherCollection, "office")),
		routed("lost.example.org. 60 A 192.0.2.2", "out", byCIDR(otherCollection, "*")))
	for _, tc := range []struct {
		name, qname, prefix, want string
		scope                     int
	}{
		{"in the block", "ip", "198.51.100.0/24", "192.0.2.1", 24},
		{"an address in the block", "ip", "198.51.100.7/32", "192.0.2.1", 24},
		{"IPv6", "ip", "2001:db8:1::/48", "192.0.2.1", 32},
		{"a prefix shorter than the block", "ip", "198.51.96.0/20", "192.0.2.2", 20},
		{"elsewhere", "ip", "203.0.113.0/24", "192.0.2.2", 24},
		{"elsewhere, and no default", "only", "203.0.113.0/24", "no_data", 24},
		{"no such collection", "lost", "198.51.100.0/24", "192.0.2.2", 24},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := v.Lookup(&Query{Name: tc.qname + ".example.org.", Type: dns.TypeA, Locator: newLocator(t), ECS: ecs(t, tc.prefix)})
			if first(a) != tc.want || a.Scope != tc.scope {
				t.Errorf("Lookup(%q) from %s = %s with scope %d, want %s with %d", tc.qname, tc.prefix, first(a), a.Scope, tc.want, tc.scope)
			}
		})
	}
}

// A collection that comes, changes or goes compiles the groups that use it
// anew, and no others.
func TestCollectionChanges(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	collection(otherCollection, "other", "198.51.100.0/24")(&r)
	routed("ip.example.org. 60 A 192.0.2.1", "in", byCIDR(oneCollection, "office"))(&r)
	routed("ip.example.org. 60 A 192.0.2.2", "out", byCIDR(oneCollection, "*"))(&r)
	routed("other.example.org. 60 A 192.0.2.1", "in", byCIDR(otherCollection, "office"))(&r)
	c := NewCompiler()
	v := c.Apply(r.batch())
	compiled := func(v *View, name string) *routing.Group {
		return v.find(nil, "example.org.").get(name + ".example.org.").get(dns.TypeA).ext.group.compiled
	}
	q := Query{Name: "ip.example.org.", Type: dns.TypeA, Locator: newLocator(t), ECS: ecs(t, "198.51.100.0/24")}
	for _, step := range []struct {
		name, want string
		row        func(*rowsOf)
	}{
		{"not there yet", "192.0.2.2", nil},
		{"comes", "192.0.2.1", collection(oneCollection, "one", "198.51.100.0/24")},
		{"with other blocks", "192.0.2.2", collection(oneCollection, "one", "203.0.113.0/24")},
		{"with these again", "192.0.2.1", collection(oneCollection, "one", "198.51.0.0/16")},
		{"goes", "192.0.2.2", func(r *rowsOf) {
			r.changes = append(r.changes, state.Change{Table: model.TableCIDRCollections, Key: oneCollection})
		}},
	} {
		before := v
		if step.row != nil {
			var next rowsOf
			step.row(&next)
			v = c.Apply(state.Batch{Changes: next.changes})
			if compiled(v, "ip") == compiled(before, "ip") {
				t.Errorf("%s: the group that uses it was not compiled anew", step.name)
			}
		}
		if got := first(v.Lookup(&q)); got != step.want {
			t.Errorf("%s: answer %s, want %s", step.name, got, step.want)
		}
		if compiled(v, "other") != compiled(before, "other") {
			t.Errorf("%s: a group of another collection was compiled anew", step.name)
		}
	}
	gone := func(name string, ids ...string) {
		for _, id := range ids {
			key := model.RRsetKey(testZone, model.Name(name), "A", id)
			c.Apply(state.Batch{Changes: []state.Change{{Table: model.TableRRsets, Key: key}}})
		}
	}
	gone("ip.example.org.", "in", "out")
	gone("other.example.org.", "in")
	if len(c.users) != 0 {
		t.Errorf("users after all groups went = %v, want none", c.users)
	}
}
