package state

import (
	"bytes"
	"fmt"

	"github.com/edgestage/edgestage/state/model"
)

// Reader reads rows as they are at one moment. The values it returns are
// shared: they must not be modified. It is valid until the function that got
// it returns.
type Reader struct {
	rows *overlay
	now  int64
}

// Get returns the value under (table, key), and whether it is there.
func (r *Reader) Get(table, key string) (model.Value, bool) {
	v := r.visible(r.rows.get(table, key))
	return v, v != nil
}

// Range calls f for each row of table whose key begins with prefix and is not
// before from, in key order, until f returns false.
func (r *Reader) Range(table, prefix, from string, f func(v model.Value, version Version) bool) {
	r.rows.scan(table, prefix, from, func(row *Row) bool {
		if v := r.visible(row); v != nil {
			return f(v, row.Version)
		}
		return true
	})
}

// RangeEncoded calls f for each row of table whose key begins with prefix, with
// the value as it is stored, decoded by nobody, in key order until f returns
// false. The bytes must not be modified, nor kept when f has returned.
func (r *Reader) RangeEncoded(table, prefix string, f func(key string, value []byte) bool) {
	r.rows.scan(table, prefix, prefix, func(row *Row) bool {
		return !row.live(r.now) || f(row.Key, row.Value)
	})
}

func (r *Reader) visible(row *Row) model.Value {
	if row == nil || !row.live(r.now) {
		return nil
	}
	return row.value()
}

// Tx is one commit in the making. Its reads see its own writes and everything
// committed on this node before.
type Tx struct {
	Reader
}

// Put writes v under its own table and key. It returns what [model.Value]'s
// Validate says, and then writes nothing. The value must not be modified
// afterwards.
func (t *Tx) Put(v model.Value) error {
	p, err := Prepare(v)
	if err == nil {
		t.rows.put(&p.row)
	}
	return err
}

// Prepared is a value that is valid, and encoded: all of its row but the version.
type Prepared struct{ row Row }

// Prepare does what [Tx.Put] does but for writing, so that a commit of many rows
// does not keep the node's only writer busy with it.
func Prepare(v model.Value) (*Prepared, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	table, key := v.Table(), v.Key()
	if model.Volatile(table) {
		return nil, fmt.Errorf("table %q is volatile: its rows are published, not committed", table)
	}
	data, err := model.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("encoding row %q of %s: %w", key, table, err)
	}
	if len(data) > maxValueBytes {
		return nil, fmt.Errorf("row %q of %s takes %d bytes, at most %d are allowed", key, table, len(data), maxValueBytes)
	}
	if len(key) > maxNameBytes {
		return nil, fmt.Errorf("key of %d bytes in %s, at most %d are allowed", len(key), table, maxNameBytes)
	}
	return &Prepared{Row{Table: table, Key: key, Value: data, decoded: v}}, nil
}

// Key returns the key of the row.
func (p *Prepared) Key() string { return p.row.Key }

// Value returns the value, which must not be modified.
func (p *Prepared) Value() model.Value { return p.row.decoded }

// Same tells whether a row with that encoded value needs no change.
func (p *Prepared) Same(value []byte) bool { return bytes.Equal(p.row.Value, value) }

// PutPrepared writes p. Another commit may write it as well.
func (t *Tx) PutPrepared(p *Prepared) {
	row := p.row
	t.rows.put(&row)
}

// Delete removes the row under (table, key). Removing a missing row changes
// nothing.
func (t *Tx) Delete(table, key string) {
	row := t.rows.get(table, key)
	if row == nil || row.Value == nil {
		return
	}
	gone := &Row{Table: table, Key: key}
	if Local(table) {
		t.rows.drop(gone)
		return
	}
	t.rows.put(gone)
}
