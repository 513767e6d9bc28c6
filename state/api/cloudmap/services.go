package cloudmap

import (
	"errors"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

var serviceOperations = map[string]func(c *call) (any, error){
	"CreateService": createService,
	"DeleteService": deleteService,
	"GetService":    getService,
	"ListServices":  listServices,
	"UpdateService": updateService,
}

type createServiceRequest struct {
	Name                    string             `json:"Name" aws:"required"`
	NamespaceId             string             `json:"NamespaceId" aws:"max=255"`
	CreatorRequestId        string             `json:"CreatorRequestId" aws:"max=64"`
	Description             string             `json:"Description" aws:"max=1024"`
	DnsConfig               *dnsConfig         `json:"DnsConfig"`
	HealthCheckConfig       *healthCheckConfig `json:"HealthCheckConfig"`
	HealthCheckCustomConfig *customConfig      `json:"HealthCheckCustomConfig"`
	Tags                    []tag              `json:"Tags" aws:"max=200"`
	Type                    string             `json:"Type" enum:"HTTP"`
}

type dnsConfig struct {
	NamespaceId   string      `json:"NamespaceId,omitempty" aws:"max=64"`
	RoutingPolicy string      `json:"RoutingPolicy,omitempty" enum:"MULTIVALUE|WEIGHTED"`
	DnsRecords    []dnsRecord `json:"DnsRecords" aws:"required"`
}

type dnsRecord struct {
	Type string `json:"Type" aws:"required" enum:"SRV|A|AAAA|CNAME"`
	TTL  *int64 `json:"TTL" aws:"required,min=0,max=2147483647"`
}

type healthCheckConfig struct {
	Type             string `json:"Type" aws:"required" enum:"HTTP|HTTPS|TCP"`
	ResourcePath     string `json:"ResourcePath,omitempty" aws:"max=255"`
	FailureThreshold *int64 `json:"FailureThreshold,omitempty" aws:"min=1,max=10"`
}

type customConfig struct {
	FailureThreshold *int64 `json:"FailureThreshold,omitempty" aws:"min=1,max=10"`
}

type serviceShape struct {
	Id                      string             `json:"Id"`
	Arn                     string             `json:"Arn"`
	ResourceOwner           string             `json:"ResourceOwner"`
	Name                    string             `json:"Name"`
	NamespaceId             string             `json:"NamespaceId,omitempty"`
	Description             string             `json:"Description,omitempty"`
	InstanceCount           int                `json:"InstanceCount"`
	DnsConfig               *dnsConfig         `json:"DnsConfig,omitempty"`
	Type                    string             `json:"Type"`
	HealthCheckConfig       *healthCheckConfig `json:"HealthCheckConfig,omitempty"`
	HealthCheckCustomConfig *customConfig      `json:"HealthCheckCustomConfig,omitempty"`
	CreateDate              any                `json:"CreateDate"`
	CreatorRequestId        string             `json:"CreatorRequestId,omitempty"`
	CreatedByAccount        string             `json:"CreatedByAccount"`
}

type serviceAnswer struct {
	Service serviceShape `json:"Service"`
}

// shapeService returns s as the API shows it.
func (c *call) shapeService(rd *state.Reader, s *model.Service) serviceShape {
	out := serviceShape{
		Id: s.ID, Arn: s.ARN(), ResourceOwner: s.Account, Name: s.Name, NamespaceId: s.Namespace, Description: s.Description,
		InstanceCount: registry.CountInstances(rd, s, c.now), Type: s.Type(), CreateDate: timestamp(s.Created),
		CreatorRequestId: s.CreatorRequestID, CreatedByAccount: s.Account,
	}
	if s.DNS != nil {
		out.DnsConfig = &dnsConfig{NamespaceId: s.Namespace, RoutingPolicy: s.DNS.Policy}
		for _, r := range s.DNS.Records {
			ttl := int64(r.TTL)
			out.DnsConfig.DnsRecords = append(out.DnsConfig.DnsRecords, dnsRecord{r.Type, &ttl})
		}
	}
	if h := s.HealthCheck; h != nil {
		out.HealthCheckConfig = &healthCheckConfig{Type: h.Type, ResourcePath: h.Path, FailureThreshold: &h.Threshold}
	}
	if h := s.CustomHealth; h != nil {
		out.HealthCheckCustomConfig = &customConfig{FailureThreshold: &h.Threshold}
	}
	return out
}

// createService makes a service, or answers with the one that the same request
// made before (aws-behaviour 6.4).
func createService(c *call) (any, error) {
	var req createServiceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if !model.ValidServiceName(req.Name) {
		return nil, constraint("name", req.Name, "satisfy regular expression pattern: "+serviceNamePattern)
	}
	if req.NamespaceId == "" && req.DnsConfig != nil {
		req.NamespaceId = req.DnsConfig.NamespaceId
	}
	if req.NamespaceId == "" {
		return nil, invalid("Service namespace id cannot be null")
	}
	var res serviceAnswer
	err := c.commit(func(t *state.Tx) error {
		n, err := c.namespace(&t.Reader, req.NamespaceId)
		if err != nil {
			return err
		}
		s, err := req.service(c, n)
		if err != nil {
			return err
		}
		if old := registry.ServiceByName(&t.Reader, n, s.Name); old != nil {
			if !sameService(old, s) {
				return serviceExists(old)
			}
			res.Service = c.shapeService(&t.Reader, old)
			return nil
		}
		res.Service = c.shapeService(&t.Reader, s)
		return errors.Join(t.Put(s), t.Put(s.Claim()), putTags(t, model.TaggedService, s.ID, req.Tags))
	})
	return res, err
}

// serviceNamePattern is the API's own, as AWS spells it.
const serviceNamePattern = `((?=^.{1,127}$)^([a-zA-Z0-9_][a-zA-Z0-9-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9])(\.([a-zA-Z0-9_][a-zA-Z0-9-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9]))*$)|(^\.$)`

func serviceExists(s *model.Service) error {
	e := awserr.New(awserr.ServiceAlreadyExists, "Service already exists.")
	e.Members = map[string]string{"ServiceId": s.ID, "CreatorRequestId": s.CreatorRequestID, "ServiceArn": s.ARN()}
	return e
}

// service returns the caller's service with an id or ARN.
func (c *call) service(rd *state.Reader, idOrARN string) (*model.Service, error) {
	s := registry.Service(rd, id(idOrARN))
	if s == nil || !c.own(s.Account, s.Region) {
		return nil, awserr.New(awserr.ServiceNotFound, "The service %.64s can't be found.", id(idOrARN))
	}
	return s, nil
}

func getService(c *call) (any, error) {
	var req byID
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res serviceAnswer
	err := c.view(func(rd *state.Reader) error {
		s, err := c.service(rd, req.Id)
		if err == nil {
			res.Service = c.shapeService(rd, s)
		}
		return err
	})
	return res, err
}

// deleteService removes a service without instances, and all that is known
// of it.
func deleteService(c *call) (any, error) {
	var req byID
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return empty{}, c.commit(func(t *state.Tx) error {
		s, err := c.service(&t.Reader, req.Id)
		if err != nil {
			return err
		}
		if registry.CountInstances(&t.Reader, s, c.now) > 0 {
			return awserr.New(awserr.ResourceInUse, "Service contains registered instances; delete the instances before deleting the service")
		}
		removeService(t, s)
		return nil
	})
}

// removeService deletes the rows of s, and of instances that are gone.
func removeService(t *state.Tx, s *model.Service) {
	t.Delete(model.TableServices, s.ID)
	t.Delete(model.TableDiscoveryNames, s.Claim().Key())
	removeServiceParts(t, s.ID)
}

// removeServiceParts deletes the rows below a service.
func removeServiceParts(t *state.Tx, service string) {
	t.Range(model.TableInstances, model.InstancePrefix(service), "", func(v model.Value, _ state.Version) bool {
		t.Delete(model.TableHealthChecks, model.InstanceHealthID(service, v.(*model.Instance).ID))
		return true
	})
	hostedzone.DeletePrefix(t, model.TableInstances, model.InstancePrefix(service))
	hostedzone.DeletePrefix(t, model.TableInstanceHealth, model.InstancePrefix(service))
	hostedzone.DeletePrefix(t, model.TableServiceAttributes, model.ServiceAttributePrefix(service))
	hostedzone.DeletePrefix(t, model.TableServiceRevisions, model.ServiceRevisionPrefix(service))
	removeTags(t, model.TaggedService, service)
}

type listServicesRequest struct {
	NextToken  string   `json:"NextToken" aws:"max=4096"`
	MaxResults *int64   `json:"MaxResults" aws:"min=1,max=100"`
	Filters    []filter `json:"Filters"`
}

type listServicesAnswer struct {
	Services  []serviceShape `json:"Services"`
	NextToken string         `json:"NextToken,omitempty"`
}

func listServices(c *call) (any, error) {
	var req listServicesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if err := checkFilters(req.Filters, map[string][]string{"NAMESPACE_ID": {conditionEQ}, "RESOURCE_OWNER": {conditionEQ}}); err != nil {
		return nil, err
	}
	list := listName(filterNames(req.Filters)...)
	from, err := c.pageStart(list, req.NextToken)
	if err != nil {
		return nil, err
	}
	for i := range req.Filters {
		req.Filters[i].Values[0] = id(req.Filters[i].Values[0])
	}
	res := listServicesAnswer{Services: []serviceShape{}}
	err = c.view(func(rd *state.Reader) error {
		rd.Range(model.TableServices, "", from, func(v model.Value, _ state.Version) bool {
			s := v.(*model.Service)
			values := map[string]string{"NAMESPACE_ID": s.Namespace, "RESOURCE_OWNER": ownerSelf}
			if !c.own(s.Account, s.Region) || !matches(req.Filters, values) || registry.Namespace(rd, s.Namespace) == nil {
				return true
			}
			if len(res.Services) == pageSize(req.MaxResults) {
				res.NextToken = c.pageToken(list, s.ID)
				return false
			}
			shape := c.shapeService(rd, s)
			shape.NamespaceId, shape.CreatorRequestId = "", ""
			res.Services = append(res.Services, shape)
			return true
		})
		return nil
	})
	return res, err
}
