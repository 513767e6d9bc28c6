package route53sim

import (
	"context"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"
)

// Metadata implements [metadata.Provider]: route53sim/zone and
// route53sim/zone-id are the name and id of the hosted zone that the question
// is in, both empty if it is in none; route53sim/vpc is the VPC that the client
// is inside. Once the question is answered explain
// adds what is known only then.
func (h *Route53Sim) Metadata(ctx context.Context, state request.Request) context.Context {
	v := h.view()
	if v == nil || !h.handles(state.QName()) {
		return ctx
	}
	vpc := h.vpc(state.W)
	z := v.ZoneOf(vpc, state.QName())
	metadata.SetValueFunc(ctx, pluginName+"/zone", func() string { return z.Name() })
	metadata.SetValueFunc(ctx, pluginName+"/zone-id", func() string { return z.ID() })
	metadata.SetValueFunc(ctx, pluginName+"/vpc", func() string {
		if vpc == nil {
			return ""
		}
		return vpc.ID
	})
	return ctx
}
