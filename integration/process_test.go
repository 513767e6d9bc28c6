package integration

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/statetest"
)

// deadline is how long anything that is waited for may take on a slow and busy
// machine, and clientDeadline the same for clients that ask several times and
// may be slow to start.
const (
	deadline       = 3 * time.Minute
	clientDeadline = 10 * time.Minute
)

// binary returns the path of a built binary.
func binary(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("EDGESTAGE_BIN")
	if dir == "" {
		dir = filepath.Join("..", "bin")
	}
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%s is not built: run `make build` (%v)", name, err)
	}
	return path
}

// client returns the path of an installed client, or skips the test.
func client(t testing.TB, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("EDGESTAGE_CI") != "" {
		t.Fatalf("%s is not installed (Debian package %s)", name, pkg)
	}
	t.Skipf("%s is not installed (Debian package %s)", name, pkg)
	return ""
}

// process is a running binary and what it has said.
type process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	done chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

// Write implements io.Writer for the process's output.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// output returns what the process has said so far.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// run starts a process that ends with the test; where the test fails, what the
// process said is shown.
func run(t testing.TB, name, dir, path string, args ...string) *process {
	t.Helper()
	return runWith(t, name, dir, nil, path, args...)
}

// runWith is run with more of an environment.
func runWith(t testing.TB, name, dir string, env []string, path string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.WaitDelay = deadline / 4 // a child that outlives it may hold what it writes to
	// A home of its own, so that nothing of the user's is read or written.
	p.cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	p.cmd.Env = append(p.cmd.Env, env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop(syscall.SIGKILL)
		out := p.output()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, out)
		}
		for _, race := range dataRaces(out) {
			if isStartRace(race) {
				t.Logf("%s has the data race of Caddy's that is known:\n%s", name, race)
				continue
			}
			t.Errorf("%s has a data race:\n%s", name, race)
		}
	})
	return p
}

// dataRaces returns the reports of data races in what a process has said.
func dataRaces(out string) []string {
	var races []string
	for i, text := range strings.Split(out, "WARNING: DATA RACE\n") {
		if i > 0 {
			report, _, _ := strings.Cut(text, "==================")
			races = append(races, report)
		}
	}
	return races
}

// isStartRace tells whether a report is of a data race within Caddy: it starts
// its apps one after the other in random order, so that a handshake can come
// while the app tls starts. The event that it emits copies the app, to call a
// method on the copy.
func isStartRace(report string) bool {
	const app = "github.com/caddyserver/caddy/v2/modules/caddytls.(*TLS)."
	copied, started := false, false
	for access := range strings.SplitSeq(report, "\n\n") {
		head, stack, _ := strings.Cut(strings.TrimSpace(access), "\n")
		stack = strings.TrimSpace(stack)
		switch head = strings.ToLower(head); {
		case strings.Contains(head, "read at "):
			copied = strings.HasPrefix(stack, app+"CaddyModule()\n")
		case strings.Contains(head, "write at "):
			started = strings.HasPrefix(stack, app) && strings.Contains(stack, app+"Start()\n")
		}
	}
	return copied && started
}

// stop sends a signal and waits for the end.
func (p *process) stop(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
	case <-time.After(deadline):
		p.t.Errorf("%s does not stop on %v", p.name, sig)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// ended tells whether the process has ended by itself.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// eventually waits until f returns "", and fails with what it said last.
func eventually(t testing.TB, f func() string) {
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
		time.Sleep(20 * time.Millisecond) // polling real processes
	}
}

// freePort returns an address on loopback that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	return statetest.FreeAddr()
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

// get returns the status and body of a page.
func get(url string) (int, string, error) {
	c := http.Client{Timeout: deadline / 4, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return resp.StatusCode, b.String(), err
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// By rename, so that nobody reads half of it.
	if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}
