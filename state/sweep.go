package state

import "github.com/edgestage/edgestage/state/hlc"

// sweepRows is how many rows one step of the sweep looks at.
const sweepRows = 500

// sweeper goes round all replicated rows, a few at a time, and finds those
// that have had their time: tombstones past the horizon, rows past their
// expiry.
type sweeper struct {
	table, key string
}

func (k *Core) sweepSome() {
	if k.failed != nil {
		return
	}
	horizon := hlc.At(k.now.Add(-k.horizon))
	nowMillis := k.now.UnixMilli()
	var drops []*Row
	seen := 0
	next := sweeper{}
	err := k.store.Read(func(r StoreReader) error {
		eachReplicated(r, k.sweep.table, k.sweep.key, func(row *Row) bool {
			if seen++; seen > sweepRows {
				next = sweeper{table: row.Table, key: row.Key}
				return false
			}
			old := row.Value == nil && row.Version.Stamp < horizon
			if old || row.Value != nil && !row.live(nowMillis) {
				drops = append(drops, &Row{Table: row.Table, Key: row.Key, Version: row.Version})
			}
			return true
		})
		return nil
	})
	if err != nil {
		k.warnf("Failed to sweep the rows: %v", err)
		return
	}
	k.sweep = next
	if len(drops) > 0 {
		k.queue = append(k.queue, item{drops: drops})
	}
}
