package routing

import (
	"slices"
	"strings"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// latency is the table of a latency group: the members that can be chosen, in
// the order of their Regions' names, those of unknown Regions last.
type latency struct{ members []regional }

type regional struct {
	region locate.Region
	member int32
}

func newLatency(entries []entry) *latency {
	chosen := slices.Clone(candidates(entries))
	slices.SortStableFunc(chosen, func(a, b entry) int { return strings.Compare(a.Region, b.Region) })
	t := &latency{make([]regional, 0, len(chosen))}
	var unknown []regional
	for _, e := range chosen {
		if r, ok := locate.RegionByName(e.Region); ok {
			t.members = append(t.members, regional{r, e.index})
		} else {
			unknown = append(unknown, regional{locate.NoRegion, e.index})
		}
	}
	t.members = append(t.members, unknown...)
	return t
}

// pick returns the member with the least round trip; of several the first by
// Region. For a client in China Regions there come before all others,
// irrespective of latency (aws-behaviour 3.5).
func (t *latency) pick(client *locate.Client) int {
	best, least, bestLocal := none, 0.0, false
	china := client.InChina()
	for _, m := range t.members {
		local := china && m.region.InChina()
		far := client.Remoteness(m.region)
		if best == none || local && !bestLocal || local == bestLocal && far < least {
			best, least, bestLocal = int(m.member), far, local
		}
	}
	return best
}
