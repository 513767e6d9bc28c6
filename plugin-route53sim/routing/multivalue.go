package routing

import "slices"

// multivalue is the table of a multivalue group: the members that can be
// answered with.
type multivalue struct{ members []int32 }

func newMultivalue(entries []entry) *multivalue {
	t := &multivalue{}
	for _, e := range candidates(entries) {
		t.members = append(t.members, e.index)
	}
	return t
}

// pick appends at most MaxAnswers members to buf, every set of them as likely
// as any other, in random order (Floyd's sampling: Bentley, Programming pearls,
// CACM 30(9), 1987; then a shuffle).
func (t *multivalue) pick(rnd *random, buf []int) []int {
	n := len(t.members)
	start := len(buf)
	for j := n - min(n, MaxAnswers); j < n; j++ {
		position := int(rnd.below(uint64(j) + 1))
		if slices.Contains(buf[start:], position) {
			position = j
		}
		buf = append(buf, position)
	}
	drawn := buf[start:]
	for i := len(drawn) - 1; i > 0; i-- {
		j := rnd.below(uint64(i) + 1)
		drawn[i], drawn[j] = drawn[j], drawn[i]
	}
	for i, position := range drawn {
		drawn[i] = int(t.members[position])
	}
	return buf
}
