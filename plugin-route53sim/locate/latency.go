package locate

import (
	"math"
	"net/netip"

	"github.com/gaissmai/bart"
)

// kilometresPerMillisecond turns a great-circle distance into a round trip:
// 200 km/ms in fibre, there and back, along one and a half times the way.
const kilometresPerMillisecond = 200.0 / 2 / 1.5

// roundTrips holds milliseconds to every Region; +Inf to NoRegion.
type roundTrips [len(regionTable)]float32

// byDistance holds, for each Region, the round trips by distance from it.
var byDistance = func() (all [len(regionTable)]roundTrips) {
	for from := range all {
		for to := range all[from] {
			all[from][to] = estimate(Region(from).Point(), Region(to).Point())
		}
	}
	return all
}()

// estimate returns the round trip between two points by distance; +Inf if one
// is nowhere.
func estimate(p, q Point) float32 {
	return float32(p.Kilometres(q) / kilometresPerMillisecond)
}

// Latency holds measured round-trip times, as [ParseLatency] reads them. A nil
// Latency holds none.
//
// Times that were not measured are filled in so that all can be compared: the
// least, over the measured Regions, of the time to it and the time by distance
// from it to the one in question. A Region counts as measured from itself, at
// 0 ms if nothing else is said.
type Latency struct {
	networks bart.Table[*vector]
	regions  [len(regionTable)]*vector // nil: no lines from there
}

// vector is what was measured from one place, filled in.
type vector struct {
	rtt roundTrips
	// nearest is the measured Region with the least time; of several the first
	// by name.
	nearest Region
}

// network returns what was measured from the longest prefix that covers p; nil
// if none does.
func (l *Latency) network(p netip.Prefix) *vector {
	if l == nil {
		return nil
	}
	v, _ := l.networks.LookupPrefix(p)
	return v
}

// measured tells whether there are lines from r.
func (l *Latency) measured(r Region) bool { return l != nil && l.regions[r] != nil }

// from returns the round trips from r: measured, else by distance.
func (l *Latency) from(r Region) *roundTrips {
	if l.measured(r) {
		return &l.regions[r].rtt
	}
	return &byDistance[r]
}

// Networks returns how many CIDR blocks there are measurements from.
func (l *Latency) Networks() int {
	if l == nil {
		return 0
	}
	return l.networks.Size()
}

// newVector fills in what was not measured; measured holds at least one
// Region.
func newVector(measured map[Region]float32) *vector {
	v := &vector{}
	least := float32(math.Inf(1))
	for _, r := range Regions() {
		if ms, ok := measured[r]; ok && ms < least {
			v.nearest, least = r, ms
		}
	}
	for r := range v.rtt {
		v.rtt[r] = through(measured, Region(r))
	}
	return v
}

// through returns the time to r: measured, or by the best way through a
// measured Region.
func through(measured map[Region]float32, r Region) float32 {
	if ms, ok := measured[r]; ok {
		return ms
	}
	best := float32(math.Inf(1))
	for via, ms := range measured {
		best = min(best, ms+byDistance[via][r])
	}
	return best
}
