package zone

import (
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// appendSet appends the records that s is answered with under owner. An alias
// is answered with its target's records and TTL, and shows no CNAME
// (aws-behaviour 3.6); a group with what its policy chooses. No records are
// NoData's business; ServerFailure means that there is no right answer.
func (l *lookup) appendSet(dst []dns.RR, s *rrset, owner string) ([]dns.RR, Result) {
	h := dns.RR_Header{Name: owner, Rrtype: s.typ, Class: dns.ClassINET, Ttl: s.ttl}
	if s.plain() {
		if l.trace != nil {
			l.note(owner, s.typ, "simple RRset")
		}
		return appendRRs(dst, h, s.rdata, l.next()), Success
	}
	if s.ext.group != nil {
		return l.appendGroup(dst, h, s.ext.group), Success
	}
	end, resource, result := l.follows(owner, s)
	switch {
	case resource != "":
		return l.appendTarget(dst, h, resource), Success
	case end == nil:
		return dst, result
	case end.plain():
		h.Ttl = end.ttl
		return appendRRs(dst, h, end.rdata, l.next()), Success
	}
	return l.appendGroup(dst, h, end.ext.group), Success
}

// follows returns where an alias leads: a plain RRset or a group of the zone, or
// the name of a resource; neither where there is none, or no right answer. Who
// appends the records does so after it: fewer frames keep a query's stack small.
func (l *lookup) follows(at string, s *rrset) (end *rrset, resource model.Name, result Result) {
	a := s.ext.alias
	hare, lap, passed := a, 1, 0 // Brent's search for a circle
	for {
		if l.trace != nil {
			l.note(at, s.typ, "alias to %s", a.Name)
			at = string(a.Name)
		}
		if a.ZoneID != l.zone.id {
			return nil, a.Name, Success
		}
		next := l.aliased(string(a.Name), s.typ)
		if next == nil || next.plain() || next.ext.group != nil {
			l.noteEnd(at, s.typ, next)
			return next, "", Success
		}
		a = next.ext.alias
		if a == hare {
			if l.trace != nil {
				l.note(at, s.typ, "alias leads back to itself")
			}
			return nil, "", ServerFailure
		}
		if passed++; passed == lap {
			hare, lap, passed = a, lap*2, 0
		}
	}
}

// noteEnd notes what an alias has led to; a group notes itself.
func (l *lookup) noteEnd(at string, qtype uint16, end *rrset) {
	switch {
	case l.trace == nil:
	case end == nil:
		l.note(at, qtype, "no such RRset")
	case end.plain():
		l.note(at, qtype, "simple RRset")
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
// of an AWS resource, those nearest to the client first. Where there are
// several, in more than one Region, the answer depends on who asks.
func (l *lookup) appendTarget(dst []dns.RR, h dns.RR_Header, name model.Name) []dns.RR {
	t := l.view.target(h.Name, string(name))
	if t == nil {
		if l.trace != nil {
			l.note(string(name), h.Rrtype, "resource that no edge serves")
		}
		return dst
	}
	h.Ttl = targetTTL
	stands := t.stands(h.Rrtype)
	if len(stands) > 1 {
		l.Scope = max(l.Scope, l.where().Prefix.Bits())
	}
	if l.trace != nil {
		l.noteStands(string(name), h.Rrtype, stands)
	}
	return l.appendStands(dst, h, stands)
}

// appendStands appends at most maxAddresses of stands: the Region nearest to
// the client first, then the next; in random rotation within a Region.
func (l *lookup) appendStands(dst []dns.RR, h dns.RR_Header, stands []stand) []dns.RR {
	most := len(dst) + maxAddresses
	if len(stands) == 1 {
		dst = appendRRs(dst, h, stands[0].rdata, l.next())
		return dst[:min(len(dst), most)]
	}
	var passed [locate.RegionCount]bool
	for range stands {
		if len(dst) >= most {
			break
		}
		near := l.nearest(stands, &passed)
		passed[near.region] = true
		dst = appendRRs(dst, h, near.rdata, l.next())
	}
	return dst[:min(len(dst), most)]
}

// nearest returns the one of stands with the least round trip whose Region was
// not passed; of several the first.
func (l *lookup) nearest(stands []stand, passed *[locate.RegionCount]bool) *stand {
	var near *stand
	least := 0.0
	for i := range stands {
		s := &stands[i]
		if passed[s.region] {
			continue
		}
		if far := l.client.Remoteness(s.region); near == nil || far < least {
			near, least = s, far
		}
	}
	return near
}

// resource answers for the name of an edge's resource, or a host of delegation
// sets, that is in no zone.
func (l *lookup) resource(name string) {
	number, host := l.view.serverNumber(name)
	if !host && l.view.targets.get(targetName(name)) == nil {
		return
	}
	l.zone = resourceZone(name)
	for _, qtype := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		if l.q.Type != qtype && (l.q.Type != dns.TypeANY || len(l.Answer.Answer) > 0 && !l.q.All) {
			continue
		}
		h := dns.RR_Header{Name: l.q.Name, Rrtype: qtype, Class: dns.ClassINET}
		if host {
			l.Answer.Answer = l.appendServers(l.Answer.Answer, h, number)
		} else {
			l.Answer.Answer = l.appendTarget(l.Answer.Answer, h, model.Name(name))
		}
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
