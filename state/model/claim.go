package model

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/hlc"
)

// The kinds of resource that own host names.
const (
	OwnerDistribution = "distribution"
	OwnerLoadBalancer = "loadbalancer"
)

// Claim says that a resource of an account wants to be who answers for a host
// name. There is a row for each claimant and each who declares it, so that what
// several nodes write at once stands side by side; who owns the name is read
// from all of its claims by [Standing].
type Claim struct {
	// Host is a host name, or `*.` and one: see [ValidateHost].
	Host    string `cbor:"1,keyasint"`
	Account string `cbor:"2,keyasint"`
	// Kind is one of the kinds above.
	Kind string `cbor:"3,keyasint"`
	// Owner is the distribution's id or the load balancer's ARN.
	Owner string `cbor:"4,keyasint"`
	// OwnerName is the owner's own host name.
	OwnerName string `cbor:"5,keyasint"`
	// Declarer is the name of the node whose Caddyfile declares the claim,
	// empty for the API. Who declares a row is the only one to remove it.
	Declarer string `cbor:"6,keyasint,omitempty"`
	// Since is when the account's hold of the name began. It is kept when the
	// name moves within the account.
	Since hlc.Stamp `cbor:"7,keyasint"`
	// Reserved says that the owner no longer answers for the name, but that
	// nobody else may claim it: DNS may still lead there.
	Reserved bool `cbor:"8,keyasint,omitempty"`
}

// Table implements [Value].
func (*Claim) Table() string { return TableClaims }

// Key implements [Value]: the host name with its labels in reverse order, then
// owner and declarer.
func (c *Claim) Key() string { return ClaimPrefix(c.Host) + c.Owner + "\x00" + c.Declarer }

// ClaimPrefix returns what the keys of all claims of a host name begin with.
func ClaimPrefix(host string) string { return ReverseHost(host) + "\x00" }

// ReverseHost returns host with its labels in reverse order: com.example.www.
// All that is below a name begins with its reverse and a dot.
func ReverseHost(host string) string {
	labels := strings.Split(host, ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}

// Validate implements [Value].
func (c *Claim) Validate() error {
	errs := []error{ValidateHost(c.Host), ValidateAccount(c.Account), validateDeclarer(c.Declarer), ValidateHost(c.OwnerName)}
	switch c.Kind {
	case OwnerDistribution:
		if !ValidDistributionID(c.Owner) {
			errs = append(errs, fmt.Errorf("claim of %q by %q, which is no distribution id", c.Host, c.Owner))
		}
	case OwnerLoadBalancer:
		if !validELBArn(c.Owner, "loadbalancer") {
			errs = append(errs, fmt.Errorf("claim of %q by %q, which is no load balancer's ARN", c.Host, c.Owner))
		}
	default:
		errs = append(errs, fmt.Errorf("claim of %q by a %q, known are %s and %s", c.Host, c.Kind, OwnerDistribution, OwnerLoadBalancer))
	}
	return errors.Join(errs...)
}

func validateDeclarer(node string) error {
	if len(node) > 128 || strings.ContainsAny(node, " \t\r\n\x00") {
		return fmt.Errorf("declaring node %q is not one word of at most 128 bytes", node)
	}
	return nil
}

// ValidateHost returns an error unless host is a name that can be claimed: two
// labels at least, of [a-z0-9-], at most 253 bytes, without final dot; `*` may
// stand for the first label (aws-behaviour 9.2 rules 1 and 8).
func ValidateHost(host string) error {
	rest := strings.TrimPrefix(host, "*.")
	labels := strings.Split(rest, ".")
	ok := len(labels) >= 2 && len(host) <= 253
	for _, l := range labels {
		ok = ok && validHostLabel(l)
	}
	if !ok {
		return fmt.Errorf("host name %q is not at least two labels of [a-z0-9-], lower case and without final dot, with *. in front at most", host)
	}
	return nil
}

// ValidateAlias returns an error unless host can be claimed by a resource that it
// is not the own name of: the names that AWS gives are nobody else's.
func ValidateAlias(host string) error {
	if err := ValidateHost(host); err != nil {
		return err
	}
	if kind := ResourceOf(Name(strings.TrimPrefix(host, "*.") + ".")).Kind; kind != "" {
		return fmt.Errorf("host name %q is one that AWS gives to a resource", host)
	}
	return nil
}

func validHostLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	return strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Standing settles who has a host name, from all of its claims whose owners
// exist:
//
//	account          that of the earliest claim has the name
//	distributions    of these, one can have it: the earliest claimant
//	load balancers   of the account may share it, in several Regions
//	others           are inert
//
// Claims of one owner by several declarers count as one: the earliest that does
// not only reserve the name, if there is one. Equal times are settled by
// account, then owner. standing has a claim for each owner, distributions first,
// then by time, and those that only reserve the name last; inert has what is
// not told by these. It is a pure function: the order of claims does not
// matter, and they are not modified.
func Standing(claims []*Claim) (standing, inert []*Claim) {
	if len(claims) == 1 {
		return claims, nil
	}
	sorted := slices.SortedFunc(slices.Values(claims), (*Claim).compare)
	owners := make(map[string]int) // places in standing
	for _, c := range sorted {
		at, seen := owners[c.Owner]
		switch {
		case c.Account != sorted[0].Account:
			inert = append(inert, c)
		case !seen:
			owners[c.Owner] = len(standing)
			standing = append(standing, c)
		case standing[at].Reserved && !c.Reserved:
			standing[at] = c
		}
	}
	slices.SortFunc(standing, func(a, b *Claim) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.compare(b))
	})
	for len(standing) > 1 && standing[1].rank() == 0 {
		inert = append(inert, standing[1])
		standing = slices.Delete(standing, 1, 2)
	}
	return standing, inert
}

// compare orders claims of one name as they began.
func (c *Claim) compare(d *Claim) int {
	return cmp.Or(
		cmp.Compare(c.Since, d.Since), cmp.Compare(c.Account, d.Account),
		compareBool(c.Reserved, d.Reserved), cmp.Compare(c.Owner, d.Owner), cmp.Compare(c.Declarer, d.Declarer),
	)
}

func (c *Claim) rank() int {
	switch {
	case c.Reserved:
		return 2
	case c.Kind == OwnerDistribution:
		return 0
	}
	return 1
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
