package edgeguard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/services"
	"github.com/edgestage/edgestage/state/certificate"
)

func init() {
	caddy.RegisterModule(AWSAPI{})
	httpcaddyfile.RegisterHandlerDirective("aws_api", parseAWSAPI)
	httpcaddyfile.RegisterDirectiveOrder("aws_api", httpcaddyfile.Before, "respond")
}

// AWSAPI serves the AWS-compatible endpoint on a site: Route 53, Cloud Map,
// ACM, CloudFront and Elastic Load Balancing, the same on every node. An edge
// serves what a DNS node cannot, which holds no sealing key: ImportCertificate
// and ExportCertificate. It answers no TestDNSAnswer.
//
// Requests are to reach it as they were signed: no handler before it may
// change path or query.
type AWSAPI struct {
	// The file that says who may ask: lines of `ACCOUNT ACCESS_KEY_ID SECRET`.
	// It is read again at every reload. Default: none; then whoever reaches the
	// site on a loopback address may ask, as any account, and nobody else.
	Credentials string `json:"credentials,omitempty"`

	logger      *zap.Logger
	credentials *api.Credentials
	ref         *edgenode.Ref
	sealer      certificate.Sealer // nil without a key

	handler func() *api.Handler // once the node was started
}

// CaddyModule returns the Caddy module information.
func (AWSAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.aws_api",
		New: func() caddy.Module { return new(AWSAPI) },
	}
}

// Provision reads the credentials and takes a share of the process's node.
func (a *AWSAPI) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	if a.Credentials != "" {
		c, err := api.ReadCredentials(a.Credentials)
		if err != nil {
			return fmt.Errorf("reading credentials: %w", err)
		}
		a.credentials = c
	}
	ref, app, err := edgenode.Join(ctx)
	if err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	a.ref = ref
	if app.NodeSettings().SealKeyFile != "" {
		a.sealer = ref.Keys()
	}
	a.handler = sync.OnceValue(func() *api.Handler { return a.newHandler(ref.Replica()) })
	return nil
}

// Cleanup gives the share of the node back.
func (a *AWSAPI) Cleanup() error {
	if a.ref == nil {
		return nil
	}
	return a.ref.Release()
}

// ServeHTTP answers every request; what follows is not asked.
func (a *AWSAPI) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	handshake.Mark(r)
	if a.credentials == nil && !onLoopback(r) {
		return caddyhttp.Error(http.StatusForbidden, errors.New("aws_api without credentials answers on loopback addresses only"))
	}
	if a.ref.Replica() == nil {
		return caddyhttp.Error(http.StatusServiceUnavailable, errors.New("the node was not started yet"))
	}
	a.handler().ServeHTTP(w, r)
	return nil
}

func (a *AWSAPI) newHandler(replica *state.Replica) *api.Handler {
	return api.New(api.Config{
		Replica: replica, Credentials: a.credentials,
		Services: services.New(services.Config{
			Replica: replica, Sealer: a.sealer, Node: a.ref.Name(),
			Log: func(format string, args ...any) {
				a.logger.Warn("the AWS API reports", zap.String("detail", fmt.Sprintf(format, args...)))
			},
			InUseBy: func(certificate string) []string { return a.ref.Claims().View().InUseBy(certificate) },
		}),
		Log: func(format string, args ...any) {
			a.logger.Warn("request to the AWS API failed", zap.String("detail", fmt.Sprintf(format, args...)))
		},
	})
}

// onLoopback tells whether both ends of a request's connection are on this
// machine.
func onLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && loopback(local.String()) && loopback(r.RemoteAddr)
}

func loopback(hostPort string) bool {
	a, err := netip.ParseAddrPort(hostPort)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// parseAWSAPI makes a handler of the directive's tokens.
func parseAWSAPI(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(AWSAPI)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	aws_api [<matcher>] {
//	    credentials <path>
//	}
func (a *AWSAPI) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume directive name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		switch d.Val() {
		case "credentials":
			if err := unmarshalString(d, &a.Credentials); err != nil {
				return err
			}
			a.Credentials = filepath.Clean(a.Credentials)
		default:
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		}
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*AWSAPI)(nil)
	_ caddy.CleanerUpper          = (*AWSAPI)(nil)
	_ caddyhttp.MiddlewareHandler = (*AWSAPI)(nil)
	_ caddyfile.Unmarshaler       = (*AWSAPI)(nil)
)
