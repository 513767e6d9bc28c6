package house

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// outside are the packages that reach out of the process, or to chance.
var outside = []string{
	"bufio", "crypto/rand", "io", "log", "log/slog", "math/rand", "net/http", "os", "path/filepath", "plugin", "syscall",
}

// reaching are what packages that are otherwise harmless do such things with:
// functions, or what their names begin with.
var reaching = map[string][]string{
	"net":  {"Dial", "Listen", "Lookup", "Resolve", "Interface", "DefaultResolver", "FileConn", "FileListener"},
	"time": {"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker"},
	"fmt":  {"Print", "Scan"},
}

// TestPure checks that answers are a function of their arguments: no files, no
// sockets, no clock, no chance of its own. locate loads tables from files,
// and nothing else.
func TestPure(t *testing.T) {
	pure := map[string][]string{ // folder: what it may import of outside
		"plugin-route53sim/discovery": nil,
		"plugin-route53sim/zone":      nil,
		"plugin-route53sim/routing":   nil,
		"plugin-route53sim/locate":    {"bufio", "io", "os"},
		"state/model":                 nil,
		"state/api/route53/policy":    {"io"},
	}
	seen := make(map[string]bool)
	for _, s := range products(t) {
		may, ok := pure[s.dir()]
		if !ok {
			continue
		}
		seen[s.dir()] = true
		for _, path := range s.imports() {
			bad := slices.ContainsFunc(outside, func(p string) bool { return within(path, p) })
			if bad && !slices.Contains(may, path) {
				t.Errorf("%s imports %q", s.path, path)
			}
		}
		checkCalls(t, s)
	}
	if len(seen) != len(pure) {
		t.Errorf("found the packages %v, want all of %v", seen, pure)
	}
}

// checkCalls complains about what s uses of reaching.
func checkCalls(t *testing.T, s *source) {
	t.Helper()
	names := importNames(s)
	ast.Inspect(s.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		for _, prefix := range reaching[names[x.Name]] {
			if strings.HasPrefix(sel.Sel.Name, prefix) {
				t.Errorf("%s uses %s.%s", s.at(n), x.Name, sel.Sel.Name)
			}
		}
		return true
	})
}

// importNames returns the paths that s imports by the names they bear there.
// The names of those in reaching are their paths' last parts.
func importNames(s *source) map[string]string {
	names := make(map[string]string)
	for _, spec := range s.ast.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}
