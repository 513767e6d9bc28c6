package sni

import (
	"crypto/tls"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
)

// TestStaleness checks that what Caddy adds, renews and removes, which it does
// without saying so, is seen by the first handshake a second later.
func TestStaleness(t *testing.T) {
	wild := paper{kind: "rsa2048", names: []string{"*.a.test"}}
	exact := func(serial int64) paper {
		return paper{kind: "p256", names: []string{"www.a.test"}, serial: serial}
	}
	start := func(t *testing.T) *bench {
		b := newBench(t)
		b.owner = Owner{Kind: LoadBalancer}
		b.hold(t, "wild", wild)
		b.hold(t, "spare", paper{kind: "rsa3072", names: wild.names})
		b.check(t, hello("www.a.test"), "spare", Matched)
		return b
	}
	t.Run("added below a wildcard", func(t *testing.T) {
		b := start(t)
		b.hold(t, "exact", exact(1))
		b.check(t, hello("www.a.test"), "spare", Matched)
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "exact", Matched)
	})
	t.Run("renewed", func(t *testing.T) {
		b := start(t)
		b.hold(t, "old", exact(1))
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "old", Matched)
		b.hold(t, "new", exact(2))
		b.cache.Remove([]string{b.hashes["old"]})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "new", Matched)
	})
	t.Run("removed", func(t *testing.T) {
		b := start(t)
		b.hold(t, "exact", exact(1))
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "exact", Matched)
		b.cache.Remove([]string{b.hashes["exact"]})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "spare", Matched)
		b.cache.Remove([]string{b.hashes["wild"], b.hashes["spare"]})
		b.add(time.Second)
		b.check(t, hello("www.a.test"), "error: "+errUnknown.Error(), Failed)
		if b.index.entries.get("www.a.test") != nil {
			t.Error("a name without certificate is stored")
		}
	})
	t.Run("stapled", func(t *testing.T) {
		a := []certmagic.Certificate{{Certificate: tls.Certificate{OCSPStaple: []byte("one")}}}
		b := []certmagic.Certificate{{Certificate: tls.Certificate{OCSPStaple: []byte("two")}}}
		if !same(a, a) || same(a, b) || same(a, nil) {
			t.Error("a new staple goes unnoticed, or the old one is new")
		}
	})
}

// TestUnknownNamesAreNotStored checks that clients cannot fill the memory with
// names of their own making.
func TestUnknownNamesAreNotStored(t *testing.T) {
	b := newBench(t)
	b.hold(t, "wild", paper{kind: "p256", names: []string{"*.a.test"}})
	b.index.maxBelow = 100
	for i := range 200 {
		b.choose(hello(fmt.Sprintf("x%d.b.test", i)))
		if got := b.choose(hello(fmt.Sprintf("x%d.a.test", i))); got != "wild" {
			t.Fatalf("chose %s for name %d", got, i)
		}
	}
	stored := func() (n int) {
		b.index.entries.each(func(*entry) { n++ })
		return n
	}
	if n := stored(); n != 100 {
		t.Errorf("%d names are stored, want 100", n)
	}
	for range 3 { // the first only sets the time of the next
		b.add(61 * time.Second)
		b.choose(hello("new.a.test"))
		b.choose(hello(fmt.Sprint(b.clock.now.Unix(), ".a.test")))
	}
	if n := stored(); n > 10 || b.index.below.Load() != int64(n) {
		t.Errorf("after minutes %d names are stored and %d counted, want the last few", n, b.index.below.Load())
	}
}

// TestManagedNames checks what becomes of a certificate of our own that is
// replaced by one for other names.
func TestManagedNames(t *testing.T) {
	b := newBench(t)
	b.manage(t, "arn:one", paper{kind: "p256", names: []string{"www.a.test", "*.a.test"}})
	b.manage(t, "arn:two", paper{kind: "p384", names: []string{"*.a.test"}})
	b.check(t, hello("www.a.test"), "arn:one", Matched)
	b.check(t, hello("x.a.test"), "arn:two", Matched)
	b.manage(t, "arn:one", paper{kind: "p256", names: []string{"b.test"}})
	b.check(t, hello("www.a.test"), "arn:two", Matched)
	b.check(t, hello("b.test"), "arn:one", Matched)
	b.index.RemoveManaged("arn:one")
	b.index.RemoveManaged("arn:two")
	b.index.RemoveManaged("arn:three")
	n := 0
	for _, m := range []*sync.Map{&b.index.managed.byName, &b.index.managed.byARN} {
		m.Range(func(any, any) bool { n++; return true })
	}
	if n > 0 {
		t.Errorf("%d names and ARNs are left of certificates that are gone", n)
	}
	b.check(t, hello("b.test"), "error: "+errUnknown.Error(), Failed)

	cert := issue(t, paper{kind: "p256", names: []string{"b.test"}})
	cert.PrivateKey = nil
	if err := b.index.SetManaged("arn:x", "111111111111", &cert); err == nil {
		t.Error("SetManaged takes a certificate without key")
	}
	if err := b.index.SetManaged("arn:x", "111111111111", new(tls.Certificate)); err == nil {
		t.Error("SetManaged takes a certificate without chain")
	}
}

// TestHeld checks what others ask of the index.
func TestHeld(t *testing.T) {
	b := newBench(t)
	b.manage(t, "arn:one", paper{kind: "p256", names: []string{"www.a.test", "other.test"}})
	b.manage(t, "arn:two", paper{kind: "p384", names: []string{"*.a.test", "*.b.test"}})
	for _, tc := range []struct {
		serverName, host string
		want             bool
	}{
		{"www.a.test", "www.a.test", true}, {"WWW.A.test", "www.A.test", true},
		{"www.a.test", "other.test", false}, // the wildcard does not cover it
		{"x.a.test", "y.a.test", true}, {"x.a.test", "y.b.test", true}, {"x.a.test", "a.test", false}, {"x.a.test", "x.y.a.test", false},
		{"other.test", "www.a.test", true}, {"other.test", "x.a.test", false},
		{"unknown.test", "unknown.test", false}, {"", "", false}, {"other.test", "", false},
	} {
		if got := b.index.Covers(tc.serverName, tc.host); got != tc.want {
			t.Errorf("Covers(%q, %q) = %v, want %v", tc.serverName, tc.host, got, tc.want)
		}
	}
	for name, want := range map[string]string{"www.a.test": "111111111111", "unknown.test": "", "": ""} {
		if got := b.index.Account(name); got != want {
			t.Errorf("Account(%q) = %q, want %q", name, got, want)
		}
	}
	b.hold(t, "caddy's", paper{kind: "p256", names: []string{"www.a.test"}})
	b.add(time.Second)
	if got := b.index.Account("www.a.test"); got != "" {
		t.Errorf("Account() = %q where one certificate is nobody's, want none", got)
	}
}

// TestConcurrentHandshakes chooses while certificates come and go.
func TestConcurrentHandshakes(t *testing.T) {
	cache := newCache(t)
	x := NewIndex(cache.AllMatchingCertificates, nil)
	cache.hold(t, issue(t, paper{kind: "p256", names: []string{"*.a.test"}}))
	ours := issue(t, paper{kind: "p384", names: []string{"*.a.test", "www.a.test"}})
	c := NewChooser(x, Settings{TLS: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errUnknown }}})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 500 {
				if _, err := c.GetCertificate(hello([]string{"www.a.test", "x.a.test"}[j%2])); err != nil {
					t.Errorf("handshake %d of client %d: %v", j, i, err)
					return
				}
			}
		})
	}
	for i := range 200 {
		if i%2 == 0 {
			if err := x.SetManaged("arn:one", "111111111111", &ours); err != nil {
				t.Error(err)
			}
		} else {
			x.RemoveManaged("arn:one")
		}
	}
	wg.Wait()
}
