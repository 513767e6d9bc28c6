package route53

import (
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// workingCopy is a zone while a batch is tried out on it. It reads only the
// names that the batch touches and those they lead to.
type workingCopy struct {
	tx    *state.Tx
	zone  *model.Zone
	names map[model.Name]*owner
	// order are the names that were changed, in the order of their first change.
	order []model.Name
	grown int // how many RRsets there are more than before
}

// owner is the RRsets of one name.
type owner struct {
	sets    []*model.RRset // that stand, sorted by type and set identifier
	rows    []string       // keys of all rows of the name, shadowed ones too
	fresh   map[*model.RRset]bool
	changed bool
}

func newWorkingCopy(t *state.Tx, z *model.Zone) *workingCopy {
	return &workingCopy{tx: t, zone: z, names: make(map[model.Name]*owner)}
}

// at returns what stands at a name.
func (w *workingCopy) at(n model.Name) *owner {
	if o := w.names[n]; o != nil {
		return o
	}
	o := &owner{fresh: make(map[*model.RRset]bool)}
	w.names[n] = o
	var rows []model.Stamped
	w.tx.Range(model.TableRRsets, model.RRsetNamePrefix(w.zone.ID, n), "", func(v model.Value, ver state.Version) bool {
		rows = append(rows, model.Stamped{RRset: v.(*model.RRset), Stamp: ver.Stamp, Origin: uint64(ver.Origin)})
		o.rows = append(o.rows, v.Key())
		return true
	})
	kept, _ := model.Visible(rows)
	for _, s := range kept {
		o.sets = append(o.sets, s.RRset)
	}
	return o
}

// get returns the RRset with s's key, or nil.
func (o *owner) get(s *model.RRset) *model.RRset {
	for _, t := range o.sets {
		if t.Type == s.Type && t.SetID == s.SetID {
			return t
		}
	}
	return nil
}

// beside returns the RRsets that do not have s's key.
func (o *owner) beside(s *model.RRset) []*model.RRset {
	return slices.DeleteFunc(slices.Clone(o.sets), func(t *model.RRset) bool { return t.Type == s.Type && t.SetID == s.SetID })
}

// has tells whether a name has RRsets of a type.
func (w *workingCopy) has(n model.Name, rrtype string) bool {
	return slices.ContainsFunc(w.at(n).sets, func(s *model.RRset) bool { return s.Type == rrtype })
}

// faults returns why s may not stand, and why not where it does.
func (w *workingCopy) faults(s *model.RRset) []error { return w.against(s, w.at(s.Name).beside(s)) }

// against is faults beside the RRsets given.
func (w *workingCopy) against(s *model.RRset, beside []*model.RRset) []error {
	misplaced := model.CheckPlacement(w.zone, s)
	found := misplaced
	if len(misplaced) == 0 {
		found = model.CheckBeside(w.zone, s, beside)
	}
	return append(found, model.CheckAlias(w.zone, s, w.has)...)
}

func (w *workingCopy) touch(n model.Name) *owner {
	o := w.at(n)
	if !o.changed {
		o.changed = true
		w.order = append(w.order, n)
	}
	return o
}

// put makes s stand, in place of the one with its key.
func (w *workingCopy) put(s *model.RRset) {
	o := w.touch(s.Name)
	if o.get(s) == nil {
		w.grown++
	}
	o.sets = append(o.beside(s), s)
	o.fresh[s] = true
}

// remove takes the RRset with s's key away.
func (w *workingCopy) remove(s *model.RRset) {
	o := w.touch(s.Name)
	o.sets = o.beside(s)
	w.grown--
}

// write puts what the batch has changed into the commit. At the names that it
// touches, rows that were shadowed go as well, so that nothing resurfaces.
func (w *workingCopy) write() error {
	for _, n := range w.order {
		o := w.names[n]
		stand := make(map[string]bool, len(o.sets))
		for _, s := range o.sets {
			stand[s.Key()] = true
			if !o.fresh[s] {
				continue
			}
			if err := w.tx.Put(s); err != nil {
				return err
			}
		}
		for _, key := range o.rows {
			if !stand[key] {
				w.tx.Delete(model.TableRRsets, key)
			}
		}
	}
	return nil
}

// loops tells whether s, which stands already, closes a circle of CNAMEs and
// aliases: it follows where they lead.
func (w *workingCopy) loops(s *model.RRset) bool {
	if s.Alias == nil && s.Type != "CNAME" {
		return false
	}
	reached := []*model.RRset{s}
	seen := map[model.Name]bool{}
	for i := 0; i < len(reached); i++ {
		for _, n := range leadsTo(w.zone, reached[i]) {
			if seen[n] {
				continue
			}
			seen[n] = true
			for _, t := range w.at(n).sets {
				if t.Type == s.Type && (t.Alias != nil || t.Type == "CNAME") && t != s {
					reached = append(reached, t)
				}
			}
		}
	}
	return len(model.CheckLoops(w.zone, reached)) > 0
}

// leadsTo returns the names of the zone that s leads on to.
func leadsTo(z *model.Zone, s *model.RRset) []model.Name {
	if a := s.Alias; a != nil {
		if a.ZoneID == z.ID {
			return []model.Name{a.Name}
		}
		return nil
	}
	var out []model.Name
	for _, v := range s.Values {
		if n, err := model.ParseName(v); err == nil && n.Within(z.Name) {
			out = append(out, n)
		}
	}
	return out
}
