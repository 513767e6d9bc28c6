package integration

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/smithy-go"
	"github.com/miekg/dns"
)

var (
	scaleServices = flag.Int("scaleservices", 60, "services of TestDiscoveryScale, of 20 instances each: 1000 for the long run")
	scaleRate     = flag.Int("scalerate", 200, "registrations a second of TestDiscoveryScale")
	scaleFor      = flag.Duration("scalefor", 5*time.Second, "how long TestDiscoveryScale registers: 5m for the long run")
)

// The size of a service, and of a namespace: AWS allows 2,000 instances in one
// (aws-behaviour 6.9).
const (
	scaleInstances = 20
	scaleNamespace = 100 // services
)

// scale is the cluster under test.
type scale struct {
	t        *testing.T
	nodes    []*apiNode
	clouds   []*cloudMap
	services []scaleService
	again    atomic.Int64

	mu    sync.Mutex
	delay []time.Duration // from registering to answering on every node
}

type scaleService struct{ id, name string }

// target is the name of an instance's SRV target.
func (s scaleService) target(instance string) string { return instance + "." + s.name }

// TestDiscoveryScale registers and answers at size. It prints how long a
// registration takes until every node answers it (budget: p99 300 ms), what it
// costs each node, and what a query costs beside one to CoreDNS's whoami with
// the same plugins before it, and to a name of a public zone. The long run:
//
//	go test -run TestDiscoveryScale -v -timeout 30m -scaleservices 1000 -scalefor 5m
func TestDiscoveryScale(t *testing.T) {
	s := &scale{t: t, nodes: discoveryCluster(t, 3, "127.0.0.0/8")}
	for _, n := range s.nodes {
		s.clouds = append(s.clouds, n.cloudMap())
	}
	s.fill()
	s.churn()
	s.query()
}

// fill makes the services and their instances.
func (s *scale) fill() {
	began := time.Now()
	for i := range *scaleServices {
		namespace, c := fmt.Sprintf("ns%d", i/scaleNamespace), s.clouds[0]
		if i%scaleNamespace == 0 {
			c.createNamespace(namespace)
		}
		name := fmt.Sprint("s", i)
		id := c.createService(name, 10, sdtypes.RecordTypeSrv)
		s.services = append(s.services, scaleService{id, name + "." + namespace + "."})
	}
	s.everywhere(s.services[len(s.services)-1], dns.RcodeNameError)
	var writers sync.WaitGroup
	for w := range 24 {
		writers.Go(func() {
			for i := w; i < len(s.services)*scaleInstances; i += 24 {
				s.register(s.clouds[w%3], i, 0)
			}
		})
	}
	writers.Wait()
	s.t.Logf("%d services of %d instances are there after %v", len(s.services), scaleInstances, time.Since(began).Round(time.Millisecond))
}

// everywhere waits until every node answers for a service's name with a code.
func (s *scale) everywhere(service scaleService, rcode int) {
	for _, n := range s.nodes {
		eventually(s.t, func() string {
			if r, err := n.askFrom(insideVPC, service.name, dns.TypeSRV); err != nil || r.Rcode != rcode {
				return fmt.Sprintf("%s answers %s with %v, %v", n.name, service.name, r, err)
			}
			return ""
		})
	}
}

// register registers the ith instance of all for the kth time. It returns its
// target and address, and when that was asked for: as ECS does, it tries again
// while the registration before is still under way.
func (s *scale) register(c *cloudMap, i, k int) (target, address string, asked time.Time) {
	service, instance := s.services[i/scaleInstances], fmt.Sprint("task-", i%scaleInstances)
	address = fmt.Sprintf("10.%d.%d.%d", k%250, i/250%250, i%250)
	for end := time.Now().Add(deadline); ; {
		asked = time.Now()
		err := c.register(service.id, instance, address+":8080")
		var known smithy.APIError
		if err == nil {
			break
		}
		if !errors.As(err, &known) || known.ErrorCode() != "DuplicateRequest" || asked.After(end) {
			s.t.Errorf("registering %s: %v", service.target(instance), err)
			break
		}
		s.again.Add(1)
		time.Sleep(50 * time.Millisecond) // the client's wait
	}
	return service.target(instance), address, asked
}

// churn registers at a steady rate through all nodes.
func (s *scale) churn() {
	var before []time.Duration
	for _, n := range s.nodes {
		before = append(before, n.cpu())
	}
	total := int(scaleFor.Seconds() * float64(*scaleRate))
	order := rand.Perm(len(s.services) * scaleInstances)
	var calls sync.WaitGroup
	began := time.Now()
	for k := range total {
		time.Sleep(time.Until(began.Add(time.Duration(k) * time.Second / time.Duration(*scaleRate)))) // the pace
		calls.Go(func() {
			target, address, asked := s.register(s.clouds[k%3], order[k%len(order)], 1+k/len(order))
			if k%20 == 0 {
				s.follow(target, address, asked)
			}
		})
	}
	calls.Wait()
	took := time.Since(began)
	s.t.Logf("%d registrations (%d tries while the one before was under way) in %v, %.0f a second", total, s.again.Load(), took.Round(time.Millisecond), float64(total)/took.Seconds())
	for i, n := range s.nodes {
		used := n.cpu() - before[i]
		s.t.Logf("node %s: %.0f us of CPU a registration, %.0f %% of a core, %.0f MB", n.name, micros(used)/float64(total), 100*used.Seconds()/took.Seconds(), n.memory("VmRSS"))
	}
	slices.Sort(s.delay)
	s.t.Logf("registering to answering on all nodes, %d looked at: median %v, p99 %v, longest %v (budget: p99 300 ms)",
		len(s.delay), s.quantile(0.5), s.quantile(0.99), s.quantile(1))
}

// follow waits until every node answers a target with its new address.
func (s *scale) follow(target, address string, asked time.Time) {
	for _, n := range s.nodes {
		end := asked.Add(deadline)
		for {
			got, err := n.found(target, dns.TypeA)
			if err == nil && len(got) == 1 && got[0] == address {
				break
			}
			if time.Now().After(end) {
				s.t.Errorf("%s answers %s with %q, %v; want %s", n.name, target, got, err, address)
				return
			}
			time.Sleep(time.Millisecond) // polling a real node
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = append(s.delay, time.Since(asked))
}

func (s *scale) quantile(q float64) time.Duration {
	if len(s.delay) == 0 {
		return 0
	}
	return s.delay[int(q*float64(len(s.delay)-1))].Round(100 * time.Microsecond)
}

// query measures what answers cost: those of a public name and of a target,
// one A record each, and those of a service, eight SRV records with the
// addresses of their targets.
func (s *scale) query() {
	var targets, services []question
	for _, service := range s.services {
		services = append(services, question{service.name, dns.TypeSRV})
		for i := range scaleInstances {
			targets = append(targets, question{service.target(fmt.Sprint("task-", i)), dns.TypeA})
		}
	}
	floor := newBenchServer(s.t, "whoami", "errors\nprometheus "+freePort(s.t)+"\nwhoami")
	floor.start("example.org.")
	node := s.nodes[1]
	const n = 20_000
	cost := func(p *process, addr string, questions []question) float64 {
		w := newWorkload(s.t, questions, n, 5)
		w.edns = true
		least := math.Inf(1)
		for range 4 {
			before := p.cpu()
			w.send(s.t, addr)
			least = min(least, micros(p.cpu()-before)/n)
		}
		return least
	}
	whoami := cost(floor.process, floor.addr, targets)
	public := cost(node.process, node.addr, s.publicNames(len(targets)))
	one := cost(node.process, node.addr, targets)
	eight := cost(node.process, node.addr, services)
	s.t.Logf("CPU a query: whoami %.1f us; one A, public %.1f us (%.2f of that), private %.1f us (%.2f of public); eight SRV with addresses %.1f us",
		whoami, public, public/whoami, one, one/public, eight)
}

// publicNames creates a public zone of n names with an A record each.
func (s *scale) publicNames(n int) []question {
	zone := s.nodes[0].createZone("public.test")
	var names []question
	var changes []types.Change
	for i := range n {
		name := fmt.Sprintf("task-%d.public.test.", i)
		names = append(names, question{name, dns.TypeA})
		changes = append(changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
			Name: &name, Type: types.RRTypeA, TTL: aws.Int64(10), ResourceRecords: []types.ResourceRecord{{Value: aws.String("10.0.0.1")}},
		}})
		if len(changes) == 500 || i == n-1 {
			if _, err := s.nodes[0].client.ChangeResourceRecordSets(s.t.Context(), &route53.ChangeResourceRecordSetsInput{
				HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: changes},
			}); err != nil {
				s.t.Fatal(err)
			}
			changes = nil
		}
		if len(names) == 9000 { // a zone has 10,000 RRsets at most
			break
		}
	}
	for _, n := range s.nodes {
		n.wants(names[len(names)-1].name, dns.TypeA, "10.0.0.1")
	}
	return names
}
