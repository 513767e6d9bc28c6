package model

import (
	"fmt"
	"slices"
)

// MaxGroup is how many RRsets of one name and type a policy may have, and
// MaxGeoproximity how many of them the geoproximity policy (aws-behaviour 1.7).
const (
	MaxGroup        = 100
	MaxGeoproximity = 30
)

// ZoneError is a rule of the hosted zone that an RRset breaks.
type ZoneError struct {
	// RRset is the one that must change; nil when one is missing.
	RRset *RRset
	// Text is Route 53's message (aws-behaviour 2.4).
	Text string
}

// Error returns the message.
func (e *ZoneError) Error() string { return e.Text }

func zoneFault(s *RRset, format string, args ...any) error {
	return &ZoneError{RRset: s, Text: fmt.Sprintf(format, args...)}
}

// CheckZone returns every rule of aws-behaviour 2.4 that the RRsets of a zone
// break together, each as a *[ZoneError] in the order of sets: where two do not
// go together, the later one is at fault. It does not repeat what
// [RRset.Validate] says, and does not need valid RRsets.
func CheckZone(zone *Zone, sets []*RRset) []error {
	return checkZone(zone, sets, newPlaces(sets))
}

func checkZone(zone *Zone, sets []*RRset, places *places) []error {
	var errs []error
	for _, s := range sets {
		misplaced := CheckPlacement(zone, s)
		errs = append(errs, misplaced...)
		if len(misplaced) > 0 {
			continue
		}
		p := places.at(s.Name)
		if c := p.check(zone, s); len(c) > 0 {
			errs = append(errs, c...)
			continue
		}
		p.add(s)
	}
	has := func(n Name, rrtype string) bool {
		p := places.byName[n]
		return p != nil && p.group(rrtype) != nil
	}
	for _, s := range sets {
		errs = append(errs, CheckAlias(zone, s, has)...)
	}
	errs = append(errs, CheckLoops(zone, sets)...)
	return append(errs, CheckApex(zone, sets)...)
}

// CheckPlacement returns why s may not stand at its name in the zone, whatever
// else is there.
func CheckPlacement(zone *Zone, s *RRset) []error {
	apex := s.Name == zone.Name
	switch {
	case !s.Name.Within(zone.Name):
		return []error{zoneFault(s, "RRSet with DNS name %s is not permitted in zone %s", s.Name.AWS(), zone.Name.AWS())}
	case apex && (s.Type == "CNAME" || s.Type == "DS"):
		return []error{zoneFault(s, "RRSet of type %s with DNS name %s is not permitted at apex in zone %s", s.Type, s.Name.AWS(), zone.Name.AWS())}
	case !apex && s.Type == "SOA":
		return []error{zoneFault(s, "A HostedZone must contain exactly one SOA record.")}
	case zone.Private && s.CIDR != nil:
		return []error{zoneFault(s, "%s cannot be created because CIDR RRSet is not supported with private hosted zone.", s.label())}
	}
	return nil
}

// CheckBeside returns why s may not stand beside the other RRsets of its name.
// Those are taken to be legal among themselves.
func CheckBeside(zone *Zone, s *RRset, beside []*RRset) []error {
	var p place
	for _, o := range beside {
		p.add(o)
	}
	return p.check(zone, s)
}

// check returns why s may not join p, in Route 53's words.
func (p *place) check(zone *Zone, s *RRset) []error {
	if c, other := p.clash(s); c != clashNone {
		return []error{zoneFault(s, "%s", clashText(zone, c, s, other))}
	}
	g := p.group(s.Type)
	if g == nil {
		return nil
	}
	if s.Weight != nil && s.Alias == nil && g.ttl != nil && g.ttl.TTL != s.TTL {
		return []error{zoneFault(s, "RRSet with DNS name %s and type %s, SetIdentifier %s cannot be created as weighted sets must contain the same TTL.",
			s.Name.AWS(), s.Type, s.SetID)}
	}
	if s.GeoProximity != nil && g.size() >= MaxGeoproximity {
		return []error{zoneFault(s, "Exceeded limit on number of geo-proximity RRSets for %s, type %s in this zone.", s.Name.AWS(), s.Type)}
	}
	if g.size() >= MaxGroup {
		return []error{zoneFault(s, "%s cannot be created as the name and type have %d RRSets already", s.label(), g.size())}
	}
	return nil
}

// clashText returns Route 53's message about a clash of s with another RRset.
func clashText(zone *Zone, c clash, s, other *RRset) string {
	switch c {
	case clashCNAMENew:
		return fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s",
			s.Name.AWS(), zone.Name.AWS())
	case clashCNAMEOld:
		return fmt.Sprintf("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone %s",
			s.Type, s.Name.AWS(), zone.Name.AWS())
	case clashKey:
		return fmt.Sprintf("Tried to create resource record set %s but it already exists", s.Bracket())
	case clashPolicy:
		return policyText(s)
	case clashCollection:
		return fmt.Sprintf("%s, and routing to CidrCollectionId=%s CidrLocationId=%s cannot be created because a CIDR RRSets with a different collection id (%s) already exist",
			s.label(), s.CIDR.CollectionID, s.CIDR.Location, other.CIDR.CollectionID)
	}
	return slotText(s)
}

// Bracket returns how Route 53's messages about changes name r:
// `[name='www.example.org.', type='A', set-identifier='one']`.
func (r *RRset) Bracket() string {
	if r.SetID == "" {
		return fmt.Sprintf("[name='%s', type='%s']", r.Name.AWS(), r.Type)
	}
	return fmt.Sprintf("[name='%s', type='%s', set-identifier='%s']", r.Name.AWS(), r.Type, r.SetID)
}

// policyText is the message about RRsets of another policy.
func policyText(s *RRset) string {
	switch s.Policy() {
	case PolicyWeighted:
		return s.label() + " cannot be created as a non-weighted set exists with the same name and type."
	case PolicyLatency:
		return fmt.Sprintf("%s, and Region Name=%s cannot be created because a non-latency RRSet with the same name and type already exists.", s.label(), s.Region)
	}
	return s.label() + " cannot be created as other RRSets exist with the same name and type."
}

// slotText is the message about a Region, location or role that is taken.
func slotText(s *RRset) string {
	switch s.Policy() {
	case PolicyLatency:
		return fmt.Sprintf("%s, and Region Name=%s cannot be created because a latency RRSet with the same name, type and region already exists.", s.label(), s.Region)
	case PolicyGeolocation:
		return fmt.Sprintf("%s, and routing to [%s} cannot be created because a GEO RRSet with the same name, type and routing to [%s} already exists.", s.label(), s.Geo.described(), s.Geo.described())
	case PolicyCIDR:
		return fmt.Sprintf("%s, and routing to CidrCollectionId=%s CidrLocationId=%s cannot be created because a CIDR RRSet with the same name, type and location already exists.",
			s.label(), s.CIDR.CollectionID, s.CIDR.Location)
	}
	return s.label() + " cannot be created as a failover set of that kind already exists."
}

// CheckApex returns which of the records that every zone has are missing.
func CheckApex(zone *Zone, sets []*RRset) []error {
	var errs []error
	at := func(rrtype string) func(*RRset) bool {
		return func(s *RRset) bool { return s.Name == zone.Name && s.Type == rrtype }
	}
	if !slices.ContainsFunc(sets, at("SOA")) {
		errs = append(errs, zoneFault(nil, "A HostedZone must contain exactly one SOA record."))
	}
	if !slices.ContainsFunc(sets, at("NS")) {
		errs = append(errs, zoneFault(nil, "A HostedZone must contain at least one NS record for the zone itself."))
	}
	return errs
}
