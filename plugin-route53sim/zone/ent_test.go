package zone

import (
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// aws-behaviour 3.3 rule 3: an ancestor of existing names is NODATA.
func TestEmptyNonTerminal(t *testing.T) {
	v := compile(t, `
		_sip._tcp.example.org. 60 SRV 1 1 5060 sip.example.net.
		a.b.c.d.example.org. 60 A 192.0.2.1
		*.w.e.example.org. 60 A 192.0.2.2`)
	runCases(t, v, []lookupCase{
		{name: "one level", qname: "_tcp.example.org.", qtype: dns.TypeSRV, result: NoData, ns: negative},
		{name: "upper of several", qname: "d.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "lower of several", qname: "b.c.d.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "beside them", qname: "x.c.d.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "above a wildcard", qname: "e.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
		{name: "right above a wildcard", qname: "w.e.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
	})
}

// Empty non-terminals come and go with what is below them.
func TestEmptyNonTerminalGoes(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	r.lines(testZone, "a.b.c.example.org. 60 A 192.0.2.1\nx.c.example.org. 60 A 192.0.2.2")
	c := NewCompiler()
	c.Apply(r.batch())
	remove := func(name model.Name) *View {
		return c.Apply(state.Batch{Changes: []state.Change{{Table: model.TableRRsets, Key: model.RRsetKey(testZone, name, "A", "")}}})
	}
	v := remove("a.b.c.example.org.")
	runCases(t, v, []lookupCase{
		{name: "its own is gone", qname: "b.c.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
		{name: "a shared one stays", qname: "c.example.org.", qtype: dns.TypeA, result: NoData, ns: negative},
	})
	v = remove("x.c.example.org.")
	runCases(t, v, []lookupCase{
		{name: "the shared one goes with the last", qname: "c.example.org.", qtype: dns.TypeA, result: NameError, ns: negative},
	})
}
