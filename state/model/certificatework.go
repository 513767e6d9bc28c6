package model

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The states of one name's proof (aws-behaviour 7.5).
const (
	ValidationPending = "PENDING_VALIDATION"
	ValidationSuccess = "SUCCESS"
	ValidationFailed  = "FAILED"
)

// The states of a renewal (aws-behaviour 7.6).
const (
	RenewalPendingAuto       = "PENDING_AUTO_RENEWAL"
	RenewalPendingValidation = "PENDING_VALIDATION"
	RenewalSuccess           = "SUCCESS"
	RenewalFailed            = "FAILED"
)

// The reasons for a certificate's failure that are given here; the API knows
// more (aws-behaviour 7.5).
const (
	FailureNoContacts    = "NO_AVAILABLE_CONTACTS"
	FailureVerification  = "ADDITIONAL_VERIFICATION_REQUIRED"
	FailureNotAllowed    = "DOMAIN_NOT_ALLOWED"
	FailureInvalidDomain = "INVALID_PUBLIC_DOMAIN"
	FailureDenied        = "DOMAIN_VALIDATION_DENIED"
	FailureCAA           = "CAA_ERROR"
	FailureOther         = "OTHER"
)

// failureReasons are those that a row may give, and none.
var failureReasons = []string{
	"", FailureNoContacts, FailureVerification, FailureNotAllowed, FailureInvalidDomain, FailureDenied, FailureCAA, FailureOther,
}

// CertificateWork is how far the proof of a certificate's names has come, and
// its renewal. Only the node that works on the certificate writes it. A
// certificate is issued by its leaf alone: this row can neither make nor unmake
// that, so what two nodes that both think it theirs write here does no harm.
type CertificateWork struct {
	ARN string `cbor:"1,keyasint"`
	// Names are the proofs so far, in the order of the certificate's names.
	Names []NameValidation `cbor:"2,keyasint,omitempty"`
	// Failure is why no certificate will be issued, empty while one may be.
	Failure string `cbor:"3,keyasint,omitempty"`
	// Reason says in words what failed, or what is waited for.
	Reason string `cbor:"4,keyasint,omitempty"`
	// Renewal is there once a renewal was tried.
	Renewal *CertificateRenewal `cbor:"5,keyasint,omitempty"`
	// Node is the name of the node that wrote the row, At when.
	Node string    `cbor:"6,keyasint,omitempty"`
	At   time.Time `cbor:"7,keyasint"`
}

// NameValidation is the proof of one name.
type NameValidation struct {
	Name Name `cbor:"1,keyasint"`
	// Status is one of the constants above.
	Status string `cbor:"2,keyasint"`
	// Reason says in words what was found instead of the proof.
	Reason string `cbor:"3,keyasint,omitempty"`
}

// CertificateRenewal is the API's RenewalSummary.
type CertificateRenewal struct {
	// Status is one of the constants above.
	Status string `cbor:"1,keyasint"`
	// Failure is why it failed, one of the failure reasons or empty; Reason
	// says so in words.
	Failure string           `cbor:"2,keyasint,omitempty"`
	Reason  string           `cbor:"3,keyasint,omitempty"`
	Names   []NameValidation `cbor:"4,keyasint,omitempty"`
	Updated time.Time        `cbor:"5,keyasint"`
}

// Table implements [Value].
func (*CertificateWork) Table() string { return TableCertificateWork }

// Key implements [Value]: the certificate's ARN.
func (w *CertificateWork) Key() string { return w.ARN }

// Validate implements [Value].
func (w *CertificateWork) Validate() error {
	errs := []error{
		validateCertificateARN(w.ARN), validateNameValidations(w.Names),
		validateOneOf("failure of a certificate", w.Failure, failureReasons...),
		validateText("reason of a certificate's state", w.Reason),
		validateText("node of a certificate's state", w.Node),
	}
	if r := w.Renewal; r != nil {
		errs = append(errs, validateNameValidations(r.Names),
			validateOneOf("state of a renewal", r.Status, RenewalPendingAuto, RenewalPendingValidation, RenewalSuccess, RenewalFailed),
			validateOneOf("failure of a renewal", r.Failure, failureReasons...),
			validateText("reason of a renewal's state", r.Reason))
	}
	return errors.Join(errs...)
}

func validateNameValidations(names []NameValidation) error {
	if len(names) > MaxCertificateNames {
		return fmt.Errorf("%d validated names, at most %d are allowed", len(names), MaxCertificateNames)
	}
	var errs []error
	for _, n := range names {
		if err := n.Name.check(); err != nil {
			errs = append(errs, fmt.Errorf("validated name %q: %w", n.Name, err))
		}
		errs = append(errs, validateOneOf("state of a name's validation", n.Status, ValidationPending, ValidationSuccess, ValidationFailed),
			validateText("reason of a name's validation", n.Reason))
	}
	return errors.Join(errs...)
}

// CertificateLeaf is an issued or imported certificate with its key: the one
// that serves. A renewal replaces the row, so chain and key always belong
// together.
type CertificateLeaf struct {
	ARN string `cbor:"1,keyasint"`
	// Chain holds the certificate and then its chain, each in DER.
	Chain [][]byte `cbor:"2,keyasint"`
	// SealedKey is the private key in PKCS #8, sealed for this row's table and
	// key; empty where the key stays with who asked ([Certificate.Foreign]).
	SealedKey []byte    `cbor:"3,keyasint"`
	NotBefore time.Time `cbor:"4,keyasint"`
	NotAfter  time.Time `cbor:"5,keyasint"`
	// Serial is the serial number in lower-case hexadecimal.
	Serial string `cbor:"6,keyasint"`
	// Issued is when the first certificate was issued, or imported; Renewed
	// when this one was, zero for the first.
	Issued  time.Time `cbor:"7,keyasint"`
	Renewed time.Time `cbor:"8,keyasint"`
	// Node is the name of the node that made it.
	Node string `cbor:"9,keyasint,omitempty"`
}

// The bounds of a chain (aws-behaviour 7.6).
const (
	MaxChainBytes        = 2 << 20
	MaxChainCertificates = 512
)

// Table implements [Value].
func (*CertificateLeaf) Table() string { return TableCertificateLeaves }

// Key implements [Value]: the certificate's ARN.
func (l *CertificateLeaf) Key() string { return l.ARN }

// Validate implements [Value].
func (l *CertificateLeaf) Validate() error {
	errs := []error{validateCertificateARN(l.ARN), validateText("node of a leaf", l.Node), validateText("serial number", l.Serial)}
	total := 0
	for _, c := range l.Chain {
		total += len(c)
	}
	if n := len(l.Chain); n < 1 || n > MaxChainCertificates || total > MaxChainBytes {
		errs = append(errs, fmt.Errorf("chain of %d certificates and %d bytes, at least 1 and at most %d of %d bytes are allowed",
			n, total, MaxChainCertificates, MaxChainBytes))
	}
	if slices.ContainsFunc(l.Chain, func(c []byte) bool { return len(c) == 0 }) {
		errs = append(errs, errors.New("empty certificate in a chain"))
	}
	if n := len(l.SealedKey); n > 16<<10 {
		errs = append(errs, fmt.Errorf("sealed key of %d bytes, at most %d are allowed", n, 16<<10))
	}
	return errors.Join(errs...)
}
