package state

import (
	"maps"
	"slices"
	"time"
)

// pull is a conversation in which a member sends what this node lacks: commits
// from its log or, where that does not reach, its rows and then its log since
// it began to read them.
type pull struct {
	id     uint64
	at     time.Time
	chunks int
	// base is the peer's context before it read the rows; nil: from the log.
	base contextOf
	// rowsDone says that the log since base is being read.
	rowsDone bool
	rows     []*Row
	commits  []*commit
	// staged covers what is accepted, base and commits.
	staged contextOf
}

// stalled tells whether an answer is overdue.
func (pl *pull) stalled(now time.Time) bool {
	if pl.chunks == 0 {
		return now.Sub(pl.at) >= firstTimeout
	}
	return now.Sub(pl.at) >= pullTimeout
}

// rowMerge is a peer's rows, sorted, with the context they show at least, and
// the commits since.
type rowMerge struct {
	base    contextOf
	rows    []*Row
	commits []*commit
}

// beat tells the members how far this node is.
func (k *Core) beat() {
	k.beatCount++
	m := &beatMsg{Counter: k.beatCount, Hash: k.durable.hash(), Behind: k.Behind() != nil, Shares: k.shares.own()}
	for _, o := range slices.Sorted(maps.Keys(k.moved)) {
		if k.now.Sub(k.moved[o]) > movedFor {
			delete(k.moved, o)
		} else if len(m.Moved) < 40 {
			m.Moved = append(m.Moved, entry{Origin: o, Stamp: k.durable[o]})
		}
	}
	to := k.someMembers(beatFanout, 0)
	for _, o := range to {
		k.send(o, m)
	}
	k.pulse(to)
	k.forgetOld()
}

// forgetOld drops what is older than contexts remember.
func (k *Core) forgetOld() {
	floor := k.floor()
	for _, e := range k.durable.entries() {
		if e.Stamp >= floor || e.Origin == k.self.Run {
			continue
		}
		delete(k.durable, e.Origin)
		delete(k.accepted, e.Origin)
		delete(k.viewed, e.Origin)
		gone := &Row{Table: tableContext, Key: e.Origin.String()}
		k.shares.later = append(k.shares.later, &overlayRow{Row: gone, gone: true})
	}
}

// receiveBeat takes note of how far a member is.
func (k *Core) receiveBeat(p *peer, m *beatMsg) {
	if m.Counter <= p.counter {
		return // replayed or overtaken
	}
	p.counter, p.Behind, p.quiet = m.Counter, m.Behind, len(m.Moved) == 0
	for _, e := range m.Moved {
		k.hear(e, p.Run)
	}
	for _, s := range m.Shares {
		if k.shares.version(p.Run, s.Table) < s.Version {
			k.send(p.Run, &wantMsg{Table: s.Table})
		}
	}
	still := p.quiet || len(k.moved) == 0
	if still && m.Hash != k.durable.hash() && k.now.Sub(p.lastPull) >= contextPause {
		k.startPull(p)
	}
}

// fetchMissing pulls what has been heard of for long enough.
func (k *Core) fetchMissing() {
	for _, o := range slices.Sorted(maps.Keys(k.heard)) {
		h := k.heard[o]
		p := k.members[h.from]
		switch {
		case k.accepted.covers(o, h.stamp, k.floor()):
			delete(k.heard, o)
		case k.now.Sub(h.at) < fetchAfter:
		case p == nil:
			delete(k.heard, o) // who told is gone; the next beat tells again
		default:
			k.startPull(p)
		}
	}
}

// startPull asks p for everything missing here, unless that is under way.
func (k *Core) startPull(p *peer) {
	if p.pull != nil && !p.pull.stalled(k.now) {
		return
	}
	k.pullCount++
	k.stats.Pulls++
	p.pull = &pull{id: k.pullCount, at: k.now}
	p.lastPull = k.now
	k.stream(p.Run, &pullMsg{ID: p.pull.id, Context: k.accepted.entries()})
}

// answerPull sends one chunk of what the asker lacks. The asker comes back for
// the next with a context that has moved on, so nothing is remembered here.
func (k *Core) answerPull(p *peer, m *pullMsg) {
	if k.failed != nil {
		return // the store may show what was never published
	}
	answer := &chunkMsg{ID: m.ID, Context: k.durable.entries()}
	err := k.store.Read(func(r StoreReader) error {
		if m.Rows {
			readRows(r, m, answer)
		} else {
			k.readLog(r, contextFrom(m.Context), answer)
		}
		return nil
	})
	if err != nil {
		k.warnf("Failed to read for member %s: %v", p.Node, err)
		return
	}
	k.stream(p.Run, answer)
}

// readLog puts into answer what theirs lacks, in the order applied here.
func (k *Core) readLog(r StoreReader, theirs contextOf, answer *chunkMsg) {
	ours := maps.Clone(k.durable)
	if k.writing != nil {
		ours.raiseAll(k.writing.context) // may be on disk already
	}
	first, needs, ok := k.log.reach(ours, theirs, k.floor())
	if !needs {
		return
	}
	if !ok {
		answer.NeedRows = true
		return
	}
	size := 0
	r.Log(first, func(e LogEntry) bool {
		if theirs.covers(e.Version.Origin, e.Version.Stamp, 0) || e.Data == nil {
			return true
		}
		if size >= chunkBytes || size > 0 && size+len(e.Data) > maxLoggedCommit {
			answer.More = true
			return false
		}
		size += len(e.Data)
		answer.Commits = append(answer.Commits, slices.Clone(e.Data))
		return true
	})
}

// readRows puts a chunk of replicated rows and tombstones into answer.
func readRows(r StoreReader, m *pullMsg, answer *chunkMsg) {
	answer.RowsMode = true
	size := 0
	eachReplicated(r, m.Table, m.Key, func(row *Row) bool {
		if size >= chunkBytes {
			answer.More, answer.NextTable, answer.NextKey = true, row.Table, row.Key
			return false
		}
		size += len(row.Key) + len(row.Value) + 40
		answer.Rows = append(answer.Rows, wireRow{
			Table: row.Table, Key: row.Key, Value: slices.Clone(row.Value), Expires: row.Expires,
			Stamp: row.Version.Stamp, Origin: row.Version.Origin,
		})
		return true
	})
}

// eachReplicated calls f for the rows that travel, from (table, key) on.
func eachReplicated(r StoreReader, table, key string, f func(r *Row) bool) {
	reached := false
	r.Range(table, key, func(row *Row) bool {
		if Local(row.Table) {
			reached = true
			return false
		}
		return f(row)
	})
	if reached {
		r.Range(afterLocal, "", f)
	}
}

// afterLocal sorts right after the names of all local tables.
const afterLocal = "local/"

// receiveChunk takes what a member sent on our asking.
func (k *Core) receiveChunk(p *peer, m *chunkMsg) {
	pl := p.pull
	if pl == nil || pl.id != m.ID {
		return
	}
	pl.at = k.now
	pl.chunks++
	var ok bool
	switch {
	case m.NeedRows:
		ok = k.beginRows(p)
	case m.RowsMode:
		ok = k.stageRows(p, m)
	case pl.base != nil:
		ok = k.stageCommits(p, m)
	default:
		ok = k.takeChunk(p, m)
	}
	if !ok {
		p.pull = nil
	}
}

// takeChunk takes commits from p's log; it tells whether the pull goes on.
func (k *Core) takeChunk(p *peer, m *chunkMsg) bool {
	fresh := false
	for _, data := range m.Commits {
		c, err := decodeCommit(data)
		if err != nil {
			k.stats.BadMessages++
			return false
		}
		fresh = k.take(c, p.Run) || fresh
	}
	if m.More && fresh {
		k.stream(p.Run, &pullMsg{ID: p.pull.id, Context: k.accepted.entries()})
		return true
	}
	k.pulled(p)
	return false
}

// pulled notes that p has sent all it had.
func (k *Core) pulled(p *peer) {
	p.answered = true
	p.lastPull = k.now
	p.pull = nil
	k.advanceStart()
}

// beginRows turns p's pull to rows, one member at a time.
func (k *Core) beginRows(p *peer) bool {
	for _, o := range k.memberRuns() {
		if q := k.members[o]; q != p && q.pull != nil && q.pull.base != nil && !q.pull.stalled(k.now) {
			return false
		}
	}
	k.stats.RowPulls++
	*p.pull = pull{id: p.pull.id, at: k.now, chunks: p.pull.chunks}
	k.stream(p.Run, &pullMsg{ID: p.pull.id, Rows: true})
	return true
}

// stageRows keeps a chunk of rows until all are there.
func (k *Core) stageRows(p *peer, m *chunkMsg) bool {
	pl := p.pull
	if pl.base == nil {
		pl.base = contextFrom(m.Context)
	}
	for i := range m.Rows {
		r := &m.Rows[i]
		row := r.row(Version{Stamp: r.Stamp, Origin: r.Origin})
		if r.check() != nil || len(pl.rows) > 0 && !rowLess(pl.rows[len(pl.rows)-1], row) {
			k.stats.BadMessages++
			return false
		}
		k.clock.Observe(r.Stamp)
		pl.rows = append(pl.rows, row)
	}
	next := &pullMsg{ID: pl.id, Rows: true, Table: m.NextTable, Key: m.NextKey}
	if !m.More {
		pl.rowsDone = true
		pl.staged = maps.Clone(k.accepted)
		pl.staged.raiseAll(pl.base)
		next = &pullMsg{ID: pl.id, Context: pl.staged.entries()}
	}
	k.stream(p.Run, next)
	return true
}

// stageCommits keeps what p's log has since the rows; the last chunk completes
// the merge, which is published at once.
func (k *Core) stageCommits(p *peer, m *chunkMsg) bool {
	pl := p.pull
	if !pl.rowsDone {
		return false
	}
	for _, data := range m.Commits {
		c, err := decodeCommit(data)
		if err != nil {
			k.stats.BadMessages++
			return false
		}
		if !readyIn(pl.staged, c, k.floor()) {
			return false // begin again
		}
		pl.staged.raise(c.Origin, c.Stamp)
		pl.commits = append(pl.commits, c)
	}
	if m.More && len(m.Commits) > 0 {
		k.stream(p.Run, &pullMsg{ID: pl.id, Context: pl.staged.entries()})
		return true
	}
	for _, s := range pl.staged {
		k.clock.Observe(s)
	}
	k.queue = append(k.queue, item{merge: &rowMerge{base: pl.base, rows: pl.rows, commits: pl.commits}})
	k.accepted.raiseAll(pl.staged)
	k.acceptPending()
	k.pulled(p)
	return false
}

// applyMerge folds a peer's rows into the batch, by the later stamp where both
// have a row. A row that only one side has stays unless the other's context
// covers its stamp: then it was seen there and removed.
func (k *Core) applyMerge(b *batch, m *rowMerge) {
	i := 0
	theirs := func(until *Row) {
		for i < len(m.rows) && (until == nil || rowLess(m.rows[i], until)) {
			if r := m.rows[i]; k.durable[r.Version.Origin] < r.Version.Stamp {
				b.rows.put(r)
			}
			i++
		}
	}
	eachReplicated(b.rows.read, "", "", func(own *Row) bool {
		theirs(own)
		switch {
		case i < len(m.rows) && !rowLess(own, m.rows[i]):
			if own.Version.Compare(m.rows[i].Version) < 0 {
				b.rows.put(m.rows[i])
			}
			i++
		case own.Value != nil && m.base[own.Version.Origin] >= own.Version.Stamp:
			b.rows.drop(&Row{Table: own.Table, Key: own.Key, Version: own.Version})
		}
		return true
	})
	theirs(nil)
	for _, e := range m.base.entries() {
		if e.Stamp > k.durable[e.Origin] {
			b.context.raise(e.Origin, e.Stamp)
			k.sinceLast.raise(e.Origin, e.Stamp)
		}
	}
	for _, c := range m.commits {
		if k.durable[c.Origin] < c.Stamp && b.context[c.Origin] < c.Stamp {
			k.applyCommit(b, c)
		}
	}
}
