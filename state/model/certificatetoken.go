package model

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
)

// ValidationZone is where the CNAME records that prove a name point to.
const ValidationZone Name = "acm-validations.aws."

// ValidationToken is the proof that is asked for one base name: a CNAME record
// that only who rules the name can make (aws-behaviour 7.4).
type ValidationToken struct {
	// Base is the name to prove, without `*.`.
	Base Name `cbor:"1,keyasint"`
	// Label is the first label of the record's name, Target its value.
	Label  string `cbor:"2,keyasint"`
	Target Name   `cbor:"3,keyasint"`
}

var validationLabel = regexp.MustCompile(`^_[0-9a-f]{32}$`)

func (t ValidationToken) validate() error {
	var errs []error
	if err := t.Base.check(); err != nil {
		errs = append(errs, fmt.Errorf("base name %q of a validation: %w", t.Base, err))
	}
	if !validationLabel.MatchString(t.Label) {
		errs = append(errs, fmt.Errorf("validation label %.64q is not `_` and 32 hexadecimal digits", t.Label))
	}
	if err := t.Target.check(); err != nil || !t.Target.Within(ValidationZone) {
		errs = append(errs, fmt.Errorf("validation target %.300q is not a name in %s", t.Target, ValidationZone))
	}
	return errors.Join(errs...)
}

// RecordName returns the name of the CNAME record: `_HEX.BASE`, or, where the
// certificate comes from a CA that is asked by ACME, `_acme-challenge.BASE`,
// the one name that such a CA looks at. The authority may be nil.
func (t ValidationToken) RecordName(a *CertificateAuthority) Name {
	if a != nil && a.Directory != "" {
		return "_acme-challenge." + t.Base
	}
	return Name(t.Label) + "." + t.Base
}

// ValidationSeed is what an account's validation tokens are made from, so that
// a token is the same for each request of the account, on every node and for
// ever, but another in another account or cluster. It is no secret that
// protects anything: tokens are public.
//
// Two nodes may make one each, before they hear of each other. Both rows stay,
// and the earliest counts: see [EarliestSeed]. A certificate keeps its tokens,
// so one asked for meanwhile stays provable.
type ValidationSeed struct {
	Account string `cbor:"1,keyasint"`
	// Bytes are 32 random bytes.
	Bytes []byte `cbor:"2,keyasint"`
	// Since is when it was made, in milliseconds since 1970.
	Since int64 `cbor:"3,keyasint"`
}

// Table implements [Value].
func (*ValidationSeed) Table() string { return TableValidationSeeds }

// Key implements [Value]: see [ValidationSeedPrefix].
func (s *ValidationSeed) Key() string {
	sum := sha256.Sum256(s.Bytes)
	return ValidationSeedPrefix(s.Account) + hex.EncodeToString(sum[:8])
}

// ValidationSeedPrefix returns what the keys of an account's seeds begin with.
func ValidationSeedPrefix(account string) string { return account + "\x00" }

// Validate implements [Value].
func (s *ValidationSeed) Validate() error {
	err := ValidateAccount(s.Account)
	if len(s.Bytes) != sha256.Size {
		err = errors.Join(err, fmt.Errorf("validation seed of %d bytes, want %d", len(s.Bytes), sha256.Size))
	}
	return err
}

// EarliestSeed returns the one of an account's seeds that counts, nil for none:
// a function of the set, whatever its order.
func EarliestSeed(seeds []*ValidationSeed) *ValidationSeed {
	var first *ValidationSeed
	for _, s := range seeds {
		if first == nil || s.Since < first.Since || s.Since == first.Since && s.Key() < first.Key() {
			first = s
		}
	}
	return first
}

// Token returns the proof that the account is asked for a certificate's name.
// `x` and `*.x` have the same (aws-behaviour 7.4).
func (s *ValidationSeed) Token(n Name) ValidationToken {
	base := BaseName(n)
	sum := func(what string) []byte {
		h := hmac.New(sha256.New, s.Bytes)
		fmt.Fprintf(h, "%s\x00%s", what, s.Account)
		return h.Sum(nil)
	}
	shard := sum("zone")[:10]
	for i, b := range shard {
		shard[i] = 'a' + b%26
	}
	return ValidationToken{
		Base:   base,
		Label:  "_" + hex.EncodeToString(sum("name\x00" + string(base))[:16]),
		Target: Name("_"+hex.EncodeToString(sum("value\x00" + string(base))[:16])+"."+string(shard)+".") + ValidationZone,
	}
}
