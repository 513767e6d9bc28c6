package health

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// Tables are those whose rows a [Health] follows.
func Tables() []string {
	return []string{model.TableHealthChecks, model.TableHealthForces, model.TableHealthSignals}
}

// Logger is where changes of health are reported. It must not block.
type Logger interface {
	Warnf(format string, args ...any)
	// Infos reports several lines at once, each of which stands for itself.
	Infos(lines []string)
}

// Observer counts what happens. Its methods are called from many goroutines
// and must not block.
type Observer interface {
	// Probed is called after each probe of a check of that type.
	Probed(checkType string, r probe.Result)
	// Changed is called after changes of checks' states, with how many have
	// become what.
	Changed(healthy, unhealthy int)
}

// Config is what a [Health] is started with.
type Config struct {
	Replica *state.Replica
	// Node is this node's name, Region where it stands.
	Node, Region string
	// Check makes this node a checker, PublicOnly one that refuses what is not
	// on the public Internet; see [Health.Check].
	Check, PublicOnly bool

	Prober   *probe.Prober // nil: as probe.Prober's zero value
	Log      Logger
	Observer Observer
}

// Health judges health checks together with other nodes.
type Health struct {
	config  Config
	checker *checker
	scribe  *scribe

	cancel    context.CancelFunc
	done      sync.WaitGroup
	stopWatch func()
	news      chan struct{} // something is to be taken
	states    atomic.Pointer[States]
	checks    atomic.Bool
	voting    atomic.Int64

	inboxMu sync.Mutex
	inbox   map[state.Origin]state.Pulse
	heard   map[state.Origin]bool // members that have told anything

	newsMu  sync.Mutex
	changed map[string]bool

	// Of the loop:
	tally tally
}

// Start begins to follow the rows, to listen and, if configured, to probe.
func Start(c Config) *Health {
	if c.Prober == nil {
		c.Prober = new(probe.Prober)
	}
	h := &Health{
		config: c, news: make(chan struct{}, 1),
		inbox: make(map[state.Origin]state.Pulse), heard: make(map[state.Origin]bool), changed: make(map[string]bool),
	}
	h.checker = &checker{node: c.Node, observer: c.Observer, warnf: c.Log.Warnf}
	h.checker.start()
	h.Check(c.Check, c.PublicOnly)
	h.scribe = newScribe(c.Replica, c.Log)
	h.tally = newTally(h.scribe.recall())
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.stopWatch = c.Replica.WatchPulses(h.hear)
	h.done.Go(func() { h.loop(ctx) })
	h.done.Go(func() { h.scribe.loop(ctx) })
	return h
}

// Close stops all that Start began. What was last found is written down.
func (h *Health) Close() {
	h.stopWatch()
	h.cancel()
	h.checker.schedule.close()
	h.done.Wait()
}

// Check makes this node a checker, or ends that. With publicOnly it probes as
// Route 53 does nothing but public addresses: all others fail.
func (h *Health) Check(on, publicOnly bool) {
	p := *h.config.Prober
	p.PublicOnly = publicOnly
	h.checker.prober.Store(&p)
	h.checks.Store(on)
}

// States returns what all checks are now. It neither blocks nor locks.
func (h *Health) States() *States { return h.states.Load() }

// Checkers returns how many checkers this node hears, itself included.
func (h *Health) Checkers() int { return int(h.voting.Load()) }

// EventsDropped returns how many changes got no event row, as too many came.
func (h *Health) EventsDropped() uint64 { return h.scribe.dropped.Load() }

// Changes has a value when [Health.Take] has something new.
func (h *Health) Changes() <-chan struct{} { return h.news }

// Take returns the ids of the checks that have become healthy or unhealthy
// since the last call, and whether they are healthy now.
func (h *Health) Take() map[string]bool {
	h.newsMu.Lock()
	defer h.newsMu.Unlock()
	changed := h.changed
	h.changed = make(map[string]bool, len(changed)) // as many again, if this is a storm
	return changed
}

// publish shows s, in which those checks have changed.
func (h *Health) publish(s *States, changes []change) {
	h.newsMu.Lock()
	h.states.Store(s)
	for _, c := range changes {
		h.changed[c.id] = c.row == nil || c.to.Healthy // one that is no more is healthy
	}
	h.newsMu.Unlock()
	if len(changes) > 0 {
		signal(h.news)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// hear notes a pulse. It runs in the replica's loop.
func (h *Health) hear(p state.Pulse) {
	h.inboxMu.Lock()
	h.inbox[p.Member.Run] = p
	if p.Data == nil {
		delete(h.heard, p.Member.Run)
	} else {
		h.heard[p.Member.Run] = true
	}
	h.inboxMu.Unlock()
}

// settleTime is how long [Health.Settle] waits for members: six beats, for
// those of a busy machine come late.
const settleTime = 3 * time.Second

// Settle waits until every live member has told what it finds, so that a node
// that starts does not answer with what they know to fail; not for long, as
// some may be silent.
func (h *Health) Settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for h.States() == nil || !h.heardAll() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return
		}
	}
}

func (h *Health) heardAll() bool {
	members := h.config.Replica.Members()
	h.inboxMu.Lock()
	defer h.inboxMu.Unlock()
	for _, m := range members {
		if !m.Self && m.Kind == node.KindDNS && !h.heard[m.Run] {
			return false
		}
	}
	return true
}
