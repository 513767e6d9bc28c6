package routing

import (
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// entry is a member while its group is compiled.
type entry struct {
	*Member
	index   int32
	healthy bool
}

// Compile returns the group of members, which all follow policy; it keeps none
// of them. owner is what [Group.Owner] returns, so that the caller finds its
// RRsets again from a choice.
//
// Members of an IP-based group that use another collection than the first, by
// set identifier, and aliases in a multivalue group take no part: Route 53
// accepts neither. Of several members with the same Region or location, or of
// a simple group, the first by set identifier counts.
func Compile(policy model.Policy, members []Member, owner any) *Group {
	g := &Group{owner: owner, policy: policy, nodes: make([]node, len(members)), depth: 1}
	entries := make([]entry, 0, len(members))
	for i := range members {
		m := &members[i]
		n := newNode(policy, m)
		entries = append(entries, entry{Member: m, index: int32(i), healthy: n.healthy()})
		g.nodes[i] = n
		if n.target != nil {
			g.depth = max(g.depth, n.target.depth+1)
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.SetID, b.SetID) })
	if policy == model.PolicyCIDR {
		g.barForeign(entries)
	}
	entries = slices.DeleteFunc(entries, func(e entry) bool { return g.nodes[e.index].has(barred) })
	g.healthy = slices.ContainsFunc(entries, isHealthy)
	g.table = compileTable(policy, entries)
	return g
}

// barForeign bars the members that use another collection than the first.
func (g *Group) barForeign(entries []entry) {
	for _, e := range entries {
		if e.Collection != entries[0].Collection {
			g.nodes[e.index].verdict |= barred
		}
	}
}

// compileTable returns what the policy looks up per query; entries are sorted
// by set identifier.
func compileTable(policy model.Policy, entries []entry) any {
	switch policy {
	case model.PolicyWeighted:
		return newWeighted(entries)
	case model.PolicyLatency:
		return newLatency(entries)
	case model.PolicyFailover:
		return newFailover(entries)
	case model.PolicyGeolocation:
		return newGeolocation(entries)
	case model.PolicyMultivalue:
		return newMultivalue(entries)
	case model.PolicyCIDR:
		return newCIDR(entries)
	case model.PolicyGeoproximity:
		return newGeoproximity(entries)
	}
	return newSimple(entries)
}

// candidates returns the healthy entries, or all where none is: the last
// resort.
func candidates(entries []entry) []entry {
	if healthy := only(entries, isHealthy); len(healthy) > 0 {
		return healthy
	}
	return entries
}

func isHealthy(e entry) bool { return e.healthy }

// only returns the entries that keep says, in order; entries itself if that is
// all of them.
func only(entries []entry, keep func(entry) bool) []entry {
	n := 0
	for _, e := range entries {
		if keep(e) {
			n++
		}
	}
	if n == len(entries) {
		return entries
	}
	kept := make([]entry, 0, n)
	for _, e := range entries {
		if keep(e) {
			kept = append(kept, e)
		}
	}
	return kept
}
