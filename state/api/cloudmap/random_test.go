package cloudmap

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"github.com/edgestage/edgestage/state/model"
)

var (
	randomSeed  = flag.Uint64("seed", 0, "seed of TestRandom; 0: a new one")
	randomSteps = flag.Int("steps", 400, "steps of TestRandom")
)

// refInstance is an instance as the specification tells of it, without rows.
type refInstance struct {
	attributes map[string]string
	unhealthy  bool
	alive      time.Time // its last sign of life
	lease      time.Duration
}

// refService is a service as the specification tells of it.
type refService struct {
	id, name  string
	custom    bool
	instances map[string]*refInstance
	revision  int64
}

// refresh forgets the instances whose lease has ended twice. That counts as a
// change of the service once they are swept, which the test does at once.
func (s *refService) refresh(now time.Time) {
	for id, i := range s.instances {
		if i.lease > 0 && now.Sub(i.alive) >= 2*i.lease {
			delete(s.instances, id)
			s.revision++
		}
	}
}

// lines returns what DiscoverInstances must say.
func (s *refService) lines(now time.Time) []string {
	out := []string{}
	for id, i := range s.instances {
		status := "UNKNOWN"
		switch {
		case i.lease > 0 && now.Sub(i.alive) >= i.lease, i.unhealthy && (s.custom || i.lease > 0):
			status = "UNHEALTHY"
		case s.custom || i.lease > 0:
			status = "HEALTHY"
		}
		out = append(out, fmt.Sprintf("%s %s %s", id, status, i.attributes[model.AttrIPv4]))
	}
	slices.Sort(out)
	return out
}

// world is a random history of one namespace, here and in the reference.
type world struct {
	*endpoint
	clock    *clock
	rnd      *rand.Rand
	ns       string
	services []*refService
	made     int
}

// TestRandom compares a random history with a plain reference after each step,
// and wants no row left when all is deleted.
func TestRandom(t *testing.T) {
	seed := *randomSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	c := newClock()
	w := &world{endpoint: serve(t, func(config *Config) { c.use(config); config.Quotas.DiscoverRate = 1 << 20 }), clock: c, rnd: rand.New(rand.NewPCG(seed, 0))}
	w.ns = w.private("corp", "vpc-1")
	for range *randomSteps {
		w.step()
		if t.Failed() {
			t.FailNow()
		}
	}
	for len(w.services) > 0 {
		w.drop(w.services[0])
	}
	out, err := w.DeleteNamespace(ctx, &servicediscovery.DeleteNamespaceInput{Id: &w.ns})
	if err != nil {
		t.Fatal(err)
	}
	w.wait(out.OperationId, nil)
	if rows := w.rows(); len(rows) > 0 {
		t.Errorf("rows left: %v", rows)
	}
}

// step does something and compares.
func (w *world) step() {
	w.t.Helper()
	what := "nothing"
	switch n := w.rnd.IntN(20); {
	case len(w.services) == 0 || n == 0 && len(w.services) < 5:
		what = w.create()
	case n == 1:
		what = w.drop(w.services[w.rnd.IntN(len(w.services))])
	case n < 5:
		d := time.Duration(w.rnd.IntN(8)) * time.Second
		w.clock.advance(d)
		what = fmt.Sprint("passing ", d)
	default:
		s := w.services[w.rnd.IntN(len(w.services))]
		what = w.touch(s, fmt.Sprint("i-", w.rnd.IntN(5)))
	}
	w.sweep(w.clock.now)
	for _, s := range w.services {
		s.refresh(w.clock.now())
		w.compare(s, what)
	}
}

// create makes a service.
func (w *world) create() string {
	w.made++
	s := &refService{name: fmt.Sprint("s", w.made), custom: w.rnd.IntN(2) == 0, instances: map[string]*refInstance{}}
	change := func(*servicediscovery.CreateServiceInput) {}
	if s.custom {
		change = custom
	}
	s.id = w.make(w.ns, s.name, change, "A")
	w.services = append(w.services, s)
	return "creating " + s.name
}

// drop deregisters all instances of a service and deletes it.
func (w *world) drop(s *refService) string {
	s.refresh(w.clock.now())
	for id := range s.instances {
		w.deregister(s.id, id)
	}
	if _, err := w.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: &s.id}); err != nil {
		w.t.Error(err)
	}
	w.services = slices.DeleteFunc(w.services, func(o *refService) bool { return o == s })
	return "deleting " + s.name
}

// touch does something to an instance.
func (w *world) touch(s *refService, id string) string {
	s.refresh(w.clock.now())
	old := s.instances[id]
	switch w.rnd.IntN(4) {
	case 0:
		if old == nil {
			_, err := w.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: &s.id, InstanceId: &id})
			wantError(w.t, err, "InstanceNotFound", "The instance "+id+" can't be found.")
			return "deregistering what is not there"
		}
		w.deregister(s.id, id)
		delete(s.instances, id)
		s.revision++
		return "deregistering " + id
	case 1:
		return w.word(s, id, old)
	}
	return w.replace(s, id, old)
}

// word says how an instance does.
func (w *world) word(s *refService, id string, old *refInstance) string {
	unhealthy := w.rnd.IntN(2) == 0
	in := &servicediscovery.UpdateInstanceCustomHealthStatusInput{ServiceId: &s.id, InstanceId: &id, Status: "HEALTHY"}
	if unhealthy {
		in.Status = "UNHEALTHY"
	}
	_, err := w.UpdateInstanceCustomHealthStatus(ctx, in)
	switch {
	case old == nil:
		wantError(w.t, err, "InstanceNotFound", "The instance "+id+" can't be found.")
	case !s.custom && old.lease == 0:
		wantError(w.t, err, "CustomHealthNotFound", "The service "+s.id+" has no custom health check config.")
	default:
		wantError(w.t, err, "", "")
		old.unhealthy, old.alive = unhealthy, w.clock.now()
	}
	return fmt.Sprintf("saying that %s is %s", id, in.Status)
}

// replace registers an instance.
func (w *world) replace(s *refService, id string, old *refInstance) string {
	i := &refInstance{attributes: ipv4(fmt.Sprintf("192.0.2.%d", w.rnd.IntN(3))), alive: w.clock.now()}
	if w.rnd.IntN(2) == 0 {
		i.lease = time.Duration(1+w.rnd.IntN(9)) * time.Second
		i.attributes[model.AttrLease] = fmt.Sprint(int(i.lease.Seconds()))
	}
	if w.rnd.IntN(4) == 0 {
		i.attributes[model.AttrInitHealth], i.unhealthy = "UNHEALTHY", true
	}
	w.register(s.id, id, i.attributes)
	if old == nil || !maps.Equal(old.attributes, i.attributes) {
		s.revision++
	}
	if h, ok := w.row(model.TableInstanceHealth, model.InstancePrefix(s.id)+id).(*model.InstanceHealth); ok && old != nil {
		i.unhealthy = h.Status == "UNHEALTHY" // the last word stands above AWS_INIT_HEALTH_STATUS
	}
	s.instances[id] = i
	return fmt.Sprintf("registering %s with %v", id, i.attributes)
}

// compare compares a service with its reference.
func (w *world) compare(s *refService, what string) {
	w.t.Helper()
	out, err := w.DiscoverInstances(ctx, &servicediscovery.DiscoverInstancesInput{NamespaceName: ptr("corp"), ServiceName: &s.name})
	if err != nil {
		w.t.Fatalf("after %s: %v", what, err)
	}
	got := []string{}
	for _, i := range out.Instances {
		got = append(got, fmt.Sprintf("%s %s %s", *i.InstanceId, i.HealthStatus, i.Attributes[model.AttrIPv4]))
	}
	if want := s.lines(w.clock.now()); !slices.Equal(got, want) || *out.InstancesRevision != s.revision {
		w.t.Errorf("after %s: revision %d, %q, want %d, %q", what, *out.InstancesRevision, got, s.revision, want)
	}
	shown, err := w.GetService(ctx, &servicediscovery.GetServiceInput{Id: &s.id})
	if err != nil || int(*shown.Service.InstanceCount) != len(s.instances) {
		w.t.Errorf("after %s: GetService: %+v, %v, want %d instances", what, shown, err, len(s.instances))
	}
}
