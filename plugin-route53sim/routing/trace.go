package routing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// Trace is how a choice came about. The zero value is ready for [Group.Pick].
type Trace struct {
	// Seed is where all random draws came from; the same seed, client and
	// groups make the same choice again.
	Seed uint64
	// Client is who asked, where it is, and how that is known.
	Client locate.Client
	// Steps has one entry for each group that the choice passed, from the
	// query's name down.
	Steps []Step
}

// Step is what one group did.
type Step struct {
	Group  *Group
	Policy model.Policy
	// LastResort says that no member that matches the client was healthy, so
	// that all were treated as if they were.
	LastResort bool
	// Draw is the random draw, in [0, DrawOf); DrawOf is 0 where the policy
	// needed none or, multivalue, several.
	Draw, DrawOf uint64
	// Candidates has one entry for each member, in their order.
	Candidates []Candidate
}

// Candidate is what became of one member.
type Candidate struct {
	Member  int
	Healthy bool
	Chosen  bool
	// Figure is what the policy compared, such as "12.5 ms to eu-west-1"; ""
	// where it did not come to that.
	Figure string
	// Why is why the member was not chosen, or what follows from choosing it
	// that an answer does not show; "" where there is nothing to say.
	Why string
}

// traceOne adds the step of a policy that chooses one member.
func (g *Group) traceOne(trace *Trace, client *locate.Client, o outcome) {
	if trace == nil {
		return
	}
	step := Step{Group: g, Policy: g.policy, Draw: o.draw, DrawOf: o.of}
	step.LastResort = o.member != none && !g.nodes[o.member].healthy() && g.policy != model.PolicySimple
	for i := range g.nodes {
		c := Candidate{Member: i, Chosen: i == o.member}
		c.Figure, c.Why = g.compared(client, i)
		step.add(c)
	}
	trace.Steps = append(trace.Steps, step)
}

// traceAll adds the step of a policy that chooses several.
func (g *Group) traceAll(trace *Trace, chosen []int) {
	if trace == nil {
		return
	}
	step := Step{Group: g, Policy: g.policy, LastResort: len(chosen) > 0 && !g.healthy}
	for i := range g.nodes {
		step.add(Candidate{Member: i, Chosen: slices.Contains(chosen, i), Why: "not drawn"})
	}
	trace.Steps = append(trace.Steps, step)
}

// noMatch is why a member is not chosen that is for other clients.
const noMatch = "does not match the client"

// add adds c, after settling its health and its Why, which holds the policy's
// reason for choosing another.
func (s *Step) add(c Candidate) {
	n := s.Group.nodes[c.Member]
	c.Healthy = n.healthy()
	switch {
	case n.has(barred):
		c.Figure, c.Why = "", barredWhy[s.Policy]
	case c.Chosen && n.has(leadsNowhere):
		c.Why = "alias leads nowhere: no answer"
	case c.Chosen:
		c.Why = ""
	case c.Why == noMatch || s.LastResort:
	case n.has(unhealthyCheck):
		c.Why = "health check unhealthy"
	case n.has(unhealthyTarget):
		c.Why = "alias target unhealthy"
	}
	s.Candidates = append(s.Candidates, c)
}

var barredWhy = map[model.Policy]string{
	model.PolicyMultivalue: "alias in a multivalue group",
	model.PolicyCIDR:       "of another CIDR collection",
}

// String renders t with members by number: see [Trace.Format].
func (t *Trace) String() string {
	return t.Format(func(_ *Group, member int) string { return fmt.Sprintf("#%d", member) })
}

// Format renders t, a line for the client, for each step and for each
// candidate, with members as name says; member -1 asks for the name of the
// group.
func (t *Trace) Format(name func(g *Group, member int) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "client %s, seed %d\n", t.Client.String(), t.Seed)
	for i := range t.Steps {
		t.Steps[i].format(&b, name)
	}
	return b.String()
}

func (s *Step) format(b *strings.Builder, name func(*Group, int) string) {
	fmt.Fprintf(b, "%s (%s)", name(s.Group, none), s.Policy)
	if s.LastResort {
		b.WriteString(", last resort: none healthy")
	}
	if s.DrawOf > 0 {
		fmt.Fprintf(b, ", drew %d of %d", s.Draw, s.DrawOf)
	}
	b.WriteByte('\n')
	for _, c := range s.Candidates {
		mark, health := " ", "healthy"
		if c.Chosen {
			mark = "*"
		}
		if !c.Healthy {
			health = "unhealthy"
		}
		fmt.Fprintf(b, "  %s %s: %s", mark, name(s.Group, c.Member), health)
		for _, part := range [...]string{c.Figure, c.Why} {
			if part != "" {
				b.WriteString(", " + part)
			}
		}
		b.WriteByte('\n')
	}
}
