// Package cloudwatch is the one operation of Amazon CloudWatch that health
// checks need: SetAlarmState (aws-behaviour 4.4). A health check of the type
// CLOUDWATCH_METRIC follows the state that is set here; edgestage has no
// metrics and evaluates no alarm.
//
// The AWS CLI and older SDKs send it in the Query protocol, others in JSON or
// in CBOR: all three are understood. A [Service] is safe for concurrent use.
package cloudwatch

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/signal"
)

// Config is what a [Service] is made of.
type Config struct {
	Replica *state.Replica
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is the API.
type Service struct{ config Config }

var _ api.Service = (*Service)(nil)

// New returns a service. It has no side effects.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c}
}

// Scope implements [api.Service].
func (*Service) Scope() string { return "monitoring" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool { return protocolOf(r) != (query{}) }

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	protocolOf(r.Request).fail(w, r, e)
}

// request is a SetAlarmState.
type request struct {
	AlarmName       string  `json:"AlarmName" aws:"required,min=1,max=255"`
	StateValue      string  `json:"StateValue" aws:"required" enum:"OK|ALARM|INSUFFICIENT_DATA"`
	StateReason     *string `json:"StateReason" aws:"required,max=1023"`
	StateReasonData *string `json:"StateReasonData" aws:"max=4000"`
}

const operation = "SetAlarmState"

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	p := protocolOf(r.Request)
	name, err := p.operation(r)
	if err != nil {
		return err
	}
	r.Operation = name
	if name != operation {
		return awserr.New(awserr.InvalidAction, "Could not find operation %.64s: of CloudWatch this endpoint has %s only.", name, operation)
	}
	var req request
	if err := p.decode(r, &req); err != nil {
		return invalid(err)
	}
	by := strings.TrimSpace(fmt.Sprintf("account %s: %s", r.Account, *req.StateReason))
	state := signal.State{Source: signal.Alarm(r.Region, req.AlarmName), Value: req.StateValue}
	err = signal.Set(r.Context(), s.config.Replica, r.Account, []signal.State{state}, by, s.config.Now())
	if errors.Is(err, signal.ErrNoFollower) {
		return awserr.New(awserr.AlarmNotFound, "No health check of account %s follows an alarm named %q in %s.", r.Account, req.AlarmName, r.Region)
	}
	if err != nil {
		return err
	}
	return p.succeed(w, r)
}

// invalid gives broken constraints their code.
func invalid(err error) error {
	if known := (*awserr.Error)(nil); errors.As(err, &known) {
		return known
	}
	return awserr.New(awserr.ValidationError, "%v", err)
}
