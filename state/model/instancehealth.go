package model

import (
	"errors"
	"fmt"
)

// The health of an instance, as the API spells it.
const (
	StatusHealthy   = "HEALTHY"
	StatusUnhealthy = "UNHEALTHY"
	StatusUnknown   = "UNKNOWN"
)

// InstanceHealth is the last word that the API was told of an instance's
// health, and a sign of life: a row of its own, so that it and a registration
// on another node do not lose each other.
type InstanceHealth struct {
	Service  string `cbor:"1,keyasint"`
	Instance string `cbor:"2,keyasint"`
	Status   string `cbor:"3,keyasint"` // StatusHealthy or StatusUnhealthy
	// At is when it was said, in milliseconds since 1970, and never before the
	// instance's Since. One from before belongs to an earlier instance of this
	// id and says nothing.
	At int64 `cbor:"4,keyasint"`
	// From is when Status takes effect, in milliseconds since 1970, where that
	// is not at once; until then the instance is as Before says.
	Before string `cbor:"5,keyasint,omitempty"`
	From   int64  `cbor:"6,keyasint,omitempty"`
}

// Table implements [Value].
func (*InstanceHealth) Table() string { return TableInstanceHealth }

// Key implements [Value]: the instance's key.
func (h *InstanceHealth) Key() string { return InstancePrefix(h.Service) + h.Instance }

// Validate implements [Value].
func (h *InstanceHealth) Validate() error {
	var errs []error
	if !ValidServiceID(h.Service) || !ValidInstanceID(h.Instance) {
		errs = append(errs, fmt.Errorf("health of the instance %q of the service %q", h.Instance, h.Service))
	}
	if h.Before != "" || h.From != 0 {
		errs = append(errs, validateOneOf("instance health before", h.Before, StatusHealthy, StatusUnhealthy))
	}
	if h.Before == h.Status {
		errs = append(errs, fmt.Errorf("instance health %s before and after", h.Status))
	}
	return errors.Join(append(errs,
		validateOneOf("instance health", h.Status, StatusHealthy, StatusUnhealthy), validateMillis(h.At), validateMillis(h.From),
	)...)
}

// Condition is how an instance is doing by rows and clock. Checkers are
// another matter: an instance is unhealthy if either says so.
type Condition struct {
	// Gone says that its lease ended long ago: the instance reads as absent.
	Gone bool
	// Status is [StatusUnknown] where neither custom health nor a lease says
	// anything.
	Status string
	// Until is when this changes by the clock alone, in milliseconds since
	// 1970; 0: never.
	Until int64
}

// Unhealthy tells whether the condition alone makes the instance unhealthy.
func (c Condition) Unhealthy() bool { return c.Status == StatusUnhealthy }

// Condition returns how i, an instance of s, is doing at a time in milliseconds
// since 1970. h is the instance's row of health, or nil. Every node that has
// the same rows says the same, as far as their clocks agree.
//
//	lease        custom health   status                     until
//	none         none            unknown                    ever
//	none         yes             the last word, else init   ever, or a new word takes effect
//	running      any             the last word, else init   the lease ends, or that
//	ended        any             unhealthy                  another lease later
//	ended twice  any             gone                       ever
//
// A lease runs from the last registration or the last word, whichever is later.
// An instance with a lease has custom health whatever its service says.
func (i *Instance) Condition(s *Service, h *InstanceHealth, now int64) Condition {
	if h != nil && h.At < i.Since {
		h = nil
	}
	lease := i.Lease().Milliseconds()
	if s.CustomHealth == nil && lease == 0 {
		return Condition{Status: StatusUnknown}
	}
	c := Condition{Status: StatusHealthy}
	alive := i.Registered
	switch {
	case h != nil && now < h.From:
		c.Status, c.Until = h.Before, h.From
		alive = max(alive, h.At)
	case h != nil:
		c.Status = h.Status
		alive = max(alive, h.At)
	case i.Attributes[AttrInitHealth] == StatusUnhealthy:
		c.Status = StatusUnhealthy
	}
	switch {
	case lease == 0:
	case now < alive+lease:
		if c.Until == 0 || alive+lease < c.Until {
			c.Until = alive + lease
		}
	case now < alive+2*lease:
		c.Status, c.Until = StatusUnhealthy, alive+2*lease
	default:
		c = Condition{Status: StatusUnhealthy, Gone: true}
	}
	return c
}
