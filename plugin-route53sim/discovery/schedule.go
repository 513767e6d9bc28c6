package discovery

import "container/heap"

// schedule is the instances that time changes, the next one first.
type schedule []*instance

// put makes until the time at which i changes; 0 takes it out.
func (s *schedule) put(i *instance, until int64) {
	i.until = until
	switch {
	case i.place == 0 && until == 0:
	case i.place == 0:
		heap.Push(s, i)
	case until == 0:
		heap.Remove(s, i.place-1)
	default:
		heap.Fix(s, i.place-1)
	}
}

// next returns the instance that changes next, or nil.
func (s schedule) next() *instance {
	if len(s) == 0 {
		return nil
	}
	return s[0]
}

// Len implements [heap.Interface].
func (s schedule) Len() int { return len(s) }

// Less implements [heap.Interface].
func (s schedule) Less(a, b int) bool { return s[a].until < s[b].until }

// Swap implements [heap.Interface].
func (s schedule) Swap(a, b int) {
	s[a], s[b] = s[b], s[a]
	s[a].place, s[b].place = a+1, b+1
}

// Push implements [heap.Interface].
func (s *schedule) Push(x any) {
	i := x.(*instance)
	*s = append(*s, i)
	i.place = len(*s)
}

// Pop implements [heap.Interface].
func (s *schedule) Pop() any {
	last := len(*s) - 1
	i := (*s)[last]
	(*s)[last], i.place = nil, 0
	*s = (*s)[:last]
	return i
}
