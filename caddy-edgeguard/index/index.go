// Package index provides the Caddy HTTP handler `default_index`: directory
// URLs lead to an index document, as CloudFront, its edge functions and S3
// website endpoints do it.
//
// The handler stands before the origin (file_server, reverse_proxy...), which
// need not know what a directory is. It never reads files itself: what exists
// is asked of the handlers behind it. It is not a rewrite engine: the only
// thing it ever does to a path is to append the document's name. A handler is
// immutable once provisioned and safe for concurrent use. Paths are compared
// and extended in the percent-encoded form in which they were sent (RFC 3986
// section 2).
package index

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/edgestage/edgestage/caddy-edgeguard/accesslog"
	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler leads directory URLs to an index document, before the origin sees
// them.
//
// The query string, the percent-encoding and the method are kept. The
// rewritten path is visible to the handlers that follow and to the origin,
// never to the client: a redirect that this handler answers, or that
// `file_server` answers behind it, names the path that the client asked for.
type Handler struct {
	// The name of the index document, case-sensitive. It is one path segment:
	// it holds no slash, backslash or control character and is neither `.`
	// nor `..`. Placeholders are not replaced. Default: `index.html`.
	Name string `json:"name,omitempty"`

	// Which paths lead to the index document. Default: `lambda_edge`.
	//
	// - `lambda_edge`: every path that ends in a slash, as the Lambda@Edge
	//   origin request function of AWS's blog does it.
	// - `root`: only `/` itself, as CloudFront's default root object.
	// - `function`: every path that ends in a slash, and, with a slash put
	//   between, every path that holds no `.` at all, as the CloudFront
	//   function of AWS's guide does it.
	// - `website`: as an S3 website endpoint. A path that ends in a slash
	//   leads to the index document. Any other is looked up as it is; where
	//   the origin answers 403 or 404, or redirects to the same path with a
	//   slash, the index document below that path is looked for with a HEAD
	//   request, and if it exists the client is redirected (302) to the path
	//   with a slash. Methods other than GET and HEAD are refused with 405.
	Mode Mode `json:"mode,omitempty"`

	logger  *zap.Logger
	metrics *metrics
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.default_index",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision sets the defaults and registers the metrics.
func (h *Handler) Provision(ctx caddy.Context) error {
	if h.Name == "" {
		h.Name = "index.html"
	}
	if h.Mode == "" {
		h.Mode = ModeLambdaEdge
	}
	h.logger = ctx.Logger()
	var err error
	if h.metrics, err = newMetrics(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	return nil
}

// Validate refuses names and modes that there are not.
func (h *Handler) Validate() error {
	return errors.Join(validateName(h.Name), h.Mode.validate())
}

// validateName returns an error unless name is one plain path segment.
func validateName(name string) error {
	switch {
	case name == "":
		return errors.New("name of the index document is empty")
	case strings.ContainsAny(name, `/\`), name == ".", name == "..", strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("name of the index document %q is not one path segment: no slash, backslash or control character, neither '.' nor '..'", name)
	}
	return nil
}

// ServeHTTP passes the request on, to the index document where the mode says
// so.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	handshake.Mark(r)
	accesslog.Follow(r)
	if h.Mode == ModeWebsite && r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, fmt.Errorf("method %q of a website is neither GET nor HEAD", r.Method))
	}
	if suffix := h.Mode.suffix(requestPath(r), h.Name); suffix != "" {
		r = h.rewrite(r, suffix)
		return next.ServeHTTP(w, r)
	}
	if h.Mode == ModeWebsite {
		return h.serveWebsite(w, r, next)
	}
	return next.ServeHTTP(w, r)
}

// rewrite appends suffix to the request's path, in place like Caddy's own
// rewrites so that placeholders follow, and returns the request to pass on.
func (h *Handler) rewrite(r *http.Request, suffix string) *http.Request {
	from := r.RequestURI
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	appendPath(r.URL, suffix)
	r.RequestURI = r.URL.RequestURI()
	h.metrics.rewrites.WithLabelValues(string(h.Mode)).Inc()
	if c := h.logger.Check(zapcore.DebugLevel, "rewrote request"); c != nil {
		c.Write(zap.String("from", from), zap.String("to", r.RequestURI))
	}
	return withoutCanonicalRedirect(r)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
