package storage

import (
	"context"
	"time"
)

// sweepEvery is how often locks of dead runs are taken away.
const sweepEvery = time.Minute

// maintain takes locks of dead runs away until ctx ends. Every node may: they
// count for none.
func (v *vault) maintain(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			v.locks.sweep(ctx)
		case <-ctx.Done():
			return
		}
	}
}
