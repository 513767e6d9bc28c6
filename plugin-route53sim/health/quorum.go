package health

// quorumPercent: an endpoint is healthy if more of its checkers than this say
// so (aws-behaviour 4.4).
const quorumPercent = 18

// count is how many checkers have an opinion, and how many say healthy.
type count struct{ healthy, judged uint16 }

// verdict returns what the checkers hold an endpoint to be together.
//
//	judged  healthy         verdict
//	0       -               unknown: it stays what it was
//	n       > 18 % of n     healthy
//	n       <= 18 % of n    unhealthy
//
// A checker without an opinion, such as one that has just started, does not
// count: it would make what all others see failing healthy.
func (c count) verdict() opinion {
	if c.judged == 0 {
		return unknown
	}
	return opinionOf(int(c.healthy)*100 > quorumPercent*int(c.judged))
}

// voter is a checker whose ballots are heard.
type voter struct {
	region string
	data   []byte // of its last ballot

	// order is the one that data is in, nil if it is not known (yet); to says
	// where its checks stand in the order counted, nil if that is the same.
	order, counted *order
	to             []int32
	ballot         ballot
}

// read makes sense of the last ballot. A ballot in an order that is not known
// leaves the one before it standing.
func (v *voter) read(known orders) {
	b, cast, err := decodeBallot(v.data)
	if err != nil || !cast {
		return
	}
	if o := known.get(b.hash); o != nil && b.fits(o) {
		v.order, v.ballot, v.counted = o, b, nil
	}
	if v.order != nil && v.counted != known[0] {
		v.counted, v.to = known[0], v.order.translate(known[0])
	}
}

// add adds the opinions of v to counts, which stand in the order counted.
func (v *voter) add(counts []count) {
	if v.order == nil {
		return
	}
	for i := range v.order.ids {
		at := i
		if v.to != nil {
			if at = int(v.to[i]); at < 0 {
				continue
			}
		}
		op := v.ballot.of(i)
		counts[at].judged += uint16(op+1) >> 1
		counts[at].healthy += uint16(op) & 1
	}
}
