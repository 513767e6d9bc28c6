package zone

import (
	"strings"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// fill compiles the RRsets that changes begin with, if they are of a zone that
// has none yet, and returns how many those are: what a start or the load of a
// document brings.
func (c *Compiler) fill(changes []state.Change) int {
	z := c.zone(model.RRsetKeyZone(changes[0].Key))
	if z.row == nil || z.zone.names.n > 0 || len(z.held) > 0 {
		return 0
	}
	changes = changes[:run(changes, z.zone.id)]
	if len(changes) < 2 {
		return 0
	}
	var nodes []*node
	var rest []state.Change
	var sets []rrset
	for i := 0; i < len(changes); {
		n := sameName(changes[i:])
		some := changes[i : i+n]
		i += n
		var ok bool
		if sets, ok = c.simpleSets(sets[:0], some); ok {
			nodes = append(nodes, newNode(string(some[0].Value.(*model.RRset).Name), sets))
		} else {
			rest = append(rest, some...)
		}
	}
	z.fill(c.edit, nodes)
	for _, ch := range rest {
		c.putRRset(ch)
	}
	return len(changes)
}

// run returns how many changes are of RRsets of a zone, each after the one
// before, so that those of one name stand together, and none twice.
func run(changes []state.Change, zone string) int {
	n := 1
	for n < len(changes) && changes[n].Table == model.TableRRsets && changes[n].Key > changes[n-1].Key &&
		strings.HasPrefix(changes[n].Key, zone) && model.RRsetKeyZone(changes[n].Key) == zone {
		n++
	}
	return n
}

// sameName returns how many changes are RRsets of one name; 1 for a row that is
// gone.
func sameName(changes []state.Change) int {
	first, ok := changes[0].Value.(*model.RRset)
	if !ok {
		return 1
	}
	n := 1
	for n < len(changes) {
		r, ok := changes[n].Value.(*model.RRset)
		if !ok || r.Name != first.Name {
			break
		}
		n++
	}
	return n
}

// simpleSets appends the RRsets of a name to sets; false where a policy, the
// reading rules or values that cannot be packed ask for more.
func (c *Compiler) simpleSets(sets []rrset, changes []state.Change) ([]rrset, bool) {
	for _, ch := range changes {
		r, ok := ch.Value.(*model.RRset)
		if !ok {
			return sets, false
		}
		code, ok := model.TypeCode(r.Type)
		if !ok || code == dns.TypeCNAME && len(changes) > 1 {
			return sets, false
		}
		fresh := newRow(r, ch.Version)
		if fresh.broken || !fresh.simple() {
			return sets, false
		}
		sets = append(sets, c.set(&fresh))
	}
	return sets, true
}

// fill gives a zone that has no names its first ones.
func (z *zoneState) fill(edit uint64, nodes []*node) {
	z.zone.names = newTable(edit, nodes)
	for _, n := range nodes {
		inside := within(n.name, z.zone.name)
		z.noteChanged(n)
		z.count(n, 1, inside)
		if inside {
			z.link(edit, n.name)
		}
	}
	z.settleApex()
}
