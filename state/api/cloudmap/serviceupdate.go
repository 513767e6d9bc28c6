package cloudmap

import (
	"errors"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

type updateServiceRequest struct {
	Id      string         `json:"Id" aws:"required,max=255"`
	Service *serviceChange `json:"Service" aws:"required"`
}

type serviceChange struct {
	Description       *string            `json:"Description" aws:"max=1024"`
	DnsConfig         *dnsConfigChange   `json:"DnsConfig"`
	HealthCheckConfig *healthCheckConfig `json:"HealthCheckConfig"`
}

type dnsConfigChange struct {
	DnsRecords []dnsRecord `json:"DnsRecords" aws:"required"`
}

// updateService changes a service, and with it the records and health checks of
// all its instances. Without DnsConfig it loses its records, without
// HealthCheckConfig its checks (aws-behaviour 6.4).
func updateService(c *call) (any, error) {
	var req updateServiceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	op := c.newOperation(model.OperationUpdateService, req.Id)
	err := c.commit(func(t *state.Tx) error {
		old, err := c.service(&t.Reader, req.Id)
		if err != nil {
			return err
		}
		n, err := c.namespace(&t.Reader, old.Namespace)
		if err != nil {
			return err
		}
		s, err := req.Service.apply(n, old)
		if err != nil {
			return err
		}
		s.Operation = op.ID
		op.Service = s.ID
		return errors.Join(t.Put(s), c.putHealthChecks(t, n, s), c.note(t, op))
	})
	return operationAnswer{op.ID}, err
}

// apply returns old as a request changes it.
func (r *serviceChange) apply(n *model.Namespace, old *model.Service) (*model.Service, error) {
	s := *old
	if r.Description != nil {
		s.Description = *r.Description
	}
	s.DNS = nil
	if r.DnsConfig != nil {
		policy := ""
		if old.DNS != nil {
			policy = old.DNS.Policy
		}
		dns, err := newDNS(n, policy, r.DnsConfig.DnsRecords)
		if err != nil {
			return nil, err
		}
		s.DNS = dns
		if _, fits := model.ServiceDNSName(n, &s); !fits {
			return nil, invalid("The name %s.%s is not one that DNS can have.", s.Name, n.Name)
		}
	}
	if r.HealthCheckConfig != nil && s.CustomHealth != nil {
		return nil, invalid("Health check config cannot be applied to a service with a custom health check config")
	}
	check, err := newHealthCheck(n, &s, r.HealthCheckConfig)
	s.HealthCheck = check
	return &s, err
}

// putHealthChecks writes or deletes the health checks of all instances of s.
func (c *call) putHealthChecks(t *state.Tx, n *model.Namespace, s *model.Service) error {
	if n.Type != model.NamespacePublic {
		return nil
	}
	var instances []*model.Instance
	registry.EachInstance(&t.Reader, s, "", c.now, func(i registry.Instance) bool {
		instances = append(instances, i.Instance)
		return true
	})
	for _, i := range instances {
		if err := c.putHealthCheck(t, s, i); err != nil {
			return err
		}
	}
	return nil
}
