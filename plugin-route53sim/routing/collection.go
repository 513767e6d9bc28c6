package routing

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
)

// Block is one CIDR block of a collection and the location it belongs to.
type Block struct {
	Prefix   netip.Prefix
	Location string
}

// Collection is the compiled form of a CIDR collection (aws-behaviour 2.10),
// shared by all groups that use it. It is immutable and safe for concurrent
// use.
type Collection struct {
	blocks    bart.Table[*block]
	locations map[string]int32
}

// block is one block and, through wider, all those around it.
type block struct {
	wider    *block // the longest of the blocks that cover this one, or nil
	location int32
	bits     int32
	inner    bool // there are blocks inside this one
}

// NewCollection compiles blocks, in any order. Blocks may overlap; of one block
// in two locations, which Route 53 refuses, the first location by name counts.
// Invalid prefixes are left out.
func NewCollection(blocks []Block) *Collection {
	c := &Collection{locations: make(map[string]int32)}
	sorted := slices.Clone(blocks)
	slices.SortFunc(sorted, func(a, b Block) int {
		return cmp.Or(cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()), a.Prefix.Addr().Compare(b.Prefix.Addr()), strings.Compare(a.Location, b.Location))
	})
	for _, b := range sorted {
		if b.Prefix.IsValid() {
			c.insert(b.Prefix.Masked(), b.Location)
		}
	}
	return c
}

// insert adds a block that is no shorter than those already there.
func (c *Collection) insert(prefix netip.Prefix, location string) {
	wider, _ := c.blocks.LookupPrefix(prefix)
	if wider != nil {
		if int(wider.bits) == prefix.Bits() {
			return
		}
		wider.inner = true
	}
	id, ok := c.locations[location]
	if !ok {
		id = int32(len(c.locations))
		c.locations[location] = id
	}
	c.blocks.Insert(prefix, &block{wider: wider, location: id, bits: int32(prefix.Bits())})
}

// find returns the longest block that covers prefix whole, or nil.
func (c *Collection) find(prefix netip.Prefix) *block {
	if c == nil {
		return nil
	}
	b, _ := c.blocks.LookupPrefix(prefix)
	return b
}
