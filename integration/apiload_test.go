package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// The size of [TestAPIManyClients].
const (
	loadClients = 30
	loadZones   = 6
	loadBatches = 12
	loadSets    = 10 // RRsets of a batch
)

// TestAPIManyClients has many clients write through three nodes at once, each
// under names of its own, each batch over the one before: in the end every
// node lists exactly what was acknowledged last.
func TestAPIManyClients(t *testing.T) {
	nodes := apiCluster(t)
	var zones []string
	for i := range loadZones {
		zones = append(zones, nodes[i%len(nodes)].createZone(fmt.Sprintf("zone-%d.example.net", i)))
	}
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
	var clients sync.WaitGroup
	for c := range loadClients {
		clients.Go(func() { writeBatches(t, nodes[c%len(nodes)], zones[c%loadZones], c) })
	}
	clients.Wait()
	for z, zone := range zones {
		want := map[string]string{}
		for c := z; c < loadClients; c += loadZones {
			for i := range loadSets {
				want[loadName(c, i, z)] = loadAddress(c, loadBatches-1)
			}
		}
		for _, n := range nodes {
			eventually(t, func() string {
				if got := listAddresses(t, n, zone); !maps.Equal(got, want) {
					return fmt.Sprintf("%s lists %d of %d names as acknowledged in %s: %v", n.name, same(got, want), len(want), zone, slices.Sorted(maps.Keys(got)))
				}
				return ""
			})
		}
	}
}

func loadName(client, set, zone int) string {
	return fmt.Sprintf("c%d-n%d.zone-%d.example.net.", client, set, zone)
}

func loadAddress(client, batch int) string { return fmt.Sprintf("192.0.%d.%d", client, batch) }

// writeBatches writes the batches of one client, one after the other.
func writeBatches(t *testing.T, n *apiNode, zone string, client int) {
	for b := range loadBatches {
		var changes []types.Change
		for i := range loadSets {
			changes = append(changes, types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String(loadName(client, i, client%loadZones)), Type: types.RRTypeA, TTL: aws.Int64(60),
				ResourceRecords: []types.ResourceRecord{{Value: aws.String(loadAddress(client, b))}},
			}})
		}
		_, err := n.client.ChangeResourceRecordSets(context.Background(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: changes},
		})
		if err != nil {
			t.Errorf("client %d, batch %d: %v", client, b, err)
			return
		}
	}
}

// listAddresses returns the A records of a zone by name.
func listAddresses(t *testing.T, n *apiNode, zone string) map[string]string {
	out := map[string]string{}
	pages := route53.NewListResourceRecordSetsPaginator(n.client, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone})
	for pages.HasMorePages() {
		p, err := pages.NextPage(context.Background())
		if err != nil {
			t.Error(err)
			return nil
		}
		for _, s := range p.ResourceRecordSets {
			if s.Type == types.RRTypeA {
				out[strings.ToLower(*s.Name)] = *s.ResourceRecords[0].Value
			}
		}
	}
	return out
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
