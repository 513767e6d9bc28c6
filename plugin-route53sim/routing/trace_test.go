package routing

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// names renders members by set identifier.
func names(g *Group, member int) string {
	if member < 0 {
		return "group"
	}
	return g.Owner().([]Member)[member].SetID
}

func TestTrace(t *testing.T) {
	down := group(model.PolicyFailover, sick(primary("p")), sick(secondary("s")))
	usVA := in("US", "VA")
	virginia := geo("va", model.GeoLocation{Country: "US", Subdivision: "VA"})
	tests := []struct {
		name   string
		group  *Group
		client *locate.Client
		want   string
	}{
		{"simple", value("a"), paris, "group (simple)\n  * a: healthy\n"},
		{"weighted", group(model.PolicyWeighted, weight("a", 1), sick(weight("b", 3)), weight("z", 0)), paris,
			"group (weighted), drew 0 of 1\n  * a: healthy, draws [0, 1)\n    b: unhealthy, health check unhealthy\n    z: healthy, weight 0 beside others\n"},
		{"latency", group(model.PolicyLatency, inRegion("a", "us-east-1"), inRegion("b", "eu-west-3"), sick(inRegion("c", "eu-west-2"))), paris,
			"group (latency)\n    a: healthy, 92.8 ms to us-east-1, farther\n  * b: healthy, 0.0 ms to eu-west-3\n    c: unhealthy, health check unhealthy\n"},
		{"failover below an alias that is not evaluated", group(model.PolicyLatency, alias(inRegion("a", "eu-west-3"), down, false)), paris,
			"group (latency)\n  * a: healthy, 0.0 ms to eu-west-3\ngroup (failover), last resort: none healthy\n  * p: unhealthy\n    s: unhealthy, stands by\n"},
		{"back-out", group(model.PolicyFailover, alias(primary("a"), down, true), secondary("b")), paris,
			"group (failover)\n    a: unhealthy, alias target unhealthy\n  * b: healthy\n"},
		{"geolocation", group(model.PolicyGeolocation, sick(virginia), country("us", "US"), country("fr", "FR"), country("any", "*")), usVA,
			"group (geolocation)\n    va: unhealthy, US-VA, health check unhealthy\n  * us: healthy, US\n    fr: healthy, FR, does not match the client\n    any: healthy, default, less specific\n"},
		{"geolocation, last resort", group(model.PolicyGeolocation, sick(virginia), geo("eu", model.GeoLocation{Continent: "EU"})), usVA,
			"group (geolocation), last resort: none healthy\n  * va: unhealthy, US-VA\n    eu: healthy, continent EU, does not match the client\n"},
		{"geolocation without answer", group(model.PolicyGeolocation, sick(country("fr", "FR"))), usVA,
			"group (geolocation)\n    fr: unhealthy, FR, does not match the client\n"},
		{"geoproximity", group(model.PolicyGeoproximity, near("a", 0, 10, 50), near("b", 0, 10, 0)), at(0, 0),
			"group (geoproximity)\n  * a: healthy, 1112.0 km, biased to 556.0 km\n    b: healthy, 1112.0 km, biased to 1112.0 km, farther\n"},
		{"IP-based", group(model.PolicyCIDR, network("w", "wide"), sick(network("n", "narrow")), network("x", "apart"), network("any", "*")), from("192.0.2.7/32"),
			"group (IP-based)\n  * w: healthy, matches a /16 block\n    n: unhealthy, matches a /24 block, health check unhealthy\n    x: healthy, does not match the client\n    any: healthy, default location, less specific\n"},
		{"multivalue", group(model.PolicyMultivalue, Member{SetID: "a"}, sick(Member{SetID: "b"}), alias(Member{SetID: "c"}, down, false)), paris,
			"group (multivalue)\n  * a: healthy\n    b: unhealthy, health check unhealthy\n    c: healthy, alias in a multivalue group\n"},
		{"alias to nowhere", group(model.PolicySimple, alias(Member{SetID: "a"}, nil, false)), paris,
			"group (simple)\n  * a: healthy, alias leads nowhere: no answer\n"},
		{"another collection", group(model.PolicyCIDR, network("a", "*"), Member{SetID: "b", Location: "*"}), from("203.0.113.1/32"),
			"group (IP-based)\n  * a: healthy, default location\n    b: healthy, of another CIDR collection\n"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var trace Trace
			tc.group.Pick(tc.client, 7, nil, &trace)
			head, got, _ := strings.Cut(trace.Format(names), "\n")
			if want := "client " + tc.client.String() + ", seed 7"; head != want {
				t.Errorf("Format begins %q, want %q", head, want)
			}
			if got != tc.want {
				t.Errorf("Format =\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// A trace changes nothing, tells every step, and its seed repeats the choice.
func TestTraceAgreesWithTheChoice(t *testing.T) {
	g := newGenerator(t, seedOf(t))
	var buf, buf2 [MaxAnswers]int
	for range 5_000 {
		g.zone, g.roots = refZone{}, nil
		root := g.tree(3)
		group := g.forest().Group(root)
		if group == nil {
			continue
		}
		client, _ := g.client()
		var trace Trace
		want := group.Pick(client, g.Uint64(), buf[:0], &trace)
		got := group.Pick(&trace.Client, trace.Seed, buf2[:0], nil)
		if got.Group != want.Group || got.Scope != want.Scope || !slices.Equal(got.Members, want.Members) {
			t.Fatalf("Pick again by the trace = %+v, want %+v\n%s", got, want, &trace)
		}
		last := trace.Steps[len(trace.Steps)-1]
		if last.Group != want.Group {
			t.Fatalf("the trace ends at %v, want %v", last.Group.Owner(), want.Group.Owner())
		}
		for _, c := range last.Candidates {
			answered := slices.Contains(want.Members, c.Member)
			if answered != (c.Chosen && c.Why == "") || !c.Chosen && c.Why == "" {
				t.Fatalf("candidate %+v, answered %v\n%s", c, answered, &trace)
			}
		}
	}
}
