package state

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state/hlc"
)

// The clockwork of a replica.
const (
	// TickInterval is how often a core wants a [Tick].
	TickInterval = 50 * time.Millisecond
	// beatInterval is how often a member tells the others how far it is.
	beatInterval = 500 * time.Millisecond
	// movedFor is how long a beat repeats what has moved.
	movedFor = 10 * time.Second
	// fetchAfter is how long a commit heard of may be under way before it is
	// fetched from who told.
	fetchAfter = 100 * time.Millisecond
	// pullTimeout is how long the next chunk of a pull may take, firstTimeout
	// the first.
	pullTimeout  = 5 * time.Second
	firstTimeout = 700 * time.Millisecond
	// contextPause is the least time between two pulls from one member that
	// nothing but differing contexts asks for.
	contextPause = 2 * time.Second
	// syncWait is how long a starting node waits for a member to answer.
	syncWait = 2 * time.Second
	// aloneWait is how long a node with nothing on disk looks for its cluster
	// before it is the first of it.
	aloneWait = 10 * time.Second
	// viewWait is how long a commit waits for the local views.
	viewWait = 100 * time.Millisecond
	// askWait is how long members may take to say that they cover a commit.
	askWait = 200 * time.Millisecond
	// forget is the age at which an origin leaves the context.
	forget = 30 * 24 * time.Hour
	// deadGrace is how long the shares of a dead member still stand.
	deadGrace = 2 * time.Second
	// fanout is how many members a commit is sent to; where the cluster is at
	// most fanout+1 strong the writer reaches all and nobody passes on.
	fanout = 4
	// beatFanout is how many members a beat goes to at most.
	beatFanout = 64
	// maxPending bounds the commits that wait for others.
	maxPending = 16 << 20
	// defaultLogBytes bounds the log.
	defaultLogBytes = 64 << 20
	// maxBatchBytes is about how much one transaction takes from peers.
	maxBatchBytes = 32 << 20
)

// ErrBehind is why a node does not serve: it has not caught up, or cannot write.
var ErrBehind = errors.New("node is behind")

// ErrClosed is returned once the replica or subscription is closed.
var ErrClosed = errors.New("replica is closed")

// Config is what a core starts from.
type Config struct {
	// Self is this node; Self.Run is drawn anew at every open.
	Self Member
	// Store is read by the core; all writes go through [Effects.Write].
	Store Store
	// Seed feeds every random choice.
	Seed uint64
	// Now is the time of the start.
	Now time.Time
	// LogBytes bounds the log; 0 means 64 MiB. A member that lacks more than
	// the log holds is sent all rows.
	LogBytes int64
	// Horizon is how long tombstones are kept; 0 means [Horizon].
	Horizon time.Duration
	// Expect says that there are others to look for before serving.
	Expect bool
}

// Core holds the rules of a replica. It takes one event at a time and says
// what is to be done; its only input beside events are reads of its own store,
// whose writes it orders itself. It is not safe for concurrent use.
type Core struct {
	self  Member
	store Store
	rand  *rand.Rand
	now   time.Time
	out   *Effects
	clock hlc.Clock

	// durable is the context on disk and published; accepted also covers what
	// is queued or being written; viewed what subscribers have made visible.
	durable, accepted, viewed contextOf
	moved                     map[Origin]time.Time
	// lastLocal is the stamp of the last local commit, sinceLast what was
	// applied of others since.
	lastLocal hlc.Stamp
	sinceLast contextOf

	// queue holds commits and row merges from peers in the order in which they
	// are to be applied, locals the local commits, writing the batch on its way.
	queue   []item
	locals  []LocalCommit
	writing *batch
	failed  error

	pending pendingCommits
	heard   map[Origin]heardOf
	log     logIndex
	maxLog  int64
	horizon time.Duration

	seq       uint64
	published []viewedAt
	waiting   []waitingReply

	members map[Origin]*peer
	// buried are dead members whose shares still stand, buriedAt their addresses.
	buried    map[Origin]time.Time
	buriedAt  map[Origin]string
	beatAt    time.Time
	beatCount uint64
	pullCount uint64

	shares shares
	pulses pulses
	// togetherSince is since when there have been other members.
	togetherSince time.Time
	asks          map[uint64]*asking
	held          []heldAsk
	nonce         uint64
	synced        map[Version]bool

	phase   phase
	started time.Time
	// rememberedAt is when members were last written down.
	rememberedAt time.Time
	syncEnd      time.Time
	// owed is what this node said it lacks because it does not serve yet.
	owed   contextOf
	owedAt time.Time

	sweep sweeper
	stats Stats
}

// phase is how far a start has come.
type phase uint8

const (
	phaseJoining phase = iota
	phaseSyncing
	phaseServing
)

// viewedAt says what is covered once subscribers acknowledge seq.
type viewedAt struct {
	seq  uint64
	base contextOf
}

type waitingReply struct {
	seq   uint64
	until time.Time
	reply Reply
}

// peer is another member as the core knows it.
type peer struct {
	Member
	counter  uint64
	pull     *pull
	lastPull time.Time
	since    time.Time
	// answered says that it covered us once: a pull from it came to its end.
	answered bool
	quiet    bool // its last beat said that nothing moves
}

// Stats counts what happened since the start, and what is now.
type Stats struct {
	Commits     uint64 // applied, local and of others
	Lost        uint64 // writes that lost against a later one
	Invalid     uint64 // rows kept but shown to nobody
	BadMessages uint64
	Pulls       uint64
	RowPulls    uint64 // repairs by streamed rows
	PendingNow  int
	MembersNow  int // this node included
	LogBytes    int64
	Published   uint64
}

// NewCore returns a core on what c.Store holds.
func NewCore(c Config) (*Core, error) {
	k := &Core{
		self: c.Self, store: c.Store, now: c.Now, started: c.Now,
		rand: rand.New(rand.NewPCG(c.Seed, uint64(c.Self.Run))),
		owed: contextOf{}, durable: contextOf{}, viewed: contextOf{}, moved: map[Origin]time.Time{},
		heard: map[Origin]heardOf{}, members: map[Origin]*peer{}, buried: map[Origin]time.Time{}, buriedAt: map[Origin]string{},
		asks: map[uint64]*asking{}, synced: map[Version]bool{},
	}
	k.self.Self = true
	k.maxLog = cmp.Or(c.LogBytes, defaultLogBytes)
	k.horizon = cmp.Or(c.Horizon, Horizon)
	k.shares.init()
	k.pulses.members = map[Origin]*pulse{}
	k.pending.init()
	if err := k.store.Read(k.load); err != nil {
		return nil, err
	}
	for _, s := range k.durable {
		k.clock.Observe(s)
	}
	k.accepted = maps.Clone(k.durable)
	k.viewed = maps.Clone(k.durable)
	k.sinceLast = maps.Clone(k.durable)
	if !c.Expect {
		k.phase = phaseServing
	}
	return k, nil
}

// load reads context, log and remembered shares.
func (k *Core) load(r StoreReader) error {
	var err error
	rangeTable(r, tableContext, func(row *Row) bool {
		var e entry
		if err = wireDec.Unmarshal(row.Value, &e); err != nil {
			err = fmt.Errorf("context entry %q: %w", row.Key, err)
			return false
		}
		k.durable[e.Origin] = e.Stamp
		return true
	})
	if err != nil {
		return err
	}
	r.Log(0, func(e LogEntry) bool {
		k.log.add(e)
		return true
	})
	rangeTable(r, tableVolatile, func(row *Row) bool {
		var m shareMsg
		if wireDec.Unmarshal(row.Value, &m) == nil {
			k.shares.remember(&m)
		}
		return true
	})
	return nil
}

// rangeTable calls f for the rows of one table.
func rangeTable(r StoreReader, table string, f func(r *Row) bool) {
	r.Range(table, "", func(row *Row) bool {
		return row.Table == table && f(row)
	})
}

// Step takes an event that happened at a time and returns what is to be done.
// Times must not run backwards by more than the caller can bear: timers wait.
func (k *Core) Step(now time.Time, ev Event) Effects {
	var out Effects
	k.now, k.out = now, &out
	switch ev := ev.(type) {
	case Tick:
		k.tick()
	case LocalCommit:
		k.localCommit(ev)
	case Written:
		k.written(ev.Err)
	case Received:
		k.receive(ev.Data)
	case MemberUp:
		k.memberUp(ev.Member)
	case MemberDown:
		k.memberDown(ev)
	case Joined:
		k.joinDone(ev.Contacted)
	case Viewed:
		k.viewedUpTo(ev.Seq)
	case AskInSync:
		k.askInSync(ev)
	case ShareTable:
		k.share(ev)
	case Reopened:
		k.reopened(ev.Store)
	case SetPulse:
		k.pulses.own = ev.Data
	}
	k.startWrite()
	k.out = nil
	return out
}

// Behind returns why the node must not serve, or nil.
func (k *Core) Behind() error {
	switch {
	case k.failed != nil:
		return fmt.Errorf("%w: %w", ErrBehind, k.failed)
	case k.phase == phaseJoining:
		return fmt.Errorf("%w: looking for its cluster", ErrBehind)
	case k.phase == phaseSyncing:
		return fmt.Errorf("%w: catching up with its cluster", ErrBehind)
	}
	return nil
}

// Members returns the members known to be alive or suspect, by run.
func (k *Core) Members() []Member {
	self := k.self
	self.Behind = k.Behind() != nil
	out := []Member{self}
	for _, o := range k.memberRuns() {
		out = append(out, k.members[o].Member)
	}
	slices.SortFunc(out, func(a, b Member) int {
		return Version{Origin: a.Run}.Compare(Version{Origin: b.Run})
	})
	return out
}

// Stats returns the counters as they are.
func (k *Core) Stats() Stats {
	s := k.stats
	s.PendingNow = k.pending.count
	s.MembersNow = len(k.members) + 1
	s.LogBytes = k.log.bytes
	return s
}

// Shared returns what the volatile tables hold, for a first publication.
func (k *Core) Shared() []Change { return k.shares.all() }

// Context returns how far the node has applied each origin, durably.
func (k *Core) Context() map[Origin]hlc.Stamp { return maps.Clone(k.durable) }

func (k *Core) memberRuns() []Origin { return slices.Sorted(maps.Keys(k.members)) }

// floor is the stamp below which contexts remember nothing.
func (k *Core) floor() hlc.Stamp { return hlc.At(k.now.Add(-forget)) }

func (k *Core) send(to Origin, m message) {
	data := encodeMessage(k.self.Run, m)
	k.out.Sends = append(k.out.Sends, Send{To: to, Data: data, Stream: len(data) > MaxDatagram})
}

func (k *Core) stream(to Origin, m message) {
	k.out.Sends = append(k.out.Sends, Send{To: to, Data: encodeMessage(k.self.Run, m), Stream: true})
}

func (k *Core) logf(format string, args ...any) {
	k.out.Logs = append(k.out.Logs, LogLine{Text: fmt.Sprintf(format, args...)})
}

func (k *Core) warnf(format string, args ...any) {
	k.out.Logs = append(k.out.Logs, LogLine{Warn: true, Text: fmt.Sprintf(format, args...)})
}

// tick does what time alone asks for.
func (k *Core) tick() {
	k.advanceStart()
	k.fetchMissing()
	k.expireWaits()
	k.expireAsks()
	k.answerHeld()
	k.buryShares()
	if k.now.Sub(k.beatAt) >= beatInterval {
		k.beatAt = k.now
		k.beat()
		k.sweepSome()
		k.rememberMembers()
	}
}
