package routing

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// many returns n members.
func many(n int, member func(i int) Member) []Member {
	members := make([]Member, n)
	for i := range members {
		members[i] = member(i)
		members[i].Unhealthy = i%5 == 4
	}
	return members
}

func benchGroups() map[string]*Group {
	regions := locate.RegionNames()
	countries := []string{"US", "CN", "TR", "BR", "*", "FR", "GB", "DE"}
	pair := group(model.PolicyWeighted, weight("x", 1), weight("y", 3))
	return map[string]*Group{
		"simple":          value("a"),
		"weighted_100":    group(model.PolicyWeighted, many(100, func(i int) Member { return weight(strconv.Itoa(i), int64(i)) })...),
		"latency_10":      group(model.PolicyLatency, many(10, func(i int) Member { return inRegion("", regions[i*3]) })...),
		"failover":        group(model.PolicyFailover, primary("p"), secondary("s")),
		"geolocation_8":   group(model.PolicyGeolocation, many(8, func(i int) Member { return country("", countries[i]) })...),
		"geoproximity_10": group(model.PolicyGeoproximity, many(10, func(i int) Member { return near(strconv.Itoa(i), float64(i), float64(9*i), 5) })...),
		"cidr":            group(model.PolicyCIDR, network("w", "wide"), network("n", "narrow"), network("a", "*")),
		"multivalue_12":   group(model.PolicyMultivalue, many(12, func(i int) Member { return Member{SetID: strconv.Itoa(i)} })...),
		"tree_3": group(model.PolicyLatency, alias(inRegion("a", "eu-west-1"), group(model.PolicyFailover, alias(primary("p"), pair, true)), true),
			alias(inRegion("b", "us-east-1"), pair, true)),
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	client := *paris
	client.Country, client.Continent = "FR", "EU"
	var sink int
	for name, g := range benchGroups() {
		t.Run(name, func(t *testing.T) {
			seed := uint64(0)
			allocs := testing.AllocsPerRun(100, func() {
				var buf [MaxAnswers]int
				seed++
				sink += len(g.Pick(&client, seed, buf[:0], nil).Members)
			})
			if allocs != 0 {
				t.Errorf("Pick allocates %v times, want 0", allocs)
			}
		})
	}
}

func BenchmarkPick(b *testing.B) {
	client := *paris
	client.Country, client.Continent = "FR", "EU"
	for name, g := range benchGroups() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			seed := uint64(0)
			for b.Loop() {
				var buf [MaxAnswers]int
				seed++
				if len(g.Pick(&client, seed, buf[:0], nil).Members) == 0 {
					b.Fatal("no answer")
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{3, 100} {
		members := many(n, func(i int) Member { return weight(strconv.Itoa(i), int64(i)) })
		b.Run(fmt.Sprintf("weighted_%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Compile(model.PolicyWeighted, members, nil)
			}
		})
	}
}

// BenchmarkForestChange measures a health change of one RRset below three
// aliases, in a forest of 10,000 such trees.
func BenchmarkForestChange(b *testing.B) {
	s := newShelf()
	var names []string
	for i := range 10_000 {
		n := strconv.Itoa(i)
		s.put("a"+n, "b"+n, true)
		s.put("b"+n, "c"+n, true)
		s.put("c"+n, "d"+n, true)
		s.putSimple("d"+n, true)
		names = append(names, "a"+n)
	}
	f := NewForest(s.read)
	f.Change(names...)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		f.Change("d" + strconv.Itoa(i%10_000))
	}
}

func BenchmarkNewCollection(b *testing.B) {
	var blocks []Block
	for i := range 1000 {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0})
		blocks = append(blocks, Block{netip.PrefixFrom(addr, 24), strconv.Itoa(i % 10)})
	}
	b.ReportAllocs()
	for b.Loop() {
		NewCollection(blocks)
	}
}
