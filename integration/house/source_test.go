package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the repository's folder, seen from here.
const root = "../.."

// modulePath is what the paths of all modules begin with; a folder's name
// follows.
const modulePath = "github.com/edgestage/edgestage/"

// source is one Go file.
type source struct {
	path string // from root, with slashes
	test bool
	ast  *ast.File
	fset *token.FileSet
	text string
}

// dir returns the folder of s, which is its package's path below modulePath.
func (s *source) dir() string {
	return s.path[:strings.LastIndexByte(s.path, '/')]
}

// imports returns the paths that s imports.
func (s *source) imports() []string {
	var paths []string
	for _, spec := range s.ast.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

// at returns the place of n, for messages.
func (s *source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// files returns the paths, from root, of the repository's files that keep
// accepts, without what git does not look at.
func files(t *testing.T, keep func(path string) bool) []string {
	t.Helper()
	ignored := ignoredNames(t)
	var paths []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == ".":
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || slices.Contains(ignored, rel)):
			return filepath.SkipDir
		case !d.IsDir() && keep(rel) && !slices.Contains(ignored, rel):
			paths = append(paths, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("no files found: is this the repository?")
	}
	return paths
}

// ignoredNames returns what .gitignore names without wildcards.
func ignoredNames(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		names = append(names, strings.Trim(strings.TrimSpace(line), "/"))
	}
	return names
}

// sources returns all Go files, whatever platform they are for.
func sources(t *testing.T) []*source {
	t.Helper()
	var found []*source
	for _, path := range files(t, func(p string) bool { return strings.HasSuffix(p, ".go") }) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		s := &source{path: path, test: strings.HasSuffix(path, "_test.go"), fset: token.NewFileSet(), text: string(text)}
		if s.ast, err = parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		found = append(found, s)
	}
	return found
}

// products returns the Go files that are not tests.
func products(t *testing.T) []*source {
	t.Helper()
	return slices.DeleteFunc(sources(t), func(s *source) bool { return s.test })
}

// within tells whether path is prefix or below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// standard tells whether path is of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}
