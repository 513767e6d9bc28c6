package route53sim

import (
	"slices"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/request"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/miekg/dns"
)

// serverSize is the UDP payload size that Route 53 advertises and does not
// exceed (aws-behaviour 3.1).
const serverSize = 4096

// reply returns the message that carries a.
func reply(r *dns.Msg, a *zone.Answer) *dns.Msg {
	m := new(dns.Msg).SetReply(r)
	m.Authoritative = a.Result != zone.Delegation
	if a.Result == zone.NameError {
		m.Rcode = dns.RcodeNameError
	}
	m.Answer, m.Ns, m.Extra = a.Answer, a.Ns, a.Extra
	return m
}

// write sends m, cut to what the client takes. Where the query has an OPT, so
// has the reply, with ecs if it is not nil.
//
// The server sets the size in the reply's OPT to that of the query's, and cuts
// to it once more. Route 53 advertises its own size instead, so for the time
// of writing the query's OPT says that one: m fits already. The client's size
// must stay where a plugin on the way out may lengthen m, and where m fits
// only compressed: what fits the size in the OPT is sent without compression.
func (h *Route53Sim) write(w dns.ResponseWriter, r, m *dns.Msg, ecs *dns.EDNS0_SUBNET) {
	asked := r.IsEdns0()
	if asked == nil {
		fit(m, clientSize(w, r))
		_ = w.WriteMsg(m)
		return
	}
	opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	opt.SetUDPSize(serverSize)
	if asked.Do() {
		opt.SetDo()
	}
	if ecs != nil {
		opt.Option = append(opt.Option, ecs)
	}
	m.Extra = append(m.Extra, opt)
	fit(m, clientSize(w, r))

	size := asked.UDPSize()
	defer asked.SetUDPSize(size)
	if size > serverSize || !h.grows && !m.Compress {
		asked.SetUDPSize(serverSize)
	}
	_ = w.WriteMsg(m)
}

// clientSize returns how long a reply may be.
func clientSize(w dns.ResponseWriter, r *dns.Msg) int {
	state := request.Request{W: w, Req: r}
	if size := state.Size(); state.Proto() == "tcp" || size < serverSize {
		return size
	}
	return serverSize
}

// fit makes m no longer than size. What a client can do without goes first,
// and without a word: additional records but glue, then the NS of a positive
// answer (RFC 2181 section 9). If that is not enough, the rest is cut and TC
// set.
func fit(m *dns.Msg, size int) {
	if m.Len() <= size {
		return
	}
	m.Compress = true
	if m.Len() > size && (m.Authoritative || m.Rcode != dns.RcodeSuccess) {
		m.Extra = slices.DeleteFunc(m.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeOPT })
	}
	if m.Len() > size && m.Authoritative && len(m.Ns) > 0 && m.Ns[0].Header().Rrtype == dns.TypeNS {
		m.Ns = nil
	}
	if m.Len() > size {
		m.Truncate(size)
	}
}

// withoutOPT calls write with the query's OPT taken away, so that the server
// adds none to the reply.
func withoutOPT(r *dns.Msg, write func()) {
	extra := r.Extra
	defer func() { r.Extra = extra }()
	r.Extra = slices.DeleteFunc(slices.Clone(extra), func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT })
	write()
}

// growing are the plugins that may lengthen a reply on its way out.
var growing = []string{"autopath", "dns64", "dnssec", "nsid", "rewrite", "siit"}

// anyGrows tells whether one of handlers is among them.
func anyGrows(handlers []plugin.Handler) bool {
	return slices.ContainsFunc(handlers, func(h plugin.Handler) bool { return slices.Contains(growing, h.Name()) })
}
