package house

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLayout checks what stands at the top of the repository.
func TestLayout(t *testing.T) {
	want := []string{
		"CHANGELOG.md", "Caddyfile.example", "Corefile.example", "LICENSE", "Makefile", "README.md", "SECURITY.md",
		"builds/", "caddy-edgeguard/", "go.work", "integration/", "plugin-route53sim/", "state/",
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored := ignoredNames(t)
	var got []string
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(ignored, name) {
			if e.IsDir() {
				name += "/"
			}
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("at the top are %q, want %q", got, want)
	}
}

// TestModules checks that each folder with a go.mod is the module of its name,
// and in go.work, but for the build tools, which keep to themselves.
func TestModules(t *testing.T) {
	work, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files(t, func(p string) bool { return path.Base(p) == "go.mod" }) {
		dir := path.Dir(file)
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if want := "module " + modulePath + dir + "\n"; !strings.Contains(string(text), want) {
			t.Errorf("%s has no line %q", file, want)
		}
		if inWork := strings.Contains(string(work), "\t./"+dir+"\n"); inWork != (dir != "builds/tools") {
			t.Errorf("%s in go.work: %v, want %v", dir, inWork, !inWork)
		}
	}
}

// link is an inline link of a Markdown page, with what it points at.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks checks that what pages link to within the repository is there.
func TestLinks(t *testing.T) {
	for _, page := range files(t, func(p string) bool { return strings.HasSuffix(p, ".md") }) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, ":") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, path.Dir(page), target)); err != nil {
				t.Errorf("%s links to %q: %v", page, m[1], err)
			}
		}
	}
}

// entry is the first line of an entry in the change log.
var entry = regexp.MustCompile("^- `?\\[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\\]`? [a-z0-9_/-]+: .")

func TestChangelog(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	// What stands above the first release explains the file.
	_, entries, ok := strings.Cut(string(text), "\n## ")
	if !ok {
		t.Fatal("CHANGELOG.md has no release")
	}
	found := 0
	for i, line := range strings.Split(entries, "\n") {
		switch {
		case i == 0, line == "", strings.HasPrefix(line, "  "), strings.HasPrefix(line, "## "):
		case entry.MatchString(line):
			found++
		default:
			t.Errorf("CHANGELOG.md: %q is no entry: want - `[KIND]` area: effect", line)
		}
	}
	if found == 0 {
		t.Error("CHANGELOG.md has no entry")
	}
}
