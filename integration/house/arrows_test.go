package house

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// own returns the path of a package of this repository.
func own(dir string) string { return modulePath + dir }

// TestArrows checks which way imports point: integration and builds to the
// hosts, the hosts to state, and neither host to the other. That holds for
// tests as well.
func TestArrows(t *testing.T) {
	cases := []struct {
		name string
		from []string // folders
		not  []string // what nothing within them may import
	}{
		{"state knows no host", []string{"state"}, []string{
			own("plugin-route53sim"), own("caddy-edgeguard"), "github.com/coredns", "github.com/caddyserver",
		}},
		{"the DNS side knows nothing of the edge", []string{"plugin-route53sim", "builds/coredns"}, []string{
			own("caddy-edgeguard"), "github.com/caddyserver",
		}},
		{"the edge knows nothing of the DNS side", []string{"caddy-edgeguard", "builds/caddy"}, []string{
			own("plugin-route53sim"), "github.com/coredns",
		}},
		{"nothing imports the top", []string{"state", "plugin-route53sim", "caddy-edgeguard", "builds", "integration"}, []string{
			own("builds"), own("integration"),
		}},
	}
	all := sources(t)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			for _, s := range all {
				if !slices.ContainsFunc(tc.from, func(dir string) bool { return within(s.path, dir) }) {
					continue
				}
				for _, path := range s.imports() {
					if slices.ContainsFunc(tc.not, func(p string) bool { return within(path, p) }) {
						t.Errorf("%s imports %q", s.path, path)
					}
				}
			}
		})
	}
}

// TestStatePullsNoHost checks the same for all that state brings along.
func TestStatePullsNoHost(t *testing.T) {
	cmd := exec.Command("go", "-C", root+"/state", "list", "-deps", "./...")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, own("state")) {
		t.Fatalf("%v lists %d packages without state itself", cmd, len(deps))
	}
	for _, path := range deps {
		if within(path, "github.com/coredns") || within(path, "github.com/caddyserver") {
			t.Errorf("state depends on %q", path)
		}
	}
}

// TestSoleImporters checks that a library which we keep at arm's length is
// imported by one package.
func TestSoleImporters(t *testing.T) {
	sole := map[string]string{
		"github.com/hashicorp/memberlist": "state/gossip",
		"go.etcd.io/bbolt":                "state/journal",
	}
	used := make(map[string]bool)
	for _, s := range products(t) {
		for _, path := range s.imports() {
			for library, dir := range sole {
				if !within(path, library) {
					continue
				}
				used[library] = true
				if s.dir() != dir {
					t.Errorf("%s imports %q, which only %s may", s.path, path, dir)
				}
			}
		}
	}
	for library, dir := range sole {
		if !used[library] {
			t.Errorf("nothing imports %q, want %s to", library, dir)
		}
	}
}

// TestFoundations checks all that the packages which others stand on import
// besides the standard library.
func TestFoundations(t *testing.T) {
	const (
		wire = "github.com/miekg/dns"
		cbor = "github.com/fxamacker/cbor/v2"
		tree = "github.com/google/btree"
	)
	allowed := map[string][]string{
		"state/hlc":   {wire, cbor},
		"state/model": {own("state/hlc"), wire, cbor},
		"state":       {own("state/hlc"), own("state/model"), wire, cbor, tree},
	}
	seen := make(map[string]bool)
	for _, s := range products(t) {
		may, ok := allowed[s.dir()]
		if !ok {
			continue
		}
		seen[s.dir()] = true
		for _, path := range s.imports() {
			if !standard(path) && !slices.Contains(may, path) {
				t.Errorf("%s imports %q, want the standard library and %q only", s.path, path, may)
			}
		}
	}
	if len(seen) != len(allowed) {
		t.Errorf("found the packages %v, want all of %v", seen, allowed)
	}
}

// TestEdgePackagesApart checks that the edge's packages meet only in its root.
// Below them are leaves that all may import, and which import none: modules
// that Caddy loads beside the app need its node, and handlers what the app
// knows of their connections.
func TestEdgePackagesApart(t *testing.T) {
	const module = "caddy-edgeguard"
	leaves := []string{own(module + "/accesslog"), own(module + "/edgenode"), own(module + "/handshake")}
	for _, s := range products(t) {
		if !within(s.dir(), module) || s.dir() == module {
			continue
		}
		for _, path := range s.imports() {
			if slices.Contains(leaves, path) {
				continue
			}
			if within(path, own(module)) && !within(path, own(s.dir())) && !within(own(s.dir()), path) {
				t.Errorf("%s imports %q, which it stands beside", s.path, path)
			}
		}
	}
}
