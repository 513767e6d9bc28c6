// Package cloudmap is the AWS Cloud Map API (2017-03-14) over the replicated
// state: namespaces, services and instances are rows, a registration is one
// commit, and the records that DNS answers are derived from the rows wherever
// they are read ([model.InstanceRRsets]).
//
// Each operation is a function of a [call]; one family of them is a file. The
// shapes are structs with the API's member names. What AWS does in the
// background is done here by the commit that answers the request: its
// operation is pending until all members that serve have that commit. The
// contract is aws-behaviour 6. A [Service] is safe for concurrent use.
package cloudmap

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/model"
)

// target is what the targets of all operations begin with.
const target = "Route53AutoNaming_v20170314"

// HealthReporter tells what checkers find.
type HealthReporter interface {
	// Judged returns whether the health check with an id is healthy, and
	// whether a checker or an operator has said anything of it yet.
	Judged(id string) (healthy, judged bool)
}

// Config is what a [Service] is made of.
type Config struct {
	Replica *state.Replica
	// Health tells what checkers see; nil: nothing was judged yet.
	Health HealthReporter
	// Quotas are AWS's where zero.
	Quotas Quotas
	// RefuseReserved refuses to probe addresses that are nobody's or private,
	// which AWS's checkers cannot reach.
	RefuseReserved bool
	// HealthDelay is how long a word on an instance's custom health takes to
	// have an effect: about 30 s with AWS (aws-behaviour 6.7). Zero: at once.
	HealthDelay time.Duration
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Service is the API.
type Service struct {
	config Config
	counts counts
	rates  api.Rates
	// self returns what names this node; not to be called in a commit.
	self func() string
}

var _ api.Service = (*Service)(nil)

// New returns a service. It has no side effects.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Quotas = c.Quotas.withDefaults()
	return &Service{config: c, self: sync.OnceValue(func() string { return identity(c.Replica) })}
}

// Scope implements [api.Service].
func (*Service) Scope() string { return "servicediscovery" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool {
	_, ok := awsjson.Operation(r, target)
	return ok
}

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	awsjson.WriteError(w, r, "Message", e)
}

// operations are those of aws-behaviour 6.2, by family.
var operations = make(map[string]func(c *call) (any, error))

func init() {
	for _, family := range []map[string]func(c *call) (any, error){
		namespaceOperations, serviceOperations, attributeOperations, instanceOperations,
		discoveryOperations, operationOperations, tagOperations,
	} {
		for name, run := range family {
			operations[name] = run
		}
	}
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	name, _ := awsjson.Operation(r.Request, target)
	run := operations[name]
	if run == nil || r.Method != http.MethodPost {
		return awserr.New(awserr.UnknownOperation, "No operation of Cloud Map is known by this target: %.64q.", name)
	}
	r.Operation = name
	answer, err := run(&call{
		Service: s, ctx: r.Context(), account: r.Account, region: r.Region, operation: name, payload: r.Payload, now: s.config.Now().UnixMilli(),
	})
	if err != nil {
		return err
	}
	return awsjson.Write(w, answer)
}

// call is one request to an operation.
type call struct {
	*Service
	ctx             context.Context
	account, region string
	operation       string
	payload         []byte
	now             int64 // in milliseconds since 1970
}

// decode reads the request document into v. What its shape forbids is invalid
// input in this service (aws-behaviour 6.1).
func (c *call) decode(v any) error {
	err := awsjson.Decode(c.payload, v)
	if broken := (awsjson.Constraints)(nil); errors.As(err, &broken) {
		return invalid("%v", broken)
	}
	return err
}

func invalid(format string, args ...any) error {
	return awserr.New(awserr.InvalidInput, format, args...)
}

// constraint is the error of one member that its shape forbids.
func constraint(path, value, must string) error {
	return invalid("%v", awsjson.Constraints{{Path: path, Value: value, Must: must}})
}

// view reads the rows.
func (c *call) view(f func(rd *state.Reader) error) error { return c.config.Replica.View(f) }

// commit makes what f writes durable.
func (c *call) commit(f func(t *state.Tx) error) error {
	_, err := c.config.Replica.Commit(c.ctx, f)
	return err
}

// id returns an id that may be given as an ARN.
func id(idOrARN string) string {
	if strings.HasPrefix(idOrARN, "arn:") {
		return idOrARN[strings.LastIndexByte(idOrARN, '/')+1:]
	}
	return idOrARN
}

// identity returns what names this node among those that hold the state.
func identity(r *state.Replica) string {
	members := r.Members()
	i := slices.IndexFunc(members, func(m state.Member) bool { return m.Self })
	switch {
	case i < 0:
		return "unknown" // impossible: a replica is its own member
	case members[i].ID != "":
		return members[i].ID
	}
	return members[i].Run.String()
}

func timestamp(ms int64) awsjson.Time { return awsjson.Time(time.UnixMilli(ms)) }

// own tells whether something in an account and Region is the caller's.
func (c *call) own(account, region string) bool { return account == c.account && region == c.region }

// ownerIsOther tells whether a request names another account's resource.
func (c *call) ownerIsOther(owner string) bool { return owner != "" && owner != c.account }

// empty is the answer of an operation that has none.
type empty struct{}

// operationAnswer is the answer of an operation that is done in the background.
type operationAnswer struct {
	OperationId string `json:"OperationId"`
}

// operationMemory is how long an operation can be asked for, instanceMemory
// how long one on an instance can: those are many.
const (
	operationMemory = 24 * time.Hour
	instanceMemory  = time.Hour
)

// note writes the row of an operation: with the commit that does it.
func (c *call) note(t *state.Tx, o *model.Operation) error {
	memory := operationMemory
	if o.Instance != "" {
		memory = instanceMemory
	}
	return t.PutUntil(o, time.UnixMilli(c.now).Add(memory))
}

// newOperation returns the row of an operation that begins now.
func (c *call) newOperation(kind string, parts ...string) *model.Operation {
	return &model.Operation{
		ID:      model.NewOperationID(c.now, append([]string{c.account, c.region, kind, newToken()}, parts...)...),
		Account: c.account, Region: c.region, Type: kind, Created: c.now,
	}
}
