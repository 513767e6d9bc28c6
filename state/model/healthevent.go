package model

import (
	"errors"
	"fmt"
	"time"
)

// HealthEvent is one change of a health check's state.
type HealthEvent struct {
	HealthCheckID string `cbor:"1,keyasint"`
	// Account is the check's.
	Account string `cbor:"2,keyasint"`
	// State is [Healthy] or [Unhealthy], what the check has become.
	State string `cbor:"3,keyasint"`
	// Forced says that an operator made it so.
	Forced bool `cbor:"4,keyasint,omitempty"`
	// Reason is why, one line.
	Reason string `cbor:"5,keyasint,omitempty"`
	// Node is the name of the node that wrote it, At when the change was seen,
	// in milliseconds since 1970.
	Node string `cbor:"6,keyasint"`
	At   int64  `cbor:"7,keyasint"`
}

// Table implements [Value].
func (*HealthEvent) Table() string { return TableEvents }

// Key implements [Value]: earlier events have lower keys.
func (e *HealthEvent) Key() string {
	return fmt.Sprintf("%012x\x00%s\x00%s", e.At, e.HealthCheckID, e.Node)
}

// Time returns when the change was seen.
func (e *HealthEvent) Time() time.Time { return time.UnixMilli(e.At) }

// Validate implements [Value].
func (e *HealthEvent) Validate() error {
	var at error
	if e.At < 0 || e.At >= 1<<48 {
		at = fmt.Errorf("event at %d milliseconds since 1970, out of range [0, 2^48)", e.At)
	}
	return errors.Join(
		validateHealthCheckID(e.HealthCheckID), ValidateAccount(e.Account), at,
		validateOneOf("state of an event", e.State, Healthy, Unhealthy),
		validateText("reason of an event", e.Reason),
		validateText("node of an event", e.Node),
	)
}

// HealthLast is what this node last held a health check to be, on this node
// only: what it answers by after a restart, until checkers are heard.
type HealthLast struct {
	HealthCheckID string `cbor:"1,keyasint"`
	// Healthy is what the checkers said: neither inverted, nor forced.
	Healthy bool `cbor:"2,keyasint"`
}

// Table implements [Value].
func (*HealthLast) Table() string { return TableHealthLast }

// Key implements [Value]: the health check's id.
func (l *HealthLast) Key() string { return l.HealthCheckID }

// Validate implements [Value].
func (l *HealthLast) Validate() error { return validateHealthCheckID(l.HealthCheckID) }
