package zone

import (
	"fmt"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

func checked(id string, set func(*model.RRset)) func(*model.RRset) {
	return func(s *model.RRset) {
		set(s)
		s.HealthCheckID = id
	}
}

func TestJudge(t *testing.T) {
	primary := func(s *model.RRset) { s.Failover = model.FailoverPrimary }
	secondary := func(s *model.RRset) { s.Failover = model.FailoverSecondary }
	evaluated := func(s *model.RRset) {
		s.Failover, s.Alias.EvaluateTargetHealth = model.FailoverPrimary, true
	}
	rows := func() *rowsOf {
		r := new(rowsOf)
		r.add(newTestZone(testZone, "example.org."))
		for _, f := range []func(*rowsOf){
			routed("f.example.org. 60 A 192.0.2.1", "p", checked("one", primary)),
			routed("f.example.org. 60 A 192.0.2.2", "s", checked("two", secondary)),
			// An alias to a simple RRset with a health check.
			routed("to-simple.example.org. ALIAS A Z0EXAMPLE00000000000 simple.example.org.", "p", evaluated),
			routed("to-simple.example.org. 60 A 192.0.2.9", "s", secondary),
			routed("simple.example.org. 60 A 192.0.2.3", "", checked("three", func(*model.RRset) {})),
			// An alias to a group, two steps away.
			routed("top.example.org. ALIAS A Z0EXAMPLE00000000000 mid.example.org.", "p", evaluated),
			routed("top.example.org. 60 A 192.0.2.8", "s", secondary),
			routed("mid.example.org. ALIAS A Z0EXAMPLE00000000000 f.example.org.", "p", evaluated),
		} {
			f(r)
		}
		return r
	}
	tests := []struct {
		failing                  string // ids, one letter each
		f, toSimple, simple, top string
	}{
		{"", "192.0.2.1", "192.0.2.3", "192.0.2.3", "192.0.2.1"},
		{"1", "192.0.2.2", "192.0.2.3", "192.0.2.3", "192.0.2.2"},
		{"12", "192.0.2.1", "192.0.2.3", "192.0.2.3", "192.0.2.8"},
		{"2", "192.0.2.1", "192.0.2.3", "192.0.2.3", "192.0.2.1"},
		{"3", "192.0.2.1", "192.0.2.9", "192.0.2.3", "192.0.2.1"},
		{"123", "192.0.2.1", "192.0.2.9", "192.0.2.3", "192.0.2.8"},
		{"", "192.0.2.1", "192.0.2.3", "192.0.2.3", "192.0.2.1"},
	}
	ids := map[string]byte{"one": '1', "two": '2', "three": '3'}
	c := NewCompiler()
	c.Apply(rows().batch())
	for _, tt := range tests {
		v := c.Judge([]string{"one", "two", "three", "four"}, func(id string) bool {
			for _, f := range tt.failing {
				if ids[id] == byte(f) {
					return false
				}
			}
			return true
		})
		fresh := NewCompiler()
		fresh.failing = c.failing
		for how, view := range map[string]*View{
			"changed":          v,
			"compiled anew":    fresh.Apply(rows().batch()),
			"after other rows": c.Apply(state.Batch{}),
			"after a reset":    c.Apply(rows().batch()),
		} {
			for name, want := range map[string]string{"f": tt.f, "to-simple": tt.toSimple, "simple": tt.simple, "top": tt.top} {
				a := view.Lookup(&Query{Name: name + ".example.org.", Type: dns.TypeA})
				if len(a.Answer) != 1 || a.Answer[0].(*dns.A).A.String() != want {
					t.Errorf("%s, failing %q: %s = %v, want %s", how, tt.failing, name, a.Answer, want)
				}
			}
		}
	}
}

// A change of health compiles what refers to the check, not the zone.
func TestJudgeTouchesOnlyWhatRefersToIt(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	for i := range 50 {
		routed(fmt.Sprintf("g%d.example.org. 60 A 192.0.2.1", i), "1", checked(fmt.Sprint("check", i), weight(1)))(&r)
		routed(fmt.Sprintf("g%d.example.org. 60 A 192.0.2.2", i), "2", weight(1))(&r)
	}
	c := NewCompiler()
	before := c.Apply(r.batch())
	after := c.Judge([]string{"check7"}, func(string) bool { return false })
	for i := range 50 {
		name := fmt.Sprintf("g%d.example.org.", i)
		of := func(v *View) any { return v.find(nil, "example.org.").get(name).get(dns.TypeA).ext.group.compiled }
		if same := of(before) == of(after); same == (i == 7) {
			t.Errorf("%s is compiled anew: %v, want %v", name, !same, i == 7)
		}
	}
	if got := tally(after, Query{Name: "g7.example.org.", Type: dns.TypeA}, 20); got["192.0.2.2"] != 20 {
		t.Errorf("answers with a failing check = %v, want all from the other member", got)
	}
	if got := tally(before, Query{Name: "g7.example.org.", Type: dns.TypeA}, 20); got["192.0.2.1"] == 0 {
		t.Errorf("the view before has changed: %v", got)
	}
}
