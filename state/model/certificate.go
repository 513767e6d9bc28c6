package model

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The types of [Certificate] (aws-behaviour 7.5).
const (
	CertificateIssued   = "AMAZON_ISSUED"
	CertificateImported = "IMPORTED"
)

// The ways in which the requester of a certificate proves who he is. Only
// names of [ValidateByDNS] are ever proven here; the others stay pending.
const (
	ValidateByDNS   = "DNS"
	ValidateByEmail = "EMAIL"
	ValidateByHTTP  = "HTTP"
)

// The key algorithms, as the API's enumeration spells them.
const (
	KeyRSA1024 = "RSA_1024"
	KeyRSA2048 = "RSA_2048"
	KeyRSA3072 = "RSA_3072"
	KeyRSA4096 = "RSA_4096"
	KeyECP256  = "EC_prime256v1"
	KeyECP384  = "EC_secp384r1"
	KeyECP521  = "EC_secp521r1"
)

// KeyAlgorithms are all there are, in the API's order.
var KeyAlgorithms = []string{KeyRSA1024, KeyRSA2048, KeyRSA3072, KeyRSA4096, KeyECP256, KeyECP384, KeyECP521}

// MaxCertificateNames is how many names a certificate may have, its domain name
// included (aws-behaviour 7.3).
const MaxCertificateNames = 101

// Certificate is what was asked of ACM: requested, or imported. Only the API
// writes it. What became of it stands in rows that others write, so that an
// edit and the work on it do not undo each other: see [CertificateState], which
// puts them together.
type Certificate struct {
	// ARN is `arn:aws:acm:REGION:ACCOUNT:certificate/UUID`.
	ARN     string `cbor:"1,keyasint"`
	Account string `cbor:"2,keyasint"`
	Region  string `cbor:"3,keyasint"`
	// Names are the domain name, then the other subject alternative names in
	// the order given, without duplicates.
	Names []Name `cbor:"4,keyasint"`
	// Type is one of the constants above, KeyAlgorithm one of [KeyAlgorithms].
	Type         string `cbor:"5,keyasint"`
	KeyAlgorithm string `cbor:"6,keyasint"`
	// Method is how the names are proven, empty for imported certificates.
	Method string `cbor:"7,keyasint,omitempty"`
	// Tokens are the proofs asked for, one for each base name.
	Tokens []ValidationToken `cbor:"8,keyasint,omitempty"`
	// Idempotency is the caller's token, empty for none.
	Idempotency string    `cbor:"9,keyasint,omitempty"`
	Created     time.Time `cbor:"10,keyasint"`
	// NoTransparency says that the certificate is to be left out of
	// certificate transparency logs.
	NoTransparency bool `cbor:"11,keyasint,omitempty"`
	// Exportable says that its key may be exported.
	Exportable bool `cbor:"12,keyasint,omitempty"`
	// ManagedBy is the service that manages it, CLOUDFRONT or empty.
	ManagedBy string `cbor:"13,keyasint,omitempty"`
	// ValidationDomains are the superdomains that were given for proofs by
	// mail, as name and superdomain in turns.
	ValidationDomains []Name `cbor:"14,keyasint,omitempty"`
	// Foreign says that a Caddy site asked for it by `issuer acm`: its key was
	// made by Caddy and stays in Caddy's storage, and the site renews it.
	Foreign bool `cbor:"16,keyasint,omitempty"`
	// Version counts the edits.
	Version int64 `cbor:"15,keyasint,omitempty"`
}

// Table implements [Value].
func (*Certificate) Table() string { return TableCertificates }

// Key implements [Value]: the ARN.
func (c *Certificate) Key() string { return c.ARN }

// ID returns the UUID at the end of the ARN.
func (c *Certificate) ID() string { return c.ARN[strings.LastIndexByte(c.ARN, '/')+1:] }

// DomainName returns the first name.
func (c *Certificate) DomainName() Name { return c.Names[0] }

// NewCertificateARN returns the ARN of the certificate that is made by parts.
func NewCertificateARN(region, account string, parts ...string) string {
	parts = append([]string{"certificate", region, account}, parts...)
	return CertificateARNPrefix(region, account) + NewUUID(parts...)
}

// CertificateARNPrefix returns what the ARNs of all certificates of an account
// in a Region begin with: their rows stand together.
func CertificateARNPrefix(region, account string) string {
	return "arn:aws:acm:" + region + ":" + account + ":certificate/"
}

var certificateARN = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]{1,32}):([0-9]{12}):certificate/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// ParseCertificateARN returns the Region, account and UUID of a certificate's
// ARN, and whether arn is one.
func ParseCertificateARN(arn string) (region, account, id string, ok bool) {
	m := certificateARN.FindStringSubmatch(arn)
	if m == nil {
		return "", "", "", false
	}
	return m[1], m[2], m[3], true
}

func validateCertificateARN(arn string) error {
	if _, _, _, ok := ParseCertificateARN(arn); !ok {
		return fmt.Errorf("%.100q is not the ARN of a certificate", arn)
	}
	return nil
}

var idempotencyToken = regexp.MustCompile(`^\w{0,32}$`)

// Validate implements [Value].
func (c *Certificate) Validate() error {
	var errs []error
	if region, account, _, ok := ParseCertificateARN(c.ARN); !ok || region != c.Region || account != c.Account {
		errs = append(errs, fmt.Errorf("%.100q is not the ARN of a certificate of account %q in %q", c.ARN, c.Account, c.Region))
	}
	if len(c.Names) < 1 || len(c.Names) > MaxCertificateNames && c.Type == CertificateIssued || len(c.Names) > 4096 {
		errs = append(errs, fmt.Errorf("%d names of a certificate out of range [1, %d]", len(c.Names), MaxCertificateNames))
	}
	for _, n := range c.Names {
		if err := n.check(); err != nil {
			errs = append(errs, fmt.Errorf("name %q of a certificate: %w", n, err))
		}
	}
	errs = append(errs, c.validateTokens(),
		validateOneOf("type of a certificate", c.Type, CertificateIssued, CertificateImported),
		validateOneOf("validation method", c.Method, "", ValidateByDNS, ValidateByEmail, ValidateByHTTP),
		validateOneOf("key algorithm", c.KeyAlgorithm, KeyAlgorithms...),
		validateOneOf("manager of a certificate", c.ManagedBy, "", "CLOUDFRONT"))
	if !idempotencyToken.MatchString(c.Idempotency) {
		errs = append(errs, fmt.Errorf("idempotency token %.64q is not up to 32 of [0-9A-Za-z_]", c.Idempotency))
	}
	if len(c.ValidationDomains)%2 != 0 || len(c.ValidationDomains) > 2*MaxCertificateNames {
		errs = append(errs, fmt.Errorf("%d validation domains do not go in pairs", len(c.ValidationDomains)))
	}
	return errors.Join(errs...)
}

func (c *Certificate) validateTokens() error {
	var errs []error
	if len(c.Tokens) > len(c.Names) {
		errs = append(errs, fmt.Errorf("%d validation tokens for %d names", len(c.Tokens), len(c.Names)))
	}
	for _, t := range c.Tokens {
		errs = append(errs, t.validate())
	}
	return errors.Join(errs...)
}

// Token returns the proof asked for a name of the certificate: that of its base
// name.
func (c *Certificate) Token(n Name) (ValidationToken, bool) {
	base := BaseName(n)
	i := slices.IndexFunc(c.Tokens, func(t ValidationToken) bool { return t.Base == base })
	if i < 0 {
		return ValidationToken{}, false
	}
	return c.Tokens[i], true
}

// Covers tells whether the certificate is good for a host: a name of its own,
// or one label in the place of a wildcard's (RFC 6125 section 6.4.3,
// aws-behaviour 9.2 rule 3). A wildcard covers itself, nothing above or deeper.
func (c *Certificate) Covers(host Name) bool {
	return slices.ContainsFunc(c.Names, func(n Name) bool { return NameCovers(n, host) })
}

// NameCovers tells whether a certificate's name is good for a host.
func NameCovers(name, host Name) bool {
	return name == host || name.IsWildcard() && host != "." && host.Parent() == name[2:]
}

// BaseName returns the name that is proven for a certificate's name: without
// `*.`.
func BaseName(n Name) Name {
	if n.IsWildcard() {
		return n[2:]
	}
	return n
}
