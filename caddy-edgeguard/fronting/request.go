package fronting

import (
	"context"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

// disagrees tells whether a request names two hosts: `:authority` and a Host
// field that differs (RFC 9113 section 8.3.1), or an absolute-form target and
// something else.
func disagrees(r *http.Request) bool {
	if r.URL.Host != "" && r.URL.Host != r.Host && !sameHost(r.URL.Host, r.Host) {
		return true
	}
	for _, host := range r.Header["Host"] {
		if host != r.Host && !sameHost(host, r.Host) {
			return true
		}
	}
	return false
}

// sameHost tells whether two hosts have the same normal form.
func sameHost(a, b string) bool {
	x, errX := normalHost(a)
	y, errY := normalHost(b)
	return errX == nil && errY == nil && x == y
}

// viewClaims are claims as a view has them.
type viewClaims struct{ *claims.View }

// Owner implements [Claims].
func (v viewClaims) Owner(host string) (Owner, bool) {
	o, ok := v.View.Owner(host)
	return Owner{Account: o.Account, Distribution: o.Kind == model.OwnerDistribution}, ok
}

// ofDistribution tells whether the server name or, without one, the host is a
// distribution's.
func ofDistribution(claims Claims, serverName, host string) bool {
	name, err := normalServerName(serverName)
	if name == "" && err == nil {
		name, err = normalHost(host)
	}
	if err != nil {
		return false
	}
	owner, ok := claims.Owner(name)
	return ok && owner.Distribution
}

// noCertificates holds none.
type noCertificates struct{}

func (noCertificates) Covers(string, string) bool { return false }
func (noCertificates) Account(string) string      { return "" }

// certificatesOf returns what the edge knows of certificates; on a server that
// it does not know nothing is covered.
func certificatesOf(r *http.Request) Certificates {
	if e := handshake.Of(r); e != nil {
		return e
	}
	return noCertificates{}
}

// startHandler is called once the servers of a configuration run.
type startHandler struct {
	*Handler
	server *caddyhttp.Server
}

// Handle implements [caddyevents.Handler].
func (s startHandler) Handle(context.Context, caddy.Event) error {
	if len(s.server.TLSConnPolicies) == 0 {
		s.logger.Warn("server has no TLS: reject_fronting does nothing there", zap.String("server", s.server.Name()), zap.Strings("listen", s.server.Listen))
	}
	return nil
}

// Interface guards
var (
	_ Claims              = viewClaims{}
	_ Certificates        = noCertificates{}
	_ caddyevents.Handler = startHandler{}
)
