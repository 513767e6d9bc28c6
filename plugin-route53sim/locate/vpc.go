package locate

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// VPC says who is inside a virtual private cloud: whoever asks from its blocks
// (aws-behaviour 0.4).
type VPC struct {
	// ID and Region are those that private hosted zones are associated with.
	ID, Region string
	// Blocks are masked. Of overlapping ones of several VPCs the longest
	// counts.
	Blocks []netip.Prefix

	region Region
	key    string
}

// Key returns what tells v from other VPCs: see [VPCKey].
func (v *VPC) Key() string { return v.key }

// VPCKey returns the key of the VPC of that id in that Region.
func VPCKey(id, region string) string { return id + " " + region }

// String returns the id and Region, as `vpc-1 (eu-west-3)`.
func (v *VPC) String() string { return v.ID + " (" + v.Region + ")" }

// Equal tells whether v and o say the same.
func (v *VPC) Equal(o *VPC) bool {
	return v.ID == o.ID && v.Region == o.Region && slices.Equal(v.Blocks, o.Blocks)
}

// VPCs tells which VPC an address is in. A nil VPCs has none.
type VPCs struct{ blocks bart.Table[*VPC] }

// NewVPCs returns a table of list, nil if that is empty, or every fault of it:
// an unknown Region, an id that stands twice, no block, what is no block, and
// one that two VPCs have.
func NewVPCs(list []VPC) (*VPCs, error) {
	var errs []error
	t, seen := new(VPCs), make(map[string]bool)
	for i := range list {
		v := list[i]
		if err := t.add(&v); err != nil {
			errs = append(errs, err)
		}
		if seen[v.ID] {
			errs = append(errs, fmt.Errorf("vpc %s stands twice: all its blocks stand on one line", v.ID))
		}
		seen[v.ID] = true
	}
	if err := errors.Join(errs...); err != nil || len(list) == 0 {
		return nil, err
	}
	return t, nil
}

// add puts v into the table.
func (t *VPCs) add(v *VPC) error {
	var ok bool
	if v.region, ok = RegionByName(v.Region); !ok {
		return fmt.Errorf("vpc %s: unknown Region %q", v.ID, v.Region)
	}
	if len(v.Blocks) == 0 {
		return fmt.Errorf("vpc %s has no CIDR block", v.ID)
	}
	v.key = VPCKey(v.ID, v.Region)
	for _, p := range v.Blocks {
		switch {
		case !p.IsValid() || p != p.Masked():
			return fmt.Errorf("vpc %s: %s is not a CIDR block, want one without bits beyond its prefix", v.ID, p)
		case p.Addr().Is4In6():
			return fmt.Errorf("vpc %s: CIDR block %s is an IPv4-mapped one, give it as IPv4", v.ID, p)
		}
		if other, ok := t.blocks.Get(p); ok {
			return fmt.Errorf("vpc %s: CIDR block %s is also that of vpc %s", v.ID, p, other.ID)
		}
		t.blocks.Insert(p, v)
	}
	return nil
}

// of returns the VPC with the longest block that addr is in, nil if none has.
func (t *VPCs) of(addr netip.Addr) *VPC {
	if t == nil || !addr.IsValid() {
		return nil
	}
	v, _ := t.blocks.Lookup(addr.Unmap().WithZone(""))
	return v
}
