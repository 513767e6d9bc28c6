package routing

import (
	"math"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// geoproximity is the table of a geoproximity group: the members that can be
// chosen, in the order of set identifiers.
type geoproximity struct{ members []placed }

type placed struct {
	point  locate.Point
	factor float64 // of the distance, from the bias
	member int32
}

// maxBias bounds a bias to [-maxBias, maxBias].
const maxBias = 99

func newGeoproximity(entries []entry) *geoproximity {
	t := &geoproximity{}
	for _, e := range candidates(entries) {
		t.members = append(t.members, placed{e.Point, biasFactor(e.Bias), e.index})
	}
	return t
}

// biasFactor returns what a distance is multiplied by (aws-behaviour 3.5): with
// bias b, 1 - b/100 where b is positive, 1/(1 + b/100) where it is negative.
func biasFactor(bias int64) float64 {
	b := float64(max(-maxBias, min(bias, maxBias))) / 100
	if b >= 0 {
		return 1 - b
	}
	return 1 / (1 + b)
}

// pick returns the member with the least biased distance; of several, to the
// metre, the first by set identifier.
func (t *geoproximity) pick(client *locate.Client) int {
	best, least := none, 0.0
	for i := range t.members {
		m := &t.members[i]
		if d := m.distance(client); best == none || d < least {
			best, least = int(m.member), d
		}
	}
	return best
}

// distance returns the biased distance from client in whole metres, so that
// rounding of the last bits does not break ties.
func (p *placed) distance(client *locate.Client) float64 {
	return math.Round(client.Kilometres(p.point) * p.factor * 1000)
}
