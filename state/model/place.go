package model

// place is the set of RRsets that stand at one name. The rules of what may
// join them exist here once: [Visible] and [CheckZone] both follow them.
type place struct {
	groups []group // by type, in order of arrival
}

// group is the RRsets of one name and type.
type group struct {
	first *RRset
	ids   map[string]bool // set identifiers; nil while only first is there
	slots map[string]bool // see slot; nil while only first is there
	ttl   *RRset          // the first one with a TTL of its own
}

// clash says why an RRset may not join a place.
type clash uint8

const (
	clashNone       clash = iota
	clashCNAMENew         // it is a CNAME, and others are there
	clashCNAMEOld         // a CNAME is there
	clashKey              // the same name, type and set identifier is there
	clashPolicy           // the type is there with another policy
	clashSlot             // its Region, location or failover role is taken
	clashCollection       // the type is there with another CIDR collection
)

// clash tells whether s may join p, and if not beside which RRset.
func (p *place) clash(s *RRset) (clash, *RRset) {
	g := p.group(s.Type)
	if g == nil {
		switch {
		case len(p.groups) == 0:
			return clashNone, nil
		case s.Type == "CNAME":
			return clashCNAMENew, p.groups[0].first
		}
		if c := p.group("CNAME"); c != nil {
			return clashCNAMEOld, c.first
		}
		return clashNone, nil
	}
	switch {
	case g.has(s.SetID):
		return clashKey, g.first
	case g.first.Policy() != s.Policy(), s.Policy() == PolicySimple:
		return clashPolicy, g.first
	case s.Policy() == PolicyCIDR && s.CIDR.CollectionID != g.first.CIDR.CollectionID:
		return clashCollection, g.first
	case g.taken(slot(s)):
		return clashSlot, g.first
	}
	return clashNone, nil
}

// add lets s join p.
func (p *place) add(s *RRset) {
	g := p.group(s.Type)
	if g == nil {
		p.groups = append(p.groups, group{first: s})
		g = &p.groups[len(p.groups)-1]
	} else {
		g.join(s)
	}
	if g.ttl == nil && s.Alias == nil {
		g.ttl = s
	}
}

func (p *place) group(rrtype string) *group {
	for i := range p.groups {
		if p.groups[i].first.Type == rrtype {
			return &p.groups[i]
		}
	}
	return nil
}

func (g *group) has(setID string) bool { return g.first.SetID == setID || g.ids[setID] }

func (g *group) taken(want string) bool {
	return want != "" && (slot(g.first) == want || g.slots[want])
}

func (g *group) join(s *RRset) {
	if g.ids == nil {
		g.ids, g.slots = make(map[string]bool), make(map[string]bool)
	}
	g.ids[s.SetID], g.slots[slot(s)] = true, true
}

// size returns how many RRsets g holds.
func (g *group) size() int { return 1 + len(g.ids) }

// slot returns what of s only one member of a group may have, or "".
func slot(s *RRset) string {
	switch s.Policy() {
	case PolicyLatency:
		return s.Region
	case PolicyFailover:
		return s.Failover
	case PolicyGeolocation:
		return s.Geo.String()
	case PolicyCIDR:
		return s.CIDR.Location
	}
	return ""
}
