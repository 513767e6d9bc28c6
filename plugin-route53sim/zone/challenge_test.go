package zone

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// challengeRow adds the row of a DNS-01 solver's value.
func challengeRow(name, value, owner string, ttl uint32) func(*rowsOf) {
	return func(r *rowsOf) {
		r.add(&model.Challenge{Name: model.Name(name), Value: value, Owner: owner, TTL: ttl})
	}
}

// Values of solvers stand beside what a zone holds, whatever that is.
func TestChallenges(t *testing.T) {
	v := compile(t, `
		_acme-challenge.example.org. 60 TXT "zone" | "one"
		_acme-challenge.www.example.org. 300 A 192.0.2.1
		*.wild.example.org. 60 CNAME www.example.net.
		*.texts.example.org. 60 TXT "wildcard"
		_acme-challenge.sent.example.org. 60 CNAME _there.example.org.
		_acme-challenge.away.example.org. 60 CNAME _there.example.net.
		del.example.org. 300 NS ns.example.net.`,
		challengeRow("_acme-challenge.example.org.", "one", "n1", 5),
		challengeRow("_acme-challenge.example.org.", "two", "n1", 20),
		challengeRow("_acme-challenge.example.org.", "two", "n2", 90),
		challengeRow("_acme-challenge.www.example.org.", "w", "n1", 5),
		challengeRow("_acme-challenge.new.example.org.", "n", "n1", 5),
		challengeRow("_acme-challenge.host.wild.example.org.", "c", "n1", 5),
		challengeRow("x.texts.example.org.", "t", "n1", 5),
		challengeRow("_there.example.org.", "followed", "n1", 5),
		challengeRow("_acme-challenge.away.example.org.", "hidden", "n1", 5),
		challengeRow("_acme-challenge.del.example.org.", "below the cut", "n1", 5),
		challengeRow("_acme-challenge.example.com.", "no zone", "n1", 5),
	)
	runCases(t, v, []lookupCase{
		{name: "beside the zone's own, each once, with the lowest TTL", qname: "_acme-challenge.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{`_acme-challenge.example.org. 5 TXT "zone"`, `_acme-challenge.example.org. 5 TXT "one"`, `_acme-challenge.example.org. 5 TXT "two"`}},
		{name: "beside another type", qname: "_acme-challenge.www.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{`_acme-challenge.www.example.org. 5 TXT "w"`}},
		{name: "the other type as before", qname: "_acme-challenge.www.example.org.", qtype: dns.TypeA, result: Success, ns: authority,
			answer: []string{"_acme-challenge.www.example.org. 300 A 192.0.2.1"}},
		{name: "ANY, one RRset", qname: "_acme-challenge.www.example.org.", qtype: dns.TypeANY, result: Success, ns: authority,
			answer: []string{"_acme-challenge.www.example.org. 300 A 192.0.2.1"}},
		{name: "ANY, all", qname: "_acme-challenge.www.example.org.", qtype: dns.TypeANY, all: true, result: Success, ns: authority,
			answer: []string{"_acme-challenge.www.example.org. 300 A 192.0.2.1", `_acme-challenge.www.example.org. 5 TXT "w"`}},
		{name: "ANY, nothing else there", qname: "_acme-challenge.new.example.org.", qtype: dns.TypeANY, result: Success, ns: authority,
			answer: []string{`_acme-challenge.new.example.org. 5 TXT "n"`}},
		{name: "case of the question is kept", qname: "_ACME-challenge.New.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{`_ACME-challenge.New.example.org. 5 TXT "n"`}},
		{name: "a name that is there by a challenge only", qname: "_acme-challenge.new.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "the name above", qname: "new.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "a name beside", qname: "x.new.example.org.", qtype: dns.TypeTXT, result: NameError, ns: negative},
		{name: "below a wildcard", qname: "_acme-challenge.host.wild.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{`_acme-challenge.host.wild.example.org. 5 TXT "c"`}},
		{name: "no wildcard for the name itself", qname: "_acme-challenge.host.wild.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "the wildcard for the name above", qname: "host.wild.example.org.", qtype: dns.TypeA, result: Success, ns: authority, wildcard: "*.wild.example.org.",
			answer: []string{"host.wild.example.org. 60 CNAME www.example.net."}},
		{name: "not beside a wildcard's texts", qname: "x.texts.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{`x.texts.example.org. 5 TXT "t"`}},
		{name: "at the end of a CNAME", qname: "_acme-challenge.sent.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{"_acme-challenge.sent.example.org. 60 CNAME _there.example.org.", `_there.example.org. 5 TXT "followed"`}},
		{name: "a CNAME stands alone", qname: "_acme-challenge.away.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
			answer: []string{"_acme-challenge.away.example.org. 60 CNAME _there.example.net."}},
		{name: "a CNAME stands alone in ANY", qname: "_acme-challenge.away.example.org.", qtype: dns.TypeANY, all: true, result: Success, ns: authority,
			answer: []string{"_acme-challenge.away.example.org. 60 CNAME _there.example.net."}},
		{name: "below a delegation", qname: "_acme-challenge.del.example.org.", qtype: dns.TypeTXT, result: Delegation,
			ns: []string{"del.example.org. 300 NS ns.example.net."}},
		{name: "in no zone", qname: "_acme-challenge.example.com.", qtype: dns.TypeTXT, result: OutOfZone},
	})
	if got := v.Stats().Challenges; got != 11 {
		t.Errorf("Stats().Challenges = %d, want 11", got)
	}
}

// Values of a policy's RRset are chosen as ever, the solver's are added.
func TestChallengeBesideAPolicy(t *testing.T) {
	v := compile(t, "",
		routed(`_acme-challenge.example.org. 60 TXT "a"`, `"a"`, weight(1)),
		challengeRow("_acme-challenge.example.org.", "mine", "n1", 5))
	runCases(t, v, []lookupCase{{name: "weighted", qname: "_acme-challenge.example.org.", qtype: dns.TypeTXT, result: Success, ns: authority,
		answer: []string{`_acme-challenge.example.org. 5 TXT "a"`, `_acme-challenge.example.org. 5 TXT "mine"`}}})
}

// aws-behaviour 7.4: the names that validation CNAMEs point to.
func TestValidationZone(t *testing.T) {
	ns := []string{"acm-validations.aws. 172800 NS ns-1463.awsdns-54.org.", "acm-validations.aws. 172800 NS ns-1893.awsdns-44.co.uk.",
		"acm-validations.aws. 172800 NS ns-245.awsdns-30.com.", "acm-validations.aws. 172800 NS ns-745.awsdns-29.net."}
	soa := []string{"acm-validations.aws. 5 SOA ns-1463.awsdns-54.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 5"}
	v := compile(t, "", challengeRow("_abc.shardshard.acm-validations.aws.", "token", "arn", 0))
	runCases(t, v, []lookupCase{
		{name: "a value", qname: "_abc.shardshard.acm-validations.aws.", qtype: dns.TypeTXT, result: Success, ns: ns,
			answer: []string{`_abc.shardshard.acm-validations.aws. 0 TXT "token"`}},
		{name: "another type", qname: "_abc.shardshard.acm-validations.aws.", qtype: dns.TypeCAA, result: NoData, ns: soa},
		{name: "the name above", qname: "shardshard.acm-validations.aws.", qtype: dns.TypeTXT, result: NoData, ns: soa},
		{name: "no such name", qname: "_abd.shardshard.acm-validations.aws.", qtype: dns.TypeTXT, result: NameError, ns: soa},
		{name: "SOA", qname: "acm-validations.aws.", qtype: dns.TypeSOA, result: Success, ns: ns,
			answer: []string{strings.Replace(soa[0], " 5 SOA", " 900 SOA", 1)}},
		{name: "NS", qname: "acm-validations.aws.", qtype: dns.TypeNS, result: Success, answer: ns},
		{name: "nothing else at the apex", qname: "acm-validations.aws.", qtype: dns.TypeA, result: NoData, ns: soa},
		{name: "DS", qname: "acm-validations.aws.", qtype: dns.TypeDS, result: NoData, ns: soa},
		{name: "the zone above", qname: "aws.", qtype: dns.TypeSOA, result: OutOfZone},
		{name: "no label of it", qname: "xacm-validations.aws.", qtype: dns.TypeTXT, result: OutOfZone},
	})
	if !v.Holds(nil, "x.acm-validations.aws.") || v.ZoneOf(nil, "x.ACM-validations.aws.").Name() != "acm-validations.aws." {
		t.Error("Holds and ZoneOf do not know the validation zone")
	}
}

// A hosted zone of that name stands in its place, with the values.
func TestHostedValidationZone(t *testing.T) {
	v := compile(t, "", func(r *rowsOf) {
		r.add(newTestZone("Z0VALIDATIONS0000000", "acm-validations.aws."))
		r.line("Z0VALIDATIONS0000000", "own.acm-validations.aws. 60 A 192.0.2.1")
	}, challengeRow("_abc.acm-validations.aws.", "token", "arn", 0))
	for qname, qtype := range map[string]uint16{"own.acm-validations.aws.": dns.TypeA, "_abc.acm-validations.aws.": dns.TypeTXT} {
		if a := v.Lookup(&Query{Name: qname, Type: qtype}); a.Result != Success || a.ZoneID != "Z0VALIDATIONS0000000" {
			t.Errorf("Lookup(%q) = %v from zone %q", qname, a.Result, a.ZoneID)
		}
	}
}

// What an answer gives away is the caller's.
func TestChallengeRecordsAreCopies(t *testing.T) {
	v := compile(t, "", challengeRow("_acme-challenge.example.org.", `a"b\`, "n", 0))
	for range 2 {
		txt := v.Lookup(&Query{Name: "_acme-challenge.example.org.", Type: dns.TypeTXT}).Answer[0].(*dns.TXT)
		if got := txt.Txt[0]; got != `a\"b\\` {
			t.Fatalf("value = %q, want it escaped", got)
		}
		txt.Txt[0], txt.Hdr.Ttl = "changed", 7
	}
}

func TestChallengeGoes(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	one := &model.Challenge{Name: "_acme-challenge.a.example.org.", Value: "1", Owner: "n"}
	two := &model.Challenge{Name: one.Name, Value: "2", Owner: "n"}
	r.add(one)
	r.add(two)
	c := NewCompiler()
	v := c.Apply(r.batch())
	gone := func(row *model.Challenge) state.Batch {
		return state.Batch{Changes: []state.Change{{Table: model.TableChallenges, Key: row.Key()}}}
	}
	after := c.Apply(gone(one))
	runCases(t, after, []lookupCase{{name: "one left", qname: string(one.Name), qtype: dns.TypeTXT, result: Success, ns: authority,
		answer: []string{`_acme-challenge.a.example.org. 0 TXT "2"`}}})
	after = c.Apply(gone(two))
	runCases(t, after, []lookupCase{{name: "none left", qname: "a.example.org.", qtype: dns.TypeTXT, result: NameError, ns: negative}})
	if v.challenges.n == 0 || after.challenges.n != 0 || after.Stats().Challenges != 0 {
		t.Errorf("%d names before, %d after the last value, want some and none", v.challenges.n, after.challenges.n)
	}
}

func BenchmarkLookupBesideChallenges(b *testing.B) {
	v := compile(b, "www.example.org. 300 A 192.0.2.1", challengeRow("_acme-challenge.example.org.", "v", "n", 0))
	q := &Query{Name: "www.example.org.", Type: dns.TypeA}
	b.ReportAllocs()
	for b.Loop() {
		v.Lookup(q)
	}
}
