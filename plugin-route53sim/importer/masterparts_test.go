package importer

import (
	"fmt"
	"strings"
	"testing"
)

// TestMasterInParts reads files in parts, and those that must be read as a whole.
func TestMasterInParts(t *testing.T) {
	var records strings.Builder
	for i := range 200 {
		fmt.Fprintf(&records, "h%d A 192.0.2.%d\n 60 MX 10 h%d ; the owner is above\nh%d TXT ( \"x\"\n  \"y\" )\n", i, i+1, i, i)
	}
	tests := []struct {
		name, data string
		parts      bool
	}{
		{"records", masterHead + records.String(), true},
		{"one RRset over parts", masterHead + records.String() + strings.Repeat("a 60 A 192.0.2.1\n", 600) + records.String(), false},
		{"one RRset at the seams", masterHead + strings.Repeat("a 60 A 192.0.2.1\n", 600), true},
		{"an RRset in two places", masterHead + "a 60 A 192.0.2.1\n" + records.String() + "a 60 A 192.0.2.2\n", false},
		{"two TTLs over parts", masterHead + "a 60 A 192.0.2.1\n" + records.String() + "a 61 A 192.0.2.2\n", false},
		{"a fault", masterHead + records.String() + "b A x\n" + records.String(), false},
		{"a directive between", masterHead + records.String() + "$TTL 60\n" + records.String(), false},
		{"a file included", masterHead + "$INCLUDE none\n" + records.String(), false},
		{"a string of two lines", masterHead + records.String() + "b TXT \"x\ny\"\n" + records.String(), false},
		{"no owner but the first", masterHead + strings.Repeat(" MX 10 a\n", 300), false},
		{"TTLs of their own", "$ORIGIN example.org.\n@ 60 SOA ns.example.net. h.example.net. 1 2 3 4 5\n@ NS ns.example.net.\n" + strings.ReplaceAll(records.String(), " A ", " 30 A "), true},
		{"TTLs left out", "$ORIGIN example.org.\n@ 60 SOA ns.example.net. h.example.net. 1 2 3 4 5\n@ NS ns.example.net.\n" + records.String(), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			whole, wholeErr := newMaster("a.zone", []byte(tt.data), account).parse(1)
			for parts := 2; parts <= maxParts; parts++ {
				if got := newMaster("a.zone", []byte(tt.data), account).readParts(parts); got != tt.parts {
					t.Errorf("read in %d parts: %v, want %v", parts, got, tt.parts)
				}
				doc, err := newMaster("a.zone", []byte(tt.data), account).parse(parts)
				if fmt.Sprint(err) != fmt.Sprint(wholeErr) {
					t.Fatalf("in %d parts the faults are\n%v\nas a whole\n%v", parts, err, wholeErr)
				}
				if err == nil && show(doc) != show(whole) {
					t.Errorf("in %d parts the RRsets are\n%s\nas a whole\n%s", parts, show(doc), show(whole))
				}
			}
		})
	}
}
