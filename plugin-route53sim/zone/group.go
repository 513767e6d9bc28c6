package zone

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/routing"
	"github.com/edgestage/edgestage/state/model"
)

// rrsetKey names the RRsets of one name and type in a zone.
type rrsetKey struct {
	name string
	typ  uint16
}

// noteChanged notes which RRsets of a node that comes or goes the zone's
// groups must be told of: groups, and as soon as there is one, all that it
// may lead to.
func (z *zoneState) noteChanged(n *node) {
	if n == nil {
		return
	}
	n.each(func(s *rrset) {
		if z.groups != nil || s.ext != nil && s.ext.group != nil {
			z.changed = append(z.changed, rrsetKey{n.name, s.typ})
		}
	})
}

// regroup compiles the policy groups that depend on what changed.
func (z *zoneState) regroup(edit uint64) {
	if len(z.changed) == 0 {
		return
	}
	if z.groups == nil {
		z.groups = routing.NewForest(z.define)
	}
	if z.compiler.judging {
		z.changed = slices.DeleteFunc(z.changed, func(key rrsetKey) bool { return z.rejudge(edit, key) })
	}
	for _, key := range z.groups.Change(z.changed...) {
		n := z.zone.names.get(key.name)
		if n == nil {
			continue
		}
		s := n.get(key.typ)
		if s == nil || s.ext == nil || s.ext.group == nil {
			continue
		}
		z.place(edit, n, s, z.groups.Group(key))
	}
	z.changed = nil
}

// rejudge compiles a group of which the health has changed and nothing else. It
// returns false if that concerns other groups as well.
func (z *zoneState) rejudge(edit uint64, key rrsetKey) bool {
	n := z.zone.names.get(key.name)
	if n == nil {
		return false
	}
	s := n.get(key.typ)
	if s == nil || s.ext == nil || s.ext.group == nil {
		return false
	}
	compiled := z.groups.CompileAlone(key, z.definition(s.ext.group, key))
	if compiled == nil {
		return false
	}
	z.place(edit, n, s, compiled)
	return true
}

// place makes s, which is a group of n, answer by what it was compiled to.
func (z *zoneState) place(edit uint64, n *node, s *rrset, compiled *routing.Group) {
	g := *s.ext.group
	g.compiled = compiled
	fresh := *s
	fresh.ext = &extension{group: &g}
	z.zone.names = z.zone.names.put(edit, n.with(n.name, fresh))
	if n.name == z.zone.name {
		z.settleApex()
	}
}

// define tells the forest what an RRset consists of.
func (z *zoneState) define(key rrsetKey) (routing.Definition[rrsetKey], bool) {
	if !z.compiler.judging {
		defer z.need(key)
	}
	n := z.zone.names.get(key.name)
	if n == nil {
		return routing.Definition[rrsetKey]{}, false
	}
	s := n.get(key.typ)
	if s == nil {
		return routing.Definition[rrsetKey]{}, false
	}
	return z.definition(z.groupOf(n, s), key), true
}

// definition returns what the group key consists of, g.
func (z *zoneState) definition(g *Group, key rrsetKey) routing.Definition[rrsetKey] {
	d := z.compiler.definition // the forest keeps none of its slices
	d.Owner, d.Policy, d.Members, d.Targets = g, g.Policy, d.Members[:0], d.Targets[:0]
	for i := range g.Members {
		r := g.Members[i].RRset
		d.Members, d.Targets = append(d.Members, routing.NewMember(r)), append(d.Targets, rrsetKey{})
		m := &d.Members[i]
		z.lead(m, &d.Targets[i], key, r.Alias)
		z.check(m, r.HealthCheckID)
		if r.CIDR != nil {
			m.Collection = z.compiler.collections[r.CIDR.CollectionID]
			z.depend(dependency{model.TableCIDRCollections, r.CIDR.CollectionID})
		}
	}
	z.compiler.definition = d
	return d
}

// groupOf returns the group that s is, or one of s alone.
func (z *zoneState) groupOf(n *node, s *rrset) *Group {
	if s.ext != nil && s.ext.group != nil {
		return s.ext.group
	}
	r := &model.RRset{Zone: z.zone.id, Name: model.Name(n.name), Type: dns.TypeToString[s.typ], TTL: s.ttl}
	if s.ext != nil {
		r.Alias, r.HealthCheckID = s.ext.alias, s.ext.check
	}
	return &Group{Zone: z.zone.id, Name: n.name, Type: s.typ, Members: []Member{{RRset: r, rdata: s.rdata, ttl: s.ttl}}}
}

// lead says where a member leads: to RRsets of the zone, or to a resource,
// whose health it may depend on (aws-behaviour 3.7).
func (z *zoneState) lead(m *routing.Member, target *rrsetKey, key rrsetKey, a *model.AliasTarget) {
	switch {
	case a == nil:
	case a.ZoneID == z.zone.id:
		m.Lead = routing.ToGroup
		if within(string(a.Name), z.zone.name) {
			*target = rrsetKey{string(a.Name), key.typ}
		}
	case a.EvaluateTargetHealth && model.ResourceOf(a.Name).HasHealth():
		name := targetName(string(a.Name))
		m.TargetUnhealthy = !z.compiler.view.targets.get(name).isHealthy()
		z.depend(dependency{model.TableEndpoints, name})
	}
}

// appendGroup appends the records of the members that the group's policy
// chooses.
func (l *lookup) appendGroup(dst []dns.RR, h dns.RR_Header, g *Group) []dns.RR {
	var buf [routing.MaxAnswers]int
	choice := g.compiled.Pick(l.where(), l.next(), buf[:], l.noteChoice(g))
	l.Scope = max(l.Scope, choice.Scope)
	if len(choice.Members) == 0 {
		return dst
	}
	chosen := choice.Group.Owner().(*Group)
	for _, i := range choice.Members {
		m := &chosen.Members[i]
		if a := m.RRset.Alias; a != nil {
			dst = l.appendTarget(dst, h, a.Name)
			continue
		}
		h.Ttl = m.ttl
		dst = appendRRs(dst, h, m.rdata, l.next())
	}
	return dst
}

// where returns where the client is, which is found out once. In a private zone
// that is the Region of the VPC, whatever ECS says (aws-behaviour 1.5).
func (l *lookup) where() *locate.Client {
	switch {
	case l.located || l.q.Locator == nil:
	case l.vpc != nil && l.zone != nil && l.zone.private:
		l.q.Locator.FindInVPC(&l.client, l.q.Source, l.vpc)
	default:
		l.q.Locator.Find(&l.client, l.q.Source, &l.q.ECS)
	}
	l.located = true
	return &l.client
}

// Client returns where the client that asks q is, for the zone that answers it.
func (v *View) Client(q *Query) locate.Client {
	l := &lookup{view: v, q: q}
	l.choose(lower(q.Name))
	return *l.where()
}
