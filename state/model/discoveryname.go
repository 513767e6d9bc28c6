package model

import (
	"errors"
	"fmt"
	"strings"
)

// DiscoveryName is one claim to a name that only one may have: a namespace's
// HTTPName in its account and Region, a service's name in its namespace. Each
// claimant has a row of its own, and the earliest wins: the first, in the order
// of keys, whose owner is there. The others are inert: they are found by id
// only, and have no records. By these rows names are looked up without reading
// all namespaces or services.
type DiscoveryName struct {
	// Scope is what the name is in: see [NamespaceScope]; of a service, the
	// namespace's id.
	Scope string `cbor:"1,keyasint"`
	// Name is lower case where case does not count.
	Name string `cbor:"2,keyasint"`
	// Since is when the name was claimed, in milliseconds since 1970.
	Since int64 `cbor:"3,keyasint"`
	// Owner is the id of the claimant.
	Owner string `cbor:"4,keyasint"`
}

// NamespaceScope returns what namespaces have their names in.
func NamespaceScope(account, region string) string { return account + "/" + region }

// Table implements [Value].
func (*DiscoveryName) Table() string { return TableDiscoveryNames }

// Key implements [Value]: claims to one name sort by time, then owner.
func (d *DiscoveryName) Key() string {
	return fmt.Sprintf("%s%012x\x00%s", DiscoveryNamePrefix(d.Scope, d.Name), d.Since, d.Owner)
}

// DiscoveryNamePrefix returns what the keys of all claims to a name begin with.
func DiscoveryNamePrefix(scope, name string) string { return scope + "\x00" + name + "\x00" }

// DiscoveryScopePrefix returns what the keys of all claims in a scope begin
// with.
func DiscoveryScopePrefix(scope string) string { return scope + "\x00" }

// Validate implements [Value].
func (d *DiscoveryName) Validate() error {
	var errs []error
	if d.Scope == "" || d.Name == "" || d.Owner == "" || strings.Contains(d.Scope+d.Name+d.Owner, "\x00") {
		errs = append(errs, fmt.Errorf("claim of %q to the name %q in %q", d.Owner, d.Name, d.Scope))
	}
	return errors.Join(append(errs,
		validateText("scope of a name", d.Scope), validateText("name", d.Name),
		validateText("owner of a name", d.Owner), validateMillis(d.Since),
	)...)
}
