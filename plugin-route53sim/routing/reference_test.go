package routing

import (
	"math"
	"net/netip"
	"slices"
	"strings"
)

// A second implementation of aws-behaviour 3.4 and 3.5, written from its words
// and sharing no code with the first: it keeps everything as given, compiles
// nothing, follows the skeleton's loop step by step, and returns every outcome
// with its probability instead of drawing one.

// refZone holds all groups by name.
type refZone map[string]*refGroup

type refGroup struct {
	name    string
	policy  string
	members []refMember
	blocks  []refBlock // IP-based: the collection
}

type refMember struct {
	id          string
	checkFails  bool
	target      string // alias in the zone; "" is none
	resource    bool   // alias to a resource
	resourceBad bool
	evaluate    bool

	weight                          int
	region                          string
	primary                         bool
	continent, country, subdivision string
	location                        string
	lat, lon                        float64
	bias                            int
}

type refBlock struct {
	prefix   netip.Prefix
	location string
}

func (b refBlock) String() string { return b.prefix.String() + "=" + b.location }

type refClient struct {
	prefix                          netip.Prefix
	country, subdivision, continent string
	lat, lon                        float64
	inChina                         bool
	milliseconds                    map[string]float64 // nil: by distance
}

// refOutcome is count of the members of pool, in the group of that name, with
// probability p. An empty pool is no answer.
type refOutcome struct {
	group string
	pool  []int
	count int
	p     float64
}

// refRegions holds coordinates of Regions, filled in by the tests.
var refRegions = map[string][2]float64{}

// refKilometres is the haversine formula.
func refKilometres(lat1, lon1, lat2, lon2 float64) float64 {
	rad := math.Pi / 180
	sinLat, sinLon := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := sinLat*sinLat + math.Cos(lat1*rad)*math.Cos(lat2*rad)*sinLon*sinLon
	return 2 * 6371.0088 * math.Atan2(math.Sqrt(h), math.Sqrt(1-min(h, 1)))
}

// leadsTo tells whether aliases lead from one name to another.
func (z refZone) leadsTo(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] || z[from] == nil {
		return false
	}
	seen[from] = true
	for _, m := range z[from].members {
		if m.target != "" && z.leadsTo(m.target, to, seen) {
			return true
		}
	}
	return false
}

// targetOf returns where an alias leads: nothing if that is missing or leads
// back.
func (z refZone) targetOf(g *refGroup, m refMember) *refGroup {
	if z.leadsTo(m.target, g.name, map[string]bool{}) {
		return nil
	}
	return z[m.target]
}

func (z refZone) healthy(g *refGroup, m refMember) bool {
	if m.checkFails {
		return false
	}
	if m.evaluate && m.resource && m.resourceBad {
		return false
	}
	if m.evaluate && m.target != "" {
		t := z.targetOf(g, m)
		if t == nil {
			return false
		}
		for _, below := range t.members {
			if z.healthy(t, below) && !t.takesNoPart(below) {
				return true
			}
		}
		return false
	}
	return true
}

func (g *refGroup) takesNoPart(m refMember) bool {
	return g.policy == "multivalue" && (m.target != "" || m.resource)
}

// answer returns every outcome of a query for g.
func (z refZone) answer(g *refGroup, c refClient) []refOutcome {
	if g.policy == "simple" {
		return z.value(g, 0, c, 1)
	}
	if g.policy == "multivalue" {
		return z.several(g)
	}
	var all []int
	for i := range g.members {
		all = append(all, i)
	}
	return z.loop(g, all, c, 1)
}

// several is multivalue.
func (z refZone) several(g *refGroup) []refOutcome {
	var healthy, any []int
	for i, m := range g.members {
		if g.takesNoPart(m) {
			continue
		}
		any = append(any, i)
		if z.healthy(g, m) {
			healthy = append(healthy, i)
		}
	}
	if len(healthy) == 0 {
		healthy = any
	}
	return []refOutcome{{g.name, healthy, min(8, len(healthy)), 1}}
}

// loop is the skeleton's loop from candidates on.
func (z refZone) loop(g *refGroup, candidates []int, c refClient, p float64) []refOutcome {
	picks := g.policyPick(candidates, c)
	if len(picks) == 0 {
		return z.fallback(g, c, p)
	}
	var outcomes []refOutcome
	for i, chance := range picks {
		if z.healthy(g, g.members[i]) {
			outcomes = append(outcomes, z.value(g, i, c, p*chance)...)
			continue
		}
		var rest []int
		for _, j := range candidates {
			if j != i {
				rest = append(rest, j)
			}
		}
		outcomes = append(outcomes, z.loop(g, rest, c, p*chance)...)
	}
	return outcomes
}

// fallback treats every member as healthy and picks once.
func (z refZone) fallback(g *refGroup, c refClient, p float64) []refOutcome {
	var all []int
	for i := range g.members {
		all = append(all, i)
	}
	picks := g.policyPick(all, c)
	if len(picks) == 0 {
		return []refOutcome{{group: g.name, p: p}}
	}
	var outcomes []refOutcome
	for i, chance := range picks {
		outcomes = append(outcomes, z.value(g, i, c, p*chance)...)
	}
	return outcomes
}

// value is what member i answers.
func (z refZone) value(g *refGroup, i int, c refClient, p float64) []refOutcome {
	m := g.members[i]
	if m.target == "" {
		return []refOutcome{{g.name, []int{i}, 1, p}}
	}
	t := z.targetOf(g, m)
	if t == nil {
		return []refOutcome{{group: g.name, p: p}}
	}
	outcomes := z.answer(t, c)
	for k := range outcomes {
		outcomes[k].p *= p
	}
	return outcomes
}

// policyPick returns each candidate that the policy may pick, with its
// probability.
func (g *refGroup) policyPick(candidates []int, c refClient) map[int]float64 {
	switch g.policy {
	case "weighted":
		return g.pickWeighted(candidates)
	case "latency":
		return g.pickLeast(candidates, 0.01, func(m refMember) float64 { return g.latencyOf(m, c) }, func(a, b refMember) bool {
			return a.region < b.region || a.region == b.region && a.id < b.id
		})
	case "geoproximity":
		return g.pickLeast(candidates, 0.0015, func(m refMember) float64 { return biased(m, c) }, func(a, b refMember) bool { return a.id < b.id })
	case "failover":
		for _, want := range []bool{true, false} {
			for _, i := range candidates {
				if g.members[i].primary == want {
					return map[int]float64{i: 1}
				}
			}
		}
	case "geolocation":
		return g.pickFirst(candidates, []func(refMember) bool{
			func(m refMember) bool {
				return m.subdivision != "" && m.country == c.country && m.subdivision == c.subdivision
			},
			func(m refMember) bool {
				return m.country != "" && m.country != "*" && m.subdivision == "" && m.country == c.country
			},
			func(m refMember) bool { return m.continent != "" && m.continent == c.continent },
			func(m refMember) bool { return m.country == "*" },
		})
	case "cidr":
		return g.pickCIDR(candidates, c)
	}
	return nil
}

func (g *refGroup) pickWeighted(candidates []int) map[int]float64 {
	sum := 0
	for _, i := range candidates {
		sum += g.members[i].weight
	}
	picks := map[int]float64{}
	for _, i := range candidates {
		if sum == 0 {
			picks[i] = 1 / float64(len(candidates))
		} else if w := g.members[i].weight; w > 0 {
			picks[i] = float64(w) / float64(sum)
		}
	}
	return picks
}

func (g *refGroup) pickFirst(candidates []int, rules []func(refMember) bool) map[int]float64 {
	for _, matches := range rules {
		for _, i := range candidates {
			if matches(g.members[i]) {
				return map[int]float64{i: 1}
			}
		}
	}
	return nil
}

func (g *refGroup) pickCIDR(candidates []int, c refClient) map[int]float64 {
	for bits := c.prefix.Bits(); bits >= 0; bits-- {
		for _, b := range g.blocks {
			if b.prefix.Bits() != bits || !b.prefix.Contains(c.prefix.Addr()) {
				continue
			}
			for _, i := range candidates {
				if g.members[i].location == b.location {
					return map[int]float64{i: 1}
				}
			}
		}
	}
	return g.pickFirst(candidates, []func(refMember) bool{func(m refMember) bool { return m.location == "*" }})
}

// latencyOf orders members for one client; Regions in China come first for
// clients there.
func (g *refGroup) latencyOf(m refMember, c refClient) float64 {
	cost := 0.0
	if c.milliseconds != nil {
		cost = c.milliseconds[m.region]
	} else {
		at := refRegions[m.region]
		cost = refKilometres(c.lat, c.lon, at[0], at[1])
	}
	if c.inChina && !strings.HasPrefix(m.region, "cn-") {
		cost += 1e9
	}
	return cost
}

func biased(m refMember, c refClient) float64 {
	d := refKilometres(c.lat, c.lon, m.lat, m.lon)
	if m.bias > 0 {
		return d * (1 - float64(m.bias)/100)
	}
	return d / (1 + float64(m.bias)/100)
}

// pickLeast returns the candidate of least cost; of several with exactly equal
// cost the first by less. Where costs differ by less than give, which rounding
// may decide either way, each is possible.
func (g *refGroup) pickLeast(candidates []int, give float64, cost func(refMember) float64, less func(a, b refMember) bool) map[int]float64 {
	if len(candidates) == 0 {
		return nil
	}
	sorted := slices.Clone(candidates)
	slices.SortFunc(sorted, func(i, j int) int {
		a, b := g.members[i], g.members[j]
		switch ca, cb := cost(a), cost(b); {
		case ca < cb, ca == cb && less(a, b):
			return -1
		}
		return 1
	})
	best := cost(g.members[sorted[0]])
	picks := map[int]float64{sorted[0]: 1}
	for _, i := range sorted[1:] {
		if d := cost(g.members[i]) - best; d > 0 && d < give {
			picks[i] = 1
		}
	}
	for i := range picks {
		picks[i] /= float64(len(picks))
	}
	return picks
}
