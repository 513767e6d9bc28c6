package keyfile

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func line(fill byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, KeyBytes))
}

func TestRead(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     []byte // first bytes of the keys
		err      string
	}{
		{"one", line(1) + "\n", []byte{1}, ""},
		{"several, in order", line(2) + "\n" + line(1), []byte{2, 1}, ""},
		{"remarks, blanks, carriage returns", "# old\r\n\r\n  " + line(3) + " \r\n", []byte{3}, ""},
		{"empty", "", nil, "no key"},
		{"only remarks", "# nothing\n", nil, "no key"},
		{"not base64", line(1) + "\n!!!\n", nil, "line 2: not base64"},
		{"short", "AAAA\n", nil, "line 1: key of 3 bytes, want 32"},
		{"long", line(1)[:40] + line(1)[:40] + "\n", nil, "line 1: "},
		{"endless line", strings.Repeat("A", 70000), nil, "token too long"},
		{"huge", strings.Repeat("#\n", maxFileBytes), nil, "longer than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(path, []byte(tc.in), 0o600); err != nil {
				t.Fatal(err)
			}
			keys, err := Read(path)
			var first []byte
			for _, k := range keys {
				first = append(first, k[0])
			}
			if !bytes.Equal(first, tc.want) {
				t.Errorf("Read() = keys beginning with %v, want %v", first, tc.want)
			}
			switch {
			case tc.err == "" && err != nil:
				t.Errorf("Read() = %v, want no error", err)
			case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || !strings.Contains(err.Error(), path)):
				t.Errorf("Read() = %v, want %q and the path in it", err, tc.err)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("Read() of a file that is not there = nil, want an error")
	}
}

func TestErrorsShowNoKey(t *testing.T) {
	bad := line(7)[:43] + "!"
	if _, err := parse([]byte(bad)); err == nil || strings.Contains(err.Error(), line(7)[:8]) {
		t.Errorf("parse() = %v, want an error without the key", err)
	}
}

func TestShare(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, KeyBytes), bytes.Repeat([]byte{2}, KeyBytes)
	for _, tc := range []struct {
		name string
		a, b [][]byte
		want bool
	}{
		{"none", nil, nil, false},
		{"different", [][]byte{one}, [][]byte{two}, false},
		{"second of each", [][]byte{{3}, one}, [][]byte{two, one}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Share(tc.a, tc.b); got != tc.want {
				t.Errorf("Share() = %t, want %t", got, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(line(1) + "\n# x\n" + line(2)))
	f.Add([]byte("AAAA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parse(data)
		if (err == nil) == (len(keys) == 0) {
			t.Fatalf("parse(%q) = %d keys, %v", data, len(keys), err)
		}
		for _, k := range keys {
			if len(k) != KeyBytes {
				t.Fatalf("parse(%q) returns a key of %d bytes", data, len(k))
			}
		}
	})
}
