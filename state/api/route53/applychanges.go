package route53

import (
	"fmt"
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// batch is a change batch on its way through a working copy.
type batch struct {
	*workingCopy
	steps  []*step
	faults faultList
	// actions are those that the batch has for each key so far.
	actions map[string][]string
	// later are the keys of weighted RRsets that are still to be changed.
	later map[string]int
}

// applySteps tries the steps in order and writes the outcome, or returns every
// fault.
func (c *call) applySteps(t *state.Tx, z *model.Zone, steps []*step) error {
	if err := c.checkHealthChecks(t, steps); err != nil {
		return err
	}
	b := &batch{workingCopy: newWorkingCopy(t, z), steps: steps, actions: make(map[string][]string), later: make(map[string]int)}
	hadSOA, hadNS := b.has(z.Name, "SOA"), b.has(z.Name, "NS")
	for _, s := range steps {
		if s.set != nil {
			b.later[s.set.Key()]++
		}
	}
	for _, s := range steps {
		b.step(c, s)
	}
	if hadSOA && !b.has(z.Name, "SOA") {
		b.faults.add("A HostedZone must contain exactly one SOA record.")
	}
	if hadNS && !b.has(z.Name, "NS") {
		b.faults.add("A HostedZone must contain at least one NS record for the zone itself.")
	}
	if c.sizes.exceeds(t, z.ID, b.grown, c.config.Quotas.RecordsPerZone, c.config.Now()) {
		b.faults.add("Exceeded limit MAX_RRSETS_BY_ZONE for zone: %s", z.ID)
	}
	if err := b.faults.err(); err != nil {
		return err
	}
	return b.write()
}

// checkHealthChecks returns an error where a step names a health check that
// the caller does not have.
func (c *call) checkHealthChecks(t *state.Tx, steps []*step) error {
	for _, s := range steps {
		if s.set == nil || s.set.HealthCheckID == "" || s.action == actionDelete {
			continue
		}
		if _, err := c.healthCheck(&t.Reader, s.set.HealthCheckID); err != nil {
			return err
		}
	}
	return nil
}

// step tries one change.
func (b *batch) step(c *call, s *step) {
	b.faults = append(b.faults, s.faults...)
	if s.set == nil {
		return
	}
	key := s.set.Key()
	b.later[key]--
	before := b.actions[key]
	b.actions[key] = append(before, s.action)
	if len(before) > 0 && (len(before) > 1 || before[0] != actionDelete || s.action != actionCreate) {
		b.faults.add("The request contains an invalid set of changes for a resource record set '%s %s'", s.set.Type, s.set.Name.AWS())
		return
	}
	if i := b.instanceOf(s); i != "" {
		b.faults.add("RRSet with DNS name %s, type %s belongs to the traffic policy instance %s, and changes with it only", s.set.Name.AWS(), s.set.Type, i)
		return
	}
	if s.action == actionDelete {
		b.delete(s)
		return
	}
	if faults := b.check(c, s); len(faults)+len(s.faults) > 0 {
		b.faults = append(b.faults, faults...)
		return
	}
	b.put(s.set)
	if b.loops(s.set) {
		b.faults.add("RRSet of type %s with DNS name %s is not permitted as it creates a CNAME or alias loop in the zone.", s.set.Type, s.set.Name.AWS())
	}
}

// instanceOf returns the id of the traffic policy instance that the step's RRset
// belongs to, "" for none. A list shows all of an instance's as one.
func (b *batch) instanceOf(s *step) string {
	for _, t := range b.at(s.set.Name).sets {
		listed := s.wire.TrafficPolicyInstanceId != nil
		if t.Type == s.set.Type && (listed || t.SetID == s.set.SetID) && managing(&b.tx.Reader, t) != nil {
			return t.TrafficPolicyInstanceID
		}
	}
	return ""
}

// delete takes away exactly what the step describes (aws-behaviour 2.3).
func (b *batch) delete(s *step) {
	old := b.at(s.set.Name).get(s.set)
	tried := "Tried to delete resource record set " + s.set.Bracket()
	switch {
	case old == nil:
		b.faults.add("%s but it was not found", tried)
	case !s.describes(old):
		b.faults.add("%s but the values provided do not match the current values", tried)
	default:
		b.remove(old)
	}
}

// check returns why the step's RRset may not stand.
func (b *batch) check(c *call, s *step) faultList {
	var faults faultList
	o := b.at(s.set.Name)
	if s.action == actionCreate && o.get(s.set) != nil {
		faults.add("Tried to create resource record set %s but it already exists", s.set.Bracket())
		return faults
	}
	for _, err := range b.against(s.set, b.besideFor(o, s.set)) {
		faults.add("%v", err)
	}
	if text := b.checkCollection(c, s.set); text != "" {
		faults.add("%s", text)
	}
	return faults
}

// besideFor returns the RRsets that s would stand beside. Weighted ones that
// the batch is still to change count with s's TTL: only so can the TTL of a
// group be changed at all.
func (b *batch) besideFor(o *owner, s *model.RRset) []*model.RRset {
	beside := o.beside(s)
	if s.Weight == nil {
		return beside
	}
	for i, t := range beside {
		if t.Type == s.Type && t.Weight != nil && t.Alias == nil && t.TTL != s.TTL && b.later[t.Key()] > 0 {
			same := *t
			same.TTL = s.TTL
			beside[i] = &same
		}
	}
	return beside
}

// checkCollection returns why s may not refer to its CIDR collection.
func (b *batch) checkCollection(c *call, s *model.RRset) string {
	if s.CIDR == nil {
		return ""
	}
	v, ok := b.tx.Get(model.TableCIDRCollections, s.CIDR.CollectionID)
	if ok && v.(*model.CIDRCollection).Account == c.account {
		return ""
	}
	return fmt.Sprintf("RRSet with DNS name %s, type %s, SetIdentifier %s, and routing to CidrCollectionId=%s CidrLocationId=%s cannot be created because the CIDR collection was not found",
		s.Name.AWS(), s.Type, s.SetID, s.CIDR.CollectionID, s.CIDR.Location)
}

// describes tells whether a deletion describes old: TTL and the set of values,
// or the alias target; the rest where it is given (aws-behaviour 2.3).
func (s *step) describes(old *model.RRset) bool {
	w, set := s.wire, s.set
	switch {
	case (set.Alias == nil) != (old.Alias == nil):
		return false
	case set.Alias != nil && *set.Alias != *old.Alias:
		return false
	case set.Alias == nil && (set.TTL != old.TTL || !sameValues(set, old)):
		return false
	case w.Weight != nil && (old.Weight == nil || *w.Weight != *old.Weight):
		return false
	case w.Region != nil && set.Region != old.Region, w.Failover != nil && set.Failover != old.Failover,
		w.MultiValueAnswer != nil && set.MultiValue != old.MultiValue, w.HealthCheckId != nil && set.HealthCheckID != old.HealthCheckID:
		return false
	}
	return same(set.Geo, old.Geo) && same(set.CIDR, old.CIDR) && same(set.GeoProximity, old.GeoProximity)
}

// same tells whether what is given is what there is.
func same[T comparable](given, there *T) bool {
	return given == nil || there != nil && *given == *there
}

// sameValues compares the values of two RRsets in their canonical spelling and
// in any order.
func sameValues(a, b *model.RRset) bool { return slices.Equal(canonical(a), canonical(b)) }

func canonical(s *model.RRset) []string {
	out := make([]string, len(s.Values))
	for i, v := range s.Values {
		out[i] = v
		if c, err := model.CanonicalValue(s.Type, v); err == nil {
			out[i] = c
		}
	}
	slices.Sort(out)
	return out
}
