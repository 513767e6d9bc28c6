package model

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The states of a health check, as rows spell them.
const (
	Healthy   = "healthy"
	Unhealthy = "unhealthy"
)

// HealthForce is an operator's word on a health check: it stands above
// whatever checkers, alarms or children say, until the row is deleted.
type HealthForce struct {
	HealthCheckID string `cbor:"1,keyasint"`
	// State is [Healthy] or [Unhealthy], what the check is for those that
	// refer to it: Disabled and Inverted do not change it.
	State string `cbor:"2,keyasint"`
	// By names who said so, At is when.
	By string    `cbor:"3,keyasint,omitempty"`
	At time.Time `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*HealthForce) Table() string { return TableHealthForces }

// Key implements [Value]: the health check's id.
func (f *HealthForce) Key() string { return f.HealthCheckID }

// Validate implements [Value].
func (f *HealthForce) Validate() error {
	return errors.Join(
		validateHealthCheckID(f.HealthCheckID),
		validateOneOf("forced state", f.State, Healthy, Unhealthy),
		validateText("who forced it", f.By),
	)
}

// maxText is the most bytes of a free text in a row about health.
const maxText = 1024

func validateHealthCheckID(id string) error {
	if !healthCheckID.MatchString(id) {
		return fmt.Errorf("health check id %q is not 1 to 64 of [0-9A-Za-z_-]", id)
	}
	return nil
}

func validateOneOf(what, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s %q is none of %q", what, value, allowed)
	}
	return nil
}

func validateText(what, value string) error {
	if len(value) > maxText {
		return fmt.Errorf("%s has %d bytes, at most %d are allowed", what, len(value), maxText)
	}
	return nil
}
