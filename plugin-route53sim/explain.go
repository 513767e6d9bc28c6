package route53sim

import (
	"context"
	"math/rand/v2"
	"net/netip"

	"github.com/coredns/coredns/plugin/metadata"
	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
)

// explain offers how q was answered from v, as metadata and to the debug log.
// A view answers equal queries equally, so that the same look-up is made once
// more for whoever wants to know, and nothing is spent where nobody does.
func explain(ctx context.Context, v *zone.View, q *zone.Query) {
	if metadata.ValueFuncs(ctx) != nil {
		offer(ctx, v, q)
	}
	if clog.D.Value() {
		t := trace(v, q)
		log.Debugf("Answered %s: %s", q.Name, t.Line())
	}
}

func offer(ctx context.Context, v *zone.View, q *zone.Query) {
	metadata.SetValueFunc(ctx, pluginName+"/policy", func() string { return trace(v, q).Policies() })
	metadata.SetValueFunc(ctx, pluginName+"/explain", func() string { return trace(v, q).Line() })
	metadata.SetValueFunc(ctx, pluginName+"/client", func() string {
		c := v.Client(q)
		return c.String()
	})
}

// trace returns how v answers q.
func trace(v *zone.View, q *zone.Query) *zone.Trace {
	traced := *q
	traced.Trace = new(zone.Trace)
	v.Lookup(&traced)
	return traced.Trace
}

// Question is what a client in some place would ask.
type Question struct {
	ZoneID string // of the hosted zone to ask
	Name   string // absolute, as miekg/dns unpacks names
	Type   uint16
	// Resolver is where the query would come from, Subnet the EDNS Client
	// Subnet option it would have; the zero Prefix means none.
	Resolver netip.Addr
	Subnet   netip.Prefix
	// Trace, if not nil, is told how the answer came about.
	Trace *zone.Trace
}

// Answer returns what the hosted zone would answer now: by the code that
// answers queries, with a random draw of its own. Until the node has caught up
// with its cluster, and where there is no such zone or name in it, the result
// is [zone.OutOfZone]. The error says that Subnet is none that a query may have.
func (r *running) Answer(q Question) (*zone.Answer, error) {
	ecs, err := locate.NewECS(q.Subnet)
	if err != nil {
		return nil, err
	}
	v := r.view()
	if v == nil {
		return new(zone.Answer), nil
	}
	return v.LookupIn(q.ZoneID, &zone.Query{
		Name: q.Name, Type: q.Type, Random: rand.Uint64(),
		Locator: r.locator.Load(), Source: q.Resolver, ECS: ecs, Trace: q.Trace,
	}), nil
}
