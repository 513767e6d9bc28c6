package locate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

// ErrMalformedECS is what every error of this file wraps: the query is to be
// answered with FORMERR (RFC 7871 section 7.2.1).
var ErrMalformedECS = errors.New("malformed client subnet option")

// The address families of the option (RFC 7871 section 6). Family 0 is what
// some clients send beside a source prefix of /0.
const (
	familyNone = 0
	familyIPv4 = 1
	familyIPv6 = 2
)

// ECS is the EDNS Client Subnet option of one query. The zero value says that
// the query had none.
type ECS struct {
	prefix netip.Prefix // zero for family 0
	sent   bool
}

// ParseECS returns the option that opt carries, or the zero ECS if opt is nil
// or carries none. It refuses what [ParseECSOption] refuses, and a second one.
func ParseECS(opt *dns.OPT) (ECS, error) {
	var ecs ECS
	if opt == nil {
		return ecs, nil
	}
	for _, o := range opt.Option {
		subnet, ok := o.(*dns.EDNS0_SUBNET)
		if !ok {
			continue
		}
		if ecs.sent {
			return ECS{}, fmt.Errorf("%w: given twice", ErrMalformedECS)
		}
		var err error
		if ecs, err = ParseECSOption(subnet); err != nil {
			return ECS{}, err
		}
	}
	return ecs, nil
}

// ParseECSOption returns the option as miekg/dns unpacked it. It refuses a
// scope other than 0, an unknown family, a prefix longer than an address and
// address bits beyond the prefix. Unpacking has lost how many address octets
// were on the wire: [ParseECSData] sees that too.
func ParseECSOption(o *dns.EDNS0_SUBNET) (ECS, error) {
	var addr netip.Addr
	ok := true
	switch o.Family {
	case familyIPv4:
		addr, ok = netip.AddrFromSlice(o.Address.To4())
	case familyIPv6:
		addr, ok = netip.AddrFromSlice(o.Address.To16())
	}
	if !ok {
		return ECS{}, fmt.Errorf("%w: no address of family %d", ErrMalformedECS, o.Family)
	}
	return newECS(o.Family, o.SourceNetmask, o.SourceScope, addr)
}

// ParseECSData returns the option whose data, after code and length, is data.
// It refuses what [ParseECSOption] refuses, and any number of address octets
// but the least that holds the prefix.
func ParseECSData(data []byte) (ECS, error) {
	if len(data) < 4 {
		return ECS{}, fmt.Errorf("%w: %d octets, at least 4 are needed", ErrMalformedECS, len(data))
	}
	family, bits, scope, octets := binary.BigEndian.Uint16(data), data[2], data[3], data[4:]
	if want := (int(bits) + 7) / 8; len(octets) != want {
		return ECS{}, fmt.Errorf("%w: %d address octets for /%d, %d are needed", ErrMalformedECS, len(octets), bits, want)
	}
	var addr netip.Addr
	switch family {
	case familyIPv4:
		var a [net.IPv4len]byte
		copy(a[:], octets)
		addr = netip.AddrFrom4(a)
	case familyIPv6:
		var a [net.IPv6len]byte
		copy(a[:], octets)
		addr = netip.AddrFrom16(a)
	}
	return newECS(family, bits, scope, addr)
}

// NewECS returns the option of a query from prefix, masked; the zero ECS for
// the zero Prefix. It refuses an invalid one, and an IPv4-mapped one.
func NewECS(prefix netip.Prefix) (ECS, error) {
	switch {
	case prefix == netip.Prefix{}:
		return ECS{}, nil
	case !prefix.IsValid() || prefix.Addr().Is4In6():
		return ECS{}, fmt.Errorf("%w: prefix %s", ErrMalformedECS, prefix)
	}
	return ECS{prefix: prefix.Masked(), sent: true}, nil
}

// newECS checks what both forms have in common. addr is of the family.
func newECS(family uint16, bits, scope uint8, addr netip.Addr) (ECS, error) {
	switch {
	case scope != 0:
		return ECS{}, fmt.Errorf("%w: scope %d in a query, must be 0", ErrMalformedECS, scope)
	case family == familyNone && bits == 0:
		return ECS{sent: true}, nil
	case family != familyIPv4 && family != familyIPv6:
		return ECS{}, fmt.Errorf("%w: family %d, must be 1 or 2", ErrMalformedECS, family)
	case int(bits) > addr.BitLen():
		return ECS{}, fmt.Errorf("%w: source prefix /%d, at most /%d", ErrMalformedECS, bits, addr.BitLen())
	}
	p := netip.PrefixFrom(addr, int(bits))
	if p != p.Masked() {
		return ECS{}, fmt.Errorf("%w: %s has bits beyond its prefix", ErrMalformedECS, p)
	}
	return ECS{prefix: p, sent: true}, nil
}

// Sent tells whether the query carried the option: then, and only then, the
// reply carries one (RFC 7871 section 7.2.2).
func (e ECS) Sent() bool { return e.sent }

// Prefix returns the client's network, masked, and whether there is one: a
// client that sends /0 asks not to be placed (RFC 7871 section 7.1.2).
func (e ECS) Prefix() (netip.Prefix, bool) { return e.prefix, e.prefix.Bits() > 0 }

// Scope returns the scope prefix length to reply with to an answer that holds
// for the first bits of the client's address: never longer than the source
// prefix, 0 for /0 and for an answer that does not depend on the client
// (aws-behaviour 3.8).
func (e ECS) Scope(bits int) uint8 {
	return uint8(max(0, min(bits, e.prefix.Bits())))
}

// Reply returns the option for the reply, with family, prefix and address of
// the query's and [ECS.Scope] of bits; nil if the query had none. The option
// is the caller's.
func (e ECS) Reply(bits int) *dns.EDNS0_SUBNET {
	if !e.sent {
		return nil
	}
	o := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Address: net.IPv4zero}
	if e.prefix.IsValid() {
		o.Family, o.Address = familyIPv6, e.prefix.Addr().AsSlice()
		if e.prefix.Addr().Is4() {
			o.Family = familyIPv4
		}
		o.SourceNetmask, o.SourceScope = uint8(e.prefix.Bits()), e.Scope(bits)
	}
	return o
}

// String returns the prefix, or "-" for none, as query logs show it
// (aws-behaviour 3.10).
func (e ECS) String() string {
	if !e.prefix.IsValid() {
		return "-"
	}
	return e.prefix.String()
}
