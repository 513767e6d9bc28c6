package integration

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sharedEdge is an edge of two accounts, whose hosts have one certificate.
type sharedEdge struct {
	*process
	addr, dir string
	spki      string // SHA-256 of the certificate's key, in base64
}

// sharedHosts are the names of the certificate. The first two are an account's,
// the third is another's, for browsers of the same site all the same (they share
// no connection between sites), and the last is nobody's.
var sharedHosts = []string{"www.one.test", "img.one.test", "shop.one.test", "other.test"}

// sharedCertificate writes a self-signed certificate and its key for
// sharedHosts, and returns its path and the hash of its key.
func sharedCertificate(t testing.TB, dir string) (path, spki string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: sharedHosts[0]}, DNSNames: sharedHosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "shared.pem")
	writeFile(t, path, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))+string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	sum := sha256.Sum256(public)
	return path, base64.StdEncoding.EncodeToString(sum[:])
}

// startShared starts the edge. Each host serves a page, which loads two
// scripts from others, and a script that says its name.
func startShared(t testing.TB) *sharedEdge {
	t.Helper()
	e := &sharedEdge{addr: freePort(t), dir: t.TempDir()}
	cert, spki := sharedCertificate(t, e.dir)
	e.spki = spki
	page := `<!DOCTYPE html><html><body>`
	for _, host := range sharedHosts[1:3] {
		page += fmt.Sprintf(`<script src="https://%s:%s/script.js"></script>`, host, port(e.addr))
	}
	writeFile(t, filepath.Join(e.dir, "site", "index.html"), page+`</body></html>`)
	path := filepath.Join(e.dir, "Caddyfile")
	writeFile(t, path, `{
	admin off
	persist_config off
	auto_https off
	skip_install_trust
	default_bind 127.0.0.1
	https_port `+port(e.addr)+`
	storage file_system `+e.dir+`
	log {
		level ERROR
	}
	edgeguard {
		node one
		publish 127.0.0.1
		account 111111111111 {
			distribution d1.cloudfront.net {
				alias www.one.test
			}
			distribution d2.cloudfront.net {
				alias img.one.test
			}
		}
		account 222222222222 {
			distribution d3.cloudfront.net {
				alias shop.one.test
			}
		}
	}
}
https:// {
	tls `+cert+` `+cert+`
	log {
		output file `+filepath.Join(e.dir, "access.log")+`
		format json
	}
	reject_fronting
	default_index
	header /script.js Content-Type text/javascript
	respond /script.js "document.body.append('{host} ')"
	root site
	file_server
}
`)
	e.process = run(t, "edge", e.dir, binary(t, "caddy"), "run", "--config", path, "--adapter", "caddyfile")
	eventually(t, func() string {
		if e.ended() {
			t.Fatalf("edge ended: %s", e.output())
		}
		conn, err := tls.Dial("tcp", e.addr, &tls.Config{InsecureSkipVerify: true, ServerName: "www.one.test"})
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return ""
	})
	return e
}

// logged is what the tests read of an access log entry.
type logged struct {
	Status  int    `json:"status"`
	Reason  string `json:"error_reason"`
	Request struct {
		Host  string `json:"host"`
		URI   string `json:"uri"`
		Proto string `json:"proto"`
		Port  string `json:"remote_port"`
		TLS   struct {
			ServerName string `json:"server_name"`
		} `json:"tls"`
	} `json:"request"`
}

// entries returns what the access log has for a path, in its order.
func (e *sharedEdge) entries(t *testing.T, path string) []logged {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(e.dir, "access.log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var found []logged
	for line := range strings.Lines(string(data)) {
		var entry logged
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Request.URI == path {
			found = append(found, entry)
		}
	}
	return found
}

// TestBrowserCoalesces: Chromium asks for two hosts of an account on one
// HTTP/2 connection, tries that with a host of another account, gets 421, asks
// again on a connection of its own, and shows a page that has all three
// (aws-behaviour 9.1).
func TestBrowserCoalesces(t *testing.T) {
	chromium := client(t, "chromium", "chromium")
	e := startShared(t)
	var faults []string
	for range 3 { // a browser connects twice where it finds a connection slow
		seen := len(e.entries(t, "/")) + len(e.entries(t, "/script.js"))
		dom := e.browse(t, chromium, "https://www.one.test:"+port(e.addr)+"/")
		var page, scripts []logged
		eventually(t, func() string { // the log is written behind the responses
			page, scripts = e.entries(t, "/"), e.entries(t, "/script.js")
			if len(page) == 0 || len(page)+len(scripts) < seen+4 {
				return fmt.Sprintf("the access log has %+v and %+v, want one page and three scripts, one of them twice", page, scripts)
			}
			return ""
		})
		faults = coalescing(dom, page[len(page)-1], scripts[max(0, len(scripts)-3):])
		if len(faults) == 0 {
			return
		}
		t.Logf("not as wanted:\n%s", strings.Join(faults, "\n"))
	}
	t.Errorf("three times in a row not as wanted, in the end:\n%s", strings.Join(faults, "\n"))
}

// coalescing returns what is wrong with what a browser has asked for.
func coalescing(dom string, page logged, scripts []logged) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, host := range sharedHosts[1:3] {
		if !strings.Contains(dom, host+" ") {
			fault("the page lacks what %s serves:\n%s", host, dom)
		}
	}
	own, refused, again := pick(scripts, "img.one.test", 200), pick(scripts, "shop.one.test", 421), pick(scripts, "shop.one.test", 200)
	if own == nil || own.Request.Port != page.Request.Port || own.Request.TLS.ServerName != "www.one.test" || own.Request.Proto != "HTTP/2.0" {
		fault("img.one.test was asked by %+v, want 200 on the HTTP/2 connection of the page, %+v", own, page)
	}
	if refused == nil || refused.Request.Port != page.Request.Port || refused.Reason != "misdirected" {
		fault("shop.one.test was first asked by %+v, want 421 on the connection of the page, %+v", refused, page)
	}
	if again == nil || again.Request.Port == page.Request.Port || again.Request.TLS.ServerName != "shop.one.test" {
		fault("shop.one.test was asked again by %+v, want 200 on a connection of its own", again)
	}
	return faults
}

// pick returns the entry for a host with a status, nil if there is none.
func pick(entries []logged, host string, status int) *logged {
	i := slices.IndexFunc(entries, func(l logged) bool {
		name, _, _ := strings.Cut(l.Request.Host, ":")
		return name == host && l.Status == status
	})
	if i < 0 {
		return nil
	}
	return &entries[i]
}

// browse loads a page, with all names leading to this machine, and returns its
// document. The certificate counts as valid: browsers coalesce on no other.
func (e *sharedEdge) browse(t *testing.T, chromium, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientDeadline)
	defer cancel()
	// Its children may write there for a moment longer than it runs.
	profile, err := os.MkdirTemp("", "edgestage-profile")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	cmd := exec.CommandContext(ctx, chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+profile,
		"--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND", "--ignore-certificate-errors-spki-list="+e.spki,
		"--dump-dom", url)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	cmd.WaitDelay = deadline / 4
	out, err := cmd.Output()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%v: %v\n%s", cmd, err, complaints.String())
	}
	return string(out)
}

// TestCurlFronts: curl connects with one name and asks for another, over
// HTTP/1.1 and HTTP/2.
func TestCurlFronts(t *testing.T) {
	curl := client(t, "curl", "curl")
	e := startShared(t)
	for _, tc := range []struct{ name, serverName, host, want string }{
		{"own host", "www.one.test", "www.one.test", "200"},
		{"same account", "www.one.test", "img.one.test", "200"},
		{"same account, own name of a distribution", "www.one.test", "d2.cloudfront.net", "200"},
		{"other account", "www.one.test", "shop.one.test", "421"},
		{"other account, in upper case", "www.one.test", "SHOP.ONE.TEST", "421"},
		{"other account, percent-encoded", "www.one.test", "shop%2eone.test", "421"},
		{"other account, final dot and port", "www.one.test", "shop.one.test.:443", "421"},
		{"nobody's host", "www.one.test", "other.test", "403"},
		{"nobody's name", "other.test", "www.one.test", "421"},
		{"two dots", "www.one.test", "www..one.test", "400"},
	} {
		for _, version := range []string{"--http1.1", "--http2"} {
			t.Run(tc.name+version, func(t *testing.T) {
				out, err := exec.CommandContext(t.Context(), curl, "-sk", version, "--max-time", "120", "--connect-to", "::"+e.addr, "-o", "/dev/null",
					"-w", "%{http_code}", "-H", "Host: "+tc.host, "https://"+tc.serverName+"/").CombinedOutput()
				if err != nil || string(out) != tc.want {
					t.Errorf("server name %s, host %s: %s, %v, want %s", tc.serverName, tc.host, out, err, tc.want)
				}
			})
		}
	}
}
