package zone

import (
	"maps"
	"slices"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
)

// challenge is a name that DNS-01 solvers have values under, or one above such
// a name.
type challenge struct {
	name string
	// texts are the TXT records, sorted and each once; empty above a name that
	// has some.
	texts []dns.TXT
	ttl   uint32
	// below is how many names below this one have texts.
	below int
}

func (c *challenge) key() string { return c.name }

// challenges are the rows of solvers, by name and key.
type challenges struct {
	rows map[string]map[string]*model.Challenge
	n    int
}

func newChallenges() challenges {
	return challenges{rows: make(map[string]map[string]*model.Challenge)}
}

// put notes that the row of that key has changed (nil: is gone) and returns the
// names after that.
func (c *challenges) put(names table[challenge, *challenge], edit uint64, key string, row *model.Challenge) table[challenge, *challenge] {
	name := string(model.ChallengeKeyName(key))
	rows := c.rows[name]
	before := len(rows)
	if row == nil {
		delete(rows, key)
	} else {
		if rows == nil {
			rows = make(map[string]*model.Challenge)
			c.rows[name] = rows
		}
		rows[key] = row
	}
	c.n += len(rows) - before
	if len(rows) == 0 {
		delete(c.rows, name)
	}
	fresh := newChallenge(name, rows)
	if old := names.get(name); old != nil {
		fresh.below = old.below
	}
	names = putChallenge(names, edit, fresh)
	if (before > 0) == (len(rows) > 0) {
		return names
	}
	step := len(rows) - before // +1 or -1: one row at a time
	for at := parent(name); at != "."; at = parent(at) {
		above := challenge{name: at}
		if old := names.get(at); old != nil {
			above = *old
		}
		above.below += step
		names = putChallenge(names, edit, &above)
	}
	return names
}

// putChallenge puts c in its place, or nothing if it says nothing.
func putChallenge(names table[challenge, *challenge], edit uint64, c *challenge) table[challenge, *challenge] {
	if len(c.texts) == 0 && c.below == 0 {
		return names.remove(edit, c.name)
	}
	return names.put(edit, c)
}

// newChallenge compiles the rows of one name: the lowest TTL is that of all
// (RFC 2181 section 5.2).
func newChallenge(name string, rows map[string]*model.Challenge) *challenge {
	c := &challenge{name: name}
	values := make(map[string]*model.Challenge)
	for _, row := range rows {
		if len(values) == 0 || row.TTL < c.ttl {
			c.ttl = row.TTL
		}
		values[row.Value] = row
	}
	for _, value := range slices.Sorted(maps.Keys(values)) {
		txt := dns.TXT{Hdr: dns.RR_Header{Rrtype: dns.TypeTXT, Class: dns.ClassINET}}
		for _, s := range values[value].Strings() {
			txt.Txt = append(txt.Txt, escapeText(s))
		}
		c.texts = append(c.texts, txt)
	}
	return c
}

// escapeText spells raw bytes as miekg/dns keeps them in a TXT record.
func escapeText(s string) string {
	buf := append([]byte{byte(len(s))}, s...)
	text, _, err := dns.UnpackRRWithHeader(dns.RR_Header{Rrtype: dns.TypeTXT, Class: dns.ClassINET, Rdlength: uint16(len(buf))}, buf, 0)
	if err != nil {
		return "" // impossible: it is one character string
	}
	return text.(*dns.TXT).Txt[0]
}

// validation is the zone that ACM's validation CNAMEs point into, where no
// hosted zone has its name: a SOA, name servers, and what solvers put there.
// That something is not there (yet) is not to be remembered for long.
var validation = func() *Zone {
	row := &model.Zone{Name: model.ValidationZone, NameServers: model.DelegationServers(string(model.ValidationZone))}
	soa := model.DefaultSOA(row)
	soa.Values = []string{string(row.NameServers[0]) + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 5"}
	z := &Zone{name: string(row.Name)}
	var sets []rrset
	for _, made := range []*model.RRset{model.DefaultNS(row), soa} {
		code, _ := model.TypeCode(made.Type)
		rdata, _ := packValues(made.Type, made.Values)
		sets = append(sets, rrset{typ: code, ttl: made.TTL, rdata: rdata})
	}
	z.apex = newNode(z.name, sets)
	z.setSOA(z.apex.get(dns.TypeSOA))
	z.setNS(z.apex.get(dns.TypeNS))
	return z
}()

// serving returns the zone that answers clients inside vpc (nil: in none) for
// name: a hosted one, or that of the validations.
func (v *View) serving(vpc *locate.VPC, name string) *Zone {
	if z := v.find(vpc, name); z != nil || !within(name, validation.name) {
		return z
	}
	return validation
}

// withChallenge returns what name is answered from if a solver has values at
// or below it; n and wild are what the zone has.
//
//	the zone has    values at the name    values below it only
//	the name        its RRsets and them   its RRsets
//	a wildcard      them: the name is     the wildcard's RRsets
//	nothing         them                  nothing, but the name exists
//
// So a solver takes nothing from what a zone answers: a name above that of a
// challenge exists, but unlike those of RRsets it keeps no wildcard off (RFC
// 4592 section 2.2.2).
func (v *View) withChallenge(name string, n *node, wild bool) (*node, bool) {
	c := v.challenges.get(name)
	if c == nil || n != nil && (!wild || len(c.texts) == 0) {
		return n, wild
	}
	return newNode(name, nil), false
}

// addChallenges appends the values of solvers at the name of n to the answer
// section, whose records from before on are the name's. Values that the zone
// has as well are given once, and all TXT records have the lowest TTL. A CNAME
// stands alone: then there are none.
func (l *lookup) addChallenges(n *node, owner string, before int) {
	c := l.view.challenges.get(n.name)
	if c == nil || len(c.texts) == 0 || n.get(dns.TypeCNAME) != nil || !l.wantsTexts(before) {
		return
	}
	if l.trace != nil {
		l.note(owner, dns.TypeTXT, "challenges of DNS-01 solvers")
	}
	ttl := c.ttl
	var have []*dns.TXT
	for _, rr := range l.Answer.Answer[before:] {
		if txt, ok := rr.(*dns.TXT); ok {
			have, ttl = append(have, txt), min(ttl, txt.Hdr.Ttl)
		}
	}
	for i := range c.texts {
		txt := c.texts[i]
		if slices.ContainsFunc(have, func(other *dns.TXT) bool { return slices.Equal(other.Txt, txt.Txt) }) {
			continue
		}
		txt.Hdr.Name, txt.Txt = owner, slices.Clone(txt.Txt)
		l.Answer.Answer, have = append(l.Answer.Answer, &txt), append(have, &txt)
	}
	for _, txt := range have {
		txt.Hdr.Ttl = ttl
	}
}

// wantsTexts tells whether TXT records belong into the answer, which has what
// the zone has to say from record before on.
func (l *lookup) wantsTexts(before int) bool {
	if l.q.Type != dns.TypeANY {
		return l.q.Type == dns.TypeTXT
	}
	own := l.Answer.Answer[before:]
	return l.q.All || len(own) == 0 || own[0].Header().Rrtype == dns.TypeTXT
}
