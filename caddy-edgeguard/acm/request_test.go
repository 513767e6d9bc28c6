package acm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// TestIssue: aws-behaviour 7.8 checks 1 and 3.
func TestIssue(t *testing.T) {
	b := newBench(t, nil)
	c := b.request("example.org.", "*.example.org.", "www.example.org.")
	b.wantReason(c, func(w *model.CertificateWork) bool { return strings.Contains(w.Reason, "there is no CNAME record _") })
	apex, _ := c.Token("example.org.")
	b.dns.put(t, fmt.Sprintf("%s 60 CNAME %s", apex.RecordName(nil), apex.Target))
	b.clock.move(6 * time.Second)
	b.wantReason(c, func(w *model.CertificateWork) bool {
		return w.Names[0].Status == model.ValidationSuccess && w.Names[1].Status == model.ValidationSuccess && w.Names[2].Status == model.ValidationPending
	})
	// A name once proven stays so, though its record goes.
	b.dns.clear()
	www, _ := c.Token("www.example.org.")
	b.dns.put(t, fmt.Sprintf("%s 60 CNAME %s", www.RecordName(nil), www.Target))
	b.clock.move(6 * time.Second)
	b.wantStatus(c, model.CertificateActive)
	s := b.state(c.ARN)
	p := openLeaf(t, b.ring, s.Leaf)
	if b.ca.count(c.ARN) != 1 || len(p.Leaf.DNSNames) != 3 || !s.Leaf.Issued.Equal(b.clock.now()) || s.Leaf.Node != "edge" || s.Work.Reason != "" {
		t.Errorf("issued %d times, leaf %+v, work %+v", b.ca.count(c.ARN), s.Leaf, s.Work)
	}
	eventually(t, func() string {
		if served := b.index.get(c.ARN); served == nil || !served.Leaf.Equal(p.Leaf) {
			return "the certificate is not served"
		}
		return ""
	})
	if kinds := b.events(c.ARN); !has(kinds, "issued") {
		t.Errorf("events %q, want issued", kinds)
	}
}

// TestHostedZone: a record in a zone of ours is looked up at once: the clock
// does not move, so that no poll is due.
func TestHostedZone(t *testing.T) {
	b := newBench(t, nil)
	zone := &model.Zone{ID: "Z1", Name: "example.org.", Account: testAccount, NameServers: model.DelegationServers("Z1"), Created: time.Now()}
	b.put(zone)
	c := b.request("www.example.org.")
	b.wantReason(c, func(w *model.CertificateWork) bool { return w.Reason != "" })
	b.prove(c) // what DNS servers answer
	tok := c.Tokens[0]
	b.put(&model.RRset{Zone: "Z1", Name: tok.RecordName(nil), Type: "CNAME", TTL: 60, Values: []string{string(tok.Target)}})
	eventually(t, func() string {
		// Only the quick tries after the record came need the clock, which
		// goes slowly beside that of the machine.
		b.clock.move(time.Millisecond)
		if s := b.state(c.ARN); s.Leaf == nil {
			return fmt.Sprintf("not issued: %+v", s.Work)
		}
		return ""
	})
	if age := b.clock.now().Sub(c.Created); age >= 5*time.Second {
		t.Errorf("issued after %v of the clock, want it before the next poll", age)
	}
}

// TestCreateRecords: the switch that writes records into zones of the same
// account.
func TestCreateRecords(t *testing.T) {
	b := newBench(t, func(c *Config) { c.CreateRecords = true })
	mine := &model.Zone{ID: "Z1", Name: "example.org.", Account: testAccount, NameServers: model.DelegationServers("Z1"), Created: time.Now()}
	other := &model.Zone{ID: "Z2", Name: "example.net.", Account: "222222222222", NameServers: model.DelegationServers("Z2"), Created: time.Now()}
	b.put(mine, other)
	row := &model.RRset{Zone: "Z1", Name: testSeed.Token("taken.example.org.").RecordName(nil), Type: "TXT", TTL: 60, Values: []string{`"x"`}}
	b.put(row)
	c := b.request("www.example.org.", "example.net.", "taken.example.org.")
	eventually(t, func() string {
		var got []string
		_ = b.replica.View(func(rd *state.Reader) error {
			rd.Range(model.TableRRsets, "", "", func(v model.Value, _ state.Version) bool {
				s := v.(*model.RRset)
				got = append(got, fmt.Sprint(s.Zone, " ", s.Name, " ", s.Type, " ", s.Values))
				return true
			})
			return nil
		})
		www, _ := c.Token("www.example.org.")
		want := fmt.Sprint("Z1 ", www.RecordName(nil), " CNAME [", www.Target, "]")
		if len(got) != 2 || !has(got, want) {
			return fmt.Sprintf("records %q, want the TXT and %q", got, want)
		}
		return ""
	})
}

// TestUnproven is an attacker's set: nothing is ever issued, and each case has
// a reason that says what was found.
func TestUnproven(t *testing.T) {
	c := newCertificate("attack", time.Now(), "example.org.")
	other := *testSeed
	other.Account = "222222222222"
	tok := c.Tokens[0]
	name, target := string(tok.RecordName(nil)), string(tok.Target)
	chain := func(n int) (rrs []string) {
		at := name
		for i := range n {
			next := fmt.Sprintf("hop%d.example.net.", i)
			rrs = append(rrs, at+" 60 CNAME "+next)
			at = next
		}
		return append(rrs, at+" 60 CNAME "+target)
	}
	answers := func(n int) func(q *dns.Msg) *dns.Msg {
		return func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			for range n {
				rr, _ := dns.NewRR(q.Question[0].Name + " 60 CNAME " + target)
				m.Answer = append(m.Answer, rr)
			}
			return m
		}
	}
	rcode := func(code int) func(q *dns.Msg) *dns.Msg {
		return func(q *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(q, code) }
	}
	tests := []struct {
		name   string
		rrs    []string
		odd    func(q *dns.Msg) *dns.Msg
		reason string
	}{
		{name: "nothing", reason: "there is no CNAME record " + name + " (NXDOMAIN)"},
		{name: "in the wrong zone", rrs: []string{tok.Label + ".example.net. 60 CNAME " + target}, reason: "there is no CNAME record " + name},
		{name: "at the parent", rrs: []string{tok.Label + ".org. 60 CNAME " + target}, reason: "there is no CNAME record " + name},
		{name: "pointing elsewhere", rrs: []string{name + " 60 CNAME www.example.net."}, reason: "leads to www.example.net., not to " + target},
		{name: "of another account", rrs: []string{string(other.Token("example.org.").RecordName(nil)) + " 60 CNAME " + string(other.Token("example.org.").Target)}, reason: "there is no CNAME record"},
		{name: "at our name to another account's target", rrs: []string{name + " 60 CNAME " + string(other.Token("example.org.").Target)}, reason: "leads to _"},
		{name: "TXT instead", rrs: []string{name + ` 60 TXT "` + target + `"`}, reason: "there is no CNAME record"},
		{name: "loop", rrs: []string{name + " 60 CNAME a.example.net.", "a.example.net. 60 CNAME " + name}, reason: "form a loop at " + name},
		{name: "loop of one", rrs: []string{name + " 60 CNAME " + name}, reason: "form a loop at " + name},
		{name: "six hops", rrs: chain(5), reason: "lead over more than 5 names"},
		{name: "lame server", odd: rcode(dns.RcodeRefused), reason: "answers REFUSED"},
		{name: "SERVFAIL", odd: rcode(dns.RcodeServerFailure), reason: "answers SERVFAIL"},
		{name: "referral", odd: func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			rr, _ := dns.NewRR("org. 60 NS ns.example.net.")
			m.Ns = append(m.Ns, rr)
			return m
		}, reason: "there is no CNAME record " + name + " (NOERROR)"},
		{name: "too many records", odd: answers(maxRecords + 1), reason: "answers with 101 records"},
		{name: "another question's answer", odd: func(q *dns.Msg) *dns.Msg {
			m := answers(1)(q)
			m.Question[0].Name = "example.net."
			return m
		}, reason: "answers another question"},
		{name: "another id's answer", odd: func(q *dns.Msg) *dns.Msg {
			m := answers(1)(q)
			m.Id++
			return m
		}, reason: "answers another question"},
		{name: "truncated for ever", odd: func(q *dns.Msg) *dns.Msg {
			m := answers(1)(q)
			m.Truncated = true
			return m
		}, reason: "truncates its answer over TCP"},
		{name: "answer of another owner", odd: func(q *dns.Msg) *dns.Msg {
			m := answers(1)(q)
			m.Answer[0].Header().Name = "example.net."
			return m
		}, reason: "there is no CNAME record"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.dns.put(t, tt.rrs...)
			b.dns.odd = tt.odd
			c := *c
			c.Created = b.clock.now()
			b.put(&c)
			b.wantReason(&c, func(w *model.CertificateWork) bool { return strings.Contains(w.Reason, tt.reason) })
			before := b.dns.questions()
			eventually(t, func() string {
				b.clock.move(time.Minute)
				if b.dns.questions() == before {
					return "no second look-up"
				}
				return ""
			})
			b.clock.move(model.ValidationTime)
			b.wantStatus(&c, model.CertificateTimedOut)
			if s := b.state(c.ARN); s.Leaf != nil || b.ca.count(c.ARN) != 0 || s.Names[0] != "example.org." {
				t.Errorf("issued: %+v", s.Leaf)
			}
		})
	}
	t.Run("five hops are taken", func(t *testing.T) {
		b := newBench(t, nil)
		b.dns.put(t, chain(4)...)
		b.wantStatus(b.request("example.org."), model.CertificateActive)
	})
	t.Run("record of ACME is taken", func(t *testing.T) {
		b := newBench(t, nil)
		b.dns.put(t, "_acme-challenge.example.org. 60 CNAME "+target)
		b.wantStatus(b.request("example.org."), model.CertificateActive)
	})
	t.Run("expired", func(t *testing.T) {
		b := newBench(t, nil)
		c := b.request("example.org.")
		b.wantReason(c, func(w *model.CertificateWork) bool { return w.Reason != "" })
		b.clock.move(model.ValidationTime)
		b.prove(c)
		b.wantReason(c, func(w *model.CertificateWork) bool { return w.Reason == "no proof within 72 hours" })
		asked := b.dns.questions()
		b.clock.move(100 * time.Hour)
		if b.dns.questions() != asked || b.ca.count(c.ARN) != 0 {
			t.Error("a request that has timed out is looked up again")
		}
	})
}

// TestCAA: aws-behaviour 7.4 and 7.8 check 4.
func TestCAA(t *testing.T) {
	tests := []struct {
		name    string
		domain  model.Name
		rrs     []string
		allowed bool
	}{
		{"none", "www.example.org.", nil, true},
		{"another CA", "www.example.org.", []string{`www.example.org. 60 CAA 0 issue "letsencrypt.org"`}, false},
		{"another CA above", "www.example.org.", []string{`example.org. 60 CAA 0 issue "letsencrypt.org"`}, false},
		{"another CA at the top", "www.example.org.", []string{`org. 60 CAA 0 issue "letsencrypt.org"`}, false},
		{"Amazon", "www.example.org.", []string{`www.example.org. 60 CAA 0 issue "amazon.com"`}, true},
		{"Amazon among others", "www.example.org.", []string{`example.org. 60 CAA 0 issue "letsencrypt.org"`, `example.org. 60 CAA 0 issue "AmazonTrust.com; a=b"`}, true},
		{"the CA itself", "www.example.org.", []string{`example.org. 60 CAA 0 issue "ca.example.net"`}, true},
		{"nobody", "www.example.org.", []string{`example.org. 60 CAA 0 issue ";"`}, false},
		{"the nearest counts", "www.example.org.", []string{`www.example.org. 60 CAA 0 issue "awstrust.com"`, `example.org. 60 CAA 0 issue ";"`}, true},
		{"only issuewild", "www.example.org.", []string{`example.org. 60 CAA 0 issuewild "letsencrypt.org"`}, true},
		{"wildcard by issuewild", "*.example.org.", []string{`example.org. 60 CAA 0 issue "letsencrypt.org"`, `example.org. 60 CAA 0 issuewild "amazon.com"`}, true},
		{"wildcard against issuewild", "*.example.org.", []string{`example.org. 60 CAA 0 issue "amazon.com"`, `example.org. 60 CAA 0 issuewild ";"`}, false},
		{"wildcard by issue", "*.example.org.", []string{`example.org. 60 CAA 0 issue "letsencrypt.org"`}, false},
		{"iodef alone", "www.example.org.", []string{`example.org. 60 CAA 0 iodef "mailto:a@example.org"`}, true},
		{"unknown critical", "www.example.org.", []string{`example.org. 60 CAA 128 tbs "x"`, `example.org. 60 CAA 0 issue "amazon.com"`}, false},
		{"unknown", "www.example.org.", []string{`example.org. 60 CAA 0 tbs "x"`}, true},
		{"over a CNAME", "www.example.org.", []string{`www.example.org. 60 CNAME a.example.net.`, `a.example.net. 60 CAA 0 issue ";"`}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.dns.put(t, tt.rrs...)
			c := newCertificate("caa", b.clock.now(), tt.domain)
			b.prove(c)
			b.put(c)
			if tt.allowed {
				b.wantStatus(c, model.CertificateActive)
				return
			}
			b.wantStatus(c, model.CertificateFailed)
			if s := b.state(c.ARN); s.Work.Failure != model.FailureCAA || !strings.Contains(s.Work.Reason, "CAA records forbid it") || b.ca.count(c.ARN) != 0 || !has(b.events(c.ARN), "failed") {
				t.Errorf("work %+v, events %q", s.Work, b.events(c.ARN))
			}
		})
	}
}

// TestCAAUnseen: what cannot be seen forbids for now, not for good.
func TestCAAUnseen(t *testing.T) {
	b := newBench(t, nil)
	b.dns.odd = func(q *dns.Msg) *dns.Msg {
		if q.Question[0].Qtype == dns.TypeCAA {
			return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
		}
		return nil
	}
	c := newCertificate("caa", b.clock.now(), "example.org.")
	b.prove(c)
	b.put(c)
	b.wantReason(c, func(w *model.CertificateWork) bool {
		return strings.Contains(w.Reason, "looking up CAA example.org.") && w.Failure == ""
	})
	b.dns.mu.Lock()
	// A server that has authority for the name and refuses those above.
	b.dns.odd = func(q *dns.Msg) *dns.Msg {
		if q.Question[0].Qtype != dns.TypeCAA {
			return nil
		}
		m := new(dns.Msg).SetReply(q)
		if m.Authoritative = true; q.Question[0].Name == "org." {
			m.SetRcode(q, dns.RcodeRefused)
		}
		return m
	}
	b.dns.mu.Unlock()
	b.clock.move(time.Minute)
	b.wantStatus(c, model.CertificateActive)
}

// TestIssuanceFails: errors pass, refusals stay.
func TestIssuanceFails(t *testing.T) {
	b := newBench(t, nil)
	b.ca.set(errors.New("on fire"))
	c := newCertificate("fail", b.clock.now(), "example.org.")
	b.prove(c)
	b.put(c)
	b.wantReason(c, func(w *model.CertificateWork) bool { return strings.Contains(w.Reason, "asking the CA: on fire") })
	b.ca.set(nil)
	b.clock.move(time.Hour)
	b.wantStatus(c, model.CertificateActive)
	b.ca.set(&RefusedError{model.FailureNotAllowed, "never"})
	d := b.request("example.org.", "*.example.org.")
	b.wantStatus(d, model.CertificateFailed)
	if w := b.state(d.ARN).Work; w.Failure != model.FailureNotAllowed || w.Reason != "asking the CA: never" {
		t.Errorf("work %+v", w)
	}
}

// TestNotWorkedOn: what is others' affair.
func TestNotWorkedOn(t *testing.T) {
	b := newBench(t, nil)
	mail := newCertificate("mail", b.clock.now(), "example.org.")
	mail.Method = model.ValidateByEmail
	foreign := newCertificate("foreign", b.clock.now(), "example.org.")
	foreign.Foreign = true
	b.prove(mail)
	b.put(mail, foreign)
	last := newCertificate("last", b.clock.now(), "example.org.")
	b.put(last)
	b.wantStatus(last, model.CertificateActive)
	if b.ca.count(mail.ARN)+b.ca.count(foreign.ARN) != 0 {
		t.Error("issued without being asked by DNS")
	}
}

// TestDeleted: what is deleted is served no more, and rows that come late are
// taken away.
func TestDeleted(t *testing.T) {
	b := newBench(t, nil)
	c := newCertificate("gone", b.clock.now(), "example.org.")
	b.prove(c)
	b.put(c)
	eventually(t, func() string {
		if b.index.get(c.ARN) == nil {
			return "not served"
		}
		return ""
	})
	if _, err := b.replica.Commit(ctx, func(tx *state.Tx) error {
		tx.Delete(model.TableCertificates, c.ARN)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		left := 0
		_ = b.replica.View(func(rd *state.Reader) error {
			left = rd.Count(model.TableCertificateLeaves, "", 0) + rd.Count(model.TableCertificateWork, "", 0)
			return nil
		})
		if left > 0 || b.index.get(c.ARN) != nil {
			return fmt.Sprintf("%d rows left, served: %v", left, b.index.get(c.ARN) != nil)
		}
		return ""
	})
}
