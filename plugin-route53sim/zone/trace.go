package zone

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/routing"
)

// Trace is how the answer section came about. The zero value is ready for
// [View.Lookup].
type Trace struct {
	// ZoneID and Zone are the id and name of the hosted zone; both are empty
	// for an edge's own name, and where no zone holds the name.
	ZoneID, Zone string
	// VPC is the VPC that the client is inside, nil if none; Private says that
	// the hosted zone is one of its private ones.
	VPC     *locate.VPC
	Private bool
	// Hops are what the look-up passed, from the query's name on.
	Hops   []Hop
	Result Result
	Scope  int
}

// Hop is one name that a look-up passed: that of the query, or where a CNAME
// or an alias led.
type Hop struct {
	Name string
	Type uint16
	// What was there, such as `wildcard *.example.org.`; "" if Choice tells.
	What string
	// Choice is how a routing policy chose, and those of the groups that it led
	// to; nil where there is no policy.
	Choice *routing.Trace
}

// note adds a hop, if there is somebody to read it.
func (l *lookup) note(name string, qtype uint16, format string, args ...any) {
	l.trace.Hops = append(l.trace.Hops, Hop{Name: name, Type: qtype, What: fmt.Sprintf(format, args...)})
}

// noteChoice adds a hop for a policy to fill in; nil if nobody reads it.
func (l *lookup) noteChoice(g *Group) *routing.Trace {
	if l.trace == nil {
		return nil
	}
	t := new(routing.Trace)
	l.trace.Hops = append(l.trace.Hops, Hop{Name: g.Name, Type: g.Type, Choice: t})
	return t
}

// noteStands adds a hop for the edges of a resource.
func (l *lookup) noteStands(name string, qtype uint16, stands []stand) {
	what := "edges of a resource"
	if len(stands) > 1 {
		what += " for client " + l.client.String()
	}
	for i, s := range stands {
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		what += fmt.Sprintf("%s%d in %s", separator, count(s.rdata), s.region)
		if len(stands) > 1 {
			what += fmt.Sprintf(" (%.1f ms)", l.client.Milliseconds(s.region))
		}
	}
	l.note(name, qtype, "%s", what)
}

// end completes the answer, and notes what the look-up came to. The answers of
// a private zone are the same whatever ECS says.
func (l *lookup) end() {
	if l.Private {
		l.Scope = 0
	}
	if t := l.q.Trace; t != nil {
		t.ZoneID, t.Zone, t.Result, t.Scope = l.Answer.ZoneID, l.Answer.Zone, l.Result, l.Scope
		t.VPC, t.Private = l.vpc, l.Private
	}
}

// Policies returns the routing policies that had a say, in the order in which
// they had it, joined by commas: such as `latency,weighted`; `simple` if none.
func (t *Trace) Policies() string {
	var names []string
	for _, h := range t.Hops {
		if h.Choice == nil {
			continue
		}
		for i := range h.Choice.Steps {
			names = append(names, h.Choice.Steps[i].Policy.String())
		}
	}
	if len(names) == 0 {
		return "simple"
	}
	return strings.Join(names, ",")
}

// String renders t: a line for the VPC if there is one, one for the zone, one for each hop or, where a policy
// chose, for the client, each group and each candidate, and one for the result.
func (t *Trace) String() string {
	var b strings.Builder
	if t.VPC != nil {
		fmt.Fprintf(&b, "client inside vpc %s\n", t.VPC)
	}
	switch {
	case t.Private:
		fmt.Fprintf(&b, "private zone %s (%s)\n", t.Zone, t.ZoneID)
	case t.Zone != "":
		fmt.Fprintf(&b, "zone %s (%s)\n", t.Zone, t.ZoneID)
	}
	for _, h := range t.Hops {
		if h.Choice != nil {
			b.WriteString(h.Choice.Format(memberName))
			continue
		}
		fmt.Fprintf(&b, "%s %s: %s\n", h.Name, dns.Type(h.Type), h.What)
	}
	fmt.Fprintf(&b, "%s, scope %d\n", t.Result, t.Scope)
	return b.String()
}

// Line renders t on one line, what [Trace.String] has on several set apart by
// semicolons.
func (t *Trace) Line() string {
	lines := slices.Collect(strings.Lines(t.String()))
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}

// memberName names a member by its set identifier, with where its alias leads;
// -1 the group itself.
func memberName(g *routing.Group, i int) string {
	group := g.Owner().(*Group)
	if i < 0 {
		return group.Name + " " + dns.Type(group.Type).String()
	}
	r := group.Members[i].RRset
	name := r.SetID
	if name == "" {
		name = "the only one"
	}
	if r.Alias != nil {
		name += " (alias to " + string(r.Alias.Name) + ")"
	}
	return name
}
