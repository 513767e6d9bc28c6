package model

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// What [ClaimRules] may say.
const (
	// WildcardsCurrent lets accounts claim wildcards above names of others.
	WildcardsCurrent = "current"
	// WildcardsStrict refuses that, as CloudFront did in 2018.
	WildcardsStrict = "strict2018"
	// DanglingRefuse refuses to give up a name that DNS still leads here.
	DanglingRefuse = "refuse"
	// DanglingWarn lets it go, with a line in the log.
	DanglingWarn = "warn"
)

// maxResolvers bounds how many resolvers are asked in turn.
const maxResolvers = 16

// ClaimRules are what one node's Caddyfile says about claiming host names and
// giving them up. What holds everywhere is, for each member, the value of the
// row written last that has one.
type ClaimRules struct {
	// Declarer is the name of the node whose Caddyfile says so.
	Declarer string `cbor:"1,keyasint"`
	// Wildcards and Dangling are of the constants above; empty: nothing is said.
	Wildcards string `cbor:"2,keyasint,omitempty"`
	Dangling  string `cbor:"3,keyasint,omitempty"`
	// Resolvers are asked what DNS says, as IP:PORT.
	Resolvers []string `cbor:"4,keyasint,omitempty"`
}

// Table implements [Value].
func (*ClaimRules) Table() string { return TableClaimRules }

// Key implements [Value]: the declarer.
func (r *ClaimRules) Key() string { return r.Declarer }

// Validate implements [Value].
func (r *ClaimRules) Validate() error {
	errs := []error{
		validateDeclarer(r.Declarer),
		validateOneOf("wildcard claims", r.Wildcards, "", WildcardsCurrent, WildcardsStrict),
		validateOneOf("dangling claims", r.Dangling, "", DanglingRefuse, DanglingWarn),
	}
	if len(r.Resolvers) > maxResolvers {
		errs = append(errs, fmt.Errorf("%d resolvers, at most %d are allowed", len(r.Resolvers), maxResolvers))
	}
	for _, a := range r.Resolvers {
		if got, err := ParseResolver(a); err != nil || got != a {
			errs = append(errs, fmt.Errorf("resolver %q is not IP:PORT", a))
		}
	}
	return errors.Join(errs...)
}

// ParseResolver returns the address of a resolver as IP:PORT; the port is 53
// where s has none.
func ParseResolver(s string) (string, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		s = net.JoinHostPort(ip.String(), "53")
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("resolver %q is not an IP address, with or without a port", s)
	}
	ip, err := netip.ParseAddr(host)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 || ip.IsUnspecified() || ip.IsMulticast() {
		return "", fmt.Errorf("resolver %q is not an IP address, with or without a port", s)
	}
	return netip.AddrPortFrom(ip, uint16(n)).String(), nil
}
