package health

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// runs notes when jobs run.
type runs struct {
	began time.Time
	mu    sync.Mutex
	at    map[string][]time.Duration
	now   int
	most  int
}

func newRuns() *runs { return &runs{began: time.Now(), at: make(map[string][]time.Duration)} }

// job returns one that takes a while.
func (r *runs) job(id string, interval, takes time.Duration) *job {
	return &job{id: id, interval: interval, phase: phaseOf("node", id, interval), run: func(ctx context.Context) {
		r.mu.Lock()
		r.at[id] = append(r.at[id], time.Since(r.began))
		r.now++
		r.most = max(r.most, r.now)
		r.mu.Unlock()
		select {
		case <-time.After(takes):
		case <-ctx.Done():
		}
		r.mu.Lock()
		r.now--
		r.mu.Unlock()
	}}
}

func (r *runs) mostAtOnce() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.most
}

func (r *runs) of(id string) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.at[id])
}

func TestScheduleSpreadsJobsEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, interval = 10000, 10 * time.Second
		s, r := startSchedule(maxRunning), newRuns()
		defer s.close()
		var jobs []*job
		for i := range n {
			jobs = append(jobs, r.job(fmt.Sprint(i), interval, time.Millisecond))
		}
		s.put(jobs)
		time.Sleep(4*interval - time.Millisecond)
		s.close() // nothing runs beside what follows
		perSecond := make([]int, 40)
		for _, at := range r.at {
			if len(at) != 4 {
				t.Fatalf("%d runs in 4 intervals, want 4: %v", len(at), at)
			}
			for i, d := range at {
				perSecond[d/time.Second]++
				if i > 0 && d-at[i-1] != interval {
					t.Fatalf("runs %v apart, want %v", d-at[i-1], interval)
				}
			}
		}
		for second, got := range perSecond {
			if got < 850 || got > 1150 {
				t.Errorf("%d runs in second %d, want about 1000", got, second)
			}
		}
		if most := r.mostAtOnce(); most > 100 {
			t.Errorf("%d jobs at once, want about 50", most)
		}
	})
}

func TestScheduleBeginsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := startSchedule(maxRunning), newRuns()
		defer s.close()
		s.put([]*job{r.job("a", 30*time.Second, 0)})
		time.Sleep(2 * grain)
		if got := r.of("a"); len(got) != 1 {
			t.Fatalf("runs at %v after 20 ms, want one", got)
		}
		time.Sleep(30 * time.Second)
		if got := r.of("a"); len(got) != 2 {
			t.Errorf("runs at %v after an interval, want two", got)
		}
	})
}

func TestScheduleNeverRunsAJobTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := startSchedule(maxRunning), newRuns()
		defer s.close()
		s.put([]*job{r.job("slow", 10*time.Second, 14*time.Second)})
		time.Sleep(60 * time.Second)
		got := r.of("slow")
		for i := 1; i < len(got); i++ {
			if d := got[i] - got[i-1]; d < 14*time.Second || d > 14*time.Second+2*grain {
				t.Errorf("runs at %v, want one as soon as the other has ended", got)
			}
		}
	})
}

func TestScheduleBoundsWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := startSchedule(3), newRuns()
		defer s.close()
		var jobs []*job
		for i := range 12 {
			jobs = append(jobs, r.job(fmt.Sprint(i), 10*time.Second, time.Second))
		}
		s.put(jobs)
		time.Sleep(5 * time.Second)
		if most := r.mostAtOnce(); most != 3 {
			t.Errorf("%d jobs at once, want 3", most)
		}
		for i := range 12 {
			if got := r.of(fmt.Sprint(i)); len(got) == 0 {
				t.Errorf("job %d did not run in 5 seconds", i)
			}
		}
	})
}

func TestScheduleDropsAndReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, old, fresh := startSchedule(1), newRuns(), newRuns()
		defer s.close()
		s.put([]*job{old.job("running", 10*time.Second, 5*time.Second), old.job("waiting", 10*time.Second, 5*time.Second)})
		time.Sleep(time.Second) // one runs, the other waits for it
		s.drop([]string{"waiting", "missing"})
		s.put([]*job{fresh.job("running", 30*time.Second, 0)})
		if len(old.of("running"))+len(old.of("waiting")) != 1 {
			t.Fatal("not exactly one job runs")
		}
		time.Sleep(time.Minute)
		if n := len(old.of("running")) + len(old.of("waiting")); n != 1 {
			t.Errorf("dropped jobs ran %d times, want once, before", n)
		}
		if got := fresh.of("running"); len(got) < 2 {
			t.Errorf("what replaced a job ran at %v, want twice", got)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.jobs) != 1 || len(s.due) != 1 {
			t.Errorf("%d jobs, %d due, want 1 and 1", len(s.jobs), len(s.due))
		}
	})
}

func TestPhaseIsOfNodeAndCheck(t *testing.T) {
	a := phaseOf("a", "check", 10*time.Second)
	if again := phaseOf("a", "check", 10*time.Second); again != a {
		t.Errorf("phase = %v, then %v, want the same", a, again)
	}
	if b, c := phaseOf("b", "check", 10*time.Second), phaseOf("a", "other", 10*time.Second); a == b || a == c {
		t.Errorf("phases of another node and check = %v, %v, want others than %v", b, c, a)
	}
}
