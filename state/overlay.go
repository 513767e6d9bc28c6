package state

import (
	"strings"

	"github.com/google/btree"
)

// rowLess orders rows by table, then key.
func rowLess(a, b *Row) bool {
	if a.Table != b.Table {
		return a.Table < b.Table
	}
	return a.Key < b.Key
}

// overlay is rows above other rows: what a commit or batch has changed so far,
// over what was there. The base of a batch is the store.
type overlay struct {
	rows *btree.BTreeG[*overlayRow]
	base *overlay
	read StoreReader // where base is nil
}

// overlayRow is a row, or its removal without a trace.
type overlayRow struct {
	*Row
	gone bool
}

func newOverlay(base *overlay, read StoreReader) *overlay {
	return &overlay{
		rows: btree.NewG(32, func(a, b *overlayRow) bool { return rowLess(a.Row, b.Row) }),
		base: base, read: read,
	}
}

// get returns the row or tombstone under (table, key), or nil.
func (o *overlay) get(table, key string) *Row {
	if r, ok := o.rows.Get(&overlayRow{Row: &Row{Table: table, Key: key}}); ok {
		if r.gone {
			return nil
		}
		return r.Row
	}
	if o.base != nil {
		return o.base.get(table, key)
	}
	return o.read.Get(table, key)
}

func (o *overlay) put(r *Row)  { o.rows.ReplaceOrInsert(&overlayRow{Row: r}) }
func (o *overlay) drop(r *Row) { o.rows.ReplaceOrInsert(&overlayRow{Row: r, gone: true}) }

// moveInto makes base show what o has changed; o is spent then.
func (o *overlay) moveInto(base *overlay) {
	if base.rows.Len() == 0 {
		base.rows = o.rows
		return
	}
	o.rows.Ascend(func(r *overlayRow) bool {
		base.rows.ReplaceOrInsert(r)
		return true
	})
}

// replicated returns how many of the changed rows are replicated, and about how
// many bytes they take.
func (o *overlay) replicated() (rows, size int) {
	o.changed(func(r *overlayRow) bool {
		if !Local(r.Table) {
			rows++
			size += len(r.Table) + len(r.Key) + len(r.Value)
		}
		return true
	})
	return rows, size
}

// changed calls f for each changed row in order until f returns false.
func (o *overlay) changed(f func(r *overlayRow) bool) { o.rows.Ascend(f) }

// scan calls f for the rows and tombstones of a table that begin with prefix
// and are not before from, in order, until f returns false.
func (o *overlay) scan(table, prefix, from string, f func(r *Row) bool) {
	over := o.collect(nil, table, prefix, from)
	start := max(prefix, from)
	i, stopped := 0, false
	emit := func(r *overlayRow) bool {
		if !r.gone {
			stopped = !f(r.Row)
		}
		return !stopped
	}
	below := o
	for below.base != nil {
		below = below.base
	}
	below.read.Range(table, start, func(r *Row) bool {
		if r.Table != table || !strings.HasPrefix(r.Key, prefix) {
			return false
		}
		for i < len(over) && over[i].Key < r.Key {
			if !emit(over[i]) {
				return false
			}
			i++
		}
		if i < len(over) && over[i].Key == r.Key {
			i++
			return emit(over[i-1])
		}
		return emit(&overlayRow{Row: r})
	})
	for ; !stopped && i < len(over); i++ {
		emit(over[i])
	}
}

// collect returns the changed rows of all layers in key order, upper layers
// before lower ones.
func (o *overlay) collect(upper []*overlayRow, table, prefix, from string) []*overlayRow {
	var own []*overlayRow
	o.rows.AscendGreaterOrEqual(&overlayRow{Row: &Row{Table: table, Key: max(prefix, from)}}, func(r *overlayRow) bool {
		if r.Table != table || !strings.HasPrefix(r.Key, prefix) {
			return false
		}
		own = append(own, r)
		return true
	})
	merged := mergeLayers(upper, own)
	if o.base != nil {
		return o.base.collect(merged, table, prefix, from)
	}
	return merged
}

func mergeLayers(upper, lower []*overlayRow) []*overlayRow {
	if len(upper) == 0 {
		return lower
	}
	out := make([]*overlayRow, 0, len(upper)+len(lower))
	for len(upper) > 0 && len(lower) > 0 {
		switch {
		case upper[0].Key < lower[0].Key:
			out, upper = append(out, upper[0]), upper[1:]
		case upper[0].Key > lower[0].Key:
			out, lower = append(out, lower[0]), lower[1:]
		default:
			out, upper, lower = append(out, upper[0]), upper[1:], lower[1:]
		}
	}
	return append(append(out, upper...), lower...)
}
