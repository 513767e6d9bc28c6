package cloudmap

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/journal"
	"github.com/edgestage/edgestage/state/model"
)

// benchServices and benchInstances are how many services there are, and how
// many instances each has.
const (
	benchServices  = 1000
	benchInstances = 20
)

// crowd returns a durable node with a thousand services of twenty instances, in
// ten namespaces, and the ids of the services.
func crowd(b *testing.B) (wire, []string) {
	b.Helper()
	store, err := journal.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	r, err := state.Open(state.Options{Core: state.Config{Self: state.Member{Run: 7, Node: "self"}, Store: store, Seed: 1, Now: time.Now()}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	w := newWire(b, Config{Replica: r, Quotas: Quotas{DiscoverRate: 1 << 20}})
	var ids []string
	for n := range 10 {
		name := fmt.Sprintf("ns%d.test", n)
		w.must("CreatePrivateDnsNamespace", `{"Name":"`+name+`","Vpc":"vpc-1","CreatorRequestId":"`+name+`"}`)
		ns := model.NewNamespaceID(testAccount, testRegion, "DNS_PRIVATE", name, "vpc-1", name)
		for s := range benchServices / 10 {
			w.must("CreateService", fmt.Sprintf(`{"Name":"s%d","NamespaceId":%q,"CreatorRequestId":"c","HealthCheckCustomConfig":{},"DnsConfig":{"DnsRecords":[{"Type":"A","TTL":10}]}}`, s, ns))
			ids = append(ids, model.NewServiceID(ns, fmt.Sprint("s", s), "c"))
		}
	}
	now := time.Now().UnixMilli()
	for first := 0; first < len(ids); first += 50 {
		if _, err := r.Commit(ctx, func(t *state.Tx) error {
			for _, id := range ids[first:min(first+50, len(ids))] {
				for i := range benchInstances {
					put := &model.Instance{Service: id, ID: fmt.Sprint("i-", i), Attributes: ipv4(fmt.Sprintf("192.0.2.%d", i)), Since: now, Registered: now}
					if err := t.Put(put); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return w, ids
}

// each calls f for 0 to b.N-1 from eight clients at once.
func each(b *testing.B, f func(n int)) {
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for n := int(next.Add(1)) - 1; n < b.N; n = int(next.Add(1)) - 1 {
				f(n)
			}
		})
	}
	clients.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkRegister replaces instances, with fsync, from eight clients at once.
func BenchmarkRegister(b *testing.B) {
	w, ids := crowd(b)
	each(b, func(n int) {
		w.must("RegisterInstance", fmt.Sprintf(`{"ServiceId":%q,"InstanceId":"i-%d","Attributes":{"AWS_INSTANCE_IPV4":"192.0.3.%d"}}`,
			ids[n%len(ids)], n/len(ids)%benchInstances, n%250))
	})
}

// BenchmarkHeartbeat renews instances by a word on their health.
func BenchmarkHeartbeat(b *testing.B) {
	w, ids := crowd(b)
	words := []string{"UNHEALTHY", "HEALTHY"}
	each(b, func(n int) {
		w.must("UpdateInstanceCustomHealthStatus", fmt.Sprintf(`{"ServiceId":%q,"InstanceId":"i-%d","Status":%q}`,
			ids[n%len(ids)], n%benchInstances, words[n/len(ids)/benchInstances%2]))
	})
}

// BenchmarkDiscover finds the twenty instances of a service.
func BenchmarkDiscover(b *testing.B) {
	w, _ := crowd(b)
	each(b, func(n int) {
		w.must("DiscoverInstances", fmt.Sprintf(`{"NamespaceName":"ns%d.test","ServiceName":"s%d"}`, n%10, n/10%(benchServices/10)))
	})
}
