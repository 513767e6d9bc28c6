package index

import (
	"maps"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// routeGroupCtxKey is where Caddy keeps which groups of routes (`handle`
// blocks) a request has been through. Caddy does not export it; a test asks
// two groups twice.
const routeGroupCtxKey caddy.CtxKey = "route_group"

// probe is a question to the origin: does the path of a request with a suffix
// exist? It shares nothing that handlers change with the request it was made
// from, so it can be asked after that one was served.
type probe struct {
	req *http.Request
	w   *probeWriter
}

// newProbe returns the question for r's path with suffix, which is not
// encoded. It is made while r is as the origin's handlers are to see it.
func newProbe(r *http.Request, suffix string) *probe {
	w := &probeWriter{header: make(http.Header)}
	req := r.Clone(r.Context())
	req.Method, req.Body, req.ContentLength, req.TransferEncoding = http.MethodHead, http.NoBody, 0, nil
	appendPath(req.URL, suffix)
	req.RequestURI = req.URL.RequestURI()
	for _, conditional := range []string{
		"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range",
		"Content-Length", "Content-Type", "Expect",
	} {
		req.Header.Del(conditional)
	}
	return &probe{req: prepare(r, req, w), w: w}
}

// prepare returns req with request-scoped values of its own that are equal to
// those of r: variables, route groups passed, placeholders. Placeholders of
// the request say what req is, all others what they are for r.
func prepare(r, req *http.Request, w http.ResponseWriter) *http.Request {
	ctx := r.Context()
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	repl := caddy.NewReplacer()
	req = caddyhttp.PrepareRequest(req, repl, w, server)
	if old, ok := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(old.Get)
	}
	copyMap[any](req, r, caddyhttp.VarsCtxKey)
	copyMap[struct{}](req, r, routeGroupCtxKey)
	return req
}

// copyMap adds the entries of the map that from's context holds under key to
// the one that to's holds.
func copyMap[V any](to, from *http.Request, key caddy.CtxKey) {
	dst, ok1 := to.Context().Value(key).(map[string]V)
	src, ok2 := from.Context().Value(key).(map[string]V)
	if ok1 && ok2 {
		maps.Copy(dst, src)
	}
}

// exists asks next, and tells whether it answered with success. Whatever else
// happens, a failing origin included, is not existence.
func (p *probe) exists(next caddyhttp.Handler) bool {
	if err := next.ServeHTTP(p.w, p.req); err != nil {
		return false
	}
	return p.w.status >= 200 && p.w.status <= 299
}

// probeWriter takes a response and keeps the status. A chain in which nobody
// answers leaves it 0.
type probeWriter struct {
	header http.Header
	status int
}

// Header implements [http.ResponseWriter].
func (w *probeWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *probeWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}

// Write implements [http.ResponseWriter].
func (w *probeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

// Flush implements [http.Flusher].
func (w *probeWriter) Flush() {}
