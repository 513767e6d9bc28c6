// Package permission provides the TLS permission module `edgeguard`: of the
// names that clients ask for, only those that belong to an account may get
// certificates on demand.
//
// It neither issues nor obtains certificates. A module is immutable once
// provisioned and safe for concurrent use; it looks up in an immutable view,
// as handshakes demand.
package permission

import (
	"context"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
)

func init() {
	caddy.RegisterModule(Permission{})
}

// Permission allows certificates on demand for the host names that belong to
// an account: names of distributions and load balancers, and their aliases, a
// wildcard alias for all names that it stands for. All others are denied, and
// so are all before this node has its state. It needs the global option
// `edgeguard`.
type Permission struct {
	node *edgenode.Ref
}

// CaddyModule returns the Caddy module information.
func (Permission) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "tls.permission.edgeguard",
		New: func() caddy.Module { return new(Permission) },
	}
}

// Provision takes a reference on the node, for its claims.
func (p *Permission) Provision(ctx caddy.Context) error {
	var err error
	if p.node, _, err = edgenode.Join(ctx); err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	return nil
}

// Cleanup gives the reference on the node back.
func (p *Permission) Cleanup() error {
	if p.node == nil {
		return nil
	}
	return p.node.Release()
}

// CertificateAllowed implements [caddytls.OnDemandPermission].
func (p *Permission) CertificateAllowed(_ context.Context, name string) error {
	host := strings.ToLower(strings.TrimSuffix(name, "."))
	if _, ok := p.node.Claims().View().Owner(host); !ok {
		return fmt.Errorf("%w: host name %q belongs to no account", caddytls.ErrPermissionDenied, name)
	}
	return nil
}

// UnmarshalCaddyfile sets up the module from Caddyfile tokens. Syntax:
//
//	permission edgeguard
func (p *Permission) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume module name
	if d.NextArg() {
		return d.ArgErr()
	}
	if d.NextBlock(0) {
		return d.Errf("unrecognized subdirective '%s'", d.Val())
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Permission)(nil)
	_ caddy.CleanerUpper          = (*Permission)(nil)
	_ caddytls.OnDemandPermission = (*Permission)(nil)
	_ caddyfile.Unmarshaler       = (*Permission)(nil)
)
