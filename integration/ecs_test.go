package integration

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/edgestage/edgestage/state/statetest"
	"github.com/miekg/dns"
)

// workerPort returns the port of all tasks of the service worker: each has an
// address of its own, as with the awsvpc network mode.
var workerPort = sync.OnceValue(func() string { return fmt.Sprint(statetest.FreePort()) })

// ecs registers tasks as Amazon ECS does: when they run and are healthy, under
// their task id, and takes them away when they stop (aws-behaviour 6.8).
type ecs struct {
	t     testing.TB
	cloud *cloudMap
	ids   map[string]string // of services, by name
	tasks map[string]*task  // by task id
}

// task is one container: an HTTP server on an address of its own.
type task struct {
	id, service, addr string
	server            *http.Server
	stopRenewing      context.CancelFunc // nil: it has no lease
}

// newECS returns the control plane of a cluster with the services.
func newECS(t testing.TB, m *cloudMap) *ecs {
	return &ecs{t: t, cloud: m, ids: map[string]string{}, tasks: map[string]*task{}}
}

// run starts a task at an address and registers it. With a lease it renews its
// registration by itself.
func (e *ecs) run(service, id, addr string, lease time.Duration, h http.Handler) *task {
	e.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		e.t.Fatal(err)
	}
	k := &task{id: id, service: service, addr: l.Addr().String(), server: &http.Server{Handler: h}}
	go func() { _ = k.server.Serve(l) }()
	e.t.Cleanup(func() { k.kill() })
	attributes := []string{"AVAILABILITY_ZONE=eu-west-3a", "REGION=eu-west-3", "ECS_CLUSTER_NAME=corp", "ECS_SERVICE_NAME=" + service, "ECS_TASK_DEFINITION_FAMILY=" + service}
	if lease > 0 {
		attributes = append(attributes, fmt.Sprintf("EDGESTAGE_LEASE=%d", int(lease.Seconds())))
	}
	if err := e.cloud.register(e.ids[service], id, k.addr, attributes...); err != nil {
		e.t.Fatal(err)
	}
	if lease > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		k.stopRenewing = cancel
		go func() {
			tick := time.NewTicker(lease / 4)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					_ = e.cloud.register(e.ids[service], id, k.addr, attributes...)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	e.tasks[id] = k
	return k
}

// kill ends a task at once; nobody is told.
func (k *task) kill() {
	_ = k.server.Close()
	if k.stopRenewing != nil {
		k.stopRenewing()
	}
}

// stop takes a task away as ECS does: first its registration.
func (e *ecs) stop(id string) {
	e.t.Helper()
	k := e.tasks[id]
	if err := e.cloud.deregister(e.ids[k.service], id); err != nil {
		e.t.Fatal(err)
	}
	k.kill()
	delete(e.tasks, id)
}

// worker answers which task it is.
func worker(id string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "work by ", id) })
}

// backend finds a worker by DNS for each request, with nothing but the
// resolver of its language.
func backend(id string, resolver *net.Resolver) http.Handler {
	transport := &http.Transport{DialContext: (&net.Dialer{Resolver: resolver}).DialContext, DisableKeepAlives: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, _ := http.NewRequestWithContext(r.Context(), "GET", "http://worker.corp:"+workerPort(), nil)
		resp, err := (&http.Client{Transport: transport}).Do(q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		fmt.Fprintf(w, "%s got %s", id, body)
	})
}

// resolver is what programs inside the VPC have: a stub of this node's.
func (n *dnsNode) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		local := net.Addr(&net.UDPAddr{IP: net.ParseIP(insideVPC)})
		if strings.HasPrefix(network, "tcp") {
			local = &net.TCPAddr{IP: net.ParseIP(insideVPC)}
		}
		return (&net.Dialer{LocalAddr: local}).DialContext(ctx, network, n.addr)
	}}
}

// TestECSServiceDiscovery is AWS's post on service discovery of Amazon ECS, and
// aws-behaviour 11.3 scenario 2: a namespace corp, services backend and worker
// of three tasks each; backend finds worker by DNS; answers follow as tasks
// come, scale, fail and are killed.
func TestECSServiceDiscovery(t *testing.T) {
	client(t, "dig", "bind9-dnsutils")
	nodes := discoveryCluster(t, 3)
	e := newECS(t, nodes[0].cloudMap())
	e.cloud.createNamespace("corp")
	e.ids["worker"] = e.cloud.createService("worker", 10, sdtypes.RecordTypeA)
	e.ids["backend"] = e.cloud.createService("backend", 10, sdtypes.RecordTypeSrv)
	address := func(i int) string { return fmt.Sprintf("127.1.1.%d", i) }
	startWorker := func(i int, lease time.Duration) {
		id := fmt.Sprintf("%032x", 0xa0+i)
		e.run("worker", id, address(i)+":"+workerPort(), lease, worker(id))
	}
	id := func(i int) string { return fmt.Sprintf("%032x", 0xa0+i) }

	startWorker(1, 0)
	finds(t, nodes, "worker.corp.", dns.TypeA, address(1))
	startWorker(2, 0)
	startWorker(3, 2*time.Second)
	finds(t, nodes, "worker.corp.", dns.TypeA, address(1), address(2), address(3))
	var srv []string
	for i := range 3 {
		id := fmt.Sprintf("%032x", 0xb0+i)
		k := e.run("backend", id, fmt.Sprintf("127.1.2.%d:0", i+1), 0, backend(id, nodes[i].resolver()))
		srv = append(srv, fmt.Sprintf("1 1 %s %s.backend.corp.", port(k.addr), id))
	}
	finds(t, nodes, "backend.corp.", dns.TypeSRV, srv...)

	t.Run("dig", func(t *testing.T) {
		eventually(t, func() string { // where a lease is renewed late, there may be two
			answer := strings.Fields(dig(t, insideVPC, nodes[1].addr, "worker.corp", "A"))
			slices.Sort(answer[1:])
			if want := []string{"NOERROR", address(1), address(2), address(3)}; !slices.Equal(answer, want) {
				return fmt.Sprintf("dig worker.corp = %q, want %q", answer, want)
			}
			return ""
		})
		if got := dig(t, insideVPC, nodes[2].addr, "backend.corp", "SRV"); !strings.Contains(got, srv[0]) || !strings.Contains(got, srv[1]) || !strings.Contains(got, srv[2]) {
			t.Errorf("dig SRV backend.corp = %q, want %q", got, srv)
		}
		if got := dig(t, outsideVPC, nodes[1].addr, "worker.corp", "A"); got != "REFUSED" {
			t.Errorf("dig worker.corp from elsewhere = %q, want REFUSED", got)
		}
	})
	t.Run("SRV brings the addresses of its targets, and the service's TTL", func(t *testing.T) {
		m, err := nodes[1].askFrom(insideVPC, "backend.corp.", dns.TypeSRV)
		if err != nil || len(m.Answer) != 3 || m.Answer[0].Header().Ttl != 10 {
			t.Fatalf("backend.corp SRV = %v, %v", m, err)
		}
		targets := map[string]bool{}
		for _, rr := range m.Extra {
			if a, ok := rr.(*dns.A); ok && strings.HasPrefix(a.A.String(), "127.1.2.") {
				targets[a.Hdr.Name] = true
			}
		}
		if len(targets) != 3 {
			t.Errorf("additional %v, want an address of each target", m.Extra)
		}
	})
	t.Run("the records are those of Route 53", func(t *testing.T) { e.listed(t, nodes, 3+3+3) })
	t.Run("backend finds worker", func(t *testing.T) {
		by := map[string]bool{}
		for _, k := range e.tasks {
			if k.service != "backend" {
				continue
			}
			eventually(t, func() string {
				_, body, err := get("http://" + k.addr)
				_, work, ok := strings.Cut(body, k.id+" got work by ")
				if err != nil || !ok {
					return fmt.Sprintf("backend %s answers %q, %v", k.id, body, err)
				}
				if by[work] = true; len(by) < 2 { // not always the same
					return "all work is done by " + work
				}
				return ""
			})
		}
	})

	unhealthy := func(i int, status sdtypes.CustomHealthStatus) {
		t.Helper()
		if _, err := e.cloud.UpdateInstanceCustomHealthStatus(context.Background(), &servicediscovery.UpdateInstanceCustomHealthStatusInput{
			ServiceId: aws.String(e.ids["worker"]), InstanceId: aws.String(id(i)), Status: status,
		}); err != nil {
			t.Fatal(err)
		}
	}
	unhealthy(2, sdtypes.CustomHealthStatusUnhealthy)
	finds(t, nodes, "worker.corp.", dns.TypeA, address(1), address(3))
	unhealthy(2, sdtypes.CustomHealthStatusHealthy)
	finds(t, nodes, "worker.corp.", dns.TypeA, address(1), address(2), address(3))

	e.tasks[id(3)].kill() // its lease ends
	finds(t, nodes, "worker.corp.", dns.TypeA, address(1), address(2))
	eventually(t, func() string {
		if _, err := e.cloud.GetInstance(context.Background(), &servicediscovery.GetInstanceInput{ServiceId: aws.String(e.ids["worker"]), InstanceId: aws.String(id(3))}); err == nil {
			return "the killed task is still registered"
		}
		return ""
	})
	delete(e.tasks, id(3))
	for i := 4; i <= 9; i++ { // scale out
		startWorker(i, 0)
	}
	for _, n := range nodes {
		eventually(t, func() string {
			if got, err := n.found("worker.corp.", dns.TypeA); err != nil || len(got) != 8 {
				return fmt.Sprintf("%s finds %q of 8 workers, %v", n.name, got, err)
			}
			return ""
		})
	}
	for i := 2; i <= 9; i++ { // and in again
		if i != 3 {
			e.stop(id(i))
		}
	}
	finds(t, nodes, "worker.corp.", dns.TypeA, address(1))
	e.stop(id(1))
	finds(t, nodes, "worker.corp.", dns.TypeA)
}

// listed checks that Route 53 lists as many RRsets of instances in the
// namespace's zone, on every node, and changes none of them (aws-behaviour
// 6.3, 6.10 check 1).
func (e *ecs) listed(t *testing.T, nodes []*apiNode, want int) {
	out, err := e.cloud.GetNamespace(context.Background(), &servicediscovery.GetNamespaceInput{Id: &e.cloud.namespace})
	if err != nil {
		t.Fatal(err)
	}
	zone := out.Namespace.Properties.DnsProperties.HostedZoneId
	for _, n := range nodes {
		eventually(t, func() string {
			list, err := n.client.ListResourceRecordSets(context.Background(), &route53.ListResourceRecordSetsInput{HostedZoneId: zone})
			if err != nil || len(list.ResourceRecordSets) != 2+want {
				return fmt.Sprintf("%s lists %d RRsets, %v; want %d and SOA and NS", n.name, len(list.ResourceRecordSets), err, want)
			}
			return ""
		})
	}
	if _, err := nodes[0].client.DeleteHostedZone(context.Background(), &route53.DeleteHostedZoneInput{Id: zone}); err == nil {
		t.Error("Route 53 deletes the namespace's zone, want an error")
	}
}

// TestPublicNamespaceHealth has checkers probe the instances of a public
// namespace (aws-behaviour 6.4): one that answers no more leaves DNS, on every
// node, and is UNHEALTHY to the API; all are answered when none is healthy.
func TestPublicNamespaceHealth(t *testing.T) {
	if testing.Short() {
		t.Skip("takes an interval of health checks, of 30 seconds")
	}
	nodes := discoveryCluster(t, 3)
	for _, n := range nodes { // checkers from now on
		n.stop(syscall.SIGTERM)
		n.extra = append(n.extra, "health_checks on")
		n.start()
	}
	for _, n := range nodes {
		n.ready()
	}
	e, ctx, name := newECS(t, nodes[0].cloudMap()), context.Background(), "public.test"
	out, err := e.cloud.CreatePublicDnsNamespace(ctx, &servicediscovery.CreatePublicDnsNamespaceInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	e.cloud.namespace = e.cloud.done(out.OperationId, nil)["NAMESPACE"]
	service, err := e.cloud.CreateService(ctx, &servicediscovery.CreateServiceInput{
		Name: aws.String("web"), NamespaceId: &e.cloud.namespace,
		DnsConfig:         &sdtypes.DnsConfig{DnsRecords: []sdtypes.DnsRecord{{Type: sdtypes.RecordTypeA, TTL: aws.Int64(10)}}},
		HealthCheckConfig: &sdtypes.HealthCheckConfig{Type: sdtypes.HealthCheckTypeTcp, FailureThreshold: aws.Int32(1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.ids["web"] = *service.Service.Id
	const one, two = "127.1.5.1", "127.1.5.2"
	e.run("web", "one", one+":"+workerPort(), 0, worker("one"))
	e.run("web", "two", two+":"+workerPort(), 0, worker("two"))
	finds(t, nodes, "web.public.test.", dns.TypeA, one, two)
	for _, n := range nodes { // until each has an opinion, and has heard the others'
		eventually(t, func() string {
			if got := n.metric(`coredns_route53sim_health_checks{state="healthy"}`); got != "2" {
				return fmt.Sprintf("%s finds %q checks healthy, want 2", n.name, got)
			}
			return ""
		})
	}
	e.tasks["one"].kill()
	finds(t, nodes, "web.public.test.", dns.TypeA, two)
	health, err := e.cloud.GetInstancesHealthStatus(ctx, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: aws.String(e.ids["web"])})
	if err != nil || health.Status["one"] != sdtypes.HealthStatusUnhealthy || health.Status["two"] != sdtypes.HealthStatusHealthy {
		t.Errorf("GetInstancesHealthStatus = %+v, %v; want one UNHEALTHY, two HEALTHY", health, err)
	}
	e.tasks["two"].kill()
	finds(t, nodes, "web.public.test.", dns.TypeA, one, two)
}
