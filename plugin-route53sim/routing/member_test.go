package routing

import (
	"testing"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

func TestNewMember(t *testing.T) {
	w := int64(7)
	oregon, _ := locate.RegionByName("us-west-2")
	tests := []struct {
		name  string
		rrset model.RRset
		want  Member
	}{
		{"simple", model.RRset{Type: "A"}, Member{}},
		{"weighted", model.RRset{SetID: "a", Weight: &w}, Member{SetID: "a", Weight: 7}},
		{"latency", model.RRset{SetID: "a", Region: "us-west-2"}, Member{SetID: "a", Region: "us-west-2"}},
		{"failover", model.RRset{SetID: "a", Failover: "PRIMARY"}, Member{SetID: "a", Failover: "PRIMARY"}},
		{"geolocation", model.RRset{SetID: "a", Geo: &model.GeoLocation{Country: "*"}}, Member{SetID: "a", Geo: model.GeoLocation{Country: "*"}}},
		{"IP-based", model.RRset{SetID: "a", CIDR: &model.CIDRRouting{CollectionID: "x", Location: "here"}}, Member{SetID: "a", Location: "here"}},
		{"geoproximity by Region", model.RRset{GeoProximity: &model.GeoProximity{AWSRegion: "us-west-2", Bias: -5}}, Member{Point: oregon.Point(), Bias: -5}},
		{"geoproximity by Local Zone", model.RRset{GeoProximity: &model.GeoProximity{LocalZoneGroup: "us-west-2-lax-1"}}, Member{Point: locate.At(34.05, -118.24)}},
		{"geoproximity by coordinates", model.RRset{GeoProximity: &model.GeoProximity{Latitude: "-15.80", Longitude: "47"}}, Member{Point: locate.At(-15.8, 47)}},
		{"geoproximity by nonsense", model.RRset{GeoProximity: &model.GeoProximity{Latitude: "x", Longitude: "47"}}, Member{}},
		{"geoproximity in an unknown Region", model.RRset{GeoProximity: &model.GeoProximity{AWSRegion: "aq-south-1"}}, Member{}},
		{"alias", model.RRset{Alias: &model.AliasTarget{Name: "x.example.org.", EvaluateTargetHealth: true}}, Member{Lead: ToResource, EvaluateTargetHealth: true}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := NewMember(&tc.rrset); got != tc.want {
				t.Errorf("NewMember(%+v) = %+v, want %+v", tc.rrset, got, tc.want)
			}
		})
	}
}

// Compile keeps nothing of its arguments and does not depend on their order.
func TestCompileOrder(t *testing.T) {
	members := []Member{near("b", 0, 10, 0), near("a", 0, -10, 0), near("c", 0, 10, 0)}
	g := Compile(model.PolicyGeoproximity, members, "owner")
	clear(members)
	if got := g.Pick(at(0, 0), 1, nil, nil).Members; len(got) != 1 || got[0] != 1 {
		t.Errorf("Pick = %v, want member 1, the lowest set identifier", got)
	}
	if g.Owner() != "owner" || g.Len() != 3 || !g.Healthy() || !g.MemberHealthy(2) || g.Policy() != model.PolicyGeoproximity {
		t.Errorf("Owner %v, Len %d, Healthy %v, MemberHealthy(2) %v, Policy %v", g.Owner(), g.Len(), g.Healthy(), g.MemberHealthy(2), g.Policy())
	}
}
