package index

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// newHandler returns a provisioned handler.
func newHandler(t *testing.T, mode Mode, name string) *Handler {
	t.Helper()
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	t.Cleanup(cancel)
	h := &Handler{Name: name, Mode: mode}
	if err := h.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	return h
}

// newRequest returns a request as Caddy's server hands it to handlers.
func newRequest(t testing.TB, method, target string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	return caddyhttp.PrepareRequest(r, caddy.NewReplacer(), httptest.NewRecorder(), nil)
}

func TestRewrite(t *testing.T) {
	for _, tc := range []struct {
		name, target                         string
		lambdaEdge, root, function, websites string // what the origin is asked for; "" for the target itself
	}{
		{name: "root", target: "/", lambdaEdge: "/index.html", root: "/index.html", function: "/index.html", websites: "/index.html"},
		{name: "root with query", target: "/?a=1&b", lambdaEdge: "/index.html?a=1&b", root: "/index.html?a=1&b", function: "/index.html?a=1&b", websites: "/index.html?a=1&b"},
		{name: "directory", target: "/foo/", lambdaEdge: "/foo/index.html", function: "/foo/index.html", websites: "/foo/index.html"},
		{name: "directory with query", target: "/foo/?a=1", lambdaEdge: "/foo/index.html?a=1", function: "/foo/index.html?a=1", websites: "/foo/index.html?a=1"},
		{name: "no slash", target: "/foo", function: "/foo/index.html"},
		{name: "no slash with query", target: "/foo?a=/", function: "/foo/index.html?a=/"},
		{name: "file", target: "/foo.txt"},
		{name: "the document itself", target: "/foo/index.html"},
		{name: "dot anywhere", target: "/v1.2/docs"},
		{name: "dot in the query only", target: "/docs?v=1.2", function: "/docs/index.html?v=1.2"},
		{name: "encoded slash inside", target: "/a%2Fb/", lambdaEdge: "/a%2Fb/index.html", function: "/a%2Fb/index.html", websites: "/a%2Fb/index.html"},
		{name: "encoded slash at the end", target: "/a%2F", function: "/a%2F/index.html"},
		{name: "encoded dot", target: "/a%2Eb", function: "/a%2Eb/index.html"},
		{name: "Chinese", target: "/%E4%B8%AD/", lambdaEdge: "/%E4%B8%AD/index.html", function: "/%E4%B8%AD/index.html", websites: "/%E4%B8%AD/index.html"},
		{name: "lower-case hexadecimal", target: "/%e4%b8%ad/", lambdaEdge: "/%e4%b8%ad/index.html", function: "/%e4%b8%ad/index.html", websites: "/%e4%b8%ad/index.html"},
		{name: "space", target: "/a%20b/", lambdaEdge: "/a%20b/index.html", function: "/a%20b/index.html", websites: "/a%20b/index.html"},
		{name: "question mark as data", target: "/a%3Fb/", lambdaEdge: "/a%3Fb/index.html", function: "/a%3Fb/index.html", websites: "/a%3Fb/index.html"},
		{name: "plus and tilde", target: "/a+b~/", lambdaEdge: "/a+b~/index.html", function: "/a+b~/index.html", websites: "/a+b~/index.html"},
		{name: "two slashes", target: "//", lambdaEdge: "//index.html", function: "//index.html", websites: "//index.html"},
		{name: "host-like", target: "//evil.example.org/", lambdaEdge: "//evil.example.org/index.html", function: "//evil.example.org/index.html", websites: "//evil.example.org/index.html"},
		{name: "dot segments", target: "/../", lambdaEdge: "/../index.html", function: "/../index.html", websites: "/../index.html"},
		{name: "absolute form without a path", target: "http://example.org", lambdaEdge: "/index.html", root: "/index.html", function: "/index.html", websites: "/index.html"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for mode, want := range map[Mode]string{
				ModeLambdaEdge: tc.lambdaEdge, ModeRoot: tc.root, ModeFunction: tc.function, ModeWebsite: tc.websites,
			} {
				r := newRequest(t, "GET", tc.target)
				if want == "" {
					want = r.URL.RequestURI()
				}
				var got string
				next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
					if got = r.URL.RequestURI(); got != r.RequestURI && r.RequestURI != tc.target {
						t.Errorf("%s: RequestURI = %q, want %q", mode, r.RequestURI, got)
					}
					return nil
				})
				if err := newHandler(t, mode, "").ServeHTTP(httptest.NewRecorder(), r, next); err != nil {
					t.Fatalf("%s: ServeHTTP(%q) = %v", mode, tc.target, err)
				}
				if got != want {
					t.Errorf("%s: ServeHTTP(%q) asks the origin for %q, want %q", mode, tc.target, got, want)
				}
			}
		})
	}
}

func TestRewriteOfWhatIsNoPath(t *testing.T) {
	for _, tc := range []struct{ name, method, path string }{
		{"asterisk form", "OPTIONS", "*"},
		{"authority form", "CONNECT", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRequest(t, tc.method, "/")
			r.URL.Path = tc.path
			next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				if r.URL.Path != tc.path {
					t.Errorf("ServeHTTP(%s %q) passes on %q, want it unchanged", tc.method, tc.path, r.URL.Path)
				}
				return nil
			})
			if err := newHandler(t, ModeFunction, "").ServeHTTP(httptest.NewRecorder(), r, next); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, tc := range []struct{ name, document, target, want string }{
		{"plain", "default.htm", "/a/", "/a/default.htm"},
		{"no dot", "index", "/a", "/a/index"},
		{"space", "my index.html", "/a/", "/a/my%20index.html"},
		{"space below an encoded slash", "my index.html", "/a%2Fb/", "/a%2Fb/my%20index.html"},
		{"delimiters", "a?b#c", "/a%2Fb/", "/a%2Fb/a%3Fb%23c"},
		{"percent sign", "100%2F", "/a/", "/a/100%252F"},
		{"placeholder is no placeholder", "{http.request.host}", "/a/", "/a/%7Bhttp.request.host%7D"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got string
			next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				got = r.RequestURI
				return nil
			})
			err := newHandler(t, ModeFunction, tc.document).ServeHTTP(httptest.NewRecorder(), newRequest(t, "GET", tc.target), next)
			if err != nil || got != tc.want {
				t.Errorf("ServeHTTP(%q) with %q asks for %q, %v, want %q", tc.target, tc.document, got, err, tc.want)
			}
		})
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		h    Handler
	}{
		{"slash", Handler{Name: "a/b", Mode: ModeRoot}},
		{"backslash", Handler{Name: `a\b`, Mode: ModeRoot}},
		{"dot", Handler{Name: ".", Mode: ModeRoot}},
		{"parent", Handler{Name: "..", Mode: ModeRoot}},
		{"control character", Handler{Name: "a\nb", Mode: ModeRoot}},
		{"empty", Handler{Name: "", Mode: ModeRoot}},
		{"unknown mode", Handler{Name: "a", Mode: "s3"}},
		{"mode in upper case", Handler{Name: "a", Mode: "ROOT"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.h.Validate(); err == nil {
				t.Errorf("Validate(%+v) = nil, want an error", tc.h)
			}
		})
	}
}

func TestPlaceholdersFollow(t *testing.T) {
	r := newRequest(t, "GET", "/a/?q")
	next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
		const in = "{http.request.uri} {http.request.orig_uri}"
		if got, want := repl.ReplaceAll(in, ""), "/a/index.html?q /a/?q"; got != want {
			t.Errorf("ReplaceAll(%q) = %q, want %q", in, got, want)
		}
		return nil
	})
	if err := newHandler(t, "", "").ServeHTTP(httptest.NewRecorder(), r, next); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreSharedWithinAConfiguration(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	var last *Handler
	for range 2 {
		last = new(Handler)
		if err := last.Provision(ctx); err != nil {
			t.Fatal(err)
		}
		if err := last.ServeHTTP(httptest.NewRecorder(), newRequest(t, "GET", "/"), next); err != nil {
			t.Fatal(err)
		}
	}
	if got := testutil.ToFloat64(last.metrics.rewrites.WithLabelValues("lambda_edge")); got != 2 {
		t.Errorf("rewrites = %v, want 2", got)
	}
}
