package route53sim

import (
	"github.com/coredns/coredns/plugin"
	"github.com/edgestage/edgestage/plugin-route53sim/health"
	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	probeSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "health_probe_duration_seconds",
		Help:    "Histogram of the time that each probe of an endpoint took.",
		Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 2, 4, 10},
	}, []string{"type", "result"})
	transitions = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "health_transitions_total",
		Help: "Counter of changes of health checks, by what they became.",
	}, []string{"state"})
)

// startHealth begins to judge health checks with the other nodes.
func startHealth(n *node.Node, mode checkMode) *health.Health {
	c := n.Config()
	on, publicOnly := mode.probes()
	return health.Start(health.Config{
		Replica: n.Replica, Node: c.Name, Region: c.Region, Check: on, PublicOnly: publicOnly,
		Log: nodeLog{}, Observer: healthObserver{},
	})
}

// healthObserver counts what happens.
type healthObserver struct{}

// Probed implements [health.Observer].
func (healthObserver) Probed(checkType string, r probe.Result) {
	result := "failure"
	if r.Healthy {
		result = "success"
	}
	probeSeconds.WithLabelValues(checkType, result).Observe(r.Total.Seconds())
}

// Changed implements [health.Observer].
func (healthObserver) Changed(healthy, unhealthy int) {
	for state, n := range map[string]int{model.Healthy: healthy, model.Unhealthy: unhealthy} {
		if n > 0 {
			transitions.WithLabelValues(state).Add(float64(n))
		}
	}
}

// maxCheckSamples is how many checks have a sample of their own, the first by
// id.
const maxCheckSamples = 1000

func healthDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(plugin.Namespace, pluginName, name), help, labels, nil)
}

var (
	checksDesc   = healthDesc("health_checks", "Number of health checks by their state.", "state")
	forcedDesc   = healthDesc("health_checks_forced", "Number of health checks whose state an operator forces.")
	checkDesc    = healthDesc("health_check_healthy", "1 if the health check is healthy, else 0, of the first 1000 by id.", "id")
	checkersDesc = healthDesc("health_checkers", "Number of live nodes that probe, as far as this one hears.")
	droppedDesc  = healthDesc("health_events_dropped_total", "Counter of changes that have no event row, as too many came at once.")
)

// healthCollector shows the health checks of the open nodes when metrics are
// read.
type healthCollector struct{ nodes *nodeCollector }

func init() { prometheus.MustRegister(healthCollector{openNodes}) }

// Describe implements [prometheus.Collector].
func (healthCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{checksDesc, forcedDesc, checkDesc, checkersDesc, droppedDesc} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c healthCollector) Collect(ch chan<- prometheus.Metric) {
	c.nodes.mu.Lock()
	defer c.nodes.mu.Unlock()
	var healthy, unhealthy, forced, checkers int
	var dropped uint64
	samples := make(map[string]bool)
	for r := range c.nodes.open {
		checkers += r.health.Checkers()
		dropped += r.health.EventsDropped()
		for id, s := range r.health.States().All() {
			if s.Healthy {
				healthy++
			} else {
				unhealthy++
			}
			if s.Forced {
				forced++
			}
			if _, there := samples[id]; there || len(samples) < maxCheckSamples {
				samples[id] = s.Healthy
			}
		}
	}
	show := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	show(checksDesc, prometheus.GaugeValue, float64(healthy), model.Healthy)
	show(checksDesc, prometheus.GaugeValue, float64(unhealthy), model.Unhealthy)
	show(forcedDesc, prometheus.GaugeValue, float64(forced))
	show(checkersDesc, prometheus.GaugeValue, float64(checkers))
	show(droppedDesc, prometheus.CounterValue, float64(dropped))
	for id, isHealthy := range samples {
		show(checkDesc, prometheus.GaugeValue, oneIf(isHealthy), id)
	}
}
