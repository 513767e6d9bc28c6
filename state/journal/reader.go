package journal

import (
	"bytes"
	"errors"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/edgestage/edgestage/state"
)

var (
	errTimeout = bolterrors.ErrTimeout
	errNotOpen = bolterrors.ErrDatabaseNotOpen
)

// isDamage tells whether err says that the file is no bbolt file that this
// release can read.
func isDamage(err error) bool {
	for _, damage := range []error{bolterrors.ErrInvalid, bolterrors.ErrVersionMismatch, bolterrors.ErrChecksum, bolterrors.ErrInvalidMapping} {
		if errors.Is(err, damage) {
			return true
		}
	}
	return false
}

// reader is one read transaction.
type reader struct {
	rows, log *bbolt.Bucket
}

// Get implements [state.StoreReader].
func (r reader) Get(table, key string) *state.Row {
	b := r.rows.Get(rowKey(table, key))
	if b == nil {
		return nil
	}
	return decodeRow(table, key, b)
}

// Range implements [state.StoreReader].
func (r reader) Range(table, key string, f func(row *state.Row) bool) {
	c := r.rows.Cursor()
	last := table // names repeat: one string for all
	for k, v := c.Seek(rowKey(table, key)); k != nil; k, v = c.Next() {
		i := bytes.IndexByte(k, 0)
		if i < 0 {
			continue
		}
		if string(k[:i]) != last {
			last = string(k[:i])
		}
		row := decodeRow(last, string(k[i+1:]), v)
		if row != nil && !f(row) {
			return
		}
	}
}

// Log implements [state.StoreReader].
func (r reader) Log(seq uint64, f func(e state.LogEntry) bool) {
	c := r.log.Cursor()
	for k, v := c.Seek(seqKey(seq)); k != nil; k, v = c.Next() {
		if e, ok := decodeEntry(k, v); ok && !f(e) {
			return
		}
	}
}
