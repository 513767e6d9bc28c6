package zone

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// rowKinds are the rows that FuzzCompile reads, by the first byte of a line.
var rowKinds = map[byte]func() model.Value{
	'z': func() model.Value { return new(model.Zone) },
	'r': func() model.Value { return new(model.RRset) },
	'c': func() model.Value { return new(model.CIDRCollection) },
	'e': func() model.Value { return new(model.Endpoint) },
	'h': func() model.Value { return new(model.Challenge) },
}

// rowLines returns rows as FuzzCompile reads them: a line of JSON each, after
// a byte for the kind.
func rowLines(f *testing.F, rows ...func(*rowsOf)) []byte {
	f.Helper()
	var r rowsOf
	for _, row := range rows {
		row(&r)
	}
	var out []byte
	for _, ch := range r.changes {
		line, err := json.Marshal(ch.Value)
		if err != nil {
			f.Fatal(err)
		}
		for kind, make := range rowKinds {
			if make().Table() == ch.Table {
				out = append(append(append(out, kind), line...), '\n')
			}
		}
	}
	return out
}

// decodeRows returns what of data is a row that a store would hand on: one
// that validates.
func decodeRows(data []byte) []state.Change {
	var changes []state.Change
	for line := range bytes.Lines(data) {
		make, ok := rowKinds[line[0]]
		if !ok || len(changes) == 50 {
			continue
		}
		v := make()
		if json.Unmarshal(line[1:], v) != nil || v.Validate() != nil {
			continue
		}
		changes = append(changes, state.Change{
			Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: hlc.Stamp(len(changes) + 1), Origin: 1},
		})
	}
	return changes
}

// FuzzCompile makes a zone of any rows, legal together or not, all at once and
// one after the other. Whatever is asked of it, the answer is well formed and
// fits on the wire, and both ways come to the same.
func FuzzCompile(f *testing.F) {
	zone := func(r *rowsOf) { r.add(newTestZone(testZone, "example.org.")) }
	lines := func(text string) func(*rowsOf) { return func(r *rowsOf) { r.lines(testZone, text) } }
	f.Add(rowLines(f, zone, lines("www.example.org. 60 A 192.0.2.1 | 192.0.2.2\n*.example.org. 60 CNAME www.example.org.")))
	f.Add(rowLines(f, zone, lines("a.example.org. ALIAS A Z0EXAMPLE00000000000 b.example.org.\nb.example.org. ALIAS A Z0EXAMPLE00000000000 a.example.org.")))
	f.Add(rowLines(f, zone, lines("del.example.org. 60 NS ns.del.example.org.\nns.del.example.org. 60 A 192.0.2.1\nexample.org. ALIAS A Z2FDTNDATAQYW2 "+distribution),
		endpoint(distribution, "edge-1", true, "192.0.2.9", "2001:db8::9")))
	f.Add(rowLines(f, routed("w.example.org. 60 A 192.0.2.1", "1", weight(1)), routed("w.example.org. ALIAS A Z0EXAMPLE00000000000 w.example.org.", "2", weight(0)), zone))
	f.Add(rowLines(f, zone, collection(oneCollection, "one", "198.51.100.0/24"), routed("ip.example.org. 60 A 192.0.2.1", "in", byCIDR(oneCollection, "office"))))
	f.Add(rowLines(f, zone, routed("f.example.org. 60 TXT \"a\"", "p", failover(model.FailoverPrimary, false)), lines("mx.example.org. 60 MX 1 f.example.org.\nf.example.org. 60 CNAME x.")))
	f.Add(rowLines(f, zone, lines("_acme-challenge.example.org. 60 TXT \"a\"\n*.example.org. 60 CNAME x."),
		challengeRow("_acme-challenge.example.org.", "a", "n", 5), challengeRow("_v.x.acm-validations.aws.", "\"\\b", "n", 0)))
	f.Add([]byte(`z{"ID":"Z0","Name":"0","Account":"000000000000"}`)) // not fully qualified
	f.Add(rowLines(f, zone, func(r *rowsOf) { r.add(newPrivateZone("Z0PRIVATE00000000000", "b.example.org.", 1, 2)) },
		func(r *rowsOf) {
			r.lines("Z0PRIVATE00000000000", "a.b.example.org. 60 NS ns.\nb.example.org. 60 A 192.0.2.1\nc.b.example.org. 60 CNAME a.example.org.")
		}))
	places := testVPCs(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		changes := decodeRows(data)
		if len(changes) == 0 {
			return
		}
		one := NewCompiler()
		var v *View
		for i, ch := range changes {
			v = one.Apply(state.Batch{Reset: i == 0, Changes: []state.Change{ch}})
		}
		latest := map[string]state.Change{}
		for _, ch := range changes {
			latest[ch.Table+"\x00"+ch.Key] = ch
		}
		whole := NewCompiler().Apply(state.Batch{Reset: true, Changes: sortedChanges(latest)})
		if v.Stats() != whole.Stats() {
			t.Fatalf("Stats one after the other = %+v, all at once %+v", v.Stats(), whole.Stats())
		}
		for _, ch := range changes {
			askAround(t, v, whole, places, ch)
		}
	})
}

// askAround asks both views, from inside a VPC, for what a row may have changed.
func askAround(t *testing.T, v, whole *View, places *locate.Locator, ch state.Change) {
	name, types := "", []uint16{dns.TypeA, dns.TypeANY, dns.TypeDS}
	switch row := ch.Value.(type) {
	case *model.RRset:
		code, _ := model.TypeCode(row.Type)
		name, types = string(row.Name), append(types, code)
	case *model.Zone:
		name, types = string(row.Name), append(types, dns.TypeSOA, dns.TypeNS)
		if _, sets := v.Transfer(name); sets != nil {
			for rrs := range sets {
				packs(t, name, &Answer{Answer: rrs})
			}
		}
	case *model.Endpoint:
		name = string(row.Name)
	case *model.Challenge:
		name, types = string(row.Name), append(types, dns.TypeTXT)
	default:
		return
	}
	for _, qname := range []string{name, "x." + name, "*." + name, parent(name)} {
		if _, ok := dns.IsDomainName(qname); !ok {
			continue
		}
		for _, qtype := range types {
			q := &Query{Name: qname, Type: qtype, All: true, Random: 3, Trace: new(Trace), Locator: places, Source: insideOne}
			a := v.Lookup(q)
			checkShape(t, a)
			packs(t, qname, a)
			_ = q.Trace.Line()
			q.Trace = nil
			if b := whole.Lookup(q); a.Result != b.Result || !sameSections(a, b) {
				t.Fatalf("Lookup(%q, %s) one after the other = %+v, all at once %+v", qname, dns.Type(qtype), a, b)
			}
		}
	}
}

// insideOne is inside vpc-1 of testVPCs.
var insideOne = netip.AddrFrom4([4]byte{10, 1, 0, 7})

func packs(t *testing.T, name string, a *Answer) {
	t.Helper()
	m := &dns.Msg{Compress: true, Answer: a.Answer, Ns: a.Ns, Extra: a.Extra}
	for _, rr := range m.Answer {
		if _, err := dns.PackRR(rr, make([]byte, dns.MaxMsgSize), 0, nil, false); err != nil {
			t.Fatalf("answer for %q does not pack: %v: %v", name, rr, err)
		}
	}
}
