package health

import (
	"github.com/cespare/xxhash/v2"
	"github.com/edgestage/edgestage/state"
)

// maxOrder is how many checks fit in a pulse. Those beyond, in the order of
// ids, are judged by each node for itself.
const maxOrder = (state.MaxPulse - headerSize) * 4

// maxOrders is how many orders are kept, so that members that have not seen
// the last changes yet are understood.
const maxOrders = 8

// order is the checks in the order in which their opinions travel. It never
// changes.
type order struct {
	hash uint64
	ids  []string // sorted
}

func newOrder(ids []string) *order {
	ids = ids[:min(len(ids), maxOrder)]
	d := xxhash.New()
	for _, id := range ids {
		_, _ = d.WriteString(id)
		_, _ = d.Write([]byte{0})
	}
	return &order{hash: d.Sum64(), ids: ids}
}

// translate returns where each check of o stands in other, -1 for none; nil if
// both are the same.
func (o *order) translate(other *order) []int32 {
	if o == other {
		return nil
	}
	to := make([]int32, len(o.ids))
	at := 0
	for i, id := range o.ids {
		for at < len(other.ids) && other.ids[at] < id {
			at++
		}
		to[i] = -1
		if at < len(other.ids) && other.ids[at] == id {
			to[i] = int32(at)
		}
	}
	return to
}

// orders are the last ones, newest first; there is always one.
type orders []*order

// put makes o the newest.
func (os orders) put(o *order) orders {
	kept := orders{o}
	for _, old := range os {
		if old.hash != o.hash && len(kept) < maxOrders {
			kept = append(kept, old)
		}
	}
	return kept
}

// get returns the order of that hash, or nil.
func (os orders) get(hash uint64) *order {
	for _, o := range os {
		if o.hash == hash {
			return o
		}
	}
	return nil
}
