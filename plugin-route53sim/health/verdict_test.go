package health

import (
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

// rowsOf returns rows with a check of each id: up is healthy, down is not, new
// is not judged.
func rowsOf() (rows, func(string) found) {
	r := newRows()
	for id, c := range map[string]model.HealthCheckConfig{
		"up": {}, "down": {}, "new": {}, "off": {Disabled: true}, "contrary": {Inverted: true}, "sum": {Type: "CALCULATED", HealthThreshold: 9},
	} {
		if c.Type == "" {
			c.Type = "TCP"
		}
		r.checks[id] = &model.HealthCheck{ID: id, Account: model.DefaultAccount, Config: c}
	}
	return r, func(id string) found {
		switch id {
		case "up", "contrary":
			return found{count{1, 3}, healthy}
		case "down", "off":
			return found{count{0, 3}, unhealthy}
		}
		return found{}
	}
}

func TestStatus(t *testing.T) {
	calculated := func(threshold int64, children ...string) model.HealthCheckConfig {
		return model.HealthCheckConfig{Type: "CALCULATED", HealthThreshold: threshold, ChildHealthChecks: children}
	}
	alarm := func(insufficient string) model.HealthCheckConfig {
		return model.HealthCheckConfig{Type: "CLOUDWATCH_METRIC", InsufficientDataHealthStatus: insufficient}
	}
	tests := []struct {
		name   string
		id     string
		config model.HealthCheckConfig
		signal model.HealthSignal
		want   Status
	}{
		{"healthy", "up", model.HealthCheckConfig{Type: "TCP"}, model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true, Checkers: 3, HealthyCheckers: 1}},
		{"unhealthy", "down", model.HealthCheckConfig{Type: "TCP"}, model.HealthSignal{}, Status{Judged: true, Checkers: 3}},
		{"not judged", "new", model.HealthCheckConfig{Type: "TCP"}, model.HealthSignal{}, Status{Healthy: true, Real: true}},
		{"not judged, inverted", "new", model.HealthCheckConfig{Type: "TCP", Inverted: true}, model.HealthSignal{}, Status{}},
		{"inverted", "down", model.HealthCheckConfig{Type: "TCP", Inverted: true}, model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true, Checkers: 3}},
		{"disabled", "down", model.HealthCheckConfig{Type: "TCP", Disabled: true}, model.HealthSignal{}, Status{Healthy: true, Real: true}},
		{"disabled and inverted", "up", model.HealthCheckConfig{Type: "TCP", Disabled: true, Inverted: true}, model.HealthSignal{}, Status{}},

		{"calculated 1 of 2", "x", calculated(1, "up", "down"), model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true}},
		{"calculated 2 of 3", "x", calculated(2, "up", "down", "down"), model.HealthSignal{}, Status{Judged: true}},
		{"calculated, threshold 0", "x", calculated(0, "down"), model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true}},
		{"calculated, threshold over the children", "x", calculated(4, "up", "up", "up"), model.HealthSignal{}, Status{Judged: true}},
		{"calculated, disabled child", "x", calculated(1, "off"), model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true}},
		{"calculated, inverted child", "x", calculated(1, "contrary"), model.HealthSignal{}, Status{Judged: true}},
		{"calculated, child that is not there", "x", calculated(1, "gone"), model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true}},
		{"calculated, calculated child", "x", calculated(1, "sum"), model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true}},
		{"calculated, child of itself", "sum", calculated(2, "sum", "down"), model.HealthSignal{}, Status{Judged: true}},
		{"calculated and inverted", "x", model.HealthCheckConfig{Type: "CALCULATED", HealthThreshold: 1, ChildHealthChecks: []string{"down"}, Inverted: true},
			model.HealthSignal{}, Status{Healthy: true, Real: true, Judged: true}},

		{"alarm not set", "x", alarm(""), model.HealthSignal{}, Status{Healthy: true, Real: true}},
		{"alarm OK", "x", alarm(""), model.HealthSignal{State: model.AlarmOK}, Status{Healthy: true, Real: true, Judged: true}},
		{"alarm", "x", alarm(""), model.HealthSignal{State: model.AlarmAlarm}, Status{Judged: true}},
		{"alarm without data, as it was", "x", alarm("LastKnownStatus"), model.HealthSignal{State: model.AlarmInsufficient, Last: model.AlarmAlarm}, Status{Judged: true}},
		{"alarm without data ever", "x", alarm(""), model.HealthSignal{State: model.AlarmInsufficient}, Status{Healthy: true, Real: true}},
		{"alarm without data, unhealthy", "x", alarm("Unhealthy"), model.HealthSignal{State: model.AlarmInsufficient, Last: model.AlarmOK}, Status{Judged: true}},
		{"alarm without data, healthy", "x", alarm("Healthy"), model.HealthSignal{State: model.AlarmInsufficient, Last: model.AlarmAlarm}, Status{Healthy: true, Real: true, Judged: true}},
		{"routing control on", "x", model.HealthCheckConfig{Type: "RECOVERY_CONTROL"}, model.HealthSignal{State: model.ControlOn}, Status{Healthy: true, Real: true, Judged: true}},
		{"routing control off", "x", model.HealthCheckConfig{Type: "RECOVERY_CONTROL"}, model.HealthSignal{State: model.ControlOff}, Status{Judged: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, of := rowsOf()
			h := &model.HealthCheck{ID: tt.id, Account: model.DefaultAccount, Config: tt.config}
			r.checks[tt.id] = h
			if tt.signal.State != "" {
				r.signals[model.HealthSignalKey(h.Account, h.Signal())] = &tt.signal
			}
			if got := r.status(h, of); got != tt.want {
				t.Errorf("status = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestForcedStandsAboveAll(t *testing.T) {
	for _, id := range []string{"up", "down", "new", "off", "contrary", "sum"} {
		for _, state := range []string{model.Healthy, model.Unhealthy} {
			r, of := rowsOf()
			real := r.status(r.checks[id], of)
			r.forces[id] = &model.HealthForce{HealthCheckID: id, State: state}
			want := real
			want.Forced, want.Healthy = true, state == model.Healthy
			if got := r.status(r.checks[id], of); got != want {
				t.Errorf("status of %s forced %s = %+v, want %+v", id, state, got, want)
			}
		}
	}
	r, of := rowsOf()
	r.forces["up"] = &model.HealthForce{HealthCheckID: "up", State: model.Unhealthy}
	sum := &model.HealthCheck{Config: model.HealthCheckConfig{Type: "CALCULATED", HealthThreshold: 1, ChildHealthChecks: []string{"up"}}}
	if r.status(sum, of).Healthy {
		t.Error("a forced child does not count as forced")
	}
}

func TestReason(t *testing.T) {
	r, of := rowsOf()
	for id, want := range map[string]string{
		"up":       "1 of 3 checkers report healthy; Failure: x",
		"off":      "it is disabled",
		"contrary": "1 of 3 checkers report healthy; Failure: x; the check is inverted",
		"sum":      "0 of 0 children are healthy, 9 are needed",
	} {
		h := r.checks[id]
		if got := string(r.appendReason(nil, h, r.status(h, of), of, "Failure: x")); got != want {
			t.Errorf("reason of %s = %q, want %q", id, got, want)
		}
	}
	r.forces["up"] = &model.HealthForce{HealthCheckID: "up", State: model.Unhealthy, By: "ops"}
	if got := string(r.appendReason(nil, r.checks["up"], r.status(r.checks["up"], of), of, "")); got != "forced by ops" {
		t.Errorf("reason = %q, want forced by ops", got)
	}
}
