package node

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/journal"
	"github.com/edgestage/edgestage/state/model"
)

// rowThere tells whether a node shows the row of these tests.
func rowThere(t *testing.T, n *Node) bool {
	t.Helper()
	there := false
	if err := n.Read(func(rd *state.Reader) error {
		_, there = rd.Get(model.TableHealthForces, "hc")
		return nil
	}); err != nil {
		t.Fatalf("Read() = %v", err)
	}
	return there
}

// Design 4.2: a file is looked into before the start only if it is there and
// its lock is free; looking changes nothing.
func TestPeek(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	newNode := func() *Node { return New(Config{Data: dir, Kind: KindEdge}, &testLog{}) }
	mustPeek := func(n *Node) {
		t.Helper()
		if err := n.Peek(); err != nil {
			t.Fatalf("Peek() = %v", err)
		}
	}
	mustClose := func(n *Node) {
		t.Helper()
		if err := n.Close(); err != nil {
			t.Fatalf("Close() = %v", err)
		}
	}

	first := newNode()
	mustPeek(first)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatalf("Stat(%q) after Peek() = %v, want that it is not there", dir, err)
	}
	if rowThere(t, first) {
		t.Error("Read() of a node without a file shows a row")
	}
	if err := first.Start(); err != nil {
		t.Fatalf("Start() = %v", err)
	}
	if _, err := first.Commit(context.Background(), func(tx *state.Tx) error {
		return tx.Put(&model.HealthForce{HealthCheckID: "hc", State: model.Unhealthy, By: "ops"})
	}); err != nil {
		t.Fatalf("Commit() = %v", err)
	}
	if !rowThere(t, first) {
		t.Error("Read() of an open node does not show its row")
	}

	other := newNode()
	mustPeek(other)
	if rowThere(t, other) {
		t.Error("Read() shows rows of a file that another has open")
	}
	mustClose(other)
	mustClose(first)

	path := filepath.Join(dir, journal.FileName)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	peeked := newNode()
	mustPeek(peeked)
	mustPeek(peeked)
	if !rowThere(t, peeked) {
		t.Error("Read() after Peek() does not show the row on disk")
	}
	mustClose(peeked)
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("Peek() has changed the file (%v)", err)
	}

	again := newNode()
	mustPeek(again)
	if err := again.Start(); err != nil {
		t.Fatalf("Start() after Peek() = %v", err)
	}
	if !rowThere(t, again) {
		t.Error("Read() after Peek() and Start() does not show the row")
	}
	mustClose(again)

	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newNode().Peek(); err == nil {
		t.Error("Peek() into an empty file = nil, want an error")
	}
}
