package routing

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

var (
	seedFlag  = flag.Uint64("routing.seed", 0, "seed of the random trees; 0 takes one from the clock")
	casesFlag = flag.Int("routing.cases", 100_000, "how many random trees to compare")
)

func init() {
	for _, r := range locate.Regions() {
		refRegions[r.String()] = [2]float64{r.Point().Latitude(), r.Point().Longitude()}
	}
}

// generator makes random zones and clients.
type generator struct {
	*rand.Rand
	zone     refZone
	measured []measuredClient
	roots    []string
}

// measuredClient is a way to measure latency, for both implementations.
type measuredClient struct {
	locator      *locate.Locator
	milliseconds map[string]float64
}

func newGenerator(t testing.TB, seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for range 8 {
		m := measuredClient{milliseconds: map[string]float64{}}
		var line strings.Builder
		for _, r := range locate.Regions() {
			ms := g.IntN(30) // small, so that there are ties
			m.milliseconds[r.String()] = float64(ms)
			fmt.Fprintf(&line, " %s %d", r, ms)
		}
		l, err := locate.ParseLatency("random", strings.NewReader("0.0.0.0/0"+line.String()+"\n::/0"+line.String()))
		if err != nil {
			t.Fatal(err)
		}
		if m.locator, err = locate.New(locate.Config{Latency: l}); err != nil {
			t.Fatal(err)
		}
		g.measured = append(g.measured, m)
	}
	return g
}

func pickOne[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// tree adds a random group with at most depth levels below and returns its
// name.
func (g *generator) tree(depth int) string {
	name := "g" + strconv.Itoa(len(g.zone))
	group := &refGroup{name: name}
	g.zone[name] = group
	group.policy = pickOne(g, "simple", "weighted", "latency", "failover", "geolocation", "cidr", "geoproximity", "multivalue")
	count := 1 + g.IntN(5)
	switch group.policy {
	case "simple":
		count = 1
	case "failover":
		count = min(count, 2)
	case "multivalue":
		count = 1 + g.IntN(12)
	case "cidr":
		group.blocks = g.blocks()
	}
	used := map[string]bool{}
	for i := range count {
		m := g.member(group.policy, i)
		if key := m.kind(); !used[key] {
			used[key] = true
			g.lead(&m, depth)
			group.members = append(group.members, m)
		}
	}
	g.Shuffle(len(group.members), func(i, j int) {
		group.members[i], group.members[j] = group.members[j], group.members[i]
	})
	return name
}

// kind tells what may be there only once in a group.
func (m *refMember) kind() string {
	return fmt.Sprint(m.region, m.primary, m.continent, m.country, m.subdivision, m.location, m.id)
}

func (g *generator) member(policy string, i int) refMember {
	m := refMember{checkFails: g.chance(45)}
	switch policy {
	case "weighted":
		m.weight = pickOne(g, 0, 0, 1, 1, 2, 3, 100, 255)
	case "latency":
		m.region = pickOne(g, locate.RegionNames()...)
		if g.chance(20) {
			m.region = pickOne(g, "cn-north-1", "cn-northwest-1", "us-east-2", "us-gov-east-1")
		}
	case "failover":
		m.primary = g.chance(50)
	case "geolocation":
		switch g.IntN(4) {
		case 0:
			m.country = "*"
		case 1:
			m.continent = pickOne(g, "EU", "NA", "AS", "SA")
		case 2:
			m.country = pickOne(g, "FR", "US", "CN", "TR", "BR")
		case 3:
			m.country, m.subdivision = "US", pickOne(g, "VA", "OR", "CA")
		}
	case "cidr":
		m.location = pickOne(g, "*", "a", "b", "c", "d", "unused")
	case "geoproximity":
		m.lat, m.lon = g.place()
		m.bias = pickOne(g, 0, 0, 0, 50, -50, 99, -99, g.IntN(199)-99)
	}
	switch policy {
	case "simple", "weighted", "geoproximity", "multivalue":
		m.id = fmt.Sprintf("id%02d", i) // nothing else tells it apart
	}
	return m
}

// lead makes m an alias, or not.
func (g *generator) lead(m *refMember, depth int) {
	m.evaluate = g.chance(60)
	switch roll := g.IntN(100); {
	case roll < 3:
		m.target = "missing"
	case roll < 8: // may close a loop
		m.target = "g" + strconv.Itoa(g.IntN(len(g.zone)))
	case roll < 14:
		m.resource, m.resourceBad = true, g.chance(50)
	case depth > 0 && roll < 75:
		m.target = g.tree(depth - 1)
	}
}

func (g *generator) blocks() []refBlock {
	var blocks []refBlock
	seen := map[netip.Prefix]bool{}
	for range g.IntN(8) {
		if p := g.prefix(24, 48); p.Bits() > 0 && !seen[p] {
			seen[p] = true
			blocks = append(blocks, refBlock{p, pickOne(g, "a", "b", "c", "d")})
		}
	}
	return blocks
}

// prefix returns one from a small space, so that prefixes meet.
func (g *generator) prefix(max4, max6 int) netip.Prefix {
	octet := func() byte { return pickOne[byte](g, 0, 1, 128, 255) }
	if g.chance(80) {
		addr := netip.AddrFrom4([4]byte{pickOne[byte](g, 192, 193), octet(), octet(), octet()})
		return netip.PrefixFrom(addr, 8+g.IntN(max4-7)).Masked()
	}
	addr := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, octet(), octet(), octet(), octet()})
	return netip.PrefixFrom(addr, 16+g.IntN(max6-15)).Masked()
}

var places = [][2]float64{{48.86, 2.35}, {38.9, -77}, {47.61, -122.33}, {31.2, 121.5}, {22.32, 114.17}, {-15.8, -47.9}, {41, 29}, {0, 0}, {0, 180}, {90, 0}, {-89.5, 17.25}}

func (g *generator) place() (lat, lon float64) {
	if g.chance(50) {
		p := pickOne(g, places...)
		return p[0], p[1]
	}
	return float64(g.IntN(18001)-9000) / 100, float64(g.IntN(36001)-18000) / 100
}

// client returns one client, as both implementations know it.
func (g *generator) client() (*locate.Client, refClient) {
	ref := refClient{prefix: g.prefix(32, 64)}
	who := pickOne(g, [2]string{"FR"}, [2]string{"US", "VA"}, [2]string{"US", "OR"}, [2]string{"US"}, [2]string{"CN"}, [2]string{"HK"}, [2]string{"TR"}, [2]string{"BR"}, [2]string{})
	ref.country, ref.subdivision, ref.continent = who[0], who[1], locate.ContinentOf(who[0])
	var c locate.Client
	if g.chance(40) {
		m := pickOne(g, g.measured...)
		c = m.locator.Locate(ref.prefix.Addr(), locate.ECS{})
		ref.milliseconds = m.milliseconds
		ref.lat, ref.lon = c.Point.Latitude(), c.Point.Longitude()
	} else {
		ref.lat, ref.lon = g.place()
		c.StandAt(locate.At(ref.lat, ref.lon))
	}
	c.Prefix, c.Country, c.Subdivision, c.Continent = ref.prefix, ref.country, ref.subdivision, ref.continent
	ref.inChina = ref.country == "CN" || ref.country == "" && strings.HasPrefix(c.Region.String(), "cn-")
	return &c, ref
}

// definition translates a group of the reference.
func (g *refGroup) definition() Definition[string] {
	policies := map[string]model.Policy{"simple": model.PolicySimple, "weighted": model.PolicyWeighted, "latency": model.PolicyLatency,
		"failover": model.PolicyFailover, "geolocation": model.PolicyGeolocation, "cidr": model.PolicyCIDR,
		"geoproximity": model.PolicyGeoproximity, "multivalue": model.PolicyMultivalue}
	d := Definition[string]{Owner: g.name, Policy: policies[g.policy], Targets: make([]string, len(g.members))}
	var collection *Collection // missing where it has no block
	var blocks []Block
	for _, b := range g.blocks {
		blocks = append(blocks, Block{b.prefix, b.location})
	}
	if len(blocks) > 0 {
		collection = NewCollection(blocks)
	}
	for i, m := range g.members {
		n := Member{SetID: m.id, Unhealthy: m.checkFails, EvaluateTargetHealth: m.evaluate, TargetUnhealthy: m.resourceBad,
			Weight: int64(m.weight), Region: m.region, Failover: model.FailoverSecondary,
			Geo:        model.GeoLocation{Continent: m.continent, Country: m.country, Subdivision: m.subdivision},
			Collection: collection, Location: m.location, Point: locate.At(m.lat, m.lon), Bias: int64(m.bias)}
		if m.primary {
			n.Failover = model.FailoverPrimary
		}
		switch {
		case m.target != "":
			n.Lead, d.Targets[i] = ToGroup, m.target
		case m.resource:
			n.Lead = ToResource
		}
		d.Members = append(d.Members, n)
	}
	return d
}

// forest compiles all of g's zone.
func (g *generator) forest() *Forest[string] {
	f := NewForest(func(name string) (Definition[string], bool) {
		group := g.zone[name]
		if group == nil {
			return Definition[string]{}, false
		}
		return group.definition(), true
	})
	for name := range g.zone {
		g.roots = append(g.roots, name)
	}
	slices.Sort(g.roots)
	f.Change(g.roots...)
	return f
}

// possible returns whether the choice is one of the outcomes.
func possible(choice Choice, outcomes []refOutcome) bool {
	for _, o := range outcomes {
		if o.p <= 0 || o.group != choice.Group.Owner() || o.count != len(choice.Members) {
			continue
		}
		ok := true
		for i, m := range choice.Members {
			ok = ok && slices.Contains(o.pool, m) && !slices.Contains(choice.Members[:i], m)
		}
		if ok {
			return true
		}
	}
	return false
}

// compare asks both implementations the same.
func compare(t *testing.T, g *generator, f *Forest[string], root string) {
	t.Helper()
	client, ref := g.client()
	outcomes := g.zone.answer(g.zone[root], ref)
	group := f.Group(root)
	var buf [MaxAnswers]int
	for range 4 {
		seed := g.Uint64()
		if choice := group.Pick(client, seed, buf[:0], nil); !possible(choice, outcomes) {
			var trace Trace
			group.Pick(client, seed, buf[:0], &trace)
			t.Fatalf("Pick(%s) = %v of %v, want one of %+v\n%s\n%s", root, choice.Members, choice.Group.Owner(), outcomes, &trace, g.zone)
		}
	}
	if len(outcomes) > 1 && g.chance(1) {
		frequencies(t, g, group, client, outcomes)
	}
}

func (z refZone) String() string {
	var b strings.Builder
	for name, g := range z {
		fmt.Fprintf(&b, "%s %s %v\n", name, g.policy, g.blocks)
		for i, m := range g.members {
			fmt.Fprintf(&b, "    #%d %+v\n", i, m)
		}
	}
	return b.String()
}

// frequencies compares how often each outcome comes.
func frequencies(t *testing.T, g *generator, group *Group, client *locate.Client, outcomes []refOutcome) {
	t.Helper()
	const draws = 3000
	// Outcomes that look the same count together.
	expected := map[string]float64{}
	key := func(name any, members []int) string {
		if len(members) > 1 {
			return fmt.Sprint(name, " several")
		}
		return fmt.Sprint(name, members)
	}
	for _, o := range outcomes {
		if o.count == 1 && len(o.pool) > 1 || o.p == 0 {
			return
		}
		expected[key(o.group, o.pool)] += o.p
	}
	seen := map[string]float64{}
	var buf [MaxAnswers]int
	for range draws {
		choice := group.Pick(client, g.Uint64(), buf[:0], nil)
		seen[key(choice.Group.Owner(), choice.Members)]++
	}
	for k, p := range expected {
		if implausible(p, seen[k], draws) {
			t.Errorf("%s was drawn %v times of %d, want a share of %v\nshares %v\nseen %v", k, seen[k], draws, p, expected, seen)
		}
	}
}

// implausible tells whether what has probability p cannot well have come so
// often in n draws: the chance of that is less than one in 10^14, by Chernoff's
// bound, however small p is.
func implausible(p, seen, n float64) bool {
	divergence, share := 0.0, seen/n
	if share > 0 {
		divergence += share * math.Log(share/p)
	}
	if share < 1 {
		divergence += (1 - share) * math.Log((1-share)/(1-min(p, 1)))
	}
	return n*divergence > 33
}

// checkChiSquare fails where chance alone explains the difference in less than
// about one of 10^11 cases. All is expected often.
func checkChiSquare(t *testing.T, expected, seen map[string]float64) {
	t.Helper()
	sum, freedom := 0.0, float64(len(expected)-1)
	for k, e := range expected {
		if e < 500 {
			t.Fatalf("%s is expected %v times, too seldom for the approximation", k, e)
		}
		sum += (seen[k] - e) * (seen[k] - e) / e
	}
	const sigmas = 6.7
	cube := 1 - 2/(9*freedom) + sigmas*math.Sqrt(2/(9*freedom)) // Wilson and Hilferty
	if limit := freedom * cube * cube * cube; sum > limit {
		t.Errorf("chi-square = %v with %v degrees of freedom, want at most %v\nexpected %v\nseen %v", sum, freedom, limit, expected, seen)
	}
}

func seedOf(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-routing.seed=%d", seed)
	return seed
}

// TestAgainstReference compares Pick, over groups that a Forest compiled, with
// the reference implementation: random trees up to four groups deep, with
// shared branches, loops and aliases to nowhere; then after random changes of
// health and shape that only the Forest is told of.
func TestAgainstReference(t *testing.T) {
	cases := *casesFlag
	if testing.Short() {
		cases = min(cases, 5_000)
	}
	g := newGenerator(t, seedOf(t))
	trees, policies := 0, map[string]int{}
	for range cases {
		g.zone, g.roots = refZone{}, nil
		root := g.tree(3)
		f := g.forest()
		for range 2 {
			if f.Group(root) != nil {
				compare(t, g, f, root)
				policies[g.zone[root].policy]++
				trees++
			}
			g.change(f)
		}
	}
	t.Logf("%d trees compared, by policy of the root: %v", trees, policies)
	if !testing.Short() && *casesFlag >= 100_000 && trees < 100_000 {
		t.Errorf("%d trees compared, want at least 100000", trees)
	}
}

// change alters a few groups of the zone, root kept, and tells the forest of
// these alone.
func (g *generator) change(f *Forest[string]) {
	var changed []string
	for range 1 + g.IntN(3) {
		name := pickOne(g, g.roots...)
		group := g.zone[name]
		if group == nil {
			continue
		}
		m := &group.members[g.IntN(len(group.members))]
		switch g.IntN(5) {
		case 0, 1:
			m.checkFails = !m.checkFails
		case 2:
			m.evaluate = !m.evaluate
		case 3:
			m.resource, m.target = false, pickOne(g, append(g.roots, "", "missing")...)
		case 4:
			if name != g.roots[0] {
				delete(g.zone, name)
			}
		}
		changed = append(changed, name)
	}
	f.Change(changed...)
}

// TestScopeIsRight: whoever shares the first Scope bits of a client's address,
// and is where it is, gets the same choice.
func TestScopeIsRight(t *testing.T) {
	g := newGenerator(t, seedOf(t))
	var buf, buf2 [MaxAnswers]int
	for range 20_000 {
		g.zone, g.roots = refZone{}, nil
		root := g.tree(2)
		group := g.forest().Group(root)
		if group == nil {
			continue
		}
		client, _ := g.client()
		seed := g.Uint64()
		want := group.Pick(client, seed, buf[:0], nil)
		if want.Scope > client.Prefix.Bits() {
			t.Fatalf("Pick(%s).Scope = %d, want at most the prefix", client, want.Scope)
		}
		neighbour := *client
		neighbour.Prefix = g.within(client.Prefix, want.Scope)
		got := group.Pick(&neighbour, seed, buf2[:0], nil)
		if got.Group != want.Group || !slices.Equal(got.Members, want.Members) {
			t.Fatalf("Pick(%s) = %v of %v with scope %d, but Pick(%s) = %v of %v\n%v", client, want.Members, want.Group.Owner(), want.Scope,
				&neighbour, got.Members, got.Group.Owner(), g.zone)
		}
	}
}

// within returns a random prefix of the same length that shares the first bits
// with p.
func (g *generator) within(p netip.Prefix, bits int) netip.Prefix {
	octets := p.Addr().AsSlice()
	for i := bits; i < p.Bits(); i++ {
		if g.chance(50) {
			octets[i/8] ^= 0x80 >> (i % 8)
		}
	}
	addr, _ := netip.AddrFromSlice(octets)
	return netip.PrefixFrom(addr, p.Bits())
}

// aws-behaviour 3.5 Multivalue: every subset and order is equally likely.
func TestMultivalueDistribution(t *testing.T) {
	seed := seedOf(t)
	g := newGenerator(t, seed)
	const draws = 60_000
	t.Run("8 of 12", func(t *testing.T) {
		members := make([]Member, 12)
		group := group(model.PolicyMultivalue, members...)
		pairs, first := map[string]float64{}, map[string]float64{}
		var buf [MaxAnswers]int
		for range draws {
			chosen := group.Pick(paris, g.Uint64(), buf[:0], nil).Members
			first[fmt.Sprint(chosen[0])]++
			pairs[fmt.Sprint(min(chosen[2], chosen[5]), max(chosen[2], chosen[5]))]++
		}
		checkChiSquare(t, uniform(12, draws, func(i int) []string { return []string{fmt.Sprint(i)} }), first)
		checkChiSquare(t, uniform(66, draws, nil), pairs)
	})
	t.Run("orders of 3", func(t *testing.T) {
		group := group(model.PolicyMultivalue, make([]Member, 3)...)
		orders := map[string]float64{}
		var buf [MaxAnswers]int
		for range draws {
			orders[fmt.Sprint(group.Pick(paris, g.Uint64(), buf[:0], nil).Members)]++
		}
		expected := map[string]float64{}
		for _, o := range []string{"[0 1 2]", "[0 2 1]", "[1 0 2]", "[1 2 0]", "[2 0 1]", "[2 1 0]"} {
			expected[o] = draws / 6.0
		}
		checkChiSquare(t, expected, orders)
	})
}

// uniform returns n equally likely keys: those named, or all pairs of 12.
func uniform(n int, draws float64, name func(int) []string) map[string]float64 {
	expected := map[string]float64{}
	if name == nil {
		for i := range 12 {
			for j := i + 1; j < 12; j++ {
				expected[fmt.Sprint(i, j)] = draws / float64(n)
			}
		}
		return expected
	}
	for i := range n {
		for _, k := range name(i) {
			expected[k] = draws / float64(n)
		}
	}
	return expected
}

// aws-behaviour 3.5 Weighted.
func TestWeightedDistribution(t *testing.T) {
	g := newGenerator(t, seedOf(t))
	weights := []int64{1, 2, 3, 10, 84, 0, 155}
	var members []Member
	expected := map[string]float64{}
	const draws = 100_000
	for i, w := range weights {
		members = append(members, Member{SetID: strconv.Itoa(i), Weight: w, Unhealthy: w == 155})
		if w > 0 && w < 155 {
			expected[fmt.Sprint([]int{i})] = draws * float64(w) / 100
		}
	}
	group := group(model.PolicyWeighted, members...)
	seen := map[string]float64{}
	var buf [MaxAnswers]int
	for range draws {
		seen[fmt.Sprint(group.Pick(paris, g.Uint64(), buf[:0], nil).Members)]++
	}
	checkChiSquare(t, expected, seen)
	if len(seen) != len(expected) {
		t.Errorf("drawn %v, want only %v", seen, expected)
	}
}
