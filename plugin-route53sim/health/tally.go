package health

import (
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// tally is what the counting goroutine keeps. It does no I/O: what it makes of
// rows, ballots and opinions is a function of those alone.
type tally struct {
	rows
	all       []string // ids of checks, sorted
	edition   int      // of all
	sorted    []*model.HealthCheck
	standings []standing // of sorted
	endpoints []string   // those of checks that probe, sorted
	orders    orders     // [0] is of endpoints
	voters    map[state.Origin]*voter

	counts []count // of endpoints
	sums   sums
	last   []opinion // of endpoints: the last verdict
	// lasts are last verdicts from before the rows were read, by the hashes of
	// ids.
	lasts   map[uint64]opinion
	moved   bool // last has, or of what it is
	version uint64
	states  *States
	changes []change // of the last judge, used again
}

// standing is a check as every round sees it: what it takes to judge an
// endpoint lies side by side, so that a round costs next to nothing.
type standing struct {
	rule
	endpoint int32 // in endpoints, -1: it is none
}

// hashOf returns by what a check is remembered.
func hashOf(id string) uint64 { return xxhash.Sum64String(id) }

func newTally(lasts map[uint64]opinion) tally {
	return tally{rows: newRows(), orders: orders{newOrder(nil)}, voters: make(map[state.Origin]*voter), lasts: lasts}
}

// apply takes changes of rows.
func (t *tally) apply(b state.Batch) {
	if b.Reset {
		clear(t.checks)
		clear(t.forces)
		clear(t.signals)
	}
	for _, c := range b.Changes {
		switch c.Table {
		case model.TableHealthChecks:
			put[*model.HealthCheck](t.checks, c)
		case model.TableHealthForces:
			put[*model.HealthForce](t.forces, c)
		case model.TableHealthSignals:
			put[*model.HealthSignal](t.signals, c)
		}
	}
	t.arrange()
}

func put[V model.Value](rows map[string]V, c state.Change) {
	if v, ok := c.Value.(V); ok {
		rows[c.Key] = v
	} else {
		delete(rows, c.Key)
	}
}

// arrange puts the checks in order.
func (t *tally) arrange() {
	all := slices.Sorted(maps.Keys(t.checks))
	var endpoints []string
	for _, id := range all {
		if probe.Probed(t.checks[id].Config.Type) {
			endpoints = append(endpoints, id)
		}
	}
	if !slices.Equal(all, t.all) {
		t.all = all
		t.edition++
	}
	t.sorted = make([]*model.HealthCheck, len(all))
	t.standings = make([]standing, len(all))
	next := 0 // of endpoints
	for i, id := range all {
		t.sorted[i] = t.checks[id]
		t.standings[i] = standing{t.rule(t.sorted[i]), -1}
		if next < len(endpoints) && endpoints[next] == id {
			t.standings[i].endpoint = int32(next)
			next++
		}
	}
	if !slices.Equal(endpoints, t.endpoints) {
		t.reorder(endpoints)
	}
}

// reorder makes endpoints what is counted. Last verdicts go along.
func (t *tally) reorder(endpoints []string) {
	for i, id := range t.endpoints {
		t.lasts[hashOf(id)] = t.last[i]
	}
	t.endpoints, t.moved = endpoints, true
	t.counts, t.last = make([]count, len(endpoints)), make([]opinion, len(endpoints))
	for i, id := range endpoints {
		t.last[i] = t.lasts[hashOf(id)]
	}
	clear(t.lasts)
	t.orders = t.orders.put(newOrder(endpoints))
	for _, v := range t.voters {
		v.read(t.orders)
	}
}

// hear takes a ballot.
func (t *tally) hear(p state.Pulse) {
	_, cast, err := decodeBallot(p.Data)
	if p.Data == nil || err == nil && !cast {
		delete(t.voters, p.Member.Run)
		return
	}
	if err != nil {
		return // of another version, or garbage: what it said before stands
	}
	v := t.voters[p.Member.Run]
	if v == nil {
		v = new(voter)
		t.voters[p.Member.Run] = v
	}
	v.region, v.data = p.Member.Region, p.Data
	v.read(t.orders)
}

// count counts all opinions, own among them, and returns whether last verdicts
// are others than at the last count.
func (t *tally) count(own []opinion) bool {
	clear(t.counts)
	for _, v := range t.voters {
		if v.order == t.orders[0] {
			t.sums.add(v.ballot.bits, t.counts)
		} else {
			v.add(t.counts)
		}
	}
	t.sums.flush(t.counts)
	moved := t.moved
	t.moved = false
	for i := range t.counts {
		c := &t.counts[i]
		if i < len(own) {
			c.add(own[i])
		}
		if v := c.verdict(); v != unknown && v != t.last[i] {
			t.last[i] = v
			moved = true
		}
	}
	return moved
}

// of returns what the checkers have found of an endpoint.
func (t *tally) of(id string) found {
	i, ok := slices.BinarySearch(t.endpoints, id)
	if !ok {
		return found{}
	}
	return found{t.counts[i], t.last[i]}
}

// change is a check whose state is another one.
type change struct {
	id string
	// row is the check, nil if it was deleted.
	row      *model.HealthCheck
	from, to Status
	known    bool  // it was there before
	endpoint int32 // see [standing]
}

// judge returns what all checks are, and which have changed for those that
// refer to them; that list is good until the next call.
func (t *tally) judge() (*States, []change) {
	t.version++
	old := t.states
	s := &States{Version: t.version, edition: t.edition, ids: t.all, status: make([]Status, len(t.all))}
	same := old != nil && old.edition == t.edition
	changes, of := t.changes[:0], t.of
	for i, st := range t.standings {
		if st.endpoint >= 0 {
			s.status[i] = st.rule.endpoint(found{t.counts[st.endpoint], t.last[st.endpoint]})
		} else {
			s.status[i] = t.status(t.sorted[i], of)
		}
		var before Status
		known := same
		if same {
			before = old.status[i]
		} else {
			before, known = old.Status(t.all[i])
		}
		if known && before.Healthy != s.status[i].Healthy || !known && !s.status[i].Healthy {
			changes = append(changes, change{t.all[i], t.sorted[i], before, s.status[i], known, st.endpoint})
		}
	}
	if !same {
		changes = append(changes, t.gone(old)...)
	}
	t.states, t.changes = s, changes
	return s, changes
}

// gone returns the checks of old that were unhealthy and are no more.
func (t *tally) gone(old *States) []change {
	var changes []change
	for id, before := range old.All() {
		if _, there := t.checks[id]; !there && !before.Healthy {
			changes = append(changes, change{id: id, from: before, known: true, endpoint: -1})
		}
	}
	return changes
}

// wanted returns the checks that a checker in a Region is to probe: those
// without Regions, those that name its own, and those that name none of a live
// checker, which otherwise nobody would probe.
func (t *tally) wanted(region string) map[string]*model.HealthCheck {
	covered := map[string]bool{region: true}
	for _, v := range t.voters {
		covered[v.region] = true
	}
	wanted := make(map[string]*model.HealthCheck, len(t.endpoints))
	for _, id := range t.endpoints {
		h := t.checks[id]
		if h.Config.Disabled {
			continue
		}
		rs := h.Config.Regions
		if len(rs) == 0 || slices.Contains(rs, region) || !slices.ContainsFunc(rs, func(r string) bool { return covered[r] }) {
			wanted[id] = h
		}
	}
	return wanted
}

// regions returns where the other checkers stand, sorted.
func (t *tally) regions() []string {
	set := make(map[string]bool)
	for _, v := range t.voters {
		set[v.region] = true
	}
	return slices.Sorted(maps.Keys(set))
}
