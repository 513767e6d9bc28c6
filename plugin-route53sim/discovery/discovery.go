package discovery

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Tables returns the tables whose changes a [Discovery] is to be given.
func Tables() []string {
	return []string{model.TableZones, model.TableNamespaces, model.TableServices, model.TableInstances, model.TableInstanceHealth}
}

// Change is what changes of rows, or time, have changed.
type Change struct {
	// Records are RRsets that went, then those that came or changed, as changes
	// of rows of [model.TableRRsets]: where one service takes the name of
	// another, the same key may be among both. Their version is that of the
	// instance's row.
	Records []state.Change
	// Judged are the ids of which [Discovery.Healthy] says something else than
	// before, in no order.
	Judged []string
}

// Discovery follows the rows of Cloud Map.
type Discovery struct {
	zones      map[string]string     // the ids of namespaces, by that of their zone
	namespaces map[string]*namespace // by id
	services   map[string]*service   // by id
	unhealthy  map[string]struct{}   // health ids
	due        schedule

	// Of the call under way:
	now     int64
	change  Change
	fresh   []state.Change // records that came or changed
	touched touched
}

// New returns a Discovery that has seen no rows.
func New() *Discovery {
	d := new(Discovery)
	d.reset()
	return d
}

func (d *Discovery) reset() {
	*d = Discovery{
		zones: make(map[string]string), namespaces: make(map[string]*namespace), services: make(map[string]*service),
		unhealthy: make(map[string]struct{}),
	}
}

// Apply returns what the rows of b change at a time. Rows of other tables are
// passed over.
func (d *Discovery) Apply(b state.Batch, now int64) Change {
	before := d.unhealthy
	if b.Reset {
		d.reset()
	}
	d.begin(now)
	for i := range b.Changes {
		d.put(&b.Changes[i])
	}
	d.settle()
	if b.Reset {
		d.change.Judged = union(before, d.unhealthy)
	}
	return d.end()
}

// Tick returns what has changed by time alone.
func (d *Discovery) Tick(now int64) Change {
	d.begin(now)
	for i := d.due.next(); i != nil && i.until <= now; i = d.due.next() {
		d.due.put(i, 0)
		d.touched.family(i.family)
	}
	d.settle()
	return d.end()
}

// Next returns when [Discovery.Tick] will have something to change; 0: never.
func (d *Discovery) Next() int64 {
	if i := d.due.next(); i != nil {
		return i.until
	}
	return 0
}

// Healthy tells whether the instance behind a health id is healthy, as far as
// custom health and its lease say; so is all that is no such id
// ([model.InstanceHealthID]).
func (d *Discovery) Healthy(id string) bool {
	_, unhealthy := d.unhealthy[id]
	return !unhealthy
}

func (d *Discovery) begin(now int64) {
	d.now, d.change, d.fresh, d.touched = now, Change{}, nil, touched{}
}

func (d *Discovery) end() Change {
	c := d.change
	c.Records = append(c.Records, d.fresh...)
	d.change, d.fresh, d.touched = Change{}, nil, touched{}
	return c
}

// union returns the members of a and b, each once.
func union(a, b map[string]struct{}) []string {
	var all []string
	for id := range a {
		all = append(all, id)
	}
	for id := range b {
		if _, both := a[id]; !both {
			all = append(all, id)
		}
	}
	return all
}
