package model

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state/hlc"
)

// DefaultMaxAliases is how many aliases a distribution may have unless its row
// says otherwise (aws-behaviour 9.2).
const DefaultMaxAliases = 100

// maxDistributionConfig bounds the configuration that is kept as it was given.
const maxDistributionConfig = 1 << 20

// Distribution is a CloudFront distribution (aws-behaviour 9.2). It has a row
// for each who declares it: the API, and each node whose Caddyfile does. Its
// aliases are rows of their own: see [Claim].
type Distribution struct {
	ID      string `cbor:"1,keyasint"` // E and 13 of [A-Z0-9]
	Account string `cbor:"2,keyasint"`
	// DomainName is its own name: d111111abcdef8.cloudfront.net.
	DomainName string `cbor:"3,keyasint"`
	// Declarer is the name of the node whose Caddyfile declares it, empty for
	// the API.
	Declarer        string `cbor:"4,keyasint,omitempty"`
	CallerReference string `cbor:"5,keyasint,omitempty"`
	Comment         string `cbor:"6,keyasint,omitempty"`
	Enabled         bool   `cbor:"7,keyasint,omitempty"`
	// MaxAliases is its quota of aliases; 0: [DefaultMaxAliases].
	MaxAliases int               `cbor:"8,keyasint,omitempty"`
	Viewer     ViewerCertificate `cbor:"9,keyasint"`
	// Revision counts the changes, from 1; the ETag is made of it.
	Revision int64     `cbor:"10,keyasint"`
	Modified time.Time `cbor:"11,keyasint"`
	// Since is when the account's hold of the distribution's own name began.
	Since hlc.Stamp `cbor:"12,keyasint"`
	// Config is the configuration that nothing here acts on, such as origins
	// and cache behaviours, in the form in which the API gives it back.
	Config []byte `cbor:"13,keyasint,omitempty"`
}

// ViewerCertificate says what a distribution shows to viewers.
type ViewerCertificate struct {
	// ACM is the ARN of an ACM certificate, IAM the id of one of IAM's; where
	// both are empty, it is CloudFront's own for *.cloudfront.net.
	ACM string `cbor:"1,keyasint,omitempty"`
	IAM string `cbor:"2,keyasint,omitempty"`
	// SSLSupport is sni-only, vip or static-ip.
	SSLSupport string `cbor:"3,keyasint,omitempty"`
	// MinimumProtocol names a security policy, such as TLSv1.2_2021.
	MinimumProtocol string `cbor:"4,keyasint,omitempty"`
}

// Table implements [Value].
func (*Distribution) Table() string { return TableDistributions }

// Key implements [Value]: the id, then the declarer.
func (d *Distribution) Key() string { return DistributionPrefix(d.ID) + d.Declarer }

// DistributionPrefix returns what the keys of all rows of a distribution begin
// with; it is itself the key of the API's row.
func DistributionPrefix(id string) string { return id + "\x00" }

// ARN returns the distribution's ARN.
func (d *Distribution) ARN() string { return DistributionARN(d.Account, d.ID) }

// DistributionARN returns the ARN of a distribution.
func DistributionARN(account, id string) string {
	return "arn:aws:cloudfront::" + account + ":distribution/" + id
}

// Quota returns how many aliases the distribution may have.
func (d *Distribution) Quota() int {
	if d.MaxAliases == 0 {
		return DefaultMaxAliases
	}
	return d.MaxAliases
}

// ETag returns the version of the distribution's configuration, as the API
// shows it.
func (d *Distribution) ETag() string {
	return "E" + hashID("etag", d.ID, fmt.Sprint(d.Revision))[:13]
}

// Validate implements [Value].
func (d *Distribution) Validate() error {
	errs := []error{ValidateAccount(d.Account), validateDeclarer(d.Declarer), ValidateDistributionName(d.DomainName)}
	if !ValidDistributionID(d.ID) {
		errs = append(errs, fmt.Errorf("distribution id %q is not E and 13 of [A-Z0-9]", d.ID))
	}
	if d.Revision < 1 {
		errs = append(errs, fmt.Errorf("revision %d of distribution %q out of range [1, ...]", d.Revision, d.ID))
	}
	if d.MaxAliases < 0 {
		errs = append(errs, fmt.Errorf("quota of %d aliases out of range [0, ...]", d.MaxAliases))
	}
	if n := len([]rune(d.Comment)); n > 128 {
		errs = append(errs, fmt.Errorf("comment of %d characters, at most 128 are allowed", n))
	}
	if len(d.CallerReference) > 512 {
		errs = append(errs, fmt.Errorf("caller reference of %d bytes, at most 512 are allowed", len(d.CallerReference)))
	}
	if d.Viewer.ACM != "" && d.Viewer.IAM != "" {
		errs = append(errs, fmt.Errorf("distribution %q has both an ACM and an IAM certificate", d.ID))
	}
	if n := len(d.Viewer.ACM) + len(d.Viewer.IAM) + len(d.Viewer.SSLSupport) + len(d.Viewer.MinimumProtocol); n > 4096 {
		errs = append(errs, fmt.Errorf("viewer certificate of %d bytes, at most 4096 are allowed", n))
	}
	if len(d.Config) > maxDistributionConfig {
		errs = append(errs, fmt.Errorf("configuration of %d bytes, at most %d are allowed", len(d.Config), maxDistributionConfig))
	}
	return errors.Join(errs...)
}

// ValidDistributionID tells whether s is a distribution's id.
func ValidDistributionID(s string) bool { return len(s) == 14 && validID(s, 'E') }

// ValidateDistributionName returns an error unless name is one label under
// cloudfront.net, such as d111111abcdef8.cloudfront.net.
func ValidateDistributionName(name string) error {
	label, ok := strings.CutSuffix(name, ".cloudfront.net")
	if !ok || !validHostLabel(label) {
		return fmt.Errorf("distribution name '%s' is no lower-case host name of the form NAME.cloudfront.net", name)
	}
	return nil
}

// NewDistribution returns what the API makes for a caller reference: id and
// name are hashes, so that a retry through another node makes the same.
func NewDistribution(account, callerReference string) *Distribution {
	h := hashID("distribution name", account, callerReference)
	d := DeclaredDistribution(account, "d"+strings.ToLower(h[:13])+".cloudfront.net", "")
	d.CallerReference = callerReference
	return d
}

// DeclaredDistribution returns the distribution of an account that is known by
// its own name alone, as the Caddyfile of the node declarer says it: enabled,
// with CloudFront's own certificate.
func DeclaredDistribution(account, domainName, declarer string) *Distribution {
	return &Distribution{
		ID:      "E" + hashID("distribution", account, domainName)[:13],
		Account: account, DomainName: domainName, Declarer: declarer, Enabled: true, Revision: 1,
	}
}

// hexID returns 16 hexadecimal digits that depend on every part.
func hexID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}
