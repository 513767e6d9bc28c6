package integration

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

var apiLoad = flag.Duration("apiload", 0, "how long 200 clients write 50 zones in TestAPIManyClients; 0: fewer, for a moment")

// loadSets is how many RRsets a batch of a client has.
const loadSets = 10

// TestAPIManyClients has many clients write through three nodes at once, each
// under names of its own, each batch over the one before, while nodes are killed
// and started anew: in the end every node lists exactly what was acknowledged
// last. A client whose node is gone goes on with the next one, as behind a load
// balancer.
func TestAPIManyClients(t *testing.T) {
	clients, zoneCount, kills := 30, 6, 1
	if *apiLoad > 0 {
		clients, zoneCount, kills = 200, 50, 4
	}
	nodes := apiCluster(t)
	var zones []string
	for i := range zoneCount {
		zones = append(zones, nodes[i%len(nodes)].createZone(loadZone(i)))
	}
	waitForZones(t, nodes, zones)

	var acknowledged, failed atomic.Int64
	begin := time.Now()
	more := func(batch int) bool { return batch < 12 }
	killed := func(n int) bool { return acknowledged.Load() > int64(clients*6) }
	if *apiLoad > 0 {
		more = func(int) bool { return time.Since(begin) < *apiLoad }
		killed = func(n int) bool { return time.Since(begin) > *apiLoad*time.Duration(n+1)/time.Duration(kills+1) }
	}
	writers := make([]*loadWriter, clients)
	var all sync.WaitGroup
	for c := range writers {
		w := &loadWriter{t: t, nodes: nodes, client: c, zone: c % zoneCount, zoneID: zones[c%zoneCount], acknowledged: &acknowledged, failed: &failed}
		writers[c] = w
		all.Go(func() { w.run(more) })
	}
	for k := range kills {
		for !killed(k) && !t.Failed() {
			time.Sleep(10 * time.Millisecond) // polling what the clients have done
		}
		n := nodes[(k+1)%len(nodes)]
		n.kill()
		n.start()
		n.ready()
	}
	all.Wait()
	took := time.Since(begin)
	for z, id := range zones {
		want := map[string]string{}
		for _, w := range writers {
			if w.zone == z {
				w.lists(want)
			}
		}
		for _, n := range nodes {
			eventually(t, func() string {
				if got, err := listTexts(n, id); err != nil || !maps.Equal(got, want) {
					return fmt.Sprintf("%s lists %d names in %s, %v, %d of %d as acknowledged", n.name, len(got), id, err, same(got, want), len(want))
				}
				return ""
			})
		}
	}
	batches := acknowledged.Load()
	t.Logf("%d clients, %d zones, %d kills: %d batches acknowledged and %d tried anew in %v, %.0f RRsets/s; all nodes equal after %v more",
		clients, zoneCount, kills, batches, failed.Load(), took.Round(time.Millisecond), float64(batches*loadSets)/took.Seconds(), (time.Since(begin) - took).Round(time.Millisecond))
}

// waitForZones waits until every node knows every zone.
func waitForZones(t *testing.T, nodes []*apiNode, zones []string) {
	t.Helper()
	for _, n := range nodes {
		for _, zone := range zones {
			eventually(t, func() string {
				if _, err := n.client.GetHostedZone(context.Background(), &route53.GetHostedZoneInput{Id: &zone}); err != nil {
					return err.Error()
				}
				return ""
			})
		}
	}
}

func loadZone(i int) string { return fmt.Sprintf("zone-%d.example.net", i) }

// loadWriter is one client.
type loadWriter struct {
	t                    *testing.T
	nodes                []*apiNode
	client, zone         int
	zoneID               string
	acknowledged, failed *atomic.Int64
	last                 int // the batch that was acknowledged last
}

// run writes one batch after the other as long as more says.
func (w *loadWriter) run(more func(batch int) bool) {
	for b := 0; more(b) && !w.t.Failed(); b++ {
		if err := w.write(b); err != nil {
			w.t.Errorf("client %d, batch %d: %v", w.client, b, err)
			return
		}
		w.acknowledged.Add(1)
		w.last = b
	}
}

// write sends a batch to one node after the other until it is acknowledged.
func (w *loadWriter) write(batch int) error {
	var changes []types.Change
	for i := range loadSets {
		changes = append(changes, types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &types.ResourceRecordSet{
			Name: aws.String(w.name(i)), Type: types.RRTypeTxt, TTL: aws.Int64(60),
			ResourceRecords: []types.ResourceRecord{{Value: aws.String(w.text(batch))}},
		}})
	}
	end := time.Now().Add(deadline)
	for n := 0; ; n++ {
		_, err := w.nodes[(w.client+n)%len(w.nodes)].client.ChangeResourceRecordSets(context.Background(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: &w.zoneID, ChangeBatch: &types.ChangeBatch{Changes: changes},
		})
		if err == nil || time.Now().After(end) {
			return err
		}
		w.failed.Add(1)
	}
}

func (w *loadWriter) name(set int) string {
	return fmt.Sprintf("c%d-n%d.%s.", w.client, set, loadZone(w.zone))
}

func (w *loadWriter) text(batch int) string {
	return fmt.Sprintf("%q", fmt.Sprint(w.client, " ", batch))
}

// lists adds what was acknowledged last.
func (w *loadWriter) lists(want map[string]string) {
	for i := range loadSets {
		want[w.name(i)] = w.text(w.last)
	}
}

// listTexts returns the TXT records of a zone by name.
func listTexts(n *apiNode, zone string) (map[string]string, error) {
	out := map[string]string{}
	pages := route53.NewListResourceRecordSetsPaginator(n.client, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone})
	for pages.HasMorePages() {
		p, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		for _, s := range p.ResourceRecordSets {
			if s.Type == types.RRTypeTxt {
				out[*s.Name] = *s.ResourceRecords[0].Value
			}
		}
	}
	return out, nil
}

// same returns how many entries of want are in got.
func same(got, want map[string]string) int {
	n := 0
	for k, v := range want {
		if got[k] == v {
			n++
		}
	}
	return n
}
