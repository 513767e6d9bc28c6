package edgeguard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/certmagic"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
)

func init() {
	caddy.RegisterModule(lookingStorage{})
	caddy.RegisterModule(lookingHandler{})
}

// looker is what a module that needs the node does.
type looker struct{ ref *edgenode.Ref }

func (l *looker) Provision(ctx caddy.Context) error {
	ref, app, err := edgenode.Join(ctx)
	if err != nil {
		return err
	}
	l.ref = ref
	if app.NodeSettings().Node != "one" {
		return fmt.Errorf("looked at node %q, want one", app.NodeSettings().Node)
	}
	return nil
}

func (l *looker) Cleanup() error {
	if l.ref == nil {
		return nil
	}
	return l.ref.Release()
}

// lookingStorage is a storage module, which Caddy loads before any app.
type lookingStorage struct{ *looker }

func (lookingStorage) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.storage.test_looking", New: func() caddy.Module { return &lookingStorage{new(looker)} }}
}

// CertMagicStorage implements [caddy.StorageConverter].
func (lookingStorage) CertMagicStorage() (certmagic.Storage, error) {
	return &certmagic.FileStorage{Path: filepath.Join(os.TempDir(), "edgeguard-looking-storage")}, nil
}

// lookingHandler is a handler, which is loaded inside of the app http.
type lookingHandler struct {
	*looker
	// Fail makes Provision fail after it has looked.
	Fail bool `json:"fail,omitempty"`
}

func (lookingHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_looking", New: func() caddy.Module { return &lookingHandler{looker: new(looker)} }}
}

var errHandler = errors.New("handler that is to fail")

func (h *lookingHandler) Provision(ctx caddy.Context) error {
	if err := h.looker.Provision(ctx); err != nil {
		return err
	}
	if h.Fail {
		return errHandler
	}
	return nil
}

func (*lookingHandler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return next.ServeHTTP(w, r)
}

// mixture returns a configuration with the given modules that look.
func mixture(t *testing.T, storage, handler, fail bool) []byte {
	t.Helper()
	in := `"admin":{"disabled":true,"config":{"persist":false}},"logging":{"logs":{"default":{"level":"ERROR"}}}`
	if storage {
		in += `,"storage":{"module":"test_looking"}`
	}
	in += `,"apps":{"edgeguard":{"node":"one"}`
	if handler {
		in += fmt.Sprintf(`,"http":{"servers":{"s":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"test_looking","fail":%v}]}]}}}`, fail)
	}
	in = "{" + in + "}}"
	if !json.Valid([]byte(in)) {
		t.Fatalf("config is no JSON: %s", in)
	}
	return []byte(in)
}

// TestLookBeforeTheAppIsLoaded loads each mixture of modules that look, many
// times, for Caddy provisions apps in random order: one node is opened, and
// every reference given back, also by loads that fail.
func TestLookBeforeTheAppIsLoaded(t *testing.T) {
	for i := range 40 {
		storage, handler, fail := i&1 != 0, i&2 != 0, i&4 != 0
		t.Run(fmt.Sprintf("storage %v handler %v fail %v", storage, handler, fail), func(t *testing.T) {
			err := caddy.Load(mixture(t, storage, handler, fail), true)
			if handler && fail {
				if err == nil || !strings.Contains(err.Error(), errHandler.Error()) {
					t.Fatalf("Load() = %v, want %v", err, errHandler)
				}
			} else if err != nil {
				t.Fatalf("Load() = %v", err)
			}
			_, refs := edgenode.Open()
			want := 1
			if storage {
				want++
			}
			if handler {
				want++
			}
			if err != nil {
				want = 0
			}
			if refs != want {
				t.Errorf("the node has %d references, want %d", refs, want)
			}
			mustStop(t)
			if _, refs := edgenode.Open(); refs != 0 {
				t.Errorf("after Stop() the node has %d references, want none", refs)
			}
		})
	}
}

func TestLookWithoutTheOption(t *testing.T) {
	const missing = "the global option 'edgeguard' is missing"
	c := `{"admin":{"disabled":true,"config":{"persist":false}},"storage":{"module":"test_looking"}}`
	if err := caddy.Load([]byte(c), true); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("Load() = %v, want %q", err, missing)
	}
	// As `caddy storage export` does: no configuration at all.
	if _, err := edgenode.Look(caddy.Context{}); err == nil || err.Error() != missing {
		t.Errorf("Look() without a configuration = %v, want %q", err, missing)
	}
}
