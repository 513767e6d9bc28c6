package model

import "strings"

// Resource is what kind of AWS resource a DNS name belongs to, as far as the
// name tells (aws-behaviour 3.6). The zero value is none that is known.
type Resource struct {
	// Kind is one of the kinds of [Endpoint], or "" for a resource that no edge
	// stands in for.
	Kind   string
	Region string // "" where the name has none

	zones map[string]string // the hosted zone ids of its names, by Region
}

// resourceTypes are the types of records that an AWS resource's name can have.
var resourceTypes = set("A", "AAAA", "HTTPS", "SVCB")

// global is the table of ids of a resource whose names have no Region.
func global(id string) map[string]string { return map[string]string{"": id} }

// shape is how the names of a resource end, with one label for the Region
// where region says so.
type shape struct {
	before, after string // of the Region
	region        bool
	kind          string
	zones         map[string]string
}

var shapes = []shape{
	{after: ".cloudfront.net.", kind: EndpointCloudFront, zones: global(cloudFrontZone)},
	{after: ".awsglobalaccelerator.com.", zones: global(acceleratorZone)},
	{before: ".", after: ".elb.amazonaws.com.", region: true, kind: EndpointELB, zones: loadBalancerZones},
	{before: ".elb.", after: ".amazonaws.com.", region: true, kind: EndpointELB, zones: networkBalancerZones},
	{before: ".execute-api.", after: ".amazonaws.com.", region: true, kind: EndpointAPIGateway},
	{before: "s3-website-", after: ".amazonaws.com.", region: true, kind: EndpointS3Website, zones: s3WebsiteZones},
	{before: "s3-website.", after: ".amazonaws.com.", region: true, kind: EndpointS3Website, zones: s3WebsiteZones},
	{before: ".", after: ".elasticbeanstalk.com.", region: true, zones: beanstalkZones},
}

// ResourceOf returns what name belongs to.
func ResourceOf(name Name) Resource {
	for _, s := range shapes {
		rest, ok := strings.CutSuffix(string(name), s.after)
		if !ok {
			continue
		}
		if !s.region {
			return Resource{Kind: s.kind, zones: s.zones}
		}
		i := strings.LastIndex(rest, s.before)
		if i < 0 || i > 0 && s.before[0] != '.' && rest[i-1] != '.' {
			continue
		}
		if region := rest[i+len(s.before):]; knownRegion[region] {
			return Resource{Kind: s.kind, Region: region, zones: s.zones}
		}
	}
	return Resource{}
}

// HasHealth tells whether an alias that evaluates target health finds any in
// the resource: S3 and API Gateway have none of their own, they count as
// healthy (aws-behaviour 3.7).
func (r Resource) HasHealth() bool {
	return r.Kind != EndpointAPIGateway && r.Kind != EndpointS3Website
}

// ZoneID returns the hosted zone id of the resource's names, "" where it is not
// known.
func (r Resource) ZoneID() string { return r.zones[r.Region] }

// inZone tells whether an alias to the resource may give this hosted zone id:
// its own, where that is known; else any that is not known as another's.
func (r Resource) inZone(id string) bool {
	if want := r.zones[r.Region]; want != "" {
		return id == want
	}
	return !resourceZones[id]
}

// resourceZones are all ids that are known.
var resourceZones = func() map[string]bool {
	all := make(map[string]bool)
	for _, s := range shapes {
		for _, id := range s.zones {
			all[id] = true
		}
	}
	return all
}()
