package cloudmap

import (
	"errors"
	"maps"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

var instanceOperations = map[string]func(c *call) (any, error){
	"DeregisterInstance":               deregisterInstance,
	"GetInstance":                      getInstance,
	"GetInstancesHealthStatus":         getInstancesHealthStatus,
	"ListInstances":                    listInstances,
	"RegisterInstance":                 registerInstance,
	"UpdateInstanceCustomHealthStatus": updateInstanceCustomHealthStatus,
}

type registerInstanceRequest struct {
	ServiceId        string            `json:"ServiceId" aws:"required,max=255"`
	InstanceId       string            `json:"InstanceId" aws:"required,max=64" pattern:"^[0-9a-zA-Z_/:.@-]+$"`
	CreatorRequestId string            `json:"CreatorRequestId" aws:"max=64"`
	Attributes       map[string]string `json:"Attributes" aws:"required" each:"max=1024" eachpattern:"^([a-zA-Z0-9!-~][ \\ta-zA-Z0-9!-~]*){0,1}[a-zA-Z0-9!-~]{0,1}$"`
}

// registerInstance makes an instance or replaces the one of that id. The same
// request once more is answered with the operation of the first; if the
// instance has a lease, that renews it (aws-behaviour 6.5).
func registerInstance(c *call) (any, error) {
	var req registerInstanceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	r := registration{call: c, request: &req, self: c.self()}
	if err := r.refuseWhileRunning(); err != nil {
		return nil, err
	}
	r.op = c.newOperation(model.OperationRegister, req.ServiceId, req.InstanceId)
	r.op.Instance = req.InstanceId
	r.answer = operationAnswer{r.op.ID}
	err := c.commit(r.commit)
	return r.answer, err
}

// registration is one RegisterInstance on its way.
type registration struct {
	*call
	request *registerInstanceRequest
	self    string
	op      *model.Operation
	answer  operationAnswer
}

// repeats tells whether the request is the one that made old.
func (r *registration) repeats(old *model.Instance) bool {
	return old.CreatorRequestID == r.request.CreatorRequestId && old.CreatorRequestID != "" &&
		maps.Equal(old.Attributes, r.request.Attributes)
}

// refuseWhileRunning returns an error where another operation on the instance
// is still running.
func (r *registration) refuseWhileRunning() error {
	old, err := r.row(r.request.ServiceId, r.request.InstanceId)
	if err != nil || old == nil || r.repeats(old) {
		return err
	}
	if old.Lease() > 0 && maps.Equal(old.Attributes, r.request.Attributes) {
		return nil // it is only renewed
	}
	return r.refuseDuplicate(old.Operation)
}

// row returns an instance as its row says, or nil.
func (c *call) row(service, instance string) (*model.Instance, error) {
	var i *model.Instance
	err := c.view(func(rd *state.Reader) error {
		v, _ := rd.Get(model.TableInstances, model.InstancePrefix(id(service))+instance)
		i, _ = v.(*model.Instance)
		return nil
	})
	return i, err
}

// commit writes the instance.
func (r *registration) commit(t *state.Tx) error {
	s, err := r.service(&t.Reader, r.request.ServiceId)
	if err != nil {
		return err
	}
	n, err := r.namespace(&t.Reader, s.Namespace)
	if err != nil {
		return err
	}
	i := &model.Instance{
		Service: s.ID, ID: r.request.InstanceId, CreatorRequestID: r.request.CreatorRequestId, Attributes: r.request.Attributes,
		Operation: r.op.ID, Since: r.now, Registered: r.now,
	}
	if err := r.checkInstance(n, s, i); err != nil {
		return err
	}
	r.op.Service = s.ID
	old, there := registry.InstanceOf(&t.Reader, s, i.ID, r.now)
	if !there {
		if err := r.checkQuotas(t, n, s); err != nil {
			return err
		}
		return errors.Join(r.put(t, s, i), bump(t, s.ID, r.self), r.note(t, r.op))
	}
	i.Since, i.Registered = old.Since, max(r.now, old.Registered)
	if r.repeats(old.Instance) {
		r.answer.OperationId, i.Operation = old.Operation, old.Operation
		if i.Lease() == 0 {
			return nil
		}
		return t.Put(i)
	}
	if !maps.Equal(old.Attributes, i.Attributes) {
		err = bump(t, s.ID, r.self)
	}
	return errors.Join(err, r.put(t, s, i), r.note(t, r.op))
}

// put writes an instance and its health check.
func (r *registration) put(t *state.Tx, s *model.Service, i *model.Instance) error {
	return errors.Join(t.Put(i), r.putHealthCheck(t, s, i))
}

// checkQuotas returns an error where a service may not have one more instance.
func (r *registration) checkQuotas(t *state.Tx, n *model.Namespace, s *model.Service) error {
	q, limit := r.config.Quotas, r.config.Quotas.Discoverable
	perService := limit
	if s.DNS != nil {
		perService = q.InstancesPerService
	}
	if t.Count(model.TableInstances, model.InstancePrefix(s.ID), perService) >= perService {
		return awserr.New(awserr.ResourceLimitExceeded, "The limit of %d instances of the service %s is reached.", perService, s.ID)
	}
	if n.DNS() {
		limit = q.InstancesPerNamespace
	}
	if !r.counts.add(t, n.ID, limit, r.config.Now()) {
		return awserr.New(awserr.ResourceLimitExceeded, "The limit of %d instances in the namespace %s is reached.", limit, n.ID)
	}
	return nil
}

// bump counts a change of a service's instances, on this node.
func bump(t *state.Tx, service, node string) error {
	r := &model.ServiceRevision{Service: service, Node: node, Count: 1}
	if v, ok := t.Get(r.Table(), r.Key()); ok {
		r.Count += v.(*model.ServiceRevision).Count
	}
	return t.Put(r)
}

type instanceRequest struct {
	ServiceId  string `json:"ServiceId" aws:"required,max=255"`
	InstanceId string `json:"InstanceId" aws:"required,max=64"`
}

// instance returns the service and the instance that a request names.
func (c *call) instance(rd *state.Reader, service, instance string) (*model.Service, registry.Instance, error) {
	s, err := c.service(rd, service)
	if err != nil {
		return nil, registry.Instance{}, err
	}
	i, ok := registry.InstanceOf(rd, s, instance, c.now)
	if !ok {
		return nil, i, instanceNotFound(instance)
	}
	return s, i, nil
}

func instanceNotFound(id string) error {
	return awserr.New(awserr.InstanceNotFound, "The instance %.64s can't be found.", id)
}

// deregisterInstance removes an instance with its health and health check; the
// records go with it, for they are derived.
func deregisterInstance(c *call) (any, error) {
	var req instanceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	old, err := c.row(req.ServiceId, req.InstanceId)
	if err == nil && old != nil {
		err = c.refuseDuplicate(old.Operation)
	}
	if err != nil {
		return nil, err
	}
	op, self := c.newOperation(model.OperationDeregister, req.ServiceId, req.InstanceId), c.self()
	err = c.commit(func(t *state.Tx) error {
		s, i, err := c.instance(&t.Reader, req.ServiceId, req.InstanceId)
		if err != nil {
			return err
		}
		op.Service, op.Instance = s.ID, i.ID
		removeInstance(t, s.ID, i.ID)
		return errors.Join(bump(t, s.ID, self), c.note(t, op))
	})
	return operationAnswer{op.ID}, err
}

// removeInstance deletes the rows of an instance.
func removeInstance(t *state.Tx, service, instance string) {
	key := model.InstancePrefix(service) + instance
	t.Delete(model.TableInstances, key)
	t.Delete(model.TableInstanceHealth, key)
	t.Delete(model.TableHealthChecks, model.InstanceHealthID(service, instance))
}

type instanceShape struct {
	Id               string            `json:"Id"`
	CreatorRequestId string            `json:"CreatorRequestId,omitempty"`
	Attributes       map[string]string `json:"Attributes"`
	CreatedByAccount string            `json:"CreatedByAccount"`
}

type getInstanceAnswer struct {
	ResourceOwner string        `json:"ResourceOwner"`
	Instance      instanceShape `json:"Instance"`
}

func getInstance(c *call) (any, error) {
	var req instanceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	res := getInstanceAnswer{ResourceOwner: c.account}
	err := c.view(func(rd *state.Reader) error {
		_, i, err := c.instance(rd, req.ServiceId, req.InstanceId)
		if err == nil {
			res.Instance = instanceShape{i.ID, i.CreatorRequestID, i.Attributes, c.account}
		}
		return err
	})
	return res, err
}

type listInstancesRequest struct {
	ServiceId  string `json:"ServiceId" aws:"required,max=255"`
	NextToken  string `json:"NextToken" aws:"max=4096"`
	MaxResults *int64 `json:"MaxResults" aws:"min=1,max=100"`
}

type listInstancesAnswer struct {
	ResourceOwner string          `json:"ResourceOwner"`
	Instances     []instanceShape `json:"Instances"`
	NextToken     string          `json:"NextToken,omitempty"`
}

func listInstances(c *call) (any, error) {
	var req listInstancesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	list := listName(id(req.ServiceId))
	from, err := c.pageStart(list, req.NextToken)
	if err != nil {
		return nil, err
	}
	res := listInstancesAnswer{ResourceOwner: c.account, Instances: []instanceShape{}}
	err = c.view(func(rd *state.Reader) error {
		s, err := c.service(rd, req.ServiceId)
		if err != nil {
			return err
		}
		registry.EachInstance(rd, s, from, c.now, func(i registry.Instance) bool {
			if len(res.Instances) == pageSize(req.MaxResults) {
				res.NextToken = c.pageToken(list, i.ID)
				return false
			}
			res.Instances = append(res.Instances, instanceShape{Id: i.ID, Attributes: i.Attributes, CreatedByAccount: c.account})
			return true
		})
		return nil
	})
	return res, err
}
