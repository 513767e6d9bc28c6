package cloudmap

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

var operationOperations = map[string]func(c *call) (any, error){
	"GetOperation":   getOperation,
	"ListOperations": listOperations,
}

// The states of an operation.
const (
	submitted = "SUBMITTED" // not yet known to the node asked
	pending   = "PENDING"   // not yet shown by all members that serve
	success   = "SUCCESS"
	failed    = "FAIL"
)

// soon is how long an operation of another member may take to be heard of
// here; runningFor is how long one that is not everywhere yet holds up others
// on the same thing.
const (
	soon       = 10 * time.Second
	runningFor = 5 * time.Second
)

type operationShape struct {
	Id           string            `json:"Id"`
	OwnerAccount string            `json:"OwnerAccount,omitempty"`
	Type         string            `json:"Type,omitempty"`
	Status       string            `json:"Status"`
	ErrorMessage string            `json:"ErrorMessage,omitempty"`
	ErrorCode    string            `json:"ErrorCode,omitempty"`
	CreateDate   any               `json:"CreateDate,omitempty"`
	UpdateDate   any               `json:"UpdateDate,omitempty"`
	Targets      map[string]string `json:"Targets,omitempty"`
}

// noted is an operation's row and the commit that it is part of.
type noted struct {
	*model.Operation
	version state.Version
}

// operationRow returns the row of an operation, nil if there is none.
func (c *call) operationRow(id string) (noted, error) {
	var found noted
	err := c.view(func(rd *state.Reader) error {
		rd.Range(model.TableOperations, id, "", func(v model.Value, version state.Version) bool {
			if o := v.(*model.Operation); o.ID == id {
				found = noted{o, version}
			}
			return false
		})
		return nil
	})
	return found, err
}

// refuseDuplicate returns an error where an operation is still running: it is
// young, and a member that serves does not show it yet.
func (c *call) refuseDuplicate(id string) error {
	began, ok := model.OperationTime(id)
	if !ok || time.UnixMilli(c.now).Sub(began) > runningFor {
		return nil
	}
	o, err := c.operationRow(id)
	if err != nil || o.Operation == nil || o.ErrorCode != "" {
		return err
	}
	synced, err := c.config.Replica.InSync(c.ctx, o.version)
	if err != nil || synced {
		return err
	}
	e := awserr.New(awserr.DuplicateRequest, "The operation is already in progress: %s", id)
	e.Members = map[string]string{"DuplicateOperationId": id}
	return e
}

type getOperationRequest struct {
	OperationId  string `json:"OperationId" aws:"required,max=255"`
	OwnerAccount string `json:"OwnerAccount" aws:"min=12,max=12"`
}

type getOperationAnswer struct {
	Operation operationShape `json:"Operation"`
}

// getOperation tells how far an operation is. Every node may be asked; one that
// has not heard of a young operation yet says that it was submitted.
func getOperation(c *call) (any, error) {
	var req getOperationRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	o, err := c.operationRow(req.OperationId)
	if err != nil {
		return nil, err
	}
	began, plausible := model.OperationTime(req.OperationId)
	age := time.UnixMilli(c.now).Sub(began)
	switch {
	case o.Operation == nil && plausible && age < soon && age > -soon && !c.ownerIsOther(req.OwnerAccount):
		at := timestamp(began.UnixMilli())
		return getOperationAnswer{operationShape{Id: req.OperationId, Status: submitted, CreateDate: at, UpdateDate: at}}, nil
	case o.Operation == nil || !c.own(o.Account, o.Region) || c.ownerIsOther(req.OwnerAccount):
		return nil, awserr.New(awserr.OperationNotFound, "The operation %.64s can't be found.", req.OperationId)
	}
	synced, err := c.config.Replica.InSync(c.ctx, o.version)
	if err != nil {
		return nil, err
	}
	if code, message := c.lost(o.Operation); o.ErrorCode == "" && code != "" {
		changed := *o.Operation
		changed.ErrorCode, changed.ErrorMessage = code, message
		o.Operation = &changed
	}
	return getOperationAnswer{shapeOperation(o, synced)}, nil
}

// shapeOperation returns o as the API shows it.
func shapeOperation(o noted, synced bool) operationShape {
	targets := make(map[string]string)
	for kind, id := range map[string]string{"NAMESPACE": o.Namespace, "SERVICE": o.Service, "INSTANCE": o.Instance} {
		if id != "" {
			targets[kind] = id
		}
	}
	return operationShape{
		Id: o.ID, OwnerAccount: o.Account, Type: o.Type, Status: o.status(synced), ErrorMessage: o.ErrorMessage, ErrorCode: o.ErrorCode,
		CreateDate: timestamp(o.Created), UpdateDate: timestamp(o.updated()), Targets: targets,
	}
}

// status returns how far o is, given whether all members show its commit.
func (o noted) status(synced bool) string {
	switch {
	case o.ErrorCode != "":
		return failed
	case synced:
		return success
	}
	return pending
}

// updated returns when o last changed: when it was committed.
func (o noted) updated() int64 { return max(o.Created, o.version.Stamp.Time().UnixMilli()) }

// lost tells why a namespace has not got what it claims: another node gave it
// to another at the same time, and that one was earlier.
func (c *call) lost(o *model.Operation) (code, message string) {
	if o.Type != model.OperationCreateNamespace {
		return "", ""
	}
	_ = c.view(func(rd *state.Reader) error {
		n := registry.Namespace(rd, o.Namespace)
		if n == nil {
			return nil
		}
		there := func(id string) bool { return registry.Namespace(rd, id) != nil }
		if !registry.Has(rd, n.Claim(), there) {
			code, message = "INTERNAL_FAILURE", "Another namespace has the name "+n.HTTPName+"."
		}
		if v, ok := rd.Get(model.TableZones, n.Zone); ok {
			if vpc, first := zoneBefore(rd, v.(*model.Zone)); first != nil {
				code, message = cannotCreateZone, "The VPC "+vpc.ID+" has already been associated with the hosted zone "+first.ID+" with the same domain name."
			}
		}
		return nil
	})
	return code, message
}

type listOperationsRequest struct {
	NextToken  string   `json:"NextToken" aws:"max=4096"`
	MaxResults *int64   `json:"MaxResults" aws:"min=1,max=100"`
	Filters    []filter `json:"Filters"`
}

type operationSummary struct {
	Id     string `json:"Id"`
	Status string `json:"Status"`
}

type listOperationsAnswer struct {
	Operations []operationSummary `json:"Operations"`
	NextToken  string             `json:"NextToken,omitempty"`
}

// listOperations lists the operations that can still be asked for, in the
// order of their ids.
func listOperations(c *call) (any, error) {
	var req listOperationsRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	err := checkFilters(req.Filters, map[string][]string{
		"NAMESPACE_ID": {conditionEQ}, "SERVICE_ID": {conditionEQ}, "STATUS": {conditionEQ, conditionIN},
		"TYPE": {conditionEQ, conditionIN}, "UPDATE_DATE": {conditionBetween},
	})
	if err != nil {
		return nil, err
	}
	within, err := updatedWithin(req.Filters)
	if err != nil {
		return nil, err
	}
	list := listName(filterNames(req.Filters)...)
	from, err := c.pageStart(list, req.NextToken)
	if err != nil {
		return nil, err
	}
	return c.pageOperations(&req, list, from, func(o noted) bool {
		return within(o) && matches(req.Filters, map[string]string{"NAMESPACE_ID": o.Namespace, "SERVICE_ID": o.Service, "TYPE": o.Type})
	})
}

// pageOperations returns the page of the operations that pass, from a key on.
func (c *call) pageOperations(req *listOperationsRequest, list, from string, pass func(o noted) bool) (any, error) {
	res := listOperationsAnswer{Operations: []operationSummary{}}
	for more := true; more; {
		some, next, err := c.someOperations(from, pass)
		if err != nil {
			return nil, err
		}
		synced, err := c.syncedOf(some)
		if err != nil {
			return nil, err
		}
		for _, o := range some {
			status := o.status(synced[o.version])
			if !matches(req.Filters, map[string]string{"STATUS": status}) {
				continue
			}
			if len(res.Operations) == pageSize(req.MaxResults) {
				res.NextToken = c.pageToken(list, o.ID)
				return res, nil
			}
			res.Operations = append(res.Operations, operationSummary{o.ID, status})
		}
		from, more = next, next != ""
	}
	return res, nil
}

// operationChunk is how many rows one short read looks at.
const operationChunk = 2000

// someOperations returns those of the next rows from a key on that are the
// caller's and pass, and where to go on, or "".
func (c *call) someOperations(from string, pass func(o noted) bool) (some []noted, next string, err error) {
	seen := 0
	err = c.view(func(rd *state.Reader) error {
		rd.Range(model.TableOperations, "", from, func(v model.Value, version state.Version) bool {
			if seen++; seen > operationChunk {
				next = v.Key()
				return false
			}
			if o := (noted{v.(*model.Operation), version}); c.own(o.Account, o.Region) && pass(o) {
				some = append(some, o)
			}
			return true
		})
		return nil
	})
	return some, next, err
}

// syncedOf tells which commits all members show. They show those of one origin
// in order, so the newest that they show is looked for.
func (c *call) syncedOf(list []noted) (map[state.Version]bool, error) {
	byOrigin := make(map[state.Origin][]state.Version)
	for _, o := range list {
		byOrigin[o.version.Origin] = append(byOrigin[o.version.Origin], o.version)
	}
	synced := make(map[state.Version]bool)
	for _, versions := range byOrigin {
		slices.SortFunc(versions, state.Version.Compare)
		var failure error
		shown := func(v state.Version) bool {
			ok, err := c.config.Replica.InSync(c.ctx, v)
			failure = cmp.Or(failure, err)
			return ok
		}
		n := len(versions)
		if !shown(versions[n-1]) {
			n, _ = slices.BinarySearchFunc(versions, true, func(v state.Version, _ bool) int {
				if shown(v) {
					return -1
				}
				return 1
			})
		}
		if failure != nil {
			return nil, failure
		}
		for _, v := range versions[:n] {
			synced[v] = true
		}
	}
	return synced, nil
}

// updatedWithin returns whether operations pass the filter on their dates:
// seconds since 1970.
func updatedWithin(filters []filter) (func(o noted) bool, error) {
	for i := range filters {
		f := &filters[i]
		if f.Name != "UPDATE_DATE" {
			continue
		}
		from, err1 := strconv.ParseFloat(f.Values[0], 64)
		to, err2 := strconv.ParseFloat(f.Values[1], 64)
		if err1 != nil || err2 != nil || from > to {
			return nil, invalid("The values of the filter UPDATE_DATE must be two numbers of seconds since 1970, the earlier one first, not %q.", f.Values)
		}
		return func(o noted) bool {
			at := float64(o.updated()) / 1000
			return from <= at && at <= to
		}, nil
	}
	return func(noted) bool { return true }, nil
}
