package route53sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/metrics"
	"github.com/coredns/coredns/request"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/miekg/dns"
)

// What becomes of a query beside the results of package zone.
const (
	resultBehind    = "behind"
	resultRefused   = "refused"
	resultMalformed = "malformed"
	resultNotImpl   = "not_implemented"
	resultNext      = "next"
)

// ServeDNS implements [plugin.Handler] (aws-behaviour 3.1):
//
//	the name is             the query is         answer
//	outside our ZONEs       any                  the next plugin's, else REFUSED
//	within                  any, node not ready  SERVFAIL
//	in no hosted zone       any                  the next plugin's, else REFUSED
//	in a hosted zone        no QUERY             NOTIMP
//	                        class other than IN  REFUSED
//	                        AXFR, IXFR           REFUSED: they are plugin transfer's
//	                        bad client subnet    FORMERR
//	                        any other            as package zone says
//
// Which hosted zone the name is in depends on the VPC that the client is inside
// (aws-behaviour 1.5).
func (h *Route53Sim) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if len(r.Question) != 1 {
		return dns.RcodeFormatError, nil
	}
	q := r.Question[0]
	if !h.handles(q.Name) {
		return h.notOurs(ctx, w, r)
	}
	v := h.view()
	if v == nil {
		count(ctx, resultBehind)
		return dns.RcodeServerFailure, nil
	}
	if r.Opcode != dns.OpcodeQuery || q.Qclass != dns.ClassINET || q.Qtype == dns.TypeAXFR || q.Qtype == dns.TypeIXFR {
		return h.odd(ctx, w, r, v)
	}
	ecs, err := locate.ParseECS(r.IsEdns0())
	if err != nil {
		count(ctx, resultMalformed)
		return dns.RcodeFormatError, nil
	}
	state := request.Request{W: w, Req: r}
	tcp := state.Proto() == "tcp"
	asked := &zone.Query{
		Name: q.Name, Type: q.Qtype, All: tcp, Random: rand.Uint64(),
		Locator: h.locator(), Source: source(w), ECS: ecs,
	}
	a := v.Lookup(asked)
	explain(ctx, v, asked)
	return h.answer(ctx, w, r, a, ecs)
}

// answer sends what the look-up came to.
func (h *Route53Sim) answer(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, a *zone.Answer, ecs locate.ECS) (int, error) {
	switch a.Result {
	case zone.OutOfZone:
		return h.notOurs(ctx, w, r)
	case zone.NameError:
		if h.Next != nil && !a.Private && h.Fall.Through(r.Question[0].Name) {
			return h.next(ctx, w, r)
		}
	case zone.ServerFailure:
		count(ctx, a.Result.String())
		return dns.RcodeServerFailure, fmt.Errorf("%s in hosted zone %s leads back to itself", r.Question[0].Name, a.ZoneID)
	}
	count(ctx, a.Result.String())
	if a.Wildcard != "" {
		metadata.SetValueFunc(ctx, "zone/wildcard", func() string { return a.Wildcard })
	}
	m, scope := reply(r, a), a.Scope
	if a.Leads != "" && r.RecursionDesired && h.vpc(w) != nil {
		scope = max(scope, h.chase(ctx, w, r, m, a.Leads))
	}
	h.write(w, r, m, ecs.Reply(scope))
	return dns.RcodeSuccess, nil
}

// odd answers queries that no hosted zone answers.
func (h *Route53Sim) odd(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, v *zone.View) (int, error) {
	if !v.Holds(h.vpc(w), r.Question[0].Name) {
		return h.notOurs(ctx, w, r)
	}
	if r.Opcode != dns.OpcodeQuery {
		count(ctx, resultNotImpl)
		return dns.RcodeNotImplemented, nil
	}
	count(ctx, resultRefused)
	return dns.RcodeRefused, nil
}

// notOurs leaves the query to the next plugin. Where there is none it is
// refused without OPT, even if the query has one (aws-behaviour 3.1).
func (h *Route53Sim) notOurs(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if h.Next != nil {
		return h.next(ctx, w, r)
	}
	count(ctx, resultRefused)
	m := new(dns.Msg).SetRcode(r, dns.RcodeRefused)
	withoutOPT(r, func() { _ = w.WriteMsg(m) })
	return dns.RcodeSuccess, nil
}

func (h *Route53Sim) next(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	count(ctx, resultNext)
	return plugin.NextOrFailure(h.Name(), h.Next, ctx, w, r)
}

func count(ctx context.Context, result string) {
	queries.WithLabelValues(metrics.WithServer(ctx), result).Inc()
}

// source returns the address that the query came from, or the zero Addr.
func source(w dns.ResponseWriter) netip.Addr {
	switch a := w.RemoteAddr().(type) {
	case *net.UDPAddr:
		return a.AddrPort().Addr()
	case *net.TCPAddr:
		return a.AddrPort().Addr()
	case interface{ AddrPort() netip.AddrPort }:
		return a.AddrPort().Addr()
	}
	return netip.Addr{}
}
