package route53sim

import (
	"fmt"
	"strings"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/node"
)

func init() { plugin.Register(pluginName, setup) }

// setup parses one block. It opens and creates nothing: it runs as well when a
// Corefile is only checked.
func setup(c *caddy.Controller) error {
	h, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	cfg := dnsserver.GetConfig(c)
	cfg.AddPlugin(func(next plugin.Handler) plugin.Handler {
		h.Next = next
		return h
	})
	c.OnStartup(func() error {
		h.grows = anyGrows(cfg.Handlers())
		return nil
	})
	return nil
}

// instanceKey is where the blocks of one Corefile find each other.
type instanceKey struct{}

// instanceOf returns what the blocks of c's Corefile have in common. The first
// of them registers what is to happen when the instance starts and stops.
func instanceOf(c *caddy.Controller) *instance {
	if in, ok := c.Get(instanceKey{}).(*instance); ok {
		return in
	}
	in := &instance{}
	c.Set(instanceKey{}, in)
	c.OnStartup(func() error { return wrap(nodes.start(in)) })
	c.OnRestart(func() error { nodes.restart(in); return nil })
	c.OnRestartFailed(func() error { nodes.restartFailed(in); return nil })
	c.OnShutdown(func() error { return wrap(nodes.stop(in)) })
	return in
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return plugin.Error(pluginName, err)
}

// parse reads one route53sim block:
//
//	route53sim [ZONE...] {
//	    data DIR
//	    node NAME
//	    region REGION
//	    gossip ADDR {
//	        join ADDR...
//	        advertise ADDR
//	        key_file PATH
//	    }
//	    load GLOB [ACCOUNT]
//	    latency PATH
//	    geoip PATH
//	    api ADDR {
//	        credentials PATH
//	        tls CERT KEY
//	        refuse_reserved
//	        throttle
//	        custom_health_delay DURATION
//	    }
//	    publish ADDR...
//	    health_checks on|off [public]
//	    vpc ID REGION CIDR...
//	    fast_path off
//	    fallthrough [ZONE...]
//	}
//
// The values of switches that are not supported are read and refused.
func parse(c *caddy.Controller) (*Route53Sim, error) {
	h := &Route53Sim{}
	p := &parser{Controller: c, handler: h, seen: make(map[string]bool)}
	for c.Next() {
		if p.file != "" {
			return nil, plugin.ErrOnce
		}
		p.file, p.line = c.File(), c.Line()
		if err := p.zones(); err != nil {
			return nil, err
		}
		for c.NextBlock() {
			if err := p.property(); err != nil {
				return nil, err
			}
		}
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	h.instance = instanceOf(c)
	return h, h.instance.join(p.settings, p.file, p.line)
}

// parser is one block while it is read.
type parser struct {
	*caddy.Controller
	handler  *Route53Sim
	settings settings
	seen     map[string]bool
	file     string
	line     int
}

// zones reads the arguments of the directive.
func (p *parser) zones() error {
	args := p.RemainingArgs()
	for _, a := range args {
		if len(plugin.Host(a).NormalizeExact()) == 0 {
			return p.Errf("invalid zone '%s'", a)
		}
	}
	p.handler.explicit = len(args) > 0
	p.handler.zones = plugin.OriginsFromArgsOrServerBlock(args, p.ServerBlockKeys)
	if len(p.handler.zones) == 0 {
		p.handler.zones = []string{"."}
	}
	return nil
}

// validate checks the settings together.
func (p *parser) validate() error {
	s := &p.settings
	if s.empty() {
		return nil
	}
	s.node.Kind = node.KindDNS
	errs := s.node.Validate()
	if errs == nil && s.node.Region != "" {
		_, errs = locate.New(locate.Config{Region: s.node.Region})
	}
	if errs == nil {
		return nil
	}
	return positioned(p.file, p.line, strings.ReplaceAll(errs.Error(), "\n", "; "))
}

// positioned returns an error at a place of the Corefile, in the form of
// [caddy.Controller.Errf].
func positioned(file string, line int, text string) error {
	return fmt.Errorf("%s:%d - Error during parsing: %s", file, line, text)
}
