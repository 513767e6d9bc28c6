// Package statetest drives many replicas in one process, in virtual time, over
// a network that loses, delays, repeats and reorders, is cut and heals, while
// nodes crash and come back or lose their disks. One seed makes one history.
//
// After every step it checks the promise of package state: each node shows a
// causally closed set of whole commits, folded per row in stamp order.
package statetest

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Faults says how bad the simulated world is.
type Faults struct {
	// Loss, Duplicate are the probabilities that a datagram is lost or comes
	// twice.
	Loss, Duplicate float64
	// MaxDelay bounds how long a message takes; each takes its own time, so
	// datagrams overtake each other.
	MaxDelay time.Duration
	// Skew bounds how far each node's clock is off.
	Skew time.Duration
	// LogBytes bounds each node's log; 0 means as in real life.
	LogBytes int64
	// Horizon is how long tombstones are kept; 0 means as in real life.
	Horizon time.Duration
	// DiskFailure is the probability that a write fails; what was written may
	// be on the disk all the same. The disk works again after a while.
	DiskFailure float64
}

var errDisk = errors.New("simulated disk failure")

// Sim is a cluster in virtual time. It is not safe for concurrent use.
type Sim struct {
	Faults Faults

	rand   *rand.Rand
	now    time.Time
	queue  eventQueue
	order  uint64
	nodes  []*simNode
	groups []int // by node: who can talk to whom
	check  *checker
	nextID uint64
	// Replies counts answered commits, InSync the commits said to be in sync,
	// RowPulls the repairs by streamed rows.
	Replies, InSync, RowPulls int
	// SlowestSync is the longest that an asker waited to be told so.
	SlowestSync time.Duration
	// Failures counts failed writes.
	Failures int
}

// simNode is a computer: a disk that stays, and perhaps a running core.
type simNode struct {
	index int
	disk  *state.MemoryStore
	skew  time.Duration
	core  *state.Core
	run   state.Origin
	// flying is the write that is on its way to the disk.
	flying *state.Write
	asks   map[uint64]question
	view   map[string]state.Version
	// sees are the runs this node holds for members.
	sees map[state.Origin]bool
}

// question is whether a commit is in sync, and when it was put.
type question struct {
	version state.Version
	at      time.Time
}

// event is something due at a time.
type event struct {
	at    time.Time
	order uint64
	do    func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

// New returns a simulation of n computers, none of them on.
func New(seed uint64, n int, f Faults) *Sim {
	s := &Sim{
		Faults: f, rand: rand.New(rand.NewPCG(seed, 1)), now: time.UnixMilli(1_800_000_000_000),
		groups: make([]int, n), check: newChecker(),
	}
	for i := range n {
		skew := time.Duration(0)
		if f.Skew > 0 {
			skew = time.Duration(s.rand.Int64N(int64(2*f.Skew))) - f.Skew
		}
		s.nodes = append(s.nodes, &simNode{index: i, disk: state.NewMemoryStore(), skew: skew})
	}
	s.every(250*time.Millisecond, s.membership)
	return s
}

// after has f done once d has passed.
func (s *Sim) after(d time.Duration, f func()) {
	s.order++
	heap.Push(&s.queue, event{at: s.now.Add(d), order: s.order, do: f})
}

func (s *Sim) every(d time.Duration, f func()) {
	s.after(d, func() { f(); s.every(d, f) })
}

// Run lets d pass and returns the first broken promise.
func (s *Sim) Run(d time.Duration) error {
	end := s.now.Add(d)
	for len(s.queue) > 0 && !s.queue[0].at.After(end) {
		e := heap.Pop(&s.queue).(event)
		s.now = e.at
		e.do()
		if s.check.err != nil {
			return s.check.err
		}
	}
	s.now = end
	return nil
}

// Rand is the history's own source of randomness.
func (s *Sim) Rand() *rand.Rand { return s.rand }

// Running tells whether node i is on.
func (s *Sim) Running(i int) bool { return s.nodes[i].core != nil }

// Serving tells whether node i is on and not behind.
func (s *Sim) Serving(i int) bool { return s.Running(i) && s.nodes[i].core.Behind() == nil }

// Start turns node i on with what its disk holds.
func (s *Sim) Start(i int) error {
	n := s.nodes[i]
	n.run = state.Origin(s.rand.Uint64() | 1)
	n.flying, n.asks, n.sees = nil, map[uint64]question{}, map[state.Origin]bool{}
	expect := false
	for j := range s.nodes {
		expect = expect || j != i && s.Running(j)
	}
	core, err := state.NewCore(state.Config{
		Self:  memberOf(n),
		Store: n.disk, Seed: s.rand.Uint64(), Now: s.now.Add(n.skew), Expect: expect,
		LogBytes: s.Faults.LogBytes, Horizon: s.Faults.Horizon,
	})
	if err != nil {
		return err
	}
	n.core = core
	n.view = viewOf(n.disk)
	s.ticks(n, core)
	return nil
}

// ticks lets a core know of time for as long as it runs.
func (s *Sim) ticks(n *simNode, core *state.Core) {
	s.after(state.TickInterval, func() {
		if n.core == core {
			s.step(n, state.Tick{})
			s.ticks(n, core)
		}
	})
}

// Crash turns node i off at once: a write on its way may or may not have
// reached the disk.
func (s *Sim) Crash(i int) {
	n := s.nodes[i]
	if n.core == nil {
		return
	}
	s.RowPulls += int(n.core.Stats().RowPulls)
	if n.flying != nil && s.rand.IntN(2) == 0 {
		_ = n.disk.Write(n.flying)
		s.check.wrote(n.flying)
	}
	n.core, n.flying = nil, nil
}

// Wipe empties the disk of a node that is off.
func (s *Sim) Wipe(i int) {
	s.nodes[i].disk = state.NewMemoryStore()
	s.check.wiped = true
}

// Partition puts each node into a group; only members of one group can talk.
func (s *Sim) Partition(groups []int) { s.groups = slices.Clone(groups) }

// Heal lets all talk to all.
func (s *Sim) Heal() { s.groups = make([]int, len(s.nodes)) }

func (s *Sim) connected(a, b *simNode) bool {
	return s.groups[a.index] == s.groups[b.index] && a.core != nil && b.core != nil
}

// membership is the failure detector: it finds what changed now and then.
func (s *Sim) membership() {
	for _, n := range s.nodes {
		if n.core == nil {
			continue
		}
		now := map[state.Origin]*simNode{}
		for _, m := range s.nodes {
			if m != n && s.connected(n, m) {
				now[m.run] = m
			}
		}
		for _, m := range s.nodes {
			if m.core != nil && now[m.run] != nil && !n.sees[m.run] && s.rand.IntN(3) == 0 {
				n.sees[m.run] = true
				s.step(n, state.MemberUp{Member: memberOf(m)})
			}
		}
		for _, run := range sortedRuns(n.sees) {
			if now[run] == nil && s.rand.IntN(10) == 0 {
				delete(n.sees, run)
				s.step(n, state.MemberDown{Run: run})
			}
		}
	}
}

func memberOf(n *simNode) state.Member {
	return state.Member{Run: n.run, Node: fmt.Sprint("n", n.index), ID: fmt.Sprint("id", n.index), Addr: fmt.Sprint("n", n.index)}
}

func sortedRuns(m map[state.Origin]bool) []state.Origin {
	out := make([]state.Origin, 0, len(m))
	for o := range m {
		out = append(out, o)
	}
	slices.Sort(out)
	return out
}

// Commit has node i write or delete a few random rows.
func (s *Sim) Commit(i, keys int) {
	n := s.nodes[i]
	if n.core == nil {
		return
	}
	s.nextID++
	id := s.nextID
	count := 1 + s.rand.IntN(3)
	picks := make([]string, count)
	deletes := make([]bool, count)
	for j := range picks {
		picks[j] = fmt.Sprintf("Z%03d", s.rand.IntN(keys))
		deletes[j] = s.rand.IntN(4) == 0
	}
	payload := []byte(fmt.Sprint(id))
	s.step(n, state.LocalCommit{ID: id, F: func(t *state.Tx) error {
		for j, key := range picks {
			if deletes[j] {
				t.Delete(model.TableImports, key)
			} else if err := t.Put(&model.Import{Zone: key, Hashes: [][]byte{payload}}); err != nil {
				return err
			}
		}
		return nil
	}})
}

// Put has node i write the row of one key, or delete it.
func (s *Sim) Put(i int, key string, del bool) {
	s.nextID++
	s.step(s.nodes[i], state.LocalCommit{ID: s.nextID, F: func(t *state.Tx) error {
		if del {
			t.Delete(model.TableImports, key)
			return nil
		}
		return t.Put(&model.Import{Zone: key})
	}})
}

// Do has node i run f as a commit; what f returns is not looked at.
func (s *Sim) Do(i int, f func(t *state.Tx) error) {
	s.nextID++
	s.step(s.nodes[i], state.LocalCommit{ID: s.nextID, F: f})
}

// Rows returns the live rows of tables on the disk of node i, as a subscriber
// would get them at first.
func (s *Sim) Rows(i int, tables ...string) state.Batch {
	b := state.Batch{Reset: true}
	_ = s.nodes[i].disk.Read(func(r state.StoreReader) error {
		for _, table := range tables {
			r.Range(table, "", func(row *state.Row) bool {
				if row.Table != table {
					return false
				}
				if v, err := model.Decode(table, row.Key, row.Value); row.Value != nil && err == nil {
					b.Changes = append(b.Changes, state.Change{Table: table, Key: row.Key, Value: v, Version: row.Version})
				}
				return true
			})
		}
		return nil
	})
	return b
}

// Shows tells whether node i shows the row of a key.
func (s *Sim) Shows(i int, key string) bool {
	_, ok := s.nodes[i].view[key]
	return ok
}

// Tombstones returns how many deleted rows node i still remembers.
func (s *Sim) Tombstones(i int) int {
	n := 0
	_ = s.nodes[i].disk.Read(func(r state.StoreReader) error {
		r.Range(model.TableImports, "", func(row *state.Row) bool {
			if row.Table == model.TableImports && row.Value == nil {
				n++
			}
			return row.Table == model.TableImports
		})
		return nil
	})
	return n
}

// Ask has node i ask whether all members cover its newest commit.
func (s *Sim) Ask(i int, v state.Version) {
	n := s.nodes[i]
	if n.core == nil {
		return
	}
	s.nextID++
	n.asks[s.nextID] = question{v, s.now}
	s.step(n, state.AskInSync{ID: s.nextID, Version: v})
}

// step lets a core take an event and carries out what it wants.
func (s *Sim) step(n *simNode, ev state.Event) {
	core := n.core
	out := core.Step(s.now.Add(n.skew), ev)
	if out.Write != nil {
		s.write(n, core, out.Write)
	}
	for _, m := range out.Sends {
		s.send(n, m)
	}
	if out.Reset {
		n.view = viewOf(n.disk)
	}
	for _, p := range out.Publish {
		s.check.published(s, n, p)
		seq := p.Seq
		s.after(s.delay(20*time.Millisecond), func() {
			if n.core == core {
				s.step(n, state.Viewed{Seq: seq})
			}
		})
	}
	for _, r := range out.Replies {
		s.reply(n, r)
	}
}

func (s *Sim) reply(n *simNode, r state.Reply) {
	if q, asked := n.asks[r.ID]; asked {
		delete(n.asks, r.ID)
		if r.InSync {
			s.InSync++
			s.SlowestSync = max(s.SlowestSync, s.now.Sub(q.at))
			s.check.inSync(s, n, q.version)
		}
		return
	}
	s.Replies++
	if r.Err == nil && r.Version != (state.Version{}) {
		s.check.acknowledged(n, r.Version)
		if s.rand.IntN(3) == 0 {
			s.Ask(n.index, r.Version)
		}
	}
}

// write puts w on the disk after a while; of what is on its way in a crash,
// chance decides whether it gets there.
func (s *Sim) write(n *simNode, core *state.Core, w *state.Write) {
	disk := n.disk
	n.flying = w
	s.after(s.delay(10*time.Millisecond), func() {
		if n.core != core {
			return
		}
		n.flying = nil
		failed := s.rand.Float64() < s.Faults.DiskFailure
		if !failed || s.rand.IntN(2) == 0 {
			_ = disk.Write(w)
			s.check.wrote(w)
		}
		if failed {
			s.Failures++
			s.step(n, state.Written{Err: errDisk})
			s.after(time.Second, func() {
				if n.core == core {
					s.step(n, state.Reopened{Store: disk})
				}
			})
			return
		}
		s.after(s.delay(3*time.Millisecond), func() {
			if n.core == core {
				s.step(n, state.Written{})
			}
		})
	})
}

func (s *Sim) delay(most time.Duration) time.Duration {
	return time.Duration(s.rand.Int64N(int64(most) + 1))
}

// send carries a message to its member, or loses it.
func (s *Sim) send(from *simNode, m state.Send) {
	var to *simNode
	for _, n := range s.nodes {
		if n.core != nil && n.run == m.To {
			to = n
		}
	}
	if to == nil || !s.connected(from, to) {
		return
	}
	copies := 1
	if !m.Stream {
		if s.rand.Float64() < s.Faults.Loss {
			return
		}
		if s.rand.Float64() < s.Faults.Duplicate {
			copies = 2
		}
	}
	core := to.core
	for range copies {
		s.after(s.delay(s.Faults.MaxDelay), func() {
			if to.core == core && from.core != nil && s.connected(from, to) {
				s.step(to, state.Received{Data: m.Data})
			}
		})
	}
}
