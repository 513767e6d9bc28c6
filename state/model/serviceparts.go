package model

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ServiceAttribute is one attribute of a service: a row of its own, so that
// two who write attributes of one service at once lose nothing.
type ServiceAttribute struct {
	Service string `cbor:"1,keyasint"` // the service's id
	// Name has 1 to 255 characters, Text up to 1024.
	Name string `cbor:"2,keyasint"`
	Text string `cbor:"3,keyasint,omitempty"`
}

// Table implements [Value].
func (*ServiceAttribute) Table() string { return TableServiceAttributes }

// Key implements [Value]: see [ServiceAttributePrefix].
func (a *ServiceAttribute) Key() string { return ServiceAttributePrefix(a.Service) + a.Name }

// ServiceAttributePrefix returns what the keys of all attributes of a service
// begin with.
func ServiceAttributePrefix(service string) string { return service + "\x00" }

// Validate implements [Value].
func (a *ServiceAttribute) Validate() error {
	var errs []error
	if !ValidServiceID(a.Service) {
		errs = append(errs, fmt.Errorf("attribute of the service %q", a.Service))
	}
	if n := utf8.RuneCountInString(a.Name); n < 1 || n > 255 || strings.Contains(a.Name, "\x00") {
		errs = append(errs, fmt.Errorf("attribute name of %d characters out of range [1, 255]", n))
	}
	if n := utf8.RuneCountInString(a.Text); n > 1024 {
		errs = append(errs, fmt.Errorf("attribute value of %d characters out of range [0, 1024]", n))
	}
	return errors.Join(errs...)
}

// ServiceRevision is how many registrations and deregistrations of a service
// went through one node. Each node counts in a row of its own and only ever
// up: the service's revision is the sum, which grows with each of them
// wherever it happened.
type ServiceRevision struct {
	Service string `cbor:"1,keyasint"` // the service's id
	// Node is the node's identity.
	Node  string `cbor:"2,keyasint"`
	Count int64  `cbor:"3,keyasint"`
}

// Table implements [Value].
func (*ServiceRevision) Table() string { return TableServiceRevisions }

// Key implements [Value]: see [ServiceRevisionPrefix].
func (r *ServiceRevision) Key() string { return ServiceRevisionPrefix(r.Service) + r.Node }

// ServiceRevisionPrefix returns what the keys of all counts of a service begin
// with.
func ServiceRevisionPrefix(service string) string { return service + "\x00" }

// Validate implements [Value].
func (r *ServiceRevision) Validate() error {
	var errs []error
	if !ValidServiceID(r.Service) || r.Node == "" || strings.Contains(r.Node, "\x00") {
		errs = append(errs, fmt.Errorf("count of the service %q by the node %q", r.Service, r.Node))
	}
	if r.Count < 0 {
		errs = append(errs, fmt.Errorf("count %d is negative", r.Count))
	}
	return errors.Join(append(errs, validateText("node", r.Node))...)
}
