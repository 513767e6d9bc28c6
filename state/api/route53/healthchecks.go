package route53

import (
	"reflect"
	"strconv"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

var healthCheckOperations = []*operation{
	{name: "CreateHealthCheck", method: "POST", path: "healthcheck", run: createHealthCheck},
	{name: "GetHealthCheck", method: "GET", path: "healthcheck/{Id}", run: getHealthCheck},
	{name: "UpdateHealthCheck", method: "POST", path: "healthcheck/{Id}", run: updateHealthCheck},
	{name: "DeleteHealthCheck", method: "DELETE", path: "healthcheck/{Id}", run: deleteHealthCheck},
	{name: "ListHealthChecks", method: "GET", path: "healthcheck", run: listHealthChecks},
	{name: "GetHealthCheckCount", method: "GET", path: "healthcheckcount", run: getHealthCheckCount},
	{name: "GetHealthCheckStatus", method: "GET", path: "healthcheck/{Id}/status", run: getHealthCheckStatus},
	{name: "GetHealthCheckLastFailureReason", method: "GET", path: "healthcheck/{Id}/lastfailurereason", run: getHealthCheckLastFailureReason},
}

// kindHealthCheck is the kind of a check's caller reference.
const kindHealthCheck = "healthcheck"

type createHealthCheckRequest struct {
	CallerReference   string            `xml:"CallerReference" aws:"required,min=1,max=64"`
	HealthCheckConfig healthCheckConfig `xml:"HealthCheckConfig" aws:"required"`
}

type healthCheckResponse struct {
	HealthCheck healthCheck `xml:"HealthCheck"`
}

// createHealthCheck makes a check. Asked for once more with the same reference
// and settings, it answers with the one there is.
func createHealthCheck(c *call) (any, error) {
	var req createHealthCheckRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	h := &model.HealthCheck{
		ID: model.NewUUID("health check", c.account, req.CallerReference), Account: c.account, CallerReference: req.CallerReference,
		Version: 1, Config: req.HealthCheckConfig.toModel(), Created: c.config.Now().UTC(),
	}
	_, err := c.commit("", func(t *state.Tx) error {
		old, exists := t.Get(model.TableHealthChecks, h.ID)
		_, used := t.Get(model.TableCallerReferences, model.CallerReferenceKey(c.account, kindHealthCheck, h.CallerReference))
		switch {
		case exists && reflect.DeepEqual(old.(*model.HealthCheck).Config, h.Config):
			h = old.(*model.HealthCheck)
			return nil
		case exists || used:
			return awserr.New(awserr.HealthCheckAlreadyExists, "The health check you're attempting to create already exists.")
		}
		if err := c.validateHealth(&t.Reader, &h.Config); err != nil {
			return err
		}
		if len(c.ownHealthChecks(&t.Reader)) >= c.config.Quotas.HealthChecks {
			return awserr.New(awserr.TooManyHealthChecks, "This health check can't be created because the current account has reached the limit on the number of active health checks: %d.", c.config.Quotas.HealthChecks)
		}
		return t.Put(h)
	})
	if err != nil {
		return nil, err
	}
	return created{"healthcheck/" + h.ID, healthCheckResponse{healthCheckShape(h)}}, nil
}

// ownHealthChecks returns the caller's checks in the order of ids.
func (c *call) ownHealthChecks(rd *state.Reader) []*model.HealthCheck {
	var out []*model.HealthCheck
	rd.Range(model.TableHealthChecks, "", "", func(v model.Value, _ state.Version) bool {
		if h := v.(*model.HealthCheck); h.Account == c.account {
			out = append(out, h)
		}
		return true
	})
	return out
}

func getHealthCheck(c *call) (any, error) {
	var res healthCheckResponse
	err := c.view(func(rd *state.Reader) error {
		h, err := c.healthCheck(rd, c.params["Id"])
		if err == nil {
			res.HealthCheck = healthCheckShape(h)
		}
		return err
	})
	return res, err
}

// deleteHealthCheck removes a check, in use or not, and remembers that its
// reference was used.
func deleteHealthCheck(c *call) (any, error) {
	_, err := c.commit("", func(t *state.Tx) error {
		h, err := c.healthCheck(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		if err := linkedFault("healthcheck/"+h.ID, h.Linked); err != nil {
			return err
		}
		hostedzone.DeletePrefix(t, model.TableTags, model.TagPrefix(model.TaggedHealthCheck, h.ID))
		t.Delete(model.TableHealthChecks, h.ID)
		if h.CallerReference == "" {
			return nil
		}
		ref := &model.CallerReference{Account: h.Account, Kind: kindHealthCheck, Reference: h.CallerReference, Resource: h.ID}
		return t.PutUntil(ref, c.config.Now().Add(hostedzone.ReferenceMemory))
	})
	return empty{}, err
}

type listHealthChecksResponse struct {
	HealthChecks healthChecks `xml:"HealthChecks"`
	Marker       string       `xml:"Marker,omitempty"`
	IsTruncated  bool         `xml:"IsTruncated"`
	NextMarker   string       `xml:"NextMarker,omitempty"`
	MaxItems     string       `xml:"MaxItems"`
}

type healthChecks struct {
	HealthCheck []healthCheck `xml:"HealthCheck"`
}

func listHealthChecks(c *call) (any, error) {
	size, err := c.pageSize("maxitems", 100, 1000)
	if err != nil {
		return nil, err
	}
	marker, _ := c.param("marker")
	res := listHealthChecksResponse{Marker: marker, MaxItems: strconv.Itoa(size)}
	err = c.view(func(rd *state.Reader) error {
		now, next := page(c.ownHealthChecks(rd), size, func(h *model.HealthCheck) bool { return h.ID >= marker })
		for _, h := range now {
			res.HealthChecks.HealthCheck = append(res.HealthChecks.HealthCheck, healthCheckShape(h))
		}
		if next != nil {
			res.IsTruncated, res.NextMarker = true, (*next).ID
		}
		return nil
	})
	return res, err
}

type getHealthCheckCountResponse struct {
	HealthCheckCount int `xml:"HealthCheckCount"`
}

func getHealthCheckCount(c *call) (any, error) {
	var res getHealthCheckCountResponse
	err := c.view(func(rd *state.Reader) error {
		res.HealthCheckCount = len(c.ownHealthChecks(rd))
		return nil
	})
	return res, err
}
