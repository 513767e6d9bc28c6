package edgeguard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// config returns a configuration whose app edgeguard has the given fields, and
// which leaves nothing behind in the user's folders.
func config(t *testing.T, fields string) []byte {
	t.Helper()
	c := `{"admin":{"disabled":true,"config":{"persist":false}},"logging":{"logs":{"default":{"level":"ERROR"}}},"apps":{"edgeguard":{` + fields + `}}}`
	if !json.Valid([]byte(c)) {
		t.Fatalf("config is no JSON: %s", c)
	}
	return []byte(c)
}

// distributions returns the fields that publish names.
func distributions(names ...string) string {
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf(`{"name":%q}`, name))
	}
	return `"node":"one","publish":["192.0.2.1"],"accounts":[{"id":"111111111111","distributions":[` + strings.Join(list, ",") + `]}]`
}

func mustLoad(t *testing.T, config []byte) {
	t.Helper()
	t.Cleanup(func() { _ = caddy.Stop() }) // a test that failed on its way
	if err := caddy.Load(config, true); err != nil {
		t.Fatalf("Load(%s) = %v", config, err)
	}
}

func mustStop(t *testing.T) {
	t.Helper()
	if err := caddy.Stop(); err != nil {
		t.Fatalf("Stop() = %v", err)
	}
}

// openReplica returns the replica that the running configuration uses.
func openReplica(t *testing.T) *state.Replica {
	t.Helper()
	r, _ := edgenode.Open()
	if r == nil {
		t.Fatal("no node is open")
	}
	return r
}

// waitForEndpoints waits until the replica shows exactly the endpoints of the
// given names, sorted.
func waitForEndpoints(t *testing.T, r *state.Replica, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	sub := r.Subscribe(model.TableEndpoints)
	defer sub.Close()
	rows := make(map[string]string) // key to name
	for {
		batch, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("endpoints are %q, want %q: %v", slices.Sorted(maps.Values(rows)), want, err)
		}
		if batch.Reset {
			clear(rows)
		}
		for _, c := range batch.Changes {
			delete(rows, c.Key)
			if c.Value != nil {
				rows[c.Key] = string(c.Value.(*model.Endpoint).Name)
			}
		}
		sub.Ack(batch)
		if slices.Equal(slices.Sorted(maps.Values(rows)), want) {
			return
		}
	}
}

func TestReloadsAndEndpoints(t *testing.T) {
	mustLoad(t, config(t, distributions("d1.cloudfront.net", "d2.cloudfront.net")))
	r := openReplica(t)
	waitForEndpoints(t, r, "d1.cloudfront.net.", "d2.cloudfront.net.")

	mustLoad(t, config(t, distributions("d2.cloudfront.net", "d3.cloudfront.net")))
	if openReplica(t) != r {
		t.Fatal("a reload opens another node")
	}
	waitForEndpoints(t, r, "d2.cloudfront.net.", "d3.cloudfront.net.")

	for _, tc := range []struct{ name, fields, want string }{
		{"region", `"region":"eu-west-3",` + distributions("d4.cloudfront.net"), "region"},
		{"data", `"data":"/nowhere",` + distributions("d4.cloudfront.net"), "data"},
		{"gossip", `"gossip":{"bind":"127.0.0.1:0"},` + distributions("d4.cloudfront.net"), "gossip"},
	} {
		t.Run("refuses another "+tc.name, func(t *testing.T) {
			err := caddy.Load(config(t, tc.fields), true)
			if err == nil || !strings.Contains(err.Error(), edgenode.ErrSettingsChanged.Error()+": "+tc.want) {
				t.Errorf("Load(%s) = %v, want %q", tc.fields, err, edgenode.ErrSettingsChanged)
			}
			waitForEndpoints(t, r, "d2.cloudfront.net.", "d3.cloudfront.net.")
		})
	}

	mustLoad(t, config(t, `"node":"one"`))
	waitForEndpoints(t, r)
	mustStop(t)
	if _, refs := edgenode.Open(); refs != 0 {
		t.Errorf("after Stop() the node has %d references, want none", refs)
	}
}

func TestAnotherConfigurationMayFollowAStop(t *testing.T) {
	for _, region := range []string{"eu-west-1", "eu-west-3"} {
		mustLoad(t, config(t, fmt.Sprintf(`"region":%q,`, region)+distributions("d1.cloudfront.net")))
		waitForEndpoints(t, openReplica(t), "d1.cloudfront.net.")
		mustStop(t)
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config(t, fmt.Sprintf(`"data":%q`, filepath.Join(file, "data")))
	if err := caddy.Load(c, true); err == nil || !strings.Contains(err.Error(), "starting node") {
		t.Errorf("Load(%s) = %v, want an error of the node", c, err)
	}
	if _, refs := edgenode.Open(); refs != 0 {
		t.Errorf("after a failed start the node has %d references, want none", refs)
	}
}

func TestValidateWritesNothing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	c := new(caddy.Config)
	in := config(t, fmt.Sprintf(`"data":%q,"gossip":{"bind":"127.0.0.1:0"},`, data)+distributions("d1.cloudfront.net"))
	if err := json.Unmarshal(in, c); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(c); err != nil {
		t.Fatalf("Validate(%s) = %v", in, err)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("Stat(%q) after Validate() = %v, want that it is not there", data, err)
	}
	if _, refs := edgenode.Open(); refs != 0 {
		t.Errorf("after Validate() the node has %d references, want none", refs)
	}
}

func TestDataFolderIsKept(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for range 2 {
		mustLoad(t, config(t, fmt.Sprintf(`"data":%q,`, data)+distributions("d1.cloudfront.net")))
		waitForEndpoints(t, openReplica(t), "d1.cloudfront.net.")
		mustStop(t)
	}
	if entries, err := os.ReadDir(data); err != nil || len(entries) == 0 {
		t.Errorf("ReadDir(%q) = %v, %v, want files", data, entries, err)
	}
}
