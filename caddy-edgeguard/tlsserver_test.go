package edgeguard

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that Caddyfiles name
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/statetest"
)

// testKeys makes each key once: those of RSA take long.
var testKeys = map[string]func() crypto.Signer{
	"ecdsa": sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }),
	"rsa":   sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) }),
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// issue returns a self-signed certificate for host names and IP addresses.
func issue(t *testing.T, kind string, serial int64, names ...string) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	template.DNSNames = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return net.ParseIP(name) != nil })
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		}
	}
	key := testKeys[kind]()
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: must(x509.ParseCertificate(der))}
}

// tlsFiles writes a certificate and its key and returns the directive that
// loads them.
func tlsFiles(t *testing.T, c *tls.Certificate) string {
	t.Helper()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := must(x509.MarshalPKCS8PrivateKey(c.PrivateKey))
	return "tls " + write("cert.pem", "CERTIFICATE", c.Certificate[0]) + " " + write("key.pem", "PRIVATE KEY", key)
}

// tlsEdge is the Caddy of this process, serving a Caddyfile.
type tlsEdge struct {
	port int
	log  string // path
}

// edgeOptions are the options of every Caddyfile here; %s is the app's block.
const edgeOptions = `{
	admin off
	persist_config off
	auto_https off
	skip_install_trust
	storage file_system %s
	https_port %d
	metrics
	log {
		level ERROR
	}
	%s
}
`

// serveEdge runs a Caddyfile of sites. {port} stands for the port, {log} for
// the directive that writes the access log.
func serveEdge(t *testing.T, app, sites string) *tlsEdge {
	t.Helper()
	e := &tlsEdge{port: statetest.FreePort(), log: filepath.Join(t.TempDir(), "access.log")}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	})
	e.load(t, app, sites)
	return e
}

// load replaces the configuration.
func (e *tlsEdge) load(t *testing.T, app, sites string) {
	t.Helper()
	if err := e.tryLoad(t, app, sites); err != nil {
		t.Fatalf("loading %s: %v", sites, err)
	}
}

func (e *tlsEdge) tryLoad(t *testing.T, app, sites string) error {
	t.Helper()
	sites = strings.NewReplacer("{port}", fmt.Sprint(e.port), "{log}", "log {\n\t\toutput file "+e.log+"\n\t\tformat json\n\t}").Replace(sites)
	file := fmt.Sprintf(edgeOptions, filepath.Dir(e.log), e.port, app) + sites
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(file), nil)
	if err != nil {
		return err
	}
	return caddy.Load(config, true)
}

func (e *tlsEdge) addr() string { return fmt.Sprintf("127.0.0.1:%d", e.port) }

// logged returns the last entry of the access log for a path, once it is
// there.
func (e *tlsEdge) logged(t *testing.T, path string) map[string]any {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		data, err := os.ReadFile(e.log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		var found map[string]any
		for line := range strings.Lines(string(data)) {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) != nil {
				continue // half written
			}
			if request, ok := entry["request"].(map[string]any); ok && request["uri"] == path {
				found = entry
			}
		}
		if found != nil {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("no entry for %s in the access log: %s", path, data)
		}
		time.Sleep(10 * time.Millisecond) // the log is written behind the response
	}
}

// lastTicket is a session cache that gives the last session to any server name.
type lastTicket struct {
	mu   sync.Mutex
	last *tls.ClientSessionState
}

func (l *lastTicket) Get(string) (*tls.ClientSessionState, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.last != nil
}

func (l *lastTicket) Put(_ string, s *tls.ClientSessionState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s != nil {
		l.last = s
	}
}

// protocols are the versions of HTTP, with the version of TLS each is tried
// over.
var protocols = []struct {
	name  string
	proto string // of the response
	tls   uint16
}{
	{"h1 over TLS 1.2", "HTTP/1.1", tls.VersionTLS12},
	{"h1 over TLS 1.3", "HTTP/1.1", tls.VersionTLS13},
	{"h2 over TLS 1.2", "HTTP/2.0", tls.VersionTLS12},
	{"h2 over TLS 1.3", "HTTP/2.0", tls.VersionTLS13},
	{"h3", "HTTP/3.0", tls.VersionTLS13},
}

// reply is what a client gets.
type reply struct {
	proto, body string
	status      int
	tls         *tls.ConnectionState
	early       bool // sent with 0-RTT
}

// serial returns the serial number of the certificate presented.
func (r *reply) serial() int64 { return r.tls.PeerCertificates[0].SerialNumber.Int64() }

// get asks over a new connection, with 0-RTT, if there is a ticket, where the
// path begins with "/honest" and the protocol has it.
func (e *tlsEdge) get(proto string, config *tls.Config, host, path string) (*reply, error) {
	req, err := http.NewRequest(http.MethodGet, "https://"+host+path, nil)
	if err != nil {
		return nil, err
	}
	var transport http.RoundTripper
	out := new(reply)
	early := strings.HasPrefix(path, "/honest")
	var conn *quic.Conn // of HTTP/3
	switch proto {
	case "HTTP/3.0":
		h3 := &http3.Transport{TLSClientConfig: config, Dial: func(ctx context.Context, _ string, c *tls.Config, q *quic.Config) (*quic.Conn, error) {
			var err error
			if early {
				conn, err = quic.DialAddrEarly(ctx, e.addr(), c, q)
			} else {
				conn, err = quic.DialAddr(ctx, e.addr(), c, q)
			}
			return conn, err
		}}
		defer h3.Close()
		if early {
			req.Method = http3.MethodGet0RTT
		}
		transport = h3
	default:
		h := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: proto == "HTTP/2.0", DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", e.addr())
		}}
		if proto != "HTTP/2.0" {
			h.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}
		defer h.CloseIdleConnections()
		transport = h
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	resp, err := transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if conn != nil {
		out.early = conn.ConnectionState().Used0RTT
	}
	out.proto, out.status, out.body, out.tls = resp.Proto, resp.StatusCode, string(body), resp.TLS
	return out, nil
}

// mustGet is get without an error, tried again where a reload closed the
// connection.
func (e *tlsEdge) mustGet(t *testing.T, proto string, config *tls.Config, host, path string) *reply {
	t.Helper()
	r, err := e.get(proto, config, host, path)
	for range 20 {
		if err == nil || !closedUnanswered(err) {
			break
		}
		r, err = e.get(proto, config, host, path)
	}
	if err != nil {
		t.Fatalf("GET %s under %q over %s: %v", path, config.ServerName, proto, err)
	}
	if r.proto != proto || r.status != http.StatusOK {
		t.Fatalf("GET %s under %q over %s = %s %d %s", path, config.ServerName, proto, r.proto, r.status, r.body)
	}
	return r
}

// noName is the server name of clients that send none.
const noName = "127.0.0.1"

// client returns what a client needs to send that server name, in that version
// of TLS; certificates are looked at, not verified.
func client(serverName string, version uint16) *tls.Config {
	return &tls.Config{ServerName: serverName, MinVersion: version, MaxVersion: version, InsecureSkipVerify: true}
}

// putRows commits values to the state that this process has open.
func putRows(t *testing.T, values ...model.Value) {
	t.Helper()
	changeRows(t, func(tx *state.Tx) error {
		for _, v := range values {
			if err := tx.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeRows commits a change and waits until all views show it: a commit does
// not wait longer than a moment.
func changeRows(t *testing.T, change func(tx *state.Tx) error) {
	t.Helper()
	r, _ := edgenode.Open()
	if r == nil {
		t.Fatal("no node is open")
	}
	version, err := r.Commit(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AwaitInSync(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

// waitForOwner waits until the claims show what is wanted of a host name: a
// commit does not wait for views longer than a moment.
func waitForOwner(t *testing.T, node *edgenode.Ref, host string, wanted func(*claims.Resource) bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		view := node.Claims().View()
		owner, _ := view.Owner(host)
		r, ok := view.Resource(owner.ID)
		if ok && wanted(r) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("owner of %s is %+v", host, r)
		}
		time.Sleep(time.Millisecond) // polling a view
	}
}

// joined returns a reference to the node that this process has open.
func joined(t *testing.T) *edgenode.Ref {
	t.Helper()
	ref, err := edgenode.Acquire(edgenode.Settings{Node: "one"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ref.Release() })
	return ref
}
