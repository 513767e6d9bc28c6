// Package registry reads Cloud Map's rows by the rules of package model: who
// has a name, which instances are there and how they do, which records their
// hosted zone lists. It is what the services of the API share about them.
//
// Every function is a read within one transaction, costs what it returns rather
// than what there is, and keeps nothing. Times are in milliseconds since 1970.
package registry

import (
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Namespace returns the namespace with an id, or nil.
func Namespace(rd *state.Reader, id string) *model.Namespace {
	v, _ := rd.Get(model.TableNamespaces, id)
	n, _ := v.(*model.Namespace)
	return n
}

// Service returns the service with an id, whose namespace is there, or nil.
func Service(rd *state.Reader, id string) *model.Service {
	v, _ := rd.Get(model.TableServices, id)
	if s, ok := v.(*model.Service); ok && Namespace(rd, s.Namespace) != nil {
		return s
	}
	return nil
}

// NamespaceByName returns the namespace that has an HTTPName in an account and
// Region, or nil.
func NamespaceByName(rd *state.Reader, account, region, name string) *model.Namespace {
	id := owner(rd, model.DiscoveryNamePrefix(model.NamespaceScope(account, region), name), func(id string) bool {
		return Namespace(rd, id) != nil
	})
	return Namespace(rd, id)
}

// ServiceByName returns the service that has a name in a namespace, or nil.
func ServiceByName(rd *state.Reader, n *model.Namespace, name string) *model.Service {
	probe := model.Service{Name: name, FoldsCase: n.DNS()}
	id := owner(rd, model.DiscoveryNamePrefix(n.ID, probe.ClaimedName()), func(id string) bool {
		_, ok := rd.Get(model.TableServices, id)
		return ok
	})
	return Service(rd, id)
}

// Has tells whether a claim is the one that counts.
func Has(rd *state.Reader, c *model.DiscoveryName, there func(id string) bool) bool {
	return owner(rd, model.DiscoveryNamePrefix(c.Scope, c.Name), there) == c.Owner
}

// owner returns who has a name: the first claimant that is there, or "".
func owner(rd *state.Reader, prefix string, there func(id string) bool) string {
	found := ""
	rd.Range(model.TableDiscoveryNames, prefix, "", func(v model.Value, _ state.Version) bool {
		if id := v.(*model.DiscoveryName).Owner; there(id) {
			found = id
		}
		return found == ""
	})
	return found
}

// EachService calls f for the services of a namespace, in the order of their
// names, until f returns false. Of several with one name the one that has it
// comes first; named tells that it is this one.
func EachService(rd *state.Reader, namespace string, f func(s *model.Service, named bool) bool) {
	last := ""
	rd.Range(model.TableDiscoveryNames, model.DiscoveryScopePrefix(namespace), "", func(v model.Value, _ state.Version) bool {
		c := v.(*model.DiscoveryName)
		s, ok := rd.Get(model.TableServices, c.Owner)
		if !ok {
			return true
		}
		named := c.Name != last
		last = c.Name
		return f(s.(*model.Service), named)
	})
}

// CountServices returns how many services a namespace has.
func CountServices(rd *state.Reader, namespace string) int {
	n := 0
	rd.Range(model.TableDiscoveryNames, model.DiscoveryScopePrefix(namespace), "", func(v model.Value, _ state.Version) bool {
		if rd.Has(model.TableServices, v.(*model.DiscoveryName).Owner) {
			n++
		}
		return true
	})
	return n
}

// Instance is an instance and what is known of it by rows and clock.
type Instance struct {
	*model.Instance
	Condition model.Condition
	Version   state.Version
}

// EachInstance calls f for the instances of a service that are there at a
// time, in the order of their ids and not before from, until f returns false.
func EachInstance(rd *state.Reader, s *model.Service, from string, now int64, f func(i Instance) bool) {
	prefix := model.InstancePrefix(s.ID)
	rd.Range(model.TableInstances, prefix, prefix+from, func(v model.Value, version state.Version) bool {
		i := Instance{Instance: v.(*model.Instance), Version: version}
		i.Condition = i.Instance.Condition(s, health(rd, s, i.Instance), now)
		return i.Condition.Gone || f(i)
	})
}

// InstanceOf returns the instance of a service with an id, if it is there at a
// time.
func InstanceOf(rd *state.Reader, s *model.Service, id string, now int64) (Instance, bool) {
	var found Instance
	EachInstance(rd, s, id, now, func(i Instance) bool {
		if i.ID == id {
			found = i
		}
		return false
	})
	return found, found.Instance != nil
}

// health returns the row that tells how i does, or nil; it is not read where
// it says nothing.
func health(rd *state.Reader, s *model.Service, i *model.Instance) *model.InstanceHealth {
	if s.CustomHealth == nil && i.Lease() == 0 {
		return nil
	}
	v, _ := rd.Get(model.TableInstanceHealth, i.Key())
	h, _ := v.(*model.InstanceHealth)
	return h
}

// CountInstances returns how many instances of a service are there at a time.
func CountInstances(rd *state.Reader, s *model.Service, now int64) int {
	n := 0
	EachInstance(rd, s, "", now, func(Instance) bool { n++; return true })
	return n
}

// Revision returns how often instances of a service were registered, changed
// or deregistered.
func Revision(rd *state.Reader, service string) int64 {
	var sum int64
	rd.Range(model.TableServiceRevisions, model.ServiceRevisionPrefix(service), "", func(v model.Value, _ state.Version) bool {
		sum += v.(*model.ServiceRevision).Count
		return true
	})
	return sum
}

// Records returns the derived RRsets of a namespace's hosted zone at a time, in
// the order in which ListResourceRecordSets lists them.
func Records(rd *state.Reader, zone *model.Zone, now int64) []model.Stamped {
	n := Namespace(rd, zone.Namespace)
	if n == nil || n.Zone != zone.ID {
		return nil
	}
	var out []model.Stamped
	EachService(rd, n.ID, func(s *model.Service, named bool) bool {
		if !named || s.DNS == nil {
			return true
		}
		EachInstance(rd, s, "", now, func(i Instance) bool {
			for _, r := range model.InstanceRRsets(n, s, i.Instance) {
				out = append(out, model.Stamped{RRset: r, Stamp: i.Version.Stamp, Origin: uint64(i.Version.Origin)})
			}
			return true
		})
		return true
	})
	return sortRecords(out)
}

// sortRecords orders RRsets as the keys of their rows would be.
func sortRecords(sets []model.Stamped) []model.Stamped {
	keys := make(map[*model.RRset]string, len(sets))
	for _, s := range sets {
		keys[s.RRset] = s.Key()
	}
	slices.SortStableFunc(sets, func(a, b model.Stamped) int { return strings.Compare(keys[a.RRset], keys[b.RRset]) })
	return sets
}
