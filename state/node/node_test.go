package node

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// deadline is how long anything that is waited for may take on a busy machine.
const deadline = 2 * time.Minute

// testLog keeps what a node reports.
type testLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *testLog) add(level, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, level+" "+fmt.Sprintf(format, args...))
}
func (l *testLog) Infof(format string, args ...any)  { l.add("INFO", format, args...) }
func (l *testLog) Warnf(format string, args ...any)  { l.add("WARN", format, args...) }
func (l *testLog) Errorf(format string, args ...any) { l.add("ERROR", format, args...) }

func (l *testLog) has(part string) bool { return l.count(part) > 0 }

func (l *testLog) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// start starts a node that is closed with the test.
func start(t *testing.T, c Config) (*Node, *testLog) {
	t.Helper()
	log := &testLog{}
	n := New(c, log)
	if err := n.Start(); err != nil {
		t.Fatalf("Start(%+v) = %v", c, err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n, log
}

func loopback(name string, join ...string) Config {
	return Config{Name: name, Kind: KindDNS, Gossip: &Gossip{Bind: "127.0.0.1:0", Join: join}}
}

// eventually waits until f returns "", and fails with what it said last.
func eventually(t *testing.T, f func() string) {
	t.Helper()
	end := time.Now().Add(deadline)
	for {
		last := f()
		if last == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %v: %s", deadline, last)
		}
		time.Sleep(5 * time.Millisecond) // polling real processes
	}
}

func ready(t *testing.T, nodes ...*Node) {
	t.Helper()
	for _, n := range nodes {
		select {
		case <-n.Ready():
		case <-time.After(deadline):
			t.Fatalf("node %s is not ready: %v", n.Config().Name, n.Behind())
		}
	}
}

func put(t *testing.T, n *Node, key string) state.Version {
	t.Helper()
	v, err := n.Commit(context.Background(), func(tx *state.Tx) error {
		return tx.Put(&model.Import{Zone: key})
	})
	if err != nil {
		t.Fatalf("Commit on %s = %v", n.Config().Name, err)
	}
	return v
}

func has(n *Node, key string) bool {
	found := false
	_ = n.View(func(r *state.Reader) error {
		_, found = r.Get(model.TableImports, key)
		return nil
	})
	return found
}

func TestThreeNodesShareCommits(t *testing.T) {
	a, _ := start(t, loopback("a"))
	b, _ := start(t, loopback("b", a.Addr()))
	c, _ := start(t, loopback("c", a.Addr()))
	ready(t, a, b, c)
	nodes := []*Node{a, b, c}
	eventually(t, func() string {
		for _, n := range nodes {
			if got := len(n.Members()); got != 3 {
				return fmt.Sprintf("%s sees %d members", n.Config().Name, got)
			}
		}
		return ""
	})
	var last state.Version
	for i := range 30 {
		last = put(t, nodes[i%3], fmt.Sprint("Z", i))
	}
	for i := range 30 {
		for _, n := range nodes {
			eventually(t, func() string {
				if !has(n, fmt.Sprint("Z", i)) {
					return fmt.Sprintf("%s lacks Z%d", n.Config().Name, i)
				}
				return ""
			})
		}
	}
	eventually(t, func() string {
		if ok, err := nodes[2].InSync(context.Background(), last); !ok {
			return fmt.Sprintf("InSync(%v) = %v, %v", last, ok, err)
		}
		return ""
	})
}

// putLarge commits 3,000 rows on n, which are more than the log keeps of one
// commit: it can only travel as rows.
func putLarge(t *testing.T, n *Node, prefix string) {
	t.Helper()
	payload := make([]byte, 4000)
	_, err := n.Commit(context.Background(), func(tx *state.Tx) error {
		for i := range 3000 {
			if err := tx.Put(&model.Import{Zone: fmt.Sprintf("%s%05d", prefix, i), Hashes: [][]byte{payload}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEmptyDiskCatchesUpWithLargeCommit(t *testing.T) {
	a, _ := start(t, Config{Name: "a", Data: t.TempDir(), Gossip: &Gossip{Bind: "127.0.0.1:0"}})
	ready(t, a)
	putLarge(t, a, "Z")
	b, _ := start(t, Config{Name: "b", Data: t.TempDir(), Gossip: &Gossip{Bind: "127.0.0.1:0", Join: []string{a.Addr()}}})
	ready(t, b)
	if !has(b, "Z02999") {
		t.Error("a node that serves lacks a row of its cluster")
	}
	put(t, b, "Zlater")
	eventually(t, func() string {
		if !has(a, "Zlater") {
			return "a lacks the commit of b"
		}
		return ""
	})
}

// A commit too large for the log reaches a member that is there, and what is
// committed after it finds its place.
func TestLargeCommitReachesMembers(t *testing.T) {
	a, _ := start(t, loopback("a"))
	b, _ := start(t, loopback("b", a.Addr()))
	ready(t, a, b)
	putLarge(t, a, "Z")
	put(t, a, "Zlater")
	eventually(t, func() string {
		if !has(b, "Z02999") || !has(b, "Zlater") {
			return "b lacks commits of a"
		}
		return ""
	})
	put(t, b, "Zlast")
	eventually(t, func() string {
		if !has(a, "Zlast") {
			return "a lacks the commit of b"
		}
		return ""
	})
}

func TestRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	log := &testLog{}
	n := New(Config{Name: "a", Data: dir}, log)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	v := put(t, n, "Zkept")
	if err := n.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	again, _ := start(t, Config{Name: "a", Data: dir})
	if !has(again, "Zkept") {
		t.Error("a commit is gone after a restart")
	}
	if w := put(t, again, "Znew"); w.Compare(v) <= 0 || w.Origin == v.Origin {
		t.Errorf("commit after a restart has version %v, want later than %v and of another run", w, v)
	}
	if err := New(Config{Name: "b", Data: dir}, log).Start(); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("Start on a folder in use = %v, want that it is in use", err)
	}
}

func TestSharesLiveAsLongAsTheirNode(t *testing.T) {
	a, _ := start(t, loopback("a"))
	b, _ := start(t, loopback("b", a.Addr()))
	ready(t, a, b)
	sub := a.Subscribe(model.TableEndpoints)
	defer sub.Close()
	rows := map[string]model.Value{}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	until := func(n int) {
		t.Helper()
		for first := true; first || len(rows) != n; first = false {
			batch, err := sub.Next(ctx)
			if err != nil {
				t.Fatalf("waiting for %d shared rows, have %d: %v", n, len(rows), err)
			}
			if batch.Reset {
				clear(rows)
			}
			for _, c := range batch.Changes {
				if c.Value == nil {
					delete(rows, c.Key)
				} else {
					rows[c.Key] = c.Value
				}
			}
			sub.Ack(batch)
		}
	}
	until(0)
	err := b.Publish(model.TableEndpoints, []model.Value{&model.Endpoint{
		Name: "d111111abcdef8.cloudfront.net.", Node: "b", Kind: model.EndpointCloudFront,
		Addresses: addrs("192.0.2.1"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	until(1)
	_ = b.Close()
	until(0)
}

func keyFile(t *testing.T, keys ...[]byte) string {
	t.Helper()
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(base64.StdEncoding.EncodeToString(k) + "\n")
	}
	path := filepath.Join(t.TempDir(), "gossip.key")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey() []byte {
	k := make([]byte, 32)
	_, _ = rand.Read(k)
	return k
}

func TestWrongKeyNeverJoins(t *testing.T) {
	withKey := func(name string, key []byte, join ...string) Config {
		c := loopback(name, join...)
		c.Gossip.KeyFile = keyFile(t, key)
		return c
	}
	good := newKey()
	a, alog := start(t, withKey("a", good))
	friend, _ := start(t, withKey("friend", good, a.Addr()))
	_, slog := start(t, withKey("stranger", newKey(), a.Addr()))
	ready(t, a, friend)
	for name, log := range map[string]*testLog{"the cluster": alog, "the stranger": slog} {
		eventually(t, func() string {
			if !log.has("different gossip key") {
				return name + " does not say that the key is wrong"
			}
			return ""
		})
	}
	put(t, a, "Zsecret")
	for _, m := range a.Members() {
		if m.Node == "stranger" {
			t.Errorf("a has the members %+v, want itself and its friend", a.Members())
		}
	}
}

func TestKeysCanBeRotated(t *testing.T) {
	old, next := newKey(), newKey()
	ca, cb := loopback("a"), loopback("b")
	ca.Gossip.KeyFile, cb.Gossip.KeyFile = keyFile(t, old), keyFile(t, old, next)
	a, _ := start(t, ca)
	cb.Gossip.Join = []string{a.Addr()}
	b, _ := start(t, cb)
	ready(t, a, b)
	for _, keys := range [][][]byte{{old, next}, {next, old}, {next}} {
		for _, n := range []*Node{a, b} {
			path := n.Config().Gossip.KeyFile
			if err := os.WriteFile(path, mustRead(t, keyFile(t, keys...)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := n.ReloadKeys(); err != nil {
				t.Fatalf("ReloadKeys = %v", err)
			}
		}
		key := fmt.Sprintf("Z%x", keys[0][:4])
		put(t, a, key)
		eventually(t, func() string {
			if !has(b, key) {
				return "b lacks what a wrote after a rotation"
			}
			return ""
		})
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGarbageChangesNothing sends random bytes to the gossip port, by UDP and
// TCP, beginning like TLS and not.
func TestGarbageChangesNothing(t *testing.T) {
	a, log := start(t, loopback("a"))
	b, _ := start(t, loopback("b", a.Addr()))
	ready(t, a, b)
	for i := range 300 {
		junk := make([]byte, 1+i*4)
		_, _ = rand.Read(junk)
		if i%3 == 0 {
			junk[0] = 0x16
		}
		for _, network := range []string{"udp", "tcp"} {
			c, err := net.Dial(network, a.Addr())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write(junk)
			_ = c.Close()
		}
	}
	put(t, b, "Zafter")
	eventually(t, func() string {
		if !has(a, "Zafter") {
			return "a no longer takes commits"
		}
		return ""
	})
	if n := log.count("WARN"); n > 150 { // a few every ten seconds
		t.Errorf("600 pieces of garbage cost %d lines of log, want few", n)
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name string
		c    Config
		want string
	}{
		{"loopback needs nothing", Config{Gossip: &Gossip{Bind: "127.0.0.1:7946"}}, ""},
		{"public address without keys", Config{Gossip: &Gossip{Bind: "192.0.2.1:7946"}}, "key_file is required"},
		{"unspecified without advertise", Config{Gossip: &Gossip{Bind: "[::]:7946", KeyFile: "k"}}, "advertise must say"},
		{"no port", Config{Gossip: &Gossip{Bind: "127.0.0.1"}}, `"127.0.0.1" is not HOST:PORT`},
		{"a name to bind", Config{Gossip: &Gossip{Bind: "localhost:1"}}, "is not an IP address"},
		{"bad join", Config{Gossip: &Gossip{Bind: "127.0.0.1:1", Join: []string{"x:0"}}}, "out of range [1, 65535]"},
		{"bad advertise", Config{Gossip: &Gossip{Bind: "127.0.0.1:1", Advertise: "0.0.0.0"}}, "not an address that others can reach"},
		{"spaced name", Config{Name: "a b"}, "not one word"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.c.Validate()
			if got := fmt.Sprint(err); tc.want == "" && err != nil || !strings.Contains(got, tc.want) {
				t.Errorf("Validate() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	a := Config{Name: "n", Data: "x", Gossip: &Gossip{Bind: "127.0.0.1:1"}}
	b := Config{Name: "m", Data: "x", Region: DefaultRegion, Gossip: &Gossip{Bind: "127.0.0.1:1", Join: []string{"a:1"}}}
	if got := strings.Join(a.Diff(b), " "); got != "node join" {
		t.Errorf("Diff = %q, want %q", got, "node join")
	}
	if got := a.Diff(a); got != nil {
		t.Errorf("Diff with itself = %q", got)
	}
}
