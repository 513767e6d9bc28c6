package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
)

func open1(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(dir)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	return j
}

// drawWrite returns a random transaction on a few keys.
func drawWrite(t *rapid.T, seq *uint64) *state.Write {
	w := &state.Write{}
	row := rapid.Custom(func(t *rapid.T) *state.Row {
		r := &state.Row{
			Table:   rapid.SampledFrom([]string{"a", "ab", "local.x", "b"}).Draw(t, "table"),
			Key:     rapid.SampledFrom([]string{"", "k", "k\x00x", "l", "é"}).Draw(t, "key"),
			Version: state.Version{Stamp: hlc.Stamp(rapid.Uint64().Draw(t, "stamp")), Origin: state.Origin(rapid.Uint64().Draw(t, "origin"))},
			Expires: int64(rapid.Uint32().Draw(t, "expires")),
		}
		if rapid.Bool().Draw(t, "live") {
			r.Value = append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "value")...)
		}
		return r
	})
	w.Put = rapid.SliceOfN(row, 0, 8).Draw(t, "put")
	w.Drop = rapid.SliceOfN(row, 0, 3).Draw(t, "drop")
	for range rapid.IntRange(0, 3).Draw(t, "entries") {
		e := state.LogEntry{Seq: *seq, Version: state.Version{Stamp: 1, Origin: 2}, Prev: 3}
		if rapid.Bool().Draw(t, "kept") {
			e.Data = []byte(fmt.Sprint("commit", *seq))
		}
		*seq++
		w.Log = append(w.Log, e)
	}
	w.TrimLog = uint64(rapid.IntRange(0, int(*seq)).Draw(t, "trim"))
	return w
}

// dump prints everything in a store.
func dump(s state.Store, from string) string {
	var b bytes.Buffer
	_ = s.Read(func(r state.StoreReader) error {
		r.Range(from, "", func(row *state.Row) bool {
			fmt.Fprintf(&b, "%q %q %v %d %v %x\n", row.Table, row.Key, row.Version, row.Expires, row.Value == nil, row.Value)
			if got := r.Get(row.Table, row.Key); got == nil || got.Version != row.Version {
				fmt.Fprintf(&b, "Get does not find it: %v\n", got)
			}
			return true
		})
		r.Log(0, func(e state.LogEntry) bool {
			fmt.Fprintf(&b, "%d %v %v %v %q\n", e.Seq, e.Version, e.Prev, e.Data == nil, e.Data)
			return true
		})
		return nil
	})
	return b.String()
}

// TestSameAsMemory drives the journal and the store in memory with the same
// transactions, reopening the file now and then.
func TestSameAsMemory(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		sub := filepath.Join(dir, fmt.Sprint(n))
		j, err := Open(sub)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = j.Close() }()
		m := state.NewMemoryStore()
		seq := uint64(1)
		for range rapid.IntRange(1, 6).Draw(t, "writes") {
			w := drawWrite(t, &seq)
			j.large = rapid.SampledFrom([]int{1, large}).Draw(t, "large")
			if err := errors.Join(j.Write(w), m.Write(w)); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "reopen") {
				_ = j.Close()
				if j, err = Open(sub); err != nil {
					t.Fatal(err)
				}
			}
			for _, from := range []string{"", "ab", "local/"} {
				if got, want := dump(j, from), dump(m, from); got != want {
					t.Fatalf("from %q the journal holds\n%s\nwant\n%s", from, got, want)
				}
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want error
	}{
		{"an empty file", func(t *testing.T, path string) {
			write(t, path, nil)
		}, ErrCorrupt},
		{"a text file", func(t *testing.T, path string) {
			write(t, path, bytes.Repeat([]byte("not a database\n"), 4000))
		}, ErrCorrupt},
		{"a database without our buckets", func(t *testing.T, path string) {
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = db.Close()
		}, ErrCorrupt},
		{"a newer format", func(t *testing.T, path string) {
			j := open1(t, filepath.Dir(path))
			err := j.db.Load().Update(func(tx *bbolt.Tx) error {
				return tx.Bucket(bucketMeta).Put(keyFormat, []byte{0, 0, 0, 99})
			})
			if err = errors.Join(err, j.Close()); err != nil {
				t.Fatal(err)
			}
		}, ErrNewer},
		{"a file in use", func(t *testing.T, path string) {
			j := open1(t, filepath.Dir(path))
			t.Cleanup(func() { _ = j.Close() })
		}, ErrInUse},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			tc.make(t, path)
			before, _ := os.ReadFile(path)
			j, err := Open(dir)
			if err == nil {
				_ = j.Close()
			}
			if !errors.Is(err, tc.want) || !bytes.Contains([]byte(fmt.Sprint(err)), []byte(path)) {
				t.Errorf("Open = %v, want %v and the file's name", err, tc.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecodeRow(f *testing.F) {
	f.Add(encodeRow(&state.Row{Value: []byte("v"), Expires: 1}))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := decodeRow("t", "k", b)
		if r == nil {
			return
		}
		if again := decodeRow("t", "k", encodeRow(r)); again.Version != r.Version || !bytes.Equal(again.Value, r.Value) {
			t.Errorf("row %v came back as %v", r, again)
		}
	})
}
