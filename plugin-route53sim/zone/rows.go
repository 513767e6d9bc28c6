package zone

import (
	"cmp"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// row is one RRset's row, compiled.
type row struct {
	model.Stamped
	rdata  string
	broken bool
}

// heldName has all rows of one name.
type heldName struct {
	rows     []row // sorted by type, then set identifier
	shadowed int
}

// newRow compiles r.
func newRow(r *model.RRset, v state.Version) row {
	rdata, err := packValues(r.Type, r.Values)
	return row{
		Stamped: model.Stamped{RRset: r, Stamp: v.Stamp, Origin: uint64(v.Origin)},
		rdata:   rdata,
		broken:  err != nil,
	}
}

// bare returns r with an RRset that holds on to no values, and shares the
// strings that all of the zone, the type and the name have.
func (h *heldName) bare(r row, zone string) row {
	c := *r.RRset
	code, _ := model.TypeCode(c.Type)
	c.Values, c.Zone, c.Type = nil, zone, dns.TypeToString[code]
	if len(h.rows) > 0 {
		c.Name = h.rows[0].Name
	}
	r.RRset = &c
	return r
}

// simple tells whether r has no routing policy.
func (r *row) simple() bool { return r.SetID == "" && r.Policy() == model.PolicySimple }

// set returns r as the compiled RRset of its type.
func (c *Compiler) set(r *row) rrset {
	code, _ := model.TypeCode(r.Type)
	s := rrset{rdata: r.rdata, version: c.share(state.Version{Stamp: r.Stamp, Origin: state.Origin(r.Origin)}), ttl: r.TTL, typ: code}
	if r.Alias != nil || r.HealthCheckID != "" {
		s.ext = &extension{alias: r.Alias, check: r.HealthCheckID}
	}
	return s
}

// share returns v in a block that rows written at once have in common, as they
// most often come one after the other.
func (c *Compiler) share(v state.Version) *state.Version {
	if c.version == nil || *c.version != v {
		c.version = &v
	}
	return c.version
}

// put notes that r is now what its row says.
func (z *zoneState) put(edit uint64, r *model.RRset, v state.Version) {
	if _, ok := model.TypeCode(r.Type); !ok {
		return // no such row validates
	}
	name := string(r.Name)
	fresh := newRow(r, v)
	n := z.zone.names.get(name)
	if z.held[name] == nil && !fresh.broken && fresh.simple() && (n == nil || n.admits(fresh.Type)) {
		z.replace(edit, n, n.with(name, z.compiler.set(&fresh)))
		return
	}
	h := z.hold(name, n)
	fresh = h.bare(fresh, z.zone.id)
	i, found := slices.BinarySearchFunc(h.rows, fresh, compareRows)
	if found {
		z.forget(h.rows[i])
		h.rows[i] = fresh
	} else {
		h.rows = slices.Insert(h.rows, i, fresh)
	}
	if fresh.broken {
		z.broken++
	}
	z.unsettle(name, h)
}

// remove notes that a row is gone.
func (z *zoneState) remove(edit uint64, name, rrtype, setID string) {
	h := z.held[name]
	if h == nil {
		code, _ := model.TypeCode(rrtype)
		if n := z.zone.names.get(name); n != nil && setID == "" && n.get(code) != nil {
			z.replace(edit, n, newNode(name, n.without(code)))
		}
		return
	}
	gone := row{Stamped: model.Stamped{RRset: &model.RRset{Type: rrtype, SetID: setID}}}
	if i, found := slices.BinarySearchFunc(h.rows, gone, compareRows); found {
		z.forget(h.rows[i])
		h.rows = slices.Delete(h.rows, i, i+1)
	}
	z.unsettle(name, h)
}

func (z *zoneState) forget(r row) {
	if r.broken {
		z.broken--
	}
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.SetID, b.SetID))
}

// admits tells whether a simple RRset of that type stands in no other's way: a
// CNAME stands alone (the reading rules have the rest, [model.Visible]).
func (n *node) admits(rrtype string) bool {
	if n.empty() {
		return true
	}
	alone := n.first.typ == dns.TypeCNAME && n.more == nil
	if rrtype == "CNAME" {
		return alone
	}
	return n.get(dns.TypeCNAME) == nil
}

// hold returns the rows of a name, told from its node n, which may be nil, unless
// they are held.
func (z *zoneState) hold(name string, n *node) *heldName {
	if h := z.held[name]; h != nil {
		return h
	}
	h := new(heldName)
	z.held[name] = h
	if n == nil {
		return h
	}
	n.each(func(s *rrset) {
		r := row{rdata: s.rdata, Stamped: model.Stamped{
			Stamp: s.version.Stamp, Origin: uint64(s.version.Origin),
			RRset: &model.RRset{Zone: z.zone.id, Name: model.Name(n.name), Type: dns.TypeToString[s.typ], TTL: s.ttl},
		}}
		if s.ext != nil {
			r.Alias, r.HealthCheckID = s.ext.alias, s.ext.check
		}
		h.rows = append(h.rows, r)
	})
	slices.SortFunc(h.rows, compareRows)
	return h
}

// unsettle notes that rows of a name have changed: it is compiled once for all
// changes of a batch.
func (z *zoneState) unsettle(name string, h *heldName) {
	if z.unsettled == nil {
		z.unsettled = make(map[string]*heldName)
	}
	z.unsettled[name] = h
}

// settleAll compiles the names whose rows have changed.
func (z *zoneState) settleAll(edit uint64) {
	for name, h := range z.unsettled {
		z.settle(edit, name, h)
	}
	z.unsettled = nil
}

// settle compiles a name anew from all its rows, and lets go of them if the
// node tells them all.
func (z *zoneState) settle(edit uint64, name string, h *heldName) {
	stamped := make([]model.Stamped, len(h.rows))
	simple := true
	for i := range h.rows {
		stamped[i] = h.rows[i].Stamped
		simple = simple && h.rows[i].simple() && !h.rows[i].broken
	}
	kept, shadowed := model.Visible(stamped)
	z.shadowed += len(shadowed) - h.shadowed
	h.shadowed = len(shadowed)
	z.setNode(edit, newNode(name, z.compiler.sets(h, kept)))
	if simple && len(shadowed) == 0 {
		delete(z.held, name)
	} else {
		z.held[name] = h
	}
}

// sets returns the RRsets that the visible rows of a name make, a group for each
// type with a policy. kept is sorted by type, then set identifier.
func (c *Compiler) sets(h *heldName, kept []model.Stamped) []rrset {
	var sets []rrset
	for len(kept) > 0 {
		n := 1
		for n < len(kept) && kept[n].Type == kept[0].Type {
			n++
		}
		first := h.row(kept[0])
		if n == 1 && first.Policy() == model.PolicySimple {
			sets = append(sets, c.set(&first))
		} else {
			sets = append(sets, h.group(kept[:n]))
		}
		kept = kept[n:]
	}
	return sets
}

// row returns the row that a visible RRset came from, with the TTL that the
// reading rules gave it.
func (h *heldName) row(s model.Stamped) row {
	i, _ := slices.BinarySearchFunc(h.rows, row{Stamped: s}, compareRows)
	r := h.rows[i]
	r.Stamped = s
	return r
}

// group returns the compiled RRset of a type whose members share a policy.
func (h *heldName) group(kept []model.Stamped) rrset {
	code, _ := model.TypeCode(kept[0].Type)
	g := &Group{Zone: kept[0].Zone, Name: string(kept[0].Name), Type: code, Policy: kept[0].Policy(), Members: make([]Member, len(kept))}
	at, _ := slices.BinarySearchFunc(h.rows, row{Stamped: kept[0]}, compareRows)
	for i, s := range kept {
		for h.rows[at].SetID != s.SetID { // some are shadowed
			at++
		}
		g.Members[i] = Member{RRset: s.RRset, rdata: h.rows[at].rdata, ttl: s.TTL}
	}
	return rrset{typ: code, ext: &extension{group: g}}
}

// splitKey returns what the key of an RRset's row says, or false.
func splitKey(key string) (name, rrtype, setID string, ok bool) {
	parts := strings.SplitN(key, "\x00", 4)
	if len(parts) != 4 {
		return "", "", "", false
	}
	labels := strings.Split(strings.TrimSuffix(parts[1], "."), ".")
	slices.Reverse(labels)
	n, err := model.ParseName(strings.Join(labels, "."))
	return string(n), parts[2], parts[3], err == nil
}
