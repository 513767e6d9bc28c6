package health

import (
	"iter"
	"slices"
)

// States is what all health checks are at one moment. It never changes. A nil
// States knows of none.
type States struct {
	// Version rises with each States of a node.
	Version uint64

	edition int      // of ids
	ids     []string // sorted, shared among versions
	status  []Status
}

// Healthy tells whether the check of that id is healthy. A check that does not
// exist is: what refers to it must go on being answered (aws-behaviour 4.2).
func (s *States) Healthy(id string) bool {
	st, ok := s.Status(id)
	return !ok || st.Healthy
}

// Status returns what is known of the check of that id, if it exists.
func (s *States) Status(id string) (Status, bool) {
	if s == nil {
		return Status{}, false
	}
	i, found := slices.BinarySearch(s.ids, id)
	if !found {
		return Status{}, false
	}
	return s.status[i], true
}

// All returns the checks in the order of their ids.
func (s *States) All() iter.Seq2[string, Status] {
	return func(yield func(string, Status) bool) {
		if s == nil {
			return
		}
		for i, id := range s.ids {
			if !yield(id, s.status[i]) {
				return
			}
		}
	}
}

// Len returns how many checks there are.
func (s *States) Len() int {
	if s == nil {
		return 0
	}
	return len(s.ids)
}
