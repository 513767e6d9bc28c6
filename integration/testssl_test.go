package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// finding is one line of testssl.sh's report.
type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Finding  string `json:"finding"`
}

// testssl runs testssl.sh against a server and returns its findings by id.
func testssl(t *testing.T, path, addr string) map[string]finding {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*clientDeadline)
	defer cancel()
	report := filepath.Join(t.TempDir(), "report.json")
	// Protocols, what the server prefers, its defaults, forward secrecy, and
	// vulnerabilities. Simulated clients are left out: openssl_test.go has some.
	cmd := exec.CommandContext(ctx, path, "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--sneaky",
		"--protocols", "--server-preference", "--server-defaults", "--fs", "--vulnerable", "--jsonfile", report, "https://"+addr)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, runErr := cmd.CombinedOutput()
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd, runErr, out)
	}
	var list []finding
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatalf("reading the report of %v: %v: %s", cmd, err, data)
	}
	found := make(map[string]finding)
	for _, f := range list {
		found[f.ID] = f
	}
	return found
}

// isFault tells whether a finding is something to be mended.
func isFault(f finding) bool {
	return slices.Contains([]string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}, f.Severity)
}

// TestTestSSL lets testssl.sh look at stock Caddy and at the same binary with
// the app, both with the same certificates, and wants it to find nothing that
// it does not find on stock Caddy.
func TestTestSSL(t *testing.T) {
	path := client(t, "testssl", "testssl.sh")
	certs := t.TempDir()
	writeCertificate(t, certs, 1, newSigner(t, "p256"), "www.a.test")
	site := "https://:{port} {\n\ttls {\n\t\tload " + certs + "\n\t}\n\tdefault_index\n\trespond ok\n}\n"
	option := "\tdefault_sni www.a.test\n"
	edges := []*tlsEdge{startTLS(t, "stock", option, site), startTLS(t, "ours", option+edgeOption, site)}
	var faults []string
	for range 3 { // it measures, too: what is wrong is found each time
		var found [2]map[string]finding
		var wg sync.WaitGroup
		for i, e := range edges {
			wg.Go(func() { found[i] = testssl(t, path, e.addr) })
		}
		wg.Wait()
		t.Logf("%d findings on stock Caddy, %d with the app", len(found[0]), len(found[1]))
		if faults = compareFindings(found[0], found[1]); len(faults) == 0 {
			return
		}
		t.Logf("not like stock Caddy:\n%s", strings.Join(faults, "\n"))
	}
	t.Errorf("three times in a row not like stock Caddy, in the end:\n%s", strings.Join(faults, "\n"))
}

// compareFindings returns what is wrong with ours and not with stock Caddy.
func compareFindings(stock, ours map[string]finding) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if len(stock) < 50 {
		fault("testssl.sh reports %d findings only: %v", len(stock), stock)
	}
	for _, id := range slices.Sorted(maps.Keys(ours)) {
		if f := ours[id]; isFault(f) && !isFault(stock[id]) {
			fault("%s is %s (%s), on stock Caddy %s (%s)", id, f.Severity, f.Finding, stock[id].Severity, stock[id].Finding)
		}
	}
	for _, id := range []string{"scanProblem", "engine_problem"} {
		if f, ok := ours[id]; ok && !strings.Contains(f.Finding, "No engine") {
			fault("%s: %s", id, f.Finding)
		}
	}
	return faults
}
