package integration

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRunScript starts the pair on the example files, as `make run` does, runs
// the commands that it prints, and stops it as Ctrl-C does. It uses the fixed
// ports of the examples.
func TestRunScript(t *testing.T) {
	if os.Getenv("EDGESTAGE_BIN") != "" {
		t.Skip("the run script uses the binaries in bin/, another folder is under test")
	}
	client(t, "dig", "bind9-dnsutils")
	client(t, "curl", "curl")
	if err := os.RemoveAll("../var"); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../builds/run")
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, "builds/run", "..", script)
	eventually(t, func() string {
		if p.ended() {
			t.Fatalf("the script has ended:\n%s", p.output())
		}
		if !strings.Contains(p.output(), "Ctrl-C stops both.") {
			return "the script has not printed its commands"
		}
		return ""
	})
	commands := 0
	var command string
	var want []string
	check := func() {
		if command == "" {
			return
		}
		commands++
		out, err := exec.Command("bash", "-c", command).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != strings.Join(want, "\n") {
			t.Errorf("%s\nprints %q (%v), want %q", command, got, err, want)
		}
		command, want = "", nil
	}
	for line := range strings.Lines(p.output()) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "    "):
			want = append(want, strings.TrimSpace(line))
		case strings.HasPrefix(line, "  "):
			check()
			command = strings.TrimSpace(line)
		}
	}
	check()
	if commands != 6 {
		t.Errorf("the script prints %d commands, want 6", commands)
	}
	p.stop(syscall.SIGINT)
	if !p.cmd.ProcessState.Success() {
		t.Errorf("the script ends with %v after Ctrl-C", p.cmd.ProcessState)
	}
	for _, addr := range []string{"127.0.0.1:1053", "127.0.0.1:8080", "127.0.0.1:7946", "127.0.0.1:7947"} {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			t.Errorf("something still listens on %s", addr)
		}
	}
}

// TestRunScriptNamesPortInUse occupies one of the ports.
func TestRunScriptNamesPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:7947")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out, err := exec.Command("../builds/run").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "port 7947") || strings.Contains(string(out), "port 1053") {
		t.Errorf("builds/run with a port in use ends with %v and says %q, want an error that names port 7947", err, out)
	}
}
