package health

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state/model"
)

// checker forms this node's own opinions.
type checker struct {
	node     string
	prober   atomic.Pointer[probe.Prober]
	observer Observer
	warnf    func(format string, args ...any)
	schedule *schedule

	mu       sync.Mutex
	checked  map[string]*checked
	opinions []opinion  // as they travel
	ordered  []*checked // in the order of opinions, nil: not probed
}

// checked is an endpoint and what it is held to be.
type checked struct {
	row    *model.HealthCheck
	target *probe.Target
	at     int // in opinions, -1: not there
	judge  judge
	said   string // by the last probe
}

func (c *checker) start() {
	c.checked = make(map[string]*checked)
	c.schedule = startSchedule(maxRunning)
}

// assign makes wanted what is probed, and ids, which are sorted, the order of
// opinions. A check that is assigned anew keeps the opinion on it.
func (c *checker) assign(ids []string, wanted map[string]*model.HealthCheck) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var gone []string
	for id := range c.checked {
		if wanted[id] == nil {
			delete(c.checked, id)
			gone = append(gone, id)
		}
	}
	var jobs []*job
	for id, row := range wanted {
		old := c.checked[id]
		if old != nil && old.row == row {
			continue
		}
		fresh := &checked{row: row}
		if old != nil {
			fresh.judge.opinion, fresh.said = old.judge.opinion, old.said
		}
		c.checked[id] = fresh
		if j := c.job(fresh); j != nil {
			jobs = append(jobs, j)
		} else {
			gone = append(gone, id)
		}
	}
	c.schedule.drop(gone)
	c.schedule.put(jobs)
	c.reorder(ids)
}

func (c *checker) reorder(ids []string) {
	c.opinions, c.ordered = make([]opinion, len(ids)), make([]*checked, len(ids))
	for id, ck := range c.checked {
		at, found := slices.BinarySearch(ids, id)
		if ck.at = at; !found {
			ck.at = -1
			continue
		}
		c.opinions[at], c.ordered[at] = ck.judge.opinion, ck
	}
}

// job returns what probes ck, nil if that cannot be probed.
func (c *checker) job(ck *checked) *job {
	target, err := probe.NewTarget(ck.row)
	if err != nil {
		c.warnf("Health check %s cannot be probed: %v", ck.row.ID, err)
		ck.judge = judge{}
		return nil
	}
	ck.target = target
	interval := 30 * time.Second
	if ck.row.Config.RequestInterval == 10 {
		interval = 10 * time.Second
	}
	return &job{
		id: ck.row.ID, interval: interval, phase: phaseOf(c.node, ck.row.ID, interval),
		run: func(ctx context.Context) { c.probe(ctx, ck) },
	}
}

// defaultThreshold is the failure threshold of a check that names none.
const defaultThreshold = 3

// probe probes once and notes what came of it.
func (c *checker) probe(ctx context.Context, ck *checked) {
	r := c.prober.Load().Probe(ctx, ck.target)
	if ctx.Err() != nil {
		return
	}
	c.observer.Probed(ck.row.Config.Type, r)
	threshold := int(ck.row.Config.FailureThreshold)
	if threshold == 0 {
		threshold = defaultThreshold
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.checked[ck.row.ID] != ck {
		return // assigned anew meanwhile
	}
	ck.said = r.Reason
	if ck.judge.note(r.Healthy, threshold) && ck.at >= 0 {
		c.opinions[ck.at] = ck.judge.opinion
	}
}

// own copies the opinions into dst, in the order assigned last.
func (c *checker) own(dst []opinion) []opinion {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(dst[:0], c.opinions...)
}

// said returns what the last probe said of the check at that place in the order
// of opinions, empty if there was none.
func (c *checker) said(at int32) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at < 0 || int(at) >= len(c.ordered) || c.ordered[at] == nil {
		return ""
	}
	return c.ordered[at].said
}
