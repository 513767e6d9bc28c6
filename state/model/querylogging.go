package model

import (
	"errors"
	"fmt"
)

// QueryLoggingConfig says that the queries of a public zone are to be logged,
// and where (aws-behaviour 3.10).
type QueryLoggingConfig struct {
	ID      string `cbor:"1,keyasint"` // lower-case UUID
	Account string `cbor:"2,keyasint"`
	Zone    string `cbor:"3,keyasint"` // hosted zone id
	// LogGroup is the ARN of a CloudWatch Logs group.
	LogGroup string `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*QueryLoggingConfig) Table() string { return TableQueryLogging }

// Key implements [Value]: the configuration's id.
func (q *QueryLoggingConfig) Key() string { return q.ID }

// Validate implements [Value].
func (q *QueryLoggingConfig) Validate() error {
	var errs []error
	if !uuid.MatchString(q.ID) {
		errs = append(errs, fmt.Errorf("query logging config id %q is not a lower-case UUID", q.ID))
	}
	if err := ValidateAccount(q.Account); err != nil {
		errs = append(errs, err)
	}
	if !validID(q.Zone, 'Z') {
		errs = append(errs, fmt.Errorf("hosted zone id %q is not Z and up to 31 of [A-Z0-9]", q.Zone))
	}
	if len(q.LogGroup) < 1 || len(q.LogGroup) > 2048 {
		errs = append(errs, fmt.Errorf("log group ARN of %d bytes out of range [1, 2048]", len(q.LogGroup)))
	}
	return errors.Join(errs...)
}
