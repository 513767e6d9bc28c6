package zone

import (
	"cmp"
	"slices"

	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// settleApex works out what answers take from the apex: the SOA of negative
// answers, the NS of positive ones. Where the rows have none, those that
// Route 53 gives to a new zone stand in (aws-behaviour 1.2).
func (z *zoneState) settleApex() {
	if z.row == nil {
		return
	}
	apex := z.zone.names.get(z.zone.name)
	if apex == nil {
		apex = newNode(z.zone.name, nil)
	}
	row := *z.row
	if len(row.NameServers) == 0 {
		row.NameServers = model.PrivateNameServers()
	}
	for _, made := range []*model.RRset{model.DefaultNS(&row), model.DefaultSOA(&row)} {
		code, _ := model.TypeCode(made.Type)
		if s := apex.get(code); s != nil && s.rdata != "" {
			continue
		}
		rdata, _ := packValues(made.Type, made.Values)
		apex = apex.with(z.zone.name, rrset{typ: code, ttl: made.TTL, rdata: rdata})
	}
	z.zone.apex = apex
	z.zone.setSOA(apex.get(dns.TypeSOA))
	z.zone.setNS(apex.get(dns.TypeNS))
}

// setSOA keeps the SOA RR. Its TTL in negative answers is the smaller of its
// own and its minimum field (RFC 2308 section 5).
func (z *Zone) setSOA(s *rrset) {
	h := dns.RR_Header{Name: z.name, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: s.ttl}
	for _, rr := range appendInOrder(nil, h, s.rdata) {
		if soa, ok := rr.(*dns.SOA); ok {
			z.soa = *soa
			z.negativeTTL = min(soa.Hdr.Ttl, soa.Minttl)
			return
		}
	}
}

// setNS keeps the NS RRs, sorted by the text of their hosts as Route 53 sends
// them (aws-behaviour 3.1).
func (z *Zone) setNS(s *rrset) {
	h := dns.RR_Header{Name: z.name, Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: s.ttl}
	z.ns, z.nsInside = nil, false
	for _, rr := range appendInOrder(nil, h, s.rdata) {
		if ns, ok := rr.(*dns.NS); ok {
			z.ns = append(z.ns, *ns)
			z.nsInside = z.nsInside || within(lower(ns.Ns), z.name)
		}
	}
	slices.SortFunc(z.ns, func(a, b dns.NS) int { return cmp.Compare(a.Ns, b.Ns) })
}
