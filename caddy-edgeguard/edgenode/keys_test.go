package edgenode

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/seal"
)

// keyFile writes keys, each made of one byte, into a file and returns its path.
func keyFile(t *testing.T, path string, fills ...byte) string {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "keys")
	}
	var b strings.Builder
	for _, fill := range fills {
		b.WriteString(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)) + "\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustRef(t *testing.T, s Settings) *Ref {
	t.Helper()
	ref, err := Acquire(s)
	if err != nil {
		t.Fatalf("Acquire(%+v) = %v", s, err)
	}
	t.Cleanup(func() {
		if err := ref.Release(); err != nil {
			t.Errorf("Release() = %v", err)
		}
	})
	return ref
}

func TestSealingKeysAreExchanged(t *testing.T) {
	path := keyFile(t, "", 1)
	ref := mustRef(t, Settings{Node: "one", SealKeyFile: path})
	sealed, err := ref.Keys().Seal("t", "k", []byte("x"))
	if err != nil {
		t.Fatalf("Seal() before the start = %v", err)
	}
	if err := ref.Start(zap.NewNop()); err != nil {
		t.Fatalf("Start() = %v", err)
	}
	keyFile(t, path, 2, 1)
	next := mustRef(t, Settings{Node: "one", SealKeyFile: path})
	if !ref.Keys().Keyring().Fresh(sealed) {
		t.Error("a configuration that has not started exchanges the keys")
	}
	if err := next.Start(zap.NewNop()); err != nil {
		t.Fatalf("second Start() = %v", err)
	}
	if got, err := ref.Keys().Open("t", "k", sealed); err != nil || string(got) != "x" || ref.Keys().Keyring().Fresh(sealed) {
		t.Errorf("Open() after the exchange = %q, %v, want x, and that it is not fresh", got, err)
	}
}

func TestSealingKeysAreRefused(t *testing.T) {
	gossip := keyFile(t, "", 7, 3)
	for _, tc := range []struct{ name, path, want string }{
		{"not there", filepath.Join(t.TempDir(), "none"), "reading sealing keys"},
		{"no key", keyFile(t, ""), "no key"},
		{"a gossip key", keyFile(t, "", 4, 3), errSharedKey.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Acquire(Settings{SealKeyFile: tc.path, Gossip: &Gossip{Bind: "127.0.0.1:0", KeyFile: gossip}})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Acquire() = %v, want %q", err, tc.want)
			}
			if _, refs := Open(); refs != 0 {
				t.Errorf("a refused file leaves %d references", refs)
			}
		})
	}
	ref := mustRef(t, Settings{})
	if _, err := ref.Keys().Seal("t", "k", nil); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("Seal() without a file = %v, want %v", err, seal.ErrNoKey)
	}
}

type closer func() error

func (c closer) Close() error { return c() }

func TestAttachmentsLiveAsLongAsTheNode(t *testing.T) {
	first, second := mustRef(t, Settings{}), mustRef(t, Settings{})
	var order []string
	attach := func(r *Ref, key string) {
		r.Attach(key, func(own *Ref) io.Closer {
			return closer(func() error {
				if err := own.Release(); err != nil {
					t.Errorf("Release() of the attachment's own reference = %v", err)
				}
				order = append(order, key)
				return nil
			})
		})
	}
	attach(first, "a")
	attach(second, "b")
	attach(second, "a")
	if err := first.Release(); err != nil || len(order) != 0 {
		t.Errorf("Release() = %v, closes %q while another holds the node", err, order)
	}
	if err := second.Release(); err != nil || strings.Join(order, "") != "ba" {
		t.Errorf("Release() of the last = %v, closes %q, want b then a, once", err, order)
	}
}
