package policy

import (
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// The members that items of every rule but multivalue may have.
const (
	toEndpoint     = "EndpointReference"
	toRule         = "RuleReference"
	evaluateHealth = "EvaluateTargetHealth"
	healthCheck    = "HealthCheck"
)

// rule reads one rule.
func (r *reader) rule(n *node, version string) *rule {
	out := &rule{place: n.place}
	if !n.is(isObject) {
		r.faults.add(n.place, "%s, want an object", n.kind)
		return out
	}
	kind := r.text(n, "RuleType", true)
	switch kind {
	case "failover":
		r.failover(n, out)
	case "geo":
		r.list(n, out, "Locations", r.geolocation)
	case "geoproximity":
		r.list(n, out, "GeoproximityLocations", func(n *node) *item { return r.geoproximity(n, version) })
	case "latency":
		r.list(n, out, "Regions", r.latency)
	case "multivalue":
		r.list(n, out, "Items", r.multivalue)
	case "weighted":
		r.list(n, out, "Items", r.weighted)
	case "":
	default:
		r.faults.add(n.place, "RuleType %.64q is none of failover, geo, geoproximity, latency, multivalue, weighted", kind)
	}
	return out
}

// list reads the items of a rule.
func (r *reader) list(n *node, out *rule, name string, read func(*node) *item) {
	r.object(n, "RuleType", name)
	items := n.members[name]
	switch {
	case items == nil:
		r.faults.add(n.place, "%s is missing", name)
	case !items.is(isList):
		r.faults.add(items.place, "%s, want a list", items.kind)
	case len(items.items) == 0:
		r.faults.add(items.place, "empty")
	default:
		for _, i := range items.items {
			out.items = append(out.items, read(i))
		}
	}
}

// item reads what items have in common; more are the members of their own.
func (r *reader) item(n *node, more ...string) *item {
	it := &item{place: n.place}
	if r.object(n, append([]string{toEndpoint, toRule, evaluateHealth, healthCheck}, more...)...) == nil {
		return it
	}
	it.to = r.reference(n, toEndpoint, toRule)
	it.evaluate, it.check = r.boolean(n, evaluateHealth), r.text(n, healthCheck, false)
	return it
}

func (r *reader) failover(n *node, out *rule) {
	r.object(n, "RuleType", "Primary", "Secondary")
	for _, role := range []string{"Primary", "Secondary"} {
		m := n.members[role]
		if m == nil {
			r.faults.add(n.place, "%s is missing", role)
			continue
		}
		it := r.item(m)
		it.policy.Failover = strings.ToUpper(role)
		out.items = append(out.items, it)
	}
}

func (r *reader) geolocation(n *node) *item {
	it := r.item(n, "IsDefault", "Continent", "Country", "Subdivision")
	g := &model.GeoLocation{Continent: r.text(n, "Continent", false), Country: r.text(n, "Country", false), Subdivision: r.text(n, "Subdivision", false)}
	it.policy.Geo = g
	isDefault := r.boolean(n, "IsDefault")
	switch {
	case isDefault == nil:
	case *isDefault && *g == model.GeoLocation{}:
		g.Country = "*"
	case *isDefault && *g != model.GeoLocation{Country: "*"}:
		r.faults.add(n.place, "IsDefault is true, and there is another location")
	case !*isDefault && g.Country == "*":
		r.faults.add(n.place, "IsDefault is false, and Country is *")
	}
	return it
}

func (r *reader) latency(n *node) *item {
	it := r.item(n, "Region")
	it.policy.Region = r.text(n, "Region", true)
	return it
}

func (r *reader) weighted(n *node) *item {
	it := r.item(n, "Weight")
	weight := r.number(n, "Weight", true, 0, 255)
	it.policy.Weight = &weight
	return it
}

// multivalue reads an item that leads to an endpoint, without any health but
// its own.
func (r *reader) multivalue(n *node) *item {
	it := &item{place: n.place, policy: model.RRset{MultiValue: true}}
	if r.object(n, toEndpoint, healthCheck) != nil {
		it.to.endpoint = r.text(n, toEndpoint, true)
		it.check = r.text(n, healthCheck, false)
	}
	return it
}

// routePrefix stands before Regions and Local Zones in a document.
const routePrefix = "aws:route53:"

func (r *reader) geoproximity(n *node, version string) *item {
	placed := []string{"Region", "Latitude", "Longitude"}
	if version == version2023 {
		placed = []string{"Location"}
	}
	it := r.item(n, append(placed, "Bias")...)
	g := &model.GeoProximity{Bias: r.number(n, "Bias", false, -99, 99)}
	it.policy.GeoProximity = g
	if version != version2023 {
		g.AWSRegion = r.routed(n, "Region", false)
		g.Latitude, g.Longitude = r.degrees(n, "Latitude"), r.degrees(n, "Longitude")
		return it
	}
	l := n.members["Location"]
	if l == nil {
		r.faults.add(n.place, "Location is missing")
		return it
	}
	if r.object(l, "Type", "LocationName", "Latitude", "Longitude") != nil {
		r.location(l, g)
	}
	return it
}

// location reads where something stands, as the later version says it.
func (r *reader) location(l *node, g *model.GeoProximity) {
	switch kind := r.text(l, "Type", true); kind {
	case "Region":
		g.AWSRegion = r.routed(l, "LocationName", true)
	case "LocalZone":
		// The zone is its group's name and a letter.
		g.LocalZoneGroup = strings.TrimRight(r.routed(l, "LocationName", true), "abcdefghijklmnopqrstuvwxyz")
	case "Coordinate":
		g.Latitude, g.Longitude = r.degrees(l, "Latitude"), r.degrees(l, "Longitude")
	case "":
	default:
		r.faults.add(l.place, "Type %.64q is none of Region, LocalZone, Coordinate", kind)
	}
}

// routed reads a name behind its prefix.
func (r *reader) routed(n *node, name string, required bool) string {
	text := r.text(n, name, required)
	rest, ok := strings.CutPrefix(text, routePrefix)
	if text != "" && !ok {
		r.faults.add(n.place, "%s %.64q does not begin with %s", name, text, routePrefix)
	}
	return rest
}

// degrees reads a coordinate, which may stand in quotes.
func (r *reader) degrees(n *node, name string) string {
	m := n.members[name]
	if m == nil {
		return ""
	}
	if !m.is(isString, isNumber) {
		r.faults.add(m.place, "%s, want degrees", m.kind)
	}
	return m.text
}
