// Package elbv2 is what of the Elastic Load Balancing API (2015-12-01)
// certificates need: the load balancers that edges declare, each with one
// HTTPS listener, and the certificates of that listener (aws-behaviour 8.3).
//
// Listeners, rules and target groups are the edges' own affair: their sites.
// Each operation is a read of rows or one commit. The contract is aws-behaviour
// 8; a [Service] is safe for concurrent use.
package elbv2

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/api/awsquery"
)

// Namespace is that of all documents.
const Namespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"

// version is that of the API; others, such as that of Classic Load Balancers,
// are not known.
const version = "2015-12-01"

// MaxCertificates is how many certificates a load balancer's listener may have
// besides its default one (aws-behaviour 8.1).
const MaxCertificates = 25

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
func (*Service) Scope() string { return "elasticloadbalancing" }

// Owns implements [api.Service]: what has no scope says nothing of the service.
func (*Service) Owns(*http.Request) bool { return false }

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	api.WriteXMLError(w, r, Namespace, e)
}

// operations are those of the service.
var operations = map[string]func(c *call) (any, error){
	"AddListenerCertificates":      addListenerCertificates,
	"DescribeListenerCertificates": describeListenerCertificates,
	"DescribeListeners":            describeListeners,
	"DescribeLoadBalancers":        describeLoadBalancers,
	"DescribeTags":                 describeTags,
	"ModifyListener":               modifyListener,
	"RemoveListenerCertificates":   removeListenerCertificates,
}

// call is one request to an operation.
type call struct {
	*Service
	ctx             context.Context
	account, region string
	form            url.Values
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	form, err := awsquery.Form(r)
	if err != nil {
		return err
	}
	r.Operation = form.Get("Action")
	run, ok := operations[r.Operation]
	if v := form.Get("Version"); !ok || v != version {
		return awserr.New(awserr.InvalidAction, "Could not find operation %.64s for version %.32s", r.Operation, v)
	}
	answer, err := run(&call{Service: s, ctx: r.Context(), account: r.Account, region: r.Region, form: form})
	if err != nil {
		return err
	}
	return awsquery.Write(w, r, Namespace, r.Operation, answer)
}

// decode reads the parameters into v.
func (c *call) decode(v any) error {
	err := awsquery.Decode(c.form, v)
	if broken := (awsjson.Constraints)(nil); errors.As(err, &broken) {
		return invalid("%s", broken)
	}
	return err
}

// invalid is the error of parameters that cannot be.
func invalid(format string, args ...any) error {
	return awserr.New(awserr.ValidationError, format, args...)
}

// empty is a result without members.
type empty struct{}
