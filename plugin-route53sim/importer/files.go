package importer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Source says which files to load, and whose their zones are.
type Source struct {
	// Glob is a pattern of [path/filepath.Match].
	Glob string
	// Account is 12 digits.
	Account string
}

// match is one file that a source names.
type match struct {
	path, absolute string
	Source
}

// find returns the files that the sources name, sorted by path. A file named
// twice, and a name without a pattern that is not there, are errors; such a
// file is returned once.
func find(sources []Source) ([]match, error) {
	var found []match
	var errs []error
	by := make(map[string]match)
	for _, s := range sources {
		paths, err := filepath.Glob(s.Glob)
		if err != nil {
			errs = append(errs, &Fault{File: s.Glob, Reason: err.Error()})
			continue
		}
		if len(paths) == 0 && !strings.ContainsAny(s.Glob, `*?[`) {
			errs = append(errs, &Fault{File: s.Glob, Reason: "there is no such file"})
		}
		for _, p := range paths {
			absolute, err := filepath.Abs(p)
			if err != nil {
				errs = append(errs, &Fault{File: p, Reason: err.Error()})
				continue
			}
			m := match{p, absolute, s}
			if other, ok := by[absolute]; ok {
				errs = append(errs, &Fault{File: p, Reason: fmt.Sprintf("both %q and %q name this file", other.Glob, s.Glob)})
				continue
			}
			by[absolute] = m
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b match) int { return strings.Compare(a.absolute, b.absolute) })
	return found, errors.Join(errs...)
}

// read returns what is in a file.
func (m match) read() ([]byte, error) {
	data, err := os.ReadFile(m.path)
	if err != nil {
		return nil, &Fault{File: m.path, Reason: err.Error()}
	}
	return data, nil
}

// load reads the document in a file, like parse.
func (m match) load() (*Document, error) {
	data, err := m.read()
	if err != nil {
		return new(Document), err
	}
	return parse(m.path, data, m.Account)
}

// Load reads all documents that the sources name, sorted by path, and writes
// nothing. The error joins all faults of all files: then no document is
// returned.
func Load(sources []Source) ([]*Document, error) {
	found, err := find(sources)
	errs := []error{err}
	var docs []*Document
	subjects := make(map[string]string)
	for _, m := range found {
		doc, err := m.load()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if other, ok := subjects[doc.Subject()]; ok {
			errs = append(errs, sameSubject(doc, other))
			continue
		}
		subjects[doc.Subject()] = m.path
		docs = append(docs, doc)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return docs, nil
}

func sameSubject(doc *Document, other string) error {
	what := "the health checks"
	if doc.Zone != nil {
		what = fmt.Sprintf("hosted zone %s (%s)", doc.Zone.ID, doc.Zone.Name.AWS())
	}
	return &Fault{File: doc.Path, Reason: fmt.Sprintf("%s is also in %s", what, other)}
}

// signature tells one state of a file from another without reading it.
type signature struct {
	size     int64
	modified time.Time
	inode    uint64
}

// sign returns the signatures of files; one that is not there has the zero
// signature.
func sign(paths ...string) []signature {
	signatures := make([]signature, len(paths))
	for i, p := range paths {
		if info, err := os.Stat(p); err == nil {
			signatures[i] = signature{info.Size(), info.ModTime(), inode(info)}
		}
	}
	return signatures
}
