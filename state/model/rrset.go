package model

import (
	"strings"
)

// RRset is a Route 53 "resource record set": the records of one name and type
// with one TTL, and what its routing policy adds (aws-behaviour 2).
type RRset struct {
	Zone string `cbor:"1,keyasint"` // hosted zone id
	Name Name   `cbor:"2,keyasint"`
	// Type is the mnemonic, such as "AAAA"; one of [Types].
	Type string `cbor:"3,keyasint"`
	// SetID tells the RRsets of one name and type apart; 1 to 128 characters
	// with a policy, empty without.
	SetID string `cbor:"4,keyasint,omitempty"`
	// TTL is in seconds, in [0, 2147483647]; 0 for an alias.
	TTL uint32 `cbor:"5,keyasint,omitempty"`
	// Values are the records' data as Route 53 stores them, in its syntax
	// (aws-behaviour 2.7); empty for an alias.
	Values []string     `cbor:"6,keyasint,omitempty"`
	Alias  *AliasTarget `cbor:"7,keyasint,omitempty"`

	// At most one of the following is set: the routing policy.

	Weight       *int64        `cbor:"8,keyasint,omitempty"` // [0, 255]
	Region       string        `cbor:"9,keyasint,omitempty"` // latency
	Failover     string        `cbor:"10,keyasint,omitempty"`
	Geo          *GeoLocation  `cbor:"11,keyasint,omitempty"`
	MultiValue   bool          `cbor:"12,keyasint,omitempty"`
	CIDR         *CIDRRouting  `cbor:"13,keyasint,omitempty"`
	GeoProximity *GeoProximity `cbor:"14,keyasint,omitempty"`

	HealthCheckID           string `cbor:"15,keyasint,omitempty"`
	TrafficPolicyInstanceID string `cbor:"16,keyasint,omitempty"`
}

// AliasTarget is where an alias leads.
type AliasTarget struct {
	ZoneID               string `cbor:"1,keyasint"` // bare hosted zone id
	Name                 Name   `cbor:"2,keyasint"`
	EvaluateTargetHealth bool   `cbor:"3,keyasint,omitempty"`
}

// GeoLocation is where clients of a geolocation RRset are. Country "*" is the
// default location.
type GeoLocation struct {
	Continent   string `cbor:"1,keyasint,omitempty"`
	Country     string `cbor:"2,keyasint,omitempty"`
	Subdivision string `cbor:"3,keyasint,omitempty"`
}

// CIDRRouting names a location of a CIDR collection; "*" is the default one.
type CIDRRouting struct {
	CollectionID string `cbor:"1,keyasint"`
	Location     string `cbor:"2,keyasint"`
}

// GeoProximity is where a resource stands, and how far it reaches.
type GeoProximity struct {
	AWSRegion      string `cbor:"1,keyasint,omitempty"`
	LocalZoneGroup string `cbor:"2,keyasint,omitempty"`
	// Latitude in [-90, 90] and Longitude in [-180, 180], at most two
	// decimals, as given; both or neither.
	Latitude  string `cbor:"3,keyasint,omitempty"`
	Longitude string `cbor:"4,keyasint,omitempty"`
	Bias      int64  `cbor:"5,keyasint,omitempty"` // [-99, 99]
}

// The values of [RRset.Failover].
const (
	FailoverPrimary   = "PRIMARY"
	FailoverSecondary = "SECONDARY"
)

// Policy is the routing policy of an RRset.
type Policy uint8

// The routing policies.
const (
	PolicySimple Policy = iota
	PolicyWeighted
	PolicyLatency
	PolicyFailover
	PolicyGeolocation
	PolicyMultivalue
	PolicyCIDR
	PolicyGeoproximity
)

var policyNames = [...]string{"simple", "weighted", "latency", "failover", "geolocation", "multivalue", "IP-based", "geoproximity"}

// String returns the policy's name in Route 53's guide.
func (p Policy) String() string { return policyNames[p] }

// Policy returns the routing policy that r's members say; where several are
// set, which [RRset.Validate] refuses, the first in the API's order.
func (r *RRset) Policy() Policy {
	switch {
	case r.Weight != nil:
		return PolicyWeighted
	case r.Region != "":
		return PolicyLatency
	case r.Geo != nil:
		return PolicyGeolocation
	case r.Failover != "":
		return PolicyFailover
	case r.MultiValue:
		return PolicyMultivalue
	case r.CIDR != nil:
		return PolicyCIDR
	case r.GeoProximity != nil:
		return PolicyGeoproximity
	}
	return PolicySimple
}

// Table implements [Value].
func (*RRset) Table() string { return TableRRsets }

// Key implements [Value]: see [RRsetKey].
func (r *RRset) Key() string { return RRsetKey(r.Zone, r.Name, r.Type, r.SetID) }

// RRsetKey returns the key of an RRset's row. Keys of one zone sort as
// ListResourceRecordSets lists: by reversed name, type, set identifier
// (aws-behaviour 2.9); all keys of a zone begin with [RRsetPrefix].
func RRsetKey(zone string, name Name, rrtype, setID string) string {
	return zone + "\x00" + name.Reversed() + "\x00" + rrtype + "\x00" + setID
}

// RRsetPrefix returns what the keys of all RRsets of a zone begin with.
func RRsetPrefix(zone string) string { return zone + "\x00" }

// RRsetNamePrefix returns what the keys of all RRsets of a name begin with.
func RRsetNamePrefix(zone string, name Name) string {
	return zone + "\x00" + name.Reversed() + "\x00"
}

// RRsetKeyZone returns the zone id within the key of an RRset's row.
func RRsetKeyZone(key string) string {
	zone, _, _ := strings.Cut(key, "\x00")
	return zone
}
