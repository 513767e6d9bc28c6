package node

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// BenchmarkPropagation measures how long a durable commit takes to be visible
// on all of three nodes with data folders, from the call to Commit until the
// last subscriber has it; it reports the median and the 99th percentile.
func BenchmarkPropagation(b *testing.B) {
	nodes := benchCluster(b, 3)
	type seen struct {
		zone string
		at   time.Time
	}
	arrivals := make(chan seen, 1024)
	for _, n := range nodes {
		sub := n.Subscribe(model.TableImports)
		defer sub.Close()
		go func() {
			for {
				batch, err := sub.Next(context.Background())
				if err != nil {
					return
				}
				sub.Ack(batch)
				for _, c := range batch.Changes {
					arrivals <- seen{c.Key, time.Now()}
				}
			}
		}()
	}
	var took []time.Duration
	i := 0
	for b.Loop() {
		zone := fmt.Sprint("Z", i)
		begin := time.Now()
		if _, err := nodes[i%3].Commit(context.Background(), func(tx *state.Tx) error {
			return tx.Put(&model.Import{Zone: zone})
		}); err != nil {
			b.Fatal(err)
		}
		for left := 3; left > 0; {
			if s := <-arrivals; s.zone == zone {
				left--
				if left == 0 {
					took = append(took, s.at.Sub(begin))
				}
			}
		}
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func benchCluster(b *testing.B, count int) []*Node {
	var nodes []*Node
	var join []string
	for i := range count {
		n := New(Config{
			Name: fmt.Sprint("n", i), Kind: KindDNS, Data: b.TempDir(),
			Gossip: &Gossip{Bind: "127.0.0.1:0", Join: join},
		}, &testLog{})
		if err := n.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = n.Close() })
		nodes = append(nodes, n)
		join = []string{nodes[0].Addr()}
	}
	for _, n := range nodes {
		<-n.Ready()
		for len(n.Members()) < count {
			time.Sleep(10 * time.Millisecond) // polling real sockets
		}
	}
	return nodes
}
