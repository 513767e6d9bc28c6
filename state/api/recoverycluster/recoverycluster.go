// Package recoverycluster is the data plane of Amazon Application Recovery
// Controller (2019-12-02): routing controls, which health checks of the type
// RECOVERY_CONTROL follow (aws-behaviour 4.4). A routing control exists here
// once a health check of the account names its ARN; there are no clusters,
// panels or safety rules. A [Service] is safe for concurrent use.
package recoverycluster

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/api/signal"
	"github.com/edgestage/edgestage/state/model"
)

const targetPrefix = "ToggleCustomerAPI"

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
func (*Service) Scope() string { return "route53-recovery-cluster" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool {
	_, ok := awsjson.Operation(r, targetPrefix)
	return ok
}

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	awsjson.WriteError(w, r, "message", e)
}

// operations are those of the service.
var operations = map[string]func(s *Service, r *api.Request) (any, error){
	"GetRoutingControlState":     get,
	"ListRoutingControls":        list,
	"UpdateRoutingControlState":  update,
	"UpdateRoutingControlStates": updateAll,
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	r.Operation, _ = awsjson.Operation(r.Request, targetPrefix)
	run, ok := operations[r.Operation]
	if !ok {
		return awserr.New(awserr.UnknownOperation, "Operation %.64q is not one of the recovery cluster's.", r.Operation)
	}
	answer, err := run(s, r)
	if broken := (awsjson.Constraints)(nil); errors.As(err, &broken) {
		err = awserr.New(awserr.Validation, "%v", broken)
	}
	if err != nil {
		return err
	}
	return awsjson.Write(w, answer)
}

// control names a routing control.
type control struct {
	ARN string `json:"RoutingControlArn" aws:"required,min=1,max=255" pattern:"[A-Za-z0-9:\\/_-]*"`
}

type stateAnswer struct {
	ARN   string `json:"RoutingControlArn"`
	State string `json:"RoutingControlState"`
	Name  string `json:"RoutingControlName"`
}

func get(s *Service, r *api.Request) (any, error) {
	var req control
	if err := awsjson.Decode(r.Payload, &req); err != nil {
		return nil, err
	}
	var found *stateAnswer
	err := s.config.Replica.View(func(rd *state.Reader) error {
		if slices.Contains(signal.Followed(rd, r.Account), req.ARN) {
			found = answer(rd, r.Account, req.ARN)
		}
		return nil
	})
	if err == nil && found == nil {
		err = notFound(r.Account)
	}
	return found, err
}

// answer returns a routing control's state: Off where nobody set it, as AWS
// makes them; a health check that follows it is healthy all the same until
// then.
func answer(rd *state.Reader, account, arn string) *stateAnswer {
	a := &stateAnswer{ARN: arn, State: model.ControlOff, Name: arn[strings.LastIndexByte(arn, '/')+1:]}
	if v := signal.Get(rd, account, arn); v != nil {
		a.State = v.State
	}
	return a
}

func notFound(account string) error {
	return awserr.New(awserr.RoutingControlNotFound, "No health check of account %s follows such a routing control.", account)
}

type listRequest struct {
	MaxResults *int64  `json:"MaxResults" aws:"min=1,max=1000"`
	NextToken  *string `json:"NextToken" aws:"min=1,max=8096"`
}

type listAnswer struct {
	Controls  []*stateAnswer `json:"RoutingControls"`
	NextToken string         `json:"NextToken,omitempty"`
}

// list pages by ARN: a token is the last one of the page before.
func list(s *Service, r *api.Request) (any, error) {
	var req listRequest
	if err := awsjson.Decode(r.Payload, &req); err != nil {
		return nil, err
	}
	most := 500
	if req.MaxResults != nil {
		most = int(*req.MaxResults)
	}
	out := listAnswer{Controls: []*stateAnswer{}}
	err := s.config.Replica.View(func(rd *state.Reader) error {
		for _, arn := range signal.Followed(rd, r.Account) {
			if !strings.HasPrefix(arn, "arn:") || req.NextToken != nil && arn <= *req.NextToken {
				continue
			}
			if len(out.Controls) == most {
				out.NextToken = out.Controls[most-1].ARN
				return nil
			}
			out.Controls = append(out.Controls, answer(rd, r.Account, arn))
		}
		return nil
	})
	return out, err
}

type entry struct {
	ARN   string `json:"RoutingControlArn" aws:"required,min=1,max=255"`
	State string `json:"RoutingControlState" aws:"required" enum:"On|Off"`
}

func update(s *Service, r *api.Request) (any, error) {
	var req entry
	if err := awsjson.Decode(r.Payload, &req); err != nil {
		return nil, err
	}
	return nil, s.set(r, []entry{req})
}

type updateAllRequest struct {
	Entries []entry `json:"UpdateRoutingControlStateEntries" aws:"required,min=1,max=100"`
}

func updateAll(s *Service, r *api.Request) (any, error) {
	var req updateAllRequest
	if err := awsjson.Decode(r.Payload, &req); err != nil {
		return nil, err
	}
	return nil, s.set(r, req.Entries)
}

// set sets all entries at once, or none.
func (s *Service) set(r *api.Request, entries []entry) error {
	var states []signal.State
	for _, e := range entries {
		states = append(states, signal.State{Source: e.ARN, Value: e.State})
	}
	err := signal.Set(r.Context(), s.config.Replica, r.Account, states, "account "+r.Account, s.config.Now())
	if errors.Is(err, signal.ErrNoFollower) {
		return notFound(r.Account)
	}
	return err
}
