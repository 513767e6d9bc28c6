package index

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that the Caddyfiles name
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// pages are the objects of the site that the tests serve. The last one is in a
// directory that has the name of the index document.
var pages = map[string]string{
	"index.html":                          "home",
	"subdirectory/index.html":             "sub",
	"subdirectory/file.txt":               "file",
	"empty/file.txt":                      "file",
	"中/index.html":                        "zhong",
	"a b/index.html":                      "space",
	"odd/index.html/index.html":           "odd",
	"v1.2/docs/index.html":                "docs",
	"evil.example.org/index.html":         "not evil",
	"handled/subdirectory/index.html":     "handled",
	"percent%2Fencoded/index.html":        "percent",
	"subdirectory/nested/deep/index.html": "deep",
}

// serve runs a Caddyfile whose site listens on {socket}, and returns a client
// that reaches it under any host name and does not follow redirects. Caddy has
// one configuration a process, so tests that serve are not parallel.
func serve(t *testing.T, caddyfile string) *http.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "index") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "site.sock")
	options := "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n\tstorage file_system " + dir + "\n}\n"
	caddyfile = options + strings.ReplaceAll(caddyfile, "{socket}", "unix/"+socket)
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		t.Fatalf("Adapt(%s) = %v", caddyfile, err)
	}
	for _, w := range warnings {
		t.Logf("adapting: %v", w)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatalf("Load(%s) = %v", config, err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get asks for a target as it is spelled, and returns "STATUS body" or
// "STATUS -> Location".
func get(t *testing.T, client *http.Client, method, target string) string {
	t.Helper()
	req, err := http.NewRequest(method, "http://site.example.org/", nil)
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	req.URL.Opaque, req.URL.RawQuery = path, query
	if strings.HasPrefix(path, "//") {
		req.URL.Opaque = "//site.example.org" + path // Opaque would be taken for an authority
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	if location := resp.Header.Get("Location"); location != "" {
		return fmt.Sprintf("%d -> %s", resp.StatusCode, location)
	}
	if resp.StatusCode >= 400 {
		return fmt.Sprint(resp.StatusCode)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, body))
}

// writeSite writes the pages to a folder and returns it. Beside it stands an
// index document that nobody may ever see.
func writeSite(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	root := filepath.Join(top, "root")
	write := func(name, content string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range pages {
		write(filepath.Join(root, filepath.FromSlash(name)), content)
	}
	write(filepath.Join(top, "index.html"), "secret")
	return root
}

// startS3 starts an S3-compatible server that holds the pages in the bucket
// "site" and returns its address. Buckets are hosts under s3.example.org.
func startS3(t *testing.T) string {
	t.Helper()
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend,
		gofakes3.WithHostBucketBase("s3.example.org"), gofakes3.WithLogger(gofakes3.DiscardLog()),
	).Server())
	t.Cleanup(server.Close)
	if err := backend.CreateBucket("site"); err != nil {
		t.Fatal(err)
	}
	for name, content := range pages {
		if _, err := backend.PutObject("site", name, nil, bytes.NewReader([]byte(content)), int64(len(content)), nil); err != nil {
			t.Fatal(err)
		}
	}
	return server.Listener.Addr().String()
}

// answers are what a site says to GET, in the form of [get].
type answers map[string]string

func (a answers) check(t *testing.T, client *http.Client) {
	t.Helper()
	for target, want := range a {
		if got := get(t, client, "GET", target); got != want {
			t.Errorf("GET %s = %s, want %s", target, got, want)
		}
	}
}

func TestFileServer(t *testing.T) {
	site := func(directive string) string {
		return "http:// {\n\tbind {socket}\n\troot " + writeSite(t) + "\n\t" + directive + "\n\tfile_server\n}\n"
	}
	for _, tc := range []struct {
		name, directive string
		want            answers
	}{
		{"lambda_edge", "default_index", answers{
			"/": "200 home", "/?a=1": "200 home", "/subdirectory/": "200 sub", "/subdirectory/index.html": "200 sub",
			"/subdirectory/file.txt": "200 file", "/empty/": "404", "/none/": "404", "/%E4%B8%AD/": "200 zhong",
			"/a%20b/": "200 space", "/odd/index.html/": "200 odd", "/v1.2/docs/": "200 docs", "/percent%252Fencoded/": "200 percent",
			"//": "200 home", "/../": "200 home", "/%2e%2e/": "200 home", "/..%2f": "200 home", "/%2e%2e%2f%2e%2e/": "200 home",
			"//evil.example.org/": "200 not evil", "/subdirectory/../": "200 home",
		}},
		{"function", "default_index {\n\t\tmode function\n\t}", answers{
			"/": "200 home", "/subdirectory": "200 sub", "/subdirectory/nested/deep": "200 deep", "/%E4%B8%AD": "200 zhong",
			"/v1.2/docs/": "200 docs", "/%2e%2e": "200 home", "/subdirectory/file.txt": "200 file", "//evil.example.org/": "200 not evil",
		}},
		{"website", "default_index {\n\t\tmode website\n\t}", answers{
			"/": "200 home", "/subdirectory/": "200 sub", "/subdirectory": "302 -> /subdirectory/",
			"/subdirectory?a=1": "302 -> /subdirectory/?a=1", "/subdirectory/index.html": "200 sub", "/subdirectory/file.txt": "200 file",
			"/empty": "404", "/none": "404", "/%E4%B8%AD": "302 -> /%E4%B8%AD/", "/a%20b": "302 -> /a%20b/",
			"/odd/index.html": "302 -> /odd/index.html/", "/odd/index.html/": "200 odd", "/v1.2/docs": "302 -> /v1.2/docs/",
			"/%2e%2e/subdirectory/": "200 sub",
		}},
		{"another name", "default_index file.txt", answers{
			"/subdirectory/": "200 file", "/empty/": "200 file", "/": "404",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.want.check(t, serve(t, site(tc.directive))) })
	}
}

func TestWebsiteNeverRedirectsToAnotherHost(t *testing.T) {
	client := serve(t, "http:// {\n\tbind {socket}\n\troot "+writeSite(t)+"\n\tdefault_index {\n\t\tmode website\n\t}\n\tfile_server\n}\n")
	for _, target := range []string{
		"//evil.example.org", "///evil.example.org", "/..//evil.example.org", "/%2e%2e//evil.example.org", "/%5Cevil.example.org", "/.//evil.example.org",
	} {
		got := get(t, client, "GET", target)
		if _, location, ok := strings.Cut(got, " -> "); ok && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.HasPrefix(location, `/\`)) {
			t.Errorf("GET %s = %s, which leads to another host", target, got)
		}
	}
}

func TestObjectStore(t *testing.T) {
	site := func(directive string) string {
		return "http:// {\n\tbind {socket}\n\t" + directive + "\n\treverse_proxy " + startS3(t) + " {\n\t\theader_up Host site.s3.example.org\n\t}\n}\n"
	}
	for _, tc := range []struct {
		name, directive string
		want            answers
	}{
		{"lambda_edge", "default_index", answers{
			"/": "200 home", "/?a=1": "200 home", "/subdirectory/": "200 sub", "/subdirectory/index.html": "200 sub",
			"/subdirectory": "404", "/%E4%B8%AD/": "200 zhong", "/a%20b/": "200 space", "/odd/index.html/": "200 odd",
		}},
		{"root", "default_index {\n\t\tmode root\n\t}", answers{
			"/": "200 home", "/subdirectory/index.html": "200 sub", "/subdirectory/": "404",
		}},
		{"function", "default_index {\n\t\tmode function\n\t}", answers{
			"/": "200 home", "/subdirectory": "200 sub", "/subdirectory/": "200 sub", "/v1.2/docs": "404", "/v1.2/docs/": "200 docs",
		}},
		{"website", "default_index {\n\t\tmode website\n\t}", answers{
			"/": "200 home", "/subdirectory/": "200 sub", "/subdirectory": "302 -> /subdirectory/", "/subdirectory?a=1": "302 -> /subdirectory/?a=1",
			"/subdirectory/index.html": "200 sub", "/subdirectory/file.txt": "200 file", "/none": "404", "/none/": "404", "/empty": "404",
			"/%E4%B8%AD": "302 -> /%E4%B8%AD/", "/v1.2/docs": "302 -> /v1.2/docs/", "//evil.example.org": "404",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.want.check(t, serve(t, site(tc.directive))) })
	}
}

// TestWebsiteBehindHandles asks a site whose origins stand in handle blocks,
// of which Caddy runs one a request: the second question must not find them
// used up, nor may it fall through to a block that answers everything.
func TestWebsiteBehindHandles(t *testing.T) {
	root := writeSite(t)
	answers{
		"/handled/subdirectory": "302 -> /handled/subdirectory/",
		"/handled/none":         "404",
		"/inside/subdirectory":  "302 -> /inside/subdirectory/",
		"/inside/none":          "200",
		"/elsewhere":            "200 for all",
	}.check(t, serve(t, `http:// {
	bind {socket}
	root `+root+`
	@outside not path /inside/*
	default_index @outside {
		mode website
	}
	handle /handled/* {
		file_server
	}
	handle_path /inside/* {
		default_index {
			mode website
		}
		file_server {
			pass_thru
		}
	}
	handle {
		respond "for all"
	}
}
`))
}

func TestPrefixes(t *testing.T) {
	root := writeSite(t)
	answers{
		"/app/subdirectory": "302 -> /app/subdirectory/", "/app/subdirectory/": "200 sub", "/app/": "200 home",
	}.check(t, serve(t, `http:// {
	bind {socket}
	root `+root+`
	uri strip_prefix /app
	default_index {
		mode website
	}
	file_server
}
`))
}

func TestHeadAndRefusedMethods(t *testing.T) {
	client := serve(t, "http:// {\n\tbind {socket}\n\tdefault_index {\n\t\tmode website\n\t}\n\treverse_proxy "+startS3(t)+" {\n\t\theader_up Host site.s3.example.org\n\t}\n}\n")
	for _, tc := range []struct{ method, target, want string }{
		{"HEAD", "/subdirectory", "302 -> /subdirectory/"}, {"HEAD", "/subdirectory/", "200"}, {"HEAD", "/none", "404"},
		{"POST", "/subdirectory", "405"}, {"DELETE", "/subdirectory/", "405"},
	} {
		if got := get(t, client, tc.method, tc.target); got != tc.want {
			t.Errorf("%s %s = %s, want %s", tc.method, tc.target, got, tc.want)
		}
	}
}

func TestMetricsOfASite(t *testing.T) {
	client := serve(t, "http:// {\n\tbind {socket}\n\troot "+writeSite(t)+"\n\tdefault_index {\n\t\tmode website\n\t}\n\tmetrics /metrics\n\tfile_server\n}\n")
	answers{"/": "200 home", "/subdirectory": "302 -> /subdirectory/"}.check(t, client)
	got := get(t, client, "GET", "/metrics")
	for _, want := range []string{
		`caddy_http_default_index_rewrites_total{mode="website"} 1`, `caddy_http_default_index_redirects_total 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("GET /metrics lacks %s", want)
		}
	}
}
