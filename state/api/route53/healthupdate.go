package route53

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

type updateHealthCheckRequest struct {
	HealthCheckVersion           *int64             `xml:"HealthCheckVersion" aws:"min=1"`
	IPAddress                    *string            `xml:"IPAddress" aws:"max=45"`
	Port                         *int64             `xml:"Port" aws:"min=1,max=65535"`
	ResourcePath                 *string            `xml:"ResourcePath" aws:"max=255"`
	FullyQualifiedDomainName     *string            `xml:"FullyQualifiedDomainName" aws:"max=255"`
	SearchString                 *string            `xml:"SearchString" aws:"max=255"`
	FailureThreshold             *int64             `xml:"FailureThreshold" aws:"min=1,max=10"`
	Inverted                     *bool              `xml:"Inverted"`
	Disabled                     *bool              `xml:"Disabled"`
	HealthThreshold              *int64             `xml:"HealthThreshold" aws:"min=0,max=256"`
	ChildHealthChecks            *childHealthChecks `xml:"ChildHealthChecks"`
	EnableSNI                    *bool              `xml:"EnableSNI"`
	Regions                      *healthRegions     `xml:"Regions"`
	AlarmIdentifier              *alarmIdentifier   `xml:"AlarmIdentifier"`
	InsufficientDataHealthStatus *string            `xml:"InsufficientDataHealthStatus" enum:"Healthy|Unhealthy|LastKnownStatus"`
	ResetElements                *resetElements     `xml:"ResetElements"`
}

type resetElements struct {
	ResettableElementName []string `xml:"ResettableElementName" aws:"max=64" enum:"FullyQualifiedDomainName|Regions|ResourcePath|ChildHealthChecks"`
}

// updateHealthCheck changes what the request gives and leaves the rest; what it
// names for reset goes back to its default.
func updateHealthCheck(c *call) (any, error) {
	var req updateHealthCheckRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res healthCheckResponse
	_, err := c.commit("", func(t *state.Tx) error {
		old, err := c.healthCheck(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		if err := linkedFault("healthcheck/"+old.ID, old.Linked); err != nil {
			return err
		}
		if v := req.HealthCheckVersion; v != nil && *v != old.Version {
			return awserr.New(awserr.HealthCheckVersionMismatch, "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in the health check.")
		}
		if req.IPAddress != nil && (*req.IPAddress == "") != (old.Config.IPAddress == "") {
			return invalid("Invalid parameter : The IP address of a health check can be changed, but neither added nor removed.")
		}
		h := *old
		h.Version++
		req.apply(&h.Config)
		setHealthDefaults(&h.Config)
		if err := c.validateHealth(&t.Reader, &h.Config); err != nil {
			return err
		}
		res.HealthCheck = healthCheckShape(&h)
		return t.Put(&h)
	})
	return res, err
}

// set changes a member that is given.
func set[T any](member *T, given *T) {
	if given != nil {
		*member = *given
	}
}

func (r *updateHealthCheckRequest) apply(m *model.HealthCheckConfig) {
	if r.ResetElements != nil {
		for _, name := range r.ResetElements.ResettableElementName {
			reset(m, name)
		}
	}
	set(&m.IPAddress, r.IPAddress)
	set(&m.Port, r.Port)
	set(&m.ResourcePath, r.ResourcePath)
	set(&m.FullyQualifiedDomainName, r.FullyQualifiedDomainName)
	set(&m.SearchString, r.SearchString)
	set(&m.FailureThreshold, r.FailureThreshold)
	set(&m.Inverted, r.Inverted)
	set(&m.Disabled, r.Disabled)
	set(&m.HealthThreshold, r.HealthThreshold)
	set(&m.InsufficientDataHealthStatus, r.InsufficientDataHealthStatus)
	if r.EnableSNI != nil {
		m.EnableSNI = r.EnableSNI
	}
	if r.ChildHealthChecks != nil {
		m.ChildHealthChecks = r.ChildHealthChecks.ChildHealthCheck
	}
	if r.Regions != nil {
		m.Regions = r.Regions.Region
	}
	if a := r.AlarmIdentifier; a != nil {
		m.AlarmIdentifier = &model.AlarmIdentifier{Region: a.Region, Name: a.Name}
	}
}

func reset(m *model.HealthCheckConfig, name string) {
	switch name {
	case "FullyQualifiedDomainName":
		m.FullyQualifiedDomainName = ""
	case "Regions":
		m.Regions = nil
	case "ResourcePath":
		m.ResourcePath = ""
	case "ChildHealthChecks":
		m.ChildHealthChecks = nil
	}
}
