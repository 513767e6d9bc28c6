package locate

import (
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func region(t testing.TB, name string) Region {
	t.Helper()
	r, ok := RegionByName(name)
	if !ok {
		t.Fatalf("no Region %q", name)
	}
	return r
}

func parseLatency(t testing.TB, text string) *Latency {
	t.Helper()
	l, err := ParseLatency("latency", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestParseLatencyFaults(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"neither block nor Region", "mars-1 eu-west-1 5", `"mars-1" is neither a CIDR block nor a known Region`},
		{"address", "192.0.2.1 eu-west-1 5", `"192.0.2.1" is neither a CIDR block nor a known Region`},
		{"bad block", "192.0.2.0/33 eu-west-1 5", `"192.0.2.0/33" is not a CIDR block`},
		{"host bits", "192.0.2.1/24 eu-west-1 5", `CIDR block "192.0.2.1/24" has bits beyond its prefix, the block is 192.0.2.0/24`},
		{"IPv4-mapped", "::ffff:192.0.2.0/120 eu-west-1 5", `CIDR block "::ffff:192.0.2.0/120" is an IPv4-mapped one, give it as IPv4`},
		{"nothing measured", "192.0.2.0/24", `0 fields after "192.0.2.0/24", want pairs of Region and milliseconds`},
		{"half a pair", "192.0.2.0/24 eu-west-1 5 us-east-1", `3 fields after "192.0.2.0/24", want pairs of Region and milliseconds`},
		{"unknown Region", "192.0.2.0/24 eu-west-9 5", `from 192.0.2.0/24: unknown Region "eu-west-9"`},
		{"negative", "192.0.2.0/24 eu-west-1 -1", `from 192.0.2.0/24: "-1" milliseconds to eu-west-1 out of range [0, 60000]`},
		{"not a number", "192.0.2.0/24 eu-west-1 NaN", `from 192.0.2.0/24: "NaN" milliseconds to eu-west-1 out of range [0, 60000]`},
		{"too long", "192.0.2.0/24 eu-west-1 60001", `from 192.0.2.0/24: "60001" milliseconds to eu-west-1 out of range [0, 60000]`},
		{"word", "eu-west-3 eu-west-1 fast", `from eu-west-3: "fast" milliseconds to eu-west-1 out of range [0, 60000]`},
		{"twice in a line", "eu-west-3 eu-west-1 5 eu-west-1 6", `from eu-west-3: milliseconds to eu-west-1 given twice`},
		{"two in a line", "eu-west-3 x 5 y 6", `from eu-west-3: unknown Region "x"; from eu-west-3: unknown Region "y"`},
	}
	var all, wants []string
	for i, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseLatency("f", strings.NewReader("# comment\n\n"+tc.line))
			if err == nil || err.Error() != "f:3: "+tc.want {
				t.Errorf("ParseLatency(%q) = %v, want f:3: %s", tc.line, err, tc.want)
			}
		})
		// Its own block for each line, so that no pair comes twice.
		all, wants = append(all, tc.line), append(wants, "f:"+itoa(i+1)+": "+tc.want)
	}
	t.Run("all together, in order", func(t *testing.T) {
		l, err := ParseLatency("f", strings.NewReader(strings.Join(all, "\n")))
		if l != nil || err == nil || strings.Count(err.Error(), "\n") != len(all)-1 {
			t.Fatalf("ParseLatency of %d faults = %v, %v", len(all), l, err)
		}
		for i, got := range strings.Split(err.Error(), "\n") {
			if got != wants[i] {
				t.Errorf("fault %d = %q, want %q", i, got, wants[i])
			}
		}
	})
	t.Run("line without end", func(t *testing.T) {
		_, err := ParseLatency("f", strings.NewReader("# x\n"+strings.Repeat("y", 1<<17)))
		if err == nil || !strings.HasPrefix(err.Error(), "f:2: ") {
			t.Errorf("ParseLatency of a long line = %v, want a fault in f:2", err)
		}
	})
	t.Run("given twice on two lines", func(t *testing.T) {
		_, err := ParseLatency("f", strings.NewReader("192.0.2.0/24 eu-west-1 5\n192.0.2.0/24 us-east-1 7 eu-west-1 6\n"))
		if want := "f:2: from 192.0.2.0/24: milliseconds to eu-west-1 given twice"; err == nil || err.Error() != want {
			t.Errorf("ParseLatency = %v, want %s", err, want)
		}
	})
}

func itoa(i int) string {
	if i >= 10 {
		return itoa(i/10) + itoa(i%10)
	}
	return string(rune('0' + i))
}

func TestLatencyTimes(t *testing.T) {
	l := parseLatency(t, `
192.0.2.0/24     us-west-2 10.5  us-east-1 70   # a network
192.0.2.128/25   eu-west-1 3
192.0.2.0/24     ap-south-1 200
2001:db8::/32    eu-west-1 9
eu-west-3        us-east-1 78
`)
	from := func(prefix, to string) float32 {
		v := l.network(netip.MustParsePrefix(prefix))
		if v == nil {
			return float32(math.NaN())
		}
		return v.rtt[region(t, to)]
	}
	if l.Networks() != 3 {
		t.Errorf("Networks() = %d, want 3", l.Networks())
	}
	tests := []struct {
		name, prefix, to string
		want             float32
	}{
		{"measured", "192.0.2.1/32", "us-west-2", 10.5},
		{"measured on another line", "192.0.2.1/32", "ap-south-1", 200},
		{"longest block alone", "192.0.2.200/32", "eu-west-1", 3},
		{"prefix longer than the block", "192.0.2.0/26", "us-east-1", 70},
		{"the block itself", "192.0.2.0/24", "us-east-1", 70},
		{"IPv6", "2001:db8:1::/48", "eu-west-1", 9},
		{"through the nearest measured", "192.0.2.128/25", "eu-west-2", 3 + estimate(At(53.35, -6.26), At(51.51, -0.13))},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := from(tc.prefix, tc.to); got != tc.want {
				t.Errorf("%s to %s = %v ms, want %v", tc.prefix, tc.to, got, tc.want)
			}
		})
	}
	t.Run("prefix shorter than the block", func(t *testing.T) {
		if v := l.network(netip.MustParsePrefix("192.0.0.0/20")); v != nil {
			t.Errorf("network(192.0.0.0/20) = %v, want none", v)
		}
	})
	t.Run("Region to Region", func(t *testing.T) {
		paris, virginia := region(t, "eu-west-3"), region(t, "us-east-1")
		if got := l.from(paris)[virginia]; got != 78 {
			t.Errorf("eu-west-3 to us-east-1 = %v ms, want 78", got)
		}
		if got := l.from(virginia)[paris]; got != byDistance[virginia][paris] {
			t.Errorf("us-east-1 to eu-west-3 = %v ms, want %v by distance", got, byDistance[virginia][paris])
		}
		if got := l.from(paris)[paris]; got != 0 {
			t.Errorf("eu-west-3 to itself = %v ms, want 0", got)
		}
	})
	t.Run("to no Region", func(t *testing.T) {
		if got := l.from(region(t, "eu-west-3"))[NoRegion]; !math.IsInf(float64(got), 1) {
			t.Errorf("to NoRegion = %v ms, want +Inf", got)
		}
	})
	t.Run("nil Latency", func(t *testing.T) {
		var none *Latency
		if none.Networks() != 0 || none.network(netip.MustParsePrefix("192.0.2.0/24")) != nil {
			t.Error("a nil Latency has networks, want none")
		}
	})
}

func TestLoadLatency(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latency")
	if _, err := LoadLatency(path); !os.IsNotExist(err) {
		t.Errorf("LoadLatency(%q) = %v, want not found", path, err)
	}
	if err := os.WriteFile(path, []byte("x y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadLatency(path); err == nil || !strings.HasPrefix(err.Error(), path+":1: ") {
		t.Errorf("LoadLatency(%q) = %v, want a fault in line 1", path, err)
	}
}

// FuzzParseLatency: every fault names the file and a line that exists; what is
// read without one has a finite time to every Region.
func FuzzParseLatency(f *testing.F) {
	f.Add("192.0.2.0/24 eu-west-1 12.5 us-east-1 80\n")
	f.Add("eu-west-3 us-east-1 78 # x\n\n2001:db8::/32 eu-west-1 20\n")
	f.Add("192.0.2.1/24 eu-west-1\n/ / /\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLatency("f", strings.NewReader(text))
		if err != nil {
			if l != nil {
				t.Fatalf("ParseLatency(%q) returned both a table and %v", text, err)
			}
			if faults := strings.Count(err.Error(), "\nf:") + 1; faults > strings.Count(text, "\n")+1 {
				t.Fatalf("ParseLatency(%q): %d faults, more than lines", text, faults)
			}
			return
		}
		for prefix, v := range l.networks.All() {
			for _, r := range Regions() {
				if ms := v.rtt[r]; !(ms >= 0 && ms <= 2*maxMilliseconds) {
					t.Fatalf("ParseLatency(%q): %v to %s = %v ms", text, prefix, r, ms)
				}
			}
		}
	})
}
