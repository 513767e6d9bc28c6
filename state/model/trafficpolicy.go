package model

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// TrafficPolicy is one version of a traffic policy (aws-behaviour 5.7). Each
// version is a row, which never changes but for its comment.
type TrafficPolicy struct {
	ID      string `cbor:"1,keyasint"` // lower-case UUID
	Version int64  `cbor:"2,keyasint"` // [1, 1000]
	Account string `cbor:"3,keyasint"`
	// Name is that of all versions, 1 to 512 characters, unique in its account.
	Name string `cbor:"4,keyasint"`
	// Type is the record type of all versions, which the document says.
	Type     string `cbor:"5,keyasint"`
	Document string `cbor:"6,keyasint"`
	Comment  string `cbor:"7,keyasint,omitempty"` // at most 1024 characters
	// Latest is the highest version that there ever was when the row was
	// written: numbers of deleted versions are not given again.
	Latest int64 `cbor:"8,keyasint"`
}

// MaxPolicyVersions is how many versions a policy may ever have.
const MaxPolicyVersions = 1000

// Table implements [Value].
func (*TrafficPolicy) Table() string { return TableTrafficPolicies }

// Key implements [Value]: see [TrafficPolicyKey].
func (p *TrafficPolicy) Key() string { return TrafficPolicyKey(p.ID, p.Version) }

// TrafficPolicyKey returns the key of a version's row. Keys of one policy sort
// by version, and begin with [TrafficPolicyPrefix].
func TrafficPolicyKey(id string, version int64) string {
	return fmt.Sprintf("%s%04d", TrafficPolicyPrefix(id), version)
}

// TrafficPolicyPrefix returns what the keys of all versions of a policy begin
// with.
func TrafficPolicyPrefix(id string) string { return id + "\x00" }

// Validate implements [Value]. It does not read the document.
func (p *TrafficPolicy) Validate() error {
	var errs []error
	if !ValidUUID(p.ID) {
		errs = append(errs, fmt.Errorf("traffic policy id %q is not a lower-case UUID", p.ID))
	}
	if p.Version < 1 || p.Version > MaxPolicyVersions {
		errs = append(errs, fmt.Errorf("traffic policy version %d out of range [1, %d]", p.Version, MaxPolicyVersions))
	}
	if err := ValidateAccount(p.Account); err != nil {
		errs = append(errs, err)
	}
	if n := utf8.RuneCountInString(p.Name); n < 1 || n > 512 {
		errs = append(errs, fmt.Errorf("traffic policy name of %d characters, want 1 to 512", n))
	}
	if n := utf8.RuneCountInString(p.Comment); n > 1024 {
		errs = append(errs, fmt.Errorf("comment of %d characters, at most 1024 are allowed", n))
	}
	if _, ok := rdataTypes[p.Type]; !ok {
		errs = append(errs, unknownType(p.Type))
	}
	return errors.Join(errs...)
}

// TrafficPolicyInstance is a traffic policy at work: RRsets in a hosted zone
// that carry its id, written and deleted with it.
type TrafficPolicyInstance struct {
	ID      string `cbor:"1,keyasint"` // lower-case UUID
	Account string `cbor:"2,keyasint"`
	Zone    string `cbor:"3,keyasint"` // hosted zone id
	// Name is where the policy begins, Type the type of all its RRsets.
	Name Name   `cbor:"4,keyasint"`
	Type string `cbor:"5,keyasint"`
	TTL  uint32 `cbor:"6,keyasint"` // of all its RRsets that have values
	// Policy and Version are what the RRsets were made from.
	Policy  string `cbor:"7,keyasint"`
	Version int64  `cbor:"8,keyasint"`
	// Sets is how many RRsets there are, of which the API lists one.
	Sets int `cbor:"9,keyasint"`
}

// Table implements [Value].
func (*TrafficPolicyInstance) Table() string { return TableTrafficPolicyInstances }

// Key implements [Value]: the instance's id.
func (i *TrafficPolicyInstance) Key() string { return i.ID }

// Validate implements [Value].
func (i *TrafficPolicyInstance) Validate() error {
	var errs []error
	if !ValidUUID(i.ID) {
		errs = append(errs, fmt.Errorf("traffic policy instance id %q is not a lower-case UUID", i.ID))
	}
	if !ValidUUID(i.Policy) {
		errs = append(errs, fmt.Errorf("traffic policy id %q is not a lower-case UUID", i.Policy))
	}
	if !validID(i.Zone, 'Z') {
		errs = append(errs, fmt.Errorf("hosted zone id %q is not Z and up to 31 of [A-Z0-9]", i.Zone))
	}
	if err := ValidateAccount(i.Account); err != nil {
		errs = append(errs, err)
	}
	if err := i.Name.check(); err != nil {
		errs = append(errs, err)
	}
	if _, ok := rdataTypes[i.Type]; !ok {
		errs = append(errs, unknownType(i.Type))
	}
	if i.TTL > maxTTL {
		errs = append(errs, fmt.Errorf("TTL %d out of range [0, %d]", i.TTL, maxTTL))
	}
	return errors.Join(errs...)
}

// policyRuleLabel begins the names of the RRsets that a traffic policy instance
// has beside those at its own name.
const policyRuleLabel = "_tpi-"

// PolicyRuleName returns the name, right below the zone's, of the RRsets that
// rule number n of an instance stands for: n is 1 for the first rule that is not
// the start.
func PolicyRuleName(zone Name, instance string, n int) (Name, error) {
	return ParseName(fmt.Sprintf("%s%s-%d.%s", policyRuleLabel, instance, n, zone.AWS()))
}

// PolicyRulePrefix returns what the keys of all RRsets of an instance begin
// with, but for those at the instance's own name.
func PolicyRulePrefix(zoneID string, zone Name, instance string) string {
	return RRsetPrefix(zoneID) + zone.Reversed() + policyRuleLabel + instance + "-"
}

// IsPolicyRule tells whether r stands at a name of [PolicyRuleName].
func (r *RRset) IsPolicyRule() bool {
	return r.TrafficPolicyInstanceID != "" && strings.HasPrefix(string(r.Name), policyRuleLabel+r.TrafficPolicyInstanceID+"-")
}
