package node

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// TestHalvesCutApartEndEqual cuts a cluster of four in two until each half has
// buried the other, writes on both sides, and heals the cut.
func TestHalvesCutApartEndEqual(t *testing.T) {
	var isCut atomic.Bool
	side := map[string]int{} // by address; complete before the cut
	var nodes []*Node
	var join []string
	for i := range 4 {
		log := &testLog{}
		n := New(loopback(fmt.Sprint("n", i), join...), log)
		n.cut = func(addr string) bool {
			return isCut.Load() && side[addr] != i/2
		}
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close() })
		nodes = append(nodes, n)
		join = []string{nodes[0].Addr()}
	}
	ready(t, nodes...)
	members := func(want int) {
		t.Helper()
		for _, n := range nodes {
			eventually(t, func() string {
				if got := len(n.Members()); got != want {
					return fmt.Sprintf("%s sees %d members, want %d", n.Config().Name, got, want)
				}
				return ""
			})
		}
	}
	members(4)
	for i, n := range nodes {
		side[n.Addr()] = i / 2
	}
	isCut.Store(true)
	members(2)
	for i, n := range nodes {
		put(t, n, fmt.Sprint("Zown", i))
		put(t, n, "Zshared")
	}
	eventually(t, func() string {
		if !has(nodes[1], "Zown0") {
			return "a half no longer shares its own writes"
		}
		return ""
	})
	if has(nodes[0], "Zown2") {
		t.Fatal("the network is not cut")
	}
	isCut.Store(false)
	for i := range nodes {
		for _, n := range nodes {
			eventually(t, func() string {
				if !has(n, fmt.Sprint("Zown", i)) {
					return fmt.Sprintf("%s lacks what n%d wrote", n.Config().Name, i)
				}
				return ""
			})
		}
	}
	for _, n := range nodes[1:] {
		eventually(t, func() string {
			a, b := fmt.Sprint(nodes[0].Context()), fmt.Sprint(n.Context())
			if a != b {
				return fmt.Sprintf("contexts differ: %s and %s", a, b)
			}
			return ""
		})
	}
	members(4)
}
