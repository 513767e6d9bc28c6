package route53

import (
	"net/netip"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// HealthReporter tells what the checkers see of an endpoint.
type HealthReporter interface {
	// Observations returns what each checker saw last, and when it last saw a
	// failure, sorted by Region and address; nothing while nobody has judged.
	// It does not block.
	Observations(check *model.HealthCheck) []Observation
}

// Observation is what one checker saw of an endpoint (aws-behaviour 4.5).
type Observation struct {
	// Region is where the checker stands, Address where it probes from.
	Region  string
	Address netip.Addr
	// Status begins with "Success: " or "Failure: ".
	Status  string
	Checked time.Time
	// Failure is the last failure that it saw, empty where there was none.
	Failure  string
	FailedAt time.Time
}

type observationsResponse struct {
	HealthCheckObservations healthCheckObservations `xml:"HealthCheckObservations"`
}

type healthCheckObservations struct {
	HealthCheckObservation []healthCheckObservation `xml:"HealthCheckObservation"`
}

type healthCheckObservation struct {
	Region       string       `xml:"Region"`
	IPAddress    string       `xml:"IPAddress"`
	StatusReport statusReport `xml:"StatusReport"`
}

type statusReport struct {
	Status      string `xml:"Status"`
	CheckedTime string `xml:"CheckedTime"`
}

// observations returns what there is to say about a check that is probed.
func (c *call) observations() ([]Observation, error) {
	var h *model.HealthCheck
	err := c.view(func(rd *state.Reader) (err error) {
		h, err = c.healthCheck(rd, c.params["Id"])
		return err
	})
	if err != nil {
		return nil, err
	}
	if !probed(h.Config.Type) {
		return nil, invalid("The status of health checks of the type %s cannot be read.", h.Config.Type)
	}
	if c.config.Health == nil {
		return nil, nil
	}
	return c.config.Health.Observations(h), nil
}

func getHealthCheckStatus(c *call) (any, error) {
	list, err := c.observations()
	var res observationsResponse
	for _, o := range list {
		res.add(o, o.Status, o.Checked)
	}
	return res, err
}

func getHealthCheckLastFailureReason(c *call) (any, error) {
	list, err := c.observations()
	var res observationsResponse
	for _, o := range list {
		if o.Failure != "" {
			res.add(o, o.Failure, o.FailedAt)
		}
	}
	return res, err
}

func (r *observationsResponse) add(o Observation, status string, at time.Time) {
	r.HealthCheckObservations.HealthCheckObservation = append(r.HealthCheckObservations.HealthCheckObservation,
		healthCheckObservation{o.Region, o.Address.String(), statusReport{status, timestamp(at)}})
}
