package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// awsHost is where clients that cannot be told an endpoint ask.
const awsHost = "route53.amazonaws.com"

// pebble starts an ACME server that validates by the name server at resolver,
// and returns its directory and the file of the authority that its own
// certificate is from.
func pebble(t *testing.T, resolver string) (directory, authority string) {
	t.Helper()
	p := &pebbleServer{resolver: resolver}
	p.start(t)
	return p.directory, p.authority
}

// pebbleServer is an ACME server.
type pebbleServer struct {
	resolver string
	// before, if there is one, stands before the server's handler.
	before func(http.Handler) http.Handler
	// validity is how long certificates are valid; zero for 90 days.
	validity time.Duration
	// accounts are MAC keys by id: if there are any, an account must be bound
	// to one.
	accounts map[string]string

	directory, authority string
	said                 lockedBuffer // what the server logs
	front                atomic.Pointer[http.Handler]
}

func (p *pebbleServer) start(t *testing.T) {
	t.Helper()
	t.Setenv("PEBBLE_VA_ALWAYS_VALID", "0")
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pebble said:\n%s", &p.said)
		}
	})
	p.forget(t)
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*p.front.Load()).ServeHTTP(w, r) })
	if p.before != nil {
		h = p.before(h)
	}
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	p.authority = filepath.Join(t.TempDir(), "pebble.pem")
	writeFile(t, p.authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	p.directory = s.URL + wfe.DirectoryPath
}

// forget has the server begin anew at the same address, with nothing that it
// knew.
func (p *pebbleServer) forget(t *testing.T) {
	t.Helper()
	logger := log.New(&p.said, "", 0)
	store := db.NewMemoryStore()
	for id, key := range p.accounts {
		if err := store.AddExternalAccountKeyByID(id, key); err != nil {
			t.Fatal(err)
		}
	}
	issuer := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: uint64(p.validity / time.Second)}})
	validator := va.New(logger, 0, 0, true, p.resolver, store)
	front := wfe.New(logger, store, validator, issuer, []string{"pebble.example.net"}, true, len(p.accounts) > 0, 1, 1)
	h := front.Handler()
	p.front.Store(&h)
}

// lockedBuffer takes what several goroutines say.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// proxyTo starts a proxy that connects whoever asks for AWS's host to addr, and
// nobody to anything else.
func proxyTo(t *testing.T, addr string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != awsHost+":443" {
			http.Error(w, "for "+awsHost+" only, not "+r.Host, http.StatusForbidden)
			return
		}
		to, err := net.Dial("tcp", addr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		from, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			_ = to.Close()
			return
		}
		_, _ = io.WriteString(from, "HTTP/1.1 200 Connected\r\n\r\n")
		go func() { _, _ = io.Copy(to, buffered); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// acmeClient is a client that proves names by Route 53.
type acmeClient struct {
	name, pkg string
	// args obtain a certificate for names, keeping all in dir.
	args func(directory, resolver, dir string, names []string) []string
	// env says which file has the authority of the ACME server.
	env string
	// certificate is the file with it, below dir.
	certificate string
}

var acmeClients = []acmeClient{
	{"lego", "lego", func(directory, resolver, dir string, names []string) []string {
		args := []string{"--accept-tos", "--email", "ops@example.net", "--server", directory, "--path", dir,
			"--dns", "route53", "--dns.resolvers", resolver, "--dns.disable-cp"}
		for _, n := range names {
			args = append(args, "--domains", n)
		}
		return append(args, "run")
	}, "LEGO_CA_CERTIFICATES", "certificates/lego.example.net.crt"},
	{"certbot", "certbot python3-certbot-dns-route53", func(directory, _, dir string, names []string) []string {
		args := []string{"certonly", "--non-interactive", "--agree-tos", "--email", "ops@example.net", "--server", directory,
			"--config-dir", dir, "--work-dir", dir, "--logs-dir", dir, "--dns-route53"}
		for _, n := range names {
			args = append(args, "-d", n)
		}
		return args
	}, "REQUESTS_CA_BUNDLE", "live/certbot.example.net/cert.pem"},
}

// TestACMEByRoute53: clients that know no other Route 53 than AWS's obtain
// certificates, for a name and its wildcard, from an ACME server that looks the
// proofs up at another node than the one that they write to. They reach the API
// as they would AWS, by name and TLS, and find nothing unusual.
func TestACMEByRoute53(t *testing.T) {
	// It refuses one good nonce in twenty, and certbot tries once more only.
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	writer, reader, proxy, trust := acmeNodes(t)
	directory, authority := pebble(t, reader.addr)
	for _, c := range acmeClients {
		t.Run(c.name, func(t *testing.T) {
			path, dir, zone := client(t, c.name, c.pkg), t.TempDir(), c.name+".example.net"
			id := createAtAWS(t, proxy, trust, zone)
			names := []string{zone, "*." + zone}
			ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
			defer cancel()
			cmd := exec.CommandContext(ctx, path, c.args(directory, writer.addr, dir, names)...)
			cmd.Env = awsEnv("HTTPS_PROXY="+proxy, "https_proxy="+proxy, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
				"AWS_CA_BUNDLE="+trust, "AWS_POLLING_INTERVAL=1", c.env+"="+authority, "HOME="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", c.name, err, out)
			}
			text, err := os.ReadFile(filepath.Join(dir, c.certificate))
			if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(text)
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(slices.Values(cert.DNSNames)); !slices.Equal(got, []string{"*." + zone, zone}) {
				t.Errorf("the certificate is for %q, want %q", got, names)
			}
			eventually(t, func() string {
				if got := reader.answers("_acme-challenge."+zone+".", dns.TypeTXT); got != "NXDOMAIN" {
					return fmt.Sprintf("in the end %s has the proofs %q, want none", id, got)
				}
				return ""
			})
		})
	}
}

// acmeNodes returns two nodes of a cluster, the first with an API that takes
// itself for AWS's, a proxy that leads there, and the file of the authority to
// trust in for it.
func acmeNodes(t *testing.T) (writer *apiNode, reader *dnsNode, proxy, trust string) {
	t.Helper()
	trust, key := certificate(t, t.TempDir(), awsHost)
	writer = newAPI(t, "writer")
	i := slices.Index(writer.extra, "}")
	writer.extra = slices.Insert(writer.extra, i, "    tls "+trust+" "+key)
	writer.start()
	writer.ready()
	reader = newDNS(t, "reader", writer.gossip)
	reader.start()
	reader.ready()
	return writer, reader, proxyTo(t, writer.api), trust
}

// createAtAWS creates a zone with a client that was told no endpoint.
func createAtAWS(t *testing.T, proxy, trust, zone string) string {
	t.Helper()
	text, err := os.ReadFile(trust)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	through, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	c := route53.New(route53.Options{Region: "us-east-1",
		HTTPClient: &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(through), TLSClientConfig: &tls.Config{RootCAs: roots}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: apiKey, SecretAccessKey: apiSecret}, nil
		}),
	})
	out, err := c.CreateHostedZone(context.Background(), &route53.CreateHostedZoneInput{Name: &zone, CallerReference: &zone})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
}
