package health

import (
	"fmt"
	"strconv"

	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state/model"
)

// Status is what is known of a health check.
type Status struct {
	// Healthy is what it is for those that refer to it.
	Healthy bool
	// Real is what it would be without an operator's word.
	Real bool
	// Forced says that there is one.
	Forced bool
	// Judged says that checkers, or a signal, have said something; while they
	// have not, the check is healthy before it is inverted.
	Judged bool
	// Checkers have an opinion at the moment, HealthyCheckers say healthy.
	Checkers, HealthyCheckers uint16
}

// rows are what is said of health checks, by rows.
type rows struct {
	checks  map[string]*model.HealthCheck
	forces  map[string]*model.HealthForce
	signals map[string]*model.HealthSignal // by key
}

func newRows() rows {
	return rows{
		checks:  make(map[string]*model.HealthCheck),
		forces:  make(map[string]*model.HealthForce),
		signals: make(map[string]*model.HealthSignal),
	}
}

// rule is what rows say of a check, as far as every round asks for it.
type rule struct{ disabled, inverted, forced, forcedHealthy bool }

func (r rows) rule(h *model.HealthCheck) rule {
	f := r.forces[h.ID]
	return rule{h.Config.Disabled, h.Config.Inverted, f != nil, f != nil && f.State == model.Healthy}
}

// found is what the checkers have found out about an endpoint.
type found struct {
	count
	// last is the last verdict, unknown if there never was one.
	last opinion
}

// status returns what h is, given what the checkers found. It is a pure
// function: every node that hears the same says the same.
//
//	forced     -                     as forced
//	disabled   Inverted              unhealthy
//	disabled   -                     healthy
//	otherwise  Inverted              the contrary of what was found
//	otherwise  -                     what was found; healthy if nothing
func (r rows) status(h *model.HealthCheck, of func(id string) found) Status {
	u := r.rule(h)
	switch {
	case probe.Probed(h.Config.Type):
		return u.endpoint(of(h.ID))
	case h.Config.Type == "CALCULATED":
		n := r.healthyChildren(h, of)
		return u.settle(Status{}, opinionOf(int64(n) >= h.Config.HealthThreshold))
	}
	return u.settle(Status{}, r.signalled(h))
}

// endpoint is status for a check that probes.
func (u rule) endpoint(f found) Status {
	if u.disabled {
		f = found{}
	}
	return u.settle(Status{Checkers: f.judged, HealthyCheckers: f.healthy}, f.last)
}

// settle completes s, given what was found.
func (u rule) settle(s Status, op opinion) Status {
	if u.disabled {
		op = unknown
	}
	s.Judged = op != unknown
	s.Real = (op != unhealthy) != u.inverted
	s.Healthy = s.Real
	if u.forced {
		s.Forced, s.Healthy = true, u.forcedHealthy
	}
	return s
}

// healthyChildren counts the children that are healthy. One that does not
// exist, or is itself calculated, which Route 53 refuses, counts as healthy.
func (r rows) healthyChildren(h *model.HealthCheck, of func(id string) found) int {
	n := 0
	for _, id := range h.Config.ChildHealthChecks {
		child := r.checks[id]
		if child == nil || child.Config.Type == "CALCULATED" || r.status(child, of).Healthy {
			n++
		}
	}
	return n
}

// signalled returns what the signal that h follows says of it.
//
//	OK, On             healthy
//	ALARM, Off         unhealthy
//	INSUFFICIENT_DATA  as configured; by default what the alarm said before
//	none               unknown
func (r rows) signalled(h *model.HealthCheck) opinion {
	s := r.signals[model.HealthSignalKey(h.Account, h.Signal())]
	if s == nil {
		return unknown
	}
	state := s.State
	if state == model.AlarmInsufficient {
		switch h.Config.InsufficientDataHealthStatus {
		case "Healthy":
			return healthy
		case "Unhealthy":
			return unhealthy
		}
		state = s.Last
	}
	switch state {
	case model.AlarmOK, model.ControlOn:
		return healthy
	case model.AlarmAlarm, model.ControlOff:
		return unhealthy
	}
	return unknown
}

// appendReason appends why h is what it is, for people. said is what this
// node's own last probe of it said, or empty.
func (r rows) appendReason(b []byte, h *model.HealthCheck, s Status, of func(id string) found, said string) []byte {
	c := &h.Config
	switch {
	case s.Forced:
		return append(append(b, "forced by "...), orNobody(r.forces[h.ID].By)...)
	case c.Disabled:
		b = append(b, "it is disabled"...)
	case probe.Probed(c.Type):
		b = strconv.AppendUint(b, uint64(s.HealthyCheckers), 10)
		b = append(b, " of "...)
		b = strconv.AppendUint(b, uint64(s.Checkers), 10)
		b = append(b, " checkers report healthy"...)
		if said != "" {
			b = append(append(b, "; "...), said...)
		}
	case c.Type == "CALCULATED":
		b = fmt.Appendf(b, "%d of %d children are healthy, %d are needed",
			r.healthyChildren(h, of), len(c.ChildHealthChecks), c.HealthThreshold)
	default:
		state := "not set"
		if sig := r.signals[model.HealthSignalKey(h.Account, h.Signal())]; sig != nil {
			state = sig.State
		}
		b = fmt.Appendf(b, "%s is %s", h.Signal(), state)
	}
	if c.Inverted {
		b = append(b, "; the check is inverted"...)
	}
	return b
}

func orNobody(by string) string {
	if by == "" {
		return "an unknown operator"
	}
	return by
}
