package importer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// TestLoaderInReplica loads into a real replica on disk, twice: what it saw
// before a restart it does not load again.
func TestLoaderInReplica(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	if err := os.WriteFile(path, export(1000), 0o644); err != nil {
		t.Fatal(err)
	}
	zone := model.NewZoneID(account, "load", "example.org.")
	for _, want := range []string{fmt.Sprintf("info Loaded %q: hosted zone %s (example.org.), 1002 RRsets, 0 health checks", path, zone), ""} {
		log := new(logLines)
		n := node.New(node.Config{Data: filepath.Join(folder, "data"), Name: "n", Kind: "dns"}, new(logLines))
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		New(Config{Sources: []Source{{path, account}}, Store: InReplica(n.Replica), Log: log}).Poll(context.Background())
		if got := log.take(); got != want {
			t.Errorf("Poll logged %q, want %q", got, want)
		}
		rows := 0
		err := n.View(func(r *state.Reader) error {
			r.Range(model.TableRRsets, model.RRsetPrefix(zone), "", func(model.Value, state.Version) bool { rows++; return true })
			return nil
		})
		if rows != 1002 || err != nil {
			t.Errorf("the replica has %d RRsets, %v, want 1002", rows, err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
}
