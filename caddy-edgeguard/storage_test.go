package edgeguard

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state/journal"
)

// sealKeys returns the path of a file with a sealing key.
func sealKeys(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seal.keys")
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stored returns a configuration that stores in the state, with more top-level
// fields and more apps, each after a comma.
func stored(t *testing.T, node, apps string) []byte {
	t.Helper()
	in := `{"admin":{"disabled":true,"config":{"persist":false}},"logging":{"logs":{"default":{"level":"ERROR"}}},` +
		`"storage":{"module":"edgeguard"},"apps":{"edgeguard":{"node":"one"` + node + `}` + apps + `}}`
	if !json.Valid([]byte(in)) {
		t.Fatalf("config is no JSON: %s", in)
	}
	return []byte(in)
}

// pkiApp makes a CA of Caddy's own, which stores its keys when it is
// provisioned, before anything is started.
const pkiApp = `,"pki":{"certificate_authorities":{"local":{"install_trust":false}}}`

const rootKey = "pki/authorities/local/root.key"

// runningStorage returns the storage of the configuration that runs.
func runningStorage(t *testing.T) certmagic.Storage {
	t.Helper()
	s := certmagic.Default.Storage
	if s == nil || fmt.Sprint(s) != "edgeguard" {
		t.Fatalf("storage is %T, want that of edgeguard", s)
	}
	return s
}

func mustGet(t *testing.T, key string) string {
	t.Helper()
	value, err := runningStorage(t).Load(t.Context(), key)
	if err != nil {
		t.Fatalf("Load(%q) = %v", key, err)
	}
	return string(value)
}

// Caddy's own CA is made before the node is started, and is the same after a
// reload and after a restart. No key is readable on disk.
func TestStorageOfCaddysOwnCA(t *testing.T) {
	data, keys := t.TempDir(), sealKeys(t)
	c := stored(t, fmt.Sprintf(`,"data":%q,"seal_key_file":%q`, data, keys), pkiApp)
	mustLoad(t, c)
	first := mustGet(t, rootKey)
	if !strings.Contains(first, "PRIVATE KEY") {
		t.Fatalf("root key is %.20q", first)
	}
	mustLoad(t, c) // a reload
	if mustGet(t, rootKey) != first {
		t.Error("a reload makes another root")
	}
	mustStop(t)
	if _, refs := edgenode.Open(); refs != 0 {
		t.Fatalf("after Stop() the node has %d references", refs)
	}
	mustLoad(t, c) // a restart
	if mustGet(t, rootKey) != first {
		t.Error("a restart makes another root")
	}
	mustStop(t)
	file, err := os.ReadFile(filepath.Join(data, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte(rootKey)) || bytes.Contains(file, []byte("PRIVATE KEY")) {
		t.Error("the data file has no root key, or shows it")
	}
}

// Sealing keys are exchanged by reloads; a configuration without them is
// refused, and the one that runs goes on.
func TestExchangeOfSealingKeys(t *testing.T) {
	line := func(fill byte) string {
		return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)) + "\n"
	}
	keys := filepath.Join(t.TempDir(), "seal.keys")
	c := stored(t, fmt.Sprintf(`,"seal_key_file":%q`, keys), pkiApp)
	var root string
	for i, lines := range []string{line(1), line(1) + line(2), line(2) + line(1)} {
		if err := os.WriteFile(keys, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		mustLoad(t, c)
		if got := mustGet(t, rootKey); i > 0 && got != root {
			t.Errorf("after load %d there is another root", i)
		} else {
			root = got
		}
		if err := runningStorage(t).Store(t.Context(), "new", []byte("x")); err != nil {
			t.Errorf("Store() after load %d = %v", i, err)
		}
	}
	if err := caddy.Load(stored(t, "", pkiApp), true); err == nil || !strings.Contains(err.Error(), "needs 'seal_key_file'") {
		t.Errorf("Load() without keys = %v, want that it is refused", err)
	}
	if err := os.WriteFile(keys, []byte("!!!\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(c, true); err == nil || !strings.Contains(err.Error(), "line 1: not base64") {
		t.Errorf("Load() with a broken key file = %v, want that it is refused", err)
	}
	if mustGet(t, "new") != "x" {
		t.Error("the refused configurations have taken the keys away")
	}
	mustStop(t)
}

// `caddy validate` provisions everything and starts nothing.
func TestValidateWithStorage(t *testing.T) {
	data, keys := filepath.Join(t.TempDir(), "data"), sealKeys(t)
	in := stored(t, fmt.Sprintf(`,"data":%q,"seal_key_file":%q`, data, keys), pkiApp)
	validate := func() {
		t.Helper()
		c := new(caddy.Config)
		if err := json.Unmarshal(in, c); err != nil {
			t.Fatal(err)
		}
		if err := caddy.Validate(c); err != nil {
			t.Fatalf("Validate() = %v", err)
		}
		if _, refs := edgenode.Open(); refs != 0 {
			t.Errorf("after Validate() the node has %d references", refs)
		}
	}
	validate()
	if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat(%q) after Validate() = %v, want that it is not there", data, err)
	}
	mustLoad(t, in)
	mustStop(t)
	path := filepath.Join(data, journal.FileName)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	validate()
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("Validate() has changed the data file (%v)", err)
	}
}

func TestStorageIsRefused(t *testing.T) {
	for _, tc := range []struct{ name, config, want string }{
		{"without sealing keys", string(stored(t, "", "")), "'storage edgeguard' needs 'seal_key_file'"},
		{"without the option", `{"admin":{"disabled":true,"config":{"persist":false}},"storage":{"module":"edgeguard"}}`, "the global option 'edgeguard' is missing"},
		{"keys that are not there", string(stored(t, `,"seal_key_file":"/none"`, "")), "reading sealing keys"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := caddy.Load([]byte(tc.config), true); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Load() = %v, want %q", err, tc.want)
			}
			if _, refs := edgenode.Open(); refs != 0 {
				t.Errorf("a refused configuration leaves %d references", refs)
			}
		})
	}
}

// As `caddy storage export` does: the module is loaded without any apps.
func TestStorageCommands(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	part := struct {
		StorageRaw json.RawMessage `json:"storage" caddy:"namespace=caddy.storage inline_key=module"`
	}{json.RawMessage(`{"module":"edgeguard"}`)}
	_, err := ctx.LoadModule(&part, "StorageRaw")
	if err == nil || !strings.Contains(err.Error(), "caddy storage export") || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("LoadModule() = %v, want a clear error", err)
	}
}

// TestMixtures loads every mixture of the modules that need the node before
// Caddy has loaded its app: storage, an issuer's DNS provider and a handler.
// Caddy loads in random order, so each is loaded many times. One node is
// opened, and every load, failed ones included, gives its references back.
func TestMixtures(t *testing.T) {
	keys := sealKeys(t)
	for i := range 120 {
		withStorage, withProvider, withHandler, fails := i&1 != 0, i&2 != 0, i&4 != 0, i%10 == 9
		apps, want := pkiApp, 1
		if withProvider {
			apps += `,"tls":{"automation":{"policies":[{"issuers":[{"module":"acme","ca":"https://127.0.0.1:1/","challenges":{"dns":{"provider":{"name":"route53sim"}}}}]}]}}`
			want++
		}
		if withHandler || fails {
			apps += fmt.Sprintf(`,"http":{"servers":{"s":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"test_looking","fail":%t}]}]}}}`, fails)
			want++
		}
		c := stored(t, fmt.Sprintf(`,"seal_key_file":%q`, keys), apps)
		if withStorage {
			want++
		} else {
			c = bytes.Replace(c, []byte(`"storage":{"module":"edgeguard"}`), fmt.Appendf(nil, `"storage":{"module":"file_system","root":%q}`, t.TempDir()), 1)
		}
		t.Run(fmt.Sprintf("storage %t provider %t handler %t fails %t", withStorage, withProvider, withHandler, fails), func(t *testing.T) {
			t.Cleanup(func() { _ = caddy.Stop() })
			err := caddy.Load(c, true)
			if fails != (err != nil) {
				t.Fatalf("Load() = %v", err)
			}
			if err != nil {
				want = 0
			} else if withStorage {
				mustGet(t, rootKey)
			}
			if _, refs := edgenode.Open(); refs != want {
				t.Errorf("the node has %d references, want %d", refs, want)
			}
			if err == nil {
				mustStop(t)
			}
			if _, refs := edgenode.Open(); refs != 0 {
				t.Errorf("at the end the node has %d references", refs)
			}
		})
	}
}
