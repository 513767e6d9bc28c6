package zone

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// targetTTL is the TTL of addresses behind an AWS resource's name
// (aws-behaviour 3.6).
const targetTTL = 60

// maxAddresses is how many addresses of a resource one answer shows, as a load
// balancer's does.
const maxAddresses = 8

// target is an AWS resource's name with the addresses to answer it with:
// those of healthy edges, or of all if none is healthy.
type target struct {
	name string
	// v4 and v6 are the addresses by the edges' Regions.
	v4, v6 []stand
	// healthy says that at least one edge is.
	healthy bool
}

// stand is what the edges of a target in one Region are reached at, packed as
// [rrset.rdata], in the order of the nodes' names.
type stand struct {
	region locate.Region
	rdata  string
}

func (t *target) key() string { return t.name }

// isHealthy tells whether an edge serves the target and is healthy.
func (t *target) isHealthy() bool { return t != nil && t.healthy }

// stands returns the addresses of the type, nil if there are none.
func (t *target) stands(qtype uint16) []stand {
	switch qtype {
	case dns.TypeA:
		return t.v4
	case dns.TypeAAAA:
		return t.v6
	}
	return nil
}

// endpoints are the rows that edges publish, by target name and node.
type endpoints struct {
	rows map[string]map[string]*model.Endpoint
	n    int
}

func newEndpoints() endpoints {
	return endpoints{rows: make(map[string]map[string]*model.Endpoint)}
}

// endpointTarget returns the target of the endpoint row of that key.
func endpointTarget(key string) string {
	published, _, _ := strings.Cut(key, "\x00")
	return targetName(lower(published))
}

// put notes that the row of that key has changed (nil: is gone) and returns
// the targets after that.
func (e *endpoints) put(targets table[target, *target], edit uint64, key string, ep *model.Endpoint) table[target, *target] {
	name := endpointTarget(key)
	rows := e.rows[name]
	e.n -= len(rows)
	if ep == nil {
		delete(rows, key)
	} else {
		if rows == nil {
			rows = make(map[string]*model.Endpoint)
			e.rows[name] = rows
		}
		rows[key] = ep
	}
	e.n += len(rows)
	if len(rows) == 0 {
		delete(e.rows, name)
		return targets.remove(edit, name)
	}
	return targets.put(edit, newTarget(name, rows))
}

// newTarget compiles the rows of one name.
func newTarget(name string, rows map[string]*model.Endpoint) *target {
	sorted := slices.SortedFunc(maps.Values(rows), func(a, b *model.Endpoint) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	return &target{
		name:    name,
		v4:      packStands(sorted, netip.Addr.Is4),
		v6:      packStands(sorted, netip.Addr.Is6),
		healthy: slices.ContainsFunc(sorted, func(ep *model.Endpoint) bool { return !ep.Unhealthy }),
	}
}

// packStands returns the addresses of one family, each once, under the Region
// of the first node that has it: of healthy edges if any has one, else of all.
// Regions are in the order of their names, edges of none first.
func packStands(rows []*model.Endpoint, family func(netip.Addr) bool) []stand {
	for _, anyHealth := range []bool{false, true} {
		byRegion := make(map[locate.Region]*strings.Builder)
		seen := make(map[netip.Addr]bool)
		for _, ep := range rows {
			region, _ := locate.RegionByName(ep.Region)
			for _, a := range ep.Addresses {
				a = a.Unmap()
				if !family(a) || seen[a] || ep.Unhealthy && !anyHealth {
					continue
				}
				seen[a] = true
				if byRegion[region] == nil {
					byRegion[region] = new(strings.Builder)
				}
				packAddr(byRegion[region], a)
			}
		}
		if len(byRegion) > 0 {
			return sortedStands(byRegion)
		}
	}
	return nil
}

func sortedStands(byRegion map[locate.Region]*strings.Builder) []stand {
	var stands []stand
	for _, region := range slices.Sorted(maps.Keys(byRegion)) {
		stands = append(stands, stand{region, byRegion[region].String()})
	}
	return stands
}

// dualstack is what may stand before a load balancer's name without making it
// another name (aws-behaviour 3.6).
const dualstack = "dualstack."

// targetName returns the name that endpoints of a resource are found under.
func targetName(name string) string {
	rest, ok := strings.CutPrefix(name, dualstack)
	if ok && isLoadBalancer(rest) {
		return rest
	}
	return name
}

// target returns what an alias at owner to the name of a resource leads to,
// nil if no edge serves it. An alias to an S3 website names none but the
// Region: the bucket is the name that is asked for (aws-behaviour 3.6).
func (v *View) target(owner, name string) *target {
	if strings.HasPrefix(name, websitePrefix) && model.ResourceOf(model.Name(name)).Kind == model.EndpointS3Website {
		if t := v.targets.get(lower(owner) + name); t != nil {
			return t
		}
	}
	return v.targets.get(targetName(name))
}

// websitePrefix is what the names of S3 websites, bucket left out, begin with.
const websitePrefix = "s3-website"

// isLoadBalancer tells whether name is NAME.REGION.elb.amazonaws.com or
// NAME.elb.REGION.amazonaws.com.
func isLoadBalancer(name string) bool {
	labels := dns.SplitDomainName(name)
	n := len(labels)
	return n == 5 && labels[n-1] == "com" && labels[n-2] == "amazonaws" &&
		(labels[n-3] == "elb" || labels[n-4] == "elb")
}
