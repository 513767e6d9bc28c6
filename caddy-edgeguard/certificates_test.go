package edgeguard

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/statetest"
)

const account = "111111111111"

// edgeOne is the app of an edge that serves nothing of its own.
const edgeOne = "edgeguard {\n\t\tnode one\n\t}"

// fingerprint is how the access log names a certificate of Caddy's.
func fingerprint(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// checkLog compares the fields of the edge in an access log entry, and the
// placeholders in the response, which are the same.
func checkLog(t *testing.T, e *tlsEdge, path, body, domain, cert, keyType, owner string) {
	t.Helper()
	entry := e.logged(t, path)
	got := fmt.Sprint(entry["domain_name"], " ", entry["chosen_cert_arn"], " ", entry["chosen_cert_key_type"], " ", entry["account"])
	want := strings.Join([]string{domain, cert, keyType, owner}, " ")
	if got != want {
		t.Errorf("fields for %s = %s, want %s", path, got, want)
	}
	if body != want {
		t.Errorf("placeholders for %s = %s, want %s", path, body, want)
	}
}

// placeholders is a response of all placeholders.
const placeholders = `respond "{edge.domain_name} {edge.chosen_cert_arn} {edge.chosen_cert_key_type} {edge.account}"`

// TestEveryTransport asks over all versions of HTTP for what Caddy's own choice
// would not give, and reads the access log.
func TestEveryTransport(t *testing.T) {
	exact, wild := issue(t, "ecdsa", 1, "www.a.test"), issue(t, "rsa", 2, "*.a.test")
	site := "\t{log}\n\tdefault_index\n\t" + placeholders + "\n}\n"
	e := serveEdge(t, edgeOne, "https://www.a.test {\n\t"+tlsFiles(t, exact)+"\n"+site+"https://*.a.test {\n\t"+tlsFiles(t, wild)+"\n"+site+
		"http://127.0.0.1:"+fmt.Sprint(statetest.FreePort())+" {\n}\n")
	for i, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			path := fmt.Sprint("/", i)
			r := e.mustGet(t, p.proto, client("WWW.a.test", p.tls), "www.a.test", path)
			if r.serial() != 1 {
				t.Errorf("got certificate %d, want that with the exact name", r.serial())
			}
			checkLog(t, e, path, r.body, "www.a.test", fingerprint(exact), "EC_prime256v1", "-")

			path += "-wild"
			r = e.mustGet(t, p.proto, client("x.a.test", p.tls), "x.a.test", path)
			if r.serial() != 2 {
				t.Errorf("got certificate %d, want the wildcard", r.serial())
			}
			checkLog(t, e, path, r.body, "x.a.test", fingerprint(wild), "RSA_2048", "-")
			if p.tls == tls.VersionTLS12 {
				path += "-rsa"
				rsaOnly := client("www.a.test", p.tls)
				rsaOnly.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
				r = e.mustGet(t, p.proto, rsaOnly, "www.a.test", path)
				if r.serial() != 2 {
					t.Errorf("got certificate %d, want the one that the client can use", r.serial())
				}
				checkLog(t, e, path, r.body, "www.a.test", fingerprint(wild), "RSA_2048", "-")
			}
		})
	}
}

// TestResumption shows tickets of one server name under another, and under the
// same, over all versions of HTTP.
func TestResumption(t *testing.T) {
	cert := issue(t, "ecdsa", 1, "a.test", "b.test")
	e := serveEdge(t, edgeOne, "https://a.test https://b.test {\n\t"+tlsFiles(t, cert)+"\n\t{log}\n\tdefault_index\n\t"+placeholders+"\n}\n")
	for i, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			tickets := new(lastTicket)
			under := func(serverName string) *tls.Config {
				c := client(serverName, p.tls)
				c.ClientSessionCache = tickets
				return c
			}
			waitForTicket := func() {
				deadline := time.Now().Add(2 * time.Minute)
				for {
					if _, ok := tickets.Get(""); ok {
						return
					}
					if time.Now().After(deadline) {
						t.Fatal("no ticket came")
					}
					e.mustGet(t, p.proto, under("a.test"), "a.test", "/ticket")
				}
			}
			waitForTicket()
			path := fmt.Sprint("/honest", i)
			r := e.mustGet(t, p.proto, under("A.test"), "a.test", path)
			if !r.tls.DidResume {
				t.Error("an honest ticket is not taken")
			}
			if p.proto == "HTTP/3.0" && !r.early {
				t.Error("an honest ticket gives no 0-RTT")
			}
			checkLog(t, e, path, r.body, "a.test", "session-reused", "-", "-")
			path = fmt.Sprint("/foreign", i)
			r = e.mustGet(t, p.proto, under("b.test"), "b.test", path)
			if r.tls.DidResume {
				t.Error("a ticket of a.test resumes under b.test")
			}
			checkLog(t, e, path, r.body, "b.test", fingerprint(cert), "EC_prime256v1", "-")
			path = fmt.Sprint("/back", i)
			if r = e.mustGet(t, p.proto, under("b.test"), "b.test", path); !r.tls.DidResume {
				t.Error("the new ticket is not taken under its own name")
			}
		})
	}
}

// aliasRows returns the rows by which a resource has a host name as alias.
func aliasRows(host string, owner model.Value) []model.Value {
	c := &model.Claim{Host: host, Account: account, Since: hlc.Stamp(1)}
	switch o := owner.(type) {
	case *model.LoadBalancer:
		o.Since = 1
		c.Kind, c.Owner, c.OwnerName = model.OwnerLoadBalancer, o.ARN, o.DNSName
	case *model.Distribution:
		o.Since = 1
		c.Kind, c.Owner, c.OwnerName = model.OwnerDistribution, o.ID, o.DomainName
	}
	return []model.Value{owner, c}
}

// TestClaimedNames serves a load balancer's and a distribution's names by rows
// of the state, with certificates of our own, without a reload.
func TestClaimedNames(t *testing.T) {
	const one, two = "arn:aws:acm:us-east-1:111111111111:certificate/1", "arn:aws:acm:us-east-1:111111111111:certificate/2"
	e := serveEdge(t, edgeOne, "https:// {\n\t{log}\n\tdefault_index\n\t"+placeholders+"\n\ttls internal {\n\t\ton_demand\n\t}\n}\n"+
		"https://lb.test {\n\t"+tlsFiles(t, issue(t, "ecdsa", 9, "unrelated.test"))+"\n\t{log}\n\tdefault_index\n\t"+placeholders+"\n}\n")
	ref := joined(t)
	index := certificates(ref)
	balancer := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "")
	balancer.DefaultCertificate = one
	putRows(t, aliasRows("lb.test", balancer)...)
	waitForOwner(t, ref, "lb.test", func(r *claims.Resource) bool { return r.DefaultCertificate == one })
	for arn, c := range map[string]*tls.Certificate{one: issue(t, "ecdsa", 1, "default.test"), two: issue(t, "rsa", 2, "lb.test")} {
		if err := index.SetManaged(arn, account, c); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			path := fmt.Sprint("/default", i)
			r := e.mustGet(t, p.proto, client("lb.test", p.tls), "lb.test", path)
			checkLog(t, e, path, r.body, "-", one, "EC_prime256v1", account)
			putRows(t, &model.ListenerCertificate{Listener: balancer.ListenerARN(), Certificate: two})
			waitForOwner(t, ref, "lb.test", func(r *claims.Resource) bool { return len(r.Certificates) == 1 })
			path = fmt.Sprint("/listed", i)
			r = e.mustGet(t, p.proto, client("lb.test", p.tls), "lb.test", path)
			checkLog(t, e, path, r.body, "lb.test", two, "RSA_2048", account)
			deleteListed(t, balancer, two)
			waitForOwner(t, ref, "lb.test", func(r *claims.Resource) bool { return len(r.Certificates) == 0 })
			path = fmt.Sprint("/none", i)
			r = e.mustGet(t, p.proto, client(noName, p.tls), "lb.test", path)
			checkLog(t, e, path, r.body, "-", one, "EC_prime256v1", account)
		})
	}
}

// deleteListed takes a certificate out of a listener's list.
func deleteListed(t *testing.T, b *model.LoadBalancer, certificate string) {
	t.Helper()
	row := &model.ListenerCertificate{Listener: b.ListenerARN(), Certificate: certificate}
	changeRows(t, func(tx *state.Tx) error {
		tx.Delete(row.Table(), row.Key())
		return nil
	})
}

// TestDistributionRefuses checks that an edge of distributions alone ends
// handshakes without server name, and with one that is nobody's, with
// unrecognized_name (aws-behaviour 9.1), until rows make the site somebody's.
func TestDistributionRefuses(t *testing.T) {
	e := serveEdge(t, edgeOne, "https://www.a.test {\n\t"+tlsFiles(t, issue(t, "ecdsa", 1, "www.a.test", "other.test"))+"\n\trespond ok\n}\n")
	putRows(t, aliasRows("www.a.test", model.DeclaredDistribution(account, "d111111abcdef8.cloudfront.net", ""))...)
	waitForOwner(t, joined(t), "www.a.test", func(r *claims.Resource) bool { return r.Kind == model.OwnerDistribution })
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			e.mustGet(t, p.proto, client("www.a.test", p.tls), "www.a.test", "/")
			e.mustGet(t, p.proto, client("other.test", p.tls), "www.a.test", "/") // held: it is no unknown name
			for _, name := range []string{noName, "unknown.test"} {
				_, err := e.get(p.proto, client(name, p.tls), "www.a.test", "/")
				if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
					t.Errorf("handshake with server name %q: %v, want the alert unrecognized_name", name, err)
				}
			}
		})
	}
}

// TestPolicyWithoutConfiguration checks that a policy which cannot be wrapped
// is an error, not passed over.
func TestPolicyWithoutConfiguration(t *testing.T) {
	e := &wrapped{}
	err := e.wrap(&caddyhttp.Server{TLSConnPolicies: caddytls.ConnectionPolicies{new(caddytls.ConnectionPolicy)}}, nil)
	if err == nil || !strings.Contains(err.Error(), "policy 0 has no configuration") {
		t.Errorf("wrap() = %v, want an error", err)
	}
}

// TestEveryLoad loads many times, since Caddy loads apps in random order, and
// wants the choice in place each time.
func TestEveryLoad(t *testing.T) {
	cert := issue(t, "ecdsa", 1, "www.a.test")
	site := "https://www.a.test {\n\t" + tlsFiles(t, cert) + "\n\tdefault_index\n\t" + placeholders + "\n}\n"
	e := serveEdge(t, edgeOne, site)
	want := "www.a.test " + fingerprint(cert) + " EC_prime256v1 -"
	for i := range 25 {
		for _, p := range protocols {
			if r := e.mustGet(t, p.proto, client("www.a.test", p.tls), "www.a.test", "/"); r.body != want {
				t.Fatalf("load %d, %s: %s, want %s", i, p.name, r.body, want)
			}
		}
		e.load(t, edgeOne, site)
	}
}

// TestOnDemand obtains certificates on demand, which only Caddy's own choice
// does, and has both sides count the same.
func TestOnDemand(t *testing.T) {
	e := serveEdge(t, edgeOne, "https:// {\n\t{log}\n\ttls internal {\n\t\ton_demand\n\t}\n\tdefault_index\n\t"+placeholders+"\n}\n")
	for i, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			name := fmt.Sprintf("host%d.test", i)
			for j := range 2 { // obtained, then held
				path := fmt.Sprintf("/%d-%d", i, j)
				r := e.mustGet(t, p.proto, client(name, p.tls), name, path)
				leaf := r.tls.PeerCertificates[0]
				if err := leaf.VerifyHostname(name); err != nil {
					t.Error(err)
				}
				checkLog(t, e, path, r.body, name, fingerprint(&tls.Certificate{Certificate: [][]byte{leaf.Raw}}), "EC_prime256v1", "-")
			}
		})
	}
}

// closedUnanswered tells whether a connection was closed before anything was
// said on it. Caddy does that to connections that wait in the queue of a
// listener which a reload closes, with this app or without (seen); clients
// then try again.
func closedUnanswered(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	var h3 *http3.Error
	return errors.As(err, &h3) && h3.ErrorCode == http3.ErrCodeRequestRejected
}

// TestReloadsUnderLoad changes certificates by reloads while clients connect:
// no handshake fails, no request gets another answer, and the new certificate
// is presented at once.
func TestReloadsUnderLoad(t *testing.T) {

	site := func(c *tls.Certificate) string {
		return "https://www.a.test {\n\t" + tlsFiles(t, c) + "\n\tdefault_index\n\trespond ok\n}\n"
	}
	e := serveEdge(t, edgeOne, site(issue(t, "ecdsa", 1, "www.a.test")))
	var stop atomic.Bool
	var wg sync.WaitGroup
	var done [5]atomic.Int64
	var again atomic.Int64
	for i, p := range protocols {
		wg.Go(func() {
			for !stop.Load() {
				r, err := e.get(p.proto, client("www.a.test", p.tls), "www.a.test", "/")
				if err != nil && closedUnanswered(err) {
					again.Add(1)
					continue
				}
				if err != nil || r.status != 200 {
					t.Errorf("%s: %v", p.name, errors.Join(err, fmt.Errorf("reply %+v", r)))
					return
				}
				done[i].Add(1)
			}
		})
	}
	for serial := int64(2); serial < 8; serial++ {
		before := [5]int64{}
		for i := range done {
			before[i] = done[i].Load()
		}
		e.load(t, edgeOne, site(issue(t, []string{"ecdsa", "rsa"}[serial%2], serial, "www.a.test")))
		loaded := time.Now()
		for {
			r, err := e.get("HTTP/1.1", client("www.a.test", tls.VersionTLS13), "www.a.test", "/")
			if err == nil && r.serial() == serial {
				break
			}
			if time.Since(loaded) > 2*time.Minute {
				t.Fatalf("certificate %d is not presented after it was loaded: %+v, %v", serial, r, err)
			}
		}
		deadline := time.Now().Add(2 * time.Minute)
		for i := range done { // each client has seen this configuration
			for done[i].Load() < before[i]+2 && !t.Failed() && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	t.Logf("%d connections were closed unanswered, by Caddy", again.Load())
	for i := range done {
		if done[i].Load() < 12 {
			t.Errorf("%s: %d requests only", protocols[i].name, done[i].Load())
		}
	}
}

// TestHandshakeMetrics reads the counters after handshakes of several outcomes.
func TestHandshakeMetrics(t *testing.T) {
	e := serveEdge(t, edgeOne, "https://www.a.test {\n\t"+tlsFiles(t, issue(t, "ecdsa", 1, "www.a.test"))+"\n\tmetrics /metrics\n}\n")
	for range 2 {
		e.mustGet(t, "HTTP/1.1", client("www.a.test", tls.VersionTLS13), "www.a.test", "/")
	}
	_, _ = e.get("HTTP/1.1", client("unknown.test", tls.VersionTLS13), "www.a.test", "/")
	r := e.mustGet(t, "HTTP/1.1", client("www.a.test", tls.VersionTLS13), "www.a.test", "/metrics")
	for _, want := range []string{
		`caddy_edgeguard_certificate_choices_total{key_type="EC_prime256v1",outcome="matched"} 3`,
		`caddy_edgeguard_certificate_choices_total{key_type="none",outcome="failed"} 1`,
		`caddy_edgeguard_session_tickets_total{outcome="foreign"} 0`,
	} {
		if !strings.Contains(r.body, want+"\n") {
			t.Errorf("GET /metrics lacks %s", want)
		}
	}
}

// TestNodeMetrics reads how the node is, and that a claim has no effect since
// another account's was earlier.
func TestNodeMetrics(t *testing.T) {
	e := serveEdge(t, edgeOne, "https://www.a.test {\n\t"+tlsFiles(t, issue(t, "ecdsa", 1, "www.a.test"))+"\n\tmetrics /metrics\n}\n")
	ref := joined(t)
	balancer := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "")
	rows := aliasRows("lb.test", balancer)
	late := *rows[1].(*model.Claim)
	late.Account, late.Owner, late.OwnerName, late.Since = "222222222222", "arn:aws:elasticloadbalancing:eu-west-3:222222222222:loadbalancer/app/web-2/0123456789abcdef", "web-2.eu-west-3.elb.amazonaws.com", 2
	putRows(t, append(rows, &late)...)
	waitForOwner(t, ref, "lb.test", func(*claims.Resource) bool { return true })
	metrics := e.mustGet(t, "HTTP/1.1", client("www.a.test", tls.VersionTLS13), "www.a.test", "/metrics").body
	for _, want := range []string{
		"caddy_edgeguard_members 1", "caddy_edgeguard_behind 0", "caddy_edgeguard_writes_lost_total 0", "caddy_edgeguard_rows_invalid_total 0",
		"caddy_edgeguard_host_names 2", "caddy_edgeguard_claims_inert 1", fmt.Sprint("caddy_edgeguard_commits_total ", ref.Replica().Stats().Commits),
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("GET /metrics lacks %s", want)
		}
	}
}
