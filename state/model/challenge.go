package model

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxChallengeBytes is the length of the longest value of a [Challenge].
const MaxChallengeBytes = 4000

// maxChallengeTTL is an hour: what lives shortly is not to be cached for long.
const maxChallengeTTL = 3600

// Challenge is one TXT value that a DNS-01 solver (RFC 8555 section 8.4) wants
// answered under a name, whatever hosted zone that is in. It is no RRset: the
// API does not list it, and nothing that a zone holds can be in its way or be
// overwritten by it. Each value of each solver is a row of its own, so that two
// nodes at once lose none. Rows are written with an expiry.
type Challenge struct {
	// Name is what the CA asks for, such as _acme-challenge.example.org. It is
	// no wildcard.
	Name Name `cbor:"1,keyasint"`
	// Value is the text, at least one byte, not quoted.
	Value string `cbor:"2,keyasint"`
	// Owner is who wrote it and takes it away: a label of a node or the ARN of
	// a certificate. Two owners may want the same value.
	Owner string `cbor:"3,keyasint"`
	// TTL is in seconds, in [0, 3600].
	TTL uint32 `cbor:"4,keyasint,omitempty"`
}

// Table implements [Value].
func (*Challenge) Table() string { return TableChallenges }

// Key implements [Value]: see [ChallengePrefix]; the value and the owner stand
// behind it as a hash.
func (c *Challenge) Key() string {
	sum := sha256.Sum256([]byte(c.Owner + "\x00" + c.Value))
	return fmt.Sprintf("%s%x", ChallengePrefix(c.Name), sum[:16])
}

// ChallengePrefix returns what the keys of all challenges of name begin with.
func ChallengePrefix(name Name) string { return string(name) + "\x00" }

// ChallengeKeyName returns the name in the key of a challenge.
func ChallengeKeyName(key string) Name {
	name, _, _ := strings.Cut(key, "\x00")
	return Name(name)
}

// Validate implements [Value].
func (c *Challenge) Validate() error {
	var errs []error
	if err := c.Name.check(); err != nil {
		errs = append(errs, fmt.Errorf("challenge name %q: %w", c.Name, err))
	}
	if c.Name.IsWildcard() || c.Name == "." {
		errs = append(errs, fmt.Errorf("challenge name %q is not the name of a host", c.Name))
	}
	if n := len(c.Value); n == 0 || n > MaxChallengeBytes || !utf8.ValidString(c.Value) {
		errs = append(errs, fmt.Errorf("challenge value of %d bytes is not text of length [1, %d]", n, MaxChallengeBytes))
	}
	if c.TTL > maxChallengeTTL {
		errs = append(errs, fmt.Errorf("challenge TTL %d out of range [0, %d]", c.TTL, maxChallengeTTL))
	}
	if c.Owner == "" || !utf8.ValidString(c.Owner) {
		errs = append(errs, errors.New("challenge without an owner"))
	}
	return errors.Join(append(errs, validateText("challenge owner", c.Owner))...)
}

// Strings returns the value in character strings of at most 255 bytes (RFC 1035
// section 3.3), as a TXT record holds it.
func (c *Challenge) Strings() []string {
	var out []string
	for rest := c.Value; rest != ""; {
		n := min(len(rest), maxStringBytes)
		out, rest = append(out, rest[:n]), rest[n:]
	}
	return out
}
