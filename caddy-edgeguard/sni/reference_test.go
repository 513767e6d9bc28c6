package sni

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// item is a certificate as the reference sees it.
type item struct {
	tls.Certificate
	arn, account string // of our own
}

func (i item) id() string {
	if i.arn != "" {
		return i.arn
	}
	return i.Leaf.SerialNumber.String()
}

func (i item) caddys() bool { return i.arn == "" }

func (i item) exact(name string) bool { return slices.Contains(i.Leaf.DNSNames, name) }

func (i item) current(now time.Time) bool {
	return !now.Before(i.Leaf.NotBefore) && !now.After(i.Leaf.NotAfter)
}

// size returns the place of the key's algorithm, and its length.
func (i item) size() (algorithm, bits int) {
	switch k := i.Leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return 1, k.N.BitLen()
	case *ecdsa.PublicKey:
		return 2, k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return 3, 0
	}
	panic("key")
}

// better orders as aws-behaviour 8.2 has it.
func better(a, b item) int {
	algorithmA, bitsA := a.size()
	algorithmB, bitsB := b.size()
	hash := func(s x509.SignatureAlgorithm) int {
		return slices.Index([]x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512}, s)
	}
	return cmp.Or(
		algorithmB-algorithmA,
		hash(b.Leaf.SignatureAlgorithm)-hash(a.Leaf.SignatureAlgorithm),
		bitsB-bitsA,
		b.Leaf.NotAfter.Compare(a.Leaf.NotAfter),
		b.Leaf.NotBefore.Compare(a.Leaf.NotBefore),
	)
}

// reference is the slow, obvious choice: what may be presented, best first by
// passes over the whole list. "caddy" means that Caddy's own choice is asked,
// "refused" that the client is; several equal ones are all right.
func reference(all []item, owner Owner, now time.Time, h *tls.ClientHelloInfo) []string {
	keep := func(list []item, f func(item) bool) []item {
		return slices.DeleteFunc(slices.Clone(list), func(i item) bool { return !f(i) })
	}
	ids := func(list []item) (out []string) {
		for _, i := range list {
			if better(list[0], i) == 0 {
				out = append(out, i.id())
			}
		}
		return out
	}
	can := func(i item) bool { return h.SupportsCertificate(&i.Certificate) == nil }
	held := keep(all, func(i item) bool { return i.Leaf.VerifyHostname(h.ServerName) == nil })
	list := keep(held, func(i item) bool {
		switch {
		case i.caddys(), owner.Kind == 0:
			return true
		case owner.Kind == Distribution && owner.Default != "":
			return i.arn == owner.Default && i.account == owner.Account
		case owner.Default == "" && len(owner.List) == 0:
			return i.account == owner.Account
		}
		return slices.Contains(owner.List, i.arn) && i.account == owner.Account
	})
	slices.SortStableFunc(list, better)
	if owner.Kind == LoadBalancer {
		list = keep(list, func(i item) bool { a, _ := i.size(); return a != 3 })
		passes := []func(item) bool{
			func(i item) bool { return can(i) && i.current(now) },
			can,
			func(i item) bool { a, _ := i.size(); return a == 1 },
			func(item) bool { return true },
		}
		if len(list) == 1 {
			return ids(list)
		}
		for _, pass := range passes {
			if found := keep(list, pass); len(found) > 0 {
				return ids(found)
			}
		}
		for _, i := range all {
			if i.arn != "" && i.arn == owner.Default {
				return []string{i.arn}
			}
		}
		return []string{"caddy"}
	}
	for _, currently := range []bool{true, false} {
		for _, exactly := range []bool{true, false} {
			found := keep(list, func(i item) bool {
				return can(i) && i.current(now) == currently && i.exact(h.ServerName) == exactly
			})
			if len(found) > 0 {
				return ids(found)
			}
		}
	}
	switch {
	case len(list) > 0 && owner.Kind == Distribution:
		var any []string // no client can use any of them
		for _, i := range list {
			any = append(any, i.id())
		}
		return any
	case owner.Kind == Distribution:
		return []string{"refused"}
	}
	return []string{"caddy"}
}

// owned is one owner of everything.
type owned struct{ owner *Owner }

func (o owned) Owner(string) (Owner, bool) { return *o.owner, o.owner.Kind != 0 }

// randomPool returns certificates for a few names that overlap.
func randomPool(t *testing.T, random *rand.Rand, n int) []item {
	t.Helper()
	kinds := []string{"p256", "p384", "rsa2048", "rsa3072", "rsa4096", "ed25519", "p521"}
	names := []string{"www.a.test", "*.a.test", "a.test", "b.test", "*.b.test", "deep.www.a.test", "*.www.a.test"}
	hashes := []x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512}
	var pool []item
	for i := range n {
		p := paper{kind: kinds[random.IntN(len(kinds))], serial: int64(i + 1), hash: hashes[random.IntN(len(hashes))]}
		for range 1 + random.IntN(2) {
			p.names = append(p.names, names[random.IntN(len(names))])
		}
		p.from = t0.Add(-time.Duration(1+random.IntN(3)) * time.Hour)
		p.to = t0.Add(time.Duration(random.IntN(4)-1) * time.Hour).Add(time.Minute)
		if random.IntN(10) == 0 {
			p.from, p.to = t0.Add(time.Hour), t0.Add(9*time.Hour) // to come
		}
		it := item{Certificate: issue(t, p)}
		if random.IntN(3) == 0 {
			it.arn, it.account = fmt.Sprint("arn:", i), []string{"111111111111", "222222222222"}[random.IntN(2)]
		}
		pool = append(pool, it)
	}
	return pool
}

// randomOwner returns an owner who knows some of the pool.
func randomOwner(random *rand.Rand, pool []item) Owner {
	o := Owner{Kind: Kind(random.IntN(3)), Account: "111111111111"}
	for _, i := range pool {
		if i.arn != "" && random.IntN(4) == 0 {
			o.Default = i.arn
		}
		if i.arn != "" && o.Kind == LoadBalancer && random.IntN(2) == 0 {
			o.List = append(o.List, i.arn)
		}
	}
	return o
}

// TestAgreesWithReference compares 10,000 random pairs of certificates held
// and client with the reference (aws-behaviour 8.2), and checks that what is
// presented can be used if anything of what takes part can.
func TestAgreesWithReference(t *testing.T) {
	random := seeded(t)
	for range 200 {
		pool := randomPool(t, random, 1+random.IntN(9))
		cache := newCache(t)
		x := NewIndex(cache.AllMatchingCertificates, func() time.Time { return t0 })
		serial := make(map[string]string) // fingerprint to serial number
		for _, i := range pool {
			if i.caddys() {
				cache.hold(t, i.Certificate)
			} else if err := x.SetManaged(i.arn, i.account, &i.Certificate); err != nil {
				t.Fatal(err)
			}
			c, err := compile(&i.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			serial[c.ID] = i.id()
		}
		for range 50 {
			owner := randomOwner(random, pool)
			name := []string{"www.a.test", "x.a.test", "a.test", "b.test", "y.b.test", "deep.www.a.test", "c.test"}[random.IntN(7)]
			checkOne(t, x, pool, owner, randomHello(random, name), serial)
		}
	}
}

// checkOne compares one choice with the reference.
func checkOne(t *testing.T, x *Index, pool []item, owner Owner, h *tls.ClientHelloInfo, serial map[string]string) {
	t.Helper()
	config := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return nil, errUnknown
	}}
	var choice Choice
	c := NewChooser(x, Settings{TLS: config, Owners: func() Owners { return owned{&owner} },
		Observe: func(_ *tls.ClientHelloInfo, made Choice) { choice = made }})
	asked := false
	c.ask = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		asked = true
		set := x.lookup(h.ServerName, t0.UnixNano())
		if set != nil && set.sole != nil && c.profileSupports(h, set.sole) {
			return set.sole.TLS, nil // as Caddy does
		}
		return nil, errUnknown
	}
	cert, err := c.GetCertificate(h)
	got := "caddy"
	switch {
	case cert != nil && choice.Certificate == nil:
		t.Fatalf("presents a certificate and does not say which")
	case cert != nil && choice.Certificate.held == nil && choice.Certificate.Account != "":
		got = choice.Certificate.ID
	case cert != nil:
		got = serial[choice.Certificate.ID]
	case err == nil:
		got = "refused"
	}
	want := reference(pool, owner, t0, h)
	if asked && slices.Contains(want, "caddy") {
		return
	}
	if !slices.Contains(want, got) {
		t.Fatalf("chose %s, want one of %v; owner %+v, asked %v, hello %+v", got, want, owner, asked, h)
	}
}

// profileSupports tells whether the client that sent h can use k.
func (c *Chooser) profileSupports(h *tls.ClientHelloInfo, k *Certificate) bool {
	a := c.profile.meet(h)
	return a.supports(&k.traits)
}
