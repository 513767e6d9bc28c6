package edgeguard

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/edgestage/edgestage/caddy-edgeguard/acm"
	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state/model"
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
//	    publish  <ip...>
//	    resolver <ip[:port]...>
//	    account <id> {
//	        distribution <name> {
//	            alias <host...>
//	        }
//	        load_balancer <name> {
//	            alias               <host...>
//	            default_certificate <arn>
//	        }
//	    }
//	    wildcard_claims current|strict2018
//	    dangling        refuse|warn
//	    acm {
//	        ca             internal|<directory_url>
//	        resolver       <ip[:port]...>
//	        create_records
//	        lifetime       <duration>
//	        email          <address>
//	        eab            <key_id> <mac_key>
//	        trusted_roots  <pem_file...>
//	    }
//	}
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
	case "resolver":
		return a.unmarshalResolvers(d)
	case "wildcard_claims":
		return unmarshalChoice(d, &a.WildcardClaims, model.WildcardsCurrent, model.WildcardsStrict)
	case "dangling":
		return unmarshalChoice(d, &a.Dangling, model.DanglingRefuse, model.DanglingWarn)
	case "seal_key_file":
		return unmarshalString(d, &a.SealKeyFile)
	case "acm":
		if a.ACM != nil {
			return d.Errf("'%s' is given twice", d.Val())
		}
		a.ACM = new(acm.Settings)
		return a.ACM.UnmarshalCaddyfile(d)
	}
	return d.Errf("unrecognized subdirective '%s'", d.Val())
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
		var x Distribution
		err := unmarshalResource(d, &x.Name, func() error {
			if d.Val() == "alias" {
				return unmarshalAliases(d, &x.Aliases)
			}
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		})
		account.Distributions = append(account.Distributions, x)
		return err
	case "load_balancer":
		var x LoadBalancer
		err := unmarshalResource(d, &x.Name, func() error {
			switch d.Val() {
			case "alias":
				return unmarshalAliases(d, &x.Aliases)
			case "default_certificate":
				return unmarshalString(d, &x.DefaultCertificate)
			}
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		})
		account.LoadBalancers = append(account.LoadBalancers, x)
		return err
	}
	return d.Errf("unrecognized subdirective '%s'", d.Val())
}

// unmarshalResource reads a property that has a name and a block of properties.
func unmarshalResource(d *caddyfile.Dispenser, name *string, property func() error) error {
	if !d.AllArgs(name) {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := property(); err != nil {
			return err
		}
	}
	return nil
}

// unmarshalAliases reads the property `alias`.
func unmarshalAliases(d *caddyfile.Dispenser, to *[]string) error {
	hosts := d.RemainingArgs()
	if len(hosts) == 0 {
		return d.ArgErr()
	}
	for _, host := range hosts {
		if err := model.ValidateAlias(host); err != nil {
			return d.WrapErr(err)
		}
	}
	*to = append(*to, hosts...)
	return nil
}

// unmarshalChoice reads a property that is one of some words.
func unmarshalChoice(d *caddyfile.Dispenser, to *string, words ...string) error {
	property := d.Val()
	if err := unmarshalString(d, to); err != nil {
		return err
	}
	if !slices.Contains(words, *to) {
		return d.Errf("'%s' is '%s', want one of %s", property, *to, strings.Join(words, ", "))
	}
	return nil
}

// unmarshalResolvers reads the property `resolver`.
func (a *App) unmarshalResolvers(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	for _, arg := range args {
		if _, err := model.ParseResolver(arg); err != nil {
			return d.WrapErr(err)
		}
	}
	a.Resolvers = append(a.Resolvers, args...)
	return nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*App)(nil)
