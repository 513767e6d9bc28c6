package model

import (
	"errors"
	"fmt"
)

// CallerReference remembers that a caller reference was used, and for what. It
// outlives what was created (aws-behaviour 1.1 rule 1, 4.2).
type CallerReference struct {
	Account string `cbor:"1,keyasint"`
	// Kind is what was created, such as "hostedzone".
	Kind      string `cbor:"2,keyasint"`
	Reference string `cbor:"3,keyasint"`
	// Resource is the id of what was created.
	Resource string `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*CallerReference) Table() string { return TableCallerReferences }

// Key implements [Value]: see [CallerReferenceKey].
func (c *CallerReference) Key() string { return CallerReferenceKey(c.Account, c.Kind, c.Reference) }

// CallerReferenceKey returns the key of a caller reference's row.
func CallerReferenceKey(account, kind, reference string) string {
	return account + "\x00" + kind + "\x00" + reference
}

// Validate implements [Value].
func (c *CallerReference) Validate() error {
	var errs []error
	if err := ValidateAccount(c.Account); err != nil {
		errs = append(errs, err)
	}
	if !resourceKind.MatchString(c.Kind) {
		errs = append(errs, fmt.Errorf("caller reference for a %q", c.Kind))
	}
	if len(c.Reference) < 1 || len(c.Reference) > 512 {
		errs = append(errs, fmt.Errorf("caller reference of %d bytes out of range [1, 512]", len(c.Reference)))
	}
	return errors.Join(errs...)
}
