package model

import (
	"errors"
	"fmt"
)

// DelegationSet is a reusable delegation set: four name servers that several
// hosted zones share (aws-behaviour 1.3).
type DelegationSet struct {
	ID              string `cbor:"1,keyasint"` // bare: N and [A-Z0-9]
	Account         string `cbor:"2,keyasint"`
	CallerReference string `cbor:"3,keyasint,omitempty"`
	// NameServers are four, in the order in which the API shows them.
	NameServers []Name `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*DelegationSet) Table() string { return TableDelegationSets }

// Key implements [Value]: the set's id.
func (d *DelegationSet) Key() string { return d.ID }

// Validate implements [Value].
func (d *DelegationSet) Validate() error {
	var errs []error
	if !validID(d.ID, 'N') {
		errs = append(errs, fmt.Errorf("delegation set id %q is not N and up to 31 of [A-Z0-9]", d.ID))
	}
	if err := ValidateAccount(d.Account); err != nil {
		errs = append(errs, err)
	}
	if len(d.NameServers) != len(serverTLDs) {
		errs = append(errs, fmt.Errorf("delegation set of %d name servers, want %d", len(d.NameServers), len(serverTLDs)))
	}
	for _, n := range d.NameServers {
		if err := n.check(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
