package model

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// HealthCheck is a Route 53 health check (aws-behaviour 4.1).
type HealthCheck struct {
	ID              string            `cbor:"1,keyasint"` // lower-case UUID
	Account         string            `cbor:"2,keyasint"`
	CallerReference string            `cbor:"3,keyasint,omitempty"`
	Version         int64             `cbor:"4,keyasint,omitempty"`
	Config          HealthCheckConfig `cbor:"5,keyasint"`
	Created         time.Time         `cbor:"6,keyasint"`
	// Linked is nil unless another AWS service made the check; then it cannot
	// be changed through Route 53.
	Linked *LinkedService `cbor:"7,keyasint,omitempty"`
}

// HealthCheckConfig is what is checked and how, with the API's member names.
type HealthCheckConfig struct {
	Type                     string   `cbor:"1,keyasint" json:"Type"`
	IPAddress                string   `cbor:"2,keyasint,omitempty" json:"IPAddress"`
	Port                     int64    `cbor:"3,keyasint,omitempty" json:"Port"`
	ResourcePath             string   `cbor:"4,keyasint,omitempty" json:"ResourcePath"`
	FullyQualifiedDomainName string   `cbor:"5,keyasint,omitempty" json:"FullyQualifiedDomainName"`
	SearchString             string   `cbor:"6,keyasint,omitempty" json:"SearchString"`
	RequestInterval          int64    `cbor:"7,keyasint,omitempty" json:"RequestInterval"`  // seconds, 10 or 30
	FailureThreshold         int64    `cbor:"8,keyasint,omitempty" json:"FailureThreshold"` // [1, 10]
	MeasureLatency           bool     `cbor:"9,keyasint,omitempty" json:"MeasureLatency"`
	Inverted                 bool     `cbor:"10,keyasint,omitempty" json:"Inverted"`
	Disabled                 bool     `cbor:"11,keyasint,omitempty" json:"Disabled"`
	HealthThreshold          int64    `cbor:"12,keyasint,omitempty" json:"HealthThreshold"`
	ChildHealthChecks        []string `cbor:"13,keyasint,omitempty" json:"ChildHealthChecks"`
	EnableSNI                *bool    `cbor:"14,keyasint,omitempty" json:"EnableSNI"`
	Regions                  []string `cbor:"15,keyasint,omitempty" json:"Regions"`

	AlarmIdentifier *AlarmIdentifier `cbor:"16,keyasint,omitempty" json:"AlarmIdentifier"`
	// InsufficientDataHealthStatus is Healthy, Unhealthy or LastKnownStatus,
	// which empty is as well.
	InsufficientDataHealthStatus string `cbor:"17,keyasint,omitempty" json:"InsufficientDataHealthStatus"`
	RoutingControlArn            string `cbor:"18,keyasint,omitempty" json:"RoutingControlArn"`
}

// AlarmIdentifier names the CloudWatch alarm that a CLOUDWATCH_METRIC check
// follows.
type AlarmIdentifier struct {
	Region string `cbor:"1,keyasint" json:"Region"`
	Name   string `cbor:"2,keyasint" json:"Name"`
}

// Table implements [Value].
func (*HealthCheck) Table() string { return TableHealthChecks }

// Key implements [Value]: the health check's id.
func (h *HealthCheck) Key() string { return h.ID }

var healthCheckTypes = map[string]bool{
	"HTTP": true, "HTTPS": true, "HTTP_STR_MATCH": true, "HTTPS_STR_MATCH": true, "TCP": true,
	"CALCULATED": true, "CLOUDWATCH_METRIC": true, "RECOVERY_CONTROL": true,
}

var healthCheckID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// Validate implements [Value].
func (h *HealthCheck) Validate() error {
	var errs []error
	if err := validateHealthCheckID(h.ID); err != nil {
		errs = append(errs, err)
	}
	if err := ValidateAccount(h.Account); err != nil {
		errs = append(errs, err)
	}
	c := h.Config
	if !healthCheckTypes[c.Type] {
		errs = append(errs, fmt.Errorf("unknown health check type %q", c.Type))
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("port %d out of range [1, 65535]", c.Port))
	}
	if c.FailureThreshold < 0 || c.FailureThreshold > 10 {
		errs = append(errs, fmt.Errorf("failure threshold %d out of range [1, 10]", c.FailureThreshold))
	}
	if i := c.RequestInterval; i != 0 && i != 10 && i != 30 {
		errs = append(errs, fmt.Errorf("request interval %d is neither 10 nor 30 seconds", i))
	}
	if err := validateOneOf("status without sufficient data", c.InsufficientDataHealthStatus,
		"", "Healthy", "Unhealthy", "LastKnownStatus"); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
