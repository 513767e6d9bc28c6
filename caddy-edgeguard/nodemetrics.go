package edgeguard

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state"
)

// registerNodeMetrics registers what tells how the node is, with a registry
// that is new at each load. They are read when metrics are.
func registerNodeMetrics(reg prometheus.Registerer, node *edgenode.Ref) error {
	stats := func(value func(state.Stats) uint64) func() float64 {
		return func() float64 {
			if r := node.Replica(); r != nil {
				return float64(value(r.Stats()))
			}
			return 0
		}
	}
	return errors.Join(
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "members",
			Help: "Number of live nodes of the cluster, this one included.",
		}, func() float64 {
			if r := node.Replica(); r != nil {
				return float64(len(r.Members()))
			}
			return 0
		})),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "behind",
			Help: "1 while the node has not caught up with its cluster or cannot write, else 0.",
		}, func() float64 {
			if r := node.Replica(); r != nil && r.Behind() == nil {
				return 0
			}
			return 1
		})),
		reg.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "commits_total",
			Help: "Counter of commits applied, of this node and of others.",
		}, stats(func(s state.Stats) uint64 { return s.Commits }))),
		reg.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "writes_lost_total",
			Help: "Counter of writes that lost against a later one of another node.",
		}, stats(func(s state.Stats) uint64 { return s.Lost }))),
		reg.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "rows_invalid_total",
			Help: "Counter of rows that are kept but shown to nobody.",
		}, stats(func(s state.Stats) uint64 { return s.Invalid }))),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "host_names",
			Help: "Number of host names that belong to an account, wildcards counted as one.",
		}, func() float64 { return float64(node.Claims().View().Names()) })),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "caddy", Subsystem: "edgeguard", Name: "claims_inert",
			Help: "Number of claims of host names without effect: another account was earlier, or the resource is gone.",
		}, func() float64 { return float64(len(node.Claims().View().Inert())) })),
	)
}
