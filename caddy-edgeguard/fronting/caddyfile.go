package fronting

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("reject_fronting", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("reject_fronting", httpcaddyfile.Before, "map")
}

// parseCaddyfile makes a handler of the directive's tokens.
func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	reject_fronting [<matcher>] {
//	    permit account|certificate|none ...
//	    allow [<server_name...>] {
//	        <matcher> <argument...>
//	    }
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume directive name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		var err error
		switch d.Val() {
		case "permit":
			err = h.unmarshalPermit(d)
		case "allow":
			err = h.unmarshalAllow(d)
		default:
			err = d.Errf("unrecognized subdirective '%s'", d.Val())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unmarshalPermit reads the property `permit`.
func (h *Handler) unmarshalPermit(d *caddyfile.Dispenser) error {
	words := d.RemainingArgs()
	if len(words) == 0 {
		return d.ArgErr()
	}
	h.Permit = append(h.Permit, words...)
	if _, err := permissions(h.Permit); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// unmarshalAllow reads the property `allow`. The block is closed by the
// parser of the matchers.
func (h *Handler) unmarshalAllow(d *caddyfile.Dispenser) error {
	e := &Exception{ServerNames: d.RemainingArgs()}
	var err error
	if e.MatchRaw, err = caddyhttp.ParseCaddyfileNestedMatcherSet(d); err != nil {
		return err
	}
	if len(e.MatchRaw) == 0 {
		e.MatchRaw = nil
	}
	if err := e.validate(); err != nil {
		return d.WrapErr(err)
	}
	h.Allow = append(h.Allow, e)
	return nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*Handler)(nil)
