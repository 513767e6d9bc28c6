package cloudmap

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/sweep"
)

// TestLease follows an instance that nobody renews: unhealthy after one lease,
// absent after two, its rows deleted by the next sweep.
func TestLease(t *testing.T) {
	c := newClock()
	e := serve(t, c.use)
	id := e.make(e.http("plain"), "s", nil)
	leased := names(model.AttrLease, "10")
	e.register(id, "i", leased)
	e.register(id, "other", map[string]string{})
	steps := []struct {
		name  string
		after time.Duration
		do    func()
		want  string
	}{
		{"running", 9 * time.Second, nil, "[i HEALTHY other UNKNOWN]"},
		{"renewed by a word", 0, func() { e.mustSay(id, "i", "HEALTHY") }, "[i HEALTHY other UNKNOWN]"},
		{"running on", 9 * time.Second, nil, "[i HEALTHY other UNKNOWN]"},
		{"renewed by a registration", 0, func() { e.register(id, "i", leased) }, "[i HEALTHY other UNKNOWN]"},
		{"running on again", 9 * time.Second, nil, "[i HEALTHY other UNKNOWN]"},
		{"unhealthy by its own word", 0, func() { e.mustSay(id, "i", "UNHEALTHY") }, "[i UNHEALTHY other UNKNOWN]"},
		{"healthy again", 0, func() { e.mustSay(id, "i", "HEALTHY") }, "[i HEALTHY other UNKNOWN]"},
		{"ended", 10 * time.Second, nil, "[i UNHEALTHY other UNKNOWN]"},
		{"back in time", 9 * time.Second, func() { e.mustSay(id, "i", "HEALTHY") }, "[i HEALTHY other UNKNOWN]"},
		{"ended once more", 10 * time.Second, nil, "[i UNHEALTHY other UNKNOWN]"},
		{"gone", 10 * time.Second, nil, "[other UNKNOWN]"},
	}
	for _, s := range steps {
		c.advance(s.after)
		if s.do != nil {
			s.do()
		}
		if got := fmt.Sprint(e.discover("plain", "s", nil)); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
	}
	wantError(t, e.say(id, "i", "HEALTHY"), "InstanceNotFound", "The instance i can't be found.")
	e.sweep(c.now)
	key := model.InstancePrefix(id) + "i"
	if e.row(model.TableInstances, key) != nil || e.row(model.TableInstanceHealth, key) != nil {
		t.Error("rows of an instance that is gone stand after a sweep")
	}
	if e.row(model.TableInstances, model.InstancePrefix(id)+"other") == nil {
		t.Error("a sweep has deleted an instance without a lease")
	}
	e.register(id, "i", leased)
	if got := fmt.Sprint(e.discover("plain", "s", nil)); got != "[i HEALTHY other UNKNOWN]" {
		t.Errorf("registered anew: %s", got)
	}
}

// TestHealthDelay follows words on custom health that take effect later, or are
// taken back before (aws-behaviour 6.7).
func TestHealthDelay(t *testing.T) {
	c := newClock()
	e := serve(t, func(config *Config) { c.use(config); config.HealthDelay = 30 * time.Second })
	id := e.make(e.http("plain"), "s", custom)
	e.register(id, "i", map[string]string{})
	for _, s := range []struct {
		name  string
		after time.Duration
		say   string
		want  string
	}{
		{"told unhealthy", 0, "UNHEALTHY", "[i HEALTHY]"},
		{"told again, which changes nothing", 20 * time.Second, "UNHEALTHY", "[i HEALTHY]"},
		{"a moment before", 10*time.Second - time.Millisecond, "", "[i HEALTHY]"},
		{"in effect", time.Millisecond, "", "[i UNHEALTHY]"},
		{"told what is so", time.Second, "UNHEALTHY", "[i UNHEALTHY]"},
		{"told healthy", time.Second, "HEALTHY", "[i UNHEALTHY]"},
		{"taken back", 29 * time.Second, "UNHEALTHY", "[i UNHEALTHY]"},
		{"taken back for good", time.Hour, "", "[i UNHEALTHY]"},
		{"told healthy once more", 0, "HEALTHY", "[i UNHEALTHY]"},
		{"healthy", 30 * time.Second, "", "[i HEALTHY]"},
	} {
		c.advance(s.after)
		if s.say != "" {
			e.mustSay(id, "i", s.say)
		}
		if got := fmt.Sprint(e.discover("plain", "s", nil)); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
	}
	// A lease is renewed at once, whatever the word.
	e.register(id, "leased", names(model.AttrLease, "60"))
	c.advance(50 * time.Second)
	e.mustSay(id, "leased", "UNHEALTHY")
	c.advance(20 * time.Second)
	e.mustSay(id, "leased", "UNHEALTHY")
	if got := fmt.Sprint(e.discover("plain", "s", nil)); got != "[i HEALTHY leased HEALTHY]" {
		t.Errorf("leased, told unhealthy: %s", got)
	}
	c.advance(10 * time.Second)
	if got := fmt.Sprint(e.discover("plain", "s", nil)); got != "[i HEALTHY leased UNHEALTHY]" {
		t.Errorf("leased, in effect: %s", got)
	}
	c.advance(40 * time.Second)
	e.mustSay(id, "leased", "HEALTHY")
	c.advance(30 * time.Second)
	if got := fmt.Sprint(e.discover("plain", "s", nil)); got != "[i HEALTHY leased HEALTHY]" {
		t.Errorf("leased, healthy again: %s", got)
	}
}

func (e *endpoint) mustSay(service, id, status string) {
	e.t.Helper()
	in := &servicediscovery.UpdateInstanceCustomHealthStatusInput{ServiceId: &service, InstanceId: &id, Status: "HEALTHY"}
	if status == "UNHEALTHY" {
		in.Status = "UNHEALTHY"
	}
	if _, err := e.UpdateInstanceCustomHealthStatus(ctx, in); err != nil {
		e.t.Fatal(err)
	}
}

// sweep looks at all rows once.
func (e *endpoint) sweep(now func() time.Time) []string {
	e.t.Helper()
	var lines []string
	w := &sweep.Sweeper{Replica: e.replica, Rules: Leftovers(e.replica), Now: now, Log: func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }}
	for range 20 {
		if err := w.Step(ctx); err != nil {
			e.t.Fatal(err)
		}
	}
	return lines
}

// TestLeaseReplay checks that a lease is renewed by the very same request, and
// by that of an instance of before which its successor does not inherit.
func TestLeaseReplay(t *testing.T) {
	c := newClock()
	e := serve(t, c.use)
	id := e.make(e.http("plain"), "s", nil)
	in := &servicediscovery.RegisterInstanceInput{ServiceId: &id, InstanceId: ptr("i"), CreatorRequestId: ptr("once"), Attributes: names(model.AttrLease, "10")}
	register := func() {
		t.Helper()
		if _, err := e.RegisterInstance(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	register()
	c.advance(9 * time.Second)
	register()
	c.advance(9 * time.Second)
	if got := fmt.Sprint(e.discover("plain", "s", nil)); got != "[i HEALTHY]" {
		t.Errorf("renewed: %s", got)
	}
	e.mustSay(id, "i", "UNHEALTHY")
	c.advance(time.Minute)
	register()
	if got := fmt.Sprint(e.discover("plain", "s", nil)); got != "[i HEALTHY]" {
		t.Errorf("registered after its lease was over: %s, want the health of a new instance", got)
	}
}

// TestSweep checks that rows without the row above them are deleted, whatever
// they are, and nothing else.
func TestSweep(t *testing.T) {
	e := serve(t, nil)
	public := e.public("example.org")
	id := e.make(public, "web", func(in *servicediscovery.CreateServiceInput) { tcp(in) }, "A")
	e.register(id, "i-1", names(model.AttrIPv4, "192.0.2.1", model.AttrPort, "80"))
	own := e.make(public, "own", custom, "A")
	e.register(own, "i-1", ipv4("192.0.2.1"))
	e.mustSay(own, "i-1", "UNHEALTHY")
	if _, err := e.UpdateServiceAttributes(ctx, &servicediscovery.UpdateServiceAttributesInput{ServiceId: &id, Attributes: names("k", "v")}); err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(e.rows())
	e.sweep(time.Now)
	if after := fmt.Sprint(e.rows()); after != before {
		t.Fatalf("rows %s, then %s after a sweep of nothing", before, after)
	}
	n := e.row(model.TableNamespaces, public).(*model.Namespace)
	_, err := e.replica.Commit(ctx, func(t *state.Tx) error {
		t.Delete(model.TableNamespaces, n.ID) // as another node may have, at the same time
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e.sweep(time.Now)
	if rows := e.rows(); len(rows) > 0 {
		t.Errorf("rows left: %v", rows)
	}
}

// TestSweepOrphans checks each kind of row that another node can have written
// while what it belongs to was being deleted here.
func TestSweepOrphans(t *testing.T) {
	const gone = "srv-aaaaaaaaaaaaaaaa"
	e := serve(t, nil)
	ns := e.private("corp", "vpc-1")
	id := e.make(ns, "worker", custom, "A")
	e.register(id, "i-1", ipv4("192.0.2.1"))
	e.mustSay(id, "i-1", "UNHEALTHY")
	orphan := *e.row(model.TableServices, id).(*model.Service)
	orphan.ID, orphan.Namespace = gone, "ns-aaaaaaaaaaaaaaaa"
	tests := []struct {
		name string
		row  model.Value
	}{
		{"creator request id", &model.CallerReference{Account: testAccount, Kind: referenceKind, Reference: "us-east-1/x", Resource: "ns-aaaaaaaaaaaaaaaa"}},
		{"tag of a service", &model.Tag{Kind: model.TaggedService, Resource: gone, Name: "k"}},
		{"tag of a namespace", &model.Tag{Kind: model.TaggedNamespace, Resource: "ns-aaaaaaaaaaaaaaaa", Name: "k"}},
		{"claim", &model.DiscoveryName{Scope: ns, Name: "x", Owner: gone, Since: 1}},
		{"health check", &model.HealthCheck{
			ID: model.InstanceHealthID(id, "i-2"), Account: testAccount, CallerReference: checkReference(id, "i-2"), Version: 1,
			Config: model.HealthCheckConfig{Type: "TCP", Port: 80}, Linked: &model.LinkedService{Principal: model.CloudMapPrincipal},
		}},
		{"health", &model.InstanceHealth{Service: id, Instance: "i-2", Status: "HEALTHY", At: 1}},
		{"instance", &model.Instance{Service: gone, ID: "i-1", Since: 1, Registered: 1}},
		{"attribute", &model.ServiceAttribute{Service: gone, Name: "k"}},
		{"revision", &model.ServiceRevision{Service: gone, Node: "n", Count: 1}},
		{"service", &orphan},
		{"zone", &model.Zone{ID: "Z1", Name: "x.", Account: testAccount, Namespace: "ns-aaaaaaaaaaaaaaaa", NameServers: model.PrivateNameServers()}},
	}
	before := fmt.Sprint(e.rows())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := e.replica.Commit(ctx, func(t *state.Tx) error { return t.Put(tt.row) }); err != nil {
				t.Fatal(err)
			}
			e.sweep(time.Now)
			if v := e.row(tt.row.Table(), tt.row.Key()); v != nil {
				t.Errorf("%+v stands after a sweep", v)
			}
			if after := fmt.Sprint(e.rows()); after != before {
				t.Errorf("rows %s after a sweep, want %s", after, before)
			}
		})
	}
}

// TestRace checks what two nodes can do at once: of two services with one name
// the earlier has it, and the other is found by its id only, and reported.
func TestRace(t *testing.T) {
	e := serve(t, nil)
	ns := e.private("corp", "vpc-1")
	late := e.make(ns, "worker", nil, "A")
	e.register(late, "late", ipv4("192.0.2.2"))
	first := *e.row(model.TableServices, late).(*model.Service)
	first.ID, first.Created = model.NewServiceID(ns, "worker", "other"), first.Created-1
	i := &model.Instance{Service: first.ID, ID: "early", Attributes: ipv4("192.0.2.1"), Since: 1, Registered: 1}
	_, err := e.replica.Commit(ctx, func(t *state.Tx) error {
		for _, v := range []model.Value{&first, first.Claim(), i} {
			if err := t.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(e.discover("corp", "worker", nil)); got != "[early UNKNOWN]" {
		t.Errorf("DiscoverInstances: %s, want those of the earlier service", got)
	}
	n := e.row(model.TableNamespaces, ns).(*model.Namespace)
	err = e.replica.View(func(rd *state.Reader) error {
		sets := registry.Records(rd, e.zone(n.Zone), time.Now().UnixMilli())
		if len(sets) != 1 || sets[0].SetID != "early" {
			t.Errorf("records %v, want those of the earlier service", sets)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.GetService(ctx, &servicediscovery.GetServiceInput{Id: &late}); err != nil {
		t.Errorf("the loser by its id: %v", err)
	}
	if lines := e.sweep(time.Now); len(lines) != 1 {
		t.Errorf("reported %q, want one line about %s", lines, late)
	}
	e.deregister(late, "late")
	if _, err := e.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: &late}); err != nil {
		t.Errorf("deleting the loser: %v", err)
	}
}
