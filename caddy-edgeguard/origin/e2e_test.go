package origin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that the Caddyfiles name
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	_ "github.com/edgestage/edgestage/caddy-edgeguard/index" // default_index
)

// pages are the objects of the private bucket.
var pages = map[string]string{
	"index.html":              "home",
	"subdirectory/index.html": "sub",
	"a b+c~d*é/index.html":    "odd",
	"100%/index.html":         "percent",
	"large.txt":               "0123456789",
}

// bucket is a private bucket: an S3-compatible server behind a check of every
// request's signature, done twice: by the SDK, signing again, and by [verify].
type bucket struct {
	*httptest.Server
	backend gofakes3.Backend

	mu     sync.Mutex
	keys   *keys // who may use the bucket
	public bool
	asked  []*http.Request
}

func startBucket(t *testing.T, k *keys) *bucket {
	t.Helper()
	b := &bucket{backend: s3mem.New(), keys: k}
	if err := b.backend.CreateBucket("www"); err != nil {
		t.Fatal(err)
	}
	for name, content := range pages {
		if _, err := b.backend.PutObject("www", name, nil, strings.NewReader(content), int64(len(content)), nil); err != nil {
			t.Fatal(err)
		}
	}
	store := gofakes3.New(b.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r)
		k, public := b.keys, b.public
		b.mu.Unlock()
		if !public {
			if err := b.check(r, k); err != nil {
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", err)
				return
			}
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

// check returns an error unless k signed the request.
func (b *bucket) check(r *http.Request, k *keys) error {
	if err := verify(r, k, "eu-west-3"); err != nil {
		return err
	}
	at, err := time.Parse(timeFormat, r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > 15*time.Minute {
		return fmt.Errorf("RequestTimeTooSkewed")
	}
	again := &http.Request{Method: r.Method, Host: r.Host, URL: r.URL, Header: make(http.Header)}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") {
			again.Header[name] = r.Header[name]
		}
	}
	creds := aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if err := v4.NewSigner().SignHTTP(context.Background(), creds, again, hash, "s3", "eu-west-3", at, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }); err != nil {
		return err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Errorf("SignatureDoesNotMatch: %s, the SDK says %s", got, want)
	}
	return nil
}

// last returns the request that the bucket saw last.
func (b *bucket) last() *http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[len(b.asked)-1]
}

// edge is a Caddy that serves a site from the bucket.
type edge struct {
	client *http.Client
	log    string // the file of all its logs
}

// startEdge serves the site with the properties given to `transport s3`. Caddy
// has one configuration a process, so these tests are not parallel.
func startEdge(t *testing.T, b *bucket, properties ...string) *edge {
	t.Helper()
	dir, err := os.MkdirTemp("", "origin") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, log := filepath.Join(dir, "site.sock"), filepath.Join(dir, "log")
	caddyfile := `{
	admin off
	persist_config off
	auto_https off
	storage file_system ` + dir + `
	debug
	log {
		output file ` + log + `
	}
}
http:// {
	bind unix/` + socket + `
	log
	default_index
	reverse_proxy ` + b.URL + ` {
		transport s3 {
			region eu-west-3
			bucket www
			dial_timeout 5s
			` + strings.Join(properties, "\n\t\t\t") + `
		}
	}
}
`
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		t.Fatalf("Adapt(%s) = %v", caddyfile, err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatalf("Load(%s) = %v", config, err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	})
	transport := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &edge{client: &http.Client{Transport: transport}, log: log}
}

// do asks the site and returns "STATUS body", of errors "STATUS" alone.
func (e *edge) do(t *testing.T, method, target string, header http.Header, body io.Reader) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, "http://site.example.org/", body)
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	req.URL.Opaque, req.URL.RawQuery = path, query
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := e.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	if resp.StatusCode >= 400 {
		return fmt.Sprint(resp.StatusCode), resp.Header
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, text)), resp.Header
}

// inFile writes credentials to a file and returns the property that names it.
func inFile(t *testing.T, file string, k *keys) string {
	t.Helper()
	text := "[default]\naws_access_key_id = " + k.id + "\naws_secret_access_key = " + k.secret + "\naws_session_token = " + k.token + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "credentials_file " + file
}

var edgeKeys = &keys{id: "AKIAEDGE", secret: "top/secret+key", token: "session/token=="}

// TestPrivateBucket is AWS's post on default directory indexes, end to end:
// the bucket is private, the edge signs, directory URLs lead to their index
// document (aws-behaviour 9.3 and 9.4).
func TestPrivateBucket(t *testing.T) {
	clearEnvironment(t)
	b := startBucket(t, edgeKeys)
	e := startEdge(t, b, inFile(t, filepath.Join(t.TempDir(), "credentials"), edgeKeys))
	for _, tc := range []struct {
		name, method, target string
		header               http.Header
		want                 string
	}{
		{"root", "GET", "/", nil, "200 home"},
		{"directory", "GET", "/subdirectory/", nil, "200 sub"},
		{"document", "GET", "/subdirectory/index.html", nil, "200 sub"},
		{"no slash, no document", "GET", "/subdirectory", nil, "404"},
		{"odd characters", "GET", "/a%20b+c~d*%C3%A9/", nil, "200 odd"},
		{"odd characters, all encoded", "GET", "/a%20b%2bc%7Ed%2a%c3%a9/", nil, "200 odd"},
		{"encoded slash", "GET", "/subdirectory%2Findex.html", nil, "200 sub"},
		{"percent sign", "GET", "/100%25/", nil, "200 percent"},
		{"query", "GET", "/subdirectory/?v=2&a=1&b+c=%20", nil, "200 sub"},
		{"signed by the client", "GET", "/?X-Amz-Signature=1&X-Amz-Credential=x&X-Amz-Algorithm=AWS4-HMAC-SHA256", nil, "200 home"},
		{"forged headers", "GET", "/", http.Header{"Authorization": {"AWS4-HMAC-SHA256 x"}, "X-Amz-Date": {"x"}, "X-Amz-Security-Token": {"x"}, "X-Amz-Content-Sha256": {"x"}}, "200 home"},
		{"another header of S3", "GET", "/", http.Header{"X-Amz-Request-Payer": {"requester,  x"}}, "200 home"},
		{"range", "GET", "/large.txt", http.Header{"Range": {"bytes=2-4"}}, "206 234"},
		{"no such range", "GET", "/large.txt", http.Header{"Range": {"bytes=50-"}}, "416"},
		{"head", "HEAD", "/subdirectory/", nil, "200"},
		{"head of nothing", "HEAD", "/none", nil, "404"},
		{"method", "DELETE", "/index.html", nil, "403"},
		{"method with a body", "PUT", "/index.html", nil, "403"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, _ := e.do(t, tc.method, tc.target, tc.header, nil); got != tc.want {
				t.Errorf("%s %s = %s, want %s", tc.method, tc.target, got, tc.want)
			}
		})
	}
	t.Run("conditional", func(t *testing.T) {
		_, h := e.do(t, "GET", "/large.txt", nil, nil)
		if got, _ := e.do(t, "GET", "/large.txt", http.Header{"If-None-Match": {h.Get("ETag")}}, nil); got != "304" {
			t.Errorf("GET /large.txt with If-None-Match %q = %s, want 304", h.Get("ETag"), got)
		}
		if got, _ := e.do(t, "GET", "/large.txt", http.Header{"If-None-Match": {`"other"`}}, nil); got != "200 0123456789" {
			t.Errorf("GET /large.txt with another If-None-Match = %s, want 200", got)
		}
	})
	t.Run("host", func(t *testing.T) {
		if got, want := b.last().Host, strings.TrimPrefix(b.URL, "http://"); got != want {
			t.Errorf("the origin is asked for host %q, want its own %q", got, want)
		}
	})
	t.Run("direct", func(t *testing.T) {
		resp, err := http.Get(b.URL + "/www/index.html")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 403 || !bytes.Contains(body, []byte("AccessDenied")) {
			t.Errorf("GET of the bucket itself = %d %s, want 403 AccessDenied", resp.StatusCode, body)
		}
	})
	checkLog(t, e)
}

// checkLog fails if the edge's logs hold a secret or a signature. They are
// at debug level.
func checkLog(t *testing.T, e *edge) {
	t.Helper()
	data, err := os.ReadFile(e.log)
	if err != nil || !bytes.Contains(data, []byte("upstream roundtrip")) {
		t.Fatalf("ReadFile(%s) = %s, %v, want the log at debug level", e.log, data, err)
	}
	for line := range bytes.Lines(data) {
		for _, secret := range []string{edgeKeys.secret, edgeKeys.token, ", Signature=", edgeKeys.id} {
			quoted, _ := json.Marshal(secret)
			if bytes.Contains(line, []byte(secret)) || bytes.Contains(line, quoted[1:len(quoted)-1]) {
				t.Errorf("log holds %q: %s", secret, line)
			}
		}
	}
}

// TestSigningBehavior: always, no-override and never (aws-behaviour 9.4).
func TestSigningBehavior(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", edgeKeys.id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", edgeKeys.secret)
	t.Setenv("AWS_SESSION_TOKEN", edgeKeys.token)
	forged := http.Header{"Authorization": {"Basic x"}, "X-Amz-Date": {"x"}}
	for _, tc := range []struct {
		sign   string
		public bool
		header http.Header
		want   string
		passes bool // what the client sent
	}{
		{"always", false, nil, "200 home", false},
		{"always", false, forged, "200 home", false},
		{"no-override", false, nil, "200 home", false},
		{"no-override", false, http.Header{"X-Amz-Date": {"x"}}, "200 home", false},
		{"no-override", false, forged, "403", true},
		{"never", false, nil, "403", false},
		{"never", true, nil, "200 home", false},
		{"never", true, http.Header{"Authorization": {"Basic x"}}, "200 home", true},
	} {
		t.Run(fmt.Sprintf("%s public %v client %v", tc.sign, tc.public, len(tc.header)), func(t *testing.T) {
			b := startBucket(t, edgeKeys)
			b.public = tc.public
			e := startEdge(t, b, "sign "+tc.sign)
			if got, _ := e.do(t, "GET", "/", tc.header, nil); got != tc.want {
				t.Errorf("GET / = %s, want %s", got, tc.want)
			}
			if got := b.last().Header; (got.Get("Authorization") == "Basic x") != tc.passes {
				t.Errorf("the origin is asked with %v; what the client signed passes: want %v", got, tc.passes)
			}
		})
	}
}

// TestUploads: methods that are allowed, with and without the body in the
// signature.
func TestUploads(t *testing.T) {
	clearEnvironment(t)
	b := startBucket(t, edgeKeys)
	credentials := inFile(t, filepath.Join(t.TempDir(), "credentials"), edgeKeys)
	for _, payload := range []string{"unsigned", "signed"} {
		t.Run(payload, func(t *testing.T) {
			e := startEdge(t, b, credentials, "methods GET PUT DELETE", "payload "+payload)
			if got, _ := e.do(t, "PUT", "/new%20file.txt", http.Header{"X-Amz-Meta-Owner": {"edge"}}, strings.NewReader("content")); got != "200" {
				t.Errorf("PUT = %s, want 200", got)
			}
			if got, h := e.do(t, "GET", "/new%20file.txt", nil, nil); got != "200 content" || h.Get("X-Amz-Meta-Owner") != "edge" {
				t.Errorf("GET = %s with owner %q, want what was put", got, h.Get("X-Amz-Meta-Owner"))
			}
			if got, _ := e.do(t, "PUT", "/c.txt", http.Header{"X-Amz-Content-Sha256": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}}, strings.NewReader("7;chunk-signature=x")); got != "501" {
				t.Errorf("PUT in signed chunks = %s, want 501", got)
			}
			if got, _ := e.do(t, "DELETE", "/new%20file.txt", nil, nil); got != "204" {
				t.Errorf("DELETE = %s, want 204", got)
			}
			large := strings.NewReader(strings.Repeat("a", maxSignedBytes+1))
			if got, _ := e.do(t, "PUT", "/large", nil, large); payload == "signed" && got != "413" || payload == "unsigned" && got != "200" {
				t.Errorf("PUT of more than 16 MiB = %s", got)
			}
			if got, _ := e.do(t, "HEAD", "/", nil, nil); got != "403" {
				t.Errorf("HEAD = %s, want 403: it is not in the list", got)
			}
		})
	}
}

// TestRotation: keys that change in the file are used without a reload.
func TestRotation(t *testing.T) {
	clearEnvironment(t)
	b := startBucket(t, edgeKeys)
	file := filepath.Join(t.TempDir(), "credentials")
	e := startEdge(t, b, inFile(t, file, edgeKeys))
	if got, _ := e.do(t, "GET", "/", nil, nil); got != "200 home" {
		t.Fatalf("GET / = %s, want 200 home", got)
	}
	newer := &keys{id: "AKIANEWER", secret: "another/secret"}
	b.mu.Lock()
	b.keys = newer
	b.mu.Unlock()
	inFile(t, file, newer)
	got := ""
	for deadline := time.Now().Add(2 * time.Minute); got != "200 home"; time.Sleep(50 * time.Millisecond) {
		if got, _ = e.do(t, "GET", "/", nil, nil); got != "200 home" && time.Now().After(deadline) {
			t.Fatalf("GET / with new keys = %s, want 200 home", got)
		}
	}
	checkLog(t, e)
}
