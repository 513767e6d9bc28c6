package discovery

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// record is an RRset that was made of an instance.
type record struct {
	*model.RRset
	version state.Version
}

func (r record) sameKey(o record) bool {
	return r.Name == o.Name && r.Type == o.Type && r.SetID == o.SetID && r.Zone == o.Zone
}

// settle derives anew what was touched.
func (d *Discovery) settle() {
	for n := range d.touched.namespaces {
		for _, services := range n.names {
			for _, s := range services {
				d.touched.service(s)
			}
		}
	}
	for s := range d.touched.services {
		for _, f := range s.families {
			d.touched.family(f)
		}
	}
	for f := range d.touched.families {
		d.derive(f)
	}
	d.prune()
}

// derive makes the records of a family's instances: the newest first, as it has
// the name where two have the same.
func (d *Discovery) derive(f *family) {
	n := d.standing(f.service)
	newest := slices.Clone(f.members)
	slices.SortFunc(newest, func(a, b *instance) int {
		return cmp.Or(cmp.Compare(b.version.Stamp, a.version.Stamp), cmp.Compare(b.version.Origin, a.version.Origin))
	})
	var records []record
	for _, i := range newest {
		c := model.Condition{Gone: true}
		if n != nil && i.row != nil {
			c = i.row.Condition(f.service.row, i.health, d.now)
		}
		d.due.put(i, c.Until)
		d.judge(i, !c.Gone && c.Unhealthy())
		if c.Gone {
			continue
		}
		for _, r := range model.InstanceRRsets(n.row, f.service.row, i.row) {
			fresh := record{r, i.version}
			if !slices.ContainsFunc(records, fresh.sameKey) {
				records = append(records, fresh)
			}
		}
	}
	d.show(f, records)
}

// standing returns the namespace that the records of s are in: it has the zone,
// and s its name there; nil if s has none.
func (d *Discovery) standing(s *service) *namespace {
	if s.row == nil || s.row.DNS == nil {
		return nil
	}
	n := d.namespaces[s.row.Namespace]
	if n == nil || n.row == nil || d.zones[n.row.Zone] != n.row.ID || n.names[s.row.ClaimedName()][0] != s {
		return nil
	}
	return n
}

// show makes records those of f. One that only has another version, as after a
// lease was renewed, stays.
func (d *Discovery) show(f *family, records []record) {
	for _, old := range f.records {
		if !slices.ContainsFunc(records, old.sameKey) {
			d.change.Records = append(d.change.Records, state.Change{Table: model.TableRRsets, Key: old.Key(), Version: old.version})
		}
	}
	for i, r := range records {
		at := slices.IndexFunc(f.records, r.sameKey)
		if at >= 0 && reflect.DeepEqual(f.records[at].RRset, r.RRset) {
			records[i] = f.records[at]
			continue
		}
		d.fresh = append(d.fresh, state.Change{Table: model.TableRRsets, Key: r.Key(), Value: r.RRset, Version: r.version})
	}
	f.records = records
}

// judge notes whether an instance is unhealthy.
func (d *Discovery) judge(i *instance, unhealthy bool) {
	if unhealthy == i.unhealthy {
		return
	}
	i.unhealthy = unhealthy
	id := model.InstanceHealthID(i.family.service.id, i.id)
	if unhealthy {
		d.unhealthy[id] = struct{}{}
	} else {
		delete(d.unhealthy, id)
	}
	d.change.Judged = append(d.change.Judged, id)
}

// prune forgets what no row is left of.
func (d *Discovery) prune() {
	for f := range d.touched.families {
		f.members = slices.DeleteFunc(f.members, func(i *instance) bool { return i.row == nil && i.health == nil })
		if len(f.members) == 0 {
			delete(f.service.families, f.key)
			d.touched.service(f.service)
		}
	}
	for s := range d.touched.services {
		if s.row == nil && len(s.families) == 0 {
			delete(d.services, s.id)
		}
	}
	for _, touched := range []map[*namespace]struct{}{d.touched.namespaces, d.touched.left} {
		for n := range touched {
			if n.row == nil && len(n.names) == 0 {
				delete(d.namespaces, n.id)
			}
		}
	}
}
