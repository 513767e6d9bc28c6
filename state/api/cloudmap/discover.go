package cloudmap

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

var discoveryOperations = map[string]func(c *call) (any, error){
	"DiscoverInstances":         discoverInstances,
	"DiscoverInstancesRevision": discoverInstancesRevision,
}

type discoverRequest struct {
	NamespaceName      string            `json:"NamespaceName" aws:"required,max=1024"`
	ServiceName        string            `json:"ServiceName" aws:"required"`
	MaxResults         *int64            `json:"MaxResults" aws:"min=1,max=1000"`
	QueryParameters    map[string]string `json:"QueryParameters" each:"max=1024"`
	OptionalParameters map[string]string `json:"OptionalParameters" each:"max=1024"`
	HealthStatus       string            `json:"HealthStatus" enum:"HEALTHY|UNHEALTHY|ALL|HEALTHY_OR_ELSE_ALL"`
	OwnerAccount       string            `json:"OwnerAccount" aws:"min=12,max=12"`
}

type discovered struct {
	InstanceId    string            `json:"InstanceId"`
	NamespaceName string            `json:"NamespaceName"`
	ServiceName   string            `json:"ServiceName"`
	HealthStatus  string            `json:"HealthStatus"`
	Attributes    map[string]string `json:"Attributes"`
}

type discoverAnswer struct {
	Instances         []discovered `json:"Instances"`
	InstancesRevision int64        `json:"InstancesRevision"`
}

// named returns the namespace and service that have the names in a request.
func (c *call) named(rd *state.Reader, req *discoverRequest) (*model.Namespace, *model.Service, error) {
	n := registry.NamespaceByName(rd, c.account, c.region, req.NamespaceName)
	if n == nil || c.ownerIsOther(req.OwnerAccount) {
		return nil, nil, awserr.New(awserr.NamespaceNotFound, "The namespace %.253s can't be found.", req.NamespaceName)
	}
	s := registry.ServiceByName(rd, n, req.ServiceName)
	if s == nil {
		return nil, nil, awserr.New(awserr.ServiceNotFound, "The service %.127s can't be found in the namespace %.253s.", req.ServiceName, n.HTTPName)
	}
	return n, s, nil
}

// burst is how many seconds' worth of requests may come at once.
const burst = 6

// limit returns an error where an account asks more often than it may.
func (c *call) limit() error {
	if c.rates.Take(c.account+"/"+c.region, c.config.Quotas.DiscoverRate, burst*c.config.Quotas.DiscoverRate, time.UnixMilli(c.now)) {
		return nil
	}
	return awserr.New(awserr.RequestLimitExceeded, "The limit of %d requests a second to discover instances is reached.", c.config.Quotas.DiscoverRate)
}

// discoverInstances finds the instances of a service by names and attributes
// (aws-behaviour 6.7). There are no pages: of more than MaxResults a random
// choice is answered.
func discoverInstances(c *call) (any, error) {
	var req discoverRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if err := c.limit(); err != nil {
		return nil, err
	}
	res := discoverAnswer{Instances: []discovered{}}
	err := c.view(func(rd *state.Reader) error {
		n, s, err := c.named(rd, &req)
		if err != nil {
			return err
		}
		registry.EachInstance(rd, s, "", c.now, func(i registry.Instance) bool {
			if has(i.Attributes, req.QueryParameters) {
				res.Instances = append(res.Instances, discovered{i.ID, n.HTTPName, s.Name, c.status(s, i), i.Attributes})
			}
			return true
		})
		res.InstancesRevision = registry.Revision(rd, s.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	res.Instances = prefer(byHealth(res.Instances, req.HealthStatus), req.OptionalParameters)
	res.Instances = sample(res.Instances, pageSize(req.MaxResults))
	return res, nil
}

// has tells whether attributes hold all the parameters.
func has(attributes, parameters map[string]string) bool {
	for k, v := range parameters {
		if got, ok := attributes[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// byHealth returns those that a filter lets through. What nothing is known of
// counts as healthy.
func byHealth(all []discovered, filter string) []discovered {
	only := func(unhealthy bool) []discovered {
		out := []discovered{}
		for _, d := range all {
			if (d.HealthStatus == model.StatusUnhealthy) == unhealthy {
				out = append(out, d)
			}
		}
		return out
	}
	switch filter {
	case model.StatusHealthy:
		return only(false)
	case model.StatusUnhealthy:
		return only(true)
	case "HEALTHY_OR_ELSE_ALL":
		if healthy := only(false); len(healthy) > 0 {
			return healthy
		}
	}
	return all
}

// prefer returns those that hold optional parameters too; all where none does.
func prefer(all []discovered, optional map[string]string) []discovered {
	out := []discovered{}
	for _, d := range all {
		if has(d.Attributes, optional) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// sample returns n of all, chosen at random, in the order in which they stand;
// all where there are no more.
func sample(all []discovered, n int) []discovered {
	if len(all) <= n {
		return all
	}
	chosen := rand.Perm(len(all))[:n]
	slices.Sort(chosen)
	out := make([]discovered, n)
	for i, j := range chosen {
		out[i] = all[j]
	}
	return out
}

type revisionAnswer struct {
	InstancesRevision int64 `json:"InstancesRevision"`
}

// discoverInstancesRevision tells whether anything was registered or
// deregistered since it was last asked.
func discoverInstancesRevision(c *call) (any, error) {
	var req discoverRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if err := c.limit(); err != nil {
		return nil, err
	}
	var res revisionAnswer
	err := c.view(func(rd *state.Reader) error {
		_, s, err := c.named(rd, &req)
		if err == nil {
			res.InstancesRevision = registry.Revision(rd, s.ID)
		}
		return err
	})
	return res, err
}
