package index

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are shared by all handlers of one configuration.
type metrics struct {
	rewrites  *prometheus.CounterVec
	redirects prometheus.Counter
}

// newMetrics registers the metrics, or finds those that another handler of the
// same configuration has registered.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	rewrites, err := register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "http", Name: "default_index_rewrites_total",
		Help: "Counter of requests whose path was led to an index document.",
	}, []string{"mode"}))
	if err != nil {
		return nil, err
	}
	redirects, err := register(reg, prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "http", Name: "default_index_redirects_total",
		Help: "Counter of requests redirected to the path with a final slash.",
	}))
	if err != nil {
		return nil, err
	}
	return &metrics{rewrites: rewrites, redirects: redirects}, nil
}

// register registers c, or returns its twin that is registered already.
func register[C prometheus.Collector](reg prometheus.Registerer, c C) (C, error) {
	err := reg.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if twin, ok := already.ExistingCollector.(C); ok {
			return twin, nil
		}
	}
	return c, err
}
