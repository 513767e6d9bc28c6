package health

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The rule of 18 %, to the last checker.
func TestVerdict(t *testing.T) {
	tests := []struct {
		healthy, judged uint16
		want            opinion
	}{
		{0, 0, unknown},
		{0, 1, unhealthy}, {1, 1, healthy},
		{0, 2, unhealthy}, {1, 2, healthy},
		{0, 3, unhealthy}, {1, 3, healthy},
		{1, 5, healthy}, {1, 6, unhealthy}, // 20 %, 16.7 %
		{1, 8, unhealthy}, {2, 8, healthy},
		{2, 16, unhealthy}, {3, 16, healthy}, // as documented
		{9, 50, unhealthy}, {10, 50, healthy}, // 18 % is not more than 18 %
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d of %d", tt.healthy, tt.judged), func(t *testing.T) {
			if got := (count{tt.healthy, tt.judged}).verdict(); got != tt.want {
				t.Errorf("verdict = %v, want %v", got, tt.want)
			}
		})
	}
}

// countOf counts what voters say of one check.
func countOf(opinions ...opinion) count {
	o := newOrder(ids(1))
	counts := make([]count, 1)
	for _, op := range opinions {
		v := voter{data: o.encode([]opinion{op})}
		v.read(orders{o})
		v.add(counts)
	}
	return counts[0]
}

// A checker that lies, is dead (its ballot is dropped) or cut off from the
// endpoint has the effect that the rule gives, no more.
func TestFaultyCheckers(t *testing.T) {
	const h, u = healthy, unhealthy
	many := func(n int, op opinion) []opinion { return slices.Repeat([]opinion{op}, n) }
	tests := []struct {
		name     string
		opinions []opinion
		want     opinion
	}{
		{"1 of 3 lies: unhealthy", []opinion{h, h, u}, h},
		{"2 of 3 lie: unhealthy", []opinion{h, u, u}, h},
		{"1 of 3 lies: healthy", []opinion{h, u, u}, h},
		{"3 of 3 say unhealthy", []opinion{u, u, u}, u},
		{"1 of 8 lies: healthy", append(many(7, u), h), u},
		{"2 of 8 lie: healthy", append(many(6, u), h, h), h},
		{"1 of 8 lies: unhealthy", append(many(7, h), u), h},
		{"6 of 8 cut off from the endpoint", append(many(6, u), h, h), h},
		{"7 of 8 cut off from the endpoint", append(many(7, u), h), u},
		{"1 of 3 dead, the others see it failing", []opinion{u, u}, u},
		{"1 of 3 dead, one sees it failing", []opinion{h, u}, h},
		{"2 of 3 dead, the third sees it failing", []opinion{u}, u},
		{"a newcomer among 3 that see it failing", []opinion{u, u, u, unknown}, u},
		{"all dead or new", []opinion{unknown, unknown}, unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := countOf(tt.opinions...).verdict(); got != tt.want {
				t.Errorf("verdict of %v = %v, want %v", tt.opinions, got, tt.want)
			}
		})
	}
}

// Counting four at a time is counting.
func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, voters := rapid.IntRange(0, 21).Draw(t, "checks"), rapid.IntRange(0, 600).Draw(t, "voters")
		o := newOrder(ids(n))
		want, got := make([]count, n), make([]count, n)
		var s sums
		opinions := rapid.SliceOfN(rapid.SampledFrom([]opinion{unknown, healthy, unhealthy}), n+voters, n+voters).Draw(t, "opinions")
		for i := range voters {
			v := voter{data: o.encode(opinions[i:])}
			v.read(orders{o})
			v.add(want)
			s.add(v.ballot.bits, got)
		}
		s.flush(got)
		if !slices.Equal(got, want) {
			t.Errorf("sums = %v, want %v", got, want)
		}
	})
}

// Members that know the checks of a moment ago are understood.
func TestVotersInOlderOrders(t *testing.T) {
	all := ids(4)
	old, now := newOrder([]string{all[0], all[1], all[3]}), newOrder([]string{all[1], all[2], all[3]})
	v := voter{data: old.encode([]opinion{healthy, unhealthy, healthy})}
	v.read(orders{now, old})
	got := make([]count, 3)
	v.add(got)
	if want := []count{{0, 1}, {0, 0}, {1, 1}}; !slices.Equal(got, want) {
		t.Errorf("counts = %v, want %v", got, want)
	}
}

// A ballot in an order that is not known (yet) leaves the one before it.
func TestVotersInUnknownOrders(t *testing.T) {
	now, next := newOrder(ids(2)), newOrder(ids(3))
	v := voter{data: now.encode([]opinion{healthy, unhealthy})}
	v.read(orders{now})
	v.data = next.encode([]opinion{unhealthy, healthy, healthy})
	v.read(orders{now})
	got := make([]count, 2)
	v.add(got)
	if want := []count{{1, 1}, {0, 1}}; !slices.Equal(got, want) {
		t.Errorf("counts = %v, want those of the ballot before, %v", got, want)
	}
	v.read(orders{next, now})
	got = make([]count, 3)
	v.add(got)
	if want := []count{{0, 1}, {1, 1}, {1, 1}}; !slices.Equal(got, want) {
		t.Errorf("counts = %v once the order is known, want %v", got, want)
	}
}

func TestOrdersKeepTheLastEight(t *testing.T) {
	var os orders
	var all []*order
	for i := range 10 {
		all = append(all, newOrder(ids(i)))
		os = os.put(all[i])
	}
	os = os.put(all[9])
	for i, o := range all {
		if got, want := os.get(o.hash) != nil, i >= 2; got != want {
			t.Errorf("order %d of 10 is kept: %v, want %v", i+1, got, want)
		}
	}
	if len(os) != 8 || os[0] != all[9] {
		t.Errorf("%d orders, want 8, the newest first", len(os))
	}
}
