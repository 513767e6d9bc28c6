package fronting

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are shared by all handlers of one configuration.
type metrics [len(verdicts)]prometheus.Counter

// newMetrics registers the metrics, or finds those that another handler of the
// same configuration has registered.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "http", Name: "reject_fronting_requests_total",
		Help: "Counter of requests over TLS by what reject_fronting did with them.",
	}, []string{"verdict"})
	err := reg.Register(requests)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		twin, ok := already.ExistingCollector.(*prometheus.CounterVec)
		if ok {
			requests, err = twin, nil
		}
	}
	if err != nil {
		return nil, err
	}
	m := new(metrics)
	for v, name := range verdicts {
		m[v] = requests.WithLabelValues(name)
	}
	return m, nil
}
