// Package locate tells where the client of a query is.
//
// Geolocation, geoproximity, latency and IP-based routing depend on the client
// (aws-behaviour 3.5). A [Client] holds all they ask: the network it is known
// by, country and subdivision, a point on the globe, and milliseconds to every
// AWS Region. A [Locator] makes one from the address of the query and its EDNS
// Client Subnet option (RFC 7871, [ECS]).
//
// # Where a client is
//
// The address is the ECS prefix where the query carries one longer than /0,
// else the source address of the packet (aws-behaviour 3.8). From there:
//
//	geoip database    `latency` file, CIDR line   country       point                 milliseconds to Regions
//	has coordinates   matches                     database's    database's            the file's
//	has coordinates   none                        database's    database's            of the Region nearest to it, if the file
//	                                                                                  has lines from there; else by distance
//	no coordinates    matches                     database's    nearest Region by     the file's
//	                                              or none       the file's lines
//	no coordinates    none                        database's    this node's Region    this node's Region's: the file's,
//	                                              or none                             else by distance
//
// So without a database and without a file every client stands where this node
// stands, and has no country: geolocation RRsets answer it with their default
// location (aws-behaviour 3.5, client without location data).
//
// A client inside a VPC ([VPCs]) stands in its VPC's Region, country included,
// whatever the files say: as the resolver does that AWS gives to the VPC. In a
// private zone ECS is not looked at ([Locator.InVPC], aws-behaviour 3.8);
// elsewhere it comes first.
//
// Milliseconds by distance are the great-circle distance at 67 km a
// millisecond: light in fibre, there and back, along one and a half times the
// shortest way. Coordinates of Regions and Local Zones are those of the city
// or area they are named after, good to some ten kilometres.
//
// Everything here is immutable once built and safe for concurrent use. Locate
// takes no lock and does no I/O.
package locate

import (
	"fmt"
	"net/netip"
	"strings"
)

// DefaultRegion is where a node stands that does not say.
const DefaultRegion = "us-east-1"

// Config is what a [Locator] knows.
type Config struct {
	// Region is where this node stands; "" means [DefaultRegion].
	Region string
	// Latency overrides distances; nil means none.
	Latency *Latency
	// GeoIP places addresses; nil means none.
	GeoIP *GeoIP
	// VPCs says who is inside a VPC; nil means nobody.
	VPCs *VPCs
}

// Locator places clients. The zero value is not usable: see [New].
type Locator struct {
	node    Region
	latency *Latency
	geoip   *GeoIP
	vpcs    *VPCs
}

// New returns a locator, or an error if the Region is not one of [Regions].
func New(cfg Config) (*Locator, error) {
	if cfg.Region == "" {
		cfg.Region = DefaultRegion
	}
	node, ok := RegionByName(cfg.Region)
	if !ok {
		return nil, fmt.Errorf("unknown Region %q, known are %s", cfg.Region, strings.Join(RegionNames(), " "))
	}
	return &Locator{node: node, latency: cfg.Latency, geoip: cfg.GeoIP, vpcs: cfg.VPCs}, nil
}

// Locate returns where the client is that sent a query from source, with ecs
// (the zero ECS where the query had none). A prefix is placed by its first
// address in the geoip database, and by lines of the latency file that cover
// it whole.
func (l *Locator) Locate(source netip.Addr, ecs ECS) Client {
	var c Client
	l.Find(&c, source, &ecs)
	return c
}

// Find is Locate into a client, which is the zero Client. Queries run on small
// stacks: a client that is returned by each of several functions makes them
// grow, which costs more than to find it.
func (l *Locator) Find(c *Client, source netip.Addr, ecs *ECS) {
	if p, ok := ecs.Prefix(); ok {
		c.Prefix, c.From = p, FromECS
	} else if v := l.VPC(source); v != nil {
		l.FindInVPC(c, source, v)
		return
	} else {
		c.Prefix, c.From = hostPrefix(source), FromAddress
	}
	l.place(c)
}

// VPC returns the VPC that source is in, nil if it is in none: that with the
// longest block (aws-behaviour 0.4).
func (l *Locator) VPC(source netip.Addr) *VPC { return l.vpcs.of(source) }

// FindInVPC puts a client that asks from inside v into c, as Find does: in the
// Region of v.
func (l *Locator) FindInVPC(c *Client, source netip.Addr, v *VPC) {
	c.Prefix, c.From, c.Place = hostPrefix(source), FromAddress, PlaceVPC
	c.Country, c.Subdivision = v.region.Country(), v.region.Subdivision()
	c.Continent = ContinentOf(c.Country)
	c.Stand(v.region)
	c.rtt = l.latency.from(v.region)
}

// place fills in c from c.Prefix; the chart is in the package documentation.
func (l *Locator) place(c *Client) {
	located := l.geoip != nil && l.geoip.place(c)
	v := l.latency.network(c.Prefix)
	switch {
	case located:
		if l.latency.measured(c.Region) {
			c.rtt = l.latency.from(c.Region)
		}
	case v != nil:
		c.Stand(v.nearest)
		c.Place = PlaceLatency
	default:
		c.Stand(l.node)
		c.Place = PlaceNode
		c.rtt = l.latency.from(l.node)
	}
	if v != nil {
		c.rtt = &v.rtt
	}
}

// hostPrefix returns the prefix that holds addr alone; the zero Prefix for the
// zero address.
func hostPrefix(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(addr, addr.BitLen())
}
