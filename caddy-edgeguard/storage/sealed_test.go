package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/journal"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
	"github.com/edgestage/edgestage/state/seal"
)

// change gives a row of a file to f and writes what that makes of it.
func change(t *testing.T, v *vault, key string, f func(*model.StoredFile)) {
	t.Helper()
	_, err := v.host.Replica().Commit(t.Context(), func(tx *state.Tx) error {
		row, ok := tx.Get(model.TableStoredFiles, key)
		if !ok {
			return fs.ErrNotExist
		}
		c := *row.(*model.StoredFile)
		f(&c)
		return tx.Put(&c)
	})
	if err != nil {
		t.Fatalf("changing %q: %v", key, err)
	}
}

// fileRow returns the row of a file.
func fileRow(t *testing.T, v *vault, key string) (f *model.StoredFile) {
	t.Helper()
	change(t, v, key, func(row *model.StoredFile) { f = row })
	c := *f
	return &c
}

// Design 2.4: nothing that is stored can be read on disk.
func TestNothingIsPlainOnDisk(t *testing.T) {
	dir := t.TempDir()
	h := newHost(t, node.Config{Name: "one", Data: dir})
	v := mustVault(t, h)
	secret := "-----BEGIN PRIVATE KEY-----" + strings.Repeat("secret key ", 200000)
	mustStore(t, v, "certificates/early.key", secret)
	mustStart(t, h, v)
	mustStore(t, v, "certificates/a.key", secret)
	mustStore(t, v, "certificates/a.key", secret+"again")
	data, err := os.ReadFile(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"BEGIN PRIVATE KEY", "secret key secret"} {
		if bytes.Contains(data, []byte(part)) {
			t.Errorf("the data file shows %q", part)
		}
	}
	if !bytes.Contains(data, []byte("certificates/a.key")) {
		t.Error("the data file has no such path: has anything been written?")
	}
}

// Large values are in several rows, each once.
func TestParts(t *testing.T) {
	v, _ := alone(t)
	for _, size := range []int{partBytes - 1, partBytes, partBytes + 1, 3*partBytes + 7, maxBytes, 10} {
		value := strings.Repeat("x", size)
		mustStore(t, v, "large", value)
		wantLoad(t, v, "large", value)
		want := 0
		if size > 0 {
			want = (size - 1) / partBytes
		}
		if got := len(rowsOf(t, v, model.TableStoredParts)); got != want {
			t.Errorf("a value of %d bytes has %d further parts, want %d", size, got, want)
		}
	}
	mustStore(t, v, "large", strings.Repeat("x", 2*partBytes))
	if err := v.Delete(t.Context(), "large"); err != nil || len(rowsOf(t, v, model.TableStoredParts)) != 0 {
		t.Errorf("Delete() = %v, leaves parts %q", err, rowsOf(t, v, model.TableStoredParts))
	}
	if err := v.Store(t.Context(), "large", make([]byte, maxBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Store() of %d bytes = %v, want %v", maxBytes+1, err, ErrTooLarge)
	}
}

// What others could do to rows is noticed, and says what it is.
func TestTampering(t *testing.T) {
	large, other := strings.Repeat("x", 2*partBytes), strings.Repeat("y", 2*partBytes)
	for _, tc := range []struct {
		name string
		do   func(t *testing.T, v *vault)
		want error
	}{
		{"moved to another path", func(t *testing.T, v *vault) {
			row := fileRow(t, v, "b")
			change(t, v, "a", func(f *model.StoredFile) { f.Sealed = row.Sealed })
		}, seal.ErrTampered},
		{"changed", func(t *testing.T, v *vault) {
			change(t, v, "a", func(f *model.StoredFile) {
				f.Sealed = bytes.Clone(f.Sealed)
				f.Sealed[len(f.Sealed)-1] ^= 1
			})
		}, seal.ErrTampered},
		{"no seal", func(t *testing.T, v *vault) {
			change(t, v, "a", func(f *model.StoredFile) { f.Sealed = []byte("plain") })
		}, seal.ErrFormat},
		{"a part is missing", func(t *testing.T, v *vault) {
			if _, err := v.host.Replica().Commit(t.Context(), func(tx *state.Tx) error { deleteParts(tx, "a", ""); return nil }); err != nil {
				t.Fatal(err)
			}
		}, ErrTorn},
		{"sealed with a key that is not here", func(t *testing.T, v *vault) { v.host.Keys().Set(ring(t, 9)) }, seal.ErrUnknownKey},
		{"no key here", func(t *testing.T, v *vault) { v.host.Keys().Set(nil) }, seal.ErrNoKey},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, _ := alone(t)
			mustStore(t, v, "a", large)
			mustStore(t, v, "b", other)
			tc.do(t, v)
			if got, err := v.Load(t.Context(), "a"); !errors.Is(err, tc.want) || got != nil {
				t.Errorf("Load() = %d bytes, %v, want %v", len(got), err, tc.want)
			}
		})
	}
}

// A part of an older value does not fit into a newer one.
func TestOldPartsDoNotFit(t *testing.T) {
	v, _ := alone(t)
	mustStore(t, v, "a", strings.Repeat("x", 2*partBytes))
	var old *model.StoredPart
	if err := v.host.Read(func(rd *state.Reader) error {
		row, _ := rd.Get(model.TableStoredParts, rowsOf(t, v, model.TableStoredParts)[0])
		old = row.(*model.StoredPart)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	mustStore(t, v, "a", strings.Repeat("y", 2*partBytes))
	newest := rowsOf(t, v, model.TableStoredParts)[0]
	generation := strings.Split(newest, "\x00")[1]
	if _, err := v.host.Replica().Commit(t.Context(), func(tx *state.Tx) error {
		return tx.Put(&model.StoredPart{Path: "a", Generation: generation, Number: 1, Sealed: old.Sealed})
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Load(t.Context(), "a"); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("Load() = %v, want %v", err, seal.ErrTampered)
	}
}

// A value whose rows were sealed anew, each by itself, is the same.
func TestResealed(t *testing.T) {
	v, h := alone(t)
	value := strings.Repeat("x", 2*partBytes)
	mustStore(t, v, "a", value)
	both := ring(t, 2, 1)
	if _, err := h.Replica().Commit(t.Context(), func(tx *state.Tx) error {
		for _, table := range []string{model.TableStoredFiles, model.TableStoredParts} {
			for _, key := range rowsOf(t, v, table) {
				row, _ := tx.Get(table, key)
				sealed, err := both.Reseal(table, key, row.(model.Secret).Envelope())
				if err != nil {
					return err
				}
				if err := tx.Put(row.(model.Secret).WithEnvelope(sealed)); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	h.keys.Set(ring(t, 2))
	wantLoad(t, v, "a", value)
}

func TestBadPaths(t *testing.T) {
	v, _ := alone(t)
	for _, key := range []string{"", "/", "a\x00b", "\xff", strings.Repeat("a", 2000)} {
		if err := v.Store(context.Background(), key, nil); err == nil {
			t.Errorf("Store(%.20q) = nil, want an error", key)
		}
		if err := v.Delete(context.Background(), key); err == nil {
			t.Errorf("Delete(%.20q) = nil, want an error", key)
		}
	}
	mustStore(t, v, "/a//b/../c/", "x")
	wantLoad(t, v, "a/c", "x")
}

func FuzzHead(f *testing.F) {
	r := ring(f, 1)
	file, err := sealFile(r, "a", []byte("x"), time.Unix(1, 0))
	if err != nil {
		f.Fatal(err)
	}
	plain, _ := r.Open(model.TableStoredFiles, "a", file.row.Sealed)
	f.Add(plain)
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		sealed, err := r.Seal(model.TableStoredFiles, "a", plain)
		if err != nil {
			return
		}
		got, err := (&sealedFile{row: &model.StoredFile{Path: "a", Sealed: sealed}}).open(r)
		if err == nil && len(got) != len(plain)-headBytes {
			t.Fatalf("open() of %d bytes = %d bytes", len(plain), len(got))
		}
	})
}

// Lists that take several reads are whole.
func TestLongList(t *testing.T) {
	v, h := alone(t)
	const many = 2*readChunk + 10
	if _, err := h.Replica().Commit(t.Context(), func(tx *state.Tx) error {
		for i := range many {
			if err := tx.Put(&model.StoredFile{Path: fmt.Sprintf("d/%d/f", i), Sealed: []byte{1}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]int{"": 1 + 2*many, "d": 2 * many, "d/7": 1} {
		if got, err := v.List(t.Context(), dir, true); err != nil || len(got) != want {
			t.Errorf("List(%q) = %d keys, %v, want %d", dir, len(got), err, want)
		}
	}
}
