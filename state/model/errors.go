package model

import "fmt"

// FatalError is a value or name that Route 53's parser refuses, in its words:
// `FATAL problem: CODE (TEXT) encountered with 'VALUE'` (aws-behaviour 1.1, 2.7).
type FatalError struct {
	// Code and Text name the rule, such as DomainLabelEmpty.
	Code, Text string
	// With is what was found; ShowWith tells whether it is printed.
	With     string
	ShowWith bool
}

// Error returns Route 53's own sentence.
func (e *FatalError) Error() string {
	s := fmt.Sprintf("FATAL problem: %s (%s)", e.Code, e.Text)
	if e.ShowWith {
		s += fmt.Sprintf(" encountered with '%s'", e.With)
	}
	return s
}

func fatal(code, text, with string) error {
	return &FatalError{Code: code, Text: text, With: with, ShowWith: true}
}
