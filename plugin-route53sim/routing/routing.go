// Package routing chooses which RRset answers a query, as Route 53's routing
// policies do (aws-behaviour 3.4 to 3.6).
//
// All RRsets of one name and type are the members of one [Group]. [Compile]
// does, once per change, the work that does not depend on the client: who is
// healthy, cumulative weights, order of failover, locations by key. [Group.Pick]
// does the rest for each query, without allocation, lock, I/O, clock or
// randomness of its own: the choice is a function of the group, the client and
// a 64-bit seed.
//
// # Trees
//
// A member that is an alias to RRsets of the same zone leads to their Group:
// an alias tree is a tree of Groups, and Pick walks it down to the member that
// has the answer. Groups are immutable, so a Group can only lead to one that
// was there before it: a loop cannot be built, and Pick ends. What changes
// below, health included, is taken up by compiling anew the group it is in and
// those above it; [Forest] knows which these are.
//
// # Health
//
// A member is healthy when its health check is (or it has none) and, if it is
// an alias that evaluates target health, its target is: a resource by the
// caller's word, a group when one of its members is healthy. Neither depends on
// the client. In every group by itself:
//
//	members healthy   answer
//	some              the one the policy picks among the healthy
//	none              the one the policy picks among all: the last resort
//
// So EvaluateTargetHealth lets a choice back out of a branch where nothing is
// healthy, before going in; without it a branch once chosen is final, and its
// own last resort answers (aws-behaviour 3.4). A group with a single simple
// member always answers with it. Where the policy has no member for a client,
// healthy or not, there is no answer: NOERROR without records.
//
// Where Route 53's documents are silent: members are taken in the order of
// their set identifiers wherever a policy leaves more than one equal; an alias
// that leads nowhere is unhealthy if it evaluates target health, and else
// answers nothing.
package routing

import (
	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// MaxDepth is how many groups a choice passes at most. An alias that would
// lead deeper leads nowhere.
const MaxDepth = 128

// MaxAnswers is how many members a multivalue group answers with at most
// (aws-behaviour 3.5).
const MaxAnswers = 8

// none stands for no member.
const none = -1

// Group is the compiled form of all RRsets of one name and type. It is
// immutable and safe for concurrent use; a nil Group has no answer.
type Group struct {
	owner   any
	nodes   []node // by member
	table   any    // one of the policies' types
	policy  model.Policy
	healthy bool
	depth   uint8 // of the tree below, this group included
}

// Choice is the answer to a query.
type Choice struct {
	// Group is where the choice ended: the RRsets of the query's name, or
	// those that its aliases lead to.
	Group *Group
	// Members are the indexes of the members of Group to answer with, as given
	// to [Compile]: none, one, or with multivalue up to MaxAnswers, in random
	// order. It is a slice of the buffer given to Pick.
	Members []int
	// Scope is how many leading bits of the client's address the choice
	// depends on: 0 when it is the same for all clients. It is what an ECS
	// reply says (aws-behaviour 3.8).
	Scope int
}

// Owner returns what the group was compiled for, as given to [Compile].
func (g *Group) Owner() any { return g.owner }

// Policy returns the group's routing policy.
func (g *Group) Policy() model.Policy { return g.policy }

// Healthy tells whether at least one member is healthy: the health of the
// group as an alias target.
func (g *Group) Healthy() bool { return g != nil && g.healthy }

// Len returns the number of members.
func (g *Group) Len() int { return len(g.nodes) }

// MemberHealthy tells whether member i is healthy, alias target included.
func (g *Group) MemberHealthy(i int) bool { return g.nodes[i].healthy() }

// Depth returns the number of groups on the longest way down, in
// [1, MaxDepth].
func (g *Group) Depth() int { return int(g.depth) }

// Pick returns the choice for client, which must not be nil. Every random draw
// comes from seed, so that equal arguments make equal choices: give a fresh
// uniform seed for each query. buf holds the members of the choice; with a
// capacity of MaxAnswers nothing is allocated. If trace is not nil, Pick
// appends to it how the choice came about.
func (g *Group) Pick(client *locate.Client, seed uint64, buf []int, trace *Trace) Choice {
	choice := Choice{Group: g, Members: buf[:0]}
	rnd := random(seed)
	if trace != nil {
		trace.Seed, trace.Client = seed, *client
	}
	for g != nil {
		choice.Group = g
		if t, ok := g.table.(*multivalue); ok {
			choice.Members = t.pick(&rnd, buf[:0])
			g.traceAll(trace, choice.Members)
			return choice
		}
		o := g.pick(client, &rnd)
		choice.Scope = max(choice.Scope, o.bits)
		g.traceOne(trace, client, o)
		if o.member == none || g.nodes[o.member].has(leadsNowhere) {
			return choice
		}
		if g.nodes[o.member].target == nil {
			choice.Members = append(choice.Members, o.member)
			return choice
		}
		g = g.nodes[o.member].target
	}
	return choice
}

// outcome is what a policy made of one group.
type outcome struct {
	member   int    // none: the policy has none for this client
	bits     int    // of the client's address that mattered
	draw, of uint64 // the random draw, in [0, of); of 0: none was needed
}

// pick applies every policy that chooses one member. It switches on types
// instead of calling through an interface so that the client stays on its
// owner's stack.
func (g *Group) pick(client *locate.Client, rnd *random) outcome {
	switch t := g.table.(type) {
	case *fixed:
		return outcome{member: int(t.member)}
	case *weighted:
		return t.pick(rnd)
	case *latency:
		return outcome{member: t.pick(client), bits: clientBits(client)}
	case *geolocation:
		return outcome{member: t.pick(client), bits: clientBits(client)}
	case *geoproximity:
		return outcome{member: t.pick(client), bits: clientBits(client)}
	case *cidr:
		return t.pick(client)
	}
	return outcome{member: none}
}

// clientBits returns the length of the client's prefix: what an answer depends
// on that was chosen by where the client is.
func clientBits(client *locate.Client) int { return max(0, client.Prefix.Bits()) }
