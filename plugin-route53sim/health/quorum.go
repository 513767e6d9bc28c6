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
		counts[at].add(v.ballot.of(i))
	}
}

func (c *count) add(op opinion) {
	if op != unknown {
		c.judged++
		c.healthy += uint16(op) & 1
	}
}

// sums counts ballots that stand in the same order, four checks at a time: a
// word for each byte, with eight bits for how many are judged and eight for
// how many say healthy, four times.
type sums struct {
	words []uint64
	n     int // ballots in words, at most maxSummed
}

// maxSummed is how many ballots fit in eight bits.
const maxSummed = 255

// wordOf is what a byte of a ballot adds.
var wordOf = func() (words [256]uint64) {
	for b := range words {
		for i := range 4 {
			switch opinion(b >> (i * 2) & 3) {
			case healthy:
				words[b] += 0x0101 << (i * 16)
			case unhealthy:
				words[b] += 0x0100 << (i * 16)
			}
		}
	}
	return words
}()

// add adds bits. When they are full it adds the sums to counts.
func (s *sums) add(bits []byte, counts []count) {
	if len(s.words) != len(bits) {
		s.words, s.n = make([]uint64, len(bits)), 0
	}
	words := s.words
	for i, b := range bits {
		words[i] += wordOf[b]
	}
	if s.n++; s.n == maxSummed {
		s.flush(counts)
	}
}

// flush adds the sums to counts and begins anew.
func (s *sums) flush(counts []count) {
	if s.n == 0 {
		return
	}
	for i, w := range s.words {
		for at := i * 4; at < min(i*4+4, len(counts)); at++ {
			counts[at].healthy += uint16(w & 0xff)
			counts[at].judged += uint16(w >> 8 & 0xff)
			w >>= 16
		}
	}
	clear(s.words)
	s.n = 0
}
