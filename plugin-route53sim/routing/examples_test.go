package routing

import (
	"math"
	"net/netip"
	"slices"
	"testing"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// at returns a client near a place, without a country.
func at(lat, lon float64) *locate.Client {
	c := &locate.Client{Prefix: netip.MustParsePrefix("192.0.2.0/24")}
	c.StandAt(locate.At(lat, lon))
	return c
}

// in returns a client of a country.
func in(country, subdivision string) *locate.Client {
	c := at(0, 0)
	c.Country, c.Subdivision, c.Continent = country, subdivision, locate.ContinentOf(country)
	return c
}

// from returns a client of a network.
func from(prefix string) *locate.Client {
	c := at(0, 0)
	c.Prefix = netip.MustParsePrefix(prefix)
	return c
}

var (
	paris   = at(48.86, 2.35)
	seattle = at(47.61, -122.33)
)

// answers returns the set identifiers that g can answer c with, over many
// seeds, sorted. A simple group answers by its owner.
func answers(g *Group, c *locate.Client) []string {
	var all []string
	for seed := range uint64(400) {
		for _, name := range answer(g, c, seed) {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return all
}

func answer(g *Group, c *locate.Client, seed uint64) []string {
	var buf [MaxAnswers]int
	choice := g.Pick(c, seed, buf[:0], nil)
	var names []string
	for _, m := range choice.Members {
		names = append(names, choice.Group.Owner().([]Member)[m].SetID)
	}
	return names
}

// group compiles members; their set identifiers come back from answers.
func group(policy model.Policy, members ...Member) *Group { return Compile(policy, members, members) }

func value(id string) *Group { return group(model.PolicySimple, Member{SetID: id}) }

func sick(m Member) Member { m.Unhealthy = true; return m }

// alias returns m as an alias to target.
func alias(m Member, target *Group, evaluate bool) Member {
	m.Lead, m.Target, m.EvaluateTargetHealth = ToGroup, target, evaluate
	return m
}

func weight(id string, w int64) Member          { return Member{SetID: id, Weight: w} }
func inRegion(id, region string) Member         { return Member{SetID: id, Region: region} }
func primary(id string) Member                  { return Member{SetID: id, Failover: model.FailoverPrimary} }
func secondary(id string) Member                { return Member{SetID: id, Failover: model.FailoverSecondary} }
func geo(id string, g model.GeoLocation) Member { return Member{SetID: id, Geo: g} }
func country(id, code string) Member            { return geo(id, model.GeoLocation{Country: code}) }

func near(id string, lat, lon float64, bias int64) Member {
	return Member{SetID: id, Point: locate.At(lat, lon), Bias: bias}
}

var offices = NewCollection([]Block{
	{netip.MustParsePrefix("192.0.0.0/16"), "wide"},
	{netip.MustParsePrefix("192.0.2.0/24"), "narrow"},
	{netip.MustParsePrefix("198.51.100.0/24"), "apart"},
	{netip.MustParsePrefix("2001:db8::/48"), "six"},
})

func network(id, location string) Member {
	return Member{SetID: id, Collection: offices, Location: location}
}

type policyTest struct {
	name   string
	group  *Group
	client *locate.Client
	want   []string
}

func run(t *testing.T, tests []policyTest) {
	t.Helper()
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			client := tc.client
			if client == nil {
				client = paris
			}
			if got := answers(tc.group, client); !slices.Equal(got, tc.want) {
				t.Errorf("answers for %s = %v, want %v", client, got, tc.want)
			}
		})
	}
}

// aws-behaviour 3.4, 3.5.
func TestSimple(t *testing.T) {
	run(t, []policyTest{
		{"answered", value("a"), nil, []string{"a"}},
		{"unhealthy has no alternative", group(model.PolicySimple, sick(Member{SetID: "a"})), nil, []string{"a"}},
		{"EvaluateTargetHealth has no effect", group(model.PolicySimple, alias(Member{}, group(model.PolicySimple, sick(Member{SetID: "a"})), true)), nil, []string{"a"}},
		{"alias to nowhere", group(model.PolicySimple, alias(Member{}, nil, false)), nil, nil},
		{"no members", group(model.PolicySimple), nil, nil},
		{"no group", nil, nil, nil},
	})
}

// aws-behaviour 3.5 Weighted, 3.12 check 3.
func TestWeighted(t *testing.T) {
	run(t, []policyTest{
		{"zero beside others", group(model.PolicyWeighted, weight("a", 3), weight("b", 1), weight("z", 0)), nil, []string{"a", "b"}},
		{"zero beside one healthy", group(model.PolicyWeighted, sick(weight("a", 3)), weight("b", 1), weight("z", 0)), nil, []string{"b"}},
		{"zero when all others are unhealthy", group(model.PolicyWeighted, sick(weight("a", 3)), sick(weight("b", 1)), weight("y", 0), weight("z", 0)), nil, []string{"y", "z"}},
		{"healthy zeros only", group(model.PolicyWeighted, sick(weight("a", 3)), sick(weight("y", 0)), weight("z", 0)), nil, []string{"z"}},
		{"all zero", group(model.PolicyWeighted, weight("x", 0), weight("y", 0), sick(weight("z", 0))), nil, []string{"x", "y"}},
		{"all zero and unhealthy", group(model.PolicyWeighted, sick(weight("y", 0)), sick(weight("z", 0))), nil, []string{"y", "z"}},
		{"all unhealthy: nonzero weights again", group(model.PolicyWeighted, sick(weight("a", 3)), sick(weight("b", 1)), sick(weight("z", 0))), nil, []string{"a", "b"}},
		{"no members", group(model.PolicyWeighted), nil, nil},
	})
}

// aws-behaviour 3.12 check 3.
func TestWeightedThreeToOne(t *testing.T) {
	g := group(model.PolicyWeighted, weight("a", 3), weight("b", 1))
	const queries = 10_000
	a := 0
	for seed := range uint64(queries) {
		if answer(g, paris, seed)[0] == "a" {
			a++
		}
	}
	if got := float64(a) / queries; math.Abs(got-0.75) > 0.03 {
		t.Errorf("share of weight 3 beside 1 = %v, want 0.75 +- 0.03", got)
	}
}

// aws-behaviour 3.5 Latency.
func TestLatency(t *testing.T) {
	china := in("CN", "")
	china.StandAt(locate.At(22.5, 114.1)) // nearer to Hong Kong
	hongKong := in("HK", "")
	hongKong.StandAt(china.Point)
	node := &locate.Client{}
	run(t, []policyTest{
		{"nearest", group(model.PolicyLatency, inRegion("eu", "eu-west-1"), inRegion("us", "us-west-2")), seattle, []string{"us"}},
		{"next best where it is unhealthy", group(model.PolicyLatency, inRegion("eu", "eu-west-1"), sick(inRegion("us", "us-west-2")), inRegion("va", "us-east-1")), seattle, []string{"va"}},
		{"all unhealthy", group(model.PolicyLatency, sick(inRegion("eu", "eu-west-1")), sick(inRegion("us", "us-west-2"))), paris, []string{"eu"}},
		{"no default is needed", group(model.PolicyLatency, inRegion("ap", "ap-northeast-1")), paris, []string{"ap"}},
		{"tie by Region name", group(model.PolicyLatency, inRegion("a", "us-gov-east-1"), inRegion("b", "us-east-2")), paris, []string{"b"}},
		{"China's own Region first", group(model.PolicyLatency, inRegion("hk", "ap-east-1"), inRegion("bj", "cn-north-1")), china, []string{"bj"}},
		{"nearest of two in China", group(model.PolicyLatency, inRegion("hk", "ap-east-1"), inRegion("nx", "cn-northwest-1"), inRegion("bj", "cn-north-1")), china, []string{"nx"}},
		{"China's own Region unhealthy", group(model.PolicyLatency, inRegion("hk", "ap-east-1"), sick(inRegion("bj", "cn-north-1"))), china, []string{"hk"}},
		{"Hong Kong is not China", group(model.PolicyLatency, inRegion("hk", "ap-east-1"), inRegion("bj", "cn-north-1")), hongKong, []string{"hk"}},
		{"unknown client is in us-east-1", group(model.PolicyLatency, inRegion("eu", "eu-west-1"), inRegion("va", "us-east-1")), node, []string{"va"}},
		{"unknown Region last", group(model.PolicyLatency, inRegion("a", "aq-south-1"), inRegion("b", "ap-southeast-2")), paris, []string{"b"}},
		{"unknown Region alone", group(model.PolicyLatency, inRegion("a", "aq-south-1")), paris, []string{"a"}},
	})
}

// The chart above newFailover; aws-behaviour 3.5 Failover, 3.12 check 5.
func TestFailover(t *testing.T) {
	p, s := primary("p"), secondary("s")
	run(t, []policyTest{
		{"both healthy", group(model.PolicyFailover, s, p), nil, []string{"p"}},
		{"primary unhealthy", group(model.PolicyFailover, sick(p), s), nil, []string{"s"}},
		{"secondary unhealthy", group(model.PolicyFailover, p, sick(s)), nil, []string{"p"}},
		{"both down", group(model.PolicyFailover, sick(s), sick(p)), nil, []string{"p"}},
		{"only primary, unhealthy", group(model.PolicyFailover, sick(p)), nil, []string{"p"}},
		{"only secondary, unhealthy", group(model.PolicyFailover, sick(s)), nil, []string{"s"}},
	})
}

// aws-behaviour 3.5 Geolocation, 3.12 checks 6 and 7.
func TestGeolocation(t *testing.T) {
	virginia := geo("va", model.GeoLocation{Country: "US", Subdivision: "VA"})
	us, europe, world := country("us", "US"), geo("eu", model.GeoLocation{Continent: "EU"}), country("any", "*")
	usVA := in("US", "VA")
	run(t, []policyTest{
		{"subdivision first", group(model.PolicyGeolocation, world, us, virginia), usVA, []string{"va"}},
		{"another state", group(model.PolicyGeolocation, world, us, virginia), in("US", "CA"), []string{"us"}},
		{"US client without state", group(model.PolicyGeolocation, world, us, virginia), in("US", ""), []string{"us"}},
		{"continent", group(model.PolicyGeolocation, world, us, europe), in("FR", ""), []string{"eu"}},
		{"country before continent", group(model.PolicyGeolocation, europe, country("fr", "FR")), in("FR", ""), []string{"fr"}},
		{"default", group(model.PolicyGeolocation, world, us, europe), in("BR", ""), []string{"any"}},
		{"state unhealthy, country healthy", group(model.PolicyGeolocation, us, sick(virginia)), usVA, []string{"us"}},
		{"state and country unhealthy, default healthy", group(model.PolicyGeolocation, sick(us), sick(virginia), world), usVA, []string{"any"}},
		{"all unhealthy: the smallest", group(model.PolicyGeolocation, sick(us), sick(virginia), sick(world)), usVA, []string{"va"}},
		{"all that match unhealthy, others healthy", group(model.PolicyGeolocation, sick(us), sick(virginia), europe), usVA, []string{"va"}},
		{"nothing matches", group(model.PolicyGeolocation, us, europe), in("BR", ""), nil},
		{"no location data: default only", group(model.PolicyGeolocation, us, europe, world), at(48, 2), []string{"any"}},
		{"no location data and no default", group(model.PolicyGeolocation, us, europe), at(48, 2), nil},
		{"Turkey is in Europe", group(model.PolicyGeolocation, europe, geo("as", model.GeoLocation{Continent: "AS"})), in("TR", ""), []string{"eu"}},
	})
}

// aws-behaviour 3.5 Geoproximity, 3.12 check 8.
func TestGeoproximity(t *testing.T) {
	east, west := near("east", 0, 10, 0), near("west", 0, -10, 0)
	bias := func(m Member, b int64) Member { m.Bias = b; return m }
	equator := at(0, 0)
	run(t, []policyTest{
		{"nearest", group(model.PolicyGeoproximity, east, west), at(0, 1), []string{"east"}},
		{"equidistant: lowest set identifier", group(model.PolicyGeoproximity, west, east), equator, []string{"east"}},
		{"bias +50 wins", group(model.PolicyGeoproximity, bias(west, 50), east), equator, []string{"west"}},
		{"bias -50 loses", group(model.PolicyGeoproximity, west, bias(east, -50)), equator, []string{"west"}},
		{"+50 halves the distance", group(model.PolicyGeoproximity, bias(west, 50), east), at(0, 3), []string{"west"}},
		{"+50 does no more", group(model.PolicyGeoproximity, bias(west, 50), east), at(0, 4), []string{"east"}},
		{"-50 doubles it", group(model.PolicyGeoproximity, west, bias(east, -50)), at(0, 4), []string{"east"}},
		{"biases are not additive", group(model.PolicyGeoproximity, bias(west, 99), bias(east, 99)), equator, []string{"east"}},
		{"unhealthy", group(model.PolicyGeoproximity, sick(east), west), at(0, 9), []string{"west"}},
		{"all unhealthy", group(model.PolicyGeoproximity, sick(east), sick(west)), at(0, 9), []string{"east"}},
		{"nowhere is farthest", group(model.PolicyGeoproximity, Member{SetID: "a", Bias: 99}, near("b", 0, 180, -99)), equator, []string{"b"}},
		{"nowhere alone", group(model.PolicyGeoproximity, Member{SetID: "a"}), equator, []string{"a"}},
	})
}

// aws-behaviour 3.5 IP-based, 3.12 check 13.
func TestCIDR(t *testing.T) {
	wide, narrow, any := network("wide", "wide"), network("narrow", "narrow"), network("any", "*")
	other := Member{SetID: "z", Collection: NewCollection(nil), Location: "*"}
	run(t, []policyTest{
		{"longest block", group(model.PolicyCIDR, wide, narrow, any), from("192.0.2.7/32"), []string{"narrow"}},
		{"shorter block", group(model.PolicyCIDR, wide, narrow, any), from("192.0.3.7/32"), []string{"wide"}},
		{"ECS as long as the block", group(model.PolicyCIDR, wide, narrow, any), from("192.0.2.0/24"), []string{"narrow"}},
		{"ECS /20, block /24: the shorter block", group(model.PolicyCIDR, wide, narrow, any), from("192.0.0.0/20"), []string{"wide"}},
		{"ECS /20, block /24: default", group(model.PolicyCIDR, narrow, any), from("192.0.0.0/20"), []string{"any"}},
		{"ECS /20, block /24, no default", group(model.PolicyCIDR, narrow), from("192.0.0.0/20"), nil},
		{"no block: default", group(model.PolicyCIDR, wide, any), from("203.0.113.1/32"), []string{"any"}},
		{"no block and no default", group(model.PolicyCIDR, wide), from("203.0.113.1/32"), nil},
		{"IPv6", group(model.PolicyCIDR, network("six", "six"), any), from("2001:db8::/56"), []string{"six"}},
		{"location without RRset", group(model.PolicyCIDR, wide, any), from("192.0.2.7/32"), []string{"wide"}},
		{"unhealthy: the shorter block", group(model.PolicyCIDR, wide, sick(narrow), any), from("192.0.2.7/32"), []string{"wide"}},
		{"both unhealthy: default", group(model.PolicyCIDR, sick(wide), sick(narrow), any), from("192.0.2.7/32"), []string{"any"}},
		{"all unhealthy: the longest", group(model.PolicyCIDR, sick(wide), sick(narrow), sick(any)), from("192.0.2.7/32"), []string{"narrow"}},
		{"collection missing", group(model.PolicyCIDR, Member{SetID: "a", Location: "wide"}, Member{SetID: "b", Location: "*"}), from("192.0.2.7/32"), []string{"b"}},
		{"another collection takes no part", group(model.PolicyCIDR, wide, other), from("203.0.113.1/32"), nil},
		{"client without address", group(model.PolicyCIDR, wide, any), &locate.Client{}, []string{"any"}},
	})
}

// aws-behaviour 3.5 Multivalue, 3.12 check 9.
func TestMultivalue(t *testing.T) {
	members := func(healthy, unhealthy int) []Member {
		var all []Member
		for i := range healthy + unhealthy {
			all = append(all, Member{SetID: string(rune('a' + i)), Unhealthy: i >= healthy})
		}
		return all
	}
	tests := []struct {
		name               string
		healthy, unhealthy int
		count, possible    int
	}{
		{"12 healthy", 12, 0, 8, 12},
		{"2 healthy of 12", 2, 10, 2, 2},
		{"0 healthy of 12", 0, 12, 8, 12},
		{"8 healthy of 9", 8, 1, 8, 8},
		{"1", 1, 0, 1, 1},
		{"none", 0, 0, 0, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			g := group(model.PolicyMultivalue, members(tc.healthy, tc.unhealthy)...)
			for seed := range uint64(200) {
				got := answer(g, paris, seed)
				distinct := slices.Clone(got)
				slices.Sort(distinct)
				if distinct = slices.Compact(distinct); len(got) != tc.count || len(distinct) != tc.count {
					t.Fatalf("answer(seed %d) = %v, want %d distinct", seed, got, tc.count)
				}
			}
			if got := answers(g, paris); len(got) != tc.possible {
				t.Errorf("answers = %v, want %d possible", got, tc.possible)
			}
		})
	}
	t.Run("different seeds, different subsets and orders", func(t *testing.T) {
		g := group(model.PolicyMultivalue, members(3, 0)...)
		orders := map[string]bool{}
		for seed := range uint64(200) {
			a := answer(g, paris, seed)
			orders[a[0]+a[1]+a[2]] = true
		}
		if len(orders) != 6 {
			t.Errorf("%d orders of 3 members, want 6", len(orders))
		}
	})
	t.Run("aliases take no part", func(t *testing.T) {
		g := group(model.PolicyMultivalue, Member{SetID: "a"}, alias(Member{SetID: "b"}, value("x"), false), Member{SetID: "c", Lead: ToResource})
		if got := answers(g, paris); !slices.Equal(got, []string{"a"}) {
			t.Errorf("answers = %v, want a", got)
		}
	})
}

// aws-behaviour 3.12 check 4: latency aliases over weighted leaves, as in the
// guide's complex configuration.
func TestLatencyTreeOfTheGuide(t *testing.T) {
	down := group(model.PolicyWeighted, sick(weight("a1", 1)), sick(weight("a2", 2)), sick(weight("a3", 0)))
	up := group(model.PolicyWeighted, weight("b1", 1), sick(weight("b2", 1)))
	tree := func(evaluate bool) *Group {
		return group(model.PolicyLatency, alias(inRegion("a", "eu-west-3"), down, evaluate), alias(inRegion("b", "us-west-2"), up, true))
	}
	run(t, []policyTest{
		{"evaluated: the other Region", tree(true), paris, []string{"b1"}},
		{"not evaluated: a leaf of the branch", tree(false), paris, []string{"a1", "a2"}},
		{"not asked for", tree(false), seattle, []string{"b1"}},
	})
}

// aws-behaviour 3.4: back-out, last resort at each level, both checks.
func TestTrees(t *testing.T) {
	sickLeaf, leaf := group(model.PolicySimple, sick(Member{SetID: "sick"})), value("leaf")
	downP := group(model.PolicyFailover, sick(primary("p1")), sick(secondary("s1")))
	downQ := group(model.PolicyWeighted, sick(weight("q1", 1)), sick(weight("q2", 0)))
	run(t, []policyTest{
		{"health check of the alias itself", group(model.PolicyFailover, sick(alias(primary("p"), leaf, true)), secondary("s")), nil, []string{"s"}},
		{"health check and target must both pass", group(model.PolicyFailover, alias(primary("p"), sickLeaf, true), secondary("s")), nil, []string{"s"}},
		{"target not evaluated", group(model.PolicyFailover, alias(primary("p"), sickLeaf, false), secondary("s")), nil, []string{"sick"}},
		{"last resort at each level", group(model.PolicyFailover, alias(primary("p"), downP, true), alias(secondary("s"), downQ, true)), nil, []string{"p1"}},
		{"health is seen through two levels", group(model.PolicyFailover, alias(primary("p"), group(model.PolicyWeighted, alias(weight("w", 1), downP, true)), true), secondary("s")), nil, []string{"s"}},
		{"unless one level does not evaluate", group(model.PolicyFailover, alias(primary("p"), group(model.PolicyWeighted, alias(weight("w", 1), downP, false)), true), secondary("s")), nil, []string{"p1"}},
		{"target without a health check is healthy", group(model.PolicyFailover, alias(primary("p"), leaf, true), secondary("s")), nil, []string{"leaf"}},
		{"weighted over failover", group(model.PolicyWeighted, alias(weight("a", 1), downP, true), alias(weight("b", 1), group(model.PolicyFailover, sick(primary("p2")), secondary("s2")), true)), nil, []string{"s2"}},
		{"zero weight branch as fallback", group(model.PolicyWeighted, alias(weight("a", 9), downP, true), weight("z", 0)), nil, []string{"z"}},
		{"evaluated alias to nowhere backs out", group(model.PolicyFailover, alias(primary("p"), nil, true), secondary("s")), nil, []string{"s"}},
		{"alias to nowhere has no answer", group(model.PolicyFailover, alias(primary("p"), nil, false), secondary("s")), nil, nil},
		{"branch without a match is final", group(model.PolicyFailover, alias(primary("p"), group(model.PolicyGeolocation, country("us", "US")), true), secondary("s")), in("BR", ""), nil},
		{"resource unhealthy", group(model.PolicyFailover, Member{SetID: "p", Failover: "PRIMARY", Lead: ToResource, EvaluateTargetHealth: true, TargetUnhealthy: true}, secondary("s")), nil, []string{"s"}},
		{"resource unhealthy, not evaluated", group(model.PolicyFailover, Member{SetID: "p", Failover: "PRIMARY", Lead: ToResource, TargetUnhealthy: true}, secondary("s")), nil, []string{"p"}},
		{"alias to multivalue", group(model.PolicyLatency, alias(inRegion("a", "eu-west-3"), group(model.PolicyMultivalue, Member{SetID: "m1"}, Member{SetID: "m2"}, sick(Member{SetID: "m3"})), true)), nil, []string{"m1", "m2"}},
	})
}

func TestDepthIsBounded(t *testing.T) {
	g := value("leaf")
	for range MaxDepth - 1 {
		g = group(model.PolicySimple, alias(Member{}, g, false))
	}
	if got := answers(g, paris); g.Depth() != MaxDepth || !slices.Equal(got, []string{"leaf"}) {
		t.Errorf("depth %d: answers = %v, want leaf at depth %d", g.Depth(), got, MaxDepth)
	}
	g = group(model.PolicySimple, alias(Member{}, g, true))
	if got := answers(g, paris); got != nil || g.Healthy() || g.Depth() != 1 {
		t.Errorf("one deeper: answers = %v, healthy %v, depth %d, want nothing, unhealthy, 1", got, g.Healthy(), g.Depth())
	}
}

// aws-behaviour 3.8: the scope of an ECS reply.
func TestScope(t *testing.T) {
	client := from("192.0.2.0/28")
	wide := group(model.PolicyCIDR, network("wide", "wide"), network("any", "*"))
	tests := []struct {
		name   string
		group  *Group
		client *locate.Client
		want   int
	}{
		{"simple", value("a"), client, 0},
		{"weighted", group(model.PolicyWeighted, weight("a", 1)), client, 0},
		{"failover", group(model.PolicyFailover, primary("a")), client, 0},
		{"multivalue", group(model.PolicyMultivalue, Member{}), client, 0},
		{"latency", group(model.PolicyLatency, inRegion("a", "eu-west-1")), client, 28},
		{"geolocation", group(model.PolicyGeolocation, country("a", "*")), client, 28},
		{"geolocation without answer", group(model.PolicyGeolocation, country("a", "FR")), client, 28},
		{"geoproximity", group(model.PolicyGeoproximity, near("a", 0, 0, 0)), client, 28},
		{"matched block", wide, client, 24},
		{"matched block with blocks inside", wide, from("192.0.3.0/28"), 28},
		{"matched block alone", group(model.PolicyCIDR, network("a", "apart")), from("198.51.100.7/32"), 24},
		{"no block", wide, from("203.0.113.0/26"), 26},
		{"below an alias", group(model.PolicySimple, alias(Member{}, group(model.PolicyLatency, inRegion("a", "eu-west-1")), false)), client, 28},
		{"no address", group(model.PolicyLatency, inRegion("a", "eu-west-1")), &locate.Client{}, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.group.Pick(tc.client, 1, nil, nil).Scope; got != tc.want {
				t.Errorf("Pick(%s).Scope = %d, want %d", tc.client, got, tc.want)
			}
		})
	}
}
