package health

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/edgestage/edgestage/state"
	"pgregory.net/rapid"
)

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
	}
	return out
}

func TestBallotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.SampledFrom([]opinion{unknown, healthy, unhealthy}), 0, 99).Draw(t, "opinions")
		o := newOrder(ids(len(want)))
		b, cast, err := decodeBallot(o.encode(want))
		if err != nil || !cast || b.hash != o.hash || !b.fits(o) {
			t.Fatalf("decodeBallot = %v, %v, %v", b, cast, err)
		}
		for i, op := range want {
			if got := b.of(i); got != op {
				t.Errorf("opinion %d = %v, want %v", i, got, op)
			}
		}
	})
}

// What travels has the same size whatever the opinions are, and 10,000 checks
// are two datagrams.
func TestBallotIsOfConstantSize(t *testing.T) {
	o := newOrder(ids(10000))
	calm, storm := make([]opinion, 10000), make([]opinion, 10000)
	for i := range storm {
		calm[i], storm[i] = healthy, unhealthy
	}
	if a, b := len(o.encode(calm)), len(o.encode(storm)); a != b || a != 2509 {
		t.Errorf("ballots have %d bytes in calm and %d in storm, want 2509", a, b)
	}
}

func TestBallotsFitInAPulse(t *testing.T) {
	o := newOrder(ids(maxOrder + 100))
	if n := len(o.encode(make([]opinion, maxOrder+100))); n > state.MaxPulse || len(o.ids) != maxOrder {
		t.Errorf("a ballot on %d checks has %d bytes, want at most %d on %d", len(o.ids), n, state.MaxPulse, maxOrder)
	}
}

func TestEmptyBallot(t *testing.T) {
	if _, cast, err := decodeBallot(emptyBallot); cast || err != nil {
		t.Errorf("decodeBallot(empty) = %v, %v, want not cast", cast, err)
	}
}

// FuzzDecodeBallot reads any pulse: none panics, each counts at most one
// opinion a check.
func FuzzDecodeBallot(f *testing.F) {
	o := newOrder(ids(9))
	f.Add(o.encode(slices.Repeat([]opinion{healthy, unhealthy, unknown}, 3)))
	f.Add([]byte{})
	f.Add(emptyBallot)
	f.Add([]byte{1, 2, 3})
	f.Add(bytes.Repeat([]byte{0xff}, 12))
	other := newOrder(ids(5)[1:])
	f.Fuzz(func(t *testing.T, data []byte) {
		v := voter{data: data}
		v.read(orders{other, o})
		counts := make([]count, len(other.ids))
		v.add(counts)
		for i, c := range counts {
			if c.judged > 1 || c.healthy > c.judged {
				t.Errorf("check %d of %x counts %v", i, data, c)
			}
		}
	})
}
