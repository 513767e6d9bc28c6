package model

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The types of an [Operation], as the API spells them.
const (
	OperationCreateNamespace = "CREATE_NAMESPACE"
	OperationDeleteNamespace = "DELETE_NAMESPACE"
	OperationUpdateNamespace = "UPDATE_NAMESPACE"
	OperationUpdateService   = "UPDATE_SERVICE"
	OperationRegister        = "REGISTER_INSTANCE"
	OperationDeregister      = "DEREGISTER_INSTANCE"
)

// Operation is what became of a request that is answered before it is done
// (aws-behaviour 6.2). The row belongs to the commit that does it, so how far
// the operation has come is how far that commit has. It expires.
type Operation struct {
	ID      string `cbor:"1,keyasint"` // 32 of [a-z0-9], -, and the time: see NewOperationID
	Account string `cbor:"2,keyasint"`
	Region  string `cbor:"3,keyasint"`
	Type    string `cbor:"4,keyasint"` // one of the constants above
	// Namespace, Service and Instance are the ids of what it is about.
	Namespace string `cbor:"5,keyasint,omitempty"`
	Service   string `cbor:"6,keyasint,omitempty"`
	Instance  string `cbor:"7,keyasint,omitempty"`
	// ErrorCode and ErrorMessage say why it failed; both empty: it did not.
	ErrorCode    string `cbor:"8,keyasint,omitempty"`
	ErrorMessage string `cbor:"9,keyasint,omitempty"`
	// Created is in milliseconds since 1970.
	Created int64 `cbor:"10,keyasint"`
}

// NewOperationID returns an id that depends on each part, and says when the
// operation began: in milliseconds since 1970.
func NewOperationID(created int64, parts ...string) string {
	at := strconv.FormatInt(created, 36)
	return strings.ToLower(hashID(append([]string{"operation", at}, parts...)...)) + "-" + fmt.Sprintf("%08s", at)
}

var operationID = regexp.MustCompile(`^[a-z0-9]{32}-[a-z0-9]{8,10}$`)

// OperationTime returns when the operation of an id began, and whether it can
// be the id of one.
func OperationTime(id string) (time.Time, bool) {
	if !operationID.MatchString(id) {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(id[33:], 36, 64)
	if err != nil || validateMillis(ms) != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(ms), true
}

// Table implements [Value].
func (*Operation) Table() string { return TableOperations }

// Key implements [Value]: the operation's id.
func (o *Operation) Key() string { return o.ID }

// Time returns when the operation began.
func (o *Operation) Time() time.Time { return time.UnixMilli(o.Created) }

// Validate implements [Value].
func (o *Operation) Validate() error {
	var errs []error
	if !operationID.MatchString(o.ID) {
		errs = append(errs, fmt.Errorf("operation id %q is not 32 of [a-z0-9], - and a time", o.ID))
	}
	if o.Namespace == "" && o.Service == "" {
		errs = append(errs, fmt.Errorf("operation %q is about nothing", o.ID))
	}
	return errors.Join(append(errs,
		ValidateAccount(o.Account), validateText("Region", o.Region),
		validateOneOf("operation type", o.Type, OperationCreateNamespace, OperationDeleteNamespace, OperationUpdateNamespace,
			OperationUpdateService, OperationRegister, OperationDeregister),
		validateText("namespace id", o.Namespace), validateText("service id", o.Service), validateText("instance id", o.Instance),
		validateText("error code", o.ErrorCode), validateText("error message", o.ErrorMessage), validateMillis(o.Created),
	)...)
}
