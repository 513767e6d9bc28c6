package model

import (
	"strings"
	"testing"
)

func TestHealthRowsValidate(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	tests := []struct {
		name  string
		value Value
		want  string // part of the error; empty: none
	}{
		{"force", &HealthForce{HealthCheckID: "hc", State: Healthy}, ""},
		{"force without check", &HealthForce{State: Healthy}, `health check id ""`},
		{"force of no state", &HealthForce{HealthCheckID: "hc", State: "up"}, `forced state "up"`},
		{"force by a novel", &HealthForce{HealthCheckID: "hc", State: Healthy, By: long}, "at most 1024"},
		{"signal", &HealthSignal{Account: DefaultAccount, Source: "alarm/a/b", State: AlarmInsufficient, Last: AlarmOK}, ""},
		{"signal of nothing", &HealthSignal{Account: DefaultAccount, State: ControlOn}, "without a source"},
		{"signal of no state", &HealthSignal{Account: DefaultAccount, Source: "a", State: "ok"}, `signal state "ok"`},
		{"signal after a control", &HealthSignal{Account: DefaultAccount, Source: "a", State: AlarmOK, Last: ControlOn}, `last signal state "On"`},
		{"event", &HealthEvent{HealthCheckID: "hc", Account: DefaultAccount, State: Unhealthy, At: 1}, ""},
		{"event of no state", &HealthEvent{HealthCheckID: "hc", Account: DefaultAccount, At: 1}, `state of an event ""`},
		{"event before time", &HealthEvent{HealthCheckID: "hc", Account: DefaultAccount, State: Healthy, At: -1}, "out of range"},
		{"event far ahead", &HealthEvent{HealthCheckID: "hc", Account: DefaultAccount, State: Healthy, At: 1 << 48}, "out of range"},
		{"last", &HealthLast{Shard: 63, Healthy: []uint64{1<<64 - 1}, Unhealthy: []uint64{63 << 58, 1<<64 - 2}}, ""},
		{"last of nothing", &HealthLast{}, ""},
		{"last before the first shard", &HealthLast{Shard: -1}, "shard -1 of last states out of range [0, 63]"},
		{"last beyond the last shard", &HealthLast{Shard: 64}, "shard 64 of last states out of range [0, 63]"},
		{"last of another shard", &HealthLast{Unhealthy: []uint64{1, 1 << 58}}, "unhealthy check 0400000000000000 is not of shard 0"},
		{"last out of order", &HealthLast{Healthy: []uint64{2, 1}}, "healthy check 0000000000000001 does not come after 0000000000000002"},
		{"last twice", &HealthLast{Healthy: []uint64{2, 2}}, "does not come after"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.value.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate() = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSignalRemembersWhatItWas(t *testing.T) {
	var s *HealthSignal
	for _, step := range []struct{ state, last string }{
		{AlarmInsufficient, ""},
		{AlarmAlarm, ""},
		{AlarmInsufficient, AlarmAlarm},
		{AlarmInsufficient, AlarmAlarm},
		{AlarmOK, ""},
		{AlarmInsufficient, AlarmOK},
	} {
		if s = (HealthSignal{State: step.state}).After(s); s.Last != step.last {
			t.Errorf("Last of %s = %q, want %q", step.state, s.Last, step.last)
		}
	}
}

func TestSignalOfAHealthCheck(t *testing.T) {
	tests := []struct {
		name   string
		config HealthCheckConfig
		want   string
	}{
		{"alarm", HealthCheckConfig{Type: "CLOUDWATCH_METRIC", AlarmIdentifier: &AlarmIdentifier{Region: "eu-west-1", Name: "cpu"}}, "alarm/eu-west-1/cpu"},
		{"control", HealthCheckConfig{Type: "RECOVERY_CONTROL", RoutingControlArn: "arn:x"}, "arn:x"},
		{"unnamed", HealthCheckConfig{Type: "RECOVERY_CONTROL"}, "healthcheck/hc"},
		{"probed", HealthCheckConfig{Type: "TCP"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &HealthCheck{ID: "hc", Config: tt.config}
			if got := h.Signal(); got != tt.want {
				t.Errorf("Signal() = %q, want %q", got, tt.want)
			}
		})
	}
}
