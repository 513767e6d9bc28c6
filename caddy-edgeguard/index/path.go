package index

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// requestPath returns the path of a request as it is sent, percent-encoded;
// "" for CONNECT, whose target is no path. An absolute-form target without a
// path means "/" (RFC 9112 section 3.2.2).
func requestPath(r *http.Request) string {
	p := r.URL.EscapedPath()
	if p == "" && r.Method != http.MethodConnect {
		return "/"
	}
	return p
}

// appendPath appends suffix, which is not encoded, to u's path and keeps the
// encoding of what stands there.
func appendPath(u *url.URL, suffix string) {
	if u.RawPath != "" {
		u.RawPath += (&url.URL{Path: suffix}).EscapedPath()
	}
	u.Path += suffix
}

// viewerURL returns the URL that the client asked for, before all rewrites.
func viewerURL(r *http.Request) *url.URL {
	if orig, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && orig.URL != nil {
		return orig.URL
	}
	return r.URL
}

// withoutCanonicalRedirect returns a request that file_server answers rather
// than redirects. It redirects when the last segment of the path it serves and
// of the path that the client asked for are the same, taking that for "nobody
// rewrote": wrong for `/a/index.html/`, which became
// `/a/index.html/index.html`, and endless. Only there the request passed on
// shows the rewritten path as the one asked for.
func withoutCanonicalRedirect(r *http.Request) *http.Request {
	orig, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || orig.URL == nil || path.Base(orig.URL.Path) != path.Base(r.URL.Path) {
		return r
	}
	u := *r.URL
	orig.URL, orig.RequestURI = &u, r.RequestURI
	return r.WithContext(context.WithValue(r.Context(), caddyhttp.OriginalRequestCtxKey, orig))
}

// directoryURL returns where the client finds the directory of the name that
// it asked for: its own path, a slash, its own query. ok is false where that
// is not to be said:
//
//   - the path does not begin with exactly one slash: as a Location, `//host`
//     would lead to another host;
//   - it has dot segments, which clients resolve before they ask (RFC 3986
//     section 5.2.4), so that they would ask for something else;
//   - its last segment was rewritten, so that it does not name what was looked
//     up.
func directoryURL(r *http.Request) (location string, ok bool) {
	u := viewerURL(r)
	p := u.EscapedPath()
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.HasSuffix(p, "/") || hasDotSegment(p) {
		return "", false
	}
	if path.Base(u.Path) != path.Base(r.URL.Path) {
		return "", false
	}
	location = p + "/"
	if u.RawQuery != "" {
		location += "?" + u.RawQuery
	}
	return location, true
}

// hasDotSegment tells whether a percent-encoded path has a segment `.` or
// `..`, encoded or not.
func hasDotSegment(p string) bool {
	for segment := range strings.SplitSeq(p, "/") {
		if !strings.Contains(segment, ".") && !strings.Contains(segment, "%") {
			continue
		}
		if plain, err := url.PathUnescape(segment); err == nil && (plain == "." || plain == "..") {
			return true
		}
	}
	return false
}
