// Package route53 is the Route 53 API (2013-04-01) over the replicated state:
// what clients write becomes one commit, what they read comes from the rows of
// the node that they ask.
//
// Each operation is a function of a [call]; one family of them is a file. The
// shapes are structs with the API's member names, in the order in which AWS
// writes them. Operations return errors of package awserr in AWS's words; the
// contract is aws-behaviour 1, 2, 4 and 5. A [Service] is safe for concurrent
// use.
package route53

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsxml"
)

// Namespace is that of all documents.
const Namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

// version begins every path.
const version = "/2013-04-01/"

// Config is what a [Service] is made of.
type Config struct {
	Replica *state.Replica
	// Answerer is the host's answering code, for TestDNSAnswer; nil: this node
	// does not answer DNS.
	Answerer Answerer
	// Health tells what checkers see; nil: nothing was judged yet.
	Health HealthReporter
	// Quotas are AWS's where zero.
	Quotas Quotas
	// RefuseReserved refuses the names that AWS keeps for itself: top-level
	// domains, and example.com.
	RefuseReserved bool
	// Throttle limits requests as Route 53 does: 5 a second from an account, one
	// batch of changes for a zone at a time. Without it there is no limit, and
	// batches wait for each other.
	Throttle bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is the API.
type Service struct {
	config   Config
	comments comments
	sizes    sizes
	rates    api.Rates
	busy     busyZones
}

var _ api.Service = (*Service)(nil)

// New returns a service. It has no side effects.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Quotas = c.Quotas.withDefaults()
	return &Service{config: c}
}

// Scope implements [api.Service].
func (*Service) Scope() string { return "route53" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, version) }

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	api.WriteXMLError(w, r, Namespace, e)
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	op, params, err := route(r.Method, r.URL.EscapedPath())
	if err != nil {
		return err
	}
	r.Operation = op.name
	c := &call{Service: s, ctx: r.Context(), op: op, account: r.Account, params: params, query: r.URL.Query(), payload: r.Payload}
	if err := c.checkRate(); err != nil {
		return err
	}
	body, err := op.run(c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if made, ok := body.(created); ok {
		w.Header().Set("Location", "https://route53.amazonaws.com"+version+made.path)
		status, body = http.StatusCreated, made.body
	}
	document, err := encode(op.name+"Response", body)
	if err != nil {
		return err
	}
	api.WriteXML(w, status, document)
	return nil
}

// created is the answer of an operation that makes something.
type created struct {
	path string // below the version
	body any
}

// encode returns body under a root element in the namespace.
func encode(root string, body any) ([]byte, error) {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	err := e.EncodeElement(body, xml.StartElement{
		Name: xml.Name{Local: root}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: Namespace}},
	})
	if err == nil {
		err = e.Close()
	}
	return b.Bytes(), err
}

// call is one request to an operation.
type call struct {
	*Service
	ctx     context.Context
	op      *operation
	account string
	params  map[string]string
	query   map[string][]string
	payload []byte
}

// decode reads the request document into v.
func (c *call) decode(v any) error {
	err := awsxml.Decode(c.payload, c.op.name+"Request", Namespace, v)
	if err == nil {
		return nil
	}
	if root := (*awsxml.RootError)(nil); errors.As(err, &root) {
		what := strings.TrimPrefix(c.op.name, "ChangeResourceRecordSets")
		if what == "" {
			what = "ChangeBatch"
		}
		return awserr.New(awserr.MalformedInput, "%s is not valid, expected %s", what, root.Want)
	}
	return invalid("%s", err)
}

func invalid(format string, args ...any) error {
	return awserr.New(awserr.InvalidInput, format, args...)
}

// param returns a query parameter, and whether it is there.
func (c *call) param(name string) (string, bool) {
	values := c.query[name]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// view reads the rows.
func (c *call) view(f func(rd *state.Reader) error) error { return c.config.Replica.View(f) }

// empty is a response without members.
type empty struct{}
