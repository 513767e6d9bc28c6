package dnsprovider

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// UnmarshalCaddyfile sets up the provider from Caddyfile tokens. Syntax:
//
//	dns route53sim {
//	    timeout <duration>
//	}
func (p *Provider) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume provider name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "timeout" {
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		}
		if p.Timeout != 0 {
			return d.Err("'timeout' is given twice")
		}
		var value string
		if !d.AllArgs(&value) {
			return d.ArgErr()
		}
		timeout, err := caddy.ParseDuration(value)
		if err != nil {
			return d.Errf("parsing timeout: %v", err)
		}
		if timeout <= 0 {
			return d.Errf("timeout '%s' is not above zero", value)
		}
		p.Timeout = caddy.Duration(timeout)
	}
	return nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*Provider)(nil)
