package edgeguard

import (
	"net/netip"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("edgeguard", parseOption)
}

// parseOption makes the app of the global option's tokens. A second option
// would replace the first without a word, so it is refused.
func parseOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next()
		return nil, d.Err("option 'edgeguard' is given twice")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "edgeguard", Value: caddyconfig.JSON(app, nil)}, nil
}

// UnmarshalCaddyfile sets up the app from Caddyfile tokens. Syntax:
//
//	edgeguard {
//	    data    <folder>
//	    node    <name>
//	    region  <region>
//	    gossip  <host:port> {
//	        join      <host:port...>
//	        advertise <host[:port]>
//	        key_file  <path>
//	    }
//	    seal_key_file <path>
//	    publish <ip...>
//	    account <id> {
//	        distribution  <name>
//	        load_balancer <name>
//	    }
//	}
//
// The properties `acm`, `alias` of distributions and load
// balancers, and `default_certificate` of load balancers are known but not
// supported yet.
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume option name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if err := a.unmarshalProperty(d); err != nil {
			return err
		}
	}
	return wrap(d, a.Validate())
}

// wrap adds the position to err, if there is one.
func wrap(d *caddyfile.Dispenser, err error) error {
	if err == nil {
		return nil
	}
	return d.WrapErr(err)
}

// unmarshalProperty reads one property of the option.
func (a *App) unmarshalProperty(d *caddyfile.Dispenser) error {
	switch d.Val() {
	case "data":
		return unmarshalString(d, &a.Data)
	case "node":
		return unmarshalString(d, &a.Node)
	case "region":
		return unmarshalString(d, &a.Region)
	case "gossip":
		return a.unmarshalGossip(d)
	case "publish":
		return a.unmarshalPublish(d)
	case "account":
		return a.unmarshalAccount(d)
	case "seal_key_file":
		return unmarshalString(d, &a.SealKeyFile)
	case "acm":
		return unsupported(d)
	}
	return d.Errf("unrecognized subdirective '%s'", d.Val())
}

// unsupported refuses a property whose function comes later: ignoring it would
// promise what is not kept.
func unsupported(d *caddyfile.Dispenser) error {
	return d.Errf("'%s' is not supported yet", d.Val())
}

// unmarshalString reads a property that has one value, not empty, and is given
// once.
func unmarshalString(d *caddyfile.Dispenser, to *string) error {
	property := d.Val()
	if *to != "" {
		return d.Errf("'%s' is given twice", property)
	}
	if !d.AllArgs(to) {
		return d.ArgErr()
	}
	if *to == "" {
		return d.Errf("'%s' is empty", property)
	}
	return nil
}

// unmarshalGossip reads the property `gossip`.
func (a *App) unmarshalGossip(d *caddyfile.Dispenser) error {
	if a.Gossip != nil {
		return d.Errf("'%s' is given twice", d.Val())
	}
	g := new(edgenode.Gossip)
	a.Gossip = g
	if err := unmarshalString(d, &g.Bind); err != nil {
		return err
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := unmarshalGossipProperty(d, g); err != nil {
			return err
		}
	}
	return wrap(d, a.Config().Validate())
}

// unmarshalGossipProperty reads one property of `gossip`.
func unmarshalGossipProperty(d *caddyfile.Dispenser, g *edgenode.Gossip) error {
	switch d.Val() {
	case "join":
		members := d.RemainingArgs()
		if len(members) == 0 {
			return d.ArgErr()
		}
		g.Join = append(g.Join, members...)
		return nil
	case "advertise":
		return unmarshalString(d, &g.Advertise)
	case "key_file":
		return unmarshalString(d, &g.KeyFile)
	}
	return d.Errf("unrecognized subdirective '%s'", d.Val())
}

// unmarshalPublish reads the property `publish`.
func (a *App) unmarshalPublish(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	for _, arg := range args {
		addr, err := netip.ParseAddr(arg)
		if err != nil {
			return d.Errf("publish address '%s' is no IP address", arg)
		}
		if err := validatePublished(addr); err != nil {
			return d.WrapErr(err)
		}
		a.Publish = append(a.Publish, addr)
	}
	return nil
}

// unmarshalAccount reads the property `account`.
func (a *App) unmarshalAccount(d *caddyfile.Dispenser) error {
	var id string
	if err := unmarshalString(d, &id); err != nil {
		return err
	}
	a.Accounts = append(a.Accounts, Account{ID: id})
	if err := validateAccounts(a.Accounts); err != nil {
		return d.WrapErr(err)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := a.Accounts[len(a.Accounts)-1].unmarshalProperty(d); err != nil {
			return err
		}
		if err := validateAccounts(a.Accounts); err != nil {
			return d.WrapErr(err)
		}
	}
	return nil
}

// unmarshalProperty reads one property of `account`.
func (account *Account) unmarshalProperty(d *caddyfile.Dispenser) error {
	switch d.Val() {
	case "distribution":
		name, err := unmarshalResource(d, "alias")
		account.Distributions = append(account.Distributions, Distribution{Name: name})
		return err
	case "load_balancer":
		name, err := unmarshalResource(d, "alias", "default_certificate")
		account.LoadBalancers = append(account.LoadBalancers, LoadBalancer{Name: name})
		return err
	}
	return d.Errf("unrecognized subdirective '%s'", d.Val())
}

// unmarshalResource reads a property that has a name and a block of properties
// that are all still to come.
func unmarshalResource(d *caddyfile.Dispenser, later ...string) (name string, err error) {
	if !d.AllArgs(&name) {
		return "", d.ArgErr()
	}
	if d.NextBlock(d.Nesting()) {
		if slices.Contains(later, d.Val()) {
			return "", unsupported(d)
		}
		return "", d.Errf("unrecognized subdirective '%s'", d.Val())
	}
	return name, nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*App)(nil)
