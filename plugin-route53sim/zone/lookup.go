package zone

import (
	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// maxChain is how many CNAMEs one answer follows.
const maxChain = 16

// lookup is one question under way.
type lookup struct {
	view   *View
	zone   *Zone
	q      *Query
	random uint64
	trace  *Trace      // q.Trace while the answer section is filled in, else nil
	vpc    *locate.VPC // that the client is inside, nil if none
	// client is where the client is, once a choice depends on it: see where.
	client  locate.Client
	located bool
	Answer
}

// Lookup answers q from v. It never blocks, and allocates only the answer. Query
// and answer pass by reference: the server gives each query a small stack, and
// growing it costs more than the look-up.
//
// The zone is the private one with the longest matching name of the VPC that
// the client is inside, if there is one; else the public one. A question for DS
// at the name of a public zone goes to the one above it, if that is here as
// well, as its delegation is there. A name of
// an edge's resource that no zone holds, such as d111111abcdef8.cloudfront.net,
// or a host of delegation sets, such as ns-52.awsdns-06.com, is answered as if
// it were a zone of its own, as AWS's are. Values of DNS-01 solvers stand beside
// the zone's own records.
func (v *View) Lookup(q *Query) *Answer {
	l := &lookup{view: v, q: q, random: q.Random, trace: q.Trace}
	name := lower(q.Name)
	l.choose(name)
	if l.zone == nil {
		l.resource(name)
	} else {
		l.inZone(name)
	}
	l.end()
	return &l.Answer
}

// choose finds the zone that answers for name.
func (l *lookup) choose(name string) {
	if l.q.Locator != nil {
		l.vpc = l.q.Locator.VPC(l.q.Source)
	}
	l.zone = l.view.serving(l.vpc, name)
	if l.zone != nil && l.q.Type == dns.TypeDS && name == l.zone.name && !l.zone.private {
		if above := l.view.find(l.vpc, parent(name)); above != nil {
			l.zone = above
		}
	}
}

// LookupIn answers q from the hosted zone of that id, whether or not it is the
// one that [View.Lookup] would answer from. Where there is none, or it does not
// hold the name, the result is OutOfZone.
func (v *View) LookupIn(zoneID string, q *Query) *Answer {
	l := &lookup{view: v, q: q, random: q.Random, trace: q.Trace}
	name := lower(q.Name)
	if z := v.ids.get(zoneID); z != nil && within(name, z.name) {
		l.zone = &z.Zone
		l.inZone(name)
	}
	l.end()
	return &l.Answer
}

// inZone answers from l.zone, which holds name.
func (l *lookup) inZone(name string) {
	l.Answer.ZoneID, l.Answer.Zone, l.Private = l.zone.id, l.zone.name, l.zone.private
	l.follow(name)
}

// next returns the next number of the sequence that q.Random begins: Steele
// and others, "Fast splittable pseudorandom number generators" (2014).
func (l *lookup) next() uint64 {
	l.random += 0x9e3779b97f4a7c15
	z := l.random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// follow answers for name, and for where a CNAME at it leads (aws-behaviour
// 3.3). A chain ends where it leaves the zone, where it comes to a zone cut,
// back to a name it has passed, or to its bound.
func (l *lookup) follow(name string) {
	owner := l.q.Name
	for hop := 0; ; hop++ {
		if cut := l.zone.cut(name, l.q.Type); cut != nil {
			if l.trace != nil {
				l.note(owner, l.q.Type, "at or below the delegation %s", cut.name)
			}
			if hop == 0 {
				l.refer(cut)
			} else {
				l.succeed()
			}
			return
		}
		n, wild := l.zone.match(name)
		if l.view.challenges.n > 0 {
			n, wild = l.view.withChallenge(name, n, wild)
		}
		if n == nil {
			if l.trace != nil {
				l.note(owner, l.q.Type, "no such name")
			}
			l.deny(NameError)
			return
		}
		if wild && l.Wildcard == "" {
			l.Wildcard = n.name
		}
		if wild && l.trace != nil {
			l.note(owner, l.q.Type, "wildcard %s", n.name)
		}
		cname := n.get(dns.TypeCNAME)
		if cname == nil || l.q.Type == dns.TypeCNAME || l.q.Type == dns.TypeANY {
			l.finish(n, owner)
			return
		}
		target, result := l.addCNAME(cname, owner)
		if result != Success {
			l.fail(result)
			return
		}
		name = lower(target)
		held := l.holds(name)
		if !held {
			l.Leads = target
		}
		if hop == maxChain || l.passed(name) || !held {
			l.succeed()
			return
		}
		owner = target
	}
}

// holds tells whether name is in l.zone, and in none below it.
func (l *lookup) holds(name string) bool {
	if !within(name, l.zone.name) {
		return false
	}
	z := l.view.find(l.vpc, name)
	return z == nil || z.id == l.zone.id || len(z.name) <= len(l.zone.name) && !z.private
}

// addCNAME appends the CNAME that s holds and returns where it leads.
func (l *lookup) addCNAME(s *rrset, owner string) (string, Result) {
	before := len(l.Answer.Answer)
	rrs, result := l.appendSet(l.Answer.Answer, s, owner)
	if len(rrs) == before {
		if result == Success {
			result = NoData
		}
		return "", result
	}
	l.Answer.Answer = rrs[:before+1]
	return rrs[before].(*dns.CNAME).Target, Success
}

// passed tells whether the chain so far has a CNAME at name.
func (l *lookup) passed(name string) bool {
	for _, rr := range l.Answer.Answer {
		if lower(rr.Header().Name) == name {
			return true
		}
	}
	return false
}

// finish answers from the node where the chain ends.
func (l *lookup) finish(n *node, owner string) {
	result := Success
	before := len(l.Answer.Answer)
	if l.q.Type == dns.TypeANY {
		result = l.addAny(n, owner)
	} else if s := n.get(l.q.Type); s != nil {
		l.Answer.Answer, result = l.appendSet(l.Answer.Answer, s, owner)
	} else if l.trace != nil {
		l.note(owner, l.q.Type, "no RRset of the type")
	}
	if result == Success && l.view.challenges.n > 0 {
		l.addChallenges(n, owner, before)
	}
	switch {
	case result != Success:
		l.fail(result)
	case len(l.Answer.Answer) == before:
		l.deny(NoData)
	default:
		l.succeed()
	}
}

// addAny appends the RRsets of n: all, or the first that has records.
func (l *lookup) addAny(n *node, owner string) (result Result) {
	result = Success
	before := len(l.Answer.Answer)
	n.each(func(s *rrset) {
		if result != Success || !l.q.All && len(l.Answer.Answer) > before {
			return
		}
		l.Answer.Answer, result = l.appendSet(l.Answer.Answer, s, owner)
	})
	return result
}

// succeed completes a positive answer.
func (l *lookup) succeed() {
	l.Result, l.trace = Success, nil
	l.addAuthority()
	l.addAdditional()
}

// fail ends without an answer: NoData keeps the chain, ServerFailure nothing.
func (l *lookup) fail(r Result) {
	if r != ServerFailure {
		l.deny(r)
		return
	}
	l.Answer = Answer{Result: r, ZoneID: l.zone.id, Zone: l.zone.name, Private: l.zone.private, Scope: l.Scope}
}
