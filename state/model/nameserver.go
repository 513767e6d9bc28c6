package model

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// NameServer says where resolvers reach one DNS node, which answers for every
// hosted zone: what the hosts of delegation sets are answered with. It lives as
// long as the node does.
type NameServer struct {
	// Node is the name of the node.
	Node string `cbor:"1,keyasint"`
	// Addresses are where resolvers reach it, at least one, in the order
	// published.
	Addresses []netip.Addr `cbor:"2,keyasint"`
}

// Table implements [Value].
func (*NameServer) Table() string { return TableNameServers }

// Key implements [Value]: the node's name.
func (n *NameServer) Key() string { return n.Node }

// Validate implements [Value].
func (n *NameServer) Validate() error {
	var errs []error
	if n.Node == "" {
		errs = append(errs, errors.New("name server of a node without a name"))
	}
	return errors.Join(append(errs, checkAddresses(fmt.Sprintf("name server %q", n.Node), n.Addresses)...)...)
}

// checkAddresses returns what keeps clients from reaching an owner at addrs.
func checkAddresses(owner string, addrs []netip.Addr) []error {
	if len(addrs) == 0 {
		return []error{fmt.Errorf("%s has no address", owner)}
	}
	var errs []error
	for _, a := range addrs {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			errs = append(errs, fmt.Errorf("%s has the address %q that no client can reach", owner, a))
		}
	}
	return errs
}

// ServerNumber returns which of Route 53's 2048 name servers a name is, and
// whether it is one: the number is in [0, 2047], and tells the top-level name,
// number / 512 (aws-behaviour 1.2).
func ServerNumber(name Name) (n int, ok bool) {
	rest, ok := strings.CutPrefix(string(name), "ns-")
	if !ok {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n >= ServersPerTLD*len(serverTLDs) || nameServer(n) != name {
		return 0, false
	}
	return n, true
}
