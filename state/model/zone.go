package model

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Zone is a hosted zone (aws-behaviour 1).
type Zone struct {
	// ID is the bare id, `Z` and 12 to 20 of `[A-Z0-9]`.
	ID   string `cbor:"1,keyasint"`
	Name Name   `cbor:"2,keyasint"`
	// Account owns the zone: 12 digits.
	Account         string `cbor:"3,keyasint"`
	CallerReference string `cbor:"4,keyasint,omitempty"`
	// Comment has at most 256 characters.
	Comment string `cbor:"5,keyasint,omitempty"`
	// Private zones answer only clients in one of VPCs; they have at least one.
	Private bool  `cbor:"6,keyasint,omitempty"`
	VPCs    []VPC `cbor:"7,keyasint,omitempty"`
	// NameServers are the four hosts of the zone's delegation set, in the
	// order in which the API shows them.
	NameServers []Name `cbor:"8,keyasint,omitempty"`
	// DelegationSetID is set when the delegation set is a reusable one.
	DelegationSetID string    `cbor:"9,keyasint,omitempty"`
	Created         time.Time `cbor:"10,keyasint"`
	// Linked is nil unless another AWS service made the zone; then it cannot
	// be changed through Route 53.
	Linked *LinkedService `cbor:"11,keyasint,omitempty"`
	// Namespace is the id of the Cloud Map namespace whose zone it is: the
	// RRsets of its instances are derived ([InstanceRRsets]).
	Namespace string `cbor:"12,keyasint,omitempty"`
}

// VPC names a virtual private cloud.
type VPC struct {
	ID     string `cbor:"1,keyasint"`
	Region string `cbor:"2,keyasint"`
}

// Table implements [Value].
func (*Zone) Table() string { return TableZones }

// Key implements [Value]: the zone id.
func (z *Zone) Key() string { return z.ID }

// Validate implements [Value].
func (z *Zone) Validate() error {
	var errs []error
	if !validID(z.ID, 'Z') {
		errs = append(errs, fmt.Errorf("hosted zone id %q is not Z and up to 31 of [A-Z0-9]", z.ID))
	}
	if err := z.Name.check(); err != nil {
		errs = append(errs, fmt.Errorf("hosted zone name %q: %w", z.Name, err))
	}
	for _, n := range z.NameServers {
		if err := n.check(); err != nil {
			errs = append(errs, fmt.Errorf("name server %q of hosted zone %q: %w", n, z.ID, err))
		}
	}
	if z.Name.IsWildcard() {
		errs = append(errs, sentence("Creation of hosted zone with a wildcard domain name is not supported."))
	}
	if err := ValidateAccount(z.Account); err != nil {
		errs = append(errs, err)
	}
	if len([]rune(z.Comment)) > 256 {
		errs = append(errs, fmt.Errorf("comment of %d characters, at most 256 are allowed", len([]rune(z.Comment))))
	}
	if z.Namespace != "" && !ValidNamespaceID(z.Namespace) {
		errs = append(errs, fmt.Errorf("hosted zone %q of the namespace %q", z.ID, z.Namespace))
	}
	if z.Private && len(z.VPCs) == 0 {
		errs = append(errs, fmt.Errorf("private hosted zone %q has no VPC", z.ID))
	}
	return errors.Join(errs...)
}

// validID tells whether id is first and then 1 to 31 of [A-Z0-9].
func validID(id string, first byte) bool {
	if len(id) < 2 || len(id) > 32 || id[0] != first {
		return false
	}
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// DefaultAccount owns what nobody said an account for.
const DefaultAccount = "000000000000"

// ValidateAccount returns an error unless account is 12 digits.
func ValidateAccount(account string) error {
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return fmt.Errorf("account %q is not 12 digits", account)
	}
	return nil
}

// NewZoneID returns the id of a hosted zone from what it is created by, so
// that a retry through another node makes the same zone.
func NewZoneID(account, callerReference string, name Name) string {
	return "Z" + hashID("zone", account, callerReference, string(name))[:20]
}

// hashID returns 32 characters of [A-Z2-7] that depend on every part.
func hashID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return base32.StdEncoding.EncodeToString(h.Sum(nil))[:32]
}
