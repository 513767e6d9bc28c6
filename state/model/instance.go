package model

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The attributes of an [Instance] that have a meaning (aws-behaviour 6.5).
const (
	AttrIPv4       = "AWS_INSTANCE_IPV4"
	AttrIPv6       = "AWS_INSTANCE_IPV6"
	AttrPort       = "AWS_INSTANCE_PORT"
	AttrCNAME      = "AWS_INSTANCE_CNAME"
	AttrAlias      = "AWS_ALIAS_DNS_NAME"
	AttrEC2        = "AWS_EC2_INSTANCE_ID"
	AttrInitHealth = "AWS_INIT_HEALTH_STATUS"
	// AttrLease is ours: the seconds, in [1, MaxLease], that the instance
	// stays without a sign of life.
	AttrLease = "EDGESTAGE_LEASE"
)

// MaxLease is the longest lease in seconds: a day.
const MaxLease = 24 * 60 * 60

// Instance is one instance of a service (aws-behaviour 6.5). What DNS answers
// of it is derived from the row, the service's and the namespace's
// ([InstanceRRsets]), how it is doing from this row and its [InstanceHealth]
// ([Instance.Condition]). An instance whose service is not there is inert.
type Instance struct {
	Service string `cbor:"1,keyasint"` // the service's id
	// ID is 1 to 64 of [0-9a-zA-Z_/:.@-], unique in the service.
	ID               string            `cbor:"2,keyasint"`
	CreatorRequestID string            `cbor:"3,keyasint,omitempty"`
	Attributes       map[string]string `cbor:"4,keyasint"`
	// Operation is the id of the [Operation] that wrote this row.
	Operation string `cbor:"5,keyasint,omitempty"`
	// Since is when the instance was first registered, Registered when last, in
	// milliseconds since 1970.
	Since      int64 `cbor:"6,keyasint"`
	Registered int64 `cbor:"7,keyasint"`
}

// Table implements [Value].
func (*Instance) Table() string { return TableInstances }

// Key implements [Value]: see [InstancePrefix].
func (i *Instance) Key() string { return InstancePrefix(i.Service) + i.ID }

// InstancePrefix returns what the keys of all instances of a service begin
// with, and those of their health.
func InstancePrefix(service string) string { return service + "\x00" }

// Lease returns for how long the instance stays without a sign of life; 0: for
// ever.
func (i *Instance) Lease() time.Duration {
	n, err := ParseLease(i.Attributes[AttrLease])
	if err != nil {
		return 0
	}
	return n
}

// ParseLease reads the value of [AttrLease].
func ParseLease(s string) (time.Duration, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n < 1 || n > MaxLease || s[0] == '+' {
		return 0, fmt.Errorf("lease %q is not a number of seconds in [1, %d]", s, MaxLease)
	}
	return time.Duration(n) * time.Second, nil
}

var instanceID = regexp.MustCompile(`^[0-9a-zA-Z_/:.@-]{1,64}$`)

// ValidInstanceID tells whether s may be the id of an instance.
func ValidInstanceID(s string) bool { return instanceID.MatchString(s) }

// MaxAttributesSize is how many bytes the names and values of an instance's
// attributes may have together.
const MaxAttributesSize = 5000

// Validate implements [Value].
func (i *Instance) Validate() error {
	var errs []error
	if !ValidServiceID(i.Service) {
		errs = append(errs, fmt.Errorf("instance of the service %q", i.Service))
	}
	if !ValidInstanceID(i.ID) {
		errs = append(errs, fmt.Errorf("instance id %q is not 1 to 64 of [0-9a-zA-Z_/:.@-]", i.ID))
	}
	size := 0
	for k, v := range i.Attributes {
		size += len(k) + len(v)
		if k == "" || len(k) > 255 || len(v) > 1024 || strings.Contains(k, "\x00") {
			errs = append(errs, fmt.Errorf("attribute %.64q with a value of %d bytes", k, len(v)))
		}
	}
	if size > MaxAttributesSize {
		errs = append(errs, fmt.Errorf("attributes of %d bytes, at most %d are allowed", size, MaxAttributesSize))
	}
	if s, ok := i.Attributes[AttrLease]; ok {
		if _, err := ParseLease(s); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs,
		validateText("creator request id", i.CreatorRequestID), validateText("operation id", i.Operation),
		validateMillis(i.Since), validateMillis(i.Registered),
	)...)
}
