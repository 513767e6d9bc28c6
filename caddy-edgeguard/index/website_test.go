package index

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// origin is a handler that answers what it is told for each path, in the way
// of file_server (an error) or of reverse_proxy (a response).
type origin struct {
	objects  map[string]int // path to status; missing: 404
	asErrors bool
	body     string
	asked    []string
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	o.asked = append(o.asked, r.Method+" "+r.RequestURI)
	status, ok := o.objects[r.URL.Path]
	if !ok {
		status = http.StatusNotFound
	}
	if o.asErrors && status >= 400 {
		return caddyhttp.Error(status, fmt.Errorf("no object"))
	}
	w.Header().Set("X-Origin", "yes")
	if status/100 == 3 {
		w.Header().Set("Location", r.URL.Path+"/")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, err := w.Write([]byte(o.body))
		return err
	}
	return nil
}

func TestWebsite(t *testing.T) {
	for _, tc := range []struct {
		name, target string
		objects      map[string]int
		status       int
		location     string
		asked        int
	}{
		{"object", "/photos", map[string]int{"/photos": 200, "/photos/index.html": 200}, 200, "", 1},
		{"directory", "/photos?a=1", map[string]int{"/photos/index.html": 200}, 302, "/photos/?a=1", 2},
		{"neither", "/photos", nil, 404, "", 2},
		{"object forbidden, document there", "/photos", map[string]int{"/photos": 403, "/photos/index.html": 200}, 302, "/photos/", 2},
		{"all forbidden", "/photos", map[string]int{"/photos": 403, "/photos/index.html": 403}, 403, "", 2},
		{"origin fails", "/photos", map[string]int{"/photos": 503, "/photos/index.html": 200}, 503, "", 1},
		{"origin fails at the second question", "/photos", map[string]int{"/photos/index.html": 503}, 404, "", 2},
		{"empty object", "/photos", map[string]int{"/photos": 204}, 204, "", 1},
		{"not modified", "/photos", map[string]int{"/photos": 304}, 304, "/photos/", 1},
		{"origin redirects, document there", "/photos", map[string]int{"/photos": 308, "/photos/index.html": 200}, 302, "/photos/", 2},
		{"origin redirects, no document", "/photos", map[string]int{"/photos": 308}, 308, "/photos/", 2},
		{"directory URL", "/photos/", map[string]int{"/photos/index.html": 200}, 200, "", 1},
		{"directory URL without document", "/photos/", map[string]int{"/photos": 200}, 404, "", 1},
		{"host-like", "//evil.example.org", map[string]int{"//evil.example.org/index.html": 200}, 404, "", 1},
		{"dot segment", "/a/../photos", map[string]int{"/a/../photos/index.html": 200}, 404, "", 1},
	} {
		for _, asErrors := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, errors %v", tc.name, asErrors), func(t *testing.T) {
				o := &origin{objects: tc.objects, asErrors: asErrors, body: "page"}
				w := httptest.NewRecorder()
				err := newHandler(t, ModeWebsite, "").ServeHTTP(w, newRequest(t, "GET", tc.target), o)
				status := w.Code
				if he := (caddyhttp.HandlerError{}); errors.As(err, &he) {
					status = he.StatusCode
				}
				if location := w.Header().Get("Location"); status != tc.status || location != tc.location {
					t.Errorf("ServeHTTP(%q) = %d to %q, want %d to %q", tc.target, status, location, tc.status, tc.location)
				}
				if len(o.asked) != tc.asked {
					t.Errorf("ServeHTTP(%q) asks the origin %q, want %d questions", tc.target, o.asked, tc.asked)
				}
				if redirected := status == 302; redirected == (w.Header().Get("X-Origin") == "yes") && err == nil {
					t.Errorf("ServeHTTP(%q) = %d with header %v", tc.target, status, w.Header())
				}
				if status != 302 && err == nil && w.Body.String() != "page" {
					t.Errorf("ServeHTTP(%q) body = %q, want the origin's", tc.target, w.Body)
				}
			})
		}
	}
}

func TestWebsiteMethods(t *testing.T) {
	for method, want := range map[string]int{
		"GET": 302, "HEAD": 302, "POST": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "PATCH": 405,
	} {
		t.Run(method, func(t *testing.T) {
			o := &origin{objects: map[string]int{"/photos/index.html": 200}}
			w := httptest.NewRecorder()
			err := newHandler(t, ModeWebsite, "").ServeHTTP(w, newRequest(t, method, "/photos"), o)
			got := w.Code
			if he := (caddyhttp.HandlerError{}); errors.As(err, &he) {
				got = he.StatusCode
			}
			if got != want {
				t.Errorf("ServeHTTP(%s) = %d, want %d", method, got, want)
			}
			if want == 405 && (w.Header().Get("Allow") != "GET, HEAD" || len(o.asked) > 0) {
				t.Errorf("ServeHTTP(%s): Allow = %q, origin asked %q", method, w.Header().Get("Allow"), o.asked)
			}
		})
	}
}

func TestProbeIsAQuestionOfItsOwn(t *testing.T) {
	r := newRequest(t, "GET", "/photos")
	r.Header.Set("If-None-Match", `"x"`)
	r.Header.Set("Range", "bytes=0-0")
	r.Header.Set("Authorization", "who")
	caddyhttp.SetVar(r.Context(), "root", "/srv")
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Set("http.regexp.site.1", "one")
	n := 0
	next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		n++
		if n == 1 {
			r.URL.Path, r.Method = "/elsewhere", "DELETE" // as downstream rewrites may
			r.Header.Set("Authorization", "else")
			caddyhttp.SetVar(r.Context(), "first", "yes")
			return caddyhttp.Error(http.StatusNotFound, nil)
		}
		repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
		const in = "{http.request.method} {http.request.uri} {http.vars.root} {http.vars.first} {http.regexp.site.1} {http.request.header.Authorization}"
		if got, want := repl.ReplaceAll(in, "-"), "HEAD /photos/index.html /srv - one who"; got != want {
			t.Errorf("ReplaceAll(%q) = %q, want %q", in, got, want)
		}
		if got := r.Header.Get("If-None-Match") + r.Header.Get("Range"); got != "" {
			t.Errorf("probe has the conditions %q, want none", got)
		}
		return nil // nobody answers: not existence
	})
	w := httptest.NewRecorder()
	err := newHandler(t, ModeWebsite, "").ServeHTTP(w, r, next)
	if he := (caddyhttp.HandlerError{}); !errors.As(err, &he) || he.StatusCode != 404 || n != 2 {
		t.Errorf("ServeHTTP() = %v after %d questions, want 404 after 2", err, n)
	}
}

func TestHeldWriter(t *testing.T) {
	hold404 := func(status int, _ http.Header) bool { return status == 404 }
	t.Run("dropped", func(t *testing.T) {
		rec := httptest.NewRecorder()
		rec.Header().Set("Server", "Caddy")
		w := newHeldWriter(rec, hold404)
		w.Header().Set("Etag", "x")
		w.Header().Del("Server")
		w.WriteHeader(404)
		fmt.Fprint(w, "gone")
		if err := w.FlushError(); err != nil || rec.Flushed {
			t.Errorf("FlushError() = %v, flushed %v, want nothing flushed", err, rec.Flushed)
		}
		w.drop()
		if rec.Header().Get("Etag") != "" || rec.Header().Get("Server") != "Caddy" || rec.Body.Len() > 0 {
			t.Errorf("drop() leaves %v, %q", rec.Header(), rec.Body)
		}
	})
	t.Run("released", func(t *testing.T) {
		rec := httptest.NewRecorder()
		w := newHeldWriter(rec, hold404)
		w.WriteHeader(404)
		w.WriteHeader(500)
		if _, err := w.ReadFrom(strings.NewReader("gone")); err != nil {
			t.Error(err)
		}
		if w.release(); rec.Code != 404 || rec.Body.String() != "gone" {
			t.Errorf("release() = %d %q, want 404 %q", rec.Code, rec.Body, "gone")
		}
	})
	t.Run("too long", func(t *testing.T) {
		rec := httptest.NewRecorder()
		w := newHeldWriter(rec, hold404)
		w.WriteHeader(404)
		const n = maxHeldBytes + 10
		if _, err := w.ReadFrom(strings.NewReader(strings.Repeat("a", n))); err != nil {
			t.Error(err)
		}
		if w.holding() || rec.Code != 404 || rec.Body.Len() != n {
			t.Errorf("body of %d bytes: holding %v, %d with %d bytes", n, w.holding(), rec.Code, rec.Body.Len())
		}
	})
	t.Run("passed", func(t *testing.T) {
		rec := httptest.NewRecorder()
		w := newHeldWriter(rec, hold404)
		w.WriteHeader(103)
		fmt.Fprint(w, "page")
		if err := http.NewResponseController(w).Flush(); err != nil || !rec.Flushed || rec.Code != 200 && rec.Code != 103 || rec.Body.String() != "page" {
			t.Errorf("Flush() = %v, flushed %v, %d %q", err, rec.Flushed, rec.Code, rec.Body)
		}
	})
}
