package health

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the simulation; 0 draws one")

// simNode is a checker in virtual time: its beats, as the replica would carry
// them, reach the others with loss.
type simNode struct {
	run   state.Origin
	tally tally
	own   map[string]opinion
	rows  int // how many changes of rows it has seen
	buf   []opinion
}

func (n *simNode) opinions() []opinion {
	n.buf = n.buf[:0]
	for _, id := range n.tally.endpoints {
		n.buf = append(n.buf, n.own[id])
	}
	return n.buf
}

// simulation is a cluster whose endpoints flap and whose nodes die.
type simulation struct {
	random *rand.Rand
	nodes  []*simNode
	rows   []state.Change // in order
	truth  map[string]bool
	runs   state.Origin
	// dead are those that others have not found dead yet, and when they will.
	dead map[state.Origin]int
}

// start adds a node that remembers lasts.
func (s *simulation) start(lasts map[uint64]opinion) {
	s.runs++
	s.nodes = append(s.nodes, &simNode{run: s.runs, tally: newTally(lasts), own: map[string]opinion{}})
}

// kill ends a node without a word and starts another on its disk.
func (s *simulation) kill(i, now int) {
	n := s.nodes[i]
	lasts := make(map[uint64]opinion)
	for j, id := range n.tally.endpoints {
		lasts[hashOf(id)] = n.tally.last[j]
	}
	s.dead[n.run] = now + 8 + s.random.IntN(5)
	s.nodes = slices.Delete(s.nodes, i, i+1)
	s.start(lasts)
}

// change flaps an endpoint, or writes, or deletes, a row.
func (s *simulation) change() {
	id := fmt.Sprint("check", s.random.IntN(60))
	switch s.random.IntN(12) {
	case 0:
		s.rows = append(s.rows, state.Change{Table: model.TableHealthChecks, Key: id, Value: check(id, 1)})
	case 1:
		s.rows = append(s.rows, state.Change{Table: model.TableHealthChecks, Key: id})
	default:
		s.truth[id] = !s.truth[id]
	}
}

// beat is half a second. With calm set nothing is lost and rows arrive.
func (s *simulation) beat(now int, calm bool) {
	for run, at := range s.dead {
		if now >= at {
			delete(s.dead, run)
			for _, n := range s.nodes {
				n.tally.hear(state.Pulse{Member: state.Member{Run: run}})
			}
		}
	}
	for _, n := range s.nodes {
		if upTo := len(s.rows); upTo > n.rows && (calm || s.random.IntN(3) == 0) {
			n.tally.apply(state.Batch{Changes: s.rows[n.rows:upTo]})
			n.rows = upTo
		}
		for _, id := range n.tally.endpoints {
			if calm || s.random.IntN(20) == 0 { // its turn to be probed
				n.own[id] = opinionOf(s.truth[id])
			}
		}
	}
	for _, from := range s.nodes {
		data := from.tally.orders[0].encode(from.opinions())
		for _, to := range s.nodes {
			if to != from && (calm || s.random.IntN(5) > 0) {
				to.tally.hear(state.Pulse{Member: state.Member{Run: from.run}, Data: slices.Clone(data)})
			}
		}
	}
	for _, n := range s.nodes {
		n.tally.count(n.opinions())
		n.tally.judge()
	}
}

// Thirty minutes of flapping endpoints, changing rows, lost beats and killed
// nodes: once it is calm all nodes say the same, which is the truth, and none
// keeps anything of the dead.
func TestFlappingSimulation(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	s := &simulation{random: rand.New(rand.NewPCG(seed, 1)), truth: map[string]bool{}, dead: map[state.Origin]int{}}
	for range 5 {
		s.start(map[uint64]opinion{})
	}
	const beats = 30 * 60 * 2
	for now := range beats {
		for range s.random.IntN(4) {
			s.change()
		}
		if s.random.IntN(60) == 0 {
			s.kill(s.random.IntN(len(s.nodes)), now)
		}
		s.beat(now, false)
	}
	for now := range 20 {
		s.beat(beats+now, true)
	}
	for _, n := range s.nodes {
		if got := len(n.tally.voters); got != len(s.nodes)-1 {
			t.Errorf("node %d hears %d others, want %d", n.run, got, len(s.nodes)-1)
		}
		if len(n.tally.orders) > maxOrders || len(n.tally.lasts) > 0 {
			t.Errorf("node %d keeps %d orders and %d last states of no check", n.run, len(n.tally.orders), len(n.tally.lasts))
		}
		if !slices.Equal(n.tally.all, s.nodes[0].tally.all) {
			t.Fatalf("nodes know %d and %d checks", len(n.tally.all), len(s.nodes[0].tally.all))
		}
		for id, got := range n.tally.states.All() {
			want := judged(s.truth[id], 0, uint16(len(s.nodes)))
			if s.truth[id] {
				want.HealthyCheckers = want.Checkers
			}
			if got != want {
				t.Errorf("node %d says of %s %+v, want %+v", n.run, id, got, want)
			}
		}
	}
}
