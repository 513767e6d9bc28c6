package state

import (
	"fmt"
	"maps"
	"slices"

	"github.com/edgestage/edgestage/state/hlc"
)

// item is one thing of others to apply, in its place in the order: a commit,
// the merge of a peer's rows, or the removal of rows that have had their time.
type item struct {
	commit *commit
	merge  *rowMerge
	drops  []*Row
}

// batch is one transaction in the making, then on its way to the disk.
type batch struct {
	rows    *overlay
	now     int64
	commits []*commit
	own     []*commit
	context contextOf
	log     []LogEntry
	replies []Reply
	trim    uint64
}

// receiveCommits takes commits of the fast path and passes on what is new.
func (k *Core) receiveCommits(from Origin, datas [][]byte) {
	var fresh [][]byte
	for _, data := range datas {
		c, err := decodeCommit(data)
		if err != nil {
			k.stats.BadMessages++
			continue
		}
		if k.take(c, from) {
			fresh = append(fresh, data)
		}
	}
	if len(k.members) > fanout {
		k.spread(fresh, from)
	}
}

// take accepts c, or keeps it until what it builds on is there; it tells
// whether c was new.
func (k *Core) take(c *commit, from Origin) bool {
	floor := k.floor()
	if c.Origin == k.self.Run || k.accepted.covers(c.Origin, c.Stamp, floor) || k.pending.has(c.Origin, c.Stamp) {
		return false
	}
	k.clock.Observe(c.Stamp)
	if !k.ready(c, floor) {
		k.pending.add(c)
		k.hear(entry{Origin: c.Origin, Stamp: c.Prev}, from)
		for _, d := range c.Deps {
			k.hear(d, from)
		}
		return true
	}
	k.accept(c)
	k.acceptPending()
	return true
}

// ready tells whether all that c builds on is accepted.
func (k *Core) ready(c *commit, floor hlc.Stamp) bool { return readyIn(k.accepted, c, floor) }

// readyIn tells whether context covers all that c builds on.
func readyIn(context contextOf, c *commit, floor hlc.Stamp) bool {
	if !context.covers(c.Origin, c.Prev, floor) {
		return false
	}
	for _, d := range c.Deps {
		if !context.covers(d.Origin, d.Stamp, floor) {
			return false
		}
	}
	return true
}

func (k *Core) accept(c *commit) {
	k.queue = append(k.queue, item{commit: c})
	k.accepted.raise(c.Origin, c.Stamp)
	k.settleHeard(c.Origin)
}

func (k *Core) settleHeard(o Origin) {
	if h, ok := k.heard[o]; ok && k.accepted.covers(o, h.stamp, 0) {
		delete(k.heard, o)
	}
}

// acceptPending accepts what has become ready, until nothing more does.
func (k *Core) acceptPending() {
	floor := k.floor()
	for again := true; again; {
		again = false
		for _, o := range slices.Sorted(maps.Keys(k.pending.byOrigin)) {
			own := k.pending.byOrigin[o]
			for _, s := range slices.Sorted(maps.Keys(own)) {
				c := own[s]
				switch {
				case k.accepted.covers(o, s, floor):
					k.pending.remove(c)
				case k.ready(c, floor):
					k.pending.remove(c)
					k.accept(c)
					again = true
				}
			}
		}
	}
}

// localCommit queues a commit of this node.
func (k *Core) localCommit(ev LocalCommit) {
	if k.failed != nil {
		k.reply(Reply{ID: ev.ID, Err: k.Behind()})
		return
	}
	k.locals = append(k.locals, ev)
}

func (k *Core) reply(r Reply) { k.out.Replies = append(k.out.Replies, r) }

// startWrite puts all that waits into one transaction, unless one is on its way.
func (k *Core) startWrite() {
	serving := k.phase == phaseServing
	if k.writing != nil || k.failed != nil || len(k.queue) == 0 && !k.shares.dirty() && (len(k.locals) == 0 || !serving) {
		return
	}
	b := &batch{now: k.now.UnixMilli(), context: contextOf{}}
	err := k.store.Read(func(r StoreReader) error {
		b.rows = newOverlay(nil, r)
		k.applyQueue(b)
		if serving {
			for _, l := range k.locals {
				k.applyLocal(b, l)
			}
			k.locals = nil
		}
		k.putContext(b)
		k.shares.store(b.rows)
		k.out.Write = b.write()
		b.rows.read = nil
		return nil
	})
	if err != nil {
		k.out.Write = nil
		k.fail(b, fmt.Errorf("reading the data file: %w", err))
		return
	}
	if w := k.out.Write; len(w.Put)+len(w.Drop)+len(w.Log) == 0 {
		k.out.Write = nil
		k.out.Replies = append(k.out.Replies, b.replies...)
		return
	}
	k.writing = b
}

// applyQueue applies what came from others, up to the bound of a batch.
func (k *Core) applyQueue(b *batch) {
	n, bytes := 0, 0
	for ; n < len(k.queue) && bytes < maxBatchBytes; n++ {
		it := k.queue[n]
		if it.merge != nil && n > 0 {
			break // a merge compares with the store, so it comes first in its batch
		}
		switch {
		case it.commit != nil:
			k.applyCommit(b, it.commit)
			bytes += len(it.commit.data)
		case it.merge != nil:
			k.applyMerge(b, it.merge)
			bytes += maxBatchBytes
		default:
			b.applyDrops(it.drops)
		}
	}
	k.queue = slices.Clone(k.queue[n:])
}

// applyCommit folds the rows of c, a peer's or ours, into the batch.
func (k *Core) applyCommit(b *batch, c *commit) {
	v := c.version()
	for i := range c.Rows {
		k.fold(b, c.Rows[i].row(v))
	}
	k.record(b, c)
	if c.Origin != k.self.Run {
		k.sinceLast.raise(c.Origin, c.Stamp)
	}
}

// fold puts row into the batch unless a later one stands. Folding the same rows
// in any order ends in the same rows (TestFoldLaws).
func (k *Core) fold(b *batch, row *Row) {
	cur := b.rows.get(row.Table, row.Key)
	if cur != nil && cur.Version.Compare(row.Version) >= 0 {
		if cur.Version != row.Version {
			k.stats.Lost++
		}
		return
	}
	b.rows.put(row)
}

// record puts c into log and context.
func (k *Core) record(b *batch, c *commit) {
	e := LogEntry{Seq: k.log.next, Version: c.version(), Prev: c.Prev}
	if len(c.data) <= maxLoggedCommit {
		e.Data = c.data
	}
	k.log.add(e)
	b.log = append(b.log, e)
	b.commits = append(b.commits, c)
	b.context.raise(c.Origin, c.Stamp)
}

// applyLocal runs a local commit against the rows as they are, this batch's
// earlier commits included.
func (k *Core) applyLocal(b *batch, l LocalCommit) {
	tx := &Tx{Reader{rows: newOverlay(b.rows, nil), now: b.now}}
	if err := l.F(tx); err != nil {
		b.replies = append(b.replies, Reply{ID: l.ID, Err: err})
		return
	}
	rows, size := tx.rows.replicated()
	if rows == 0 {
		tx.rows.moveInto(b.rows)
		b.replies = append(b.replies, Reply{ID: l.ID})
		return
	}
	c := &commit{Origin: k.self.Run, Prev: k.lastLocal, Stamp: k.clock.Next(k.now), Deps: k.sinceLast.entries()}
	keep := size <= maxLoggedCommit
	if keep {
		c.Rows = make([]wireRow, 0, rows)
	}
	tx.rows.changed(func(r *overlayRow) bool {
		r.Version = c.version()
		if keep && !Local(r.Table) {
			c.Rows = append(c.Rows, wireRow{Table: r.Table, Key: r.Key, Value: r.Value, Expires: r.Expires})
		}
		return true
	})
	tx.rows.moveInto(b.rows)
	if keep {
		c.data = mustEncode(c)
	}
	k.sinceLast = contextOf{}
	k.lastLocal = c.Stamp
	k.accepted.raise(c.Origin, c.Stamp)
	k.record(b, c)
	b.own = append(b.own, c)
	b.replies = append(b.replies, Reply{ID: l.ID, Version: c.version()})
}

// applyDrops removes rows that nobody has changed since they were found.
func (b *batch) applyDrops(drops []*Row) {
	for _, d := range drops {
		if cur := b.rows.get(d.Table, d.Key); cur != nil && cur.Version == d.Version {
			b.rows.drop(d)
		}
	}
}

// putContext writes the context entries that the batch moves.
func (k *Core) putContext(b *batch) {
	for _, e := range b.context.entries() {
		b.rows.put(&Row{Table: tableContext, Key: e.Origin.String(), Value: mustEncode(e)})
	}
	b.trim = k.log.trim(k.maxLog)
}

// write returns the batch as one transaction, in key order.
func (b *batch) write() *Write {
	w := &Write{Log: b.log, TrimLog: b.trim, Put: make([]*Row, 0, b.rows.rows.Len())}
	b.rows.changed(func(r *overlayRow) bool {
		if r.gone {
			w.Drop = append(w.Drop, r.Row)
			return true
		}
		if !Local(r.Table) {
			r.decoded = r.value()
		}
		w.Put = append(w.Put, r.Row)
		return true
	})
	return w
}

// changes returns what the batch changed in tables that can be subscribed to.
func (b *batch) changes(k *Core) []Change {
	out := make([]Change, 0, b.rows.rows.Len())
	b.rows.changed(func(r *overlayRow) bool {
		if Local(r.Table) {
			return true
		}
		c := Change{Table: r.Table, Key: r.Key, Version: r.Version}
		if !r.gone && r.live(b.now) {
			if c.Value = r.decoded; c.Value == nil {
				k.stats.Invalid++
			}
		}
		out = append(out, c)
		return true
	})
	return out
}

// written publishes what is on the disk now, answers its writers and tells peers.
func (k *Core) written(err error) {
	b := k.writing
	if b == nil {
		return
	}
	k.writing = nil
	if err != nil {
		k.fail(b, err)
		return
	}
	for o, s := range b.context {
		k.durable.raise(o, s)
		k.moved[o] = k.now
	}
	k.stats.Commits += uint64(len(b.commits))
	k.publish(b.changes(k), b.context)
	for _, r := range b.replies {
		if r.Err != nil || r.Version == (Version{}) {
			k.reply(r)
			continue
		}
		k.waiting = append(k.waiting, waitingReply{seq: k.seq, until: k.now.Add(viewWait), reply: r})
	}
	k.tell(b.own)
	k.advanceStart()
}

// fail ends the run: what is shown stays, nothing more is written.
func (k *Core) fail(b *batch, err error) {
	k.failed = fmt.Errorf("cannot write: %w", err)
	k.warnf("Failed to write the state, refusing writes from now on: %v", err)
	for _, r := range b.replies {
		if r.Err == nil {
			r = Reply{ID: r.ID, Err: k.Behind()}
		}
		k.reply(r)
	}
	for _, l := range k.locals {
		k.reply(Reply{ID: l.ID, Err: k.Behind()})
	}
	k.locals = nil
}

// maxUnviewed bounds the publications that wait for subscribers one by one;
// beyond that the newest two count as one.
const maxUnviewed = 4096

// publish hands changes to subscribers and remembers what they will cover.
func (k *Core) publish(changes []Change, base contextOf) {
	k.seq++
	k.stats.Published++
	if n := len(k.published); n >= maxUnviewed {
		last := &k.published[n-1]
		last.seq = k.seq
		last.base = maps.Clone(last.base)
		if last.base == nil {
			last.base = contextOf{}
		}
		last.base.raiseAll(base)
	} else {
		k.published = append(k.published, viewedAt{seq: k.seq, base: base})
	}
	k.out.Publish = append(k.out.Publish, Publication{Seq: k.seq, Changes: changes})
}

// viewedUpTo notes that the local views show everything up to seq.
func (k *Core) viewedUpTo(seq uint64) {
	n := 0
	for n < len(k.published) && k.published[n].seq <= seq {
		k.viewed.raiseAll(k.published[n].base)
		n++
	}
	k.published = k.published[n:]
	k.waiting = slices.DeleteFunc(k.waiting, func(w waitingReply) bool {
		if w.seq > seq {
			return false
		}
		k.reply(w.reply)
		return true
	})
	k.recheckAsks()
	k.answerHeld()
	k.advanceStart()
}

// expireWaits answers writers whose views take too long.
func (k *Core) expireWaits() {
	k.waiting = slices.DeleteFunc(k.waiting, func(w waitingReply) bool {
		if k.now.Before(w.until) {
			return false
		}
		k.reply(w.reply)
		return true
	})
}

// tell sends commits of this node to its peers by the fast path.
func (k *Core) tell(own []*commit) {
	var datas [][]byte
	var large []entry
	for _, c := range own {
		if c.data == nil || len(c.data) > MaxDatagram-64 {
			large = append(large, entry{Origin: c.Origin, Stamp: c.Stamp})
		} else {
			datas = append(datas, c.data)
		}
	}
	k.spread(datas, 0)
	if len(large) > 0 {
		for _, o := range k.someMembers(fanout, 0) {
			k.send(o, &announceMsg{Entries: large})
		}
	}
}

// spread sends commits to a few members, packed into datagrams.
func (k *Core) spread(datas [][]byte, not Origin) {
	if len(datas) == 0 {
		return
	}
	to := k.someMembers(fanout, not)
	for len(datas) > 0 {
		n, size := 0, 32
		for n < len(datas) && (n == 0 || size+len(datas[n])+8 <= MaxDatagram) {
			size += len(datas[n]) + 8
			n++
		}
		for _, o := range to {
			k.send(o, &commitsMsg{Commits: datas[:n]})
		}
		datas = datas[n:]
	}
}

// someMembers returns up to n other members, drawn at random.
func (k *Core) someMembers(n int, not Origin) []Origin {
	runs := k.memberRuns()
	runs = slices.DeleteFunc(runs, func(o Origin) bool { return o == not })
	if len(runs) > n {
		k.rand.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
		runs = runs[:n]
	}
	return runs
}
