package model

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of [CertificateMark].
const (
	MarkRevoked  = "revoked"
	MarkExported = "exported"
	MarkRenewal  = "renewal"
)

// CertificateMark says that something was done to a certificate once: a row of
// its own for each kind, so that two nodes asked at once lose nothing.
type CertificateMark struct {
	ARN string `cbor:"1,keyasint"`
	// Kind is one of the constants above.
	Kind string    `cbor:"2,keyasint"`
	At   time.Time `cbor:"3,keyasint"`
	// Reason is why it was revoked, of the API's enumeration.
	Reason string `cbor:"4,keyasint,omitempty"`
}

// Table implements [Value].
func (*CertificateMark) Table() string { return TableCertificateMarks }

// Key implements [Value]: see [CertificateMarkKey].
func (m *CertificateMark) Key() string { return CertificateMarkKey(m.ARN, m.Kind) }

// CertificateMarkKey returns the key of a mark's row; with an empty kind, what
// the keys of all marks of the certificate begin with.
func CertificateMarkKey(arn, kind string) string { return arn + "\x00" + kind }

// Validate implements [Value].
func (m *CertificateMark) Validate() error {
	return errors.Join(validateCertificateARN(m.ARN),
		validateOneOf("mark of a certificate", m.Kind, MarkRevoked, MarkExported, MarkRenewal),
		validateText("reason of a mark", m.Reason))
}

// CertificateAuthority is who issues certificates in this cluster: the edges
// write it when they start, so that every node tells a requester the record
// that this authority looks at.
type CertificateAuthority struct {
	// Directory is the URL of an ACME directory, empty for the edges' own CA.
	Directory string `cbor:"1,keyasint,omitempty"`
	// Node is the name of the node that wrote the row, At when.
	Node string    `cbor:"2,keyasint,omitempty"`
	At   time.Time `cbor:"3,keyasint"`
}

// CertificateAuthorityKey is the key of the one [CertificateAuthority].
const CertificateAuthorityKey = "acm"

// Table implements [Value].
func (*CertificateAuthority) Table() string { return TableCertificateAuthorities }

// Key implements [Value]: [CertificateAuthorityKey].
func (*CertificateAuthority) Key() string { return CertificateAuthorityKey }

// Validate implements [Value].
func (a *CertificateAuthority) Validate() error {
	err := errors.Join(validateText("directory of a certificate authority", a.Directory), validateText("node of a certificate authority", a.Node))
	if a.Directory != "" && !strings.HasPrefix(a.Directory, "https://") && !strings.HasPrefix(a.Directory, "http://") {
		err = errors.Join(err, fmt.Errorf("directory %.300q of a certificate authority is no http URL", a.Directory))
	}
	return err
}

// CertificateConfiguration is the API's account configuration, of an account in
// a Region.
type CertificateConfiguration struct {
	Account string `cbor:"1,keyasint"`
	Region  string `cbor:"2,keyasint"`
	// DaysBeforeExpiry is when expiry events begin, in [1, 45].
	DaysBeforeExpiry int64 `cbor:"3,keyasint"`
}

// DefaultDaysBeforeExpiry is what counts without a row.
const DefaultDaysBeforeExpiry = 45

// Table implements [Value].
func (*CertificateConfiguration) Table() string { return TableCertificateConfigurations }

// Key implements [Value]: see [CertificateConfigurationKey].
func (c *CertificateConfiguration) Key() string {
	return CertificateConfigurationKey(c.Account, c.Region)
}

// CertificateConfigurationKey returns the key of a configuration's row.
func CertificateConfigurationKey(account, region string) string { return account + "\x00" + region }

// Validate implements [Value].
func (c *CertificateConfiguration) Validate() error {
	err := errors.Join(ValidateAccount(c.Account), validateText("Region", c.Region))
	if c.DaysBeforeExpiry < 1 || c.DaysBeforeExpiry > 45 {
		err = errors.Join(err, fmt.Errorf("%d days before expiry out of range [1, 45]", c.DaysBeforeExpiry))
	}
	return err
}

// CertificateEvent is something about a certificate that an operator should
// know of: issued, renewed, failed, a proof gone, expiry near.
type CertificateEvent struct {
	ARN string `cbor:"1,keyasint"`
	// Kind is one word, such as "renewal_pending_validation".
	Kind string `cbor:"2,keyasint"`
	// Text says what happened, one line.
	Text string `cbor:"3,keyasint,omitempty"`
	// Node is the name of the node that wrote it, At when, in milliseconds
	// since 1970.
	Node string `cbor:"4,keyasint"`
	At   int64  `cbor:"5,keyasint"`
}

// Table implements [Value].
func (*CertificateEvent) Table() string { return TableCertificateEvents }

// Key implements [Value]: earlier events have lower keys.
func (e *CertificateEvent) Key() string {
	return fmt.Sprintf("%012x\x00%s\x00%s\x00%s", e.At, e.ARN, e.Kind, e.Node)
}

// Validate implements [Value].
func (e *CertificateEvent) Validate() error {
	var at error
	if e.At < 0 || e.At >= 1<<48 {
		at = fmt.Errorf("event at %d milliseconds since 1970, out of range [0, 2^48)", e.At)
	}
	return errors.Join(at, validateCertificateARN(e.ARN), validateText("kind of an event", e.Kind),
		validateText("text of an event", e.Text), validateText("node of an event", e.Node))
}
