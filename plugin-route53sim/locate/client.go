package locate

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
)

// From says which address a client is known by.
type From uint8

// The addresses a client can be known by.
const (
	FromAddress From = iota // the packet's source
	FromECS                 // the EDNS Client Subnet option
)

// String returns "address" or "ecs".
func (f From) String() string {
	if f == FromECS {
		return "ecs"
	}
	return "address"
}

// Place says what placed a client on the globe.
type Place uint8

// What can place a client.
const (
	PlaceNode    Place = iota // nothing known: where this node stands
	PlaceGeoIP                // the geoip database
	PlaceLatency              // a CIDR line of the latency file
	PlaceVPC                  // the Region of its VPC
)

var placeNames = [...]string{"node", "geoip", "latency", "vpc"}

// String returns "node", "geoip", "latency" or "vpc".
func (p Place) String() string { return placeNames[p] }

// Client is where the sender of a query is, as far as routing may know. The
// zero value stands in [DefaultRegion], with no address and no country. It
// holds no memory of its own and may be copied.
type Client struct {
	// Prefix is the client's network, masked: the ECS prefix, or the source
	// address as /32 or /128. IPv4-mapped source addresses are IPv4.
	Prefix netip.Prefix
	From   From
	Place  Place

	// Country is an ISO 3166-1 code in upper case, Subdivision the part of an
	// ISO 3166-2 code after the hyphen, Continent one of AF AN AS EU NA OC SA
	// by Route 53's own list (aws-behaviour 2.11); "" where unknown.
	Country, Subdivision, Continent string

	// Point is where it stands; the zero Point means in [DefaultRegion].
	Point Point
	// Region is the one nearest to Point.
	Region Region

	rtt *roundTrips // to every Region; nil: by distance from Point
}

// Stand puts c at the coordinates of r and lets distance decide on latency.
func (c *Client) Stand(r Region) {
	c.Point, c.Region, c.rtt = r.Point(), r, &byDistance[r]
}

// StandAt puts c at p and lets distance decide on latency.
func (c *Client) StandAt(p Point) {
	c.Point, c.Region, c.rtt = p, NearestRegion(p), nil
}

// Milliseconds returns the round-trip time from c to r, measured or estimated
// by distance; +Inf for [NoRegion].
func (c *Client) Milliseconds(r Region) float32 {
	switch {
	case c.rtt != nil:
		return c.rtt[r]
	case !c.Point.Known():
		return byDistance[defaultRegion][r]
	}
	return estimate(c.Point, r.Point())
}

// Remoteness returns a number that orders Regions for c as Milliseconds does,
// at less cost; +Inf for [NoRegion]. Numbers of different clients do not
// compare.
func (c *Client) Remoteness(r Region) float64 {
	switch {
	case r == NoRegion:
		return math.Inf(1)
	case c.rtt != nil:
		return float64(c.rtt[r])
	case !c.Point.Known():
		return float64(byDistance[defaultRegion][r])
	}
	return c.Point.chord2(r.Point())
}

// Kilometres returns the great-circle distance from c to p; +Inf for the zero
// Point.
func (c *Client) Kilometres(p Point) float64 {
	if !c.Point.Known() {
		return defaultRegion.Point().Kilometres(p)
	}
	return c.Point.Kilometres(p)
}

// InChina tells whether queries of c originate in mainland China, as far as is
// known: by its country, or by the Region it stands in where it has no country.
// Latency RRsets of the Regions there take precedence for such clients
// (aws-behaviour 3.5).
func (c *Client) InChina() bool {
	if c.Country != "" {
		return c.Country == "CN"
	}
	return c.Region.InChina()
}

// String returns all that is known, in the form
// `198.51.100.0/24 (ecs) at 48.86,2.35 near eu-west-3 (geoip), country FR, continent EU`.
func (c *Client) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) at %s near %s (%s)", c.Prefix, c.From, c.Point, c.Region, c.Place)
	for _, f := range [...]struct{ name, value string }{
		{"country", c.Country}, {"subdivision", c.Subdivision}, {"continent", c.Continent},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, ", %s %s", f.name, f.value)
		}
	}
	return b.String()
}
