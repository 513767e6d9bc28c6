package health

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

const (
	// maxRunning is how many jobs run at a time. It is met only when thousands
	// of endpoints hang; then all are late, in the order in which they were due.
	maxRunning = 4096
	// grain is how fine moments are: who is due within one starts together,
	// which costs one wake-up instead of many.
	grain = 50 * time.Millisecond
	// maxIdle is how many goroutines are kept for the next jobs: a new one has
	// to grow its stack first.
	maxIdle = 128
	// startPace is how many new jobs begin in a second at most.
	startPace = 1000
)

// job is something done again and again.
type job struct {
	id       string
	interval time.Duration
	// phase, in [0, interval), is when within each interval it is done.
	phase time.Duration
	run   func(ctx context.Context)

	due     time.Duration // since the schedule began
	at      int           // in the heap, -1: not there
	dropped bool
}

// schedule does jobs at their intervals, each in a goroutine of its own while
// it runs, never twice at a time. The phases spread them evenly.
type schedule struct {
	began time.Time
	wake  chan struct{}
	done  sync.WaitGroup
	ctx   context.Context
	stop  context.CancelFunc

	mu      sync.Mutex
	jobs    map[string]*job
	due     jobHeap
	waiting []*job // due, and held up by maxRunning
	running int
	max     int
	idle    int
	queue   chan *job // to those that idle
}

// startSchedule returns a schedule that runs until close.
func startSchedule(max int) *schedule {
	s := &schedule{began: time.Now(), wake: make(chan struct{}, 1), jobs: make(map[string]*job), max: max, queue: make(chan *job, maxIdle)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.done.Go(s.loop)
	return s
}

// close ends all jobs and waits for them.
func (s *schedule) close() {
	s.stop()
	s.done.Wait()
}

// phaseOf spreads jobs over an interval: the same for the same node and id, as
// good as random among others.
func phaseOf(node, id string, interval time.Duration) time.Duration {
	return time.Duration(xxhash.Sum64String(node+"\x00"+id)%uint64(interval/grain)) * grain
}

// put replaces or adds jobs. Each is done for the first time soon, spread so
// that many of them do not come at once, from then on at its phase.
func (s *schedule) put(jobs []*job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Since(s.began)
	soon := time.Duration(len(jobs)) * time.Second / startPace
	for _, j := range jobs {
		s.dropLocked(j.id)
		s.jobs[j.id] = j
		first := now + time.Duration(float64(min(soon, j.interval))*float64(j.phase)/float64(j.interval))
		j.at = -1
		s.pushLocked(j, first)
	}
	s.poke()
}

// drop removes jobs. One that runs ends in its own time.
func (s *schedule) drop(ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.dropLocked(id)
	}
}

func (s *schedule) dropLocked(id string) {
	j := s.jobs[id]
	if j == nil {
		return
	}
	delete(s.jobs, id)
	j.dropped = true
	if j.at >= 0 {
		heap.Remove(&s.due, j.at)
	}
}

func (s *schedule) pushLocked(j *job, due time.Duration) {
	j.due = (due + grain - 1) / grain * grain
	heap.Push(&s.due, j)
}

func (s *schedule) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop starts what is due.
func (s *schedule) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.wake:
		case <-s.ctx.Done():
			return
		}
		timer.Reset(s.startDue())
	}
}

// startDue starts what is due and returns how long nothing else will be.
func (s *schedule) startDue() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Since(s.began)
	for len(s.due) > 0 && s.due[0].due <= now {
		j := heap.Pop(&s.due).(*job)
		if s.running == s.max {
			s.waiting = append(s.waiting, j)
			continue
		}
		s.running++
		if s.idle > 0 {
			s.idle--
			s.queue <- j // has room for all that idle
			continue
		}
		s.done.Go(func() { s.work(j) })
	}
	if len(s.due) == 0 {
		return time.Hour
	}
	return s.due[0].due - now
}

// work does j, and then what waits or comes.
func (s *schedule) work(j *job) {
	for s.ctx.Err() == nil {
		j.run(s.ctx)
		next, stay := s.next(j)
		if j = next; j != nil {
			continue
		}
		if !stay {
			return
		}
		select {
		case j = <-s.queue:
		case <-s.ctx.Done():
		}
	}
}

// next schedules j anew and returns what to do after it, nil for nothing; then
// stay tells whether to wait for something.
func (s *schedule) next(j *job) (next *job, stay bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !j.dropped {
		now := time.Since(s.began)
		s.pushLocked(j, max(now, nextSlot(j.due, j.phase, j.interval)))
		if s.due[0] == j {
			s.poke()
		}
	}
	for len(s.waiting) > 0 {
		w := s.waiting[0]
		s.waiting[0] = nil
		if s.waiting = s.waiting[1:]; !w.dropped {
			return w, true
		}
	}
	s.running--
	if stay = s.idle < maxIdle; stay {
		s.idle++
	}
	return nil, stay
}

// nextSlot returns the first moment after t at the phase of an interval.
func nextSlot(t, phase, interval time.Duration) time.Duration {
	slot := t/interval*interval + phase
	if slot <= t {
		slot += interval
	}
	return slot
}

// jobHeap has the job that is due first at its root.
type jobHeap []*job

func (h jobHeap) Len() int           { return len(h) }
func (h jobHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h jobHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements [heap.Interface].
func (h *jobHeap) Push(x any) {
	j := x.(*job)
	j.at = len(*h)
	*h = append(*h, j)
}

// Pop implements [heap.Interface].
func (h *jobHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*h, j.at = old[:len(old)-1], -1
	return j
}
