// Package api is the AWS-compatible endpoint: one HTTP handler, which any host
// mounts, for every service that the replicated state stands behind.
//
// It tells services apart, proves who asks (Signature Version 4), names each
// request, bounds what a client may take, and renders errors. What an operation
// does is the services' own affair: each is a read of state or one commit to
// it, so that any node is an endpoint for all of them. The handler is safe for
// concurrent use and keeps nothing but counters between requests.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// HealthPath answers 200 as long as the node serves, 503 otherwise, to anyone.
const HealthPath = "/_health"

// defaultRegion is that of requests which name none.
const defaultRegion = "us-east-1"

// The bounds of what one client may take.
const (
	// MaxBody is the longest request body in bytes (aws-behaviour 2.6).
	MaxBody = 1 << 20
	// MaxConcurrent is how many requests are answered at once; who comes
	// beyond it is told to come back (aws-behaviour 1.7).
	MaxConcurrent = 256
)

// Config is what a [Handler] is made of.
type Config struct {
	Replica *state.Replica
	// Credentials are who may ask; nil: anybody, see [Handler].
	Credentials *Credentials
	// Services are asked in order whether a request is theirs.
	Services []Service
	// Log reports each denied or failed request in a line; it must not block.
	Log func(format string, args ...any)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is one AWS API.
type Service interface {
	// Scope is its name in credential scopes, such as "route53".
	Scope() string
	// Owns tells whether a request that names no scope is the service's, by
	// path or X-Amz-Target.
	Owns(r *http.Request) bool
	// Serve answers a request. Where it returns an error, it has written
	// nothing.
	Serve(w http.ResponseWriter, r *Request) error
	// WriteError renders e in the service's document format.
	WriteError(w http.ResponseWriter, r *Request, e *awserr.Error)
}

// Unsigned is a [Service] that takes requests without any signature, as account
// [model.DefaultAccount], where the endpoint has no credentials.
type Unsigned interface{ Unsigned() }

// Request is a request whose sender is known.
type Request struct {
	*http.Request
	// ID is the request's id, a UUID.
	ID string
	// Account is who asks: 12 digits.
	Account string
	// Region is the AWS Region of the credential scope: where regional services
	// keep what they make.
	Region string
	// Payload is the whole body.
	Payload []byte
	// Operation is set by the service once it knows it, for the log.
	Operation string
}

// Handler is the endpoint.
//
// With credentials every request must carry a valid signature, in its headers
// or its query. Without, the signature is not looked at: an access key id of
// 12 digits names the account, any other stands for account 000000000000. Such
// an endpoint is for loopback only, which [Server] sees to, and it refuses what
// a browser sends for a web page.
type Handler struct {
	config      Config
	credentials atomic.Pointer[Credentials]
	slots       chan struct{}
}

// New returns a handler. It has no side effects.
func New(c Config) *Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	h := &Handler{config: c, slots: make(chan struct{}, MaxConcurrent)}
	h.credentials.Store(c.Credentials)
	return h
}

// SetCredentials replaces who may ask, from the next request on. A handler that
// had credentials keeps some: nil changes nothing.
func (h *Handler) SetCredentials(c *Credentials) {
	if c != nil {
		h.credentials.Store(c)
	}
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == HealthPath {
		h.health(w)
		return
	}
	req := &Request{Request: r, ID: newRequestID()}
	w.Header().Set("X-Amzn-Requestid", req.ID)
	service, auth, err := h.dispatch(r)
	if service == nil {
		h.report(req, "", err)
		writeUnknownService(w, req, awserr.From(err))
		return
	}
	if err == nil {
		err = h.serve(w, req, service, auth)
	}
	if err != nil {
		e := translate(err)
		h.report(req, service.Scope(), err)
		service.WriteError(w, req, e)
	}
}

// serve answers a request for a service, or says why not.
func (h *Handler) serve(w http.ResponseWriter, r *Request, service Service, auth *authorization) error {
	if _, ok := service.(Unsigned); ok && auth == nil && h.credentials.Load() == nil {
		auth = &authorization{keyID: model.DefaultAccount, region: defaultRegion}
	}
	if err := h.introduce(r, auth); err != nil {
		return err
	}
	r.Region = auth.region
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return awserr.New(awserr.Throttling, "Rate exceeded")
	}
	var err error
	if r.Payload, err = readBody(w, r.Request); err != nil {
		return err
	}
	if r.Account, err = h.authenticate(r, service, auth); err != nil {
		return err
	}
	if err := h.config.Replica.Behind(); err != nil {
		return unavailable(err)
	}
	return service.Serve(w, r)
}

// readBody reads the whole body, which is all that a client can make us keep.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	if _, err := io.Copy(&b, http.MaxBytesReader(w, r.Body, MaxBody)); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, awserr.New(awserr.RequestEntityTooLarge, "Request body is longer than %d bytes.", MaxBody)
		}
		return nil, awserr.New(awserr.InvalidInput, "The request body could not be read.")
	}
	return b.Bytes(), nil
}

// translate returns what the client is told.
func translate(err error) *awserr.Error {
	e := awserr.From(err)
	if e.Code != awserr.InternalFailure {
		return e
	}
	for _, wait := range []error{state.ErrBehind, state.ErrClosed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, wait) {
			return awserr.From(unavailable(err))
		}
	}
	return e
}

// unavailable is the error of a node that does not serve now; why it does not
// is for the log.
func unavailable(err error) error {
	return fmt.Errorf("%w: %w", awserr.New(awserr.ServiceUnavailable, "Service is currently unavailable. Please try again."), err)
}

func (h *Handler) health(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := h.config.Replica.Behind(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "behind\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// report logs a request that was denied or failed: no header, no body, no
// signature.
func (h *Handler) report(r *Request, service string, err error) {
	e := translate(err)
	what := r.Operation
	if what == "" {
		what = r.Method
	}
	detail := e.Message
	if e.Code == awserr.InternalFailure || e.Code == awserr.ServiceUnavailable {
		detail = err.Error()
	}
	h.config.Log("Request %s from %s failed: %s %s by account %q: %d %s: %.300q",
		r.ID, r.RemoteAddr, service, what, r.Account, e.Status(), e.Code, detail)
}
