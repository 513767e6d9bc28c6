package route53sim

import (
	"sync"

	"github.com/coredns/coredns/plugin"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

func gauge(name, help string) prometheus.Gauge {
	return promauto.NewGauge(prometheus.GaugeOpts{Namespace: plugin.Namespace, Subsystem: pluginName, Name: name, Help: help})
}

var (
	queries = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "queries_total",
		Help: "Counter of queries by what became of them.",
	}, []string{"server", "result"})
	loadFailures = promauto.NewCounter(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "load_failures_total",
		Help: "Counter of faults found in documents, and of documents that could not be committed.",
	})

	zonesGauge     = gauge("zones", "Number of hosted zones that are served.")
	unservedGauge  = gauge("zones_unserved", "Number of hosted zones that are not served: an earlier one of the name is, for a private one in all its VPCs.")
	displacedGauge = gauge("vpc_associations_displaced", "Number of associations of private hosted zones with VPCs in which an earlier zone of the name answers.")
	rrsetsGauge    = gauge("rrsets", "Number of RRsets in the zones that are served.")
	shadowedGauge  = gauge("rrsets_shadowed", "Number of RRsets that may not stand beside a later one of their name.")
	inertGauge     = gauge("rrsets_inert", "Number of RRsets outside of any zone that is served.")
	brokenGauge    = gauge("rrsets_broken", "Number of RRsets with a value that does not fit on the wire.")
	endpointsGauge = gauge("endpoints", "Number of endpoints that edges have published.")
	serversGauge   = gauge("name_servers", "Number of DNS nodes that have published addresses.")
	challengeGauge = gauge("challenges", "Number of TXT values of DNS-01 solvers that are answered.")
)

// observeView shows what the newest view was compiled from.
func observeView(s zone.Stats) {
	zonesGauge.Set(float64(s.Zones))
	unservedGauge.Set(float64(s.Unserved))
	displacedGauge.Set(float64(s.Displaced))
	rrsetsGauge.Set(float64(s.RRsets))
	shadowedGauge.Set(float64(s.Shadowed))
	inertGauge.Set(float64(s.Inert))
	brokenGauge.Set(float64(s.Broken))
	endpointsGauge.Set(float64(s.Endpoints))
	serversGauge.Set(float64(s.NameServers))
	challengeGauge.Set(float64(s.Challenges))
}

// nodeMetric is a number that a node counts by itself.
type nodeMetric struct {
	*prometheus.Desc
	kind  prometheus.ValueType
	value func(*running) float64
}

func newNodeMetric(name, help string, kind prometheus.ValueType, value func(*running) float64) nodeMetric {
	return nodeMetric{prometheus.NewDesc(prometheus.BuildFQName(plugin.Namespace, pluginName, name), help, nil, nil), kind, value}
}

var nodeMetrics = []nodeMetric{
	newNodeMetric("members", "Number of live nodes of the cluster, this one included.", prometheus.GaugeValue,
		func(r *running) float64 { return float64(len(r.node.Members())) }),
	newNodeMetric("behind", "1 while the node does not serve yet or cannot write, else 0.", prometheus.GaugeValue,
		func(r *running) float64 { return oneIf(r.node.Behind() != nil) }),
	newNodeMetric("commits_total", "Counter of commits applied, of this node and of others.", prometheus.CounterValue,
		func(r *running) float64 { return float64(r.node.Stats().Commits) }),
	newNodeMetric("writes_lost_total", "Counter of writes that lost against a later one of another node.", prometheus.CounterValue,
		func(r *running) float64 { return float64(r.node.Stats().Lost) }),
	newNodeMetric("rows_invalid_total", "Counter of rows that are kept but shown to nobody.", prometheus.CounterValue,
		func(r *running) float64 { return float64(r.node.Stats().Invalid) }),
	newNodeMetric("claims_inert", "Number of claims of host names without effect: another account was earlier, or the resource is gone.", prometheus.GaugeValue,
		func(r *running) float64 { return float64(len(r.claims.View().Inert())) }),
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// nodeCollector asks the open nodes when metrics are read, and adds them up.
type nodeCollector struct {
	mu   sync.Mutex
	open map[*running]bool
}

var openNodes = &nodeCollector{open: make(map[*running]bool)}

func init() { prometheus.MustRegister(openNodes) }

func (c *nodeCollector) add(r *running) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[r] = true
}

func (c *nodeCollector) remove(r *running) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, r)
}

// Describe implements [prometheus.Collector].
func (c *nodeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range nodeMetrics {
		ch <- m.Desc
	}
}

// Collect implements [prometheus.Collector].
func (c *nodeCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range nodeMetrics {
		sum := 0.0
		for r := range c.open {
			sum += m.value(r)
		}
		ch <- prometheus.MustNewConstMetric(m.Desc, m.kind, sum)
	}
}
