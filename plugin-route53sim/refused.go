package route53sim

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
