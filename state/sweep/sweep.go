// Package sweep deletes rows that read as absent: what nodes that wrote at the
// same time left behind, such as the RRsets of a zone that another node was
// deleting. Nobody is shown them, but if the row above them came back they would
// come with it.
//
// A [Sweeper] goes round the rows of some tables by [Rules], a few at a time.
// Each row is one member's to delete, of those of this node's kind the one that
// hashing prefers; where two think that they are, both delete the same. A
// Sweeper belongs to one goroutine.
package sweep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// The pace of a sweeper.
const (
	every    = time.Second
	stepRows = 500 // that one step looks at
	// maxWaiting bounds the rows whose time to go is waited for.
	maxWaiting = 100_000
	maxTold    = 1000 // lines that are remembered
)

// Rules say which rows are to go. The functions are pure.
type Rules struct {
	// Of says what the rows are about, for the log.
	Of string
	// Tables are those that are gone round, sorted.
	Tables []string
	// Gone tells whether a row reads as absent at a time, in milliseconds since
	// 1970, and no row that is there will change that.
	Gone func(rd *state.Reader, v model.Value, now int64) bool
	// Alike returns what the keys begin with of all rows of the table that are
	// gone if v is, empty where only v is known about; nil: so it is for all.
	Alike func(v model.Value) string
	// Remove deletes a row that is gone, with what hangs on it alone; nil: the
	// row and nothing else.
	Remove func(t *state.Tx, v model.Value, now int64) error
	// Report returns a line for the log about a row, empty for none; nil: never.
	Report func(rd *state.Reader, v model.Value) string
	// Patience is for how long this node must have found a row gone.
	Patience time.Duration
}

// Sweeper deletes rows by rules.
type Sweeper struct {
	Replica *state.Replica
	Rules   Rules
	// Log takes failures and reports; it must not block.
	Log func(format string, args ...any)
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	table, key string              // where to go on
	waiting    map[found]time.Time // rows found gone in the last round, since when
	again      map[found]time.Time // in this one
	told       map[string]bool     // lines that were logged
}

// found is a row that is gone.
type found struct{ table, key string }

// Run sweeps until ctx is done.
func (w *Sweeper) Run(ctx context.Context) {
	select {
	case <-w.Replica.Ready():
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := w.Step(ctx); err != nil && ctx.Err() == nil {
				w.Log("Failed to sweep the rows of %s: %v", w.Rules.Of, err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// Step looks at the next rows, and deletes those that are to go.
func (w *Sweeper) Step(ctx context.Context) error {
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Replica.Behind() != nil {
		return nil
	}
	now := w.Now()
	var gone []found
	if err := w.Replica.View(func(rd *state.Reader) error { gone = w.look(rd, now); return nil }); err != nil {
		return err
	}
	members := w.Replica.Members()
	mine := gone[:0]
	for _, d := range gone {
		if chosen(members, d.table+"\x00"+d.key) {
			mine = append(mine, d)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	_, err := w.Replica.Commit(ctx, func(t *state.Tx) error { return w.remove(t, mine, now.UnixMilli()) })
	return err
}

// remove deletes the rows that are still gone.
func (w *Sweeper) remove(t *state.Tx, rows []found, now int64) error {
	for _, d := range rows {
		v, ok := t.Get(d.table, d.key)
		if !ok || !w.Rules.Gone(&t.Reader, v, now) {
			continue
		}
		if w.Rules.Remove == nil {
			t.Delete(d.table, d.key)
		} else if err := w.Rules.Remove(t, v, now); err != nil {
			return err
		}
	}
	return nil
}

// look returns what is to go among the next rows, and moves on.
func (w *Sweeper) look(rd *state.Reader, now time.Time) []found {
	var gone []found
	left := stepRows
	for _, table := range w.Rules.Tables {
		if table < w.table {
			continue
		}
		for more := true; more; {
			more = false
			rd.Range(table, "", w.key, func(v model.Value, _ state.Version) bool {
				if left--; left < 0 {
					w.table, w.key = table, v.Key()
					return false
				}
				w.report(rd, v)
				if w.Rules.Gone(rd, v, now.UnixMilli()) {
					if d := (found{table, v.Key()}); w.due(d, now) {
						gone = append(gone, d)
					}
					return true
				}
				prefix := ""
				if w.Rules.Alike != nil {
					prefix = w.Rules.Alike(v)
				}
				if prefix == "" {
					return true
				}
				w.key, more = after(prefix), true
				return false
			})
			if left < 0 {
				return gone
			}
		}
		w.key = ""
	}
	w.table = ""
	w.waiting, w.again = w.again, nil
	return gone
}

// after returns the first key after all that begin with prefix, which ends in a
// byte other than 0xff.
func after(prefix string) string {
	last := len(prefix) - 1
	return prefix[:last] + string([]byte{prefix[last] + 1})
}

// due tells whether a row that is gone has been so for long enough.
func (w *Sweeper) due(d found, now time.Time) bool {
	if w.Rules.Patience == 0 {
		return true
	}
	since, ok := w.waiting[d]
	if !ok {
		since = now
	}
	if now.Sub(since) >= w.Rules.Patience {
		return true
	}
	if w.again == nil {
		w.again = make(map[found]time.Time)
	}
	if len(w.again) < maxWaiting {
		w.again[d] = since
	}
	return false
}

// report logs, once, what is to be said about a row.
func (w *Sweeper) report(rd *state.Reader, v model.Value) {
	if w.Rules.Report == nil {
		return
	}
	line := w.Rules.Report(rd, v)
	if line == "" || w.told[line] {
		return
	}
	if w.told == nil || len(w.told) > maxTold {
		w.told = make(map[string]bool)
	}
	w.told[line] = true
	w.Log("%s", line)
}

// chosen tells whether this node is, of the live members of its kind, the one
// that hashing prefers for a row.
func chosen(members []state.Member, key string) bool {
	kind := ""
	for _, m := range members {
		if m.Self {
			kind = m.Kind
		}
	}
	best, most := false, [sha256.Size]byte{}
	for _, m := range members {
		if m.Kind != kind || m.Behind {
			continue
		}
		weight := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(m.Run)), key...))
		if bytes.Compare(weight[:], most[:]) >= 0 {
			most, best = weight, m.Self
		}
	}
	return best
}
