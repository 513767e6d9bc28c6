package index

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

func TestDirectoryURL(t *testing.T) {
	for _, tc := range []struct {
		name, asked, rewritten string // rewritten "": as asked
		want                   string // "": none
	}{
		{"plain", "/photos", "", "/photos/"},
		{"query", "/photos?a=1&b=%20", "", "/photos/?a=1&b=%20"},
		{"encoded", "/a%2Fb%20c", "", "/a%2Fb%20c/"},
		{"Chinese", "/%E4%B8%AD", "", "/%E4%B8%AD/"},
		{"host-like", "//evil.example.org", "", ""},
		{"host-like after three slashes", "///evil.example.org", "", ""},
		{"backslash", "/%5Cevil.example.org", "", "/%5Cevil.example.org/"},
		{"raw backslash is encoded", `/\evil.example.org`, "", "/%5Cevil.example.org/"},
		{"empty segment inside", "/a//b", "", "/a//b/"},
		{"parent segment", "/../photos", "", ""},
		{"encoded parent segment", "/%2e%2E/photos", "", ""},
		{"half encoded parent segment", "/a/.%2e/photos", "", ""},
		{"dot segment", "/./photos", "", ""},
		{"dots that are no segment", "/..a/.b/c..", "", "/..a/.b/c../"},
		{"final slash", "/photos/", "", ""},
		{"prefix stripped", "/app/photos", "/photos", "/app/photos/"},
		{"prefix added", "/photos?x", "/bucket/photos?y", "/photos/?x"},
		{"last segment rewritten", "/fotos", "/photos", ""},
		{"slash rewritten away", "/photos/", "/photos", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRequest(t, "GET", tc.asked)
			if tc.rewritten != "" {
				u, err := url.Parse(tc.rewritten)
				if err != nil {
					t.Fatal(err)
				}
				*r.URL = *u
			}
			got, ok := directoryURL(r)
			if got != tc.want || ok != (tc.want != "") {
				t.Errorf("directoryURL(%q as %q) = %q, %v, want %q", tc.asked, tc.rewritten, got, ok, tc.want)
			}
		})
	}
}

// FuzzServeHTTP asks every mode for arbitrary targets: the path is at most
// extended by the document's name, its encoding is kept, and no redirect leads
// away from the host or to anything but the target with a slash.
func FuzzServeHTTP(f *testing.F) {
	for _, target := range []string{
		"/", "/a/?b=c", "/a%2Fb/", "/%E4%B8%AD/", "//", "//evil.example.org", "/../", "/%2e%2e", "/a?//b", "/\\evil", "http://example.org", "/index.html/", "/a;b=c/", "/%zz",
	} {
		f.Add(target)
	}
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			return
		}
		for _, mode := range []Mode{ModeLambdaEdge, ModeRoot, ModeFunction, ModeWebsite} {
			base := httptest.NewRequest("GET", "/", nil)
			v := *u
			base.URL, base.RequestURI = &v, target
			r := caddyhttp.PrepareRequest(base, caddy.NewReplacer(), httptest.NewRecorder(), nil)
			var asked []string
			next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				asked = append(asked, r.URL.EscapedPath())
				if r.URL.RawQuery != u.RawQuery {
					t.Errorf("%s: ServeHTTP(%q) passes on the query %q", mode, target, r.URL.RawQuery)
				}
				if len(asked) == 1 {
					w.WriteHeader(http.StatusNotFound)
				}
				return nil
			})
			w := httptest.NewRecorder()
			h := &Handler{Name: "index.html", Mode: mode, logger: zap.NewNop(), metrics: m}
			if err := h.ServeHTTP(w, r, next); err != nil {
				t.Fatal(err)
			}
			path := u.EscapedPath()
			for _, a := range asked {
				if rest, ok := strings.CutPrefix(a, path); !ok || rest != "" && rest != "index.html" && rest != "/index.html" {
					t.Errorf("%s: ServeHTTP(%q) asks for %q", mode, target, a)
				}
			}
			if location := w.Header().Get("Location"); location != "" {
				checkLocation(t, location, u)
			}
		}
	})
}

// checkLocation checks that a client that asked for u and follows location
// stays on its host and asks for u with a slash.
func checkLocation(t *testing.T, location string, u *url.URL) {
	t.Helper()
	to, err := url.Parse(location)
	if err != nil || to.Host != "" || to.Scheme != "" || strings.HasPrefix(location, "//") || strings.Contains(location, `\`) {
		t.Fatalf("Location = %q of %q leads to another host", location, u)
	}
	base := &url.URL{Scheme: "https", Host: "example.org"}
	if got := base.ResolveReference(to); got.Host != "example.org" || got.EscapedPath() != u.EscapedPath()+"/" || got.RawQuery != u.RawQuery {
		t.Fatalf("Location = %q of %q resolves to %q", location, u, got)
	}
}
