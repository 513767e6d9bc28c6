package index

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// serveWebsite answers a path without final slash as an S3 website endpoint
// does (Amazon S3 User Guide, "Configuring an index document"):
//
//	object `photos`  object `photos/NAME`  answer
//	exists           any                   the object
//	missing          exists                302 to `/photos/`
//	missing          missing               the origin's answer, 403 or 404
//
// The origin is asked for the object first, since most paths name one; its
// refusal is held back while the second question is asked.
func (h *Handler) serveWebsite(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	location, ok := directoryURL(r)
	if !ok {
		return next.ServeHTTP(w, r)
	}
	probe := newProbe(r, "/"+h.Name) // before others change r
	held := newHeldWriter(w, refusal(r))
	err := next.ServeHTTP(held, r)
	if !held.holding() && !missing(err) {
		return err
	}
	if !probe.exists(next) {
		held.release()
		return err
	}
	held.drop()
	h.metrics.redirects.Inc()
	if c := h.logger.Check(zapcore.DebugLevel, "redirecting to directory"); c != nil {
		c.Write(zap.String("uri", r.RequestURI), zap.String("location", location))
	}
	w.Header().Set("Location", location)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusFound)
	return nil
}

// missing tells whether err, returned by a handler that wrote nothing, says
// that there is no such object, or none that may be seen.
func missing(err error) bool {
	var he caddyhttp.HandlerError
	return errors.As(err, &he) && (he.StatusCode == http.StatusNotFound || he.StatusCode == http.StatusForbidden)
}

// refusal returns which responses to r say that the origin has no such object:
// 403, 404, and a redirect to the same path with a slash, by which origins
// that know directories tell that there is one.
func refusal(r *http.Request) func(status int, header http.Header) bool {
	viewer, asked := viewerURL(r).Path+"/", r.URL.Path+"/"
	return func(status int, header http.Header) bool {
		switch status {
		case http.StatusForbidden, http.StatusNotFound:
			return true
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			to, err := url.Parse(header.Get("Location"))
			return err == nil && to.Scheme == "" && to.Host == "" && (to.Path == viewer || to.Path == asked)
		}
		return false
	}
}
