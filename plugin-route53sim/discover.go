package route53sim

import (
	"slices"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/discovery"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state"
)

// followed are the tables that views are compiled from.
func followed() []string {
	tables := append(zone.Tables(), discovery.Tables()...)
	slices.Sort(tables)
	return slices.Compact(tables)
}

// apply returns the view after b, with the records of Cloud Map's instances.
func (r *running) apply(b state.Batch) *zone.View {
	return r.discovered(b, r.discovery.Apply(b, time.Now().UnixMilli()))
}

// discovered returns the view after b and what discovery made of it. What is
// unhealthy is told first, so that it never is in an answer.
func (r *running) discovered(b state.Batch, c discovery.Change) *zone.View {
	signal(r.leases)
	if len(c.Judged) > 0 {
		r.compiler.Judge(c.Judged, r.healthy)
	}
	if len(c.Records) > 0 {
		b = state.Batch{Reset: b.Reset, Changes: append(c.Records, b.Changes...)}
	}
	return r.compiler.Apply(b)
}

// healthy tells whether what has that id is healthy: checkers find so, and so
// does who speaks for an instance of Cloud Map. The caller holds compiling.
func (r *running) healthy(id string) bool {
	return r.health.States().Healthy(id) && r.discovery.Healthy(id)
}

// leaseStep is the least time between two looks at leases that have ended.
const leaseStep = 20 * time.Millisecond

// followLeases takes instances out of the answers when their leases end.
func (r *running) followLeases() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-r.leases:
		case <-timer.C:
			r.answerBy(func() *zone.View { return r.discovered(state.Batch{}, r.discovery.Tick(time.Now().UnixMilli())) })
		case <-r.ctx.Done():
			return
		}
		timer.Reset(r.untilLease())
	}
}

// untilLease returns for how long no lease will end.
func (r *running) untilLease() time.Duration {
	r.compiling.Lock()
	next := r.discovery.Next()
	r.compiling.Unlock()
	if next == 0 {
		return time.Hour
	}
	return max(time.Until(time.UnixMilli(next)), leaseStep)
}

// signal puts a value into c unless there is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
