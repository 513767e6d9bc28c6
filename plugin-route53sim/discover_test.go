package route53sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// registered is a node with a private namespace `corp` and a service `worker`.
type registered struct {
	*corefile
	run *running
}

const workerID = "srv-aaaaaaaaaaaaaaaa"

func newRegistered(t *testing.T, service *model.Service) *registered {
	c := newCorefile(t)
	inst := c.start(c.input("vpc vpc-1 eu-west-3 127.0.0.0/8"))
	t.Cleanup(func() { c.stop(inst) })
	r := &registered{c, instanceIn(inst).running.Load()}
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	const zone, namespace = "Z0CORP00000000000000", "ns-aaaaaaaaaaaaaaaa"
	service.ID, service.Namespace, service.Name, service.FoldsCase = workerID, namespace, "worker", true
	service.Account, service.Region = "123456789012", "eu-west-3"
	z := &model.Zone{ID: zone, Name: "corp.", Account: service.Account, Private: true, VPCs: []model.VPC{{ID: "vpc-1", Region: "eu-west-3"}},
		NameServers: model.PrivateNameServers(), Namespace: namespace}
	n := &model.Namespace{ID: namespace, Account: service.Account, Region: service.Region, Name: "corp", HTTPName: "corp", Type: model.NamespacePrivate, Zone: zone}
	r.put(z, n, service)
	return r
}

func (r *registered) commit(f func(tx *state.Tx) error) {
	r.t.Helper()
	if _, err := r.run.node.Commit(r.t.Context(), f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *registered) put(rows ...model.Value) {
	r.t.Helper()
	r.commit(func(tx *state.Tx) error {
		for _, v := range rows {
			if err := tx.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// task returns instance n, at 10.0.0.n and a port.
func task(n int, attributes ...string) *model.Instance {
	i := &model.Instance{Service: workerID, ID: fmt.Sprint("task-", n), Registered: time.Now().UnixMilli(), Attributes: map[string]string{
		model.AttrIPv4: fmt.Sprint("10.0.0.", n), model.AttrPort: fmt.Sprint(8000 + n),
	}}
	for _, a := range attributes {
		name, value, _ := strings.Cut(a, "=")
		i.Attributes[name] = value
	}
	return i
}

// wants polls until a name is answered with such data, sorted.
func (r *registered) wants(name string, qtype uint16, want ...string) *dns.Msg {
	r.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		m := r.askFrom("127.0.0.1", query(name, qtype))
		got := strings.Fields(strings.ReplaceAll(brief(m), "1 1 ", "1/1/"))[1:]
		if slices.Sort(got); slices.Equal(got, want) {
			return m
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s %s = %q, want %q", name, dns.Type(qtype), got, want)
		}
		time.Sleep(5 * time.Millisecond) // polling a real server
	}
}

func serviceOf(policy string, types ...string) *model.Service {
	s := &model.Service{DNS: &model.ServiceDNS{Policy: policy}}
	for _, rrtype := range types {
		s.DNS.Records = append(s.DNS.Records, model.ServiceRecord{Type: rrtype, TTL: 10})
	}
	return s
}

// aws-behaviour 6.6, 6.10 check 2: SRV with the addresses of the targets.
func TestDiscoverSRV(t *testing.T) {
	r := newRegistered(t, serviceOf(model.RouteMultivalue, "SRV"))
	r.put(task(1), task(2))
	m := r.wants("worker.corp.", dns.TypeSRV, "1/1/8001", "1/1/8002", "task-1.worker.corp.", "task-2.worker.corp.")
	var extra []string
	for _, rr := range m.Extra {
		extra = append(extra, rr.String())
	}
	slices.Sort(extra)
	if want := []string{"task-1.worker.corp.\t10\tIN\tA\t10.0.0.1", "task-2.worker.corp.\t10\tIN\tA\t10.0.0.2"}; !slices.Equal(extra, want) {
		t.Errorf("additional %q, want %q", extra, want)
	}
	r.wants("task-1.worker.corp.", dns.TypeA, "10.0.0.1")
	r.commit(func(tx *state.Tx) error { tx.Delete(model.TableInstances, task(1).Key()); return nil })
	r.wants("worker.corp.", dns.TypeSRV, "1/1/8002", "task-2.worker.corp.")
	r.wants("task-1.worker.corp.", dns.TypeA)
}

// aws-behaviour 6.4, 6.6, 6.10 check 4: up to eight healthy ones, all of none;
// weighted, one.
func TestDiscoverHealth(t *testing.T) {
	s := serviceOf(model.RouteMultivalue, "A")
	s.CustomHealth = &model.CustomHealth{Threshold: 1}
	r := newRegistered(t, s)
	health := func(n int, status string) *model.InstanceHealth {
		return &model.InstanceHealth{Service: workerID, Instance: fmt.Sprint("task-", n), Status: status, At: time.Now().UnixMilli()}
	}
	r.put(task(1), task(2), task(3, model.AttrInitHealth+"="+model.StatusUnhealthy))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.1", "10.0.0.2")
	r.put(health(1, model.StatusUnhealthy))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.2")
	r.put(health(2, model.StatusUnhealthy))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.1", "10.0.0.2", "10.0.0.3")
	r.put(health(3, model.StatusHealthy))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.3")

	s = serviceOf(model.RouteWeighted, "A")
	r = newRegistered(t, s)
	var rows []model.Value
	for n := 1; n <= 10; n++ {
		rows = append(rows, task(n))
	}
	r.put(rows...)
	seen := map[string]bool{}
	deadline := time.Now().Add(2 * time.Minute)
	for len(seen) < 10 && time.Now().Before(deadline) {
		m := r.askFrom("127.0.0.1", query("worker.corp.", dns.TypeA))
		if len(m.Answer) > 1 {
			t.Fatalf("weighted: %d answers, want 1", len(m.Answer))
		}
		if len(m.Answer) == 1 {
			seen[brief(m)] = true
		}
	}
	if len(seen) < 10 {
		t.Errorf("weighted: answers %v, want each of 10", seen)
	}
	s.DNS.Policy = model.RouteMultivalue
	r = newRegistered(t, s)
	r.put(rows...)
	answers := 0
	for deadline := time.Now().Add(2 * time.Minute); answers != 8 && time.Now().Before(deadline); {
		answers = len(r.askFrom("127.0.0.1", query("worker.corp.", dns.TypeA)).Answer)
	}
	if answers != 8 {
		t.Errorf("multivalue: %d answers of 10, want 8", answers)
	}
}

// A task that is killed renews its lease no more.
func TestDiscoverLease(t *testing.T) {
	r := newRegistered(t, serviceOf(model.RouteMultivalue, "A"))
	r.put(task(1, model.AttrLease+"=1"), task(2, model.AttrLease+"=3600"))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.2")
	r.wants("worker.corp.", dns.TypeA, "10.0.0.2")
	r.commit(func(tx *state.Tx) error { tx.Delete(model.TableInstances, task(2).Key()); return nil })
	r.wants("worker.corp.", dns.TypeA) // the second lease has ended too: gone
	r.put(task(1, model.AttrLease+"=3600"))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.1")
}

// The health of a check and that of an instance are two things: it is answered
// if neither says otherwise (aws-behaviour 6.4).
func TestDiscoverHealthCheck(t *testing.T) {
	s := serviceOf(model.RouteMultivalue, "A")
	s.HealthCheck = &model.ServiceHealthCheck{Type: "TCP", Threshold: 1}
	r := newRegistered(t, s)
	id := model.InstanceHealthID(workerID, "task-1")
	check := &model.HealthCheck{ID: id, Account: "123456789012", CallerReference: "1", Version: 1,
		Config: model.HealthCheckConfig{Type: "TCP", IPAddress: "10.0.0.1", Port: 8001, RequestInterval: 30, FailureThreshold: 1}}
	r.put(check, task(1), task(2))
	r.wants("worker.corp.", dns.TypeA, "10.0.0.1", "10.0.0.2")
	r.put(&model.HealthForce{HealthCheckID: id, State: model.Unhealthy, At: time.Now()})
	r.wants("worker.corp.", dns.TypeA, "10.0.0.2")
	r.put(&model.HealthForce{HealthCheckID: id, State: model.Healthy, At: time.Now()})
	r.wants("worker.corp.", dns.TypeA, "10.0.0.1", "10.0.0.2")
}
