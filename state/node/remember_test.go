package node

import (
	"context"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

// endpointsOf returns how many endpoint rows a node shows to a new subscriber.
func endpointsOf(t *testing.T, n *Node) int {
	t.Helper()
	sub := n.Subscribe(model.TableEndpoints)
	defer sub.Close()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	b, err := sub.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sub.Ack(b)
	return len(b.Changes)
}

func publishOne(t *testing.T, n *Node) {
	t.Helper()
	err := n.Publish(model.TableEndpoints, []model.Value{&model.Endpoint{
		Name: "d111111abcdef8.cloudfront.net.", Node: n.Config().Name, Kind: model.EndpointCloudFront,
		Addresses: addrs("192.0.2.1"),
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLastSharesOutliveARestart restarts a node while the edge that shared an
// endpoint cannot be asked: the endpoint is shown from the disk until others
// are found and the edge is not among them.
func TestLastSharesOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	ca := loopback("a")
	ca.Data = dir
	a := New(ca, &testLog{})
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	edge, _ := start(t, loopback("edge", a.Addr()))
	ready(t, a, edge)
	publishOne(t, edge)
	eventually(t, func() string {
		if endpointsOf(t, a) != 1 {
			return "a does not show the endpoint"
		}
		return ""
	})
	put(t, a, "Zflush") // what is remembered is written with the next commit at the latest
	// The edge leaves only after a is gone, so a never hears of it.
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	_ = edge.Close()

	again, _ := start(t, ca)
	ready(t, again)
	if got := endpointsOf(t, again); got != 1 {
		t.Fatalf("%d endpoints are shown after a restart alone, want the one remembered", got)
	}
	other, _ := start(t, loopback("other", again.Addr()))
	ready(t, other)
	eventually(t, func() string {
		if n := endpointsOf(t, again); n != 0 {
			return "the endpoint of an edge that did not come back is still shown"
		}
		return ""
	})
}
