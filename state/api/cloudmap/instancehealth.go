package cloudmap

import (
	"reflect"
	"strconv"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

// checkInterval is how often instances are probed, in seconds.
const checkInterval = 30

// checkReference returns the caller reference of an instance's health check,
// which tells whose it is.
func checkReference(service, instance string) string { return service + ":" + instance }

// putHealthCheck makes the health check of an instance of s what it must be, or
// removes it.
func (c *call) putHealthCheck(t *state.Tx, s *model.Service, i *model.Instance) error {
	id := model.InstanceHealthID(s.ID, i.ID)
	addr, ok := probed(s, i)
	if !ok {
		t.Delete(model.TableHealthChecks, id)
		return nil
	}
	port, err := strconv.ParseUint(i.Attributes[model.AttrPort], 10, 16)
	if err != nil {
		return err // impossible: the row is valid
	}
	h := &model.HealthCheck{
		ID: id, Account: s.Account, CallerReference: checkReference(s.ID, i.ID), Version: 1, Created: time.UnixMilli(c.now).UTC(),
		Config: model.HealthCheckConfig{
			Type: s.HealthCheck.Type, IPAddress: addr.String(), Port: int64(port), ResourcePath: s.HealthCheck.Path,
			RequestInterval: checkInterval, FailureThreshold: s.HealthCheck.Threshold,
		},
		Linked: &model.LinkedService{Principal: model.CloudMapPrincipal, Description: s.ARN()},
	}
	if v, there := t.Get(model.TableHealthChecks, id); there {
		old := v.(*model.HealthCheck)
		if reflect.DeepEqual(old.Config, h.Config) {
			return nil
		}
		h.Version, h.Created = old.Version+1, old.Created
	}
	return t.Put(h)
}

// status returns how an instance does, as the API says it: unhealthy if its
// own word, its lease or checkers say so.
func (c *call) status(s *model.Service, i registry.Instance) string {
	own := i.Condition.Status
	if _, ok := probed(s, i.Instance); !ok || own == model.StatusUnhealthy || c.config.Health == nil {
		return own
	}
	healthy, judged := c.config.Health.Judged(model.InstanceHealthID(s.ID, i.ID))
	switch {
	case !judged:
		return own
	case healthy:
		return model.StatusHealthy
	}
	return model.StatusUnhealthy
}

type updateHealthRequest struct {
	ServiceId  string `json:"ServiceId" aws:"required,max=255"`
	InstanceId string `json:"InstanceId" aws:"required,max=64"`
	Status     string `json:"Status" aws:"required" enum:"HEALTHY|UNHEALTHY"`
}

// updateInstanceCustomHealthStatus notes what the request says of an instance,
// to take effect after the delay. For one with a lease that is a sign of life,
// whatever it says; such an instance has custom health even where its service
// has not.
func updateInstanceCustomHealthStatus(c *call) (any, error) {
	var req updateHealthRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return empty{}, c.commit(func(t *state.Tx) error {
		s, i, err := c.instance(&t.Reader, req.ServiceId, req.InstanceId)
		if err != nil {
			return err
		}
		leased := i.Lease() > 0
		if s.CustomHealth == nil && !leased {
			return awserr.New(awserr.CustomHealthNotFound, "The service %s has no custom health check config.", s.ID)
		}
		h := c.word(t, i, req.Status)
		if h == nil && !leased {
			return nil
		}
		if h == nil {
			h = &model.InstanceHealth{Status: req.Status}
		}
		h.Service, h.Instance, h.At = s.ID, i.ID, max(c.now, i.Since)
		return t.Put(h)
	})
}

// word returns what the row of an instance's health is to say when a request
// says status, nil where that is nothing new:
//
//	status is    another is under way   the row says
//	in effect    no                     nothing new
//	in effect    yes                    status, at once: the other is taken back
//	under way                           status, as it was to be
//	another      any                    status, after the delay
func (c *call) word(t *state.Tx, i registry.Instance, status string) *model.InstanceHealth {
	effective := i.Condition.Status
	v, _ := t.Get(model.TableInstanceHealth, i.Key())
	if last, ok := v.(*model.InstanceHealth); ok && last.At >= i.Since && c.now < last.From {
		switch status {
		case effective:
			return &model.InstanceHealth{Status: status}
		case last.Status:
			return &model.InstanceHealth{Status: status, Before: last.Before, From: last.From}
		}
	}
	if status == effective {
		return nil
	}
	h := &model.InstanceHealth{Status: status}
	if delay := c.config.HealthDelay.Milliseconds(); delay > 0 {
		h.Before, h.From = effective, c.now+delay
	}
	return h
}

type healthStatusRequest struct {
	ServiceId  string   `json:"ServiceId" aws:"required,max=255"`
	Instances  []string `json:"Instances" aws:"min=1" each:"max=64"`
	NextToken  string   `json:"NextToken" aws:"max=4096"`
	MaxResults *int64   `json:"MaxResults" aws:"min=1,max=100"`
}

type healthStatusAnswer struct {
	Status    map[string]string `json:"Status"`
	NextToken string            `json:"NextToken,omitempty"`
}

// getInstancesHealthStatus tells how instances do: those that the request
// names, or all.
func getInstancesHealthStatus(c *call) (any, error) {
	var req healthStatusRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	list := listName(append([]string{id(req.ServiceId)}, req.Instances...)...)
	from, err := c.pageStart(list, req.NextToken)
	if err != nil {
		return nil, err
	}
	wanted := make(map[string]bool)
	for _, id := range req.Instances {
		wanted[id] = true
	}
	res := healthStatusAnswer{Status: map[string]string{}}
	err = c.view(func(rd *state.Reader) error {
		s, err := c.service(rd, req.ServiceId)
		if err != nil {
			return err
		}
		if err := c.checkWanted(rd, s, req.Instances); err != nil {
			return err
		}
		judged := s.HealthCheck != nil || s.CustomHealth != nil
		registry.EachInstance(rd, s, from, c.now, func(i registry.Instance) bool {
			if len(wanted) > 0 && !wanted[i.ID] {
				return true
			}
			if len(res.Status) == pageSize(req.MaxResults) {
				res.NextToken = c.pageToken(list, i.ID)
				return false
			}
			res.Status[i.ID] = c.status(s, i)
			judged = judged || i.Lease() > 0
			return true
		})
		if !judged {
			return invalid("The service %s has neither a health check config nor a custom health check config.", s.ID)
		}
		return nil
	})
	return res, err
}

// checkWanted returns an error where an instance is not there.
func (c *call) checkWanted(rd *state.Reader, s *model.Service, instances []string) error {
	for _, id := range instances {
		if _, ok := registry.InstanceOf(rd, s, id, c.now); !ok {
			return instanceNotFound(id)
		}
	}
	return nil
}
