package model

import (
	"net/netip"
	"strings"
	"testing"
)

// aws-behaviour 3.6, the table of resource aliases.
func TestResourceOf(t *testing.T) {
	for _, tc := range []struct {
		name         Name
		kind, region string
		zone         string // "": no id is known
	}{
		{"d111111abcdef8.cloudfront.net.", EndpointCloudFront, "", "Z2FDTNDATAQYW2"},
		{"web-1.eu-west-3.elb.amazonaws.com.", EndpointELB, "eu-west-3", "Z3Q77PNBQS71R4"},
		{"dualstack.web-1.us-east-1.elb.amazonaws.com.", EndpointELB, "us-east-1", "Z35SXDOTRQ7X7K"},
		{"net-1.elb.eu-west-3.amazonaws.com.", EndpointELB, "eu-west-3", "Z1CMS0P5QUZ6D5"},
		{"net-1.elb.mx-central-1.amazonaws.com.", EndpointELB, "mx-central-1", ""},
		{"d-1a2b3c4d5e.execute-api.us-west-2.amazonaws.com.", EndpointAPIGateway, "us-west-2", ""},
		{"s3-website-us-east-1.amazonaws.com.", EndpointS3Website, "us-east-1", "Z3AQBSTGFYJSTF"},
		{"s3-website.eu-west-3.amazonaws.com.", EndpointS3Website, "eu-west-3", "Z3R1K369G5AVDG"},
		{"www.example.org.s3-website.eu-west-3.amazonaws.com.", EndpointS3Website, "eu-west-3", "Z3R1K369G5AVDG"},
		{"app.eu-west-1.elasticbeanstalk.com.", "", "eu-west-1", "Z2NYPWQ7DFZAZH"},
		{"a123.awsglobalaccelerator.com.", "", "", "Z2BJ6XQ5FK7U4H"},
		{"mys3-website-us-east-1.amazonaws.com.", "", "", ""},
		{"web.mars-1.elb.amazonaws.com.", "", "", ""},
		{"cloudfront.net.", "", "", ""},
		{"vpce-1.execute.us-east-1.vpce.amazonaws.com.", "", "", ""},
		{"www.example.org.", "", "", ""},
	} {
		r := ResourceOf(tc.name)
		if r.Kind != tc.kind || r.Region != tc.region || r.zones[r.Region] != tc.zone {
			t.Errorf("ResourceOf(%q) = %q in %q of zone %q, want %q, %q, %q", tc.name, r.Kind, r.Region, r.zones[r.Region], tc.kind, tc.region, tc.zone)
		}
	}
}

// Each id belongs to one kind of resource and Region.
func TestResourceZones(t *testing.T) {
	seen := map[string]string{}
	for _, table := range []map[string]string{s3WebsiteZones, loadBalancerZones, networkBalancerZones, beanstalkZones} {
		for region, id := range table {
			if !ValidZoneID(id) || !knownRegion[region] || seen[id] != "" {
				t.Errorf("%s in %s is in the tables twice, or no id, or in no Region", id, region)
			}
			seen[id] = region
		}
	}
}

// aws-behaviour 2.4, "alias messages", and 3.6.
func TestCheckResourceAlias(t *testing.T) {
	const outside, missing = "but the alias target name does not lie within the target zone", "but that target was not found"
	for _, tc := range []struct {
		name, zone string
		target     Name
		rrtype     string
		private    bool
		want       []string
	}{
		{"load balancer", "Z3Q77PNBQS71R4", "web.eu-west-3.elb.amazonaws.com.", "AAAA", false, nil},
		{"load balancer by another Region's id", "Z35SXDOTRQ7X7K", "web.eu-west-3.elb.amazonaws.com.", "A", false, []string{outside}},
		{"load balancer by the id of network load balancers", "Z1CMS0P5QUZ6D5", "web.eu-west-3.elb.amazonaws.com.", "A", false, []string{outside}},
		{"S3 website", "Z3AQBSTGFYJSTF", "s3-website-us-east-1.amazonaws.com.", "A", false, nil},
		{"S3 website by another id", "Z2FDTNDATAQYW2", "s3-website-us-east-1.amazonaws.com.", "A", false, []string{outside}},
		{"API Gateway, by any id", "ZLY8HYME6SFDD", "d-1.execute-api.eu-west-1.amazonaws.com.", "A", false, nil},
		{"API Gateway by a load balancer's id", "Z35SXDOTRQ7X7K", "d-1.execute-api.us-east-1.amazonaws.com.", "A", false, []string{outside}},
		{"edge-optimised API, HTTPS", "Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net.", "HTTPS", false, nil},
		{"some other resource", "ZOTHER", "vpce-1.execute.us-east-1.vpce.amazonaws.com.", "A", false, nil},
		{"a foreign name by CloudFront's id", "Z2FDTNDATAQYW2", "www.example.net.", "A", false, []string{outside}},
		{"a type that resources do not have", "Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net.", "TXT", false, []string{missing}},
		{"CloudFront in a private zone", "Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net.", "A", true, []string{missing}},
		{"both faults", "Z2FDTNDATAQYW2", "www.example.net.", "MX", false, []string{missing, outside}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			zone := &Zone{ID: "Z1", Name: "example.org.", Private: tc.private}
			s := &RRset{Zone: "Z1", Name: "www.example.org.", Type: tc.rrtype, Alias: &AliasTarget{ZoneID: tc.zone, Name: tc.target}}
			errs := CheckAlias(zone, s, func(Name, string) bool { return false })
			if len(errs) != len(tc.want) {
				t.Fatalf("CheckAlias(%q, %s) = %v, want %q", tc.target, tc.zone, errs, tc.want)
			}
			for i, want := range tc.want {
				if !strings.HasSuffix(errs[i].Error(), want) {
					t.Errorf("CheckAlias(%q, %s) = %v, want %q", tc.target, tc.zone, errs[i], want)
				}
			}
		})
	}
}

// Rows name zones, servers and endpoints in the canonical form, as RRsets do.
func TestNamesAreCanonical(t *testing.T) {
	zone := func(name Name, servers ...Name) Value {
		return &Zone{ID: "Z1", Account: DefaultAccount, Name: name, NameServers: servers}
	}
	endpoint := func(name Name) Value {
		return &Endpoint{Name: name, Node: "n", Kind: EndpointS3Website, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
	}
	for _, v := range []Value{zone("example.org"), zone("Example.org."), zone(""), zone("example.org.", "ns"), endpoint("www"), endpoint("")} {
		if err := v.Validate(); err == nil {
			t.Errorf("Validate(%+v) = nil, want an error", v)
		}
	}
	for _, v := range []Value{zone("example.org.", "ns.example.net."), endpoint("www.example.org.s3-website-us-east-1.amazonaws.com.")} {
		if err := v.Validate(); err != nil {
			t.Errorf("Validate(%+v) = %v, want nil", v, err)
		}
	}
}
