package integration

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/aws/smithy-go"
	"github.com/miekg/dns"
)

var (
	discoverySeed  = flag.Uint64("discoveryseed", 0, "seed of the random run of service discovery; 0 draws one")
	discoverySteps = flag.Int("discoverysteps", 120, "steps of the random run of service discovery")
)

// onlooker compares, on one node, what DiscoverInstances and DNS say.
type onlooker struct {
	node  *apiNode
	cloud *cloudMap

	looks   int
	since   time.Time     // of the disagreement that goes on
	last    string        // what it is
	longest time.Duration // that one has lasted
}

// discover returns the addresses of those that DNS should answer with.
func (o *onlooker) discover() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline/8)
	defer cancel()
	out, err := o.cloud.DiscoverInstances(ctx, &servicediscovery.DiscoverInstancesInput{
		NamespaceName: aws.String("corp"), ServiceName: aws.String("worker"), HealthStatus: sdtypes.HealthStatusFilterHealthyOrElseAll,
	}, func(opts *servicediscovery.Options) { opts.RetryMaxAttempts = 1 })
	if err != nil {
		return "", err
	}
	var addresses []string
	for _, i := range out.Instances {
		addresses = append(addresses, i.Attributes["AWS_INSTANCE_IPV4"])
	}
	slices.Sort(addresses)
	return strings.Join(addresses, " "), nil
}

// resolve returns the same by DNS; an error while the node does not serve.
func (o *onlooker) resolve() (string, error) {
	r, err := o.node.askFrom(insideVPC, "worker.corp.", dns.TypeA)
	switch {
	case err != nil:
		return "", err
	case r.Rcode == dns.RcodeServerFailure:
		return "", errors.New("SERVFAIL")
	case r.Rcode != dns.RcodeSuccess && r.Rcode != dns.RcodeNameError:
		return dns.RcodeToString[r.Rcode], nil
	}
	var addresses []string
	for _, rr := range r.Answer {
		addresses = append(addresses, dns.Field(rr, 1))
	}
	slices.Sort(addresses)
	return strings.Join(addresses, " "), nil
}

// look compares once. While the API's answer moves, and while the node is down,
// there is nothing to compare.
func (o *onlooker) look() {
	before, err1 := o.discover()
	answer, err2 := o.resolve()
	after, err3 := o.discover()
	if errors.Join(err1, err2, err3) != nil || before != after {
		o.since = time.Time{}
		return
	}
	o.looks++
	if answer == before {
		o.since = time.Time{}
		return
	}
	if o.since.IsZero() {
		o.since = time.Now()
	}
	o.longest = max(o.longest, time.Since(o.since))
	o.last = fmt.Sprintf("DNS answers %q, DiscoverInstances %q", answer, before)
}

// randomRun registers, renews, judges, deregisters and forgets instances at
// random nodes, and kills nodes.
type randomRun struct {
	*rand.Rand
	t       *testing.T
	nodes   []*apiNode
	clouds  []*cloudMap
	service string
	down    int // the index of the node that is killed, -1 for none
	n       int // of addresses drawn
}

// instances are how many ids there are: as many as one answer holds.
const instances = 8

func (r *randomRun) step() string {
	at := r.IntN(len(r.nodes))
	if at == r.down {
		at = (at + 1) % len(r.nodes)
	}
	id, c := fmt.Sprint("task-", r.IntN(instances)), r.clouds[at]
	var err error
	what := ""
	switch r.IntN(10) {
	case 0, 1, 2:
		r.n++
		what, err = "registers", c.register(r.service, id, fmt.Sprintf("10.0.%d.%d:80", r.n/250, r.n%250))
	case 3:
		r.n++
		what, err = "registers for a second", c.register(r.service, id, fmt.Sprintf("10.0.%d.%d:80", r.n/250, r.n%250), "EDGESTAGE_LEASE=1")
	case 4, 5:
		what, err = "deregisters", c.deregister(r.service, id)
	case 6, 7, 8:
		status := []sdtypes.CustomHealthStatus{sdtypes.CustomHealthStatusHealthy, sdtypes.CustomHealthStatusUnhealthy}[r.IntN(2)]
		_, err = c.UpdateInstanceCustomHealthStatus(context.Background(), &servicediscovery.UpdateInstanceCustomHealthStatusInput{
			ServiceId: &r.service, InstanceId: &id, Status: status,
		})
		what = "says " + string(status) + " of"
	default:
		return r.killOrStart()
	}
	var known smithy.APIError
	if err != nil && (!errors.As(err, &known) || !slices.Contains([]string{"InstanceNotFound", "DuplicateRequest"}, known.ErrorCode())) {
		r.t.Errorf("%s %s %s: %v", r.nodes[at].name, what, id, err)
	}
	return fmt.Sprintf("%s %s %s: %v", r.nodes[at].name, what, id, err)
}

// killOrStart kills a node, or starts the one that was killed.
func (r *randomRun) killOrStart() string {
	if r.down < 0 {
		r.down = r.IntN(len(r.nodes))
		r.nodes[r.down].kill()
		return "killed " + r.nodes[r.down].name
	}
	n := r.nodes[r.down]
	n.start()
	n.ready()
	r.down = -1
	return "started " + n.name
}

// TestDiscoverInstancesAgreesWithDNS compares the API and DNS all the time, on
// all three nodes, while instances are registered, renewed, judged, deregistered
// and forgotten at random, and nodes are killed. They may differ for as long as
// a change takes to be seen, which is printed; never for good.
func TestDiscoverInstancesAgreesWithDNS(t *testing.T) {
	seed := *discoverySeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -discoveryseed %d", seed, seed)
	nodes := discoveryCluster(t, 3)
	r := &randomRun{Rand: rand.New(rand.NewPCG(seed, 0)), t: t, nodes: nodes, down: -1}
	for _, n := range nodes {
		r.clouds = append(r.clouds, n.cloudMap())
	}
	r.clouds[0].createNamespace("corp")
	r.service = r.clouds[0].createService("worker", 1, sdtypes.RecordTypeA)
	if err := r.clouds[0].register(r.service, "task-0", "10.0.0.0:80"); err != nil {
		t.Fatal(err)
	}
	finds(t, nodes, "worker.corp.", dns.TypeA, "10.0.0.0")

	onlookers := make([]*onlooker, len(nodes))
	done, looking := make(chan struct{}), sync.WaitGroup{}
	for i, n := range nodes {
		o := &onlooker{node: n, cloud: n.cloudMap()}
		onlookers[i] = o
		looking.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond): // looking all the time costs the nodes their CPU
					o.look()
				}
			}
		})
	}
	var history []string
	for range *discoverySteps {
		history = append(history, r.step())
		time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond) // moments of the run
	}
	if r.down >= 0 {
		history = append(history, r.killOrStart())
	}
	// In the end all agree, with each other too.
	want := ""
	eventually(t, func() string {
		for _, o := range onlookers {
			found, err1 := o.discover()
			answer, err2 := o.resolve()
			if err := errors.Join(err1, err2); err != nil || found != answer || o != onlookers[0] && found != want {
				return fmt.Sprintf("%s: DiscoverInstances %q, DNS %q, %v; the first node has %q\n%s", o.node.name, found, answer, err, want, strings.Join(history, "\n"))
			}
			want = found
		}
		return ""
	})
	close(done)
	looking.Wait()
	for _, o := range onlookers {
		t.Logf("%s: %d comparisons, the longest disagreement %v: %s", o.node.name, o.looks, o.longest.Round(time.Millisecond), o.last)
		if o.longest > deadline {
			t.Errorf("%s disagreed for %v: %s\n%s", o.node.name, o.longest, o.last, strings.Join(history, "\n"))
		}
	}
}
