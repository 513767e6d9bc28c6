package acm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// issued returns a bench with an issued certificate that is in use.
func issued(t *testing.T, lifetime time.Duration) (*bench, *model.Certificate) {
	t.Helper()
	return issuedBy(t, newBench(t, nil), lifetime)
}

// issuedBy is [issued] on a bench.
func issuedBy(t *testing.T, b *bench, lifetime time.Duration) (*bench, *model.Certificate) {
	t.Helper()
	b.ca.lifetime = lifetime
	c := newCertificate("renew", b.clock.now(), "example.org.")
	b.prove(c)
	b.put(c)
	b.use(c.ARN)
	b.wantStatus(c, model.CertificateActive)
	return b, c
}

// wantRenewal waits for the state of a certificate's renewal.
func (b *bench) wantRenewal(c *model.Certificate, want string) *model.CertificateRenewal {
	b.t.Helper()
	var r *model.CertificateRenewal
	eventually(b.t, func() string {
		s := b.state(c.ARN)
		if s.Work == nil || s.Work.Renewal == nil || s.Work.Renewal.Status != want {
			return fmt.Sprintf("work %+v, want a renewal in state %s", s.Work, want)
		}
		r = s.Work.Renewal
		return ""
	})
	return r
}

// TestRenewal: aws-behaviour 7.6 and 7.8 check 6.
func TestRenewal(t *testing.T) {
	for _, tt := range []struct {
		name     string
		setting  time.Duration
		lifetime time.Duration
		before   time.Duration // the end
	}{
		{"60 days before the end", 0, DefaultLifetime, 60 * day},
		{"a third of a short life", 0, 30 * day, 10 * day},
		{"as it is set", 45 * day, DefaultLifetime, 45 * day},
		{"as it is set, of a short life", 20 * day, 30 * day, 20 * day},
		{"at most nine tenths of a life", 45 * day, 30 * day, 27 * day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, c := issuedBy(t, newBench(t, func(c *Config) { c.RenewBefore = tt.setting }), tt.lifetime)
			first := b.state(c.ARN).Leaf
			b.clock.move(tt.lifetime - tt.before - time.Minute)
			asked := b.dns.questions()
			b.put(newCertificate("other", b.clock.now(), "other.example.org.")) // looked at after the clock has moved
			eventually(t, func() string {
				if b.dns.questions() == asked {
					return "nothing is looked up"
				}
				return ""
			})
			if b.ca.count(c.ARN) != 1 {
				t.Fatal("renewed too early")
			}
			b.clock.move(time.Minute)
			b.wantRenewal(c, model.RenewalSuccess)
			s := b.state(c.ARN)
			if s.Leaf.Serial == first.Serial || !s.Leaf.Issued.Equal(first.Issued) || !s.Leaf.Renewed.Equal(b.clock.now()) || b.ca.count(c.ARN) != 2 {
				t.Errorf("renewed %d times, leaf %+v", b.ca.count(c.ARN), s.Leaf)
			}
			eventually(t, func() string {
				if fmt.Sprintf("%x", b.index.get(c.ARN).Leaf.SerialNumber.Bytes()) != s.Leaf.Serial {
					return "the earlier certificate is served"
				}
				return ""
			})
		})
	}
}

// TestRenewalUnused: what nothing uses is not renewed; once it is used, it is.
func TestRenewalUnused(t *testing.T) {
	b := newBench(t, nil)
	c := newCertificate("unused", b.clock.now(), "example.org.")
	b.prove(c)
	b.put(c)
	b.wantStatus(c, model.CertificateActive)
	b.clock.move(DefaultLifetime - 50*day)
	b.request("last.example.org.")
	eventually(t, func() string {
		if b.index.get(c.ARN) == nil {
			return "nothing is served"
		}
		return ""
	})
	if s := b.state(c.ARN); s.Work.Renewal != nil || b.ca.count(c.ARN) != 1 {
		t.Errorf("renewed %d times, work %+v", b.ca.count(c.ARN), s.Work)
	}
	b.use(c.ARN)
	b.clock.move(2 * time.Hour)
	b.wantRenewal(c, model.RenewalSuccess)
}

// TestRenewalWithoutRecord: the certificate is reported, serves until it ends,
// and is renewed if the record comes back.
func TestRenewalWithoutRecord(t *testing.T) {
	b, c := issued(t, DefaultLifetime)
	b.dns.clear()
	b.clock.move(DefaultLifetime - 59*day)
	r := b.wantRenewal(c, model.RenewalPendingValidation)
	if r.Names[0].Status != model.ValidationPending || !strings.Contains(r.Reason, "there is no CNAME record") || !has(b.events(c.ARN), "renewal_pending_validation") {
		t.Errorf("renewal %+v, events %q", r, b.events(c.ARN))
	}
	if b.index.get(c.ARN) == nil || b.state(c.ARN).Status(b.clock.now()) != model.CertificateActive || b.ca.count(c.ARN) != 1 {
		t.Error("the certificate does not serve on")
	}
	b.clock.move(10 * day)
	b.prove(c)
	b.clock.move(2 * time.Hour)
	b.wantRenewal(c, model.RenewalSuccess)

	b.dns.clear()
	b.clock.move(DefaultLifetime - 59*day)
	b.wantRenewal(c, model.RenewalPendingValidation)
	b.clock.move(60 * day)
	r = b.wantRenewal(c, model.RenewalFailed)
	if r.Names[0].Status != model.ValidationFailed || !has(b.events(c.ARN), "expired") {
		t.Errorf("renewal %+v, events %q", r, b.events(c.ARN))
	}
	b.wantStatus(c, model.CertificateExpired)
}

// TestRenewalRefused: CAA records count again, and a CA that fails is asked
// again.
func TestRenewalRefused(t *testing.T) {
	b, c := issued(t, DefaultLifetime)
	b.dns.put(t, `example.org. 60 CAA 0 issue ";"`)
	b.clock.move(DefaultLifetime - 59*day)
	if r := b.wantRenewal(c, model.RenewalPendingAuto); r.Failure != model.FailureCAA {
		t.Errorf("renewal %+v", r)
	}
	b.dns.clear()
	b.prove(c)
	b.ca.set(errors.New("on fire"))
	b.clock.move(2 * time.Hour)
	eventually(t, func() string {
		if r := b.state(c.ARN).Work.Renewal; !strings.Contains(r.Reason, "on fire") {
			return fmt.Sprintf("renewal %+v", r)
		}
		return ""
	})
	b.ca.set(nil)
	b.clock.move(2 * time.Hour)
	b.wantRenewal(c, model.RenewalSuccess)
}

// TestRenewalAsked: an exported certificate is renewed when its owner asks.
func TestRenewalAsked(t *testing.T) {
	b := newBench(t, nil)
	c := newCertificate("asked", b.clock.now(), "example.org.")
	c.Exportable = true
	b.prove(c)
	b.put(c)
	b.wantStatus(c, model.CertificateActive)
	b.clock.move(day)
	b.put(&model.CertificateMark{ARN: c.ARN, Kind: model.MarkExported, At: b.clock.now()}, &model.CertificateMark{ARN: c.ARN, Kind: model.MarkRenewal, At: b.clock.now()})
	b.wantRenewal(c, model.RenewalSuccess)
	b.put(&model.CertificateMark{ARN: c.ARN, Kind: model.MarkRevoked, At: b.clock.now()})
	eventually(t, func() string {
		if b.index.get(c.ARN) != nil {
			return "a revoked certificate is served"
		}
		return ""
	})
}

// TestApproachingEnd: one event a day from the configured number of days on
// (aws-behaviour 7.6), for certificates that are not renewed too.
func TestApproachingEnd(t *testing.T) {
	b := newBench(t, nil)
	b.put(&model.CertificateConfiguration{Account: testAccount, Region: "us-east-1", DaysBeforeExpiry: 3})
	c := newCertificate("ends", b.clock.now(), "example.org.")
	b.prove(c)
	b.put(c)
	b.wantStatus(c, model.CertificateActive)
	announced := func() (n int) {
		for _, kind := range b.events(c.ARN) {
			if kind == "approaching_expiration" {
				n++
			}
		}
		return n
	}
	b.clock.move(DefaultLifetime - 3*day - time.Hour)
	other := newCertificate("later", b.clock.now(), "example.org.")
	b.put(other)
	b.wantStatus(other, model.CertificateActive)
	if n := announced(); n != 0 {
		t.Errorf("announced %d times four days before the end", n)
	}
	for want := 1; want <= 3; want++ {
		b.clock.move(day)
		eventually(t, func() string {
			if n := announced(); n != want {
				return fmt.Sprintf("announced %d times, want %d", n, want)
			}
			return ""
		})
	}
}
