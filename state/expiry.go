package state

import (
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// PutUntil writes v as [Tx.Put] does, and gives the row an expiry: past it the
// row reads as absent, and each node drops it by itself.
func (t *Tx) PutUntil(v model.Value, expires time.Time) error {
	if err := t.Put(v); err != nil {
		return err
	}
	row := *t.rows.get(v.Table(), v.Key())
	row.Expires = expires.UnixMilli()
	t.rows.put(&row)
	return nil
}
