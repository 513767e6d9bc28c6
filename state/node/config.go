// Package node opens a replica the way both hosts let their users configure
// one: a data folder, a name, a Region, gossip. It ties [state.Replica] to
// package journal and package gossip; how a node is shared across reloads is
// the hosts' own affair.
package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/keyfile"
)

// The kinds of node.
const (
	KindDNS  = "dns"
	KindEdge = "edge"
)

// DefaultRegion is where a node stands that was not told.
const DefaultRegion = "us-east-1"

// Config is what both hosts let their users say about a node.
type Config struct {
	// Data is the folder of the durable state; empty: memory only.
	Data string
	// Name labels the node; empty: see [DefaultName]. Two live nodes should
	// not have the same, but nothing depends on it.
	Name string
	// Kind is [KindDNS] or [KindEdge].
	Kind string
	// Region is the AWS Region the node stands in; empty: [DefaultRegion].
	Region string
	// Gossip is nil for a single node.
	Gossip *Gossip
}

// Gossip is how a node finds and talks to others.
type Gossip struct {
	// Bind is host:port, for TCP and UDP.
	Bind string
	// Join are host:port of members to join, names or addresses.
	Join []string
	// Advertise is an address, with or without port, at which others reach
	// this node; required where Bind's host is unspecified.
	Advertise string
	// KeyFile holds the gossip keys; required unless Bind is a loopback
	// address.
	KeyFile string
}

// DefaultName returns the host's name, a hyphen and kind.
func DefaultName(kind string) string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	host, _, _ = strings.Cut(host, ".")
	return host + "-" + kind
}

// WithDefaults returns c with what was left out filled in.
func (c Config) WithDefaults() Config {
	if c.Name == "" {
		c.Name = DefaultName(c.Kind)
	}
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	return c
}

// Validate returns every fault of c, joined, or nil. It opens and reads nothing.
func (c Config) Validate() error {
	var errs []error
	if len(c.Name) > 128 || strings.ContainsAny(c.Name, " \t\r\n") {
		errs = append(errs, fmt.Errorf("node name %q is not one word of at most 128 bytes", c.Name))
	}
	if len(c.Region) > 64 || strings.ContainsAny(c.Region, " \t\r\n") {
		errs = append(errs, fmt.Errorf("region %q is not the name of a Region", c.Region))
	}
	if c.Gossip != nil {
		errs = append(errs, c.Gossip.validate()...)
	}
	return errors.Join(errs...)
}

func (g *Gossip) validate() []error {
	var errs []error
	host, err := hostPort(g.Bind, true)
	if err != nil {
		return append(errs, fmt.Errorf("gossip address %w", err))
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("gossip address %q: %q is not an IP address", g.Bind, host))
	case ip.IsUnspecified() && g.Advertise == "":
		errs = append(errs, fmt.Errorf("gossip address %q is unspecified: advertise must say where others reach this node", g.Bind))
	}
	if err == nil && !ip.IsLoopback() && g.KeyFile == "" {
		errs = append(errs, fmt.Errorf("gossip address %q is not a loopback address: key_file is required", g.Bind))
	}
	if g.Advertise != "" {
		if err := validAdvertise(g.Advertise); err != nil {
			errs = append(errs, err)
		}
	}
	for _, j := range g.Join {
		if _, err := hostPort(j, false); err != nil {
			errs = append(errs, fmt.Errorf("join address %w", err))
		}
	}
	return errs
}

func validAdvertise(s string) error {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		ap, aperr := netip.ParseAddrPort(s)
		if aperr != nil {
			return fmt.Errorf("advertise %q is not an IP address, with or without a port", s)
		}
		ip = ap.Addr()
	}
	if ip.IsUnspecified() || ip.IsMulticast() {
		return fmt.Errorf("advertise %q is not an address that others can reach", s)
	}
	return nil
}

// hostPort returns the host of host:port, or an error that begins with s.
func hostPort(s string, zero bool) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return "", fmt.Errorf("%q is not HOST:PORT", s)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 && !zero {
		return "", fmt.Errorf("%q: port %q out of range [1, 65535]", s, port)
	}
	return host, nil
}

// Diff returns the names of the settings in which c and d differ, in the
// spelling of the configuration files, in their order there.
func (c Config) Diff(d Config) []string {
	c, d = c.WithDefaults(), d.WithDefaults()
	var out []string
	note := func(differs bool, name string) {
		if differs {
			out = append(out, name)
		}
	}
	note(c.Data != d.Data, "data")
	note(c.Name != d.Name, "node")
	note(c.Region != d.Region, "region")
	if (c.Gossip == nil) != (d.Gossip == nil) {
		return append(out, "gossip")
	}
	if c.Gossip != nil {
		note(c.Gossip.Bind != d.Gossip.Bind, "gossip")
		note(!slices.Equal(c.Gossip.Join, d.Gossip.Join), "join")
		note(c.Gossip.Advertise != d.Gossip.Advertise, "advertise")
		note(c.Gossip.KeyFile != d.Gossip.KeyFile, "key_file")
	}
	return out
}

// keys returns the gossip keys, nil where there is no key file.
func (g *Gossip) keys() ([][]byte, error) {
	if g.KeyFile == "" {
		return nil, nil
	}
	return keyfile.Read(g.KeyFile)
}
