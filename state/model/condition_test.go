package model

import (
	"fmt"
	"testing"
)

// TestCondition covers the chart of [Instance.Condition]. Times are in
// milliseconds since 1970; the instance was registered at 1000.
func TestCondition(t *testing.T) {
	lease := []string{AttrLease, "10"}
	ill := []string{AttrInitHealth, StatusUnhealthy}
	word := func(status string, at int64) *InstanceHealth {
		return &InstanceHealth{Service: "srv-aaaaaaaaaaaaaaaa", Instance: "i", Status: status, At: at}
	}
	later := func(before, status string, at, from int64) *InstanceHealth {
		h := word(status, at)
		h.Before, h.From = before, from
		return h
	}
	tests := []struct {
		name       string
		custom     bool
		attributes []string
		word       *InstanceHealth
		now        int64
		want       Condition
	}{
		{"nothing", false, nil, nil, 5000, Condition{Status: StatusUnknown}},
		{"word without custom health", false, nil, word(StatusUnhealthy, 2000), 5000, Condition{Status: StatusUnknown}},
		{"custom, no word", true, nil, nil, 5000, Condition{Status: StatusHealthy}},
		{"custom, init", true, ill, nil, 5000, Condition{Status: StatusUnhealthy}},
		{"custom, word over init", true, ill, word(StatusHealthy, 2000), 5000, Condition{Status: StatusHealthy}},
		{"custom, word", true, nil, word(StatusUnhealthy, 1000), 5000, Condition{Status: StatusUnhealthy}},
		{"word on an earlier instance", true, nil, word(StatusUnhealthy, 999), 5000, Condition{Status: StatusHealthy}},
		{"word under way", true, nil, later(StatusHealthy, StatusUnhealthy, 2000, 6000), 5999, Condition{Status: StatusHealthy, Until: 6000}},
		{"word in effect", true, nil, later(StatusHealthy, StatusUnhealthy, 2000, 6000), 6000, Condition{Status: StatusUnhealthy}},
		{"word under way, lease longer", false, lease, later(StatusUnhealthy, StatusHealthy, 2000, 6000), 5000, Condition{Status: StatusUnhealthy, Until: 6000}},
		{"word under way, lease shorter", false, lease, later(StatusHealthy, StatusUnhealthy, 2000, 60000), 5000, Condition{Status: StatusHealthy, Until: 12000}},
		{"word under way, lease ended", false, lease, later(StatusHealthy, StatusUnhealthy, 2000, 60000), 12000, Condition{Status: StatusUnhealthy, Until: 22000}},
		{"word under way, lease ended twice", false, lease, later(StatusHealthy, StatusUnhealthy, 2000, 60000), 22000, Condition{Status: StatusUnhealthy, Gone: true}},
		{"lease", false, lease, nil, 10999, Condition{Status: StatusHealthy, Until: 11000}},
		{"lease, unhealthy word", false, lease, word(StatusUnhealthy, 2000), 10999, Condition{Status: StatusUnhealthy, Until: 12000}},
		{"lease renewed by a word", false, lease, word(StatusHealthy, 6000), 15999, Condition{Status: StatusHealthy, Until: 16000}},
		{"lease ended", true, lease, word(StatusHealthy, 1000), 11000, Condition{Status: StatusUnhealthy, Until: 21000}},
		{"lease ended twice", true, lease, nil, 21000, Condition{Status: StatusUnhealthy, Gone: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := testService(RouteMultivalue, "A")
			if tt.custom {
				s.CustomHealth = &CustomHealth{Threshold: 1}
			}
			if got := testInstance("i", tt.attributes...).Condition(s, tt.word, tt.now); got != tt.want {
				t.Errorf("Condition(%v, %d) = %+v, want %+v", tt.word, tt.now, got, tt.want)
			}
		})
	}
}

// FuzzCondition proves that a condition holds until it says, changes then, and
// that what is gone stays gone.
func FuzzCondition(f *testing.F) {
	f.Add(true, uint16(10), int64(500), int64(900), int64(1200), int64(11000), uint32(3), int64(0))
	f.Add(true, uint16(10), int64(500), int64(900), int64(1200), int64(3000), uint32(3), int64(4000))
	f.Fuzz(func(t *testing.T, custom bool, lease uint16, since, registered, at, now int64, later uint32, from int64) {
		const most = 1 << 47
		if since < 0 || registered < since || at < 0 || now < 0 || since > most || registered > most || at > most || now > most || from < 0 || from > most {
			return
		}
		s := testService(RouteMultivalue, "A")
		if custom {
			s.CustomHealth = &CustomHealth{Threshold: 1}
		}
		i := testInstance("i", AttrLease, fmt.Sprint(lease))
		i.Since, i.Registered = since, registered
		h := &InstanceHealth{Service: s.ID, Instance: "i", Status: StatusUnhealthy, At: at}
		if from > 0 {
			h.Before, h.From = StatusHealthy, from
		}
		c := i.Condition(s, h, now)
		if c.Until != 0 && (c.Until <= now || i.Condition(s, h, c.Until) == c) {
			t.Fatalf("Condition at %d is %+v, the same at that time, or it is past", now, c)
		}
		then := now + int64(later)
		if got := i.Condition(s, h, then); got != c && (c.Until == 0 || then < c.Until) {
			t.Errorf("Condition is %+v at %d and %+v at %d", c, now, got, then)
		}
	})
}

func TestParseLease(t *testing.T) {
	for _, s := range []string{"", "0", "-1", "+1", "1.5", "86401", "1s", "99999999999999999999"} {
		if d, err := ParseLease(s); err == nil {
			t.Errorf("ParseLease(%q) = %v, want an error", s, d)
		}
	}
	if d, err := ParseLease("86400"); err != nil || d.Hours() != 24 {
		t.Errorf("ParseLease(86400) = %v, %v, want a day", d, err)
	}
}
