package zone

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// routed adds an RRset with a policy: set changes what parseLine made.
func routed(line, setID string, set func(*model.RRset)) func(*rowsOf) {
	return func(r *rowsOf) {
		s := parseLine(testZone, line)
		s.SetID = setID
		set(s)
		r.add(s)
	}
}

func weight(n int64) func(*model.RRset) { return func(s *model.RRset) { s.Weight = &n } }

func failover(role string, evaluate bool) func(*model.RRset) {
	return func(s *model.RRset) {
		s.Failover = role
		switch {
		case s.Alias != nil:
			s.Alias.EvaluateTargetHealth = evaluate
		case role == model.FailoverPrimary:
			s.HealthCheckID = "11111111-1111-1111-1111-111111111111"
		}
	}
}

// tally counts the first record of the answers to many questions.
func tally(v *View, q Query, n int) map[string]int {
	counts := map[string]int{}
	for random := range uint64(n) {
		q.Random = random * 0x9e3779b97f4a7c15
		a := v.Lookup(&q)
		first := "none"
		if len(a.Answer) > 0 {
			first = a.Answer[0].(*dns.A).A.String()
		}
		counts[first]++
	}
	return counts
}

// aws-behaviour 3.12 check 3, through an alias and a wildcard as well.
func TestWeightedGroup(t *testing.T) {
	v := compile(t, `
		alias.example.org. ALIAS A Z0EXAMPLE00000000000 w.example.org.
		w.example.org. 60 AAAA 2001:db8::1`,
		routed("w.example.org. 60 A 192.0.2.1", "one", weight(3)),
		routed("w.example.org. 60 A 192.0.2.2", "two", weight(1)),
		routed("w.example.org. 60 A 192.0.2.3", "zero", weight(0)),
		routed("*.wild.example.org. 60 A 192.0.2.1", "one", weight(3)),
		routed("*.wild.example.org. 60 A 192.0.2.2", "two", weight(1)))
	for _, name := range []string{"w.example.org.", "alias.example.org.", "x.wild.example.org."} {
		counts := tally(v, Query{Name: name, Type: dns.TypeA}, 10000)
		if one := counts["192.0.2.1"]; one < 7200 || one > 7800 || counts["192.0.2.2"] != 10000-one {
			t.Errorf("%s: %v of 10000, want 3 to 1", name, counts)
		}
	}
	if got := v.Stats().RRsets; got != 7 {
		t.Errorf("Stats().RRsets = %d, want 7", got)
	}
}

// aws-behaviour 3.5 failover, 3.7: a load balancer that no healthy edge serves
// is unhealthy, as soon as its last edge goes.
func TestFailoverByEndpoint(t *testing.T) {
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	const elb = "web-1.eu-west-3.elb.amazonaws.com."
	routed("www.example.org. ALIAS A "+elbParisZone+" "+elb, "p", failover(model.FailoverPrimary, true))(&r)
	routed("www.example.org. 30 A 192.0.2.2", "s", failover(model.FailoverSecondary, false))(&r)
	c := NewCompiler()
	q := Query{Name: "www.example.org.", Type: dns.TypeA}
	check := func(when, want string, v *View) {
		t.Helper()
		if got := tally(v, q, 20); got[want] != 20 {
			t.Errorf("%s: %v, want always %s", when, got, want)
		}
	}
	check("nobody serves it", "192.0.2.2", c.Apply(r.batch()))
	publish := func(unhealthy bool) *View {
		var e rowsOf
		endpoint(elb, "edge-1", unhealthy, "192.0.2.1")(&e)
		return c.Apply(state.Batch{Changes: e.changes})
	}
	check("served", "192.0.2.1", publish(false))
	check("served, unhealthy", "192.0.2.2", publish(true))
	check("served again", "192.0.2.1", publish(false))
	gone := state.Change{Table: model.TableEndpoints, Key: model.EndpointKey(elb, "edge-1")}
	check("edge gone", "192.0.2.2", c.Apply(state.Batch{Changes: []state.Change{gone}}))
}

// aws-behaviour 3.6: trees of aliases; a change below shows above.
func TestAliasTree(t *testing.T) {
	east := func(s *model.RRset) { s.Region = "us-east-1" }
	west := func(s *model.RRset) { s.Region = "us-west-2" }
	build := []func(*rowsOf){
		routed("www.example.org. ALIAS A Z0EXAMPLE00000000000 east.example.org.", "e", east),
		routed("www.example.org. ALIAS A Z0EXAMPLE00000000000 west.example.org.", "w", west),
		routed("east.example.org. 60 A 192.0.2.1", "1", weight(1)),
		routed("west.example.org. 60 A 192.0.2.2", "1", weight(1)),
	}
	var r rowsOf
	r.add(newTestZone(testZone, "example.org."))
	for _, f := range build {
		f(&r)
	}
	c := NewCompiler()
	v := c.Apply(r.batch())
	for region, want := range map[string]string{"us-east-1": "192.0.2.1", "us-west-2": "192.0.2.2"} {
		l, err := locate.New(locate.Config{Region: region})
		if err != nil {
			t.Fatal(err)
		}
		q := Query{Name: "www.example.org.", Type: dns.TypeA, Locator: l, Source: netip.MustParseAddr("192.0.2.77"), Trace: new(Trace)}
		a := v.Lookup(&q)
		if got := a.Answer[0].(*dns.A).A.String(); got != want || a.Scope != 32 {
			t.Errorf("from %s: %s with scope %d, want %s with 32", region, got, a.Scope, want)
		}
		if got := q.Trace.Policies(); got != "latency,weighted" {
			t.Errorf("policies of the trace = %q, want latency,weighted", got)
		}
	}
	var next rowsOf
	next.stamp = r.stamp
	routed("east.example.org. 60 A 192.0.2.9", "1", weight(1))(&next)
	v = c.Apply(state.Batch{Changes: next.changes})
	if got := tally(v, Query{Name: "www.example.org.", Type: dns.TypeA}, 10); got["192.0.2.9"] == 0 && got["192.0.2.2"] == 0 {
		t.Errorf("after the change: %v", got)
	}
}

// aws-behaviour 3.12 checks 7 and 9.
func TestGroupSections(t *testing.T) {
	var members []func(*rowsOf)
	for i := range 12 {
		members = append(members, routed(fmt.Sprintf("mv.example.org. 60 A 192.0.2.%d", i+1), fmt.Sprint(i),
			func(s *model.RRset) { s.MultiValue = true }))
	}
	members = append(members, routed("geo.example.org. 60 A 192.0.2.1", "us", func(s *model.RRset) {
		s.Geo = &model.GeoLocation{Country: "US"}
	}))
	v := compile(t, "mx.example.org. 60 MX 1 mv.example.org.", members...)
	a := v.Lookup(&Query{Name: "mv.example.org.", Type: dns.TypeA, Random: 1})
	seen := map[string]bool{}
	for _, rr := range a.Answer {
		seen[rr.String()] = true
	}
	if len(a.Answer) != 8 || len(seen) != 8 || a.Scope != 0 {
		t.Errorf("multivalue of 12: %d answers, %d distinct, scope %d; want 8, 8, 0", len(a.Answer), len(seen), a.Scope)
	}
	if a = v.Lookup(&Query{Name: "mx.example.org.", Type: dns.TypeMX}); len(a.Extra) != 8 {
		t.Errorf("additional of an MX at a multivalue name: %d addresses, want 8", len(a.Extra))
	}
	if a = v.Lookup(&Query{Name: "geo.example.org.", Type: dns.TypeA}); a.Result != NoData || len(a.Answer) != 0 || len(a.Ns) != 1 {
		t.Errorf("geolocation without a match = %v with %d answers, want %v without", a.Result, len(a.Answer), NoData)
	}
}
