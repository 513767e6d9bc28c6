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

// users are the groups that depend on one thing: one, nearly always.
type users struct {
	first user // always set
	more  map[user]struct{}
}

// add adds u.
func (us *users) add(u user) {
	if u == us.first {
		return
	}
	if us.more == nil {
		us.more = make(map[user]struct{})
	}
	us.more[u] = struct{}{}
}

// remove removes u. It returns false if nobody is left.
func (us *users) remove(u user) bool {
	if u != us.first {
		delete(us.more, u)
		return true
	}
	for next := range us.more {
		us.first = next
		delete(us.more, next)
		return true
	}
	return false
}

// touch notes that the groups that depend on d are to be compiled anew.
func (c *Compiler) touch(d dependency) {
	us := c.users[d]
	if us == nil {
		return
	}
	c.touchUser(us.first)
	for u := range us.more {
		c.touchUser(u)
	}
}

func (c *Compiler) touchUser(u user) {
	if c.zones[u.zone] != nil {
		z := c.zone(u.zone)
		z.changed = append(z.changed, u.rrset)
	}
}

// depend notes that the group under definition depends on d.
func (z *zoneState) depend(d dependency) {
	if !z.compiler.judging {
		z.wanted = append(z.wanted, d)
	}
}

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
		u := user{z.zone.id, key}
		if us := z.compiler.users[d]; us != nil {
			us.add(u)
		} else {
			z.compiler.users[d] = &users{first: u}
		}
	}
}

// release notes that the group key of z depends on nothing.
func (z *zoneState) release(key rrsetKey) {
	for _, d := range z.needs[key] {
		if us := z.compiler.users[d]; us != nil && !us.remove(user{z.zone.id, key}) {
			delete(z.compiler.users, d)
		}
	}
	delete(z.needs, key)
}
