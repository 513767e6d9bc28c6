package model

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// The types of a [Service], as the API spells them.
const (
	ServiceHTTP    = "HTTP"     // found through the API only
	ServiceDNSHTTP = "DNS_HTTP" // found by DNS too
)

// The routing policies of a [Service], as the API spells them.
const (
	RouteMultivalue = "MULTIVALUE"
	RouteWeighted   = "WEIGHTED"
)

// Service is a Cloud Map service (aws-behaviour 6.4): a name in a namespace
// and what records and checks its instances get.
type Service struct {
	ID      string `cbor:"1,keyasint"` // srv- and 16 of [a-z0-9]
	Account string `cbor:"2,keyasint"`
	Region  string `cbor:"3,keyasint"`
	// Namespace is the id of the namespace. A service whose namespace is not
	// there is inert.
	Namespace string `cbor:"4,keyasint"`
	// Name is as given: labels of [A-Za-z0-9_-] joined by dots.
	Name             string `cbor:"5,keyasint"`
	Description      string `cbor:"6,keyasint,omitempty"` // at most 1024 characters
	CreatorRequestID string `cbor:"7,keyasint,omitempty"`
	// FoldsCase says that the case of Name does not count: in DNS namespaces.
	FoldsCase bool `cbor:"8,keyasint,omitempty"`
	// DNS is nil for a service without records.
	DNS *ServiceDNS `cbor:"9,keyasint,omitempty"`
	// At most one of these is set.
	HealthCheck  *ServiceHealthCheck `cbor:"10,keyasint,omitempty"`
	CustomHealth *CustomHealth       `cbor:"11,keyasint,omitempty"`
	// Created is in milliseconds since 1970.
	Created int64 `cbor:"12,keyasint"`
	// Operation is the id of the last [Operation] that changed the service.
	Operation string `cbor:"13,keyasint,omitempty"`
}

// ServiceDNS says which records instances get.
type ServiceDNS struct {
	Policy string `cbor:"1,keyasint"` // RouteMultivalue or RouteWeighted
	// Records are A, AAAA, both, SRV, or CNAME; at least one.
	Records []ServiceRecord `cbor:"2,keyasint"`
}

// ServiceRecord is a type of record and its TTL in seconds.
type ServiceRecord struct {
	Type string `cbor:"1,keyasint"`
	TTL  uint32 `cbor:"2,keyasint"`
}

// ServiceHealthCheck says how the instances of a service in a public namespace
// are probed.
type ServiceHealthCheck struct {
	Type      string `cbor:"1,keyasint"` // HTTP, HTTPS or TCP
	Path      string `cbor:"2,keyasint,omitempty"`
	Threshold int64  `cbor:"3,keyasint"` // [1, 10]
}

// CustomHealth says that the instances' health is what the API is told.
type CustomHealth struct {
	// Threshold is shown and has no effect (aws-behaviour 6.4).
	Threshold int64 `cbor:"1,keyasint"`
}

// NewServiceID returns the id of a service from what it is created by.
func NewServiceID(namespace, name, creatorRequestID string) string {
	return "srv-" + strings.ToLower(hashID("service", namespace, name, creatorRequestID))[:16]
}

// ValidServiceID tells whether s is the id of a service.
func ValidServiceID(s string) bool { return validLowerID(s, "srv-") }

// ARN returns the service's ARN.
func (s *Service) ARN() string {
	return fmt.Sprintf("arn:aws:servicediscovery:%s:%s:service/%s", s.Region, s.Account, s.ID)
}

// Type returns the type that the API shows.
func (s *Service) Type() string {
	if s.DNS == nil {
		return ServiceHTTP
	}
	return ServiceDNSHTTP
}

// Record returns what the service says of a type of record, or nil.
func (s *Service) Record(rrtype string) *ServiceRecord {
	if s.DNS == nil {
		return nil
	}
	for i := range s.DNS.Records {
		if s.DNS.Records[i].Type == rrtype {
			return &s.DNS.Records[i]
		}
	}
	return nil
}

// Time returns when the service was created.
func (s *Service) Time() time.Time { return time.UnixMilli(s.Created) }

// ClaimedName returns the name that only one service of the namespace may have.
func (s *Service) ClaimedName() string {
	if s.FoldsCase {
		return strings.ToLower(s.Name)
	}
	return s.Name
}

// Claim returns the row by which the service claims its name.
func (s *Service) Claim() *DiscoveryName {
	return &DiscoveryName{Scope: s.Namespace, Name: s.ClaimedName(), Since: s.Created, Owner: s.ID}
}

// Before tells whether, of two services that claim one name in one namespace,
// s is the one that has it: the order of their claims' keys.
func (s *Service) Before(o *Service) bool { return earlier(s.Created, s.ID, o.Created, o.ID) < 0 }

// Table implements [Value].
func (*Service) Table() string { return TableServices }

// Key implements [Value]: the service's id.
func (s *Service) Key() string { return s.ID }

// serviceName is the API's own pattern but for the name that is a mere dot
// (aws-behaviour 6.6).
var serviceName = regexp.MustCompile(`^([a-zA-Z0-9_][a-zA-Z0-9-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9])(\.([a-zA-Z0-9_][a-zA-Z0-9-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9]))*$`)

// ValidServiceName tells whether s is a name that a service may have.
func ValidServiceName(s string) bool { return len(s) <= 127 && serviceName.MatchString(s) }

// Validate implements [Value].
func (s *Service) Validate() error {
	var errs []error
	if !ValidServiceID(s.ID) || !ValidNamespaceID(s.Namespace) {
		errs = append(errs, fmt.Errorf("service id %q in the namespace %q: not srv- and ns- with 16 of [a-z0-9]", s.ID, s.Namespace))
	}
	if !ValidServiceName(s.Name) {
		errs = append(errs, fmt.Errorf("service name %q is not 1 to 127 characters of labels", s.Name))
	}
	if s.HealthCheck != nil && s.CustomHealth != nil {
		errs = append(errs, fmt.Errorf("service %q has health checks and custom health", s.ID))
	}
	errs = append(errs, s.DNS.validate(), s.HealthCheck.validate())
	return errors.Join(append(errs,
		ValidateAccount(s.Account), validateDescription(s.Description), validateText("Region", s.Region),
		validateText("creator request id", s.CreatorRequestID), validateText("operation id", s.Operation), validateMillis(s.Created),
	)...)
}

func (d *ServiceDNS) validate() error {
	if d == nil {
		return nil
	}
	errs := []error{validateOneOf("routing policy", d.Policy, RouteMultivalue, RouteWeighted)}
	if len(d.Records) < 1 || len(d.Records) > 4 {
		errs = append(errs, fmt.Errorf("%d types of records, want 1 to 4", len(d.Records)))
	}
	for _, r := range d.Records {
		errs = append(errs, validateOneOf("record type", r.Type, "A", "AAAA", "SRV", "CNAME"))
		if r.TTL > maxTTL {
			errs = append(errs, fmt.Errorf("TTL %d out of range [0, %d]", r.TTL, maxTTL))
		}
		if r.Type == "CNAME" && (len(d.Records) > 1 || d.Policy != RouteWeighted) {
			errs = append(errs, errors.New("CNAME records are weighted and alone"))
		}
	}
	return errors.Join(errs...)
}

func (h *ServiceHealthCheck) validate() error {
	if h == nil {
		return nil
	}
	errs := []error{validateOneOf("health check type", h.Type, "HTTP", "HTTPS", "TCP"), validateText("resource path", h.Path)}
	if h.Threshold < 1 || h.Threshold > 10 {
		errs = append(errs, fmt.Errorf("failure threshold %d out of range [1, 10]", h.Threshold))
	}
	return errors.Join(errs...)
}
