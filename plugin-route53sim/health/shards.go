package health

import (
	"cmp"
	"slices"

	"github.com/edgestage/edgestage/state/model"
)

// lasts are the last verdicts on the checks of ids, unknown where there is
// none.
type lasts struct {
	ids  []string // never modified
	last []opinion
}

// shards makes rows of last verdicts: as many and as large in a storm as in
// calm, and one commit whatever has changed.
type shards struct {
	ids []string // that hashes are of
	// hashes are those of ids, ascending; at says where their checks stand.
	hashes []uint64
	at     []int32
}

// of returns all shards. The rows are not used again.
func (s *shards) of(l lasts) []*model.HealthLast {
	s.sort(l.ids)
	up, down := make([]uint64, 0, len(s.hashes)), make([]uint64, 0, len(s.hashes))
	rows := make([]*model.HealthLast, model.HealthLastShards)
	next := 0
	for i := range rows {
		fromUp, fromDown := len(up), len(down)
		for ; next < len(s.hashes) && model.HealthLastShard(s.hashes[next]) == i; next++ {
			switch l.last[s.at[next]] {
			case healthy:
				up = append(up, s.hashes[next])
			case unhealthy:
				down = append(down, s.hashes[next])
			}
		}
		rows[i] = &model.HealthLast{Shard: i, Healthy: up[fromUp:], Unhealthy: down[fromDown:]}
	}
	return rows
}

// sort makes hashes those of ids.
func (s *shards) sort(ids []string) {
	if len(ids) == len(s.ids) && (len(ids) == 0 || &ids[0] == &s.ids[0]) {
		return
	}
	hashes, at := make([]uint64, len(ids)), make([]int32, len(ids))
	for i, id := range ids {
		hashes[i], at[i] = hashOf(id), int32(i)
	}
	slices.SortFunc(at, func(a, b int32) int { return cmp.Compare(hashes[a], hashes[b]) })
	// Of two with one hash, which only somebody who looks for them finds, one
	// is remembered.
	s.ids, s.at = ids, slices.CompactFunc(at, func(a, b int32) bool { return hashes[a] == hashes[b] })
	s.hashes = make([]uint64, len(s.at))
	for i, at := range s.at {
		s.hashes[i] = hashes[at]
	}
}

// changed returns those of rows that are not written yet.
func (s *scribe) changed(rows []*model.HealthLast) []*model.HealthLast {
	return slices.DeleteFunc(rows, func(l *model.HealthLast) bool {
		was := s.written[l.Shard]
		if was == nil {
			return len(l.Healthy)+len(l.Unhealthy) == 0
		}
		return slices.Equal(l.Healthy, was.Healthy) && slices.Equal(l.Unhealthy, was.Unhealthy)
	})
}
