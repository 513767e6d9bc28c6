package index

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("default_index", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("default_index", httpcaddyfile.After, "uri")
}

// parseCaddyfile makes a handler of the directive's tokens.
func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	default_index [<matcher>] [<name>] {
//	    mode lambda_edge|root|function|website
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume directive name
	if d.NextArg() {
		h.Name = d.Val()
		if err := validateName(h.Name); err != nil {
			return d.WrapErr(err)
		}
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		switch d.Val() {
		case "mode":
			if err := h.unmarshalMode(d); err != nil {
				return err
			}
		default:
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		}
	}
	return nil
}

// unmarshalMode reads the property `mode`.
func (h *Handler) unmarshalMode(d *caddyfile.Dispenser) error {
	if h.Mode != "" {
		return d.Err("'mode' is given twice")
	}
	var mode string
	if !d.AllArgs(&mode) {
		return d.ArgErr()
	}
	h.Mode = Mode(mode)
	if err := h.Mode.validate(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*Handler)(nil)
