package journal

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/edgestage/edgestage/state"
)

// large is how many rows of one write make a new file, in transactions of so
// many rows: in the file that is there, the only transaction would hold all
// pages that it changes in memory.
const (
	large     = 100_000
	largeStep = 20_000
)

// rebuild does a write by making a new file of what the old one holds and what
// is written, in key order. Only when that is on the disk it takes the old
// one's place, by rename: a crash leaves the one or the other.
func (j *Journal) rebuild(w *state.Write) error {
	db, err := begin(j.path, bbolt.Options{NoSync: true, NoGrowSync: true, NoFreelistSync: true})
	if err != nil {
		return fmt.Errorf("creating a new %s: %w", j.path, err)
	}
	placed := false
	defer func() {
		if !placed {
			_ = db.Close()
			_ = os.Remove(j.path + newSuffix)
		}
	}()
	old := j.db.Load()
	err = old.View(func(tx *bbolt.Tx) error { return refill(db, tx, w) })
	if err != nil {
		return err
	}
	if err := os.Rename(j.path+newSuffix, j.path); err != nil {
		return err
	}
	placed = true // whatever becomes of the folder, this is the file by now
	j.db.Store(db)
	j.closing.Go(func() { _ = old.Close() }) // once those that read it are done
	return j.syncDir(filepath.Dir(j.path))
}

// refill puts what old holds into db, as w leaves it.
func refill(db *bbolt.DB, old *bbolt.Tx, w *state.Write) error {
	steps := make(chan []pair, 1)
	go newMerger(old.Bucket(bucketRows).Cursor(), w).run(steps)
	var err error
	for step := range steps { // to the end, as the merger reads old
		if err == nil {
			err = db.Update(func(tx *bbolt.Tx) error { return appendRows(tx.Bucket(bucketRows), step) })
		}
	}
	if err != nil {
		return err
	}
	db.NoSync, db.NoGrowSync, db.NoFreelistSync = false, false, false // the last one is for all
	return db.Update(func(tx *bbolt.Tx) error {
		log := tx.Bucket(bucketLog)
		log.FillPercent = 0.9
		c := old.Bucket(bucketLog).Cursor()
		for k, v := c.Seek(seqKey(w.TrimLog)); k != nil; k, v = c.Next() {
			if err := log.Put(k, v); err != nil {
				return err
			}
		}
		return writeLog(log, w)
	})
}

// pair is a row as it is in the file.
type pair struct{ k, v []byte }

func appendRows(rows *bbolt.Bucket, step []pair) error {
	rows.FillPercent = 0.9 // keys only rise
	for _, p := range step {
		if err := rows.Put(p.k, p.v); err != nil {
			return err
		}
	}
	return nil
}

// merger goes through the rows of a file as a write leaves them, in key order.
type merger struct {
	old  *bbolt.Cursor
	k, v []byte // where old is
	puts []*state.Row
	drop map[string]bool
	key  []byte // of puts[0], nil if there is none
	free []byte // room for values
}

func newMerger(old *bbolt.Cursor, w *state.Write) *merger {
	m := &merger{old: old, puts: inOrder(w.Put), drop: make(map[string]bool, len(w.Drop))}
	for _, r := range w.Drop {
		m.drop[string(rowKey(r.Table, r.Key))] = true
	}
	m.k, m.v = old.First()
	m.setKey()
	return m
}

// inOrder returns rows in key order, as they most often are.
func inOrder(rows []*state.Row) []*state.Row {
	order := func(a, b *state.Row) int { // that of rowKey, as names of tables have no NUL
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Key, b.Key))
	}
	if !slices.IsSortedFunc(rows, order) {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, order)
	}
	return rows
}

func (m *merger) setKey() {
	if m.key = nil; len(m.puts) > 0 {
		m.key = rowKey(m.puts[0].Table, m.puts[0].Key)
	}
}

// run sends all rows in steps, then closes.
func (m *merger) run(steps chan<- []pair) {
	defer close(steps)
	for more := true; more; {
		step := make([]pair, 0, largeStep)
		for len(step) < largeStep && more {
			var p pair
			if p.k, p.v, more = m.next(); more {
				step = append(step, p)
			}
		}
		steps <- step
	}
}

// next returns the next row; false: there is none.
func (m *merger) next() (k, v []byte, more bool) {
	for m.k != nil || m.key != nil {
		switch {
		case m.key == nil || m.k != nil && bytes.Compare(m.k, m.key) < 0:
			k, v = m.k, m.v
			m.k, m.v = m.old.Next()
		default:
			if bytes.Equal(m.k, m.key) {
				m.k, m.v = m.old.Next()
			}
			k, v = m.key, m.encode(m.puts[0])
			m.puts = m.puts[1:]
			m.setKey()
			if bytes.Equal(k, m.key) {
				continue // the last one of a key counts
			}
		}
		if len(m.drop) == 0 || !m.drop[string(k)] {
			return k, v, true
		}
	}
	return nil, nil, false
}

// encode returns the value of a row in the file, many in one block.
func (m *merger) encode(r *state.Row) []byte {
	if size := rowHeader + len(r.Value); cap(m.free)-len(m.free) < size {
		m.free = make([]byte, 0, max(size, 1<<18))
	}
	start := len(m.free)
	m.free = appendRow(m.free, r)
	return m.free[start:len(m.free):len(m.free)]
}
