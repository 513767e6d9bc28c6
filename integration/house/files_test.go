package house

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPackageNames checks that no package is a drawer for anything.
func TestPackageNames(t *testing.T) {
	drawers := []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared"}
	for _, s := range sources(t) {
		if name := strings.TrimSuffix(s.ast.Name.Name, "_test"); slices.Contains(drawers, name) {
			t.Errorf("%s: package %s does not say what it is for", s.path, name)
		}
	}
}

// fileName is lower case, with underscores before a platform or "test" only.
var fileName = regexp.MustCompile(`^[a-z0-9]+(_(unix|linux|darwin|freebsd|windows|amd64|arm64))*(_test)?\.go$`)

func TestFileNames(t *testing.T) {
	for _, s := range sources(t) {
		if name := s.path[strings.LastIndexByte(s.path, '/')+1:]; !fileName.MatchString(name) {
			t.Errorf("%s: want lower case without underscores, but before a platform or test", s.path)
		}
	}
}

// TestFileLengths checks that no file has grown past its idea. Tests may be
// long lists of cases.
func TestFileLengths(t *testing.T) {
	const most = 500
	for _, s := range products(t) {
		if lines := strings.Count(s.text, "\n"); lines > most {
			t.Errorf("%s has %d lines, want at most %d", s.path, lines, most)
		}
	}
}

// TestNothingLeftToDo checks that work is finished or in a tracker, not noted
// in the source.
func TestNothingLeftToDo(t *testing.T) {
	note := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, s := range sources(t) {
		for i, line := range strings.Split(s.text, "\n") {
			if m := note.FindString(line); m != "" {
				t.Errorf("%s:%d says %s", s.path, i+1, m)
			}
		}
	}
}
