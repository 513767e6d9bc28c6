package model

import (
	"strings"
	"testing"
)

func TestStorageRowsValidate(t *testing.T) {
	file := func(path string) *StoredFile { return &StoredFile{Path: path, Sealed: []byte{1}} }
	part := func(generation string, number int) *StoredPart {
		return &StoredPart{Path: "a", Generation: generation, Number: number, Sealed: []byte{1}}
	}
	const run = "00000000000000ff"
	for _, tc := range []struct {
		name string
		v    Value
		want string
	}{
		{"file", file("certificates/a/a.key"), ""},
		{"longest path", file(strings.Repeat("a", MaxPathBytes)), ""},
		{"no path", file(""), "path is empty"},
		{"long path", file(strings.Repeat("a", MaxPathBytes+1)), "1025 bytes"},
		{"leading slash", file("/a"), "empty component"},
		{"final slash", file("a/"), "empty component"},
		{"two slashes", file("a//b"), "empty component"},
		{"NUL", file("a\x00b"), "is not text"},
		{"no text", file("\xff"), "is not text"},
		{"no value", &StoredFile{Path: "a"}, "without a sealed value"},
		{"size", &StoredFile{Path: "a", Sealed: []byte{1}, Size: -1}, "-1 bytes"},
		{"part", part("0f", 9999), ""},
		{"part 0", part("0f", 0), "out of range"},
		{"part 10000", part("0f", 10000), "out of range"},
		{"no generation", part("", 1), "hexadecimal"},
		{"generation", part("xy", 1), "hexadecimal"},
		{"part without value", &StoredPart{Path: "a", Generation: "0f", Number: 1}, "without a sealed value"},
		{"lock", &StorageLock{Name: "issue_cert_a", Run: run}, ""},
		{"no lock name", &StorageLock{Run: run}, "lock name"},
		{"no run", &StorageLock{Name: "a"}, "hexadecimal"},
		{"long node", &StorageLock{Name: "a", Run: run, Node: strings.Repeat("n", 5000)}, "node name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.v.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Validate(%+v) = %v, want %q", tc.v, err, tc.want)
			}
		})
	}
}

func TestStorageKeysAreApart(t *testing.T) {
	if !strings.HasPrefix(StoredPartKey("a", "0f", 1), StoredPartPrefix("a")) || strings.HasPrefix(StoredPartKey("ab", "0f", 1), StoredPartPrefix("a")) {
		t.Error("the prefix of a path does not hold exactly its parts")
	}
	if strings.HasPrefix(StorageLockKey("ab", "r"), StorageLockPrefix("a")) {
		t.Error("the prefix of a lock holds another's rows")
	}
}

func TestStorageLockOrder(t *testing.T) {
	a, b, c := &StorageLock{Ticket: 1, Run: "b"}, &StorageLock{Ticket: 2, Run: "a"}, &StorageLock{Ticket: 2, Run: "b"}
	for _, tc := range []struct {
		l, m *StorageLock
		want bool
	}{{a, b, true}, {b, a, false}, {b, c, true}, {c, b, false}, {a, a, false}} {
		if got := tc.l.Before(tc.m); got != tc.want {
			t.Errorf("%+v.Before(%+v) = %t, want %t", tc.l, tc.m, got, tc.want)
		}
	}
}
