package zone

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// bigBatch is a zone of n hosts, rows as a subscriber gets them.
func bigBatch(n int) state.Batch {
	b := state.Batch{Reset: true, Changes: make([]state.Change, 0, n+1)}
	for i := range n {
		b.Changes = append(b.Changes, hostChange(i, hlc.Stamp(i+1)))
	}
	z := newTestZone(testZone, "example.org.")
	b.Changes = append(b.Changes, state.Change{Table: model.TableZones, Key: z.ID, Value: z})
	return b
}

func hostChange(i int, stamp hlc.Stamp) state.Change {
	r := &model.RRset{
		Zone: testZone, Name: model.Name(fmt.Sprintf("host-%07d.example.org.", i)), Type: "A", TTL: 300,
		Values: []string{fmt.Sprintf("192.0.%d.%d", i/256%256, i%256)},
	}
	return state.Change{Table: model.TableRRsets, Key: r.Key(), Value: r, Version: state.Version{Stamp: stamp, Origin: 1}}
}

func BenchmarkLookupA(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := NewCompiler().Apply(bigBatch(n))
			names := make([]string, 4096)
			for i := range names {
				names[i] = fmt.Sprintf("host-%07d.example.org.", i*2654435761%n)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				v.Lookup(&Query{Name: names[i%len(names)], Type: dns.TypeA, Random: uint64(i)})
			}
		})
	}
}

// BenchmarkLookupPrivate asks for a name of a private zone from inside its VPC,
// and for one of a public zone from there.
func BenchmarkLookupPrivate(b *testing.B) {
	batch := bigBatch(10_000)
	batch.Changes[10_000].Value = newPrivateZone(testZone, "example.org.", 1)
	private, public, places := NewCompiler().Apply(batch), NewCompiler().Apply(bigBatch(10_000)), testVPCs(b)
	for name, v := range map[string]*View{"private": private, "public": public} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				v.Lookup(&Query{Name: "host-0000007.example.org.", Type: dns.TypeA, Random: uint64(i), Locator: places, Source: insideOne})
			}
		})
	}
}

func BenchmarkLookupNXDOMAIN(b *testing.B) {
	v := NewCompiler().Apply(bigBatch(10_000))
	b.ReportAllocs()
	for b.Loop() {
		v.Lookup(&Query{Name: "nope.example.org.", Type: dns.TypeA})
	}
}

// BenchmarkApplyOne1M is the view work of one change in a large zone (design
// 5: at most 50 us).
func BenchmarkApplyOne1M(b *testing.B) {
	const n = 1_000_000
	c := NewCompiler()
	c.Apply(bigBatch(n))
	runtime.GC()
	changes := make([]state.Change, 4096)
	for i := range changes {
		changes[i] = hostChange(i*2654435761%n, hlc.Stamp(n+i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Apply(state.Batch{Changes: changes[i%len(changes) : i%len(changes)+1]})
	}
}

// BenchmarkCompile1M loads a million RRsets and says what the view weighs.
func BenchmarkCompile1M(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		batch := bigBatch(n)
		c := NewCompiler()
		v := c.Apply(batch)
		batch = state.Batch{}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/n, "heapB/RRset")
		runtime.KeepAlive(v)
		runtime.KeepAlive(c)
		runtime.KeepAlive(batch)
	}
}

// BenchmarkLookupPolicy asks for names whose answers take a policy, an alias to
// it, or edges in several Regions: each allocates its records and nothing else.
func BenchmarkLookupPolicy(b *testing.B) {
	v := compile(b, `
		a.example.org. 60 A 192.0.2.1
		alias.example.org. ALIAS A Z0EXAMPLE00000000000 w.example.org.
		cdn.example.org. ALIAS A Z2FDTNDATAQYW2 d111111abcdef8.cloudfront.net.`,
		routed("w.example.org. 60 A 192.0.2.1", "one", weight(3)),
		routed("w.example.org. 60 A 192.0.2.2", "two", weight(1)),
		endpointIn("eu-west-1", distribution, "edge-1", false, "192.0.2.10"),
		endpointIn("us-east-1", distribution, "edge-2", false, "192.0.2.11"))
	for _, name := range []string{"a", "w", "alias", "cdn"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				v.Lookup(&Query{Name: name + ".example.org.", Type: dns.TypeA, Random: uint64(i)})
			}
		})
	}
}

// BenchmarkApplyMember is what one registration costs in a service of so many
// instances: a member of a multivalue group, with a health check of its own.
func BenchmarkApplyMember(b *testing.B) {
	for _, members := range []int{20, 1000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			var r rowsOf
			r.add(newTestZone(testZone, "example.org."))
			member := func(i, address int) *model.RRset {
				return &model.RRset{
					Zone: testZone, Name: "worker.example.org.", Type: "A", TTL: 10, SetID: fmt.Sprintf("task-%04d", i), MultiValue: true,
					HealthCheckID: fmt.Sprintf("check-%d", i), Values: []string{fmt.Sprintf("10.0.%d.%d", address/250%250, address%250)},
				}
			}
			for i := range members {
				r.add(member(i, i))
			}
			c := NewCompiler()
			c.Apply(r.batch())
			b.ReportAllocs()
			for k := 0; b.Loop(); k++ {
				var next rowsOf
				next.stamp = r.stamp
				next.add(member(k%members, k))
				c.Apply(state.Batch{Changes: next.changes})
			}
		})
	}
}

// BenchmarkJudge is the view work of a round in a storm: 250 of 10,000 health
// checks have changed, each that of a weighted record.
func BenchmarkJudge(b *testing.B) {
	const checks, round = 10_000, 250
	batch := state.Batch{Reset: true}
	ids := make([]string, checks)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
		change := hostChange(i%(checks/2), hlc.Stamp(i+1))
		r := change.Value.(*model.RRset)
		r.SetID, r.HealthCheckID, r.Weight = fmt.Sprint(i/(checks/2)), ids[i], new(int64)
		*r.Weight, change.Key = 1, r.Key()
		batch.Changes = append(batch.Changes, change)
	}
	z := newTestZone(testZone, "example.org.")
	batch.Changes = append(batch.Changes, state.Change{Table: model.TableZones, Key: z.ID, Value: z})
	c := NewCompiler()
	c.Apply(batch)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		from, failing := i*round%checks, i*round/checks%2 == 0
		if c.Judge(ids[from:from+round], func(string) bool { return !failing }); len(c.failing) == 0 && failing {
			b.Fatal("no check has become unhealthy")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/round, "ns/change")
}
