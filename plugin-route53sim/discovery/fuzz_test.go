package discovery

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// rowKinds are the rows that FuzzRows reads, by the first byte of a line.
var rowKinds = map[byte]func() model.Value{
	'z': func() model.Value { return new(model.Zone) },
	'n': func() model.Value { return new(model.Namespace) },
	's': func() model.Value { return new(model.Service) },
	'i': func() model.Value { return new(model.Instance) },
	'h': func() model.Value { return new(model.InstanceHealth) },
}

// FuzzRows derives records of any rows that validate, a line of JSON each after
// a byte for the kind: one after the other, and all at once. Both come to the
// same, every record validates, and after all rows are deleted nothing is left.
func FuzzRows(f *testing.F) {
	seed := func(rows ...model.Value) {
		var out []byte
		for _, v := range rows {
			line, err := json.Marshal(v)
			if err != nil {
				f.Fatal(err)
			}
			for kind, make := range rowKinds {
				if make().Table() == v.Table() {
					out = append(append(append(out, kind), line...), '\n')
				}
			}
		}
		f.Add(out)
	}
	leased := newInstance("A", ipv4+"10.0.0.2", port+"80", model.AttrLease+"=1")
	seed(newZone(), newNamespace(), newService(model.RouteMultivalue, "SRV"), newInstance("a", ipv4+"10.0.0.1", port+"80"), leased)
	seed(newInstance("a/b", ipv4+"10.0.0.1"), newService(model.RouteWeighted, "A", "AAAA"), newNamespace(), newZone(),
		&model.InstanceHealth{Service: worker, Instance: "a/b", Status: model.StatusUnhealthy, At: now})
	seed(newZone(), newNamespace(), newService(model.RouteWeighted, "A"), newInstance("lb", model.AttrAlias+"=web-1.eu-west-3.elb.amazonaws.com"))
	f.Fuzz(func(t *testing.T, data []byte) {
		latest := map[string]state.Change{}
		one := follow(t)
		for line := range bytes.Lines(data) {
			make, ok := rowKinds[line[0]]
			if !ok || len(latest) == 50 {
				continue
			}
			v := make()
			if json.Unmarshal(line[1:], v) != nil || v.Validate() != nil {
				continue
			}
			ch := state.Change{Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: hlc.Stamp(len(latest) + 1)}}
			if _, again := latest[ch.Table+"\x00"+ch.Key]; again {
				continue
			}
			latest[ch.Table+"\x00"+ch.Key] = ch
			one.apply(false, []state.Change{ch})
		}
		var all, none []state.Change
		for _, ch := range latest {
			all = append(all, ch)
			ch.Value = nil
			none = append(none, ch)
		}
		whole := follow(t)
		whole.apply(true, all)
		if got, want := texts(one.records), texts(whole.records); !slices.Equal(got, want) {
			t.Fatalf("one after the other: records %q, all at once %q", got, want)
		}
		for _, r := range one.records {
			if err := r.Validate(); err != nil {
				t.Fatalf("record %+v: %v", r, err)
			}
		}
		one.apply(false, none)
		if n := len(one.records) + len(one.d.services) + len(one.d.namespaces) + len(one.d.zones) + len(one.d.unhealthy) + len(one.d.due); n != 0 {
			t.Fatalf("%d things are kept of nothing", n)
		}
	})
}
