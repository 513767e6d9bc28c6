package route53

import (
	"sync"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// recountAfter is how long a count is built on: what other nodes have added
// meanwhile shows only after it.
const recountAfter = 30 * time.Second

// sizes remembers how many RRsets zones have, so that not every batch counts
// them. A quota is the writer's view: it bounds what goes through this node,
// and a batch that fails later makes the next count come sooner.
type sizes struct {
	mu    sync.Mutex
	zones map[string]zoneSize
}

type zoneSize struct {
	rows int
	at   time.Time
}

// exceeds tells whether a zone would have more than limit RRsets if it grew,
// and notes that it does.
func (s *sizes) exceeds(t *state.Tx, zone string, grown, limit int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones == nil || len(s.zones) > 10000 {
		s.zones = make(map[string]zoneSize)
	}
	z, ok := s.zones[zone]
	if grown <= 0 {
		if ok {
			z.rows += grown
			s.zones[zone] = z
		}
		return false
	}
	if !ok || z.rows+grown > limit || now.Sub(z.at) > recountAfter {
		z = zoneSize{rows: t.Count(model.TableRRsets, model.RRsetPrefix(zone), limit+1), at: now}
	}
	over := z.rows+grown > limit
	if !over {
		z.rows += grown
	}
	s.zones[zone] = z
	return over
}
