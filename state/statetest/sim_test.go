package statetest

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var (
	seed    = flag.Uint64("seed", 0, "run only the history of this seed")
	seedNum = flag.Int("histories", 25, "how many histories to run")
)

// histories runs f for each seed.
func histories(t *testing.T, f func(seed uint64) error) {
	if *seed != 0 {
		if err := f(*seed); err != nil {
			t.Fatalf("seed %d: %v", *seed, err)
		}
		return
	}
	for i := range *seedNum {
		s := uint64(i + 1)
		if err := f(s); err != nil {
			t.Fatalf("seed %d (repeat with -seed %d): %v", s, s, err)
		}
	}
}

var rough = Faults{Loss: 0.2, Duplicate: 0.1, MaxDelay: 80 * time.Millisecond, Skew: 2 * time.Second}

// settle heals everything, starts what is off and waits for equality.
func settle(s *Sim, n int) error {
	s.Heal()
	for i := range n {
		if !s.Running(i) {
			if err := s.Start(i); err != nil {
				return err
			}
		}
	}
	s.Faults.DiskFailure = 0
	var last error
	for range 120 {
		if err := s.Run(time.Second); err != nil {
			return err
		}
		if last = s.Converged(); last == nil {
			return nil
		}
	}
	return fmt.Errorf("not converged after two minutes: %w", last)
}

func TestCalm(t *testing.T) {
	histories(t, func(seed uint64) error {
		s := New(seed, 3, Faults{MaxDelay: time.Millisecond})
		for i := range 3 {
			if err := s.Start(i); err != nil {
				return err
			}
		}
		if err := s.Run(10 * time.Second); err != nil { // all list each other
			return err
		}
		for range 100 {
			s.Commit(s.Rand().IntN(3), 10)
			if err := s.Run(50 * time.Millisecond); err != nil {
				return err
			}
		}
		if err := settle(s, 3); err != nil {
			return err
		}
		if s.Replies != 100 || s.InSync == 0 {
			return fmt.Errorf("%d of 100 commits answered, %d found in sync", s.Replies, s.InSync)
		}
		// A commit and its views take 35 ms at most, question and answer two more.
		if s.SlowestSync > 40*time.Millisecond {
			return fmt.Errorf("found in sync after %v: members do not answer as soon as they can", s.SlowestSync)
		}
		return nil
	})
}

func TestPartitionsCrashesAndWipes(t *testing.T) {
	tests := []struct {
		name  string
		wipes bool
		log   int64
		fails float64
	}{
		{"disks stay", false, 0, 0},
		{"disks stay, short log", false, 2000, 0},
		{"disks are lost", true, 0, 0},
		{"disks are lost, short log", true, 2000, 0},
		{"disks fail", false, 2000, 0.02},
		{"disks fail and are lost", true, 2000, 0.02},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			rows, failures := 0, 0
			histories(t, func(seed uint64) error {
				s, err := storm(seed, 5, tc.wipes, tc.log, tc.fails)
				for i := range 5 {
					s.Crash(i)
				}
				rows += s.RowPulls
				failures += s.Failures
				return err
			})
			if tc.log > 0 && rows == 0 {
				t.Error("no repair went by rows")
			}
			if tc.fails > 0 && failures == 0 {
				t.Error("no write failed")
			}
		})
	}
}

// storm is a minute of everything that can go wrong.
func storm(seed uint64, n int, wipes bool, log int64, fails float64) (*Sim, error) {
	faults := rough
	faults.LogBytes, faults.DiskFailure = log, fails
	s := New(seed, n, faults)
	r := s.Rand()
	for i := range n {
		if err := s.Start(i); err != nil {
			return s, err
		}
	}
	for range 600 {
		switch p := r.IntN(100); {
		case p < 55:
			s.Commit(r.IntN(n), 20)
		case p < 58:
			groups := make([]int, n)
			for i := range groups {
				groups[i] = r.IntN(2)
			}
			s.Partition(groups)
		case p < 61:
			s.Heal()
		case p < 64:
			s.Crash(r.IntN(n))
		case p < 70:
			if i := r.IntN(n); !s.Running(i) {
				if wipes && r.IntN(3) == 0 {
					s.Wipe(i)
				}
				if err := s.Start(i); err != nil {
					return s, err
				}
			}
		}
		if err := s.Run(time.Duration(r.IntN(200)) * time.Millisecond); err != nil {
			return s, err
		}
	}
	return s, settle(s, n)
}
