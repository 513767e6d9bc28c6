package model

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The kinds of [Endpoint].
const (
	EndpointCloudFront = "cloudfront"
	EndpointELB        = "elb"
	EndpointAPIGateway = "apigateway"
	EndpointS3Website  = "s3-website"
)

var endpointKinds = []string{EndpointCloudFront, EndpointELB, EndpointAPIGateway, EndpointS3Website}

// Endpoint says that one edge node serves an AWS resource's DNS name: what an
// alias to that name is answered with. It lives as long as the node does.
type Endpoint struct {
	// Name is the resource's name, such as d111111abcdef8.cloudfront.net. That
	// of an S3 website begins with its bucket, which an alias to it leaves out:
	// there the alias's own name stands for it.
	Name Name `cbor:"1,keyasint"`
	// Node is the name of the node that serves it.
	Node string `cbor:"2,keyasint"`
	// Kind is one of the constants above.
	Kind string `cbor:"3,keyasint"`
	// Region is where the node stands.
	Region  string `cbor:"4,keyasint,omitempty"`
	Account string `cbor:"5,keyasint,omitempty"`
	// Addresses are where clients reach it, at least one, in the order
	// published.
	Addresses []netip.Addr `cbor:"6,keyasint"`
	// Unhealthy takes the node out of answers while another is healthy.
	Unhealthy bool `cbor:"7,keyasint,omitempty"`
}

// Table implements [Value].
func (*Endpoint) Table() string { return TableEndpoints }

// Key implements [Value]: see [EndpointKey].
func (e *Endpoint) Key() string { return EndpointKey(e.Name, e.Node) }

// EndpointKey returns the key of an endpoint's row.
func EndpointKey(name Name, node string) string { return string(name) + "\x00" + node }

// Validate implements [Value].
func (e *Endpoint) Validate() error {
	var errs []error
	if err := e.Name.check(); err != nil {
		errs = append(errs, fmt.Errorf("endpoint name %q: %w", e.Name, err))
	}
	if !slices.Contains(endpointKinds, e.Kind) {
		errs = append(errs, fmt.Errorf("unknown endpoint kind %q, known are %s", e.Kind, strings.Join(endpointKinds, " ")))
	}
	errs = append(errs, checkAddresses(fmt.Sprintf("endpoint %q", e.Name), e.Addresses)...)
	return errors.Join(errs...)
}
