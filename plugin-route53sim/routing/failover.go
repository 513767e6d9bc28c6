package routing

import "github.com/edgestage/edgestage/state/model"

// fixed is the table of groups where the choice depends on health alone.
type fixed struct{ member int32 }

// newSimple returns the table of a simple RRset: it is always answered, health
// has no say (aws-behaviour 3.4).
func newSimple(entries []entry) *fixed {
	if len(entries) == 0 {
		return &fixed{none}
	}
	return &fixed{entries[0].index}
}

// newFailover returns the table of a failover group (aws-behaviour 3.5):
//
//	primary    secondary  answer     why
//	healthy    any        primary    normal
//	unhealthy  healthy    secondary  failover
//	unhealthy  unhealthy  primary    nothing healthy: behave as if all were
//	none       any        secondary  there is no other
//	unhealthy  none       primary    there is no other
func newFailover(entries []entry) *fixed {
	chosen := candidates(entries)
	for _, e := range chosen {
		if e.Failover == model.FailoverPrimary {
			return &fixed{e.index}
		}
	}
	return newSimple(chosen)
}
