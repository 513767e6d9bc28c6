package acm

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what happens to certificates on this node.
type Metrics struct {
	held    prometheus.Gauge
	issued  *prometheus.CounterVec
	failed  *prometheus.CounterVec
	lookups *prometheus.CounterVec
	unproof prometheus.Gauge
}

// NewMetrics registers the metrics, or finds those that are registered.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := new(Metrics)
	var errs [5]error
	m.held, errs[0] = register(reg, prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "edgeguard", Name: "acm_certificates",
		Help: "Issued and imported certificates that this edge serves.",
	}))
	m.issued, errs[1] = register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "edgeguard", Name: "acm_issued_total",
		Help: "Counter of certificates issued by this node.",
	}, []string{"kind"}))
	m.failed, errs[2] = register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "edgeguard", Name: "acm_failed_total",
		Help: "Counter of requests found to have failed, and of attempts to issue that failed.",
	}, []string{"reason"}))
	m.lookups, errs[3] = register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "edgeguard", Name: "acm_validations_total",
		Help: "Counter of names looked up for their proof.",
	}, []string{"result"}))
	m.unproof, errs[4] = register(reg, prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "edgeguard", Name: "acm_renewals_pending_validation",
		Help: "Certificates of this node whose renewal waits for a record that is gone.",
	}))
	return m, errors.Join(errs[:]...)
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
