package routing

import (
	"slices"

	"github.com/edgestage/edgestage/state/model"
)

// Forest keeps the groups of a zone, or of many, compiled. It is told which
// RRsets changed, or the health of which, and compiles those groups and all
// that lead to them, targets first. K names a group: RRsets of one name and
// type.
//
// A group of one simple RRset with values needs no compiling, as it is always
// answered: the forest keeps it only while an alias leads to it. Aliases that
// lead to each other in a loop, which Route 53 refuses, lead nowhere: all of
// the loop, whatever the order in which they appeared.
//
// A Forest is not safe for concurrent use; the groups it hands out are.
type Forest[K comparable] struct {
	read  func(K) (Definition[K], bool)
	trees map[K]*tree[K]
}

// Definition is a group before it is compiled: the arguments of [Compile],
// with aliases by name.
type Definition[K comparable] struct {
	Owner   any
	Policy  model.Policy
	Members []Member
	// Targets names, at the same index, where each member leads that leads
	// ToGroup; it may be nil where there is none. The forest sets
	// Member.Target.
	Targets []K
}

// tree is what the forest keeps of a group.
type tree[K comparable] struct {
	group *Group // nil: there are no such RRsets
	plain bool   // kept for the sake of above only
	below []K    // where its aliases lead, each once
	above map[K]struct{}
}

// NewForest returns an empty forest that reads definitions, as they are now,
// by read: it returns false where there are no RRsets. What it returns is its
// own again at the next call.
func NewForest[K comparable](read func(K) (Definition[K], bool)) *Forest[K] {
	return &Forest[K]{read: read, trees: make(map[K]*tree[K])}
}

// Group returns the compiled group of that name; nil if there are no such
// RRsets, or nothing that needs compiling. Before [Forest.Change] was told of
// it, a group is not there.
func (f *Forest[K]) Group(key K) *Group {
	if t := f.trees[key]; t != nil {
		return t.group
	}
	return nil
}

// Change compiles the groups of those names, and those whose aliases lead to
// them over any number of steps, from what is read now. It returns the names
// whose Group is another one since, targets before the aliases that lead to
// them; names without RRsets, or that need no compiling, may be among keys.
func (f *Forest[K]) Change(keys ...K) []K {
	c := &change[K]{forest: f, definitions: make(map[K]Definition[K])}
	for _, key := range keys {
		c.load(key)
	}
	for _, key := range slices.Clone(c.order) {
		c.ascend(key)
	}
	c.compile()
	c.prune()
	return c.changed
}

// CompileAlone compiles the group of that name from d, whose health has changed
// and nothing else, if no alias leads to it and it leads to no other group, as
// most do; then nothing else is touched. It returns nil where that is not so:
// [Forest.Change] is to be told.
func (f *Forest[K]) CompileAlone(key K, d Definition[K]) *Group {
	t := f.trees[key]
	if t == nil || t.plain || len(t.below)+len(t.above) > 0 {
		return nil
	}
	t.group = Compile(d.Policy, d.Members, d.Owner)
	return t.group
}

// change is the work of one call of Change.
type change[K comparable] struct {
	forest      *Forest[K]
	definitions map[K]Definition[K] // what is to be compiled
	order       []K                 // of its keys
	changed     []K
	orphans     []K // may have lost the last alias that leads to them
}

// load reads the definition of key and, if the forest did not know them, of
// all that it leads to.
func (c *change[K]) load(key K) {
	stack := []K{key}
	for len(stack) > 0 {
		key, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if _, done := c.definitions[key]; done {
			continue
		}
		definition, ok := c.forest.read(key)
		t := c.forest.trees[key]
		if t == nil {
			if definition.plain() {
				continue
			}
			t = c.forest.plant(key)
		}
		definition.Members, definition.Targets = slices.Clone(definition.Members), slices.Clone(definition.Targets)
		c.definitions[key] = definition
		c.order = append(c.order, key)
		t.plain = !ok || definition.plain()
		stack = append(stack, c.link(key, t, definition.below())...)
		if t.plain {
			c.orphans = append(c.orphans, key)
		}
	}
}

// link makes below what key leads to, and returns what is new to the forest.
func (c *change[K]) link(key K, t *tree[K], below []K) (planted []K) {
	for _, old := range t.below {
		if !slices.Contains(below, old) {
			delete(c.forest.trees[old].above, key)
			c.orphans = append(c.orphans, old)
		}
	}
	t.below = below
	for _, target := range below {
		b := c.forest.trees[target]
		if b == nil {
			b = c.forest.plant(target)
			planted = append(planted, target)
		}
		if b.above == nil {
			b.above = make(map[K]struct{})
		}
		b.above[key] = struct{}{}
	}
	return planted
}

// plant returns a new tree under key.
func (f *Forest[K]) plant(key K) *tree[K] {
	t := &tree[K]{plain: true}
	f.trees[key] = t
	return t
}

// ascend adds all that lead to key.
func (c *change[K]) ascend(key K) {
	stack := []K{key}
	for len(stack) > 0 {
		t := c.forest.trees[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		for above := range t.above {
			if _, done := c.definitions[above]; !done {
				c.load(above)
				stack = append(stack, above)
			}
		}
	}
}

// prune drops trees that nothing needs any more.
func (c *change[K]) prune() {
	for _, key := range c.orphans {
		t := c.forest.trees[key]
		if t == nil || !t.plain || len(t.above) > 0 {
			continue
		}
		delete(c.forest.trees, key)
		if _, compiled := c.definitions[key]; !compiled && t.group != nil {
			c.changed = append(c.changed, key)
		}
	}
}

// plain tells whether d needs no compiling by itself.
func (d *Definition[K]) plain() bool {
	switch len(d.Members) {
	case 0:
		return true
	case 1:
		return d.Policy == model.PolicySimple && d.Members[0].Lead != ToGroup
	}
	return false
}

// below returns where d leads, each name once.
func (d *Definition[K]) below() []K {
	var below []K
	for i := range d.Members {
		if d.Members[i].Lead == ToGroup && !slices.Contains(below, d.Targets[i]) {
			below = append(below, d.Targets[i])
		}
	}
	return below
}
