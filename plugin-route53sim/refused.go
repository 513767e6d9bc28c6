package route53sim

import (
	"net/netip"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// The properties of this file are read whole, so that a fault in them is
// reported, and then refused: a setting that does nothing would mislead.

func (p *parser) unsupported(property string) error {
	return p.Errf("property '%s' is not supported yet", property)
}

// off reads a switch whose only supported position is off.
func (p *parser) off() error {
	name, value := p.Val(), ""
	if err := p.one(&value); err != nil {
		return err
	}
	switch value {
	case "off":
		return nil
	case "on":
		return p.unsupported(name + " on")
	}
	return p.Errf("%s '%s' is neither on nor off", name, value)
}

func (p *parser) fastPath() error { return p.off() }

func (p *parser) vpc() error {
	args, err := p.args(3, many)
	if err != nil {
		return err
	}
	if _, ok := locate.RegionByName(args[1]); !ok {
		return p.Errf("vpc %s: unknown Region '%s'", args[0], args[1])
	}
	for _, a := range args[2:] {
		if n, err := netip.ParsePrefix(a); err != nil || n != n.Masked() {
			return p.Errf("vpc %s: '%s' is not a CIDR block", args[0], a)
		}
	}
	return p.unsupported("vpc")
}
