package statetest

import (
	"fmt"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// checker knows every commit that reached a disk, and compares what nodes show
// with what the promise says.
type checker struct {
	err     error
	commits map[state.Version]*state.CommitInfo
	acked   []state.Version
	wiped   bool
}

func newChecker() *checker { return &checker{commits: map[state.Version]*state.CommitInfo{}} }

func (c *checker) failf(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// wrote learns the commits of a transaction.
func (c *checker) wrote(w *state.Write) {
	for _, e := range w.Log {
		info, err := state.InspectCommit(e.Data)
		if err != nil {
			c.failf("commit %v in the log: %v", e.Version, err)
			return
		}
		c.commits[info.Version] = info
	}
}

// acknowledged notes that the writer of v was told that it is durable.
func (c *checker) acknowledged(n *simNode, v state.Version) {
	if c.commits[v] == nil {
		c.failf("node %d acknowledged %v, which is on no disk", n.index, v)
	}
	c.acked = append(c.acked, v)
}

// published checks the promise for what a node shows now.
func (c *checker) published(s *Sim, n *simNode, p state.Publication) {
	for i, ch := range p.Changes {
		if i > 0 && ch.Key <= p.Changes[i-1].Key && ch.Table == p.Changes[i-1].Table {
			c.failf("node %d published %q after %q", n.index, ch.Key, p.Changes[i-1].Key)
		}
		if ch.Table != model.TableImports {
			continue
		}
		if ch.Value == nil {
			delete(n.view, ch.Key)
		} else {
			n.view[ch.Key] = ch.Version
		}
	}
	c.checkView(n)
}

// checkView compares a node's view with the fold of the commits it covers.
func (c *checker) checkView(n *simNode) {
	context := n.core.Context()
	covers := func(v state.Version) bool { return context[v.Origin] >= v.Stamp }
	want := map[string]state.Version{}
	live := map[string]bool{}
	for v, info := range c.commits {
		if !covers(v) {
			continue
		}
		for _, d := range info.BuildsOn {
			if !covers(d) {
				c.failf("node %d covers %v but not %v, on which it builds", n.index, v, d)
				return
			}
		}
		for _, r := range info.Rows {
			if r.Table != model.TableImports {
				continue
			}
			if want[r.Key].Compare(v) < 0 {
				want[r.Key], live[r.Key] = v, !r.Deleted
			}
		}
	}
	for key, v := range want {
		switch got, there := n.view[key]; {
		case live[key] != there:
			c.failf("node %d: row %s is there: %v, want %v (written by %v)", n.index, key, there, live[key], v)
		case there && got != v:
			c.failf("node %d: row %s is of %v, want %v", n.index, key, got, v)
		}
	}
	for key := range n.view {
		if _, ok := want[key]; !ok {
			c.failf("node %d: row %s is of no commit that it covers", n.index, key)
		}
	}
}

// inSync checks that all members of n that serve cover v.
func (c *checker) inSync(s *Sim, n *simNode, v state.Version) {
	for _, m := range n.core.Members() {
		for _, o := range s.nodes {
			if o.core != nil && o.run == m.Run && o.core.Behind() == nil && o.core.Context()[v.Origin] < v.Stamp {
				c.failf("node %d said that %v is in sync, node %d serves without it", n.index, v, o.index)
			}
		}
	}
}

// viewOf returns the rows that a disk holds.
func viewOf(disk *state.MemoryStore) map[string]state.Version {
	view := map[string]state.Version{}
	_ = disk.Read(func(r state.StoreReader) error {
		r.Range(model.TableImports, "", func(row *state.Row) bool {
			if row.Table != model.TableImports {
				return false
			}
			if row.Value != nil {
				view[row.Key] = row.Version
			}
			return true
		})
		return nil
	})
	return view
}

// Converged returns an error unless all nodes that are on show the same, and
// that includes everything acknowledged that some disk did not lose.
func (s *Sim) Converged() error {
	var first *simNode
	for _, n := range s.nodes {
		if n.core == nil {
			continue
		}
		if err := n.core.Behind(); err != nil {
			return fmt.Errorf("node %d: %w", n.index, err)
		}
		if first == nil {
			first = n
		}
		if err := sameView(first, n); err != nil {
			return err
		}
		if s.check.wiped {
			continue
		}
		for _, v := range s.check.acked {
			if n.core.Context()[v.Origin] < v.Stamp {
				return fmt.Errorf("node %d lacks %v, which was acknowledged", n.index, v)
			}
		}
	}
	return nil
}

func sameView(a, b *simNode) error {
	for key, v := range a.view {
		if b.view[key] != v {
			return fmt.Errorf("row %s is of %v on node %d, of %v on node %d", key, v, a.index, b.view[key], b.index)
		}
	}
	if len(a.view) != len(b.view) {
		return fmt.Errorf("node %d shows %d rows, node %d shows %d", a.index, len(a.view), b.index, len(b.view))
	}
	return nil
}
