package cloudmap

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

// The pace of a sweeper.
const (
	sweepEvery = time.Second
	sweepRows  = 500 // that one step looks at
)

// Sweeper deletes what reads as absent already: instances whose lease is long
// over, and rows whose namespace, service or instance is not there, as two
// nodes can leave them behind. It goes round the rows a few at a time. Each row
// is one member's to delete, of those of this node's kind the one that hashing
// prefers; where two think that they are, both delete the same.
type Sweeper struct {
	Replica *state.Replica
	// Log reports who claims a name that is another's; it must not block.
	Log func(format string, args ...any)
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	table, key string
	told       map[string]bool // lines that were logged
}

// Run sweeps until ctx is done.
func (w *Sweeper) Run(ctx context.Context) {
	select {
	case <-w.Replica.Ready():
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := w.Step(ctx); err != nil && ctx.Err() == nil {
				w.Log("Failed to sweep the rows of Cloud Map: %v", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// swept are the tables that are gone round, sorted.
var swept = []string{
	model.TableCallerReferences, model.TableDiscoveryNames, model.TableHealthChecks, model.TableInstanceHealth, model.TableInstances,
	model.TableServiceAttributes, model.TableServiceRevisions, model.TableServices, model.TableTags, model.TableZones,
}

// dead is a row that reads as absent.
type dead struct{ table, key string }

// Step looks at the next rows, and deletes those that are to go.
func (w *Sweeper) Step(ctx context.Context) error {
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Replica.Behind() != nil {
		return nil
	}
	now, self := w.Now().UnixMilli(), identity(w.Replica)
	var found []dead
	if err := w.Replica.View(func(rd *state.Reader) error { found = w.look(rd, now); return nil }); err != nil {
		return err
	}
	members := w.Replica.Members()
	mine := found[:0]
	for _, d := range found {
		if chosen(members, d.table+"\x00"+d.key) {
			mine = append(mine, d)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	_, err := w.Replica.Commit(ctx, func(t *state.Tx) error {
		for _, d := range mine {
			if v, ok := t.Get(d.table, d.key); ok && gone(&t.Reader, v, now) {
				if err := remove(t, v, self, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return err
}

// look returns what is to go among the next rows, and moves on.
func (w *Sweeper) look(rd *state.Reader, now int64) []dead {
	var found []dead
	seen := 0
	for _, table := range swept {
		if table < w.table {
			continue
		}
		more := true
		rd.Range(table, "", w.key, func(v model.Value, _ state.Version) bool {
			if seen++; seen > sweepRows {
				w.table, w.key, more = table, v.Key(), false
				return false
			}
			if gone(rd, v, now) {
				found = append(found, dead{table, v.Key()})
			}
			w.report(rd, v)
			return true
		})
		if !more {
			return found
		}
		w.key = ""
	}
	w.table = ""
	return found
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

// report logs, once, who claims a name that is another's.
func (w *Sweeper) report(rd *state.Reader, v model.Value) {
	var line string
	switch v := v.(type) {
	case *model.DiscoveryName:
		there := func(id string) bool { return rd.Has(model.TableNamespaces, id) || rd.Has(model.TableServices, id) }
		if there(v.Owner) && !registry.Has(rd, v, there) {
			line = fmt.Sprintf("The name %q in %s is claimed by %s, but another has it since before: it is found by id only", v.Name, v.Scope, v.Owner)
		}
	case *model.Zone:
		if vpc, first := zoneBefore(rd, v); v.Namespace != "" && first != nil {
			line = fmt.Sprintf("The namespace %s has no answers in the VPC %s: the hosted zone %s has its name there since before", v.Namespace, vpc.ID, first.ID)
		}
	}
	if line == "" || w.told[line] {
		return
	}
	if w.told == nil || len(w.told) > 1000 {
		w.told = make(map[string]bool)
	}
	w.told[line] = true
	w.Log("%s", line)
}

// chosen tells whether this node is, of the live members of its kind, the one
// that hashing prefers for a row.
func chosen(members []state.Member, key string) bool {
	kind := ""
	for _, m := range members {
		if m.Self {
			kind = m.Kind
		}
	}
	best, most := false, [sha256.Size]byte{}
	for _, m := range members {
		if m.Kind != kind || m.Behind {
			continue
		}
		weight := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(m.Run)), key...))
		if bytes.Compare(weight[:], most[:]) >= 0 {
			most, best = weight, m.Self
		}
	}
	return best
}
