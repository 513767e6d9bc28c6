package model

import (
	"fmt"
	"strings"
	"testing"
)

// rrset returns a valid RRset, changed by each of edit.
func rrset(edit ...func(*RRset)) *RRset {
	r := &RRset{Zone: "Z1", Name: "www.example.org.", Type: "A", TTL: 60, Values: []string{"192.0.2.1"}}
	for _, e := range edit {
		e(r)
	}
	return r
}

func named(n Name) func(*RRset) { return func(r *RRset) { r.Name = n } }

func data(rrtype string, values ...string) func(*RRset) {
	return func(r *RRset) { r.Type, r.Values = rrtype, values }
}

func weighted(id string, w int64) func(*RRset) {
	return func(r *RRset) { r.SetID, r.Weight = id, &w }
}

func latency(id, region string) func(*RRset) {
	return func(r *RRset) { r.SetID, r.Region = id, region }
}

func failover(id, role string) func(*RRset) {
	return func(r *RRset) { r.SetID, r.Failover, r.HealthCheckID = id, role, "hc" }
}

func geo(id string, g GeoLocation) func(*RRset) {
	return func(r *RRset) { r.SetID, r.Geo = id, &g }
}

func multi(id string) func(*RRset) {
	return func(r *RRset) { r.SetID, r.MultiValue = id, true }
}

func cidr(id, collection, location string) func(*RRset) {
	return func(r *RRset) { r.SetID, r.CIDR = id, &CIDRRouting{collection, location} }
}

func near(id string, g GeoProximity) func(*RRset) {
	return func(r *RRset) { r.SetID, r.GeoProximity = id, &g }
}

func alias(zone string, n Name) func(*RRset) {
	return func(r *RRset) { r.TTL, r.Values, r.Alias = 0, nil, &AliasTarget{ZoneID: zone, Name: n} }
}

func ttl(seconds uint32) func(*RRset) { return func(r *RRset) { r.TTL = seconds } }

const collection = "11111111-2222-3333-4444-555555555555"

func TestRRsetValidate(t *testing.T) {
	valid := map[string]*RRset{
		"simple":              rrset(),
		"TTL 0":               rrset(ttl(0)),
		"alias":               rrset(alias("Z1", "example.org.")),
		"wildcard":            rrset(named("*.example.org.")),
		"weighted":            rrset(weighted("a", 255)),
		"weighted, 0":         rrset(weighted("a", 0)),
		"latency":             rrset(latency("a", "eu-west-3")),
		"failover":            rrset(failover("a", "PRIMARY")),
		"geolocation":         rrset(geo("a", GeoLocation{Country: "US", Subdivision: "WA"})),
		"default location":    rrset(geo("a", GeoLocation{Country: "*"})),
		"continent":           rrset(geo("a", GeoLocation{Continent: "EU"})),
		"multivalue":          rrset(multi("a")),
		"IP-based":            rrset(cidr("a", collection, "*")),
		"geoproximity":        rrset(near("a", GeoProximity{Latitude: "-49.22", Longitude: "+74.01", Bias: -99})),
		"geoproximity Region": rrset(near("a", GeoProximity{AWSRegion: "us-west-2"})),
		"traffic policy":      rrset(func(r *RRset) { r.TrafficPolicyInstanceID = "x" }),
	}
	for name, r := range valid {
		t.Run(name, func(t *testing.T) {
			if err := r.Validate(); err != nil {
				t.Errorf("Validate(%+v) = %v, want nil", r, err)
			}
		})
	}
}

func TestRRsetValidateRefuses(t *testing.T) {
	const oneSource = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found "
	const onePolicy = "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found "
	const where = " in [Name=www.example.org., Type=A, SetIdentifier="
	tests := []struct {
		name string
		r    *RRset
		want string // all lines, or the start of the only one if it ends in "..."
	}{
		{"zone id", rrset(func(r *RRset) { r.Zone = "/hostedzone/Z1" }), `hosted zone id "/hostedzone/Z1" is not Z and up to 31 of [A-Z0-9]`},
		{"upper case name", rrset(named("WWW.example.org.")), `name "WWW.example.org." is not in its canonical form "www.example.org."`},
		{"name not absolute", rrset(named("www.example.org")), `name "www.example.org" is not in its canonical form "www.example.org."`},
		{"empty label", rrset(named("www..example.org.")), "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'www..example.org.'"},
		{"type", rrset(data("HINFO", "x")), "Value 'HINFO' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SOA, A, TXT, ..."},
		{"set identifier too long", rrset(weighted(strings.Repeat("x", 129), 1)), "Value '" + strings.Repeat("x", 129) + "' at 'setIdentifier' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{"set identifier with NUL", rrset(weighted("a\x00b", 1)), `set identifier "a\x00b" has characters that cannot be printed`},
		{"nothing", rrset(func(r *RRset) { r.Values = nil }), oneSource + "none" + where + "null]"},
		{"alias and values", rrset(func(r *RRset) { r.TTL, r.Alias = 0, &AliasTarget{ZoneID: "Z1", Name: "a.example.org."} }), oneSource + "more than one" + where + "null]"},
		{"alias with TTL", rrset(alias("Z1", "a.example.org."), ttl(1)), oneSource + "more than one" + where + "null]"},
		{"TTL", rrset(ttl(1 << 31)), "Value '2147483648' at 'tTL' failed to satisfy constraint: Member must have value less than or equal to 2147483647"},
		{"identifier without policy", rrset(func(r *RRset) { r.SetID = "a" }), onePolicy + "none" + where + "a]"},
		{"two policies", rrset(weighted("a", 1), multi("a")), onePolicy + "more than one" + where + "a]"},
		{"policy without identifier", rrset(weighted("", 1)), "Missing field 'SetIdentifier'" + where + "null]"},
		{"weight", rrset(weighted("a", 256)), "Value '256' at 'weight' failed to satisfy constraint: Member must have value less than or equal to 255"},
		{"negative weight", rrset(weighted("a", -1)), "Value '-1' at 'weight' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"Region", rrset(latency("a", "mars-1")), "Value 'mars-1' at 'region' failed to satisfy constraint: Member must satisfy enum value set: [us-east-1, ..."},
		{"failover", rrset(failover("a", "TERTIARY")), "Value 'TERTIARY' at 'failover' failed to satisfy constraint: Member must satisfy enum value set: [PRIMARY, SECONDARY]"},
		{"state", rrset(geo("a", GeoLocation{Country: "CA", Subdivision: "ON"})), "Cannot find location: 'country = CA subdivision = ON'. No changes made."},
		{"country", rrset(geo("a", GeoLocation{Country: "BV"})), "Cannot find location: 'country = BV'. No changes made."},
		{"continent with state", rrset(geo("a", GeoLocation{Continent: "NA", Subdivision: "WA"})), "Cannot find location: ' continent = NA subdivision = WA'. No changes made."},
		{"continent and country", rrset(geo("a", GeoLocation{Continent: "NA", Country: "US"})), `geolocation has both the continent "NA" and the country "US", one is allowed`},
		{"bias", rrset(near("a", GeoProximity{AWSRegion: "us-west-2", Bias: 100})), "bias 100 out of range [-99, 99]"},
		{"latitude", rrset(near("a", GeoProximity{Latitude: "90.01", Longitude: "0"})), "Value '90.01' at 'geoProximityLocation.coordinates.latitude' failed to satisfy constraint: Member must be degrees in [-90, 90] with at most two decimals"},
		{"longitude missing", rrset(near("a", GeoProximity{Latitude: "9.01"})), "Value '' at 'geoProximityLocation.coordinates.longitude' failed to satisfy constraint: Member must be degrees in [-180, 180] with at most two decimals"},
		{"two places", rrset(near("a", GeoProximity{AWSRegion: "us-west-2", LocalZoneGroup: "us-west-2-lax-1"})), "Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or at least one of [Coordinates, or all of [Latitude, and Longitude]]], but found more than one"},
		{"Region of geoproximity", rrset(near("a", GeoProximity{AWSRegion: "mars-1"})), "Cannot find GeoProximityLocation with AWSRegion = mars-1. No changes made."},
		{"collection", rrset(cidr("a", "x", "paris")), "Value 'x' at 'cidrRoutingConfig.collectionId' failed..."},
		{"location", rrset(cidr("a", collection, "a b")), "Value 'a b' at 'cidrRoutingConfig.locationName' failed..."},
		{"value", rrset(data("A", "192.0.2.1", "x", "y")), "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with 'x''\nInvalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with 'y''"},
		{"duplicate", rrset(data("MX", "10 a.example.org", "10 A.example.org.")), "Duplicate Resource Record: '10 A.example.org.'"},
		{"two CNAMEs", rrset(data("CNAME", "a.example.org", "b.example.org")), "Cannot have more than 1 records in a RRSet."},
		{"401 values", rrset(many(401)), "Cannot have more than 400 records in a RRSet."},
		{"alias of NS", rrset(alias("Z1", "a.example.org."), func(r *RRset) { r.Type = "NS" }), "RRSet with DNS name www.example.org., type NS contains an alias target, but aliases of that type are forbidden"},
		{"wildcard NS", rrset(named("*.example.org."), data("NS", "ns.example.net")), `RRSet with DNS name \052.example.org., type NS is a wildcard. Changing wildcard NS record sets are not supported`},
		{"weighted NS", rrset(data("NS", "ns.example.net"), weighted("a", 1)), "RRSet with DNS name www.example.org., type NS, SetIdentifier a cannot be created with the weighted policy as this type of RRSet is not supported"},
		{"multivalue CNAME", rrset(data("CNAME", "a.example.net"), multi("a")), "RRSet with DNS name www.example.org., type CNAME, SetIdentifier a cannot be created with the multivalue policy as this type of RRSet is not supported"},
		{"multivalue alias", rrset(alias("Z1", "a.example.org."), multi("a")), "RRSet with DNS name www.example.org., type A, SetIdentifier a cannot be created with the multivalue policy as this type of RRSet is not supported"},
		{"primary without health check", rrset(failover("a", "PRIMARY"), func(r *RRset) { r.HealthCheckID = "" }), "A non-alias primary ResourceRecordSet must have an associated health check. No changes made."},
		{"alias primary without health check", rrset(alias("Z1", "a.example.org."), failover("a", "PRIMARY"), func(r *RRset) { r.HealthCheckID = "" }), "RRSet with DNS name www.example.org., type A, SetIdentifier a cannot be a primary without EvaluateTargetHealth set to true or an associated health check as a secondary would never be returned."},
		{"CloudFront health", rrset(alias("Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net."), func(r *RRset) { r.Alias.EvaluateTargetHealth = true }), "EvaluateTargetHealth must be false for an alias to a CloudFront distribution, got true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := message(tt.r.Validate())
			if start, ok := strings.CutSuffix(tt.want, "..."); ok && strings.HasPrefix(got, start) && !strings.Contains(got, "\n") {
				return
			}
			if got != tt.want {
				t.Errorf("Validate() = %s\nwant %s", got, tt.want)
			}
		})
	}
}

// many gives an RRset n different addresses.
func many(n int) func(*RRset) {
	return func(r *RRset) {
		r.Values = nil
		for i := range n {
			r.Values = append(r.Values, fmt.Sprintf("198.18.%d.%d", i/256, i%256))
		}
	}
}

func TestCombinationInChange(t *testing.T) {
	err := rrset(weighted("", 1)).Validate()
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		got := e.(*CombinationError).InChange("CREATE")
		want := "Invalid request: Missing field 'SetIdentifier' in Change with [Action=CREATE, Name=www.example.org., Type=A, SetIdentifier=null]"
		if got != want {
			t.Errorf("InChange(CREATE) = %q, want %q", got, want)
		}
	}
}
