package acm

import (
	"errors"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what happens to certificates on this node.
type Metrics struct {
	held    prometheus.Gauge
	issued  *prometheus.CounterVec
	failed  *prometheus.CounterVec
	lookups *prometheus.CounterVec
	unproof prometheus.Gauge
	ends    *endsCollector
}

// NewMetrics registers the metrics, or finds those that are registered.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := new(Metrics)
	var errs [6]error
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
	m.ends, errs[5] = register(reg, new(endsCollector))
	return m, errors.Join(errs[:]...)
}

// endsCollector tells when the certificates that a server serves end.
type endsCollector struct{ server atomic.Pointer[Server] }

// maxEnds bounds the certificates that are told of one by one.
const maxEnds = 1000

func newEnds() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "edgeguard", Name: "acm_certificate_not_after_timestamp_seconds",
		Help: "When a certificate that this edge serves ends, in seconds since 1970, of the first 1000 by ARN.",
	}, []string{"arn"})
}

// Describe implements [prometheus.Collector].
func (*endsCollector) Describe(ch chan<- *prometheus.Desc) { newEnds().Describe(ch) }

// Collect implements [prometheus.Collector].
func (c *endsCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.server.Load()
	if s == nil {
		return
	}
	ends := newEnds()
	for _, l := range *s.first.Load() {
		ends.WithLabelValues(l.ARN).Set(float64(l.NotAfter.Unix()))
	}
	ends.Collect(ch)
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
