package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"pgregory.net/rapid"

	"github.com/edgestage/edgestage/state/node"
)

// kinds are the storages that keep certmagic's promises: the one that it comes
// with is the measure.
var kinds = []struct {
	name string
	open func(t *testing.T) certmagic.Storage
}{
	{"files", func(t *testing.T) certmagic.Storage { return &certmagic.FileStorage{Path: t.TempDir()} }},
	{"rows", func(t *testing.T) certmagic.Storage { v, _ := alone(t); return v }},
	{"before the start", func(t *testing.T) certmagic.Storage {
		v := mustVault(t, newHost(t, node.Config{Name: "one"}))
		v.locks.startsIn = time.Millisecond
		return v
	}},
	{"on disk", func(t *testing.T) certmagic.Storage {
		h := newHost(t, node.Config{Name: "one", Data: t.TempDir()})
		v := mustVault(t, h)
		mustStart(t, h, v)
		return v
	}},
}

func put(t *testing.T, s certmagic.Storage, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := s.Store(t.Context(), key, []byte("value of "+key)); err != nil {
			t.Fatalf("Store(%q) = %v", key, err)
		}
	}
}

// promises are those of certmagic.Storage, in the order of its comments.
var promises = []struct {
	name string
	test func(t *testing.T, s certmagic.Storage)
}{
	{"Load returns what was stored last", func(t *testing.T, s certmagic.Storage) {
		for _, value := range []string{"one", "", strings.Repeat("long", 200000), "two"} {
			if err := s.Store(t.Context(), "a/b", []byte(value)); err != nil {
				t.Fatalf("Store() = %v", err)
			}
			if got, err := s.Load(t.Context(), "a/b"); err != nil || string(got) != value {
				t.Fatalf("Load() = %d bytes, %v, want %d", len(got), err, len(value))
			}
		}
	}},
	{"what is not there is fs.ErrNotExist", func(t *testing.T, s certmagic.Storage) {
		put(t, s, "a/b")
		for _, key := range []string{"c", "a/c", "a/b/c"} {
			if _, err := s.Load(t.Context(), key); !errors.Is(err, fs.ErrNotExist) && key != "a/b/c" {
				t.Errorf("Load(%q) = %v, want %v", key, err, fs.ErrNotExist)
			}
			if _, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) && key != "a/b/c" {
				t.Errorf("Stat(%q) = %v, want %v", key, err, fs.ErrNotExist)
			}
		}
		if _, err := s.List(t.Context(), "c", true); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("List(c) = %v, want %v", err, fs.ErrNotExist)
		}
		if s.Exists(t.Context(), "c") {
			t.Error("Exists(c) is true")
		}
	}},
	{"a directory cannot be loaded, and exists", func(t *testing.T, s certmagic.Storage) {
		put(t, s, "a/b/c")
		if _, err := s.Load(t.Context(), "a/b"); err == nil {
			t.Error("Load() of a directory = nil, want an error")
		}
		if !s.Exists(t.Context(), "a/b") || !s.Exists(t.Context(), "a/b/c") || s.Exists(t.Context(), "a/b/d") {
			t.Error("Exists() does not hold for directory and file, and for them alone")
		}
	}},
	{"prefixes are by component", func(t *testing.T, s certmagic.Storage) {
		put(t, s, "ab/c", "a/c", "a-b", "a0")
		if got, err := s.List(t.Context(), "a", true); err != nil || !slices.Equal(got, []string{"a/c"}) {
			t.Errorf("List(a) = %q, %v, want a/c alone", got, err)
		}
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Errorf("Delete(a) = %v", err)
		}
		if !s.Exists(t.Context(), "ab/c") || !s.Exists(t.Context(), "a-b") || s.Exists(t.Context(), "a") {
			t.Error("Delete(a) does not delete exactly what is below a")
		}
	}},
	{"List walks or does not", func(t *testing.T, s certmagic.Storage) {
		put(t, s, "x/a/1/k", "x/a/2", "x/b", "y")
		for _, tc := range []struct {
			dir       string
			recursive bool
			want      []string
		}{
			{"x", false, []string{"x/a", "x/b"}},
			{"x", true, []string{"x/a", "x/a/1", "x/a/1/k", "x/a/2", "x/b"}},
			{"x/a", false, []string{"x/a/1", "x/a/2"}},
			{"", false, []string{"x", "y"}},
			{"", true, []string{"x", "x/a", "x/a/1", "x/a/1/k", "x/a/2", "x/b", "y"}},
			{"y", true, nil},
		} {
			got, err := s.List(t.Context(), tc.dir, tc.recursive)
			slices.Sort(got)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("List(%q, %t) = %q, %v, want %q", tc.dir, tc.recursive, got, err, tc.want)
			}
		}
	}},
	{"Stat tells files from directories", func(t *testing.T, s certmagic.Storage) {
		begun := time.Now().Add(-time.Second)
		put(t, s, "a/b")
		info, err := s.Stat(t.Context(), "a/b")
		if err != nil || info.Key != "a/b" || !info.IsTerminal || info.Size != int64(len("value of a/b")) || info.Modified.Before(begun) || info.Modified.After(time.Now().Add(time.Second)) {
			t.Errorf("Stat(a/b) = %+v, %v", info, err)
		}
		if info, err := s.Stat(t.Context(), "a"); err != nil || info.Key != "a" || info.IsTerminal {
			t.Errorf("Stat(a) = %+v, %v", info, err)
		}
	}},
	{"Delete of a directory deletes all in it", func(t *testing.T, s certmagic.Storage) {
		put(t, s, "a/b/c", "a/b/d", "a/e")
		if err := s.Delete(t.Context(), "a/b"); err != nil {
			t.Fatalf("Delete() = %v", err)
		}
		if s.Exists(t.Context(), "a/b/c") || s.Exists(t.Context(), "a/b") || !s.Exists(t.Context(), "a/e") {
			t.Error("Delete() does not delete exactly what is in the directory")
		}
	}},
	{"Delete of what is not there is no error", func(t *testing.T, s certmagic.Storage) {
		for range 2 {
			if err := s.Delete(t.Context(), "a/b"); err != nil {
				t.Errorf("Delete() = %v", err)
			}
		}
	}},
	{"Store at once corrupts nothing", func(t *testing.T, s certmagic.Storage) {
		var wg sync.WaitGroup
		values := make(map[string]bool)
		for i := range 8 {
			values[strings.Repeat(fmt.Sprint(i), 100000)] = true
		}
		for value := range values {
			wg.Go(func() {
				if err := s.Store(t.Context(), "a", []byte(value)); err != nil {
					t.Errorf("Store() = %v", err)
				}
				if got, err := s.Load(t.Context(), "a"); err != nil || !values[string(got)] {
					t.Errorf("Load() = %.10q of %d bytes, %v", got, len(got), err)
				}
			})
		}
		wg.Wait()
	}},
	{"one has the lock", func(t *testing.T, s certmagic.Storage) {
		var wg sync.WaitGroup
		inside, most := 0, 0
		for range 8 {
			wg.Go(func() {
				if err := s.Lock(t.Context(), "n"); err != nil {
					t.Errorf("Lock() = %v", err)
					return
				}
				inside++ // the race detector watches
				most = max(most, inside)
				inside--
				if err := s.Unlock(t.Context(), "n"); err != nil {
					t.Errorf("Unlock() = %v", err)
				}
			})
			if s, ok := s.(*certmagic.FileStorage); ok && s != nil {
				wg.Wait() // it looks once a second: do not wait for that
			}
		}
		wg.Wait()
		if most != 1 {
			t.Errorf("%d had the lock at once, want 1", most)
		}
	}},
	{"locks have names", func(t *testing.T, s certmagic.Storage) {
		for _, name := range []string{"a", "b"} {
			if err := s.Lock(t.Context(), name); err != nil {
				t.Fatalf("Lock(%q) = %v", name, err)
			}
		}
		for _, name := range []string{"a", "b"} {
			if err := s.Unlock(t.Context(), name); err != nil {
				t.Errorf("Unlock(%q) = %v", name, err)
			}
		}
	}},
	{"waiting for a lock ends with the context", func(t *testing.T, s certmagic.Storage) {
		if err := s.Lock(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := s.Lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Lock() = %v, want %v", err, context.DeadlineExceeded)
		}
		if err := s.Unlock(t.Context(), "a"); err != nil {
			t.Errorf("Unlock() = %v", err)
		}
		if err := s.Lock(t.Context(), "a"); err != nil {
			t.Errorf("Lock() after Unlock() = %v", err)
		}
		if err := s.Unlock(t.Context(), "a"); err != nil {
			t.Errorf("Unlock() = %v", err)
		}
	}},
	{"TryLock does not wait", func(t *testing.T, s certmagic.Storage) {
		try := s.(certmagic.TryLocker)
		if ok, err := try.TryLock(t.Context(), "a"); err != nil || !ok {
			t.Fatalf("TryLock() = %t, %v, want true", ok, err)
		}
		if _, files := s.(*certmagic.FileStorage); !files { // that one waits a second
			if ok, err := try.TryLock(t.Context(), "a"); err != nil || ok {
				t.Errorf("second TryLock() = %t, %v, want false", ok, err)
			}
		}
		if err := try.Unlock(t.Context(), "a"); err != nil {
			t.Errorf("Unlock() = %v", err)
		}
		if ok, err := try.TryLock(t.Context(), "a"); err != nil || !ok {
			t.Errorf("TryLock() after Unlock() = %t, %v, want true", ok, err)
		}
		if err := try.Unlock(t.Context(), "a"); err != nil {
			t.Errorf("Unlock() = %v", err)
		}
	}},
}

func TestPromises(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			for _, p := range promises {
				t.Run(p.name, func(t *testing.T) { p.test(t, kind.open(t)) })
			}
		})
	}
}

// TestLikeFiles does the same random things to a vault and to files: they must
// look the same, but for folders that are empty: there are none among rows.
func TestLikeFiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := &certmagic.FileStorage{Path: t.TempDir()}
		h := newHost(t, node.Config{Name: "one"})
		v := newVault(h)
		defer func() {
			_ = v.Close()
			_ = h.node.Close()
		}()
		started := false
		keys := rapid.SampledFrom([]string{"a", "b/a", "b/c/a", "b/c/d", "e/f", "e/g"})
		dirs := rapid.SampledFrom([]string{"", "b", "b/c", "e", "none"})
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0, 1:
				key, value := keys.Draw(rt, "key"), rapid.String().Draw(rt, "value")
				for _, s := range []certmagic.Storage{files, v} {
					if err := s.Store(t.Context(), key, []byte(value)); err != nil {
						rt.Fatalf("Store(%q) of %T = %v", key, s, err)
					}
				}
			case 2:
				key := keys.Draw(rt, "key")
				for _, s := range []certmagic.Storage{files, v} {
					if err := s.Delete(t.Context(), key); err != nil {
						rt.Fatalf("Delete(%q) of %T = %v", key, s, err)
					}
				}
			case 3:
				if !started {
					started = true
					mustStart(t, h, v)
				}
			case 4:
				compare(t, rt, files, v, dirs.Draw(rt, "dir"), keys.Draw(rt, "key"))
			}
		}
	})
}

func compare(t *testing.T, rt *rapid.T, files, v certmagic.Storage, dir, key string) {
	want, werr := files.Load(t.Context(), key)
	got, gerr := v.Load(t.Context(), key)
	if string(got) != string(want) || errors.Is(werr, fs.ErrNotExist) != errors.Is(gerr, fs.ErrNotExist) {
		rt.Fatalf("Load(%q) = %q, %v, want %q, %v", key, got, gerr, want, werr)
	}
	terminal := func(s certmagic.Storage) []string {
		all, _ := s.List(t.Context(), dir, true)
		return slices.DeleteFunc(all, func(at string) bool {
			info, err := s.Stat(t.Context(), at)
			return err != nil || !info.IsTerminal
		})
	}
	g, w := terminal(v), terminal(files)
	slices.Sort(w)
	if !slices.Equal(g, w) {
		rt.Fatalf("files in %q = %q, want %q", dir, g, w)
	}
}
