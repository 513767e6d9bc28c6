package route53sim

import (
	"context"
	"slices"
	"strings"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin/pkg/upstream"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"
)

// maxChases is how often an answer leads on to another server or zone.
const maxChases = 8

// chase completes m, an answer that ends with a CNAME to where, with what this
// server answers the same client for that name: other hosted zones, private
// ones first, then the next plugins. A client inside a VPC takes this server
// for the VPC's resolver, which leaves no CNAME to it (aws-behaviour 1.5).
// Where that fails the CNAME is the answer. It returns how many bits of the
// client subnet in r the rest depends on.
func (h *Route53Sim) chase(ctx context.Context, w dns.ResponseWriter, r, m *dns.Msg, where string) (scope int) {
	depth, _ := ctx.Value(dnsserver.LoopKey{}).(int)
	if depth >= maxChases {
		return 0
	}
	ctx = context.WithValue(ctx, dnsserver.LoopKey{}, depth+1)
	found, err := upstream.New().Lookup(ctx, request.Request{W: w, Req: r}, where, r.Question[0].Qtype)
	if err != nil || found == nil || found.Rcode != dns.RcodeSuccess && found.Rcode != dns.RcodeNameError {
		return 0
	}
	if opt := found.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if subnet, ok := o.(*dns.EDNS0_SUBNET); ok {
				scope = int(subnet.SourceScope)
			}
		}
	}
	m.Rcode, m.Truncated = found.Rcode, found.Truncated
	m.Answer = appendUnpassed(m.Answer, found.Answer)
	m.Ns, m.Extra = found.Ns, slices.DeleteFunc(found.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT })
	return scope
}

// appendUnpassed appends rrs up to where they lead back to a name of chain.
func appendUnpassed(chain, rrs []dns.RR) []dns.RR {
	passed := make(map[string]bool, len(chain))
	for _, rr := range chain {
		passed[strings.ToLower(rr.Header().Name)] = true
	}
	for _, rr := range rrs {
		if passed[strings.ToLower(rr.Header().Name)] {
			break
		}
		chain = append(chain, rr)
	}
	return chain
}
