package discovery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// aws-behaviour 6.5, 6.6: an instance's records come with it, follow it and go
// with it; a registration changes nothing else.
func TestRegistration(t *testing.T) {
	f := follow(t, newZone(), newNamespace(), newService(model.RouteMultivalue, "SRV"), newInstance("1", ipv4+"10.0.0.1", port+"8080"))
	const srv1, a1 = "worker.corp. 10 SRV [1] 1 1 8080 1.worker.corp.", "1.worker.corp. 10 A 10.0.0.1"
	f.want("at first", srv1, a1)

	f.put(newInstance("2", ipv4+"10.0.0.2", port+"8080"))
	f.want("after a second", srv1, a1, "worker.corp. 10 SRV [2] 1 1 8080 2.worker.corp.", "2.worker.corp. 10 A 10.0.0.2")
	if f.changes != 2 {
		t.Errorf("registering one instance changes %d records, want its own 2", f.changes)
	}
	f.put(newInstance("2", ipv4+"10.0.0.3", port+"8080"))
	f.want("re-registered, 6.10 check 3", srv1, a1, "worker.corp. 10 SRV [2] 1 1 8080 2.worker.corp.", "2.worker.corp. 10 A 10.0.0.3")
	if f.changes != 1 {
		t.Errorf("another address changes %d records, want the one", f.changes)
	}
	f.put(newInstance("2", ipv4+"10.0.0.3", port+"8080", "COLOUR=blue"))
	if f.changes != 0 {
		t.Errorf("an attribute without records changes %d records", f.changes)
	}
	f.remove(newInstance("2"))
	f.want("deregistered", srv1, a1)
	f.remove(newInstance("1"), newService(model.RouteMultivalue, "SRV"), newNamespace(), newZone())
	f.want("all gone")
	if n := len(f.d.namespaces) + len(f.d.services) + len(f.d.zones) + len(f.d.unhealthy) + len(f.d.due); n != 0 {
		t.Errorf("%d things are kept of nothing", n)
	}
}

// aws-behaviour 6.4: UpdateService applies to the records of all instances.
func TestServiceUpdate(t *testing.T) {
	f := follow(t, newZone(), newNamespace(), newService(model.RouteMultivalue, "A"), newInstance("1", ipv4+"10.0.0.1", port+"80"))
	f.want("A", "worker.corp. 10 A [1] 10.0.0.1")
	s := newService(model.RouteMultivalue, "SRV")
	s.DNS.Records[0].TTL = 20
	f.put(s)
	f.want("SRV", "worker.corp. 20 SRV [1] 1 1 80 1.worker.corp.", "1.worker.corp. 20 A 10.0.0.1")
	f.put(newService(""))
	f.want("no records")
}

// Design 2.1: rows come in any order, and what has no parent is inert.
func TestInert(t *testing.T) {
	for _, tc := range []struct {
		name string
		rows []model.Value
		last model.Value
	}{
		{"instance last", []model.Value{newZone(), newNamespace(), newService(model.RouteMultivalue, "A")}, newInstance("1", ipv4+"10.0.0.1")},
		{"service last", []model.Value{newInstance("1", ipv4+"10.0.0.1"), newZone(), newNamespace()}, newService(model.RouteMultivalue, "A")},
		{"namespace last", []model.Value{newInstance("1", ipv4+"10.0.0.1"), newZone(), newService(model.RouteMultivalue, "A")}, newNamespace()},
		{"zone last", []model.Value{newInstance("1", ipv4+"10.0.0.1"), newNamespace(), newService(model.RouteMultivalue, "A")}, newZone()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := follow(t)
			for _, v := range tc.rows {
				f.put(v)
			}
			f.want("one is missing")
			f.put(tc.last)
			f.want("all there", "worker.corp. 10 A [1] 10.0.0.1")
			f.remove(tc.last)
			f.want("one is missing again")
		})
	}
}

// Of services that claim one name the first has it, and its records; of
// instances whose targets have one name the newest has that.
func TestOneName(t *testing.T) {
	other := newService(model.RouteMultivalue, "A")
	other.ID, other.Name, other.Created = "srv-bbbbbbbbbbbbbbbb", "WORKER", 1
	theirs := newInstance("x", ipv4+"10.0.0.9")
	theirs.Service = other.ID
	first := newService(model.RouteMultivalue, "A")
	f := follow(t, newZone(), newNamespace(), other, theirs)
	f.want("alone", "worker.corp. 10 A [x] 10.0.0.9")
	f.put(first, newInstance("1", ipv4+"10.0.0.1"))
	f.want("an earlier one comes", "worker.corp. 10 A [1] 10.0.0.1")
	f.remove(first)
	f.want("and goes", "worker.corp. 10 A [x] 10.0.0.9")

	f = follow(t, newZone(), newNamespace(), newService(model.RouteMultivalue, "SRV"), newInstance("a", ipv4+"10.0.0.1", port+"1"))
	const srvA, srvBigA = "worker.corp. 10 SRV [a] 1 1 1 a.worker.corp.", "worker.corp. 10 SRV [A] 1 1 2 a.worker.corp."
	f.put(newInstance("A", ipv4+"10.0.0.2", port+"2"))
	f.want("a and A", srvA, srvBigA, "a.worker.corp. 10 A 10.0.0.2")
	f.remove(newInstance("A"))
	f.want("A goes", srvA, "a.worker.corp. 10 A 10.0.0.1")
}

// aws-behaviour 6.6: custom health says who is unhealthy; the records stay, so
// that all are answered when none is healthy.
func TestCustomHealth(t *testing.T) {
	s := newService(model.RouteMultivalue, "A")
	s.CustomHealth = &model.CustomHealth{Threshold: 1}
	f := follow(t, newZone(), newNamespace(), s,
		newInstance("1", ipv4+"10.0.0.1"), newInstance("2", ipv4+"10.0.0.2", model.AttrInitHealth+"="+model.StatusUnhealthy))
	id1, id2 := model.InstanceHealthID(worker, "1"), model.InstanceHealthID(worker, "2")
	check := func(when string, healthy1, healthy2 bool, judged ...string) {
		t.Helper()
		if f.d.Healthy(id1) != healthy1 || f.d.Healthy(id2) != healthy2 || !slices.Equal(f.judged, judged) {
			t.Errorf("%s: healthy %v, %v, judged %q; want %v, %v, %q", when, f.d.Healthy(id1), f.d.Healthy(id2), f.judged, healthy1, healthy2, judged)
		}
		f.want(when, "worker.corp. 10 A [1] 10.0.0.1 checked", "worker.corp. 10 A [2] 10.0.0.2 checked")
	}
	health := func(id, status string) *model.InstanceHealth {
		return &model.InstanceHealth{Service: worker, Instance: id, Status: status, At: now}
	}
	check("by AWS_INIT_HEALTH_STATUS", true, false, id2)
	f.put(health("2", model.StatusHealthy))
	check("told healthy", true, true, id2)
	f.put(health("1", model.StatusUnhealthy))
	check("told unhealthy", false, true, id1)
	f.put(newInstance("1", ipv4+"10.0.0.1"))
	check("registered once more", false, true)
	f.apply(true, f.batch(newZone(), newNamespace(), s, newInstance("1", ipv4+"10.0.0.1"), newInstance("2", ipv4+"10.0.0.2")))
	check("all anew", true, true, id1)
	f.put(health("1", model.StatusUnhealthy))
	f.remove(newInstance("1"), health("1", model.StatusHealthy))
	if !f.d.Healthy(id1) || !slices.Equal(f.judged, []string{id1}) {
		t.Errorf("what is deregistered is unhealthy")
	}
}

// A lease that is not renewed takes its instance out of the answers, and
// then away.
func TestLease(t *testing.T) {
	const lease = 30
	leased := func(id string, registered int64) *model.Instance {
		i := newInstance(id, ipv4+"10.0.0."+id, fmt.Sprintf("%s=%d", model.AttrLease, lease))
		i.Since, i.Registered = now, registered
		return i
	}
	f := follow(t, newZone(), newNamespace(), newService(model.RouteMultivalue, "A"), leased("1", now), leased("2", now+5000), newInstance("3", ipv4+"10.0.0.3"))
	rec := func(id string) string { return "worker.corp. 10 A [" + id + "] 10.0.0." + id + " checked" }
	const free = "worker.corp. 10 A [3] 10.0.0.3"
	step := func(at int64, next int64, healthy1, healthy2 bool, records ...string) {
		t.Helper()
		f.take(f.d.Tick(now + at*1000))
		if got := f.d.Next(); got != 0 && got != now+next*1000 || got == 0 && next != 0 {
			t.Errorf("at %d s: Next = %d, want %d s", at, got, next)
		}
		if h1, h2 := f.d.Healthy(model.InstanceHealthID(worker, "1")), f.d.Healthy(model.InstanceHealthID(worker, "2")); h1 != healthy1 || h2 != healthy2 {
			t.Errorf("at %d s: healthy %v, %v, want %v, %v", at, h1, h2, healthy1, healthy2)
		}
		f.want(fmt.Sprintf("at %d s", at), append(records, free)...)
	}
	step(29, 30, true, true, rec("1"), rec("2"))
	step(30, 35, false, true, rec("1"), rec("2"))
	step(36, 60, false, false, rec("1"), rec("2"))
	f.put(leased("2", now+40_000)) // renewed
	if f.changes != 0 {
		t.Errorf("a renewed lease changes %d records", f.changes)
	}
	step(59, 60, false, true, rec("1"), rec("2"))
	step(60, 70, true, true, rec("2"))
	step(70, 100, true, false, rec("2"))
	step(100, 0, true, true)
	f.put(leased("1", now+100_000))
	step(101, 130, true, true, rec("1"))
}

// BenchmarkRegistration is what a registration costs among those of 1,000
// services with 20 instances each.
func BenchmarkRegistration(b *testing.B) {
	rows := []model.Value{newZone(), newNamespace()}
	instance := func(n, i, address int) *model.Instance {
		row := newInstance(fmt.Sprint("task-", i), fmt.Sprintf("%s10.%d.%d.%d", ipv4, n%250, i, address%250), port+"80")
		row.Service = fmt.Sprintf("srv-%016d", n)
		return row
	}
	for n := range 1000 {
		s := newService(model.RouteMultivalue, "SRV")
		s.ID, s.Name, s.CustomHealth = fmt.Sprintf("srv-%016d", n), fmt.Sprint("s", n), &model.CustomHealth{Threshold: 1}
		rows = append(rows, s)
		for i := range 20 {
			rows = append(rows, instance(n, i, 0))
		}
	}
	began := time.Now()
	f := follow(b, rows...)
	b.Logf("20,000 instances, %d records in %v", len(f.records), time.Since(began))
	for k := 0; b.Loop(); k++ {
		f.put(instance(k%1000, k%20, k))
	}
}
