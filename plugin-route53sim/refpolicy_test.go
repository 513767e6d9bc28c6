package route53sim

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
)

// The files ref*_test.go are a resolver written from aws-behaviour 3 alone, as
// slow and plain as can be. It works on rows and yields every answer that is
// possible, with its probability.

// chances are the possible outcomes of something random, by their text.
type chances map[string]float64

// refClient is who asks: what is known of it is what the world says of its
// address.
type refClient struct {
	prefix   netip.Prefix
	geo      *refGeo
	rtt      map[string]float64 // by Region; nil: by distance
	lat, lon float64
	vpc      *refVPC // that it is inside, nil if none
}

// refGeo is what the world's geoip database has of a network.
type refGeo struct {
	network                         netip.Prefix
	country, subdivision, continent string
	located                         bool
	lat, lon                        float64
}

// distance is the great-circle distance in km, by the haversine formula.
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	rad := math.Pi / 180
	a := math.Pow(math.Sin((lat2-lat1)*rad/2), 2) + math.Cos(lat1*rad)*math.Cos(lat2*rad)*math.Pow(math.Sin((lon2-lon1)*rad/2), 2)
	return 2 * 6371.0088 * math.Asin(math.Min(1, math.Sqrt(a)))
}

func regionPlace(name string) (lat, lon float64) {
	r, ok := locate.RegionByName(name)
	if !ok {
		panic("the reference knows no Region " + name)
	}
	return r.Point().Latitude(), r.Point().Longitude()
}

// pick is one call of policyPick: the candidates that it may return, with their
// probabilities; none at all means nil.
func (w *world) pick(policy model.Policy, cand []*model.RRset, c *refClient) map[*model.RRset]float64 {
	if len(cand) == 0 {
		return nil
	}
	switch policy {
	case model.PolicyWeighted:
		return pickWeighted(cand)
	case model.PolicyLatency:
		return best(cand, func(s *model.RRset) float64 { return c.latency(s.Region) })
	case model.PolicyGeoproximity:
		return best(cand, func(s *model.RRset) float64 { return c.biased(s.GeoProximity) })
	case model.PolicyFailover:
		return best(cand, func(s *model.RRset) float64 { return float64(strings.Index("PRIMARY SECONDARY", s.Failover)) })
	case model.PolicyGeolocation:
		return first(cand, c.locations(), func(s *model.RRset) string { return s.Geo.String() })
	case model.PolicyCIDR:
		return first(cand, w.locations(cand[0].CIDR.CollectionID, c), func(s *model.RRset) string { return s.CIDR.Location })
	}
	return map[*model.RRset]float64{cand[0]: 1}
}

func pickWeighted(cand []*model.RRset) map[*model.RRset]float64 {
	sum := int64(0)
	for _, s := range cand {
		sum += *s.Weight
	}
	picked := map[*model.RRset]float64{}
	for _, s := range cand {
		if sum == 0 {
			picked[s] = 1 / float64(len(cand))
		} else if *s.Weight > 0 {
			picked[s] = float64(*s.Weight) / float64(sum)
		}
	}
	return picked
}

// best returns the candidate with the least number, the first by set identifier
// of several.
func best(cand []*model.RRset, number func(*model.RRset) float64) map[*model.RRset]float64 {
	sorted := slices.Clone(cand)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].SetID < sorted[j].SetID })
	sort.SliceStable(sorted, func(i, j int) bool { return number(sorted[i]) < number(sorted[j])-1e-4 })
	return map[*model.RRset]float64{sorted[0]: 1}
}

// first returns the candidate for the first of the keys that has one.
func first(cand []*model.RRset, keys []string, key func(*model.RRset) string) map[*model.RRset]float64 {
	for _, k := range keys {
		for _, s := range cand {
			if key(s) == k {
				return map[*model.RRset]float64{s: 1}
			}
		}
	}
	return nil
}

// latency is the round trip to a Region; in China, Regions there come first.
func (c *refClient) latency(region string) float64 {
	lat, lon := regionPlace(region)
	ms := distance(c.lat, c.lon, lat, lon)
	if c.rtt != nil {
		ms = c.rtt[region]
	}
	if c.geo != nil && c.geo.country == "CN" && !strings.HasPrefix(region, "cn-") {
		ms += 1e6
	}
	return ms
}

// biased is the distance to a resource with its bias, in km.
func (c *refClient) biased(g *model.GeoProximity) float64 {
	var lat, lon float64
	if g.AWSRegion != "" {
		lat, lon = regionPlace(g.AWSRegion)
	} else {
		_, _ = fmt.Sscan(g.Latitude+" "+g.Longitude, &lat, &lon)
	}
	d, b := distance(c.lat, c.lon, lat, lon), float64(g.Bias)
	if b > 0 {
		return d * (1 - b/100)
	}
	return d / (1 + b/100)
}

// locations are those of the client's for geolocation, the smallest first.
func (c *refClient) locations() []string {
	var all []string
	add := func(g model.GeoLocation) { all = append(all, g.String()) }
	if g := c.geo; g != nil {
		if g.country == "US" && g.subdivision != "" {
			add(model.GeoLocation{Country: g.country, Subdivision: g.subdivision})
		}
		if g.country != "" {
			add(model.GeoLocation{Country: g.country})
		}
		if g.continent != "" {
			add(model.GeoLocation{Continent: g.continent})
		}
	}
	add(model.GeoLocation{Country: "*"})
	return all
}

// locations are those of a collection's that the client is in, by the longest
// block first, then the default.
func (w *world) locations(collection string, c *refClient) []string {
	var names []string
	for bits := c.prefix.Bits(); bits > 0; bits-- {
		block, _ := c.prefix.Addr().Prefix(bits)
		if name, ok := w.collections[collection][block]; ok {
			names = append(names, name)
		}
	}
	return append(names, "*")
}

// scope is how many bits of the client's prefix a policy looks at.
func (w *world) scope(policy model.Policy, cand []*model.RRset, c *refClient) int {
	switch policy {
	case model.PolicyLatency, model.PolicyGeolocation, model.PolicyGeoproximity:
		return c.prefix.Bits()
	case model.PolicyCIDR:
		return w.cidrScope(cand[0].CIDR.CollectionID, c)
	}
	return 0
}

// cidrScope is the length of the block that the client is in, unless clients
// of that block can be in different ones.
func (w *world) cidrScope(collection string, c *refClient) int {
	for bits := c.prefix.Bits(); bits > 0; bits-- {
		block, _ := c.prefix.Addr().Prefix(bits)
		if _, ok := w.collections[collection][block]; !ok {
			continue
		}
		for other := range w.collections[collection] {
			if other.Bits() > bits && block.Contains(other.Addr()) {
				return c.prefix.Bits()
			}
		}
		return bits
	}
	return c.prefix.Bits()
}
