// Package awserr holds the errors that AWS's APIs answer with: their codes on
// the wire, and the HTTP status of each in one table.
//
// Handlers return an [Error]; only package api renders it. Whatever else they
// return becomes a bare internal failure, so that nothing of the inside leaks
// to clients ([From]). It knows no service and no document format.
package awserr

import (
	"errors"
	"fmt"
	"net/http"
)

// Code is an error's code on the wire, such as "NoSuchHostedZone".
type Code string

// Error is what a client is told.
type Error struct {
	Code Code
	// Message is AWS's sentence where one is known.
	Message string
	// Members are what the error's document holds besides, in services whose
	// errors have members.
	Members map[string]string
}

// New returns an error with a code and a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Status returns the HTTP status of e's code: 400 for all that the table does
// not name.
func (e *Error) Status() int {
	if s, ok := statuses[e.Code]; ok {
		return s
	}
	return http.StatusBadRequest
}

// Fault returns who is to blame as error documents say it: "Sender" below 500,
// else "Receiver".
func (e *Error) Fault() string {
	if e.Status() >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// Is tells whether target is an error with e's code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// From returns the [Error] that err wraps, or an [InternalFailure] that says
// nothing else. It returns nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	return New(InternalFailure, "We encountered an internal error. Please try again.")
}
