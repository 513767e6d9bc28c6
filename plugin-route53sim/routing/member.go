package routing

import (
	"strconv"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// Lead says what a member answers with.
type Lead uint8

// What a member can answer with.
const (
	ToValues   Lead = iota // its own values
	ToGroup                // alias to RRsets of the same zone: [Member.Target]
	ToResource             // alias to a resource outside Route 53, resolved by the caller
)

// Member is one RRset of a group, as far as routing goes. Fields of other
// policies than the group's are not looked at. The zero value is a healthy
// simple RRset.
type Member struct {
	// SetID is the set identifier, unique in the group.
	SetID string
	// Unhealthy says that the RRset's own health check fails.
	Unhealthy bool

	Lead Lead
	// Target is where a member that leads ToGroup leads; nil means nowhere.
	Target *Group
	// EvaluateTargetHealth makes the target's health count for the alias.
	EvaluateTargetHealth bool
	// TargetUnhealthy says that the target of a member that leads ToResource
	// is unhealthy (aws-behaviour 3.7).
	TargetUnhealthy bool

	Weight   int64             // weighted: in [0, 255], what is beyond is taken as the bound
	Region   string            // latency
	Failover string            // failover: model.FailoverPrimary or model.FailoverSecondary
	Geo      model.GeoLocation // geolocation

	Collection *Collection // IP-based: nil matches no block
	Location   string      // IP-based: location of the collection, or "*"

	Point locate.Point // geoproximity: the zero Point is farther than any
	Bias  int64        // geoproximity: in [-99, 99], what is beyond is taken as the bound
}

// NewMember returns what r says of itself. The caller adds what it does not:
// Unhealthy; for an alias whether it leads ToGroup (Target) or, as returned,
// ToResource (TargetUnhealthy); Collection.
func NewMember(r *model.RRset) Member {
	m := Member{SetID: r.SetID, Region: r.Region, Failover: r.Failover}
	if r.Alias != nil {
		m.Lead, m.EvaluateTargetHealth = ToResource, r.Alias.EvaluateTargetHealth
	}
	if r.Weight != nil {
		m.Weight = *r.Weight
	}
	if r.Geo != nil {
		m.Geo = *r.Geo
	}
	if r.CIDR != nil {
		m.Location = r.CIDR.Location
	}
	if r.GeoProximity != nil {
		m.Point, m.Bias = pointOf(r.GeoProximity), r.GeoProximity.Bias
	}
	return m
}

// pointOf returns where a geoproximity resource stands; nowhere if it does not
// say or what it says is unknown.
func pointOf(g *model.GeoProximity) locate.Point {
	if g.LocalZoneGroup != "" {
		return locate.LocalZonePoint(g.LocalZoneGroup)
	}
	if g.AWSRegion != "" {
		r, _ := locate.RegionByName(g.AWSRegion)
		return r.Point()
	}
	lat, err := strconv.ParseFloat(g.Latitude, 64)
	if err != nil {
		return locate.Point{}
	}
	lon, err := strconv.ParseFloat(g.Longitude, 64)
	if err != nil {
		return locate.Point{}
	}
	return locate.At(lat, lon)
}

// verdict is a set of reasons against a member.
type verdict uint8

const (
	unhealthyCheck  verdict = 1 << iota
	unhealthyTarget         // an alias that evaluates it
	leadsNowhere            // an alias without a target
	barred                  // takes no part in its group
)

// node is what stays of a member.
type node struct {
	target *Group
	verdict
}

func (n node) has(v verdict) bool { return n.verdict&v != 0 }

func (n node) healthy() bool { return !n.has(unhealthyCheck | unhealthyTarget) }

// newNode judges m as a member of a group of that policy.
func newNode(policy model.Policy, m *Member) node {
	var n node
	if m.Unhealthy {
		n.verdict |= unhealthyCheck
	}
	if m.Lead == ToGroup {
		if n.target = m.Target; n.target == nil || n.target.depth >= MaxDepth {
			n.target = nil
			n.verdict |= leadsNowhere
		}
	}
	if m.EvaluateTargetHealth && !m.targetHealthy(n.target) {
		n.verdict |= unhealthyTarget
	}
	if policy == model.PolicyMultivalue && m.Lead != ToValues {
		n.verdict |= barred // Route 53 knows no multivalue alias
	}
	return n
}

// targetHealthy returns the health of the member's target, which is target if
// it is a group.
func (m *Member) targetHealthy(target *Group) bool {
	switch m.Lead {
	case ToGroup:
		return target.Healthy()
	case ToResource:
		return !m.TargetUnhealthy
	}
	return true
}
