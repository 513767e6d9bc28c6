package statetest

import (
	"fmt"
	"testing"
	"time"
)

// TestNothingDeletedComesBack cuts a node off until the tombstones of what was
// deleted meanwhile are gone on the others, with logs too short to help: the
// rows themselves must tell that those rows were seen and removed.
func TestNothingDeletedComesBack(t *testing.T) {
	for name, busy := range map[string]bool{"it was idle": false, "it wrote meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			histories(t, func(seed uint64) error { return cutOff(seed, busy) })
		})
	}
}

func cutOff(seed uint64, busy bool) error {
	s := New(seed, 3, Faults{MaxDelay: 20 * time.Millisecond, LogBytes: 1500, Horizon: 5 * time.Second})
	for i := range 3 {
		if err := s.Start(i); err != nil {
			return err
		}
	}
	for i := range 10 {
		s.Put(i%3, fmt.Sprint("Zdoomed", i), false)
	}
	if err := settle(s, 3); err != nil {
		return err
	}
	s.Partition([]int{0, 0, 1})
	for i := range 40 {
		s.Put(i%2, fmt.Sprint("Zfiller", i), false)
		if busy {
			s.Put(2, fmt.Sprint("Zbusy", i), false)
		}
		if i < 10 {
			s.Put(0, fmt.Sprint("Zdoomed", i), true)
		}
		if err := s.Run(100 * time.Millisecond); err != nil {
			return err
		}
	}
	if err := s.Run(time.Minute); err != nil {
		return err
	}
	if n := s.Tombstones(0); n != 0 {
		return fmt.Errorf("%d tombstones are left past the horizon", n)
	}
	if err := settle(s, 3); err != nil {
		return err
	}
	for i := range 3 {
		if s.Shows(i, "Zdoomed3") {
			return fmt.Errorf("node %d shows a row that was deleted", i)
		}
		if !s.Shows(i, "Zfiller7") || s.Shows(i, "Zbusy7") != busy {
			return fmt.Errorf("node %d lost a row", i)
		}
	}
	return nil
}
