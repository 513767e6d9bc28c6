package health

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
	"pgregory.net/rapid"
)

// noted are n events from a moment on.
func noted(n, from int) []model.HealthEvent {
	events := make([]model.HealthEvent, n)
	for i := range events {
		events[i] = model.HealthEvent{
			HealthCheckID: "x", Account: model.DefaultAccount, State: model.Healthy, Node: "a", At: int64(from + i),
		}
	}
	return events
}

func TestEventsAreBounded(t *testing.T) {
	m := join(t, alone("a"), false)
	s := newScribe(m.node.Replica, m.log)
	for n := range 26 {
		s.note(noted(50, n*50), 0)
		s.write(t.Context(), false)
	}
	// The last 50 came after the oldest were deleted last.
	if got := m.events(t); len(got) != maxEvents+50 || got[0].At != 250 {
		t.Errorf("%d events from %d on are kept, want %d from 250 on", len(got), got[0].At, maxEvents+50)
	}
}

// As many events as are kept may come at once; in the long run one a second.
func TestEventsAreLimitedInRate(t *testing.T) {
	s, now := newScribe(nil, nil), time.Unix(1700000000, 0)
	room := func(after time.Duration, want int) {
		t.Helper()
		if now = now.Add(after); s.room(now) != want {
			t.Errorf("room for %d events, want %d", s.room(now), want)
		}
	}
	room(0, maxEvents)
	room(time.Hour, maxEvents)
	s.note(noted(maxEvents, 0), 7)
	room(0, 0)
	room(time.Hour, 0) // nothing is written: as many as there may be wait
	s.events = nil
	room(0, maxEvents)
	s.note(noted(maxEvents-1, 0), 0)
	s.events = nil
	room(0, 1)
	room(500*time.Millisecond, 1)
	room(500*time.Millisecond, 2)
	s.note(noted(2, 0), 3)
	s.events = nil
	room(0, 0)
	room(1500*time.Millisecond, 1)
	if got := s.dropped.Load(); got != 10 {
		t.Errorf("%d events are dropped, want 10", got)
	}
}

// What is remembered is recalled, by a row for each shard, each of which is
// valid; what has not changed is not written again.
func TestLastsRoundTrip(t *testing.T) {
	m := join(t, alone("a"), false)
	rapid.Check(t, func(t *rapid.T) {
		s := newScribe(m.node.Replica, m.log)
		s.recall()
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			all := ids(rapid.IntRange(0, 300).Draw(t, "checks"))
			last := rapid.SliceOfN(rapid.SampledFrom([]opinion{unknown, healthy, unhealthy}), len(all), len(all)).Draw(t, "last")
			s.remember(all, last)
			s.write(context.Background(), true)
			want := make(map[uint64]opinion)
			for i, id := range all {
				if last[i] != unknown {
					want[hashOf(id)] = last[i]
				}
			}
			again := newScribe(m.node.Replica, m.log)
			if got := again.recall(); !maps.Equal(got, want) {
				t.Fatalf("recall() = %v, want %v", got, want)
			}
			if rows := s.changed(s.shards.of(s.lasts)); len(rows) != 0 {
				t.Fatalf("%d rows would be written again, want none", len(rows))
			}
			if rows := again.changed(again.shards.of(s.lasts)); len(rows) != 0 {
				t.Fatalf("%d rows would be written again after a restart, want none", len(rows))
			}
		}
	})
}

// However many verdicts change, they are so many rows of such a size.
func TestLastsAreOfConstantSize(t *testing.T) {
	size := func(last []opinion) (rows, bytes int) {
		var s shards
		for _, l := range s.of(lasts{ids(10000), last}) {
			data, err := model.Encode(l)
			if err != nil || l.Validate() != nil {
				t.Fatal(err, l.Validate())
			}
			rows, bytes = rows+1, bytes+len(data)
		}
		return rows, bytes
	}
	up, down := slices.Repeat([]opinion{healthy}, 10000), slices.Repeat([]opinion{unhealthy}, 10000)
	rows, calm := size(up)
	_, storm := size(down)
	if rows != model.HealthLastShards || calm != storm || calm > 100_000 {
		t.Errorf("last states are %d rows of %d bytes in calm, %d in storm, want %d of as many, at most 100 kB", rows, calm, storm, model.HealthLastShards)
	}
}

// Of two checks with one hash one is remembered; the row is valid.
func TestLastsOfOneHash(t *testing.T) {
	var s shards
	for _, l := range s.of(lasts{[]string{"a", "a", "b"}, []opinion{healthy, unhealthy, healthy}}) {
		if err := l.Validate(); err != nil {
			t.Errorf("Validate() = %v", err)
		}
	}
	if len(s.hashes) != 2 {
		t.Errorf("%d checks are remembered, want 2", len(s.hashes))
	}
}

// What cannot be written waits, and is written once it can be.
func TestScribeTriesAgain(t *testing.T) {
	m := join(t, alone("a"), false)
	s := newScribe(m.node.Replica, m.log)
	s.remember([]string{"x"}, []opinion{unhealthy})
	s.note(noted(1, 1), 0)
	s.events[0].State = "odd" // refused as a row
	s.write(t.Context(), true)
	if !s.waits() || len(s.recall()) != 0 {
		t.Fatal("a commit that failed is held to be written")
	}
	s.events[0].State = model.Healthy
	s.write(t.Context(), true)
	if s.waits() || len(m.events(t)) != 1 || s.recall()[hashOf("x")] != unhealthy {
		t.Errorf("events %v, last states %v, waiting %v, want one of each and nothing that waits", m.events(t), s.recall(), s.waits())
	}
}
