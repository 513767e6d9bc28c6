package sni

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

// bench is an index over a cache, and a chooser of one owner over it.
type bench struct {
	*clock
	cache  *cache
	index  *Index
	owner  Owner
	chosen Choice
	asked  int                              // how often Caddy's own choice was
	caddy  func() (*tls.Certificate, error) // that choice; default: an error
	names  map[string]string                // fingerprint to the test's name for it
	set    func(s *Settings)                // more settings
	hashes map[string]string                // of what Caddy holds, by the test's name
}

func newBench(t *testing.T) *bench {
	b := &bench{clock: newClock(), cache: newCache(t), names: make(map[string]string), hashes: make(map[string]string)}
	b.index = NewIndex(b.cache.AllMatchingCertificates, b.clock.Now)
	b.caddy = func() (*tls.Certificate, error) { return nil, errUnknown }
	return b
}

// hold makes Caddy hold what p describes, under a name of the test's.
func (b *bench) hold(t *testing.T, as string, p paper) tls.Certificate {
	t.Helper()
	cert := issue(t, p)
	b.name(t, as, &cert)
	b.hashes[as] = b.cache.hold(t, cert)[0]
	return cert
}

func (b *bench) name(t *testing.T, as string, cert *tls.Certificate) {
	t.Helper()
	c, err := compile(cert)
	if err != nil {
		t.Fatal(err)
	}
	b.names[c.ID] = as
}

// manage makes what p describes a certificate of our own.
func (b *bench) manage(t *testing.T, arn string, p paper) {
	t.Helper()
	cert := issue(t, p)
	if err := b.index.SetManaged(arn, "111111111111", &cert); err != nil {
		t.Fatal(err)
	}
}

// choose returns the name of what is chosen for h, or how there is none.
func (b *bench) choose(h *tls.ClientHelloInfo) string {
	s := Settings{
		TLS: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			b.asked++
			return b.caddy()
		}},
		Owners:  func() Owners { return owned{&b.owner} },
		Observe: func(_ *tls.ClientHelloInfo, c Choice) { b.chosen = c },
	}
	if b.set != nil {
		b.set(&s)
	}
	b.asked = 0
	cert, err := NewChooser(b.index, s).GetCertificate(h)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case cert == nil:
		return "refused"
	case b.chosen.Certificate == nil:
		return "challenge"
	}
	if name, ok := b.names[b.chosen.Certificate.ID]; ok {
		return name
	}
	return b.chosen.Certificate.ID
}

// check chooses and compares, with the outcome too.
func (b *bench) check(t *testing.T, h *tls.ClientHelloInfo, want string, outcome Outcome) {
	t.Helper()
	if got := b.choose(h); got != want || b.chosen.Outcome != outcome {
		t.Errorf("for %q chose %s (%v), want %s (%v)", h.ServerName, got, b.chosen.Outcome, want, outcome)
	}
}

// TestLoadBalancer checks the list of aws-behaviour 8.6, and what 8.2 says
// beside it.
func TestLoadBalancer(t *testing.T) {
	rsaWild := paper{kind: "rsa2048", names: []string{"*.a.test"}}
	ecdsaExact := paper{kind: "p256", names: []string{"www.a.test"}}
	balanced := func(t *testing.T) *bench {
		b := newBench(t)
		b.owner = Owner{Kind: LoadBalancer, Account: "111111111111", Default: "arn:default"}
		b.manage(t, "arn:default", paper{kind: "rsa2048", names: []string{"other.test", "www.a.test", "default.a.test"}})
		return b
	}
	t.Run("1: ECDSA for those who can, RSA for the others", func(t *testing.T) {
		b := balanced(t)
		b.hold(t, "rsa", rsaWild)
		b.hold(t, "ecdsa", ecdsaExact)
		b.check(t, hello("www.a.test"), "ecdsa", Matched)
		b.check(t, hello("www.a.test", rsaOnly), "rsa", Matched)
		b.check(t, hello("www.a.test", only12Client), "ecdsa", Matched)
		b.check(t, hello("WWW.a.TEST"), "ecdsa", Matched)
	})
	t.Run("2: a wildcard ECDSA before an exact RSA", func(t *testing.T) {
		b := balanced(t)
		b.hold(t, "rsa", paper{kind: "rsa4096", names: []string{"www.a.test"}})
		b.hold(t, "ecdsa", paper{kind: "p256", names: []string{"*.a.test"}})
		b.check(t, hello("www.a.test"), "ecdsa", Matched)
	})
	t.Run("3: the longer key, then the later end, then the later beginning; before them the hash", func(t *testing.T) {
		b := balanced(t)
		late := t0.Add(48 * time.Hour)
		b.hold(t, "p256", ecdsaExact)
		b.hold(t, "p384", paper{kind: "p384", names: []string{"www.a.test"}})
		b.check(t, hello("www.a.test"), "p384", Matched)
		b.hold(t, "later", paper{kind: "p384", names: []string{"www.a.test"}, to: late})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "later", Matched)
		b.hold(t, "younger", paper{kind: "p384", names: []string{"www.a.test"}, to: late, from: t0.Add(-time.Minute)})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "younger", Matched)
		b.hold(t, "sha384", paper{kind: "p256", names: []string{"www.a.test"}, hash: x509.ECDSAWithSHA384})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "sha384", Matched)
		b.hold(t, "rsa", paper{kind: "rsa4096", names: []string{"www.a.test"}, hash: x509.ECDSAWithSHA512, to: late})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "sha384", Matched)
	})
	t.Run("4: no server name, and one that nothing matches", func(t *testing.T) {
		b := balanced(t)
		b.set = func(s *Settings) { s.Hosts = []string{"www.a.test"} }
		b.hold(t, "rsa", rsaWild)
		b.check(t, hello(""), "arn:default", Default)
		b.check(t, hello("x.b.test"), "arn:default", Default)
		b.check(t, hello("a.test"), "arn:default", Default)     // not the apex
		b.check(t, hello("x.y.a.test"), "arn:default", Default) // one label only
	})
	t.Run("5: the default takes part if it is in the list too", func(t *testing.T) {
		b := balanced(t)
		b.hold(t, "wild", paper{kind: "rsa2048", names: []string{"*.a.test"}, hash: x509.ECDSAWithSHA256})
		b.check(t, hello("default.a.test"), "wild", Matched)
		b.manage(t, "arn:default", paper{kind: "p256", names: []string{"default.a.test"}})
		b.check(t, hello("default.a.test"), "wild", Matched)
		b.owner.List = []string{"arn:default"}
		b.check(t, hello("default.a.test"), "arn:default", Matched)
	})
	t.Run("a sole match is given however poor it looks", func(t *testing.T) {
		b := balanced(t)
		b.hold(t, "ecdsa", paper{kind: "p521", names: []string{"www.a.test"}, to: t0.Add(-time.Minute)})
		b.check(t, hello("www.a.test", rsaOnly), "ecdsa", Matched)
	})
	t.Run("RSA where the client seems to support none of several", func(t *testing.T) {
		b := balanced(t)
		b.hold(t, "rsa", rsaWild)
		b.hold(t, "ecdsa", ecdsaExact)
		b.check(t, hello("www.a.test", schemesOnly(tls.ECDSAWithP521AndSHA512)), "rsa", Matched)
	})
	t.Run("no Ed25519, and the expired last", func(t *testing.T) {
		b := balanced(t)
		b.hold(t, "ed25519", paper{kind: "ed25519", names: []string{"www.a.test"}})
		b.hold(t, "expired", paper{kind: "p256", names: []string{"www.a.test"}, to: t0.Add(-time.Minute)})
		b.hold(t, "rsa", rsaWild)
		b.check(t, hello("www.a.test", func(h *tls.ClientHelloInfo) { h.SignatureSchemes = append(h.SignatureSchemes, tls.Ed25519) }), "rsa", Matched)
	})
	t.Run("of our own only those in the list, at once when it changes", func(t *testing.T) {
		b := balanced(t)
		b.manage(t, "arn:one", ecdsaExact)
		b.manage(t, "arn:two", paper{kind: "p384", names: []string{"www.a.test"}})
		b.check(t, hello("www.a.test"), "arn:default", Default)
		b.owner.List = []string{"arn:one"}
		b.check(t, hello("www.a.test"), "arn:one", Matched)
		b.owner.List = []string{"arn:one", "arn:two"}
		b.check(t, hello("www.a.test"), "arn:two", Matched)
		b.index.RemoveManaged("arn:two")
		b.check(t, hello("www.a.test"), "arn:one", Matched)
		b.owner.Account = "222222222222"
		b.check(t, hello("www.a.test"), "arn:default", Default)
	})
}

// TestDistribution checks CloudFront's rules (aws-behaviour 9.1).
func TestDistribution(t *testing.T) {
	b := newBench(t)
	b.owner = Owner{Kind: Distribution, Account: "111111111111"}
	b.set = func(s *Settings) { s.Hosts = []string{"www.a.test"} }
	b.check(t, hello(""), "refused", Refused)
	b.check(t, hello("www.a.test"), "refused", Refused)
	b.hold(t, "wild", paper{kind: "p256", names: []string{"*.a.test"}})
	b.check(t, hello("www.a.test"), "wild", Matched)
	b.caddy = func() (*tls.Certificate, error) { // a default_sni
		c := issue(t, paper{kind: "p256", names: []string{"default.test"}})
		return &c, nil
	}
	b.check(t, hello("b.test"), "refused", Refused)
	b.check(t, hello(""), "refused", Refused)
	b.caddy = func() (*tls.Certificate, error) { // on demand
		c := issue(t, paper{kind: "p256", names: []string{"b.test"}})
		b.name(t, "on demand", &c)
		return &c, nil
	}
	b.check(t, hello("b.test"), "on demand", Matched)
}

// TestUnknownNamesByEdge checks what a server does for names that are nobody's
// and for clients without one.
func TestUnknownNamesByEdge(t *testing.T) {
	distribution, balancer := Owner{Kind: Distribution}, Owner{Kind: LoadBalancer, Default: "arn:default"}
	owners := byName{"d.test": distribution, "lb.test": balancer, "bare.test": {Kind: LoadBalancer}}
	for _, tc := range []struct {
		name    string
		hosts   []string
		want    string
		outcome Outcome
	}{
		{"distributions", []string{"d.test", "d.test"}, "refused", Refused},
		{"distributions and others", []string{"d.test", "site.test"}, "caddy", Default},
		{"load balancer", []string{"site.test", "d.test", "lb.test"}, "arn:default", Default},
		{"load balancer without default", []string{"bare.test"}, "caddy", Default},
		{"others", []string{"site.test"}, "caddy", Default},
		{"nothing", nil, "caddy", Default},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			b.manage(t, "arn:default", paper{kind: "p256", names: []string{"lb.test"}})
			b.set = func(s *Settings) { s.Hosts, s.Owners = tc.hosts, func() Owners { return owners } }
			b.caddy = func() (*tls.Certificate, error) {
				c := issue(t, paper{kind: "p256", names: []string{"default.test"}})
				b.name(t, "caddy", &c)
				return &c, nil
			}
			b.check(t, hello(""), tc.want, tc.outcome)
			b.check(t, hello("unknown.test"), tc.want, tc.outcome)
		})
	}
}

// byName is who owns what.
type byName map[string]Owner

func (o byName) Owner(host string) (Owner, bool) { w, ok := o[host]; return w, ok }

// TestOtherSites checks the order on sites that are nobody's.
func TestOtherSites(t *testing.T) {
	t.Run("exact before wildcard, whatever the key", func(t *testing.T) {
		b := newBench(t)
		b.hold(t, "exact", paper{kind: "rsa2048", names: []string{"www.a.test"}})
		b.hold(t, "wild", paper{kind: "p384", names: []string{"*.a.test"}})
		b.caddy = func() (*tls.Certificate, error) { // its sole exact match
			c := b.cache.AllMatchingCertificates("www.a.test")[0].Certificate
			return &c, nil
		}
		b.check(t, hello("www.a.test"), "exact", Matched)
		b.check(t, hello("www.a.test", schemesOnly(tls.ECDSAWithP384AndSHA384)), "wild", Matched)
		b.check(t, hello("x.a.test"), "wild", Matched)
	})
	t.Run("a valid wildcard before an expired exact", func(t *testing.T) {
		b := newBench(t)
		b.hold(t, "expired", paper{kind: "p256", names: []string{"www.a.test"}, to: t0.Add(-time.Second)})
		b.hold(t, "wild", paper{kind: "rsa2048", names: []string{"*.a.test"}})
		b.check(t, hello("www.a.test"), "wild", Matched)
		b.check(t, hello("www.a.test", schemesOnly(tls.ECDSAWithP256AndSHA256)), "error: "+errUnknown.Error(), Failed)
	})
	t.Run("Ed25519 where it is offered", func(t *testing.T) {
		b := newBench(t)
		b.hold(t, "ed25519", paper{kind: "ed25519", names: []string{"www.a.test"}})
		b.hold(t, "ecdsa", paper{kind: "p384", names: []string{"www.a.test"}})
		b.check(t, hello("www.a.test"), "ecdsa", Matched)
		b.check(t, hello("www.a.test", schemesOnly(tls.ECDSAWithP384AndSHA384, tls.Ed25519)), "ed25519", Matched)
	})
	t.Run("what the site selects before the others, if the client can use it", func(t *testing.T) {
		b := newBench(t)
		b.hold(t, "rsa", paper{kind: "rsa2048", names: []string{"www.a.test"}})
		b.hold(t, "ecdsa", paper{kind: "p256", names: []string{"www.a.test"}})
		b.set = func(s *Settings) {
			s.Selection = &caddytls.CustomCertSelectionPolicy{PublicKeyAlgorithm: caddytls.PublicKeyAlgorithm(x509.RSA)}
		}
		b.check(t, hello("www.a.test"), "rsa", Matched)
		b.check(t, hello("www.a.test", schemesOnly(tls.ECDSAWithP256AndSHA256)), "ecdsa", Matched)
	})
}

// TestSelection checks what a site's own selection takes.
func TestSelection(t *testing.T) {
	type policy = caddytls.CustomCertSelectionPolicy
	names := []string{"www.a.test"}
	for _, tc := range []struct {
		name   string
		policy string // JSON
		want   string
	}{
		{"a tag, the better one of two", `{"any_tag":["none","blue"]}`, "both"},
		{"all tags", `{"all_tags":["red","blue"]}`, "blue rsa"},
		{"a tag that nothing has", `{"any_tag":["none"]}`, "both"},
		{"a serial number", `{"serial_number":["9"]}`, "nine"},
		{"an organization", `{"subject_organization":["Example"]}`, "example"},
		{"an algorithm", `{"public_key_algorithm":"rsa"}`, "nine"},
		{"two conditions", `{"public_key_algorithm":"rsa","any_tag":["blue"]}`, "blue rsa"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			b.hold(t, "both", paper{kind: "p384", names: names, tags: []string{"green", "blue"}, hash: x509.ECDSAWithSHA512})
			b.hold(t, "nine", paper{kind: "rsa4096", names: names, serial: 9, hash: x509.ECDSAWithSHA512})
			b.hold(t, "blue rsa", paper{kind: "rsa2048", names: names, tags: []string{"blue", "red"}})
			b.hold(t, "example", paper{kind: "rsa3072", names: names, org: "Example"})
			b.set = func(s *Settings) {
				s.Selection = new(policy)
				if err := json.Unmarshal([]byte(tc.policy), s.Selection); err != nil {
					t.Fatal(err)
				}
			}
			b.check(t, hello("www.a.test"), tc.want, Matched)
		})
	}
}

// TestOwnersChange uses one chooser while names change hands.
func TestOwnersChange(t *testing.T) {
	b := newBench(t)
	b.manage(t, "arn:default", paper{kind: "p256", names: []string{"other.test"}})
	owners := byName{"www.a.test": {Kind: Distribution}}
	c := NewChooser(b.index, Settings{
		TLS:    &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errUnknown }},
		Owners: func() Owners { return &owners }, Hosts: []string{"www.a.test"},
		Observe: func(_ *tls.ClientHelloInfo, made Choice) { b.chosen = made },
	})
	for _, tc := range []struct {
		owners byName
		want   Outcome
	}{
		{byName{"www.a.test": {Kind: Distribution}}, Refused},
		{byName{"www.a.test": {Kind: LoadBalancer, Default: "arn:default"}}, Default},
		{byName{}, Failed},
		{byName{"www.a.test": {Kind: LoadBalancer, Default: "arn:unknown"}}, Failed},
		{byName{"www.a.test": {Kind: Distribution}}, Refused},
	} {
		now := tc.owners
		c.Owners = func() Owners { return &now }
		_, _ = c.GetCertificate(hello("unknown.test"))
		if b.chosen.Outcome != tc.want {
			t.Errorf("with owners %v the outcome is %v, want %v", tc.owners, b.chosen.Outcome, tc.want)
		}
	}
}

// TestCaddyIsAsked checks when Caddy's own function is called: it alone
// answers challenges, loads, obtains, and renews on demand.
func TestCaddyIsAsked(t *testing.T) {
	exact := paper{kind: "p256", names: []string{"www.a.test"}}
	for _, tc := range []struct {
		name  string
		held  []paper
		ours  []paper
		hello *tls.ClientHelloInfo
		asked int
		owner Owner
	}{
		{"sole, of a load balancer", []paper{exact}, nil, hello("www.a.test"), 1, Owner{Kind: LoadBalancer}},
		{"load balancer's without candidate", []paper{exact}, nil, hello("b.test"), 1, Owner{Kind: LoadBalancer}},
		{"load balancer's sole, but unusable", []paper{exact}, nil, hello("www.a.test", rsaOnly), 0, Owner{Kind: LoadBalancer}},
		{"challenge", []paper{exact}, nil, hello("www.a.test", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"acme-tls/1"} }), 1, Owner{}},
		{"challenge among others is none", []paper{exact, {kind: "rsa2048", names: exact.names}}, nil,
			hello("www.a.test", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"acme-tls/1", "h2"} }), 0, Owner{}},
		{"no candidate", []paper{exact}, nil, hello("b.test"), 1, Owner{}},
		{"no server name", []paper{exact}, nil, hello(""), 1, Owner{}},
		{"sole and exact", []paper{exact}, nil, hello("www.a.test"), 1, Owner{}},
		{"sole, exact, expired", []paper{{kind: "p256", names: exact.names, to: t0.Add(-time.Second)}}, nil, hello("www.a.test"), 1, Owner{}},
		{"sole and exact, beside a wildcard", []paper{exact, {kind: "p384", names: []string{"*.a.test"}}}, nil, hello("www.a.test"), 1, Owner{}},
		{"sole and exact, but unusable", []paper{exact, {kind: "rsa2048", names: []string{"*.a.test"}}}, nil, hello("www.a.test", rsaOnly), 0, Owner{}},
		{"sole wildcard", []paper{{kind: "p256", names: []string{"*.a.test"}}}, nil, hello("www.a.test"), 0, Owner{}},
		{"two exact", []paper{exact, {kind: "rsa2048", names: exact.names}}, nil, hello("www.a.test"), 0, Owner{}},
		{"sole, our own", nil, []paper{exact}, hello("www.a.test"), 0, Owner{}},
		{"Caddy's and a better one of our own", []paper{exact}, []paper{{kind: "p384", names: exact.names}}, hello("www.a.test"), 0, Owner{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			for _, p := range tc.held {
				b.hold(t, "held", p)
			}
			for _, p := range tc.ours {
				b.manage(t, "arn:ours", p)
			}
			b.owner = tc.owner
			b.choose(tc.hello)
			if b.asked != tc.asked {
				t.Errorf("Caddy was asked %d times, want %d; chose %+v", b.asked, tc.asked, b.chosen)
			}
			// Without an obligation only for what it alone can do.
			b.set = func(s *Settings) { s.Obliged = func() bool { return false } }
			if strings.HasPrefix(tc.name, "sole") {
				tc.asked = 0
			}
			b.choose(tc.hello)
			if b.asked != tc.asked {
				t.Errorf("Caddy was asked %d times without an obligation, want %d; chose %+v", b.asked, tc.asked, b.chosen)
			}
		})
	}
}

// TestCaddysErrors checks that what Caddy's own function reports goes through.
func TestCaddysErrors(t *testing.T) {
	b := newBench(t)
	b.hold(t, "held", paper{kind: "p256", names: []string{"www.a.test"}})
	aborted := errors.New("aborted by an event handler")
	b.caddy = func() (*tls.Certificate, error) { return nil, aborted }
	b.check(t, hello("www.a.test"), "error: "+aborted.Error(), Failed)
	b.caddy = func() (*tls.Certificate, error) { return new(tls.Certificate), nil }
	if got := b.choose(hello("b.test")); got != "challenge" || b.chosen.Outcome != Failed {
		t.Errorf("an empty certificate is passed on as %s (%v)", got, b.chosen.Outcome)
	}
}
