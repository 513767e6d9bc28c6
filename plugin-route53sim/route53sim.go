// Package route53sim is a CoreDNS plugin that answers for hosted zones as
// Amazon Route 53 does, from state that it shares with other nodes.
//
// It ties the pieces together: package zone answers questions, package routing
// chooses, package locate places clients, package importer reads zone files,
// and state/node keeps and replicates the rows. A query reads one immutable
// view and blocks on nothing; the node belongs to the process and outlives
// reloads of the Corefile. The README has the manual.
package route53sim

import (
	"slices"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/fall"
	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/miekg/dns"
)

// pluginName is the directive.
const pluginName = "route53sim"

var log = clog.NewWithPlugin(pluginName)

// Route53Sim is the handler of one route53sim block.
type Route53Sim struct {
	Next plugin.Handler
	// Fall says for which names an NXDOMAIN is left to the next plugin.
	Fall fall.F

	zones    []string // what is asked below none of them is not ours
	explicit bool     // zones stand on the directive's line
	instance *instance
	// grows says that a plugin before this one may lengthen replies.
	grows bool
}

// Name implements [plugin.Handler].
func (*Route53Sim) Name() string { return pluginName }

// view returns what to answer from, nil while the node may not serve.
func (h *Route53Sim) view() *zone.View {
	run := h.instance.running.Load()
	if run == nil {
		return nil
	}
	return run.view()
}

// locator returns what places clients now; the node is open.
func (h *Route53Sim) locator() *locate.Locator { return h.instance.running.Load().locator.Load() }

// vpc returns the VPC that whoever w answers is inside, nil if in none.
func (h *Route53Sim) vpc(w dns.ResponseWriter) *locate.VPC { return h.locator().VPC(source(w)) }

// handles tells whether name is within the zones of this block.
func (h *Route53Sim) handles(name string) bool {
	return slices.ContainsFunc(h.zones, func(z string) bool {
		return z == "." || dns.IsSubDomain(z, name)
	})
}

// CacheBypassZones tells plugin cache to keep no answers for the zones that
// stand on the directive's line: with a routing policy or a failing health
// check the next answer may be another one. Without such zones it may keep
// what it wants, unless there are VPCs: the cache does not tell clients apart,
// so that it would show a private zone to all.
func (h *Route53Sim) CacheBypassZones() []string {
	if len(h.instance.settings.vpcs) > 0 {
		return h.zones
	}
	if !h.explicit || slices.Contains(h.zones, ".") {
		return nil
	}
	return h.zones
}

var _ plugin.Handler = (*Route53Sim)(nil)
