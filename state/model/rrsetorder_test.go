package model

import (
	"slices"
	"strings"
	"testing"
)

// TestRRsetKeyOrder proves that keys sort as Route 53 lists (aws-behaviour 2.9).
func TestRRsetKeyOrder(t *testing.T) {
	tests := []struct {
		name string
		in   []string // name, type and set identifier, in the order wanted
	}{
		{"names by reversed labels", []string{"a.test A", `\052.a.test A`, "b.a.test A", "z.b.a.test A"}},
		{"a dash before a label's end", []string{"test A", "a-b.test A", "a.test A", "c.a.test A", "b.test A"}},
		{"escaped text is compared", []string{"test A", "0.test A", `\041.test A`, `\100.test A`, "_.test A", "a.test A"}},
		{"types alphabetically", []string{"a.test A", "a.test AAAA", "a.test CAA", "a.test CNAME", "a.test MX", "a.test NS", "a.test SOA", "a.test TXT"}},
		{"set identifiers", []string{"a.test A", "a.test A a", "a.test A a b", "a.test A b", "a.test AAAA a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var keys []string
			of := make(map[string]string)
			for _, s := range tt.in {
				f := append(strings.SplitN(s, " ", 3), "")
				n, err := ParseName(f[0])
				if err != nil {
					t.Fatal(err)
				}
				k := RRsetKey("Z1", n, f[1], f[2])
				if !strings.HasPrefix(k, RRsetPrefix("Z1")) || !strings.HasPrefix(k, RRsetNamePrefix("Z1", n)) || RRsetKeyZone(k) != "Z1" {
					t.Errorf("RRsetKey(%q) = %q lacks its prefixes", s, k)
				}
				keys, of[k] = append(keys, k), s
			}
			slices.Sort(keys)
			for i, k := range keys {
				if of[k] != tt.in[i] {
					t.Errorf("place %d holds %q, want %q", i, of[k], tt.in[i])
				}
			}
		})
	}
}
