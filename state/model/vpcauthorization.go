package model

import (
	"errors"
	"fmt"
	"strings"
)

// VPCAuthorization lets another account associate a VPC of its own with a
// private hosted zone (aws-behaviour 1.4).
type VPCAuthorization struct {
	Zone string `cbor:"1,keyasint"` // hosted zone id
	VPC  VPC    `cbor:"2,keyasint"`
}

// Table implements [Value].
func (*VPCAuthorization) Table() string { return TableVPCAuthorizations }

// Key implements [Value]: zone id, VPC id and Region.
func (a *VPCAuthorization) Key() string {
	return VPCAuthorizationPrefix(a.Zone) + a.VPC.ID + "\x00" + a.VPC.Region
}

// VPCAuthorizationPrefix returns what the keys of all authorizations of a zone
// begin with.
func VPCAuthorizationPrefix(zone string) string { return zone + "\x00" }

// Validate implements [Value].
func (a *VPCAuthorization) Validate() error {
	var errs []error
	if !validID(a.Zone, 'Z') {
		errs = append(errs, fmt.Errorf("hosted zone id %q is not Z and up to 31 of [A-Z0-9]", a.Zone))
	}
	for _, s := range []string{a.VPC.ID, a.VPC.Region} {
		if s == "" || len(s) > 1024 || strings.Contains(s, "\x00") {
			errs = append(errs, fmt.Errorf("VPC %q in Region %q is not named by 1 to 1024 characters", a.VPC.ID, a.VPC.Region))
		}
	}
	return errors.Join(errs...)
}
