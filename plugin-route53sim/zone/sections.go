package zone

import (
	"slices"

	"github.com/miekg/dns"
)

// maxAdditional is how many hosts one answer adds addresses of.
const maxAdditional = 32

// apexOwner returns the zone's name in the case of the question, which ends
// in it.
func (l *lookup) apexOwner() string {
	if off := len(l.q.Name) - len(l.zone.name); off >= 0 && within(lower(l.q.Name), l.zone.name) {
		return l.q.Name[off:]
	}
	return l.zone.name
}

// deny ends with the zone's SOA in authority: negative answers are cached for
// the smaller of its TTL and its minimum (RFC 2308 section 5).
func (l *lookup) deny(r Result) {
	l.Result = r
	soa := l.zone.soa
	soa.Hdr.Name, soa.Hdr.Ttl = l.apexOwner(), l.zone.negativeTTL
	l.Ns = append(l.Ns, &soa)
}

// addAuthority appends the zone's own NS, unless they are the answer
// (aws-behaviour 3.1).
func (l *lookup) addAuthority() {
	if l.zone.apex == nil || l.answersApexNS() {
		return
	}
	owner := l.apexOwner()
	block := slices.Clone(l.zone.ns)
	l.Ns = slices.Grow(l.Ns, len(block))
	for i := range block {
		block[i].Hdr.Name = owner
		l.Ns = append(l.Ns, &block[i])
	}
}

func (l *lookup) answersApexNS() bool {
	for _, rr := range l.Answer.Answer {
		if h := rr.Header(); h.Rrtype == dns.TypeNS && lower(h.Name) == l.zone.name {
			return true
		}
	}
	return false
}

// addAdditional appends the addresses that the zone knows of hosts named in
// the answer, then of the name servers in authority (aws-behaviour 3.1).
func (l *lookup) addAdditional() {
	var seen []string
	for _, rr := range l.Answer.Answer {
		if host := hostOf(rr); host != "" {
			seen = l.addAddresses(seen, host, false)
		}
	}
	if !l.zone.nsInside {
		return
	}
	for _, rr := range l.Ns {
		seen = l.addAddresses(seen, hostOf(rr), false)
	}
}

// hostOf returns the host whose addresses whoever gets rr asks for next, or "".
func hostOf(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.NS:
		return rr.Ns
	case *dns.MX:
		return rr.Mx
	case *dns.SRV:
		return rr.Target
	case *dns.SVCB:
		return serviceHost(rr)
	case *dns.HTTPS:
		return serviceHost(&rr.SVCB)
	}
	return ""
}

// serviceHost returns the target of a service binding; "." stands for the
// owner (RFC 9460 section 2.5.2).
func serviceHost(rr *dns.SVCB) string {
	if rr.Target == "." {
		return rr.Hdr.Name
	}
	return rr.Target
}

// addAddresses appends the addresses of a host that the zone holds itself,
// once. Those below a zone cut are not the zone's to give, except as glue.
func (l *lookup) addAddresses(seen []string, host string, glue bool) []string {
	name := lower(host)
	if len(seen) == maxAdditional || slices.Contains(seen, name) || !within(name, l.zone.name) {
		return seen
	}
	if !glue && l.zone.cut(name, dns.TypeA) != nil {
		return seen
	}
	n := l.zone.get(name)
	if n == nil {
		return seen
	}
	for _, qtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		if s := n.get(qtype); s != nil {
			l.Extra, _ = l.appendSet(l.Extra, s, host)
		}
	}
	return append(seen, name)
}

// refer ends with the NS of a zone cut and, where the zone holds them, the
// addresses of their hosts (RFC 9471).
func (l *lookup) refer(cut *node) {
	owner := cut.name
	if off := len(l.q.Name) - len(owner); off >= 0 {
		owner = l.q.Name[off:]
	}
	rrs, result := l.appendSet(nil, cut.get(dns.TypeNS), owner)
	if result != Success || len(rrs) == 0 {
		l.fail(ServerFailure)
		return
	}
	l.Result, l.Ns = Delegation, rrs
	var seen []string
	for _, rr := range rrs {
		seen = l.addAddresses(seen, hostOf(rr), true)
	}
}
