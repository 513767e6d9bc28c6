// Package operator is what an operator rehearses with and AWS has no operation
// for: his word on a health check, which stands above what checkers find
// (aws-behaviour 4.4, simulator hooks), and what happened to health checks and
// certificates, which AWS tells by EventBridge. Beside it are short forms of what
// has an operation, for scripts without an AWS client:
//
//	PUT    /_sim/healthcheck/ID/force       {"State": "healthy"} or "unhealthy"
//	GET    /_sim/healthcheck/ID/force       what is forced, ResourceNotFoundException if nothing is
//	DELETE /_sim/healthcheck/ID/force
//	GET    /_sim/events?kind=K&max=N        the newest first; kind healthcheck or certificate
//	PUT    /_sim/alarm/NAME/state?region=R  {"State": "OK"}, "ALARM", "INSUFFICIENT_DATA"
//	PUT    /_sim/routingcontrol/ARN         {"State": "On"}, "Off"
//
// A request acts for the account that signs it, with the service name
// `edgestage`; where the endpoint has no credentials it need not be signed. A
// [Service] is safe for concurrent use.
package operator

import (
	"errors"
	"net/http"
	"net/url"
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

// prefix begins every path.
const prefix = "/_sim/"

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
func (*Service) Scope() string { return "edgestage" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, prefix) }

// Unsigned implements [api.Unsigned]: shell scripts cannot sign.
func (*Service) Unsigned() {}

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	awsjson.WriteError(w, r, "message", e)
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	kind, id, err := split(r.URL.EscapedPath())
	if err != nil {
		return err
	}
	r.Operation = r.Method + " " + kind
	switch {
	case kind == "force":
		return s.force(w, r, id)
	case kind == "events" && r.Method == http.MethodGet:
		return s.showEvents(w, r)
	case kind == "alarm" && r.Method == http.MethodPut:
		region := r.Region
		if q := r.URL.Query(); q.Has("region") {
			region = q.Get("region")
		}
		return s.signal(w, r, signal.Alarm(region, id), model.AlarmOK, model.AlarmAlarm, model.AlarmInsufficient)
	case kind == "routingcontrol" && r.Method == http.MethodPut:
		return s.signal(w, r, id, model.ControlOn, model.ControlOff)
	}
	return unknown(r.Method)
}

func unknown(method string) error {
	return awserr.New(awserr.UnknownOperation, "There is no %s here: PUT, GET or DELETE %shealthcheck/ID/force, GET %sevents, PUT %salarm/NAME/state, PUT %sroutingcontrol/ARN.",
		method, prefix, prefix, prefix, prefix)
}

// split returns what a path, still escaped, is about, and its id.
func split(path string) (kind, id string, err error) {
	rest, ok := strings.CutPrefix(path, prefix)
	kind, rest, _ = strings.Cut(rest, "/")
	switch kind {
	case "healthcheck":
		kind = "force"
		rest, ok = strings.CutSuffix(rest, "/force")
	case "alarm":
		rest, ok = strings.CutSuffix(rest, "/state")
	case "routingcontrol":
	case "events":
		if ok && rest == "" {
			return kind, "", nil
		}
		ok = false
	default:
		ok = false
	}
	if id, err = url.PathUnescape(rest); err != nil || !ok || id == "" {
		return "", "", unknown("such path")
	}
	return kind, id, nil
}

// wanted is the body of a PUT.
type wanted struct {
	State string `json:"State" aws:"required"`
}

// read returns the state that the body wants, one of those allowed.
func read(r *api.Request, allowed ...string) (string, error) {
	var body wanted
	if err := awsjson.Decode(r.Payload, &body); err != nil {
		if known := (*awserr.Error)(nil); errors.As(err, &known) {
			return "", known
		}
		return "", awserr.New(awserr.Validation, "%v", err)
	}
	if !slices.Contains(allowed, body.State) {
		return "", awserr.New(awserr.Validation, "State %.64q is none of %q", body.State, allowed)
	}
	return body.State, nil
}

func (s *Service) signal(w http.ResponseWriter, r *api.Request, source string, allowed ...string) error {
	to, err := read(r, allowed...)
	if err != nil {
		return err
	}
	err = signal.Set(r.Context(), s.config.Replica, r.Account, []signal.State{{Source: source, Value: to}}, "account "+r.Account, s.config.Now())
	if errors.Is(err, signal.ErrNoFollower) {
		return awserr.New(awserr.RoutingControlNotFound, "No health check of account %s follows %.300q.", r.Account, source)
	}
	if err != nil {
		return err
	}
	return awsjson.Write(w, wanted{to})
}

// forced is what is forced, as it is shown.
type forced struct {
	HealthCheckID string `json:"HealthCheckId"`
	State         string
	By            string
	At            awsjson.Time
}

// force sets, shows or lifts an operator's word.
func (s *Service) force(w http.ResponseWriter, r *api.Request, id string) error {
	switch r.Method {
	case http.MethodGet:
		return s.show(w, r, id)
	case http.MethodDelete:
		return s.commit(w, r, id, func(t *state.Tx) error {
			t.Delete(model.TableHealthForces, id)
			return nil
		})
	case http.MethodPut:
		to, err := read(r, model.Healthy, model.Unhealthy)
		if err != nil {
			return err
		}
		f := &model.HealthForce{HealthCheckID: id, State: to, By: "account " + r.Account, At: s.config.Now().UTC()}
		return s.commit(w, r, id, func(t *state.Tx) error { return t.Put(f) })
	}
	return unknown(r.Method)
}

// commit does what do says about a health check that the account has.
func (s *Service) commit(w http.ResponseWriter, r *api.Request, id string, do func(t *state.Tx) error) error {
	_, err := s.config.Replica.Commit(r.Context(), func(t *state.Tx) error {
		if err := check(&t.Reader, r.Account, id); err != nil {
			return err
		}
		return do(t)
	})
	if err != nil {
		return err
	}
	return awsjson.Write(w, nil)
}

func (s *Service) show(w http.ResponseWriter, r *api.Request, id string) error {
	var out *forced
	err := s.config.Replica.View(func(rd *state.Reader) error {
		if err := check(rd, r.Account, id); err != nil {
			return err
		}
		v, ok := rd.Get(model.TableHealthForces, id)
		if !ok {
			return awserr.New(awserr.RoutingControlNotFound, "Nothing is forced on health check %s.", id)
		}
		f := v.(*model.HealthForce)
		out = &forced{f.HealthCheckID, f.State, f.By, awsjson.Time(f.At)}
		return nil
	})
	if err != nil {
		return err
	}
	return awsjson.Write(w, out)
}

// check returns an error unless the account has the health check.
func check(rd *state.Reader, account, id string) error {
	v, ok := rd.Get(model.TableHealthChecks, id)
	if !ok || v.(*model.HealthCheck).Account != account {
		return awserr.New(awserr.NoSuchHealthCheck, "A health check with id %.64s does not exist.", id)
	}
	return nil
}
