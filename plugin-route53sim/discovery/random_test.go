package discovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"pgregory.net/rapid"
)

// TestRandom: after any history of rows and time the records and the health are
// what the rows that are left say, read plainly.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := follow(t)
		rows := map[string]state.Change{}
		at := int64(now)
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			at += rapid.Int64Range(0, 1500).Draw(rt, "time")
			changes := map[string]state.Change{}
			for range rapid.IntRange(0, 4).Draw(rt, "changes") {
				ch := drawChange(rt, f, at)
				changes[ch.Table+"\x00"+ch.Key] = ch
			}
			for k, ch := range changes {
				if rows[k] = ch; ch.Value == nil {
					delete(rows, k)
				}
			}
			reset := rapid.IntRange(0, 9).Draw(rt, "reset") == 0
			b := state.Batch{Reset: reset, Changes: slices.Collect(maps.Values(changes))}
			if reset {
				b.Changes, f.records = slices.Collect(maps.Values(rows)), map[string]*model.RRset{}
			}
			f.take(f.d.Apply(b, at))
			f.take(f.d.Tick(at))
			records, unhealthy := plainly(rows, at)
			if got, want := texts(f.records), texts(records); !slices.Equal(got, want) {
				rt.Fatalf("records\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			if !maps.Equal(f.d.unhealthy, unhealthy) {
				rt.Fatalf("unhealthy %v, want %v", f.d.unhealthy, unhealthy)
			}
		}
	})
}

var drawnServices = []string{worker, "srv-bbbbbbbbbbbbbbbb", "srv-cccccccccccccccc"}

func drawChange(t *rapid.T, f *follower, at int64) state.Change {
	var v model.Value
	service := rapid.SampledFrom(drawnServices).Draw(t, "service")
	id := rapid.SampledFrom([]string{"a", "A", "b_1", "c"}).Draw(t, "id")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		v = newZone()
	case 1:
		v = newNamespace()
	case 2, 3:
		s := newService(model.RouteMultivalue, rapid.SampledFrom([]string{"A", "SRV"}).Draw(t, "type"))
		s.ID, s.Created = service, rapid.Int64Range(0, 2).Draw(t, "created")
		s.Name = rapid.SampledFrom([]string{"worker", "Worker", "backend"}).Draw(t, "name")
		if rapid.Bool().Draw(t, "custom") {
			s.CustomHealth = &model.CustomHealth{Threshold: 1}
		}
		v = s
	case 4:
		h := &model.InstanceHealth{Service: service, Instance: id, At: at, Status: rapid.SampledFrom([]string{model.StatusHealthy, model.StatusUnhealthy}).Draw(t, "status")}
		if rapid.Bool().Draw(t, "later") {
			h.Before, h.From = model.StatusHealthy, at+rapid.Int64Range(0, 3000).Draw(t, "from")
			if h.Before == h.Status {
				h.Before = model.StatusUnhealthy
			}
		}
		v = h
	default:
		i := newInstance(id, fmt.Sprint(ipv4, "10.0.0.", rapid.IntRange(1, 3).Draw(t, "address")), port+"80")
		i.Service, i.Registered, i.Since = service, at, at-rapid.Int64Range(0, 1).Draw(t, "since")*1000
		if rapid.Bool().Draw(t, "leased") {
			i.Attributes[model.AttrLease] = "1"
		}
		v = i
	}
	ch := f.batch(v)[0]
	if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
		ch.Value = nil
	}
	return ch
}

// plainly derives everything from all rows at a time.
func plainly(rows map[string]state.Change, at int64) (map[string]*model.RRset, map[string]struct{}) {
	get := func(table, key string) model.Value { return rows[table+"\x00"+key].Value }
	records, unhealthy := map[string]*model.RRset{}, map[string]struct{}{}
	n, _ := get(model.TableNamespaces, corp).(*model.Namespace)
	if n == nil || get(model.TableZones, zone) == nil {
		return records, unhealthy
	}
	versions := map[string]state.Version{}
	for _, ch := range rows {
		i, ok := ch.Value.(*model.Instance)
		if !ok {
			continue
		}
		s, _ := get(model.TableServices, i.Service).(*model.Service)
		if s == nil || slices.ContainsFunc(drawnServices, func(id string) bool {
			o, _ := get(model.TableServices, id).(*model.Service)
			return o != nil && o != s && o.ClaimedName() == s.ClaimedName() && o.Before(s)
		}) {
			continue
		}
		h, _ := get(model.TableInstanceHealth, i.Key()).(*model.InstanceHealth)
		c := i.Condition(s, h, at)
		if c.Gone {
			continue
		}
		if c.Unhealthy() {
			unhealthy[model.InstanceHealthID(i.Service, i.ID)] = struct{}{}
		}
		for _, r := range model.InstanceRRsets(n, s, i) {
			if old, ok := versions[r.Key()]; !ok || old.Stamp < ch.Version.Stamp {
				records[r.Key()], versions[r.Key()] = r, ch.Version
			}
		}
	}
	return records, unhealthy
}
