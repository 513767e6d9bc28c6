package routing

// compile compiles all definitions, targets first, and collects what changed.
// Definitions that lead to each other form a component: their aliases to each
// other lead nowhere.
func (c *change[K]) compile() {
	s := &components[K]{change: c, visits: make(map[K]*visit, len(c.order))}
	for _, key := range c.order {
		if s.visits[key] == nil {
			s.visit(key)
		}
	}
}

// compileOne compiles key; inLoop are the members of its component.
func (c *change[K]) compileOne(key K, inLoop map[K]*visit, component int) {
	t := c.forest.trees[key]
	before := t.group
	definition := c.definitions[key]
	t.group = nil
	if len(definition.Members) > 0 {
		members := definition.Members
		for i := range members {
			if members[i].Lead == ToGroup {
				members[i].Target = c.target(definition.Targets[i], inLoop, component)
			}
		}
		t.group = Compile(definition.Policy, members, definition.Owner)
	}
	if t.group != before {
		c.changed = append(c.changed, key)
	}
}

// target returns the group that an alias leads to from within a component: nil
// if that is within it as well.
func (c *change[K]) target(key K, visits map[K]*visit, component int) *Group {
	if v := visits[key]; v != nil && v.component == component {
		return nil
	}
	return c.forest.trees[key].group
}

// components finds the strongly connected components of what is compiled, each
// after those it leads to (Tarjan: Depth-first search and linear graph
// algorithms, 1972). What is not compiled leads to nothing that is.
type components[K comparable] struct {
	change *change[K]
	visits map[K]*visit
	stack  []K
	found  int
}

// visit is the state of one key.
type visit struct {
	index, low int
	component  int // 0: not known yet
}

func (s *components[K]) visit(key K) *visit {
	v := &visit{index: len(s.visits), low: len(s.visits)}
	s.visits[key] = v
	s.stack = append(s.stack, key)
	for _, target := range s.change.forest.trees[key].below {
		if _, compiled := s.change.definitions[target]; !compiled {
			continue
		}
		w := s.visits[target]
		switch {
		case w == nil:
			v.low = min(v.low, s.visit(target).low)
		case w.component == 0:
			v.low = min(v.low, w.index)
		}
	}
	if v.low == v.index {
		s.close(key)
	}
	return v
}

// close takes the component of key from the stack and compiles it.
func (s *components[K]) close(key K) {
	s.found++
	from := len(s.stack) - 1
	for s.stack[from] != key {
		from--
	}
	component := s.stack[from:]
	s.stack = s.stack[:from]
	for _, k := range component {
		s.visits[k].component = s.found
	}
	for _, k := range component {
		s.change.compileOne(k, s.visits, s.found)
	}
}
