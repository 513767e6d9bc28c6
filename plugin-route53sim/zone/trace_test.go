package zone

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// traced is a zone with something of each kind for a trace to pass.
func traced(t testing.TB) *View {
	east := func(s *model.RRset) { s.Region = "us-east-1" }
	west := func(s *model.RRset) { s.Region = "us-west-2" }
	return compile(t, `
		plain.example.org. 60 A 192.0.2.1
		cname.example.org. 60 CNAME x.wild.example.org.
		*.wild.example.org. ALIAS A Z0EXAMPLE00000000000 www.example.org.
		gone.example.org. ALIAS A Z0EXAMPLE00000000000 nope.example.org.
		loop.example.org. ALIAS A Z0EXAMPLE00000000000 loop.example.org.
		cdn.example.org. ALIAS A Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.
		dead.example.org. ALIAS A Z2FDTNDATAQYW2 d000000abcdef8.cloudfront.net.
		del.example.org. 60 NS ns.example.net.
		mx.example.org. 60 MX 1 www.example.org.`,
		routed("www.example.org. ALIAS A Z0EXAMPLE00000000000 east.example.org.", "e", east),
		routed("www.example.org. 60 A 192.0.2.3", "w", west),
		routed("east.example.org. 60 A 192.0.2.1", "one", weight(1)),
		endpointIn("us-east-1", distribution, "edge-1", false, "192.0.2.10"),
		endpointIn("eu-west-3", distribution, "edge-2", false, "192.0.2.11", "192.0.2.12"))
}

func TestTrace(t *testing.T) {
	v := traced(t)
	const zoneLine = "zone example.org. (Z0EXAMPLE00000000000)\n"
	const tree = `client 192.0.2.77/32 (address) at 39.04,-77.49 near us-east-1 (node), seed SEED
www.example.org. A (latency)
  * e (alias to east.example.org.): healthy, 0.0 ms to us-east-1
    w: healthy, 52.5 ms to us-west-2, farther
east.example.org. A (weighted), drew 0 of 1
  * one: healthy, draws [0, 1)
`
	for _, tc := range []struct{ name, policies, want string }{
		{"plain", "simple", zoneLine + "plain.example.org. A: simple RRset\nsuccess, scope 0\n"},
		{"www", "latency,weighted", zoneLine + tree + "success, scope 32\n"},
		{"cname", "latency,weighted", zoneLine + "cname.example.org. CNAME: simple RRset\n" +
			"x.wild.example.org. A: wildcard *.wild.example.org.\nx.wild.example.org. A: alias to www.example.org.\n" + tree + "success, scope 32\n"},
		{"gone", "simple", zoneLine + "gone.example.org. A: alias to nope.example.org.\nnope.example.org. A: no such RRset\nno_data, scope 0\n"},
		{"loop", "simple", zoneLine + "loop.example.org. A: alias to loop.example.org.\nloop.example.org. A: alias leads back to itself\nserver_failure, scope 0\n"},
		{"cdn", "simple", zoneLine + "cdn.example.org. A: alias to d111111abcdef8.cloudfront.net.\n" +
			"d111111abcdef8.cloudfront.net. A: edges of a resource for client 192.0.2.77/32 (address) at 39.04,-77.49 near us-east-1 (node): " +
			"2 in eu-west-3 (92.8 ms), 1 in us-east-1 (0.0 ms)\nsuccess, scope 32\n"},
		{"dead", "simple", zoneLine + "dead.example.org. A: alias to d000000abcdef8.cloudfront.net.\n" +
			"d000000abcdef8.cloudfront.net. A: resource that no edge serves\nno_data, scope 0\n"},
		{"x.del", "simple", zoneLine + "x.del.example.org. A: at or below the delegation del.example.org.\ndel.example.org. NS: simple RRset\ndelegation, scope 0\n"},
		{"nope", "simple", zoneLine + "nope.example.org. A: no such name\nname_error, scope 0\n"},
		{"mx", "simple", zoneLine + "mx.example.org. A: no RRset of the type\nno_data, scope 0\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q := Query{Name: tc.name + ".example.org.", Type: dns.TypeA, Locator: newLocator(t), Source: netip.MustParseAddr("192.0.2.77"), Random: 1}
			untraced := v.Lookup(&q)
			q.Trace = new(Trace)
			if a := v.Lookup(&q); !sameSections(a, untraced) || a.Result != untraced.Result {
				t.Errorf("with a trace the answer is %+v, without %+v", a, untraced)
			}
			got := q.Trace.String()
			if _, after, ok := strings.Cut(got, "seed "); ok {
				seed, _, _ := strings.Cut(after, "\n")
				got = strings.Replace(got, seed, "SEED", 1)
			}
			if got != tc.want {
				t.Errorf("trace =\n%s\nwant\n%s", got, tc.want)
			}
			if got := q.Trace.Policies(); got != tc.policies {
				t.Errorf("Policies() = %q, want %q", got, tc.policies)
			}
			if line := q.Trace.Line(); strings.Contains(line, "\n") || strings.Count(line, "; ") != strings.Count(tc.want, "\n")-1 {
				t.Errorf("Line() = %q, want the same on one line", line)
			}
		})
	}
}

// What stands in the additional section does not confuse the trace.
func TestTraceOfTheAnswerOnly(t *testing.T) {
	q := Query{Name: "mx.example.org.", Type: dns.TypeMX, Trace: new(Trace)}
	if a := traced(t).Lookup(&q); len(a.Extra) != 1 || len(q.Trace.Hops) != 1 {
		t.Errorf("%d additional records and %d hops, want 1 and 1", len(a.Extra), len(q.Trace.Hops))
	}
}

// aws-behaviour 3.9: a zone is asked by its id, even one that shares its name
// with one that is served.
func TestLookupIn(t *testing.T) {
	other := newTestZone("Z0OTHER0000000000000", "example.org.")
	other.Created = created.AddDate(1, 0, 0)
	v := compile(t, "www.example.org. 60 A 192.0.2.1\na.sub.example.org. 60 A 192.0.2.4", func(r *rowsOf) {
		r.add(other)
		r.lines(other.ID, "www.example.org. 60 CNAME x.example.org.\nx.example.org. 60 A 192.0.2.2")
		r.add(newTestZone("Z0CHILD0000000000000", "sub.example.org."))
	})
	for _, tc := range []struct{ name, zone, qname, want string }{
		{"that is served", testZone, "www.example.org.", "192.0.2.1"},
		{"that is not, with its chain", other.ID, "www.example.org.", "192.0.2.2"},
		{"above one that is served", testZone, "a.sub.example.org.", "192.0.2.4"},
		{"of another name", testZone, "example.net.", "out_of_zone"},
		{"that is not there", "Z0NONE00000000000000", "www.example.org.", "out_of_zone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := v.LookupIn(tc.zone, &Query{Name: tc.qname, Type: dns.TypeA})
			got := a.Result.String()
			if n := len(a.Answer); n > 0 {
				got = a.Answer[n-1].(*dns.A).A.String()
			}
			if got != tc.want {
				t.Errorf("LookupIn(%q, %q) = %s, want %s", tc.zone, tc.qname, got, tc.want)
			}
		})
	}
	l := Query{Name: "www.example.org.", Type: dns.TypeA, Locator: new(locate.Locator)}
	if a := new(View).LookupIn(testZone, &l); a.Result != OutOfZone {
		t.Errorf("LookupIn of an empty view = %v, want %v", a.Result, OutOfZone)
	}
}
