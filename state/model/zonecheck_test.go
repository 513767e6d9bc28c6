package model

import (
	"fmt"
	"strings"
	"testing"
)

var exampleZone = &Zone{ID: "Z1", Name: "example.org.", Account: DefaultAccount}

// withApex puts the records that every zone has before sets.
func withApex(sets ...*RRset) []*RRset {
	z := *exampleZone
	z.NameServers = DelegationServers(z.ID)
	return append([]*RRset{DefaultSOA(&z), DefaultNS(&z)}, sets...)
}

func TestCheckZone(t *testing.T) {
	apex := named("example.org.")
	const routed = "RRSet with DNS name www.example.org., type A, SetIdentifier b"
	tests := []struct {
		name string
		sets []*RRset
		want []string
	}{
		{name: "nothing but defaults", sets: withApex()},
		{name: "types side by side", sets: withApex(rrset(), rrset(data("TXT", `"x"`)))},
		{name: "outside", sets: withApex(rrset(named("www.example.net."))),
			want: []string{"RRSet with DNS name www.example.net. is not permitted in zone example.org."}},
		{name: "CNAME at apex", sets: withApex(rrset(apex, data("CNAME", "a.example.net"))),
			want: []string{"RRSet of type CNAME with DNS name example.org. is not permitted at apex in zone example.org."}},
		{name: "CNAME beside A", sets: withApex(rrset(), rrset(data("CNAME", "a.example.net"))),
			want: []string{"RRSet of type CNAME with DNS name www.example.org. is not permitted as it conflicts with other records with the same DNS name in zone example.org."}},
		{name: "A beside CNAME", sets: withApex(rrset(data("CNAME", "a.example.net")), rrset()),
			want: []string{"RRSet of type A with DNS name www.example.org. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.org."}},
		{name: "the same twice", sets: withApex(rrset(), rrset()),
			want: []string{"Tried to create resource record set [name='www.example.org.', type='A'] but it already exists"}},
		{name: "the same identifier twice", sets: withApex(rrset(weighted("b", 1)), rrset(weighted("b", 2))),
			want: []string{"Tried to create resource record set [name='www.example.org.', type='A', set-identifier='b'] but it already exists"}},
		{name: "simple beside weighted", sets: withApex(rrset(weighted("b", 1)), rrset()),
			want: []string{"RRSet with DNS name www.example.org., type A cannot be created as other RRSets exist with the same name and type."}},
		{name: "multivalue beside weighted", sets: withApex(rrset(weighted("a", 1)), rrset(multi("b"))),
			want: []string{routed + " cannot be created as other RRSets exist with the same name and type."}},
		{name: "weighted beside simple", sets: withApex(rrset(), rrset(weighted("b", 1))),
			want: []string{routed + " cannot be created as a non-weighted set exists with the same name and type."}},
		{name: "latency beside weighted", sets: withApex(rrset(weighted("a", 1)), rrset(latency("b", "eu-west-3"))),
			want: []string{routed + ", and Region Name=eu-west-3 cannot be created because a non-latency RRSet with the same name and type already exists."}},
		{name: "Region twice", sets: withApex(rrset(latency("a", "eu-west-3")), rrset(latency("b", "eu-west-3")), rrset(latency("c", "eu-west-1"))),
			want: []string{routed + ", and Region Name=eu-west-3 cannot be created because a latency RRSet with the same name, type and region already exists."}},
		{name: "location twice", sets: withApex(rrset(geo("a", GeoLocation{Country: "JP"})), rrset(geo("b", GeoLocation{Country: "JP"})), rrset(geo("c", GeoLocation{Country: "*"}))),
			want: []string{routed + ", and routing to [country = (JP, Japan)} cannot be created because a GEO RRSet with the same name, type and routing to [country = (JP, Japan)} already exists."}},
		{name: "two primaries", sets: withApex(rrset(failover("a", "PRIMARY")), rrset(failover("b", "PRIMARY")), rrset(failover("c", "SECONDARY"))),
			want: []string{routed + " cannot be created as a failover set of that kind already exists."}},
		{name: "two collections", sets: withApex(rrset(cidr("a", collection, "*")), rrset(cidr("b", "2"+collection[1:], "paris"))),
			want: []string{routed + ", and routing to CidrCollectionId=2" + collection[1:] + " CidrLocationId=paris cannot be created because a CIDR RRSets with a different collection id (" + collection + ") already exist"}},
		{name: "weighted TTLs", sets: withApex(rrset(weighted("a", 1)), rrset(weighted("b", 1), ttl(300)), rrset(weighted("c", 1), alias("Z1", "x.example.org.")), rrset(named("x.example.org."))),
			want: []string{"RRSet with DNS name www.example.org. and type A, SetIdentifier b cannot be created as weighted sets must contain the same TTL."}},
		{name: "latency TTLs may differ", sets: withApex(rrset(latency("a", "eu-west-3")), rrset(latency("b", "eu-west-1"), ttl(300)))},
		{name: "no SOA", sets: withApex()[1:], want: []string{"A HostedZone must contain exactly one SOA record."}},
		{name: "no NS", sets: withApex()[:1], want: []string{"A HostedZone must contain at least one NS record for the zone itself."}},
		{name: "SOA below", sets: withApex(rrset(data("SOA", "a. b. 1 2 3 4 5"))), want: []string{"A HostedZone must contain exactly one SOA record."}},
		{name: "alias to a later one", sets: withApex(rrset(alias("Z1", "a.example.org.")), rrset(named("a.example.org.")))},
		{name: "alias to another type", sets: withApex(rrset(alias("Z1", "a.example.org.")), rrset(named("a.example.org."), data("TXT", `"x"`))),
			want: []string{"Tried to create an alias that targets a.example.org., type A in zone Z1, but that target was not found"}},
		{name: "alias to outside", sets: withApex(rrset(alias("Z1", "a.example.net."))),
			want: []string{"Tried to create an alias that targets a.example.net., type A in zone Z1, but that target was not found",
				"Tried to create an alias that targets a.example.net., type A in zone Z1, but the alias target name does not lie within the target zone"}},
		{name: "alias to CloudFront", sets: withApex(rrset(alias("Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net.")))},
		{name: "alias to CloudFront by another's zone", sets: withApex(rrset(alias("Z35SXDOTRQ7X7K", "d111111abcdef8.cloudfront.net."))),
			want: []string{"Tried to create an alias that targets d111111abcdef8.cloudfront.net., type A in zone Z35SXDOTRQ7X7K, but the alias target name does not lie within the target zone"}},
		{name: "CNAME loop", sets: withApex(rrset(data("CNAME", "a.example.org")), rrset(named("a.example.org."), data("CNAME", "WWW.example.org"))),
			want: []string{"RRSet of type CNAME with DNS name a.example.org. is not permitted as it creates a CNAME or alias loop in the zone."}},
		{name: "alias to itself", sets: withApex(rrset(alias("Z1", "www.example.org."))),
			want: []string{"RRSet of type A with DNS name www.example.org. is not permitted as it creates a CNAME or alias loop in the zone."}},
		{name: "aliases of two types cross", sets: withApex(
			rrset(alias("Z1", "a.example.org.")), rrset(named("a.example.org.")),
			rrset(named("a.example.org."), alias("Z1", "www.example.org."), func(r *RRset) { r.Type = "AAAA" }), rrset(data("AAAA", "2001:db8::1")))},
		{name: "chain", sets: withApex(rrset(data("CNAME", "a.example.org")), rrset(named("a.example.org."), data("CNAME", "b.example.org")), rrset(named("b.example.org.")))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, err := range CheckZone(exampleZone, tt.sets) {
				got = append(got, err.Error())
			}
			if g, w := strings.Join(got, "\n"), strings.Join(tt.want, "\n"); g != w {
				t.Errorf("CheckZone() =\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func TestCheckZoneLimits(t *testing.T) {
	var sets []*RRset
	for i := range MaxGroup + 1 {
		sets = append(sets, rrset(multi(fmt.Sprint(i))))
	}
	errs := CheckZone(exampleZone, withApex(sets...))
	if len(errs) != 1 || errs[0].(*ZoneError).RRset != sets[MaxGroup] {
		t.Errorf("CheckZone of %d multivalue RRsets = %v, want one error about the last", len(sets), errs)
	}
	sets = nil
	for i := range MaxGeoproximity + 1 {
		sets = append(sets, rrset(near(fmt.Sprint(i), GeoProximity{AWSRegion: "eu-west-3"})))
	}
	want := "Exceeded limit on number of geo-proximity RRSets for www.example.org., type A in this zone."
	if errs := CheckZone(exampleZone, withApex(sets...)); len(errs) != 1 || errs[0].Error() != want {
		t.Errorf("CheckZone of %d geoproximity RRsets = %v, want %q", len(sets), errs, want)
	}
}

func TestCheckBeside(t *testing.T) {
	if errs := CheckBeside(exampleZone, rrset(weighted("b", 1)), []*RRset{rrset(weighted("a", 1)), rrset(data("TXT", `"x"`))}); len(errs) != 0 {
		t.Errorf("CheckBeside of two weighted RRsets = %v, want none", errs)
	}
	if errs := CheckBeside(exampleZone, rrset(), []*RRset{rrset(weighted("a", 1))}); len(errs) != 1 {
		t.Errorf("CheckBeside of simple and weighted = %v, want one error", errs)
	}
	private := &Zone{ID: "Z1", Name: "example.org.", Private: true}
	want := "RRSet with DNS name www.example.org., type A, SetIdentifier a cannot be created because CIDR RRSet is not supported with private hosted zone."
	if errs := CheckPlacement(private, rrset(cidr("a", collection, "*"))); len(errs) != 1 || errs[0].Error() != want {
		t.Errorf("CheckPlacement of IP-based in a private zone = %v, want %q", errs, want)
	}
}

func TestDelegationServers(t *testing.T) {
	seen := make(map[string]bool)
	for i := range 200 {
		servers := DelegationServers(fmt.Sprint("Z", i))
		tlds := make(map[string]bool)
		for _, s := range servers {
			var n, label int
			var tld string
			if _, err := fmt.Sscanf(string(s), "ns-%d.awsdns-%d.%s", &n, &label, &tld); err != nil {
				t.Fatalf("DelegationServers gives %q: %v", s, err)
			}
			if label != n%512/8 || tld != []string{"com.", "net.", "org.", "co.uk."}[n/512] {
				t.Errorf("%q breaks the numbering", s)
			}
			tlds[tld] = true
		}
		if len(tlds) != 4 {
			t.Errorf("DelegationServers = %v, want one server under each top-level name", servers)
		}
		seen[fmt.Sprint(servers)] = true
	}
	if len(seen) != 200 {
		t.Errorf("200 zones have %d different delegation sets", len(seen))
	}
	want := "[ns-1536.awsdns-00.co.uk. ns-0.awsdns-00.com. ns-1024.awsdns-00.org. ns-512.awsdns-00.net.]"
	if got := fmt.Sprint(PrivateNameServers()); got != want {
		t.Errorf("PrivateNameServers() = %s, want %s", got, want)
	}
}
