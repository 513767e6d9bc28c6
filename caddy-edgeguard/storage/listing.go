package storage

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// eachBelow calls f for the file at p and those below it, in no particular
// order, what was held back included, until f returns false. The root is "".
func (v *vault) eachBelow(p string, f func(at string, size int64, modified time.Time) bool) error {
	early := v.heldBelow(p)
	for at, h := range early {
		if h.file != nil && !f(at, h.file.row.Size, h.modified) {
			return nil
		}
	}
	visit := func(row model.Value) bool {
		file := row.(*model.StoredFile)
		if _, held := early[file.Path]; held {
			return true
		}
		return f(file.Path, file.Size, time.UnixMilli(file.Modified))
	}
	prefix, more := "", true
	if p != "" {
		prefix = p + "/"
		if err := v.host.Read(func(rd *state.Reader) error {
			if row, ok := rd.Get(model.TableStoredFiles, p); ok {
				more = visit(row)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for from := ""; more; {
		n := 0
		more = false
		if err := v.host.Read(func(rd *state.Reader) error {
			rd.Range(model.TableStoredFiles, prefix, from, func(row model.Value, _ state.Version) bool {
				if n++; n > readChunk {
					from, more = row.Key(), true
					return false
				}
				return visit(row)
			})
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// readChunk is how many rows one short read takes.
const readChunk = 2000

// below tells whether at is p or below it.
func below(at, p string) bool {
	return p == "" || at == p || strings.HasPrefix(at, p+"/")
}

// listing collects what is in a directory.
type listing struct {
	dir       string
	recursive bool
	found     map[string]bool
	there     bool
}

func newListing(dir string, recursive bool) *listing {
	return &listing{dir: dir, recursive: recursive, found: make(map[string]bool)}
}

// add notes a file, with the directories on the way to it.
func (l *listing) add(file string) {
	l.there = true
	if file == l.dir {
		return // a file has nothing in it
	}
	for at := file; at != l.dir && at != "."; at = path.Dir(at) {
		parent := path.Dir(at)
		if l.recursive || parent == l.dir || l.dir == "" && parent == "." {
			l.found[at] = true
		}
	}
}

// sorted returns what was found, and whether the directory is there.
func (l *listing) sorted() ([]string, bool) { return slices.Sorted(maps.Keys(l.found)), l.there }
