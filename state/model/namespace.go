package model

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// CloudMapPrincipal is who made the hosted zones and health checks of Cloud
// Map.
const CloudMapPrincipal = "servicediscovery.amazonaws.com"

// The types of a [Namespace], as the API spells them.
const (
	NamespaceHTTP    = "HTTP"
	NamespacePublic  = "DNS_PUBLIC"
	NamespacePrivate = "DNS_PRIVATE"
)

// LinkedService says which AWS service made a resource of Route 53. Through
// Route 53 such a resource cannot be changed (aws-behaviour 1.6).
type LinkedService struct {
	// Principal is such as [CloudMapPrincipal].
	Principal string `cbor:"1,keyasint"`
	// Description is the ARN of what it was made for.
	Description string `cbor:"2,keyasint,omitempty"`
}

// Namespace is a Cloud Map namespace (aws-behaviour 6.3): services are found
// by names in it, through the API and, unless it is of type HTTP, by DNS.
type Namespace struct {
	ID      string `cbor:"1,keyasint"` // ns- and 16 of [a-z0-9]
	Account string `cbor:"2,keyasint"`
	Region  string `cbor:"3,keyasint"`
	// Name is as given, 1 to 1024 printable characters of ASCII.
	Name string `cbor:"4,keyasint"`
	Type string `cbor:"5,keyasint"` // one of the constants above
	// HTTPName is what DiscoverInstances calls the namespace. It is the Name,
	// with a suffix where another namespace of the Region had that first.
	HTTPName         string `cbor:"6,keyasint"`
	Description      string `cbor:"7,keyasint,omitempty"` // at most 1024 characters
	CreatorRequestID string `cbor:"8,keyasint,omitempty"`
	// Operation is the id of the [Operation] that created the namespace.
	Operation string `cbor:"9,keyasint,omitempty"`
	// Zone is the id of the hosted zone of a DNS namespace; the zone was made
	// with it and goes with it.
	Zone string `cbor:"10,keyasint,omitempty"`
	// SOATTL is the TTL of that zone's SOA in seconds.
	SOATTL uint32 `cbor:"11,keyasint,omitempty"`
	// Created is in milliseconds since 1970.
	Created int64 `cbor:"12,keyasint"`
}

// NewNamespaceID returns the id of a namespace from what it is created by. vpc
// is empty but for private namespaces.
func NewNamespaceID(account, region, kind, name, vpc, creatorRequestID string) string {
	return "ns-" + strings.ToLower(hashID("namespace", account, region, kind, name, vpc, creatorRequestID))[:16]
}

// ARN returns the namespace's ARN.
func (n *Namespace) ARN() string {
	return fmt.Sprintf("arn:aws:servicediscovery:%s:%s:namespace/%s", n.Region, n.Account, n.ID)
}

// DNS tells whether the namespace has a hosted zone.
func (n *Namespace) DNS() bool { return n.Type != NamespaceHTTP }

// Time returns when the namespace was created.
func (n *Namespace) Time() time.Time { return time.UnixMilli(n.Created) }

// Claim returns the row by which the namespace claims its HTTPName.
func (n *Namespace) Claim() *DiscoveryName {
	return &DiscoveryName{Scope: NamespaceScope(n.Account, n.Region), Name: n.HTTPName, Since: n.Created, Owner: n.ID}
}

// Table implements [Value].
func (*Namespace) Table() string { return TableNamespaces }

// Key implements [Value]: the namespace's id.
func (n *Namespace) Key() string { return n.ID }

// Validate implements [Value].
func (n *Namespace) Validate() error {
	var errs []error
	if !ValidNamespaceID(n.ID) {
		errs = append(errs, fmt.Errorf("namespace id %q is not ns- and 16 of [a-z0-9]", n.ID))
	}
	for _, name := range []string{n.Name, n.HTTPName} {
		if len(name) < 1 || len(name) > 1024 || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			errs = append(errs, fmt.Errorf("namespace name %q is not 1 to 1024 of the printable characters", name))
		}
	}
	if n.DNS() && !ValidZoneID(n.Zone) || !n.DNS() && n.Zone != "" {
		errs = append(errs, fmt.Errorf("namespace %q of type %s with the hosted zone id %q", n.ID, n.Type, n.Zone))
	}
	if _, err := ParseName(n.Name); n.DNS() && err != nil {
		errs = append(errs, fmt.Errorf("namespace %q: %w", n.ID, err))
	}
	if n.SOATTL > maxTTL {
		errs = append(errs, fmt.Errorf("SOA TTL %d out of range [0, %d]", n.SOATTL, maxTTL))
	}
	return errors.Join(append(errs,
		ValidateAccount(n.Account), validateDescription(n.Description),
		validateOneOf("namespace type", n.Type, NamespaceHTTP, NamespacePublic, NamespacePrivate),
		validateText("Region", n.Region), validateText("creator request id", n.CreatorRequestID),
		validateText("operation id", n.Operation), validateMillis(n.Created),
	)...)
}

func validateDescription(s string) error {
	if n := utf8.RuneCountInString(s); n > 1024 {
		return fmt.Errorf("description of %d characters, at most 1024 are allowed", n)
	}
	return nil
}

// validateMillis checks a time in milliseconds since 1970.
func validateMillis(at int64) error {
	if at < 0 || at >= 1<<48 {
		return fmt.Errorf("time %d is not in milliseconds since 1970", at)
	}
	return nil
}

// earlier orders what was created, by time, then id.
func earlier(atA int64, idA string, atB int64, idB string) int {
	return cmp.Or(cmp.Compare(atA, atB), cmp.Compare(idA, idB))
}

func validLowerID(id, prefix string) bool {
	rest, ok := strings.CutPrefix(id, prefix)
	return ok && len(rest) == 16 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// ValidNamespaceID tells whether s is the id of a namespace.
func ValidNamespaceID(s string) bool { return validLowerID(s, "ns-") }
