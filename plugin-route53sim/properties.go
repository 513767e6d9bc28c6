package route53sim

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// properties read one property each, the cursor on its name.
var properties map[string]func(*parser) error

func init() {
	properties = map[string]func(*parser) error{
		"data":          (*parser).data,
		"node":          (*parser).node,
		"region":        (*parser).region,
		"gossip":        (*parser).gossip,
		"load":          (*parser).load,
		"api":           (*parser).api,
		"health_checks": (*parser).healthChecks,
		"latency":       (*parser).latency,
		"geoip":         (*parser).geoip,
		"publish":       (*parser).publish,
		"vpc":           (*parser).vpc,
		"fast_path":     (*parser).fastPath,
		"fallthrough":   (*parser).fallThrough,
	}
}

// repeatable properties may stand more than once.
var repeatable = []string{"load", "vpc"}

// property reads the property that the cursor is on.
func (p *parser) property() error {
	name := p.Val()
	read, ok := properties[name]
	if !ok {
		return p.Errf("unknown property '%s'", name)
	}
	if p.seen[name] && !slices.Contains(repeatable, name) {
		return p.Errf("property '%s' stands twice", name)
	}
	p.seen[name] = true
	return read(p)
}

// many is no bound on the number of arguments.
const many = -1

// args returns the arguments of the property, which has no block.
func (p *parser) args(least, most int) ([]string, error) {
	args := p.RemainingArgs()
	if p.NextArg() {
		return nil, p.Errf("unexpected token '%s', expecting the end of the line", p.Val())
	}
	return args, p.checkArgs(args, least, most)
}

func (p *parser) checkArgs(args []string, least, most int) error {
	if len(args) < least || most != many && len(args) > most || slices.Contains(args, "}") {
		return p.ArgErr()
	}
	return nil
}

// block reads the block that may open at the end of the property's line, by
// hand: an inner NextBlock without a block swallows the outer block's next
// line. inner reads one property of it.
func (p *parser) block(inner func(name string) error) error {
	if !p.NextArg() { // a brace: RemainingArgs took all else
		return nil
	}
	if p.NextArg() {
		return p.ownLine()
	}
	seen := make(map[string]bool)
	for p.Next() {
		name := p.Val()
		if name == "}" {
			if p.NextArg() {
				return p.ownLine()
			}
			return nil
		}
		if seen[name] {
			return p.Errf("property '%s' stands twice", name)
		}
		seen[name] = true
		if err := inner(name); err != nil {
			return err
		}
	}
	return p.EOFErr()
}

func (p *parser) ownLine() error {
	return p.Errf("unexpected token '%s': a block opens and closes on lines of its own", p.Val())
}

// one reads the property's only argument into value.
func (p *parser) one(value *string) error {
	args, err := p.args(1, 1)
	if err == nil {
		*value = args[0]
	}
	return err
}

// path reads the property's only argument, a file name below what plugin root
// says.
func (p *parser) path(value *string) error {
	if err := p.one(value); err != nil {
		return err
	}
	*value = p.absolute(*value)
	return nil
}

func (p *parser) absolute(path string) string {
	if root := dnsserver.GetConfig(p.Controller).Root; root != "" && !filepath.IsAbs(path) {
		return filepath.Join(root, path)
	}
	return path
}

func (p *parser) data() error   { return p.path(&p.settings.node.Data) }
func (p *parser) node() error   { return p.one(&p.settings.node.Name) }
func (p *parser) region() error { return p.one(&p.settings.node.Region) }

func (p *parser) latency() error { return p.path(&p.settings.latency) }
func (p *parser) geoip() error   { return p.path(&p.settings.geoip) }

// vpc reads one VPC; that the blocks of all go together is checked at once, so
// that the fault has its line.
func (p *parser) vpc() error {
	args, err := p.args(3, many)
	if err != nil {
		return err
	}
	v := locate.VPC{ID: args[0], Region: args[1]}
	for _, a := range args[2:] {
		block, err := netip.ParsePrefix(a)
		if err != nil {
			return p.Errf("vpc %s: '%s' is not a CIDR block", v.ID, a)
		}
		v.Blocks = append(v.Blocks, block)
	}
	p.settings.vpcs = append(p.settings.vpcs, v)
	if _, err := locate.NewVPCs(p.settings.vpcs); err != nil {
		return p.Errf("%v", err)
	}
	return nil
}

func (p *parser) gossip() error {
	args := p.RemainingArgs()
	if err := p.checkArgs(args, 1, 1); err != nil {
		return err
	}
	g := &node.Gossip{Bind: args[0]}
	p.settings.node.Gossip = g
	return p.block(func(name string) error {
		switch name {
		case "join":
			args, err := p.args(1, many)
			g.Join = args
			return err
		case "advertise":
			return p.one(&g.Advertise)
		case "key_file":
			return p.path(&g.KeyFile)
		}
		return p.Errf("unknown property '%s' of gossip", name)
	})
}

func (p *parser) load() error {
	args, err := p.args(1, 2)
	if err != nil {
		return err
	}
	s := importer.Source{Glob: p.absolute(args[0]), Account: model.DefaultAccount}
	if len(args) == 2 {
		s.Account = args[1]
	}
	if err := model.ValidateAccount(s.Account); err != nil {
		return p.Errf("%v", err)
	}
	if _, err := filepath.Match(s.Glob, ""); err != nil {
		return p.Errf("pattern '%s': %v", args[0], err)
	}
	p.settings.sources = append(p.settings.sources, s)
	return nil
}

func (p *parser) healthChecks() error {
	args, err := p.args(1, 2)
	if err != nil {
		return err
	}
	switch mode := checkMode(strings.Join(args, " ")); mode {
	case checkOff, checkOn, checkPublic:
		p.settings.checks = mode
		return nil
	}
	return p.Errf("health_checks '%s' is none of: on, on public, off", strings.Join(args, " "))
}

func (p *parser) fallThrough() error {
	args, err := p.args(0, many)
	if err != nil {
		return err
	}
	for _, a := range args {
		if len(plugin.Host(a).NormalizeExact()) == 0 {
			return p.Errf("invalid zone '%s'", a)
		}
	}
	p.handler.Fall.SetZonesFromArgs(args)
	return nil
}
