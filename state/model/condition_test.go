package model

import "testing"

// TestCondition covers the chart of [Instance.Condition]. Times are in
// milliseconds since 1970; the instance was registered at 1000.
func TestCondition(t *testing.T) {
	lease := []string{AttrLease, "10"}
	ill := []string{AttrInitHealth, StatusUnhealthy}
	word := func(status string, at int64) *InstanceHealth {
		return &InstanceHealth{Service: "srv-aaaaaaaaaaaaaaaa", Instance: "i", Status: status, At: at}
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
