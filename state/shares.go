package state

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// rememberedGrace is how long the shares of an earlier start still stand once
// this node has found others and their owner is not among them.
const rememberedGrace = 5 * time.Second

// shares are the volatile tables: one document for each run and table, of
// which only the run's own node makes new versions.
type shares struct {
	docs map[shareKey]*share
	// later are local rows to write with the next batch.
	later []*overlayRow
}

type shareKey struct {
	run   Origin
	table string
}

type share struct {
	msg  *shareMsg
	rows map[string]model.Value
	// remembered says that it was read from disk and its owner not yet heard.
	remembered bool
}

func (s *shares) init() { s.docs = map[shareKey]*share{} }

func (s *shares) dirty() bool { return len(s.later) > 0 }

// store puts the local rows that wait into a batch.
func (s *shares) store(rows *overlay) {
	for _, r := range s.later {
		if r.gone {
			rows.drop(r.Row)
		} else {
			rows.put(r.Row)
		}
	}
	s.later = nil
}

func (s *shares) sortedKeys() []shareKey {
	return slices.SortedFunc(maps.Keys(s.docs), func(a, b shareKey) int {
		if c := strings.Compare(a.table, b.table); c != 0 {
			return c
		}
		return Version{Origin: a.run}.Compare(Version{Origin: b.run})
	})
}

// version returns the version known of a run's document, 0 for none.
func (s *shares) version(run Origin, table string) uint64 {
	if d := s.docs[shareKey{run, table}]; d != nil && !d.remembered {
		return d.msg.Version
	}
	return 0
}

func (s *shares) has(run Origin) bool {
	for k := range s.docs {
		if k.run == run {
			return true
		}
	}
	return false
}

// own lists the versions of this node's documents, which beats tell.
func (s *shares) own() []shareVersion {
	var out []shareVersion
	for _, key := range s.sortedKeys() {
		if d := s.docs[key]; d.msg.NodeID == "" {
			out = append(out, shareVersion{Table: key.table, Version: d.msg.Version})
		}
	}
	return out
}

// all returns every shared row, for a first publication.
func (s *shares) all() []Change {
	var out []Change
	for _, key := range s.sortedKeys() {
		for _, row := range slices.Sorted(maps.Keys(s.docs[key].rows)) {
			out = append(out, s.change(key, row, s.docs[key].rows[row]))
		}
	}
	return out
}

// change is a shared row as subscribers see it: several runs may share one
// key, so the run stands behind it.
func (s *shares) change(key shareKey, row string, v model.Value) Change {
	return Change{Table: key.table, Key: row + "\x00" + key.run.String(), Value: v}
}

// remember takes a document that was on disk at the start.
func (s *shares) remember(m *shareMsg) {
	s.docs[shareKey{m.Run, m.Table}] = &share{msg: m, rows: m.values(), remembered: true}
}

// values returns the rows of m that validate here.
func (m *shareMsg) values() map[string]model.Value {
	out := make(map[string]model.Value, len(m.Rows))
	for _, r := range m.Rows {
		if v, err := model.Decode(m.Table, r.Key, r.Value); err == nil && model.Volatile(m.Table) {
			out[r.Key] = v
		}
	}
	return out
}

// set replaces a document and returns what that changes.
func (s *shares) set(m *shareMsg) []Change {
	key := shareKey{m.Run, m.Table}
	next := &share{msg: m, rows: m.values()}
	var old map[string]model.Value
	if d := s.docs[key]; d != nil {
		old = d.rows
	}
	s.docs[key] = next
	var out []Change
	for row := range old {
		if next.rows[row] == nil {
			out = append(out, s.change(key, row, nil))
		}
	}
	for row, v := range next.rows {
		out = append(out, s.change(key, row, v))
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// share replaces this node's own document.
func (k *Core) share(ev ShareTable) {
	m := &shareMsg{Run: k.self.Run, Table: ev.Table, Version: k.shares.version(k.self.Run, ev.Table) + 1}
	for _, v := range ev.Values {
		data, err := model.Encode(v)
		if err != nil || v.Table() != ev.Table || v.Validate() != nil {
			continue // Replica.Publish has refused it already
		}
		m.Rows = append(m.Rows, shareRow{Key: v.Key(), Value: data})
	}
	k.publish(k.shares.set(m), nil)
	for _, o := range k.someMembers(beatFanout, 0) {
		k.sendShare(o, m)
	}
}

// sendShare sends one of this node's documents with its identity.
func (k *Core) sendShare(to Origin, m *shareMsg) {
	out := *m
	out.NodeID = k.self.ID
	k.send(to, &out)
}

func (k *Core) sendShares(to Origin) {
	for _, key := range k.shares.sortedKeys() {
		if key.run == k.self.Run {
			k.sendShare(to, k.shares.docs[key].msg)
		}
	}
}

func (k *Core) answerWant(from Origin, m *wantMsg) {
	if d := k.shares.docs[shareKey{k.self.Run, m.Table}]; d != nil {
		k.sendShare(from, d.msg)
	}
}

// receiveShare takes a member's document; nobody speaks for another.
func (k *Core) receiveShare(p *peer, m *shareMsg) {
	if m.Run != p.Run || !model.Volatile(m.Table) || k.shares.version(m.Run, m.Table) >= m.Version {
		return
	}
	m.NodeID = p.ID
	k.publish(k.shares.set(m), nil)
	k.shares.later = append(k.shares.later, &overlayRow{Row: m.row()})
	for _, key := range k.shares.sortedKeys() {
		if d := k.shares.docs[key]; d.remembered && d.msg.NodeID == p.ID {
			k.shares.drop(k, key.run)
		}
	}
}

// row is where a document is remembered.
func (m *shareMsg) row() *Row {
	return &Row{Table: tableVolatile, Key: m.Table + "\x00" + m.Run.String(), Value: mustEncode(m)}
}

// drop removes what a run shared.
func (s *shares) drop(k *Core, run Origin) {
	for _, key := range s.sortedKeys() {
		if key.run != run {
			continue
		}
		d := s.docs[key]
		k.publish(s.set(&shareMsg{Run: run, Table: key.table}), nil)
		s.later = append(s.later, &overlayRow{Row: d.msg.row(), gone: true})
		delete(s.docs, key)
	}
}

// replaced drops what an earlier run at m's address shared. Should it be m that
// is the earlier one, the next beat of the later brings its shares back.
func (s *shares) replaced(k *Core, m Member) {
	for _, run := range k.memberRuns() {
		if run != m.Run && k.members[run].Addr == m.Addr {
			s.drop(k, run)
		}
	}
	for _, run := range slices.Sorted(maps.Keys(k.buried)) {
		if k.buriedAt[run] == m.Addr {
			s.drop(k, run)
			k.dropPulse(run)
			delete(k.buried, run)
			delete(k.buriedAt, run)
		}
	}
}

// buryShares drops what dead members shared, and what nobody came back for.
func (k *Core) buryShares() {
	for _, run := range slices.Sorted(maps.Keys(k.buried)) {
		if k.now.Sub(k.buried[run]) >= deadGrace {
			k.shares.drop(k, run)
			k.dropPulse(run)
			delete(k.buried, run)
			delete(k.buriedAt, run)
		}
	}
	if len(k.members) == 0 || k.phase != phaseServing {
		k.togetherSince = time.Time{}
		return
	}
	if k.togetherSince.IsZero() {
		k.togetherSince = k.now
	}
	if k.now.Sub(k.togetherSince) < rememberedGrace {
		return
	}
	for _, key := range k.shares.sortedKeys() {
		if k.shares.docs[key].remembered && k.members[key.run] == nil {
			k.shares.drop(k, key.run)
		}
	}
}
