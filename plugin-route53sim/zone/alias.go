package zone

import (
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// appendSet appends the records that s is answered with under owner. An alias
// is answered with its target's records and TTL, and shows no CNAME
// (aws-behaviour 3.6); a group with what its policy chooses. No records are
// NoData's business; ServerFailure means that there is no right answer.
func (l *lookup) appendSet(dst []dns.RR, s *rrset, owner string) ([]dns.RR, Result) {
	h := dns.RR_Header{Name: owner, Rrtype: s.typ, Class: dns.ClassINET, Ttl: s.ttl}
	if s.ext == nil {
		return appendRRs(dst, h, s.rdata, l.next()), Success
	}
	if s.ext.group != nil {
		return l.appendGroup(dst, h, s.ext.group), Success
	}
	return l.appendAlias(dst, h, s.ext.alias)
}

// appendAlias appends the records of an alias's target.
func (l *lookup) appendAlias(dst []dns.RR, h dns.RR_Header, a *model.AliasTarget) ([]dns.RR, Result) {
	hare, lap, passed := a, 1, 0 // Brent's search for a circle
	for {
		if a.ZoneID != l.zone.id {
			return l.appendTarget(dst, h, a.Name), Success
		}
		s := l.aliased(string(a.Name), h.Rrtype)
		if s == nil {
			return dst, Success
		}
		if s.ext == nil {
			h.Ttl = s.ttl
			return appendRRs(dst, h, s.rdata, l.next()), Success
		}
		if s.ext.group != nil {
			return l.appendGroup(dst, h, s.ext.group), Success
		}
		a = s.ext.alias
		if a == hare {
			return dst, ServerFailure
		}
		if passed++; passed == lap {
			hare, lap, passed = a, lap*2, 0
		}
	}
}

// aliased returns the RRset that an alias to name in the same zone stands for,
// or nil: it must exist under exactly that name.
func (l *lookup) aliased(name string, qtype uint16) *rrset {
	if !within(name, l.zone.name) {
		return nil
	}
	n := l.zone.get(name)
	if n == nil {
		return nil
	}
	return n.get(qtype)
}

// appendTarget appends the addresses that edges have published for the name
// of an AWS resource, in random rotation.
func (l *lookup) appendTarget(dst []dns.RR, h dns.RR_Header, name model.Name) []dns.RR {
	t := l.view.targets.get(targetName(string(name)))
	if t == nil {
		return dst
	}
	h.Ttl = targetTTL
	before := len(dst)
	dst = appendRRs(dst, h, t.rdata(h.Rrtype), l.next())
	return dst[:min(len(dst), before+maxAddresses)]
}

// resource answers for the name of an edge's resource that is in no zone.
func (l *lookup) resource(name string) {
	t := l.view.targets.get(targetName(name))
	if t == nil {
		return
	}
	l.zone = resourceZone(name)
	for _, qtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		if l.q.Type != qtype && (l.q.Type != dns.TypeANY || len(l.Answer.Answer) > 0 && !l.q.All) {
			continue
		}
		h := dns.RR_Header{Name: l.q.Name, Rrtype: qtype, Class: dns.ClassINET}
		l.Answer.Answer = l.appendTarget(l.Answer.Answer, h, model.Name(name))
	}
	if len(l.Answer.Answer) == 0 {
		l.deny(NoData)
		return
	}
	l.Result = Success
}

// resourceZone returns a zone of that name with nothing but a SOA, for the
// negative answers of a resource's name.
func resourceZone(name string) *Zone {
	return &Zone{name: name, negativeTTL: targetTTL, soa: dns.SOA{
		Hdr:     dns.RR_Header{Name: name, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: targetTTL},
		Ns:      "ns-0.awsdns-00.com.",
		Mbox:    "awsdns-hostmaster.amazon.com.",
		Serial:  1,
		Refresh: 7200,
		Retry:   900,
		Expire:  1209600,
		Minttl:  86400,
	}}
}
