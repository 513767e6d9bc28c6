package model

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

// The limits of a CIDR collection (aws-behaviour 1.7, 2.10).
const (
	MaxCIDRBlocks = 1000 // in a collection, all locations together
	maxIPv4Bits   = 24
	maxIPv6Bits   = 48
)

// CIDRCollection is a named set of locations, each a list of CIDR blocks, that
// IP-based RRsets choose by. A whole collection is one row: a change of it is
// one change for all who read it, and its thousand blocks are some 10 KB.
type CIDRCollection struct {
	ID      string `cbor:"1,keyasint"` // lower-case UUID
	Account string `cbor:"2,keyasint"`
	// Name is 1 to 64 of [0-9A-Za-z_-], unique in its account.
	Name            string `cbor:"3,keyasint"`
	CallerReference string `cbor:"4,keyasint,omitempty"`
	// Version counts the changes, from 1.
	Version int64 `cbor:"5,keyasint"`
	// Locations are sorted by name; none is empty, and no block is in two.
	Locations []CIDRLocation `cbor:"6,keyasint,omitempty"`
}

// CIDRLocation is where the clients in some blocks are.
type CIDRLocation struct {
	// Name is 1 to 16 of [0-9A-Za-z_-].
	Name string `cbor:"1,keyasint"`
	// Blocks are masked, and sorted as [ComparePrefix] orders them.
	Blocks []netip.Prefix `cbor:"2,keyasint"`
}

// Table implements [Value].
func (*CIDRCollection) Table() string { return TableCIDRCollections }

// Key implements [Value]: the collection's id.
func (c *CIDRCollection) Key() string { return c.ID }

// ComparePrefix orders blocks by address, IPv4 first, then by length.
func ComparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// Location returns the location with a name, or nil.
func (c *CIDRCollection) Location(name string) *CIDRLocation {
	i, ok := slices.BinarySearchFunc(c.Locations, name, func(l CIDRLocation, name string) int { return cmp.Compare(l.Name, name) })
	if !ok {
		return nil
	}
	return &c.Locations[i]
}

var (
	cidrCollectionName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	cidrBlockLocation  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,16}$`)
)

// Validate implements [Value].
func (c *CIDRCollection) Validate() error {
	var errs []error
	if !uuid.MatchString(c.ID) {
		errs = append(errs, fmt.Errorf("CIDR collection id %q is not a lower-case UUID", c.ID))
	}
	if err := ValidateAccount(c.Account); err != nil {
		errs = append(errs, err)
	}
	if !cidrCollectionName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("CIDR collection name %q is not 1 to 64 of [0-9A-Za-z_-]", c.Name))
	}
	if c.Version < 1 {
		errs = append(errs, fmt.Errorf("CIDR collection version %d out of range [1, ...]", c.Version))
	}
	return errors.Join(append(errs, c.validateLocations()...)...)
}

// validateLocations checks order, blocks, and that no block is there twice.
func (c *CIDRCollection) validateLocations() []error {
	var errs []error
	seen := make(map[netip.Prefix]string)
	for i, l := range c.Locations {
		switch {
		case !cidrBlockLocation.MatchString(l.Name):
			errs = append(errs, fmt.Errorf("CIDR location name %q is not 1 to 16 of [0-9A-Za-z_-]", l.Name))
		case i > 0 && c.Locations[i-1].Name >= l.Name:
			errs = append(errs, fmt.Errorf("CIDR location %q is not in its order", l.Name))
		case len(l.Blocks) == 0:
			errs = append(errs, fmt.Errorf("CIDR location %q has no block", l.Name))
		case !slices.IsSortedFunc(l.Blocks, ComparePrefix):
			errs = append(errs, fmt.Errorf("blocks of CIDR location %q are not in their order", l.Name))
		}
		for _, b := range l.Blocks {
			if err := ValidateCIDRBlock(b); err != nil {
				errs = append(errs, err)
			}
			if other, ok := seen[b]; ok {
				errs = append(errs, fmt.Errorf("CIDR block %v is in the locations %q and %q", b, other, l.Name))
			}
			seen[b] = l.Name
		}
	}
	if len(seen) > MaxCIDRBlocks {
		errs = append(errs, fmt.Errorf("%d CIDR blocks, at most %d are allowed", len(seen), MaxCIDRBlocks))
	}
	return errs
}

// ValidateCIDRBlock returns an error, in Route 53's words where AWS has any,
// unless a collection may hold b: masked, IPv4 /1 to /24 or IPv6 /1 to /48.
func ValidateCIDRBlock(b netip.Prefix) error {
	family, limit := "IPv4", maxIPv4Bits
	if b.Addr().Is6() {
		family, limit = "IPv6", maxIPv6Bits
	}
	switch {
	case !b.IsValid() || b.Addr().Is4In6():
		return fmt.Errorf("%v is not a CIDR block", b)
	case b.Bits() == 0:
		return sentence("Cidr prefix length must not be 0")
	case b.Bits() > limit:
		return sentence("%s cidr block %v has network prefix length greater than account limit of %d", family, b, limit)
	case b != b.Masked():
		return fmt.Errorf("CIDR block %v has bits set behind its prefix", b)
	}
	return nil
}
