package routing

import "math/bits"

// random is the sequence of draws that follows from a seed: SplitMix64
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
type random uint64

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below returns a draw in [0, n); n is positive. The bias, less than n in
// 2^64, is beyond notice.
func (r *random) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.next(), n)
	return hi
}
