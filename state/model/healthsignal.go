package model

import (
	"errors"
	"time"
)

// The states of what a [HealthSignal] is of: of a CloudWatch alarm, and of an
// Application Recovery Controller routing control.
const (
	AlarmOK           = "OK"
	AlarmAlarm        = "ALARM"
	AlarmInsufficient = "INSUFFICIENT_DATA"

	ControlOn  = "On"
	ControlOff = "Off"
)

// HealthSignal is the state of an alarm or a routing control, set from
// outside: health checks of the types CLOUDWATCH_METRIC and RECOVERY_CONTROL
// follow it (aws-behaviour 4.4).
type HealthSignal struct {
	Account string `cbor:"1,keyasint"`
	// Source is what has the state: see [HealthCheck.Signal].
	Source string `cbor:"2,keyasint"`
	// State is one of the constants above.
	State string `cbor:"3,keyasint"`
	// Last is, of an alarm without sufficient data, the state it had before;
	// empty if it never had one.
	Last string `cbor:"4,keyasint,omitempty"`
	// By names who said so, At is when.
	By string    `cbor:"5,keyasint,omitempty"`
	At time.Time `cbor:"6,keyasint"`
}

// Table implements [Value].
func (*HealthSignal) Table() string { return TableHealthSignals }

// Key implements [Value]: see [HealthSignalKey].
func (s *HealthSignal) Key() string { return HealthSignalKey(s.Account, s.Source) }

// HealthSignalKey returns the key of a signal's row.
func HealthSignalKey(account, source string) string { return account + "\x00" + source }

// Validate implements [Value].
func (s *HealthSignal) Validate() error {
	var source error
	if s.Source == "" {
		source = errors.New("signal without a source")
	}
	return errors.Join(
		ValidateAccount(s.Account), source,
		validateText("signal source", s.Source),
		validateOneOf("signal state", s.State, AlarmOK, AlarmAlarm, AlarmInsufficient, ControlOn, ControlOff),
		validateOneOf("last signal state", s.Last, "", AlarmOK, AlarmAlarm),
		validateText("who set the signal", s.By),
	)
}

// After returns s with what it has to remember of the signal before it, which
// may be nil.
func (s HealthSignal) After(before *HealthSignal) *HealthSignal {
	s.Last = ""
	if s.State == AlarmInsufficient && before != nil {
		if s.Last = before.State; before.State == AlarmInsufficient {
			s.Last = before.Last
		}
	}
	return &s
}

// Signal returns the source of the signal that h follows: `alarm/REGION/NAME`,
// the ARN of a routing control, or `healthcheck/ID` where its configuration
// names none; empty for checks of other types.
func (h *HealthCheck) Signal() string {
	switch {
	case h.Config.Type != "CLOUDWATCH_METRIC" && h.Config.Type != "RECOVERY_CONTROL":
		return ""
	case h.Config.AlarmIdentifier != nil:
		return "alarm/" + h.Config.AlarmIdentifier.Region + "/" + h.Config.AlarmIdentifier.Name
	case h.Config.RoutingControlArn != "":
		return h.Config.RoutingControlArn
	}
	return "healthcheck/" + h.ID
}
