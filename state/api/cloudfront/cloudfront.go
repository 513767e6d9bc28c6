// Package cloudfront is that part of the CloudFront API (2020-05-31) by which
// distributions come to have host names: distributions with their aliases and
// viewer certificates, moving an alias, and finding who is in its way
// (aws-behaviour 9.2).
//
// Origins, cache behaviours and whatever else a configuration holds are kept and
// given back as they were given: what an edge serves is its Caddyfile's affair.
// Each operation is a function of a [call]. What must be looked up in DNS is
// looked up before the commit, which judges everything else anew. A [Service] is
// safe for concurrent use.
package cloudfront

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/claims/dangling"
	"github.com/edgestage/edgestage/state/hlc"
)

// Namespace is that of all documents.
const Namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/"

// version begins every path.
const version = "/2020-05-31/"

// MaxDistributions is how many distributions an account may have.
const MaxDistributions = 200

// Config is what a [Service] is made of.
type Config struct {
	Replica *state.Replica
	// Node is the name of this node, whose own resolvers are asked; "": those
	// declared last.
	Node string
	// Log reports names that are given up although that is not safe; nil: not
	// at all. It must not block.
	Log func(format string, args ...any)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is the API.
type Service struct {
	config Config
	guard  *dangling.Guard
}

var _ api.Service = (*Service)(nil)

// New returns a service. It has no side effects.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	return &Service{config: c, guard: &dangling.Guard{Replica: c.Replica, Node: c.Node}}
}

// Scope implements [api.Service].
func (*Service) Scope() string { return "cloudfront" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, version) }

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	api.WriteXMLError(w, r, Namespace, e)
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	query := r.URL.Query()
	op, params, err := route(r.Method, r.URL.EscapedPath(), query)
	if err != nil {
		return err
	}
	r.Operation = op.name
	c := &call{
		Service: s, ctx: r.Context(), account: r.Account, params: params, query: query,
		ifMatch: strings.Trim(r.Header.Get("If-Match"), `"`), payload: r.Payload,
	}
	res, err := op.run(c)
	if err != nil {
		return err
	}
	if res.etag != "" {
		w.Header().Set("ETag", res.etag)
	}
	if res.location != "" {
		w.Header().Set("Location", "https://cloudfront.amazonaws.com"+version+res.location)
	}
	if res.body == nil {
		w.WriteHeader(res.status)
		return nil
	}
	api.WriteXML(w, res.status, res.body.document())
	return nil
}

// response is what an operation answers.
type response struct {
	status         int
	etag, location string
	body           *node // nil: none
}

// ok answers a document.
func ok(body *node) response { return response{status: http.StatusOK, body: body} }

// call is one request to an operation.
type call struct {
	*Service
	ctx     context.Context
	account string
	params  map[string]string
	query   map[string][]string
	ifMatch string
	payload []byte
}

// param returns a query parameter, "" where it is missing.
func (c *call) param(name string) string {
	if values := c.query[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// view reads the rows.
func (c *call) view(f func(rd *state.Reader) error) error { return c.config.Replica.View(f) }

// now returns the time for claims.
func (c *call) now() hlc.Stamp { return hlc.At(c.config.Now()) }
