package importer

import (
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
)

// maxSyntaxFaults is how many records with a syntax fault are reported before
// reading ends.
const maxSyntaxFaults = 50

// master reads one RFC 1035 master file. Its parser stops at the first syntax
// fault, so it starts over without the record at fault as long as there are
// any; what depends on all records together is not checked then.
type master struct {
	*draft
	main  *source
	files *includes
	sets  *rrsets
}

// parseMaster reads a master file. Relative names stand below $ORIGIN, at
// first the file's own name without its ending. $INCLUDE reads files of the
// file's folder and those below it.
func parseMaster(path string, data []byte, account string) (*Document, error) {
	m := newMaster(path, data, account)
	return m.parse(partsFor(len(m.main.entries)))
}

func newMaster(path string, data []byte, account string) *master {
	return &master{draft: newDraft(path, data, account), main: newSource("", data), files: newIncludes(path, data)}
}

// parse reads the file in so many parts, if that can be.
func (m *master) parse(parts int) (*Document, error) {
	defer m.files.close()
	m.where = func(r *model.RRset) place { return m.sets.place(r) }
	m.doc.Zone = &model.Zone{Account: m.doc.account}
	for _, e := range m.main.generating() {
		m.fault(place{line: e.line, column: 1}, generate, errGenerate)
		m.main.blank(e)
	}
	whole := len(m.faults) == 0 && m.readParts(parts)
	for !whole && len(m.faults) < maxSyntaxFaults {
		whole = m.read()
	}
	syntax := len(m.faults) > 0
	m.doc.Hash, m.doc.Includes = m.files.sum()
	m.doc.RRsets = m.sets.list
	m.sets.report(m.draft)
	switch {
	case syntax:
		for _, r := range m.doc.RRsets {
			r.Zone = "Z0" // any will do: the document is refused
		}
		m.validateRecords()
	case m.nameZone():
		m.complete()
		m.validateRecords()
		m.validateZone(place{line: 1, column: 1})
	}
	m.sortFaults()
	return m.result()
}

// read reads to the end of the file, or to a syntax fault, which it reports
// and blanks out. It returns whether the end was reached.
func (m *master) read() bool {
	m.sets, m.main.pos = newRRsets(len(m.main.entries)), 0
	m.files.start(m.main)
	base := filepath.Base(m.doc.Path)
	zp := dns.NewZoneParser(m.main, strings.TrimSuffix(base, ".zone"), base)
	zp.SetIncludeAllowed(true)
	zp.SetIncludeFS(m.files)
	done := 0 // where the last good record of the main file ends
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		m.sets.add(rr, m.files.mark())
		done = m.main.pos
	}
	err := zp.Err()
	if err == nil {
		return true
	}
	m.syntax(err, base, done)
	return false
}

// generate is a directive that RFC 1035 does not have. miekg/dns knows it, but
// gives the records it makes a TTL of its own.
const generate = "$GENERATE"

var errGenerate = errors.New("the directive is not supported, $ORIGIN, $TTL and $INCLUDE are")

// position is how a parse error of miekg/dns tells where it is.
var position = regexp.MustCompile(`(?s)^(?:(.*?): )?dns: (.*) at line: (\d+):(\d+)$`)

// syntax reports a parse error and blanks out the entry that has it.
func (m *master) syntax(err error, base string, done int) {
	file, at := base, place{line: 1, column: 1}
	if f := position.FindStringSubmatch(err.Error()); f != nil {
		file, err = f[1], errors.New(f[2])
		at.line, _ = strconv.Atoi(f[3])
		at.column, _ = strconv.Atoi(f[4])
	}
	e := m.main.entry(m.main.pos - 1)
	if file == base || file == "" {
		e = m.main.entryAtFault(done, at.line)
		at.line = max(at.line, e.line)
		if at.line > e.line+strings.Count(string(m.main.data[e.start:e.end]), "\n") {
			at = place{line: e.line, column: 1} // an open quote or bracket ran on
		}
	} else {
		at.file = filepath.Join(filepath.Dir(m.doc.Path), filepath.FromSlash(file))
	}
	m.fault(at, m.main.firstWord(e), err)
	m.main.blank(e)
}
