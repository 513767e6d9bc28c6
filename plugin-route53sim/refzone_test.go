package route53sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// targets are the names of load balancers that aliases of a world lead to.
var targets = []model.Name{
	"web-1.us-east-1.elb.amazonaws.com.", "web-2.us-east-1.elb.amazonaws.com.", "web-3.us-east-1.elb.amazonaws.com.",
}

const targetsZone = "Z35SXDOTRQ7X7K"

func created(i int) time.Time { return time.Unix(int64(i), 0) }

// generator draws the RRsets of one zone.
type generator struct {
	*rand.Rand
	world *world
	z     *refZone
	apex  model.Name
	n     byte // of the last address
}

func newGenerator(rnd *rand.Rand, w *world, id, name string) *generator {
	return &generator{Rand: rnd, world: w, z: &refZone{id: id, name: name}, apex: model.Name(name)}
}

// zone draws RRsets and keeps those that may stand together.
func (g *generator) zone() *refZone {
	g.add(&model.RRset{Name: g.apex, Type: "SOA", TTL: 900, Values: []string{"ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}})
	g.add(&model.RRset{Name: g.apex, Type: "NS", TTL: 172800, Values: []string{"ns-1536.awsdns-00.co.uk.", "ns-0.awsdns-00.com."}})
	for range 4 + g.IntN(10) {
		g.group(g.name(), oneOf(g.Rand, "A", "A", "A", "AAAA", "TXT", "CNAME", "MX"))
	}
	for level := range g.IntN(5) { // a tree of aliases
		g.group(treeName(level, g.apex), "A")
	}
	if g.IntN(2) == 0 {
		name := "del." + g.apex
		if g.IntN(2) == 0 {
			name = "a." + name
		}
		g.add(&model.RRset{Name: name, Type: "NS", TTL: 3600, Values: []string{"ns.example.net."}})
		if g.IntN(2) == 0 {
			g.add(&model.RRset{Name: name, Type: "DS", TTL: 60, Values: []string{"12345 13 2 " + strings.Repeat("A1", 32)}})
		}
	}
	g.prune()
	return g.z
}

func treeName(level int, apex model.Name) model.Name {
	return model.Name(fmt.Sprintf("t%d.", level)) + apex
}

func (g *generator) name() model.Name {
	name := string(g.apex)
	for range g.IntN(4) {
		name = oneOf(g.Rand, "a.", "b.", "c.", "del.") + name
	}
	if g.IntN(4) == 0 {
		name = "*." + name
	}
	return model.Name(name)
}

func (g *generator) add(s *model.RRset) {
	s.Zone = g.z.id
	g.z.sets = append(g.z.sets, s)
}

// prune drops what Route 53 would refuse.
func (g *generator) prune() {
	row := &model.Zone{ID: g.z.id, Name: g.apex, Private: len(g.z.vpcs) > 0}
	for {
		bad := map[*model.RRset]bool{}
		for _, err := range model.CheckZone(row, g.z.sets) {
			if e, ok := err.(*model.ZoneError); ok && e.RRset != nil {
				bad[e.RRset] = true
			}
		}
		for _, s := range g.z.sets {
			bad[s] = bad[s] || s.Validate() != nil
		}
		var kept []*model.RRset
		for _, s := range g.z.sets {
			if !bad[s] {
				kept = append(kept, s)
			}
		}
		if len(kept) == len(g.z.sets) {
			return
		}
		g.z.sets = kept
	}
}

// group draws the RRsets of a name and type, of one policy.
func (g *generator) group(name model.Name, rrtype string) {
	policy := model.Policy(g.IntN(int(model.PolicyGeoproximity) + 1))
	if rrtype == "CNAME" && policy == model.PolicyMultivalue {
		policy = model.PolicySimple
	}
	n := 1 + g.IntN(4)
	if policy == model.PolicyMultivalue {
		n += g.IntN(7)
	}
	if policy == model.PolicySimple {
		n = 1
	}
	ttl := uint32(g.IntN(300))
	for i := range n {
		s := &model.RRset{Name: name, Type: rrtype, TTL: ttl}
		if policy != model.PolicySimple {
			s.SetID = fmt.Sprintf("set-%d", g.IntN(100)*10+i)
		}
		if g.IntN(2) == 0 {
			s.HealthCheckID = oneOf(g.Rand, checks...)
		}
		g.policy(s, policy, i)
		g.source(s, policy)
		g.add(s)
	}
}

func (g *generator) policy(s *model.RRset, policy model.Policy, i int) {
	switch policy {
	case model.PolicyWeighted:
		weight := int64(g.IntN(4))
		s.Weight = &weight
	case model.PolicyLatency:
		s.Region = oneOf(g.Rand, regionPool...)
	case model.PolicyFailover:
		if s.Failover = model.FailoverSecondary; i == 0 {
			s.Failover, s.HealthCheckID = model.FailoverPrimary, oneOf(g.Rand, checks...)
		}
	case model.PolicyGeolocation:
		s.Geo = oneOf(g.Rand, &model.GeoLocation{Country: "*"}, &model.GeoLocation{Country: "US"}, &model.GeoLocation{Country: "US", Subdivision: "OR"},
			&model.GeoLocation{Continent: "EU"}, &model.GeoLocation{Continent: "NA"}, &model.GeoLocation{Country: "FR"}, &model.GeoLocation{Country: "CN"})
	case model.PolicyMultivalue:
		s.MultiValue = true
	case model.PolicyCIDR:
		s.CIDR = &model.CIDRRouting{CollectionID: refCollection, Location: oneOf(g.Rand, "paris", "lima", "nairobi", "*")}
	case model.PolicyGeoproximity:
		s.GeoProximity = &model.GeoProximity{AWSRegion: oneOf(g.Rand, regionPool...), Bias: int64(g.IntN(199) - 99)}
		if g.IntN(2) == 0 {
			s.GeoProximity.AWSRegion = ""
			s.GeoProximity.Latitude, s.GeoProximity.Longitude = fmt.Sprint(g.IntN(181)-90), fmt.Sprint(g.IntN(361)-180)
		}
	}
}

// source draws values, or an alias to a later level of the tree, to any name,
// or to a load balancer.
func (g *generator) source(s *model.RRset, policy model.Policy) {
	alias := func(zoneID string, name model.Name) {
		s.TTL, s.Alias = 0, &model.AliasTarget{ZoneID: zoneID, Name: name, EvaluateTargetHealth: g.IntN(3) > 0}
	}
	kind := g.IntN(6)
	if policy == model.PolicyMultivalue {
		kind = 9
	}
	switch {
	case kind == 0 && (s.Type == "A" || s.Type == "AAAA"):
		alias(targetsZone, targets[g.IntN(len(targets))])
	case kind <= 2 && s.Type == "A" && s.Name[0] == 't':
		alias(g.z.id, treeName(int(s.Name[1]-'0')+1, g.apex))
	case kind <= 2 && s.Type == "A":
		alias(g.z.id, treeName(g.IntN(3), g.apex))
	case kind == 3:
		alias(g.z.id, g.name())
	default:
		g.values(s)
	}
}

func (g *generator) values(s *model.RRset) {
	for range 1 + g.IntN(2) {
		g.n++
		switch s.Type {
		case "A":
			s.Values = append(s.Values, fmt.Sprintf("192.0.2.%d", g.n))
		case "AAAA":
			s.Values = append(s.Values, fmt.Sprintf("2001:db8::%x", g.n))
		case "TXT":
			s.Values = append(s.Values, fmt.Sprintf(`"%d"`, g.n))
		case "MX":
			s.Values = append(s.Values, fmt.Sprintf("%d %s", g.n, strings.TrimPrefix(string(g.name()), "*.")))
		case "CNAME":
			s.Values = []string{strings.TrimPrefix(string(g.name()), "*.")}
			if g.IntN(4) == 0 {
				s.Values = []string{"www.example.net."}
			}
			return
		}
		if s.MultiValue {
			return
		}
	}
}
