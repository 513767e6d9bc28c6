package hlc

import (
	"testing"
	"time"
)

func TestNextRises(t *testing.T) {
	var c Clock
	now := time.UnixMilli(1_700_000_000_000)
	var last Stamp
	for i, at := range []time.Time{now, now, now.Add(-time.Hour), now.Add(time.Millisecond), now} {
		s := c.Next(at)
		if s <= last {
			t.Fatalf("Next #%d = %v, want above %v", i, s, last)
		}
		last = s
	}
}

func TestObserveLeads(t *testing.T) {
	var c Clock
	ahead := At(time.UnixMilli(2_000_000_000_000))
	c.Observe(ahead)
	if s := c.Next(time.UnixMilli(1_700_000_000_000)); s != ahead+1 {
		t.Errorf("Next after Observe(%v) = %v, want %v", ahead, s, ahead+1)
	}
	c.Observe(1)
	if c.Last() != ahead+1 {
		t.Errorf("Last after observing an old stamp = %v, want %v", c.Last(), ahead+1)
	}
}

func TestCounterOverflowsIntoTime(t *testing.T) {
	var c Clock
	now := time.UnixMilli(1_700_000_000_000)
	c.Observe(At(now) + 0xffff)
	s := c.Next(now)
	if want := At(now.Add(time.Millisecond)); s != want {
		t.Errorf("Next = %v, want %v", s, want)
	}
}

func TestAtBeforeEpoch(t *testing.T) {
	if s := At(time.UnixMilli(-1)); s != 0 {
		t.Errorf("At(before the epoch) = %v, want 0", s)
	}
	at := time.UnixMilli(1_700_000_000_123).UTC()
	if got := At(at).Time(); !got.Equal(at) {
		t.Errorf("At(%v).Time() = %v", at, got)
	}
}
