package integration

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// publishing returns three nodes, not started, that publish addresses.
func publishing(t *testing.T, addrs [3]string) []*dnsNode {
	t.Helper()
	a := newDNS(t, "a")
	nodes := []*dnsNode{a, newDNS(t, "b", a.gossip), newDNS(t, "c", a.gossip)}
	for i, n := range nodes {
		n.extra = append(n.extra, "publish "+addrs[i])
	}
	return nodes
}

// TestNameServersOfCluster: the hosts of delegation sets lead to the live nodes,
// by every node, in orders that tell the hosts apart; a node that is killed,
// stopped or not ready is nowhere among them.
func TestNameServersOfCluster(t *testing.T) {
	nodes := publishing(t, [3]string{"192.0.2.1 2001:db8::1", "192.0.2.2", "192.0.2.3 2001:db8::3"})
	for _, n := range nodes {
		n.start()
	}
	hosts := []string{"ns-52.awsdns-06.com.", "ns-936.awsdns-53.net.", "ns-1464.awsdns-55.org.", "ns-1867.awsdns-41.co.uk."}
	// leads waits until every one of the nodes answers the hosts as wanted.
	leads := func(nodes []*dnsNode, qtype uint16, want ...string) {
		t.Helper()
		for _, n := range nodes {
			for i, host := range hosts {
				eventually(t, func() string {
					r, err := n.ask(host, qtype)
					if err != nil {
						return err.Error()
					}
					var got []string
					for _, rr := range r.Answer {
						got = append(got, strings.TrimPrefix(rr.String(), rr.Header().String()))
					}
					if text := strings.Join(got, " "); text != want[i] || text != "" && !r.Authoritative {
						return fmt.Sprintf("%s answers %s %s with %q (AA %t), want %q", n.name, host, dns.TypeToString[qtype], text, r.Authoritative, want[i])
					}
					return ""
				})
			}
		}
	}
	const a, b, c = "192.0.2.1", "192.0.2.2", "192.0.2.3"
	all := []string{a + " " + b + " " + c, b + " " + c + " " + a, c + " " + a + " " + b, a + " " + c + " " + b}
	leads(nodes, dns.TypeA, all...)
	leads(nodes, dns.TypeAAAA, "2001:db8::1 2001:db8::3", "2001:db8::3 2001:db8::1", "2001:db8::1 2001:db8::3", "2001:db8::3 2001:db8::1")

	nodes[1].kill()
	alive := []*dnsNode{nodes[0], nodes[2]}
	leads(alive, dns.TypeA, a+" "+c, c+" "+a, a+" "+c, c+" "+a)
	nodes[1].start()
	leads(nodes, dns.TypeA, all...)

	nodes[1].stop(syscall.SIGTERM)
	leads(alive, dns.TypeA, a+" "+c, c+" "+a, a+" "+c, c+" "+a)

	nodes[2].stop(syscall.SIGTERM)
	leads(nodes[:1], dns.TypeA, a, a, a, a)
}

// TestNameServersWalked has unbound find a zone as on the Internet: it is sent
// from the parent, which knows no addresses, to the hosts of the delegation set,
// asks for their addresses, and then the nodes behind them, on port 53 each.
func TestNameServersWalked(t *testing.T) {
	client(t, "unbound", "unbound")
	dig := client(t, "dig", "bind9-dnsutils")
	network := fmt.Sprintf("127.%d.%d.", 1+rand.IntN(254), rand.IntN(256)) // each run its own
	parentHost := network + "9"
	addrs := [3]string{network + "1", network + "2", network + "3"}
	for _, host := range append(addrs[:], parentHost) {
		l, err := net.ListenPacket("udp", host+":53")
		if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EADDRINUSE) {
			t.Skipf("resolvers ask on port 53, which this user may not listen on, or another has of all addresses: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
	nodes := publishing(t, addrs)
	for i, n := range nodes {
		n.addr = addrs[i] + ":53"
		n.start()
	}
	writeFile(t, filepath.Join(nodes[0].dir, "zones", "child.zone"), zoneText("child.test.", "www", "192.0.2.7"))
	parent := newDNS(t, "parent")
	parent.addr = parentHost + ":53"
	parent.start()
	var delegation strings.Builder
	for _, host := range []string{"ns-52.awsdns-06.com.", "ns-936.awsdns-53.net.", "ns-1464.awsdns-55.org.", "ns-1867.awsdns-41.co.uk."} {
		delegation.WriteString("child 3600 IN NS " + host + "\n")
	}
	writeFile(t, filepath.Join(parent.dir, "zones", "test.zone"), zoneText("test.", "www", "192.0.2.1")+delegation.String())
	for _, n := range nodes {
		n.wants("www.child.test.", dns.TypeA, "192.0.2.7")
	}
	eventually(t, func() string {
		r, err := parent.ask("www.child.test.", dns.TypeA)
		if err != nil || len(r.Ns) != 4 || len(r.Extra) != 0 || r.Authoritative {
			return fmt.Sprintf("the parent answers\n%v (%v)\nwant a referral without addresses", r, err)
		}
		return ""
	})
	zones := "stub-zone:\n  name: \"test.\"\n  stub-addr: " + parentHost + "\n"
	for _, tld := range []string{"com.", "net.", "org.", "uk."} {
		zones += "stub-zone:\n  name: \"" + tld + "\"\n  stub-addr: " + addrs[0] + "\n  stub-addr: " + addrs[1] + "\n"
	}
	resolver := unbound(t, zones, "www.child.test.", "192.0.2.7")
	nodes[2].kill()
	eventually(t, func() string {
		if out := command(dig, "@127.0.0.1", "-p", resolver, "+time=5", "+tries=1", "none.child.test."); !strings.Contains(out, "NXDOMAIN") {
			return "without one of the nodes unbound answers\n" + out
		}
		return ""
	})
}
