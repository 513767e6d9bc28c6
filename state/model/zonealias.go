package model

// CheckAlias returns why s may not be an alias to its target: in its own zone
// the target must be there with the same type, which has tells; a name of an
// AWS resource must come with the hosted zone id of that resource, and has
// addresses only. CloudFront is none for private zones (aws-behaviour 1.5, 3.6).
func CheckAlias(zone *Zone, s *RRset, has func(Name, string) bool) []error {
	a := s.Alias
	if a == nil {
		return nil
	}
	outside := func() error {
		return zoneFault(s, "Tried to create an alias that targets %s, type %s in zone %s, but the alias target name does not lie within the target zone",
			a.Name.AWS(), s.Type, a.ZoneID)
	}
	missing := func() error {
		return zoneFault(s, "Tried to create an alias that targets %s, type %s in zone %s, but that target was not found",
			a.Name.AWS(), s.Type, a.ZoneID)
	}
	var errs []error
	if a.ZoneID != zone.ID {
		if !resourceTypes[s.Type] || zone.Private && a.ZoneID == cloudFrontZone {
			errs = append(errs, missing())
		}
		if !ResourceOf(a.Name).inZone(a.ZoneID) {
			errs = append(errs, outside())
		}
		return errs
	}
	if !has(a.Name, s.Type) {
		errs = append(errs, missing())
	}
	if !a.Name.Within(zone.Name) {
		errs = append(errs, outside())
	}
	return errs
}

// CheckLoops returns an error for each RRset that closes a circle of CNAMEs
// and aliases inside the zone. Names that only a wildcard covers are not
// followed.
func CheckLoops(zone *Zone, sets []*RRset) []error {
	w := walk{zone: zone, edges: make(map[node][]edge), state: make(map[node]walkState)}
	var starts []node
	for _, s := range sets {
		from := node{s.Name, s.Type}
		for _, to := range leads(zone, s) {
			if len(w.edges[from]) == 0 {
				starts = append(starts, from)
			}
			w.edges[from] = append(w.edges[from], edge{node{to, s.Type}, s})
		}
	}
	for _, n := range starts {
		w.visit(n)
	}
	return w.errs
}

// leads returns the names in the zone that s sends the question on to. A
// circle never changes type: an alias keeps it, and where a CNAME leads to
// another type the CNAME cannot be the alias's target.
func leads(zone *Zone, s *RRset) []Name {
	if s.Alias != nil {
		if s.Alias.ZoneID == zone.ID {
			return []Name{s.Alias.Name}
		}
		return nil
	}
	if s.Type != "CNAME" {
		return nil
	}
	var names []Name
	for _, v := range s.Values {
		if n, err := ParseName(v); err == nil && n.Within(zone.Name) {
			names = append(names, n)
		}
	}
	return names
}

type (
	// node is the RRsets of one name and type.
	node struct {
		name   Name
		rrtype string
	}
	// edge is where one of them leads.
	edge struct {
		to node
		by *RRset
	}
	walkState uint8
)

const (
	unseen walkState = iota
	onPath
	done
)

// walk is a depth-first search for edges that lead back onto its path.
type walk struct {
	zone  *Zone
	edges map[node][]edge
	state map[node]walkState
	errs  []error
}

// visit searches from n on, without recursion: a chain may be as long as the
// zone.
func (w *walk) visit(n node) {
	if w.state[n] != unseen {
		return
	}
	type frame struct {
		at   node
		next int
	}
	path := []frame{{at: n}}
	w.state[n] = onPath
	for len(path) > 0 {
		top := &path[len(path)-1]
		edges := w.edges[top.at]
		if top.next == len(edges) {
			w.state[top.at] = done
			path = path[:len(path)-1]
			continue
		}
		e := edges[top.next]
		top.next++
		switch w.state[e.to] {
		case onPath:
			w.errs = append(w.errs, zoneFault(e.by, "RRSet of type %s with DNS name %s is not permitted as it creates a CNAME or alias loop in the zone.",
				e.by.Type, e.by.Name.AWS()))
		case unseen:
			w.state[e.to] = onPath
			path = append(path, frame{at: e.to})
		}
	}
}
