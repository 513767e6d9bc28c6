package cloudmap

import (
	"fmt"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/sweep"
)

// Leftovers are the rules for rows of Cloud Map that read as absent: instances
// whose lease is long over, and rows whose namespace, service or instance is not
// there, as two nodes can leave them behind. Who claims a name that is another's
// is reported. r is the replica that is swept.
func Leftovers(r *state.Replica) sweep.Rules {
	self := identity(r)
	return sweep.Rules{
		Of: "Cloud Map",
		Tables: []string{
			model.TableCallerReferences, model.TableDiscoveryNames, model.TableHealthChecks, model.TableInstanceHealth, model.TableInstances,
			model.TableServiceAttributes, model.TableServiceRevisions, model.TableServices, model.TableTags, model.TableZones,
		},
		Gone:   gone,
		Remove: func(t *state.Tx, v model.Value, now int64) error { return remove(t, v, self, now) },
		Report: report,
	}
}

// gone tells whether a row reads as absent, and nothing can make that change.
func gone(rd *state.Reader, v model.Value, now int64) bool {
	switch v := v.(type) {
	case *model.CallerReference:
		return v.Kind == referenceKind && !rd.Has(model.TableNamespaces, v.Resource)
	case *model.DiscoveryName:
		return !rd.Has(model.TableNamespaces, v.Owner) && !rd.Has(model.TableServices, v.Owner)
	case *model.HealthCheck:
		service, instance, ok := strings.Cut(v.CallerReference, ":")
		return ok && v.Linked != nil && v.Linked.Principal == model.CloudMapPrincipal && !rd.Has(model.TableInstances, model.InstancePrefix(service)+instance)
	case *model.InstanceHealth:
		return !rd.Has(model.TableInstances, v.Key())
	case *model.Instance:
		if s := registry.Service(rd, v.Service); s != nil {
			_, there := registry.InstanceOf(rd, s, v.ID, now)
			return !there
		}
		return !rd.Has(model.TableServices, v.Service)
	case *model.ServiceAttribute:
		return !rd.Has(model.TableServices, v.Service)
	case *model.ServiceRevision:
		return !rd.Has(model.TableServices, v.Service)
	case *model.Service:
		return !rd.Has(model.TableNamespaces, v.Namespace)
	case *model.Tag:
		return v.Kind == model.TaggedNamespace && !rd.Has(model.TableNamespaces, v.Resource) ||
			v.Kind == model.TaggedService && !rd.Has(model.TableServices, v.Resource)
	case *model.Zone:
		return v.Namespace != "" && !rd.Has(model.TableNamespaces, v.Namespace)
	}
	return false
}

// remove deletes a row that reads as absent, with what hangs on it alone.
func remove(t *state.Tx, v model.Value, self string, now int64) error {
	switch v := v.(type) {
	case *model.Instance:
		removeInstance(t, v.Service, v.ID)
		if t.Has(model.TableServices, v.Service) {
			return bump(t, v.Service, self)
		}
	case *model.Service:
		removeService(t, v)
	case *model.Zone:
		return hostedzone.Remove(t, v, time.UnixMilli(now))
	default:
		t.Delete(v.Table(), v.Key())
	}
	return nil
}

// report returns who claims a name that is another's.
func report(rd *state.Reader, v model.Value) string {
	switch v := v.(type) {
	case *model.DiscoveryName:
		there := func(id string) bool { return rd.Has(model.TableNamespaces, id) || rd.Has(model.TableServices, id) }
		if there(v.Owner) && !registry.Has(rd, v, there) {
			return fmt.Sprintf("The name %q in %s is claimed by %s, but another has it since before: it is found by id only", v.Name, v.Scope, v.Owner)
		}
	case *model.Zone:
		if vpc, first := zoneBefore(rd, v); v.Namespace != "" && first != nil {
			return fmt.Sprintf("The namespace %s has no answers in the VPC %s: the hosted zone %s has its name there since before", v.Namespace, vpc.ID, first.ID)
		}
	}
	return ""
}
