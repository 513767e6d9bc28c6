package health

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// beatEvery is how often a replica's pulse goes out.
const beatEvery = 500 * time.Millisecond

// TestFailoverBudget holds design 5's failover budget, interval x threshold + 1
// s on every node, in virtual time: probes at their phases, beats of each node
// and rounds of each node at moments of their own; a beat carries what the last
// round found.
// What the network and the probe itself take comes on top.
func TestFailoverBudget(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	for _, tt := range []struct {
		nodes     int
		interval  time.Duration
		threshold int
	}{{1, 10 * time.Second, 2}, {3, 10 * time.Second, 2}, {3, 30 * time.Second, 1}, {8, 10 * time.Second, 3}, {3, 10 * time.Second, 1}} {
		t.Run(fmt.Sprintf("%d nodes, %v x %d", tt.nodes, tt.interval, tt.threshold), func(t *testing.T) {
			c := newClockwork(rand.New(rand.NewPCG(seed, 2)), tt.nodes, tt.interval, tt.threshold)
			budget := time.Duration(tt.threshold)*tt.interval + time.Second
			for _, failing := range []bool{true, false} {
				if slowest := c.turn(failing, budget); slowest > budget {
					t.Errorf("failing %v: a node took %v to answer by it, want at most %v", failing, slowest, budget)
				} else {
					t.Logf("failing %v: at most %v of %v", failing, slowest, budget)
				}
			}
		})
	}
}

// clockwork is a cluster of checkers in virtual time, in steps of grain.
type clockwork struct {
	now       time.Duration
	interval  time.Duration
	threshold int
	ids       []string
	nodes     []*ticking
	failing   map[string]bool
}

// ticking is a checker of it.
type ticking struct {
	*simNode
	name   string
	judges []judge
	beat   time.Duration // when within beatEvery
	round  time.Duration // when within roundEvery
	told   []byte        // the pulse
}

func newClockwork(random *rand.Rand, nodes int, interval time.Duration, threshold int) *clockwork {
	c := &clockwork{interval: interval, threshold: threshold, ids: ids(100), failing: map[string]bool{}}
	slices.Sort(c.ids)
	batch := state.Batch{Reset: true}
	for _, id := range c.ids {
		batch.Changes = append(batch.Changes, state.Change{Table: model.TableHealthChecks, Key: id, Value: check(id, 1)})
	}
	for i := range nodes {
		n := &ticking{
			simNode: &simNode{run: state.Origin(i + 1), tally: newTally(map[uint64]opinion{}), own: map[string]opinion{}},
			name:    fmt.Sprint("node", random.Uint64()), judges: make([]judge, len(c.ids)),
			beat:  grain * time.Duration(random.IntN(int(beatEvery/grain))),
			round: grain * time.Duration(random.IntN(int(roundEvery/grain))),
		}
		n.tally.apply(batch)
		c.nodes = append(c.nodes, n)
	}
	for range (2*interval + beatEvery) / grain { // until all are healthy
		c.step()
	}
	return c
}

// step is what happens within one grain.
func (c *clockwork) step() {
	c.now += grain
	for _, n := range c.nodes {
		for i, id := range c.ids {
			if c.now%c.interval == phaseOf(n.name, id, c.interval) && n.judges[i].note(!c.failing[id], c.threshold) {
				n.own[id] = n.judges[i].opinion
			}
		}
	}
	for _, n := range c.nodes {
		if c.now%beatEvery == n.beat {
			c.pulse(n)
		}
	}
	for _, n := range c.nodes {
		if c.now%roundEvery == n.round {
			n.told = n.tally.orders[0].encode(n.opinions())
			n.tally.count(n.opinions())
			n.tally.judge()
		}
	}
}

// pulse brings what a node has told to all others.
func (c *clockwork) pulse(from *ticking) {
	for _, to := range c.nodes {
		if to != from && from.told != nil {
			to.tally.hear(state.Pulse{Member: state.Member{Run: from.run}, Data: slices.Clone(from.told)})
		}
	}
}

// turn lets all endpoints fail or recover, each at a moment of its own within
// an interval, and returns how long it took until the last node said so.
func (c *clockwork) turn(failing bool, budget time.Duration) time.Duration {
	began := make(map[string]time.Duration)
	for i, id := range c.ids {
		began[id] = c.now + grain*time.Duration(i)*(c.interval/grain)/time.Duration(len(c.ids))
	}
	var slowest time.Duration
	done := make(map[string]bool)
	for range (c.interval + 2*budget) / grain {
		for id, at := range began {
			if c.now == at {
				c.failing[id] = failing
			}
		}
		c.step()
		for id, at := range began {
			if done[id] || slices.ContainsFunc(c.nodes, func(n *ticking) bool {
				s, _ := n.tally.states.Status(id)
				return s.Healthy == failing
			}) {
				continue
			}
			done[id] = true
			slowest = max(slowest, c.now-at)
		}
	}
	if len(done) < len(began) {
		return 2 * budget
	}
	return slowest
}
