package discovery

import (
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// namespace is what is known of a namespace, with or without its row.
type namespace struct {
	id    string
	row   *model.Namespace
	names map[string][]*service // that have a row, by the name they claim; the first has it
}

// service is what is known of a service, with or without its row.
type service struct {
	id       string
	row      *model.Service
	families map[string]*family // by the id in lower case
}

// family is the instances of a service whose ids differ in case only: they
// would have the same name as targets of SRV records. Nearly all are of one.
type family struct {
	service *service
	key     string
	members []*instance // sorted by id
	records []record    // what was made of them
}

// instance is what is known of an instance, with or without its row.
type instance struct {
	family  *family
	id      string
	row     *model.Instance
	version state.Version
	health  *model.InstanceHealth

	unhealthy bool
	until     int64 // when time changes it; 0: never
	place     int   // in the schedule, from 1; 0: in none
}

// touched is what is to be looked at anew after a change of rows.
type touched struct {
	namespaces map[*namespace]struct{}
	services   map[*service]struct{}
	families   map[*family]struct{}
	left       map[*namespace]struct{} // by a service
}

func (t *touched) namespace(n *namespace) { add(&t.namespaces, n) }
func (t *touched) service(s *service)     { add(&t.services, s) }
func (t *touched) family(f *family)       { add(&t.families, f) }

func add[E comparable](set *map[E]struct{}, e E) {
	if *set == nil {
		*set = make(map[E]struct{})
	}
	(*set)[e] = struct{}{}
}

// put notes that a row has changed.
func (d *Discovery) put(ch *state.Change) {
	switch ch.Table {
	case model.TableZones:
		row, _ := ch.Value.(*model.Zone)
		d.putZone(ch.Key, row)
	case model.TableNamespaces:
		n := d.namespace(ch.Key)
		n.row, _ = ch.Value.(*model.Namespace)
		d.touched.namespace(n)
	case model.TableServices:
		row, _ := ch.Value.(*model.Service)
		d.putService(ch.Key, row)
	case model.TableInstances:
		if i := d.instance(ch.Key); i != nil {
			i.row, _ = ch.Value.(*model.Instance)
			i.version = ch.Version
		}
	case model.TableInstanceHealth:
		if i := d.instance(ch.Key); i != nil {
			i.health, _ = ch.Value.(*model.InstanceHealth)
		}
	}
}

// putZone notes whose zone it is that has an id; nil: it is not there.
func (d *Discovery) putZone(id string, row *model.Zone) {
	if old := d.zones[id]; old != "" {
		delete(d.zones, id)
		d.touched.namespace(d.namespace(old))
	}
	if row != nil && row.Namespace != "" {
		d.zones[id] = row.Namespace
		d.touched.namespace(d.namespace(row.Namespace))
	}
}

// putService notes that a service's row has changed, and with it who has the
// names that it claimed and claims.
func (d *Discovery) putService(id string, row *model.Service) {
	s := d.service(id)
	if s.row != nil {
		n, name := d.namespace(s.row.Namespace), s.row.ClaimedName()
		add(&d.touched.left, n)
		d.touchNames(n, name)
		n.names[name] = slices.DeleteFunc(n.names[name], func(o *service) bool { return o == s })
		if len(n.names[name]) == 0 {
			delete(n.names, name)
		}
	}
	s.row = row
	d.touched.service(s)
	if row == nil {
		return
	}
	n, name := d.namespace(row.Namespace), row.ClaimedName()
	n.names[name] = append(n.names[name], s)
	slices.SortFunc(n.names[name], func(a, b *service) int {
		if a.row.Before(b.row) {
			return -1
		}
		return 1
	})
	d.touchNames(n, name)
}

func (d *Discovery) touchNames(n *namespace, name string) {
	for _, s := range n.names[name] {
		d.touched.service(s)
	}
}

func (d *Discovery) namespace(id string) *namespace {
	n := d.namespaces[id]
	if n == nil {
		n = &namespace{id: id, names: make(map[string][]*service)}
		d.namespaces[id] = n
	}
	return n
}

func (d *Discovery) service(id string) *service {
	s := d.services[id]
	if s == nil {
		s = &service{id: id, families: make(map[string]*family)}
		d.services[id] = s
	}
	return s
}

// instance returns the instance of a row's key, touched; nil if it is no such
// key.
func (d *Discovery) instance(key string) *instance {
	serviceID, id, ok := strings.Cut(key, "\x00")
	if !ok {
		return nil
	}
	s, lower := d.service(serviceID), strings.ToLower(id)
	f := s.families[lower]
	if f == nil {
		f = &family{service: s, key: lower}
		s.families[lower] = f
	}
	d.touched.family(f)
	at, found := slices.BinarySearchFunc(f.members, id, func(i *instance, id string) int { return strings.Compare(i.id, id) })
	if !found {
		f.members = slices.Insert(f.members, at, &instance{family: f, id: id})
	}
	return f.members[at]
}
