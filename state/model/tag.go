package model

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The kinds of resource that tags stand on.
const (
	TaggedZone         = "hostedzone"
	TaggedHealthCheck  = "healthcheck"
	TaggedDistribution = "distribution"
	TaggedCertificate  = "certificate"
	TaggedNamespace    = "namespace"
	TaggedService      = "service"
)

// MaxTags is how many tags a resource may have (aws-behaviour 5.4).
const MaxTags = 50

// Tag is one tag of one resource: a row of its own, so that two who tag one
// resource at once lose nothing.
type Tag struct {
	// Kind is one of the constants above.
	Kind string `cbor:"1,keyasint"`
	// Resource is the bare id of the resource.
	Resource string `cbor:"2,keyasint"`
	// Name has 1 to 128 characters, Text up to 256.
	Name string `cbor:"3,keyasint"`
	Text string `cbor:"4,keyasint,omitempty"`
}

// Table implements [Value].
func (*Tag) Table() string { return TableTags }

// Key implements [Value]: see [TagPrefix].
func (t *Tag) Key() string { return TagPrefix(t.Kind, t.Resource) + t.Name }

// TagPrefix returns what the keys of all tags of a resource begin with.
func TagPrefix(kind, resource string) string { return kind + "\x00" + resource + "\x00" }

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// Validate implements [Value].
func (t *Tag) Validate() error {
	var errs []error
	if !resourceKind.MatchString(t.Kind) || t.Resource == "" || len(t.Resource) > 64 || strings.Contains(t.Resource, "\x00") {
		errs = append(errs, fmt.Errorf("tag on the resource %q %q", t.Kind, t.Resource))
	}
	if n := utf8.RuneCountInString(t.Name); n < 1 || n > 128 {
		errs = append(errs, fmt.Errorf("tag key of %d characters out of range [1, 128]", n))
	}
	if n := utf8.RuneCountInString(t.Text); n > 256 {
		errs = append(errs, fmt.Errorf("tag value of %d characters out of range [0, 256]", n))
	}
	if !tagText.MatchString(t.Name) || !tagText.MatchString(t.Text) {
		errs = append(errs, sentence("Invalid parameter : Tags can only contain letters, numbers, spaces, and the following special characters: _ . : / = + - @"))
	}
	return errors.Join(errs...)
}
