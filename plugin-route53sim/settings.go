package route53sim

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/node"
)

// settings are the properties that belong to the process: they stand in one
// block of a Corefile, or the same in each.
type settings struct {
	node    node.Config
	sources []importer.Source
	// latency and geoip are the files that place clients; "" means none.
	latency, geoip string
	// vpcs says who is inside which VPC, in the order of the Corefile.
	vpcs []locate.VPC
	// checks is what health_checks says, "" nothing.
	checks checkMode
	// api is where the AWS API is served.
	api apiSettings
	// publish are the addresses that resolvers reach this node at.
	publish []netip.Addr
}

// checkMode is what this node does about health checks.
type checkMode string

// The modes: only listen to others, probe, probe what Route 53 would.
const (
	checkOff    checkMode = "off"
	checkOn     checkMode = "on"
	checkPublic checkMode = "on public"
)

// probes tells whether the node is a checker, and whether it refuses what is
// not on the public Internet.
func (m checkMode) probes() (on, publicOnly bool) {
	return m == checkOn || m == checkPublic, m == checkPublic
}

// empty tells whether none is set.
func (s settings) empty() bool {
	n := s.node
	return n.Data == "" && n.Name == "" && n.Region == "" && n.Gossip == nil &&
		len(s.sources) == 0 && len(s.vpcs) == 0 && s.latency == "" && s.geoip == "" && s.checks == "" && s.api == apiSettings{} && len(s.publish) == 0
}

// diff returns the names of the properties in which s and t differ.
func (s settings) diff(t settings) []string {
	names := s.node.Diff(t.node)
	if !slices.Equal(s.sources, t.sources) {
		names = append(names, "load")
	}
	if s.latency != t.latency {
		names = append(names, "latency")
	}
	if s.geoip != t.geoip {
		names = append(names, "geoip")
	}
	if !slices.EqualFunc(s.vpcs, t.vpcs, func(v, o locate.VPC) bool { return v.Equal(&o) }) {
		names = append(names, "vpc")
	}
	if s.checks != t.checks {
		names = append(names, "health_checks")
	}
	if s.api != t.api {
		names = append(names, "api")
	}
	if !slices.Equal(s.publish, t.publish) {
		names = append(names, "publish")
	}
	return names
}

// locator reads the files that place clients. The error has every fault of
// both, one a line.
func (s settings) locator() (*locate.Locator, error) {
	cfg := locate.Config{Region: s.node.WithDefaults().Region}
	vpcs, err := locate.NewVPCs(s.vpcs)
	cfg.VPCs = vpcs
	errs := []error{err}
	if s.latency != "" {
		l, err := locate.LoadLatency(s.latency)
		cfg.Latency, errs = l, append(errs, err)
	}
	if s.geoip != "" {
		g, err := locate.OpenGeoIP(s.geoip)
		cfg.GeoIP, errs = g, append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return locate.New(cfg)
}
