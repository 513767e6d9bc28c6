package routing

import "sort"

// weighted is the table of a weighted group: the members that can be drawn,
// and for each the sum of weights up to and including it.
type weighted struct {
	sums    []uint32
	members []int32
}

// maxWeight is the greatest weight of an RRset (aws-behaviour 2.5).
const maxWeight = 255

// newWeighted keeps those that can be drawn (aws-behaviour 3.5):
//
//	weight > 0     weight 0  drawn
//	some healthy   any       the healthy ones of weight > 0, by weight
//	none healthy   healthy   the healthy ones of weight 0, evenly
//	none healthy   none      all of weight > 0, by weight
//	no member      none      all of weight 0, evenly
func newWeighted(entries []entry) *weighted {
	drawn := candidates(entries)
	if weighing := only(drawn, func(e entry) bool { return e.Weight > 0 }); len(weighing) > 0 {
		drawn = weighing
	}
	t := &weighted{make([]uint32, len(drawn)), make([]int32, len(drawn))}
	sum := uint32(0)
	for i, e := range drawn {
		sum += uint32(max(1, min(e.Weight, maxWeight)))
		t.sums[i], t.members[i] = sum, e.index
	}
	return t
}

func (t *weighted) pick(rnd *random) outcome {
	n := len(t.sums)
	if n == 0 {
		return outcome{member: none}
	}
	of := uint64(t.sums[n-1])
	draw := rnd.below(of)
	i := sort.Search(n, func(i int) bool { return uint64(t.sums[i]) > draw })
	return outcome{member: int(t.members[i]), draw: draw, of: of}
}
