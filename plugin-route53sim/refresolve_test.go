package route53sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// verdict is what a reply must be: the rcode, the AA bit, the authority
// section, and the outcomes that the answer section may be one of.
type verdict struct {
	rcode     int
	aa        bool
	authority []string
	answers   chances
	// refused and referral replies are checked no further.
	zone *refZone
}

// lead is an answer section under way, with where it has come from.
type lead struct {
	branch
	rcode     int
	authority string // "ns", "soa"
}

// below tells whether name is zone or below it.
func below(name, zone string) bool { return name == zone || strings.HasSuffix(name, "."+zone) }

func up(name string) string { return name[strings.Index(name, ".")+1:] }

// zoneFor is aws-behaviour 1.5 and 3.2: the longest name among the private
// zones of the VPC, if any of them matches, else among the public ones; then the
// earliest created.
func (w *world) zoneFor(name string, qtype uint16, vpc *refVPC) *refZone {
	var found *refZone
	for _, z := range w.zones {
		private := len(z.vpcs) > 0
		if private && (vpc == nil || !slices.Contains(z.vpcs, vpc.id)) || !below(name, z.name) {
			continue
		}
		hidden := found != nil && len(found.vpcs) > 0 && !private
		hides := found != nil && len(found.vpcs) == 0 && private
		if found == nil || hides || !hidden && len(z.name) > len(found.name) {
			found = z
		}
	}
	if found != nil && len(found.vpcs) == 0 && qtype == dns.TypeDS && name == found.name && found.name != "." {
		if above := w.zoneFor(up(name), dns.TypeA, vpc); above != nil {
			return above
		}
	}
	return found
}

// within is where c is for z: in its VPC's Region if z is private.
func (w *world) within(z *refZone, c *refClient) *refClient {
	if len(z.vpcs) > 0 {
		return w.inside(c.vpc, c.prefix)
	}
	return c
}

// resolve is aws-behaviour 3.1 to 3.3 for one question.
func (w *world) resolve(qname string, qtype uint16, tcp bool, c *refClient) verdict {
	name := strings.ToLower(qname)
	z := w.zoneFor(name, qtype, c.vpc)
	if z == nil {
		return verdict{rcode: dns.RcodeRefused}
	}
	c = w.within(z, c)
	if cut := z.cut(name, qtype); cut != "" {
		v := verdict{zone: z, answers: merge([]branch{{p: 1}})}
		for _, ns := range z.group(cut, "NS")[0].Values {
			v.authority = append(v.authority, record(cut, z.group(cut, "NS")[0].TTL, "NS", ns))
		}
		return v
	}
	leads := w.chain(z, name, qname, qtype, tcp, c, nil)
	v := verdict{zone: z, aa: true, answers: chances{}}
	for _, l := range leads {
		if len(z.vpcs) > 0 {
			l.scope = 0
		}
		key := fmt.Sprintf("%s %s\n%s", dns.RcodeToString[l.rcode], l.authority, l.key())
		v.answers[key] += l.p
	}
	return v
}

// cut is the topmost zone cut at or above name, "" if there is none.
func (z *refZone) cut(name string, qtype uint16) string {
	cut := ""
	if len(z.vpcs) > 0 {
		return ""
	}
	for at := name; at != z.name; at = up(at) {
		if len(z.group(at, "NS")) > 0 && (at != name || qtype != dns.TypeDS) {
			cut = at
		}
	}
	return cut
}

// exists tells whether name has records, or a name below it has.
func (z *refZone) exists(name string) bool {
	return slices.ContainsFunc(z.sets, func(s *model.RRset) bool { return below(string(s.Name), name) })
}

// source is the name that name is answered from, "" if there is none.
func (z *refZone) source(name string) string {
	if z.exists(name) {
		return name
	}
	encloser := up(name)
	for !z.exists(encloser) {
		encloser = up(encloser)
	}
	if star := "*." + encloser; z.exists(star) {
		return star
	}
	return ""
}

// chain answers for name, and for where a CNAME at it leads; passed are the
// names before it.
func (w *world) chain(z *refZone, name, owner string, qtype uint16, tcp bool, c *refClient, passed []string) []lead {
	end := func(rcode int, authority string) []lead {
		return []lead{{branch{p: 1}, rcode, authority}}
	}
	if len(passed) > 0 {
		if slices.Contains(passed, name) || len(passed) > 16 || !below(name, z.name) || w.zoneFor(name, 0, c.vpc) != z || z.cut(name, qtype) != "" {
			return end(dns.RcodeSuccess, "ns")
		}
	}
	source := z.source(name)
	if source == "" {
		return end(dns.RcodeNameError, "soa")
	}
	if len(z.group(source, "CNAME")) == 0 || qtype == dns.TypeCNAME || qtype == dns.TypeANY {
		return w.final(z, source, owner, qtype, tcp, c)
	}
	var leads []lead
	for _, b := range w.answer(z, source, "CNAME", owner, c) {
		if len(b.records) == 0 {
			leads = append(leads, lead{b, dns.RcodeSuccess, "soa"})
			continue
		}
		target := strings.Fields(b.records[0])[4]
		for _, l := range w.chain(z, strings.ToLower(target), target, qtype, tcp, c, append(slices.Clone(passed), name)) {
			l.records = append(slices.Clone(b.records), l.records...)
			l.scope, l.p = max(l.scope, b.scope), l.p*b.p
			leads = append(leads, l)
		}
	}
	return leads
}

// final answers from the name where a chain ends.
func (w *world) final(z *refZone, source, owner string, qtype uint16, tcp bool, c *refClient) []lead {
	var leads []lead
	for _, b := range w.ofType(z, source, owner, qtype, tcp, c) {
		l := lead{b, dns.RcodeSuccess, "ns"}
		if len(b.records) == 0 {
			l.authority = "soa"
		}
		if qtype == dns.TypeANY || qtype == dns.TypeNS {
			if slices.ContainsFunc(b.records, func(r string) bool {
				return strings.HasPrefix(strings.ToLower(r), z.name+" ") && strings.Contains(r, " NS ")
			}) {
				l.authority = ""
			}
		}
		leads = append(leads, l)
	}
	return leads
}

// ofType answers one type, or ANY: all types over TCP, any one of them over
// UDP.
func (w *world) ofType(z *refZone, source, owner string, qtype uint16, tcp bool, c *refClient) []branch {
	if qtype != dns.TypeANY {
		return w.answer(z, source, dns.TypeToString[qtype], owner, c)
	}
	all := []branch{{p: 1}}
	var one []branch
	for _, rrtype := range z.typesAt(source) {
		branches := w.answer(z, source, rrtype, owner, c)
		for _, b := range branches {
			if len(b.records) > 0 {
				one = append(one, b)
			}
		}
		all = product(all, branches)
	}
	if tcp {
		return all
	}
	for _, b := range all {
		if len(b.records) == 0 {
			one = append(one, b)
		}
	}
	return one
}

func product(a, b []branch) []branch {
	var out []branch
	for _, x := range a {
		for _, y := range b {
			records := append(slices.Clone(x.records), y.records...)
			out = append(out, branch{outcome{records, max(x.scope, y.scope)}, x.p * y.p})
		}
	}
	return out
}

func (z *refZone) typesAt(name string) []string {
	var types []string
	for _, s := range z.sets {
		if string(s.Name) == name && !slices.Contains(types, s.Type) {
			types = append(types, s.Type)
		}
	}
	return types
}
