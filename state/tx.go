package state

import (
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
	if err := v.Validate(); err != nil {
		return err
	}
	if model.Volatile(v.Table()) {
		return fmt.Errorf("table %q is volatile: its rows are published, not committed", v.Table())
	}
	data, err := model.Encode(v)
	if err != nil {
		return fmt.Errorf("encoding row %q of %s: %w", v.Key(), v.Table(), err)
	}
	if len(data) > maxValueBytes {
		return fmt.Errorf("row %q of %s takes %d bytes, at most %d are allowed", v.Key(), v.Table(), len(data), maxValueBytes)
	}
	if len(v.Key()) > maxNameBytes {
		return fmt.Errorf("key of %d bytes in %s, at most %d are allowed", len(v.Key()), v.Table(), maxNameBytes)
	}
	t.rows.put(&Row{Table: v.Table(), Key: v.Key(), Value: data, decoded: v})
	return nil
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
