package edgenode

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/node"
)

// openFake returns an opener that always gives n.
func openFake(n *fakeNode) opener {
	return func(node.Config, node.Logger) openable { return n }
}

// mustAcquire takes the process's node; the test gives it back.
func mustAcquire(t *testing.T, c node.Config, n *fakeNode) *sharedNode {
	t.Helper()
	s, err := acquireNode(c, openFake(n))
	if err != nil {
		t.Fatalf("acquireNode(%+v) = %v", c, err)
	}
	return s
}

func mustRelease(t *testing.T) {
	t.Helper()
	if err := releaseNode(); err != nil {
		t.Fatalf("releaseNode() = %v", err)
	}
}

func TestNodeIsSharedAcrossReloads(t *testing.T) {
	c := node.Config{Name: "one", Kind: "edge", Region: "us-east-1"}
	n := newFakeNode()
	first := mustAcquire(t, c, n)
	if n.starts != 0 {
		t.Errorf("acquireNode starts the node %d times, want 0", n.starts)
	}
	for range 2 {
		if err := first.start(zap.NewNop()); err != nil {
			t.Fatal(err)
		}
	}
	if second := mustAcquire(t, c, newFakeNode()); second != first {
		t.Error("acquireNode makes a second node for the same settings")
	}
	mustRelease(t)
	if n.starts != 1 || n.reloads != 1 || n.closes != 0 {
		t.Errorf("after a reload: %d starts, %d key reloads, %d closes, want 1, 1 and 0", n.starts, n.reloads, n.closes)
	}
	mustRelease(t)
	if n.closes != 1 {
		t.Errorf("after the end: %d closes, want 1", n.closes)
	}
}

func TestChangedSettingsAreRefused(t *testing.T) {
	c := node.Config{Name: "one", Kind: "edge", Region: "us-east-1", Data: "/var/lib/one"}
	n := newFakeNode()
	s := mustAcquire(t, c, n)
	if err := s.start(zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	changed := c
	changed.Region = "eu-west-3"
	_, err := acquireNode(changed, openFake(newFakeNode()))
	if !errors.Is(err, ErrSettingsChanged) || !strings.Contains(err.Error(), "region") {
		t.Errorf("acquireNode with another region = %v, want %v naming it", err, ErrSettingsChanged)
	}
	if n.closes != 0 {
		t.Error("a refused configuration closes the node of the running one")
	}
	mustRelease(t)
	if n.closes != 1 {
		t.Errorf("after the end: %d closes, want 1: the refused one has left a reference", n.closes)
	}
	mustAcquire(t, changed, newFakeNode()) // nobody runs: anything goes
	mustRelease(t)
}

// A node that did not start may have its file open all the same.
func TestNodeThatWasNotStartedIsClosed(t *testing.T) {
	n := newFakeNode()
	n.startErr = errors.New("address in use")
	s := mustAcquire(t, node.Config{Name: "one"}, n)
	if err := s.start(zap.NewNop()); !errors.Is(err, n.startErr) {
		t.Errorf("start() = %v, want %v", err, n.startErr)
	}
	mustRelease(t)
	if n.closes != 1 {
		t.Errorf("%d closes of a node that did not start, want 1", n.closes)
	}
}
