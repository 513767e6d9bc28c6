package route53

import (
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

type resourceRecordSet struct {
	Name                    string                `xml:"Name" aws:"required,max=1024"`
	Type                    string                `xml:"Type" aws:"required" enum:"SOA|A|TXT|NS|CNAME|MX|NAPTR|PTR|SRV|SPF|AAAA|CAA|DS|TLSA|SSHFP|SVCB|HTTPS"`
	SetIdentifier           *string               `xml:"SetIdentifier,omitempty" aws:"min=1,max=128"`
	Weight                  *int64                `xml:"Weight,omitempty" aws:"min=0,max=255"`
	Region                  *string               `xml:"Region,omitempty" aws:"min=1,max=64"`
	GeoLocation             *geoLocation          `xml:"GeoLocation,omitempty"`
	Failover                *string               `xml:"Failover,omitempty" enum:"PRIMARY|SECONDARY"`
	MultiValueAnswer        *bool                 `xml:"MultiValueAnswer,omitempty"`
	TTL                     *int64                `xml:"TTL,omitempty" aws:"min=0,max=2147483647"`
	ResourceRecords         *resourceRecords      `xml:"ResourceRecords,omitempty"`
	AliasTarget             *aliasTarget          `xml:"AliasTarget,omitempty"`
	HealthCheckId           *string               `xml:"HealthCheckId,omitempty" aws:"max=64"`
	TrafficPolicyInstanceId *string               `xml:"TrafficPolicyInstanceId,omitempty" aws:"min=1,max=36"`
	CidrRoutingConfig       *cidrRoutingConfig    `xml:"CidrRoutingConfig,omitempty"`
	GeoProximityLocation    *geoProximityLocation `xml:"GeoProximityLocation,omitempty"`
}

type geoLocation struct {
	ContinentCode   string `xml:"ContinentCode,omitempty" aws:"min=2,max=2"`
	CountryCode     string `xml:"CountryCode,omitempty" aws:"min=1,max=2"`
	SubdivisionCode string `xml:"SubdivisionCode,omitempty" aws:"min=1,max=3"`
}

type resourceRecords struct {
	ResourceRecord []resourceRecord `xml:"ResourceRecord" aws:"min=1"`
}

type resourceRecord struct {
	Value string `xml:"Value" aws:"required,max=4000"`
}

type aliasTarget struct {
	HostedZoneId         string `xml:"HostedZoneId" aws:"required,max=64"`
	DNSName              string `xml:"DNSName" aws:"required,max=1024"`
	EvaluateTargetHealth bool   `xml:"EvaluateTargetHealth" aws:"required"`
}

type cidrRoutingConfig struct {
	CollectionId string `xml:"CollectionId" aws:"required"`
	LocationName string `xml:"LocationName" aws:"required,min=1,max=16" pattern:"[0-9A-Za-z_\\-\\*]+" xsd:"CidrLocationNameDefaultAllowed"`
}

type geoProximityLocation struct {
	AWSRegion      string       `xml:"AWSRegion,omitempty" aws:"min=1,max=64"`
	LocalZoneGroup string       `xml:"LocalZoneGroup,omitempty" aws:"min=1,max=64"`
	Coordinates    *coordinates `xml:"Coordinates,omitempty"`
	Bias           *int64       `xml:"Bias,omitempty" aws:"min=-99,max=99"`
}

type coordinates struct {
	Latitude  string `xml:"Latitude" aws:"required,min=1,max=6"`
	Longitude string `xml:"Longitude" aws:"required,min=1,max=7"`
}

// recordShape returns s as the API lists it.
func recordShape(s *model.RRset) resourceRecordSet {
	r := resourceRecordSet{
		Name: s.Name.AWS(), Type: s.Type, SetIdentifier: optional(s.SetID), Weight: s.Weight, Region: optional(s.Region),
		Failover: optional(s.Failover), HealthCheckId: optional(s.HealthCheckID), TrafficPolicyInstanceId: optional(s.TrafficPolicyInstanceID),
	}
	if s.MultiValue {
		r.MultiValueAnswer = &s.MultiValue
	}
	if g := s.Geo; g != nil {
		r.GeoLocation = &geoLocation{g.Continent, g.Country, g.Subdivision}
	}
	if c := s.CIDR; c != nil {
		r.CidrRoutingConfig = &cidrRoutingConfig{c.CollectionID, c.Location}
	}
	if g := s.GeoProximity; g != nil {
		r.GeoProximityLocation = proximityShape(g)
	}
	if a := s.Alias; a != nil {
		r.AliasTarget = &aliasTarget{a.ZoneID, a.Name.AWS(), a.EvaluateTargetHealth}
		return r
	}
	ttl := int64(s.TTL)
	r.TTL, r.ResourceRecords = &ttl, &resourceRecords{}
	for _, v := range s.Values {
		r.ResourceRecords.ResourceRecord = append(r.ResourceRecords.ResourceRecord, resourceRecord{v})
	}
	return r
}

func proximityShape(g *model.GeoProximity) *geoProximityLocation {
	p := &geoProximityLocation{AWSRegion: g.AWSRegion, LocalZoneGroup: g.LocalZoneGroup}
	if g.Latitude != "" || g.Longitude != "" {
		p.Coordinates = &coordinates{g.Latitude, g.Longitude}
	}
	if g.Bias != 0 {
		p.Bias = &g.Bias
	}
	return p
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// toModel returns r as a row of a zone. The errors are about its names; a row
// without names must not be used further.
func (r *resourceRecordSet) toModel(zone string) (*model.RRset, error) {
	name, err := model.ParseName(r.Name)
	if err != nil {
		return nil, err
	}
	s := &model.RRset{
		Zone: zone, Name: name, Type: r.Type, SetID: value(r.SetIdentifier), TTL: uint32(value(r.TTL)), Weight: r.Weight,
		Region: value(r.Region), Failover: value(r.Failover), MultiValue: value(r.MultiValueAnswer), HealthCheckID: value(r.HealthCheckId),
	}
	if g := r.GeoLocation; g != nil {
		s.Geo = &model.GeoLocation{Continent: g.ContinentCode, Country: g.CountryCode, Subdivision: g.SubdivisionCode}
	}
	if c := r.CidrRoutingConfig; c != nil {
		s.CIDR = &model.CIDRRouting{CollectionID: c.CollectionId, Location: c.LocationName}
	}
	if g := r.GeoProximityLocation; g != nil {
		s.GeoProximity = &model.GeoProximity{AWSRegion: g.AWSRegion, LocalZoneGroup: g.LocalZoneGroup, Bias: value(g.Bias)}
		if g.Coordinates != nil {
			s.GeoProximity.Latitude, s.GeoProximity.Longitude = g.Coordinates.Latitude, g.Coordinates.Longitude
		}
	}
	if r.ResourceRecords != nil {
		for _, v := range r.ResourceRecords.ResourceRecord {
			s.Values = append(s.Values, v.Value)
		}
	}
	if a := r.AliasTarget; a != nil {
		target, err := model.ParseName(a.DNSName)
		if err != nil {
			return nil, err
		}
		s.Alias = &model.AliasTarget{ZoneID: strings.TrimSpace(bare(a.HostedZoneId)), Name: target, EvaluateTargetHealth: a.EvaluateTargetHealth}
	}
	return s, nil
}

// combination returns Route 53's sentence about members that do not go
// together in a change, or "" (aws-behaviour 2.5). A deletion may leave out
// what the policy says.
func (ch *change) combination() string {
	r := &ch.ResourceRecordSet
	where := " in Change with [Action=" + ch.Action + ", Name=" + r.Name + ", Type=" + r.Type + ", SetIdentifier=" + orNull(r.SetIdentifier) + "]"
	complete := r.TTL != nil && r.ResourceRecords != nil
	sources := count(r.AliasTarget != nil, r.TTL != nil || r.ResourceRecords != nil, r.TrafficPolicyInstanceId != nil)
	const expected = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found "
	switch {
	case sources > 1:
		return expected + "more than one" + where
	case r.AliasTarget == nil && r.TrafficPolicyInstanceId == nil && !complete:
		return expected + "none" + where
	}
	policies := count(r.Weight != nil, r.Region != nil, r.Failover != nil, r.GeoLocation != nil, value(r.MultiValueAnswer),
		r.GeoProximityLocation != nil, r.CidrRoutingConfig != nil)
	const policy = "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found "
	switch {
	case policies > 1:
		return policy + "more than one" + where
	case policies == 0 && r.SetIdentifier != nil && ch.Action != actionDelete:
		return policy + "none" + where
	case policies > 0 && r.SetIdentifier == nil:
		return "Missing field 'SetIdentifier'" + where
	}
	if g := r.GeoLocation; g != nil && (g.ContinentCode != "") == (g.CountryCode != "") {
		found := "none"
		if g.ContinentCode != "" {
			found = "more than one"
		}
		return "Expected exactly one of [ContinentCode, or CountryCode], but found " + found + where
	}
	return ""
}

func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// count returns how many of the conditions hold.
func count(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}
