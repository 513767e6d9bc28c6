package zone

import (
	"cmp"
	"slices"

	"github.com/edgestage/edgestage/plugin-route53sim/routing"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Tables returns the tables whose changes a [Compiler] is to be given.
func Tables() []string {
	return []string{
		model.TableZones, model.TableRRsets, model.TableCIDRCollections, model.TableEndpoints, model.TableNameServers,
		model.TableChallenges,
	}
}

// Compiler turns changes of rows into views. It belongs to one goroutine.
type Compiler struct {
	zones map[string]*zoneState // by id, with or without a row
	// byName lists the zones that have a row, in the order of precedence:
	// earliest created first, then by id (aws-behaviour 3.2).
	byName      map[string][]*zoneState
	holders     map[string]holders // of private zones, by name
	endpoints   endpoints
	nameServers map[string]*model.NameServer // by key
	challenges  challenges
	collections map[string]*routing.Collection // by id
	failing     map[string]struct{}            // health checks, by id
	// users are the groups that depend on something outside their zone.
	users map[dependency]*users
	// judging says that nothing but health changes: what depends on what stays.
	judging bool
	// definition is the last that a forest read, for its room.
	definition routing.Definition[rrsetKey]

	edit uint64
	view View
	// version is the one given to a row last.
	version *state.Version
	dirty   map[string]*zoneState // zones changed by this batch, by id
	names   map[string]bool       // zone names to be served anew after this batch
}

// NewCompiler returns a compiler that has seen no rows.
func NewCompiler() *Compiler {
	c := &Compiler{failing: make(map[string]struct{})}
	c.reset()
	return c
}

func (c *Compiler) reset() {
	*c = Compiler{
		zones:       make(map[string]*zoneState),
		byName:      make(map[string][]*zoneState),
		holders:     make(map[string]holders),
		endpoints:   newEndpoints(),
		nameServers: make(map[string]*model.NameServer),
		challenges:  newChallenges(),
		collections: make(map[string]*routing.Collection),
		users:       make(map[dependency]*users),
		failing:     c.failing, // told by no row
		edit:        c.edit,
	}
}

// Apply returns the view after b. What b costs depends on its size, not on
// that of the zones it touches. Rows of other tables are passed over.
func (c *Compiler) Apply(b state.Batch) *View {
	if b.Reset {
		c.reset()
	}
	c.begin()
	for _, ch := range b.Changes {
		switch ch.Table { // zones first, so that their names are known
		case model.TableZones:
			row, _ := ch.Value.(*model.Zone)
			c.putZone(ch.Key, row)
		case model.TableEndpoints:
			row, _ := ch.Value.(*model.Endpoint)
			c.putEndpoint(ch.Key, row)
		case model.TableNameServers:
			row, _ := ch.Value.(*model.NameServer)
			c.putNameServer(ch.Key, row)
		case model.TableCIDRCollections:
			row, _ := ch.Value.(*model.CIDRCollection)
			c.putCollection(ch.Key, row)
		case model.TableChallenges:
			row, _ := ch.Value.(*model.Challenge)
			c.view.challenges = c.challenges.put(c.view.challenges, c.edit, ch.Key, row)
		}
	}
	for i := 0; i < len(b.Changes); i++ {
		if b.Changes[i].Table != model.TableRRsets {
			continue
		}
		if n := c.fill(b.Changes[i:]); n > 0 {
			i += n - 1
		} else {
			c.putRRset(b.Changes[i])
		}
	}
	return c.publish()
}

// begin makes way for changes.
func (c *Compiler) begin() {
	c.edit++
	c.dirty, c.names = make(map[string]*zoneState), make(map[string]bool)
}

// zone returns what is known of the zone of that id, for change.
func (c *Compiler) zone(id string) *zoneState {
	z := c.zones[id]
	if z == nil {
		z = newZoneState(c, id)
		c.zones[id] = z
	}
	if c.dirty[id] == nil {
		c.dirty[id] = z
		c.view.stats.sub(z.counted)
	}
	return z
}

// putZone notes that the row of a zone has changed; nil: there is none.
func (c *Compiler) putZone(id string, row *model.Zone) {
	z := c.zone(id)
	if z.row != nil {
		name := string(z.row.Name)
		c.byName[name] = slices.DeleteFunc(c.byName[name], func(other *zoneState) bool { return other == z })
		if len(c.byName[name]) == 0 {
			delete(c.byName, name)
		}
		c.names[name] = true
	}
	z.row, z.served = row, false
	z.zone.private = row != nil && row.Private
	if row == nil {
		return
	}
	z.rename(c.edit, string(row.Name))
	z.settleApex()
	name := string(row.Name)
	c.byName[name] = append(c.byName[name], z)
	slices.SortFunc(c.byName[name], earlier)
	c.names[name] = true
}

// earlier orders zones of one name: the first public one is served, and the
// first private one of each VPC.
func earlier(a, b *zoneState) int {
	if c := a.row.Created.Compare(b.row.Created); c != 0 {
		return c
	}
	return cmp.Compare(a.zone.id, b.zone.id)
}

// putRRset notes that the row of an RRset has changed.
func (c *Compiler) putRRset(ch state.Change) {
	z := c.zone(model.RRsetKeyZone(ch.Key))
	if r, ok := ch.Value.(*model.RRset); ok {
		z.put(c.edit, r, ch.Version)
		return
	}
	if name, rrtype, setID, ok := splitKey(ch.Key); ok {
		z.remove(c.edit, name, rrtype, setID)
	}
}

// putEndpoint notes that the row of an edge's endpoint has changed; nil: there
// is none.
func (c *Compiler) putEndpoint(key string, row *model.Endpoint) {
	name := endpointTarget(key)
	before := c.view.targets.get(name).isHealthy()
	c.view.targets = c.endpoints.put(c.view.targets, c.edit, key, row)
	if c.view.targets.get(name).isHealthy() != before {
		c.touch(dependency{model.TableEndpoints, name})
	}
}

// putCollection notes that the row of a CIDR collection has changed; nil:
// there is none.
func (c *Compiler) putCollection(id string, row *model.CIDRCollection) {
	if row == nil {
		delete(c.collections, id)
	} else {
		c.collections[id] = compileCollection(row)
	}
	c.touch(dependency{model.TableCIDRCollections, id})
}

func compileCollection(row *model.CIDRCollection) *routing.Collection {
	var blocks []routing.Block
	for _, l := range row.Locations {
		for _, p := range l.Blocks {
			blocks = append(blocks, routing.Block{Prefix: p, Location: l.Name})
		}
	}
	return routing.NewCollection(blocks)
}

// publish returns the view of what was changed.
func (c *Compiler) publish() *View {
	for _, z := range c.dirty {
		z.settleAll(c.edit)
		z.regroup(c.edit)
		if z.row != nil && !z.row.Private { // private ones are found by id
			c.names[string(z.row.Name)] = true
		}
	}
	for name := range c.names {
		c.serve(name)
	}
	for id, z := range c.dirty {
		if z.row == nil {
			c.view.ids = c.view.ids.remove(c.edit, id)
		} else {
			c.view.ids = c.view.ids.put(c.edit, &byID{z.zone})
		}
		z.counted = z.stats()
		c.view.stats.add(z.counted)
		if z.row == nil && z.names() == 0 {
			c.view.stats.sub(z.counted)
			delete(c.zones, id)
		}
	}
	c.view.stats.Endpoints, c.view.stats.Challenges = c.endpoints.n, c.challenges.n
	v := c.view
	return &v
}

// serve makes the zones of a name answer that do: the first public one, and in
// each VPC the first private one.
func (c *Compiler) serve(name string) {
	c.servePrivate(name)
	var chosen *zoneState
	for _, z := range c.byName[name] {
		served := !z.row.Private && chosen == nil
		if served {
			chosen = z
		} else if z.row.Private {
			served = c.holders[name].answersIn(z)
		}
		if z.served != served {
			c.zone(z.zone.id).served = served
		}
	}
	if chosen == nil {
		c.view.zones = c.view.zones.remove(c.edit, name)
		return
	}
	z := chosen.zone
	c.view.zones = c.view.zones.put(c.edit, &z)
}
