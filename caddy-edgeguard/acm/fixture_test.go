package acm

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

const testAccount = "111111111111"

var ctx = context.Background()

// testSeed makes the tokens of all certificates.
var testSeed = &model.ValidationSeed{Account: testAccount, Bytes: bytes.Repeat([]byte{7}, 32), Since: 1}

func mustRing(t testing.TB) *seal.Keyring {
	t.Helper()
	ring, err := seal.NewKeyring([][]byte{bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// clock is one that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// testCA issues, and counts.
type testCA struct {
	directory string
	lifetime  time.Duration
	clock     *clock
	key       *ecdsa.PrivateKey
	root      *x509.Certificate

	mu     sync.Mutex
	issued map[string]int // by ARN
	fail   error
	serial int64
}

func newTestCA(t testing.TB, c *clock) *testCA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: c.now().Add(-time.Hour),
		NotAfter: c.now().Add(10 * 365 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	return &testCA{lifetime: DefaultLifetime, clock: c, key: key, root: root, issued: make(map[string]int), serial: 1}
}

func (a *testCA) Directory() string                          { return a.directory }
func (*testCA) CAAIssuers(context.Context) ([]string, error) { return []string{"ca.example.net"}, nil }
func (a *testCA) set(fail error)                             { a.mu.Lock(); a.fail = fail; a.mu.Unlock() }
func (a *testCA) count(arn string) int                       { a.mu.Lock(); defer a.mu.Unlock(); return a.issued[arn] }

func (a *testCA) Issue(_ context.Context, csr *x509.CertificateRequest, cert *model.Certificate) ([][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail != nil {
		return nil, a.fail
	}
	a.issued[cert.ARN]++
	a.serial++
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: csr.Subject, DNSNames: csr.DNSNames,
		NotBefore: a.clock.now(), NotAfter: a.clock.now().Add(a.lifetime), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.root, csr.PublicKey, a.key)
	return [][]byte{der}, err
}

// testIndex remembers what is served.
type testIndex struct {
	mu    sync.Mutex
	certs map[string]*tls.Certificate
	sets  int
}

func (x *testIndex) SetManaged(arn, account string, c *tls.Certificate) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if account != testAccount {
		return fmt.Errorf("account %q", account)
	}
	if x.certs == nil {
		x.certs = make(map[string]*tls.Certificate)
	}
	x.certs[arn] = c
	x.sets++
	return nil
}

func (x *testIndex) RemoveManaged(arn string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.certs, arn)
}

func (x *testIndex) get(arn string) *tls.Certificate {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.certs[arn]
}

// records is a DNS server without a network.
type records struct {
	mu    sync.Mutex
	rrs   []dns.RR
	odd   func(q *dns.Msg) *dns.Msg // nil, or an answer of its own
	asked int
}

func (r *records) put(t testing.TB, texts ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		r.rrs = append(r.rrs, rr)
	}
}

func (r *records) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rrs = nil
}

func (r *records) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *records) exchange(_ context.Context, q *dns.Msg, _, _ string) (*dns.Msg, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.odd != nil {
		if m := r.odd(q); m != nil {
			return m, nil
		}
	}
	m := new(dns.Msg).SetReply(q)
	for _, rr := range r.rrs {
		if h := rr.Header(); h.Name == q.Question[0].Name && (h.Rrtype == q.Question[0].Qtype || h.Rrtype == dns.TypeCNAME) {
			m.Answer = append(m.Answer, rr)
		}
	}
	if len(m.Answer) == 0 {
		m.Rcode = dns.RcodeNameError
	}
	return m, nil
}

// bench is an engine with all that it needs.
type bench struct {
	t       testing.TB
	replica *state.Replica
	ring    *seal.Keyring
	clock   *clock
	ca      *testCA
	dns     *records
	index   *testIndex
	engine  *Engine

	mu   sync.Mutex
	used map[string]bool
}

// newReplica returns a single node in memory, ready.
func newReplica(t testing.TB) *state.Replica {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self:  state.Member{Run: 7, Node: "edge", Kind: "edge", Region: "us-east-1"},
		Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	return r
}

// newBench starts an engine and a server, changed by change.
func newBench(t testing.TB, change func(c *Config)) *bench {
	t.Helper()
	b := &bench{t: t, replica: newReplica(t), ring: mustRing(t), clock: newClock(), dns: new(records), index: new(testIndex), used: make(map[string]bool)}
	b.ca = newTestCA(t, b.clock)
	c := Config{
		Replica: b.replica, Node: "edge", Sealer: b.ring, Resolver: &Resolver{Servers: []string{"192.0.2.1:53"}, exchange: b.dns.exchange},
		Authority: b.ca, Now: b.clock.now, InUseBy: b.inUseBy,
	}
	if change != nil {
		change(&c)
	}
	b.engine = NewEngine(c)
	b.engine.Start()
	t.Cleanup(b.engine.Close)
	s := NewServer(b.replica, b.ring, b.index, nil, b.engine.c.Log)
	s.Start()
	t.Cleanup(s.Close)
	return b
}

func (b *bench) inUseBy(arn string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used[arn] {
		return []string{"user"}
	}
	return nil
}

func (b *bench) use(arn string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used[arn] = true
}

// newCertificate returns the row of a request.
func newCertificate(id string, created time.Time, names ...model.Name) *model.Certificate {
	c := &model.Certificate{
		ARN: model.NewCertificateARN("us-east-1", testAccount, id), Account: testAccount, Region: "us-east-1", Names: names,
		Type: model.CertificateIssued, KeyAlgorithm: model.KeyECP256, Method: model.ValidateByDNS, Created: created.UTC(),
	}
	for _, n := range names {
		if _, ok := c.Token(n); !ok {
			c.Tokens = append(c.Tokens, testSeed.Token(n))
		}
	}
	return c
}

// request asks for a certificate.
func (b *bench) request(names ...model.Name) *model.Certificate {
	b.t.Helper()
	c := newCertificate(fmt.Sprint(names), b.clock.now(), names...)
	b.put(c)
	return c
}

func (b *bench) put(values ...model.Value) {
	b.t.Helper()
	put(b.t, b.replica, values...)
}

func put(t testing.TB, r *state.Replica, values ...model.Value) {
	t.Helper()
	_, err := r.Commit(ctx, func(tx *state.Tx) error {
		var errs []error
		for _, v := range values {
			errs = append(errs, tx.Put(v))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// prove writes the records that prove a certificate.
func (b *bench) prove(c *model.Certificate) {
	b.t.Helper()
	for _, t := range c.Tokens {
		b.dns.put(b.t, fmt.Sprintf("%s 60 CNAME %s", t.RecordName(nil), t.Target))
	}
}

func (b *bench) state(arn string) model.CertificateState { return stateOf(b.t, b.replica, arn) }

func stateOf(t testing.TB, r *state.Replica, arn string) (s model.CertificateState) {
	t.Helper()
	if err := r.View(func(rd *state.Reader) error {
		s, _ = model.CertificateAt(rd, arn)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// events returns the kinds of a certificate's events, in order.
func (b *bench) events(arn string) (kinds []string) {
	_ = b.replica.View(func(rd *state.Reader) error {
		rd.Range(model.TableCertificateEvents, "", "", func(v model.Value, _ state.Version) bool {
			if ev := v.(*model.CertificateEvent); ev.ARN == arn {
				kinds = append(kinds, ev.Kind)
			}
			return true
		})
		return nil
	})
	return kinds
}

// eventually waits until f returns "", which else says what is missing.
func eventually(t testing.TB, f func() string) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for {
		missing := f()
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after 2 min: %s", missing)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// wantStatus waits for a certificate's state.
func (b *bench) wantStatus(c *model.Certificate, want string) {
	b.t.Helper()
	eventually(b.t, func() string {
		s := b.state(c.ARN)
		if got := s.Status(b.clock.now()); got != want {
			return fmt.Sprintf("status %s, want %s; work %+v", got, want, s.Work)
		}
		return ""
	})
}

// wantLook waits until the engine has looked once more and has written down
// what it found.
func (b *bench) wantReason(c *model.Certificate, want func(w *model.CertificateWork) bool) {
	b.t.Helper()
	eventually(b.t, func() string {
		if w := b.state(c.ARN).Work; w == nil || !want(w) {
			return fmt.Sprintf("work %+v", w)
		}
		return ""
	})
}

func openLeaf(t testing.TB, s certificate.Sealer, l *model.CertificateLeaf) *certificate.Pair {
	t.Helper()
	p, err := certificate.OpenLeaf(s, l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func has(list []string, want string) bool { return slices.Contains(list, want) }
