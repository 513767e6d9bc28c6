package zone

import "slices"

// dependency is something outside a zone that groups in it may depend on: the
// health of a target (the table of endpoints, the target's name), a CIDR
// collection or a health check (its table and id).
type dependency struct{ table, key string }

// user is a group that depends on something.
type user struct {
	zone  string
	rrset rrsetKey
}

// touch notes that the groups that depend on d are to be compiled anew.
func (c *Compiler) touch(d dependency) {
	for u := range c.users[d] {
		if c.zones[u.zone] != nil {
			z := c.zone(u.zone)
			z.changed = append(z.changed, u.rrset)
		}
	}
}

// depend notes that the group under definition depends on d.
func (z *zoneState) depend(d dependency) { z.wanted = append(z.wanted, d) }

// need makes what was noted since the last call what the group key of z depends
// on. Nearly always it is what it was.
func (z *zoneState) need(key rrsetKey) {
	wanted := z.wanted
	z.wanted = z.wanted[:0]
	if slices.Equal(z.needs[key], wanted) {
		return
	}
	z.release(key)
	if len(wanted) == 0 {
		return
	}
	if z.needs == nil {
		z.needs = make(map[rrsetKey][]dependency)
	}
	z.needs[key] = slices.Clone(wanted)
	for _, d := range wanted {
		users := z.compiler.users[d]
		if users == nil {
			users = make(map[user]struct{})
			z.compiler.users[d] = users
		}
		users[user{z.zone.id, key}] = struct{}{}
	}
}

// release notes that the group key of z depends on nothing.
func (z *zoneState) release(key rrsetKey) {
	for _, d := range z.needs[key] {
		users := z.compiler.users[d]
		delete(users, user{z.zone.id, key})
		if len(users) == 0 {
			delete(z.compiler.users, d)
		}
	}
	delete(z.needs, key)
}
