package cloudmap

import (
	"reflect"
	"slices"

	"github.com/edgestage/edgestage/state/model"
)

// service returns what a request asks for in a namespace, or why it cannot be
// (aws-behaviour 6.4).
func (r *createServiceRequest) service(c *call, n *model.Namespace) (*model.Service, error) {
	s := &model.Service{
		Account: n.Account, Region: n.Region, Namespace: n.ID, Name: r.Name, Description: r.Description,
		CreatorRequestID: orNew(r.CreatorRequestId), FoldsCase: n.DNS(), Created: c.now,
	}
	s.ID = model.NewServiceID(n.ID, s.ClaimedName(), s.CreatorRequestID)
	if r.DnsConfig != nil {
		if id := r.DnsConfig.NamespaceId; id != "" && id != n.ID {
			return nil, invalid("The namespace %s of the service and %s of its DnsConfig are not the same.", n.ID, id)
		}
		if r.Type == model.ServiceHTTP {
			return nil, invalid("A service of type HTTP can't include a DnsConfig element.")
		}
		dns, err := newDNS(n, r.DnsConfig.RoutingPolicy, r.DnsConfig.DnsRecords)
		if err != nil {
			return nil, err
		}
		s.DNS = dns
		if _, fits := model.ServiceDNSName(n, s); !fits {
			return nil, invalid("The name %s.%s is not one that DNS can have.", s.Name, n.Name)
		}
	}
	if r.HealthCheckConfig != nil && r.HealthCheckCustomConfig != nil {
		return nil, invalid("Cannot specify both HealthCheckConfig and HealthCheckCustomConfig.")
	}
	if h := r.HealthCheckCustomConfig; h != nil {
		s.CustomHealth = &model.CustomHealth{Threshold: 1} // whatever was asked for
	}
	check, err := newHealthCheck(n, s, r.HealthCheckConfig)
	s.HealthCheck = check
	return s, err
}

// newDNS returns the records of a service, or why it cannot have them.
func newDNS(n *model.Namespace, policy string, records []dnsRecord) (*model.ServiceDNS, error) {
	if !n.DNS() {
		return nil, invalid("When you create a service using a namespace that has a type of HTTP, you can't include a DnsConfig element.")
	}
	if policy == "" {
		policy = model.RouteMultivalue
	}
	d := &model.ServiceDNS{Policy: policy}
	var types []string
	for _, r := range records {
		if slices.Contains(types, r.Type) {
			return nil, invalid("Duplicate resource record type%sin DNS config is not expected", r.Type)
		}
		types = append(types, r.Type)
		d.Records = append(d.Records, model.ServiceRecord{Type: r.Type, TTL: uint32(*r.TTL)})
	}
	if len(types) == 0 {
		return nil, invalid("At least one DNS record must be specified in DnsConfig.")
	}
	for _, alone := range []string{"CNAME", "SRV"} {
		if slices.Contains(types, alone) && len(types) > 1 {
			return nil, invalid("DnsRecord Type %s cannot be combined with other types", alone)
		}
	}
	if types[0] == "CNAME" && policy != model.RouteWeighted {
		return nil, invalid("WEIGHTED routing policy must be used with DNS Record Type CNAME")
	}
	return d, nil
}

// newHealthCheck returns how the instances of s are probed, or why they cannot
// be; nil where that is not asked for.
func newHealthCheck(n *model.Namespace, s *model.Service, r *healthCheckConfig) (*model.ServiceHealthCheck, error) {
	switch {
	case r == nil:
		return nil, nil
	case n.Type == model.NamespacePrivate:
		return nil, invalid("Health check config cannot be applied to a service with private namespace")
	case n.Type == model.NamespaceHTTP:
		return nil, invalid("Health check config cannot be applied to a service with HTTP namespace")
	case s.Record("CNAME") != nil:
		return nil, invalid("Health check config must not be used. Health checks are not supported for CNAME")
	case r.Type == "TCP" && r.ResourcePath != "":
		return nil, invalid("TCP health checks must not have a resource path specified.")
	}
	h := &model.ServiceHealthCheck{Type: r.Type, Path: r.ResourcePath, Threshold: 1}
	if r.Type != "TCP" && h.Path == "" {
		h.Path = "/"
	}
	if r.FailureThreshold != nil {
		h.Threshold = *r.FailureThreshold
	}
	return h, nil
}

// sameService tells whether a request asks for the service there is.
func sameService(old, s *model.Service) bool {
	return old.ID == s.ID && old.Description == s.Description && reflect.DeepEqual(old.DNS, s.DNS) &&
		reflect.DeepEqual(old.HealthCheck, s.HealthCheck) && reflect.DeepEqual(old.CustomHealth, s.CustomHealth)
}
