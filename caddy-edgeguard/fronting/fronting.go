// Package fronting provides the Caddy HTTP handler `reject_fronting`: a
// request whose host the connection's server name does not entitle it to gets
// 421, as CloudFront answers domain fronting (RFC 9110 section 15.5.20;
// aws-behaviour 9.1).
//
// The verdict, [Judge], is a function of server name, host, claims and
// certificates alone. It chooses no certificate and routes no request. A
// handler is immutable once provisioned and safe for concurrent use.
package fronting

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/edgestage/edgestage/caddy-edgeguard/accesslog"
	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler refuses requests whose host the connection does not speak for.
//
// A host that belongs to an account, as an alias or as the name of a
// distribution or load balancer, is answered on connections of that account's
// names only, whatever their certificate covers; others get 421, which has a
// browser ask again on a connection of its own. A host that belongs to nobody
// is answered where every certificate held for the server name covers it; on a
// distribution's names it gets CloudFront's 403. A host without a normal form
// gets 400, and so does a request that names two.
//
// The verdict does not depend on the connection: it is the same on HTTP/1.1,
// HTTP/2 and HTTP/3, on resumed sessions and in early data. Connections stay
// open. On a server without TLS the handler does nothing, and says so when it
// starts. It needs the global option `edgeguard`.
type Handler struct {
	// What lets a request pass whose host is not the server name. Default:
	// `account` and `certificate`.
	//
	// - `account`: the host belongs to the server name's account.
	// - `certificate`: the host belongs to nobody, and every certificate held
	//   for the server name covers it.
	// - `none`: nothing; it stands alone.
	Permit []string `json:"permit,omitempty"`

	// Exceptions: a request that one of them allows is not refused with 421 or
	// 403. Default: none.
	Allow []*Exception `json:"allow,omitempty"`

	permit  Permissions
	node    *edgenode.Ref
	knows   *atomic.Bool // the node has had its state
	metrics *metrics
	logger  *zap.Logger
	sampled *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.reject_fronting",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision takes a reference on the node, for its claims.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger, h.knows = ctx.Logger(), new(atomic.Bool)
	h.sampled = h.logger.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(c, time.Second, 10, 100)
	}))
	var err error
	if h.permit, err = permissions(h.Permit); err != nil {
		return err
	}
	for i, e := range h.Allow {
		if err := e.provision(ctx); err != nil {
			return fmt.Errorf("exception %d: %w", i, err)
		}
	}
	if h.metrics, err = newMetrics(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	if err := h.follow(ctx); err != nil {
		return err
	}
	if h.node, _, err = edgenode.Join(ctx); err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	return nil
}

// follow has the handler say at the start whether its server has TLS, which is
// not known before.
func (h *Handler) follow(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return nil
	}
	app, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting events app: %w", err)
	}
	return app.(*caddyevents.App).On("started", startHandler{h, server})
}

// Validate refuses exceptions that say nothing.
func (h *Handler) Validate() error {
	errs := make([]error, len(h.Allow))
	for i, e := range h.Allow {
		errs[i] = e.validate()
	}
	return errors.Join(errs...)
}

// Cleanup gives the reference on the node back.
func (h *Handler) Cleanup() error {
	if h.node == nil {
		return nil
	}
	return h.node.Release()
}

// permissions returns what the words of a configuration permit.
func permissions(words []string) (p Permissions, err error) {
	if len(words) == 0 {
		return Permissions{Account: true, Certificate: true}, nil
	}
	for _, word := range words {
		switch word {
		case "account":
			p.Account = true
		case "certificate":
			p.Certificate = true
		case "none":
			if len(words) > 1 {
				return p, errors.New("cannot specify both 'none' and other permissions")
			}
		default:
			return p, fmt.Errorf("permission '%s' is none of account, certificate, none", word)
		}
	}
	return p, nil
}

// ServeHTTP passes the request on, or refuses it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	handshake.Mark(r)
	accesslog.Follow(r)
	if r.TLS == nil {
		return next.ServeHTTP(w, r)
	}
	claims := viewClaims{h.node.Claims().View()}
	verdict := h.judge(r, claims)
	h.metrics[verdict].Inc()
	if verdict <= Excepted {
		return next.ServeHTTP(w, r)
	}
	h.report(r, verdict)
	return h.refuse(w, r, verdict, claims)
}

// judge returns the verdict on r.
func (h *Handler) judge(r *http.Request, claims Claims) Verdict {
	if disagrees(r) {
		return Malformed
	}
	verdict := Judge(r.TLS.ServerName, r.Host, claims, certificatesOf(r), h.permitted())
	if verdict == Misdirected || verdict == Unclaimed {
		for _, e := range h.Allow {
			if e.allows(r) {
				return Excepted
			}
		}
	}
	return verdict
}

// permitted returns what is permitted now: nothing but equality until this
// node has once had its state, for a host that seems to be nobody's may be
// another account's.
func (h *Handler) permitted() Permissions {
	if h.knows.Load() {
		return h.permit
	}
	replica := h.node.Replica()
	if replica == nil {
		return Permissions{}
	}
	select {
	case <-replica.Ready():
		h.knows.Store(true)
		return h.permit
	default:
		return Permissions{}
	}
}

// refuse answers what does not pass: on the names of distributions as
// CloudFront does, else with an error that the site may handle.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, verdict Verdict, claims Claims) error {
	status, why := http.StatusMisdirectedRequest, "The connection does not speak for the host that was asked for."
	switch verdict {
	case Unclaimed:
		status, why = http.StatusForbidden, "Bad request."
	case Malformed:
		return caddyhttp.Error(http.StatusBadRequest, errors.New("server name or host has no normal form, or the request names two hosts"))
	}
	if ofDistribution(claims, r.TLS.ServerName, r.Host) {
		return refuse(w, r, status, why)
	}
	return caddyhttp.Error(status, fmt.Errorf("server name %q does not entitle to host %q", r.TLS.ServerName, r.Host))
}

// report writes to the access log, and to the handler's own at most ten lines
// a second and one in a hundred.
func (h *Handler) report(r *http.Request, verdict Verdict) {
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Set(zap.String(accesslog.FieldErrorReason, verdict.String()))
	}
	if c := h.sampled.Check(zapcore.WarnLevel, "refused request"); c != nil {
		c.Write(zap.Stringer("verdict", verdict), zap.String("server_name", r.TLS.ServerName), zap.String("host", r.Host), zap.String("remote", r.RemoteAddr), zap.String("proto", r.Proto))
	}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
