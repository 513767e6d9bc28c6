package cloudmap

import (
	"cmp"
	"sync"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

// Quotas are how much an account may have (aws-behaviour 6.9). A quota is the
// writer's view: what two nodes take at once may go beyond it.
type Quotas struct {
	Namespaces            int // in a Region
	InstancesPerService   int
	InstancesPerNamespace int // of a DNS namespace
	Discoverable          int // instances of any namespace
	DiscoverRate          int // requests a second to discover; six times as many at once
}

func (q Quotas) withDefaults() Quotas {
	return Quotas{
		Namespaces:            cmp.Or(q.Namespaces, 50),
		InstancesPerService:   cmp.Or(q.InstancesPerService, 1000),
		InstancesPerNamespace: cmp.Or(q.InstancesPerNamespace, 2000),
		Discoverable:          cmp.Or(q.Discoverable, 6000),
		DiscoverRate:          cmp.Or(q.DiscoverRate, 1000),
	}
}

// recountAfter is how long a count is built on: what other nodes have added
// meanwhile shows only after it.
const recountAfter = 30 * time.Second

// counts remembers how many instances namespaces have, so that not every
// registration counts them.
type counts struct {
	mu         sync.Mutex
	namespaces map[string]counted
}

type counted struct {
	n  int
	at time.Time
}

// add notes that a namespace grows by one instance, and tells whether it may
// have that many. It is part of the commit that adds the instance; where that
// fails later, the next count comes sooner.
func (s *counts) add(t *state.Tx, namespace string, limit int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.namespaces == nil || len(s.namespaces) > 10000 {
		s.namespaces = make(map[string]counted)
	}
	c, ok := s.namespaces[namespace]
	if !ok || c.n >= limit || now.Sub(c.at) > recountAfter || now.Before(c.at) {
		c = counted{n: countNamespace(&t.Reader, namespace), at: now}
	}
	may := c.n < limit
	if may {
		c.n++
	}
	s.namespaces[namespace] = c
	return may
}

// countNamespace counts keys: that costs less than to decode the rows.
func countNamespace(rd *state.Reader, namespace string) int {
	n := 0
	registry.EachService(rd, namespace, func(s *model.Service, _ bool) bool {
		n += rd.Count(model.TableInstances, model.InstancePrefix(s.ID), 0)
		return true
	})
	return n
}
