package zone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// nameServer adds the row of a DNS node.
func nameServer(node string, addrs ...string) func(*rowsOf) {
	return func(r *rowsOf) { r.add(&model.NameServer{Node: node, Addresses: mustAddrs(addrs)}) }
}

// The hosts of testZone's delegation set, by their top-level names.
var setHosts = [...]string{"ns-52.awsdns-06.com.", "ns-936.awsdns-53.net.", "ns-1464.awsdns-55.org.", "ns-1867.awsdns-41.co.uk."}

// The hosts of delegation sets are answered with the nodes that have published
// addresses, with TTL 60 and without NS (aws-behaviour 1.2, 3.1).
func TestNameServerHosts(t *testing.T) {
	host := setHosts[0]
	soa := []string{host + " 60 IN SOA ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}
	v := compile(t, "", nameServer("a", "192.0.2.1", "2001:db8::1"), nameServer("b", "192.0.2.2", "192.0.2.3"), nameServer("c", "192.0.2.2"))
	runCases(t, v, []lookupCase{
		{name: "A", qname: "NS-52.awsdns-06.com.", qtype: dns.TypeA, result: Success,
			answer: []string{"NS-52.awsdns-06.com. 60 IN A 192.0.2.1", "NS-52.awsdns-06.com. 60 IN A 192.0.2.2", "NS-52.awsdns-06.com. 60 IN A 192.0.2.3"}},
		{name: "AAAA", qname: host, qtype: dns.TypeAAAA, result: Success, answer: []string{host + " 60 IN AAAA 2001:db8::1"}},
		{name: "another type", qname: host, qtype: dns.TypeNS, result: NoData, ns: soa},
		{name: "ANY", qname: host, qtype: dns.TypeANY, all: true, result: Success, answer: []string{host + " 60 IN A 192.0.2.1",
			host + " 60 IN A 192.0.2.2", host + " 60 IN A 192.0.2.3", host + " 60 IN AAAA 2001:db8::1"}},
		{name: "of no zone", qname: "ns-0.awsdns-00.com.", qtype: dns.TypeAAAA, result: Success, answer: []string{"ns-0.awsdns-00.com. 60 IN AAAA 2001:db8::1"}},
		{name: "misnumbered", qname: "ns-52.awsdns-07.com.", qtype: dns.TypeA, result: OutOfZone},
		{name: "below a host", qname: "x." + host, qtype: dns.TypeA, result: OutOfZone},
		{name: "above a host", qname: "awsdns-06.com.", qtype: dns.TypeNS, result: OutOfZone},
	})
	if s := v.Stats(); s.NameServers != 3 {
		t.Errorf("%d name servers, want 3", s.NameServers)
	}
	if !v.Holds(nil, host) || v.Holds(nil, "ns-52.awsdns-07.com.") {
		t.Errorf("Holds(%q) = %t, want true; of a name with another number %t, want false", host, v.Holds(nil, host), v.Holds(nil, "ns-52.awsdns-07.com."))
	}
	runCases(t, compile(t, ""), []lookupCase{{name: "nobody publishes", qname: host, qtype: dns.TypeA, result: OutOfZone}})
	runCases(t, compile(t, "", nameServer("a", "2001:db8::1")), []lookupCase{{name: "other family only", qname: host, qtype: dns.TypeA, result: NoData, ns: soa}})
}

// aws-behaviour 3.1: a referral has no addresses of hosts outside the zone.
func TestNoGlueForNameServers(t *testing.T) {
	v := compile(t, "sub.example.org. 60 NS ns-0.awsdns-00.com.", nameServer("a", "192.0.2.1"))
	runCases(t, v, []lookupCase{
		{name: "referral", qname: "x.sub.example.org.", qtype: dns.TypeA, result: Delegation, ns: []string{"sub.example.org. 60 IN NS ns-0.awsdns-00.com."}},
		{name: "positive", qname: "example.org.", qtype: dns.TypeNS, result: Success, answer: authority},
	})
}

// A zone that holds a host's name answers for it.
func TestZoneOfNameServerHosts(t *testing.T) {
	v := compile(t, "", nameServer("a", "192.0.2.1"), func(r *rowsOf) {
		r.add(newTestZone("Z0COMPANY00000000000", "awsdns-06.com."))
		r.line("Z0COMPANY00000000000", "ns-52.awsdns-06.com. 60 A 192.0.2.99")
	})
	if got := first(v.Lookup(&Query{Name: setHosts[0], Type: dns.TypeA})); got != "192.0.2.99" {
		t.Errorf("%s = %s, want the zone's own record 192.0.2.99", setHosts[0], got)
	}
}

// order returns the last numbers of the addresses of a host, as answered.
func order(v *View, host string) string {
	var b strings.Builder
	for _, rr := range v.Lookup(&Query{Name: host, Type: dns.TypeA, Random: 5}).Answer {
		fmt.Fprintf(&b, "%d ", rr.(*dns.A).A[3])
	}
	return strings.TrimSpace(b.String())
}

// The four hosts of a set lead to the nodes in different orders, the same at
// each question; over all sets each node is as often the first.
func TestNameServerOrder(t *testing.T) {
	for nodes, want := range map[int][4]string{
		1: {"1", "1", "1", "1"},
		2: {"1 2", "2 1", "1 2", "2 1"},
		3: {"1 2 3", "2 3 1", "3 1 2", "1 3 2"},
		4: {"1 2 3 4", "2 3 4 1", "3 4 1 2", "4 1 2 3"},
		9: {"1 2 3 4 5 6 7 8", "3 4 5 6 7 8 9 1", "5 6 7 8 9 1 2 3", "8 9 1 2 3 4 5 6"},
	} {
		var rows []func(*rowsOf)
		for i := range nodes {
			rows = append(rows, nameServer(fmt.Sprintf("dns-%d", i+1), fmt.Sprintf("192.0.2.%d", i+1)))
		}
		v := compile(t, "", rows...)
		for i, host := range setHosts {
			if got := order(v, host); got != want[i] {
				t.Errorf("%d nodes: %s leads to %s, want %s", nodes, host, got, want[i])
			}
		}
		if nodes < 4 {
			continue
		}
		firsts := map[string]int{}
		for n := range 4 * model.ServersPerTLD {
			tld := []string{"com", "net", "org", "co.uk"}[n/model.ServersPerTLD]
			f, _, _ := strings.Cut(order(v, fmt.Sprintf("ns-%d.awsdns-%02d.%s.", n, n%model.ServersPerTLD/8, tld)), " ")
			firsts[f]++
		}
		for f, n := range firsts {
			if len(firsts) != nodes || n < 2048/nodes/2 || n > 2*2048/nodes+1 {
				t.Errorf("%d nodes: %s is first of %d hosts of 2048", nodes, f, n)
			}
		}
	}
}

// A node that goes takes its addresses along; the last one the names.
func TestNameServerGoes(t *testing.T) {
	var r rowsOf
	nameServer("a", "192.0.2.1")(&r)
	nameServer("b", "192.0.2.2")(&r)
	c := NewCompiler()
	c.Apply(r.batch())
	gone := func(node string) *View {
		return c.Apply(state.Batch{Changes: []state.Change{{Table: model.TableNameServers, Key: node}}})
	}
	if got := order(gone("a"), setHosts[0]); got != "2" {
		t.Errorf("without the first node: %s, want 2", got)
	}
	runCases(t, gone("b"), []lookupCase{{name: "none left", qname: setHosts[0], qtype: dns.TypeA, result: OutOfZone}})
}
