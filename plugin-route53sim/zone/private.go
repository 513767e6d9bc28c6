package zone

import (
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/miekg/dns"
)

// vpcView is which private zones the clients of one VPC see. What a zone holds
// is found under its id, so that a change in it costs the same however many
// VPCs it is associated with.
type vpcView struct {
	vpc   string                           // [locate.VPCKey]
	zones table[privateZone, *privateZone] // by name
}

func (v *vpcView) key() string { return v.vpc }

// privateZone is the zone of a name in a VPC.
type privateZone struct{ name, id string }

func (p *privateZone) key() string { return p.name }

// findPrivate returns the private zone that answers clients of vpc for name:
// of those associated with it the one with the longest name, and no other; nil
// if there is none (aws-behaviour 1.5).
func (v *View) findPrivate(vpc *locate.VPC, name string) *Zone {
	in := v.private.get(vpc.Key())
	if in == nil {
		return nil
	}
	for off, end := 0, name == ""; !end && off < len(name); off, end = dns.NextLabel(name, off) {
		if p := in.zones.get(name[off:]); p != nil {
			return &v.ids.get(p.id).Zone
		}
	}
	return nil
}

// holders are the private zones of one name that answer, and how many
// associations do not.
type holders struct {
	byVPC     map[string]string // zone id, by VPC key
	displaced int
}

// servePrivate makes one private zone of the name answer in each VPC that any
// is associated with: the first created, then the one with the lowest id. Of
// the rest the association is inert: two nodes may have made both at the same
// time (design 2.1).
func (c *Compiler) servePrivate(name string) {
	before, now := c.holders[name], holders{}
	for _, z := range c.byName[name] {
		if !z.row.Private {
			continue
		}
		for _, v := range z.row.VPCs {
			key := locate.VPCKey(v.ID, v.Region)
			if now.byVPC == nil {
				now.byVPC = make(map[string]string)
			}
			if id, taken := now.byVPC[key]; !taken {
				now.byVPC[key] = z.zone.id
			} else if id != z.zone.id {
				now.displaced++
			}
		}
	}
	for key := range before.byVPC {
		if now.byVPC[key] == "" {
			c.removePrivate(key, name)
		}
	}
	for key, id := range now.byVPC {
		if before.byVPC[key] != id {
			c.putPrivate(key, &privateZone{name, id})
		}
	}
	c.view.stats.Displaced += now.displaced - before.displaced
	if c.holders[name] = now; now.byVPC == nil {
		delete(c.holders, name)
	}
}

// answersIn tells whether z answers in one of its VPCs at least.
func (h holders) answersIn(z *zoneState) bool {
	for _, v := range z.row.VPCs {
		if h.byVPC[locate.VPCKey(v.ID, v.Region)] == z.zone.id {
			return true
		}
	}
	return false
}

func (c *Compiler) putPrivate(vpc string, p *privateZone) {
	in := vpcView{vpc: vpc}
	if old := c.view.private.get(vpc); old != nil {
		in = *old
	}
	in.zones = in.zones.put(c.edit, p)
	c.view.private = c.view.private.put(c.edit, &in)
}

func (c *Compiler) removePrivate(vpc, name string) {
	in := *c.view.private.get(vpc)
	in.zones = in.zones.remove(c.edit, name)
	if in.zones.n == 0 {
		c.view.private = c.view.private.remove(c.edit, vpc)
		return
	}
	c.view.private = c.view.private.put(c.edit, &in)
}
