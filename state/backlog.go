package state

import (
	"maps"
	"slices"
	"strings"
)

// backlog is what a subscriber has not yet taken, merged by key.
type backlog struct {
	// first is the only publication so far if that was in order, so that a large
	// one is not sorted again; merged is all else.
	first  []Change
	merged map[rowKey]Change
}

type rowKey struct{ table, key string }

// compareChanges orders changes by table, then key.
func compareChanges(a, b Change) int {
	if c := strings.Compare(a.Table, b.Table); c != 0 {
		return c
	}
	return strings.Compare(a.Key, b.Key)
}

func (b *backlog) len() int { return len(b.first) + len(b.merged) }

// add merges changes, which it may keep, into b.
func (b *backlog) add(changes []Change) {
	if b.len() == 0 && inOrder(changes) {
		b.first = changes
		return
	}
	if b.merged == nil {
		b.merged = make(map[rowKey]Change, len(b.first)+len(changes))
	}
	for _, some := range [...][]Change{b.first, changes} {
		for _, c := range some {
			b.merged[rowKey{c.Table, c.Key}] = c
		}
	}
	b.first = nil
}

// inOrder tells whether each of changes is after the one before.
func inOrder(changes []Change) bool {
	for i := 1; i < len(changes); i++ {
		if compareChanges(changes[i-1], changes[i]) >= 0 {
			return false
		}
	}
	return true
}

// take returns all changes in order, and leaves none.
func (b *backlog) take() []Change {
	changes := b.first
	if b.merged != nil {
		changes = slices.SortedFunc(maps.Values(b.merged), compareChanges)
	}
	*b = backlog{}
	return changes
}

// wanted returns those of changes that are in tables, without a copy where they
// stand together.
func wanted(changes []Change, tables map[string]bool) []Change {
	unwanted := func(c Change) bool { return !tables[c.Table] }
	for len(changes) > 0 && unwanted(changes[0]) {
		changes = changes[1:]
	}
	for n := len(changes); n > 0 && unwanted(changes[n-1]); n = len(changes) {
		changes = changes[:n-1]
	}
	if !slices.ContainsFunc(changes, unwanted) {
		return slices.Clip(changes)
	}
	return slices.DeleteFunc(slices.Clone(changes), unwanted)
}

// layOver returns rows as changes leave them, without what is gone. Both are in
// order, and so is the result.
func layOver(rows, changes []Change) []Change {
	if len(changes) == 0 {
		return rows
	}
	out := make([]Change, 0, len(rows)+len(changes))
	for _, c := range changes {
		n, found := slices.BinarySearchFunc(rows, c, compareChanges)
		out = append(out, rows[:n]...)
		if found {
			n++
		}
		rows = rows[n:]
		if c.Value != nil {
			out = append(out, c)
		}
	}
	return append(out, rows...)
}
