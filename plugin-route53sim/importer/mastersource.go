package importer

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// source is one master file being read. It hands out single bytes, so that it
// knows how far the parser is.
type source struct {
	file    string // as faults name it; empty for the document itself
	data    []byte
	pos     int
	entries []entry
	// openString says that a quoted string does not end in its line.
	openString bool
	closed     func()
	info       fs.FileInfo
}

// entry is a record, directive, comment or blank line of a master file: the
// lines up to one that ends outside of brackets.
type entry struct {
	start, end int // bytes
	line       int // of the first byte, from 1
}

func newSource(file string, data []byte) *source {
	s := &source{file: file, data: bytes.Clone(data)}
	s.entries, s.openString = splitEntries(data)
	return s
}

// structural are the bytes that tell where entries end.
var structural = [256]bool{'\n': true, '"': true, ';': true, '(': true, ')': true}

// splitEntries cuts data into its entries. A quoted string ends with its line:
// one that does not is most often a fault, and must not hide what follows; open
// tells whether there is one.
func splitEntries(data []byte) (entries []entry, open bool) {
	e, line := entry{line: 1}, 1
	depth, quoted, comment := 0, false, false
	for i, c := range data {
		if !structural[c] {
			continue
		}
		switch {
		case c == '\n':
			line++
			open = open || quoted
			quoted, comment = false, false
			if depth == 0 {
				e.end = i + 1
				entries = append(entries, e)
				e = entry{start: i + 1, line: line}
			}
		case comment, i > 0 && data[i-1] == '\\':
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';':
			comment = true
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		}
	}
	e.end = len(data)
	return append(entries, e), open || quoted
}

// entry returns the entry that holds the byte at offset.
func (s *source) entry(offset int) entry {
	i := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].end > offset })
	return s.entries[min(i, len(s.entries)-1)]
}

// entryAtFault returns the entry that a parser stumbled over which had read
// well up to offset done: the next one with a record, unless the fault's line
// is in a directive before it.
func (s *source) entryAtFault(done, line int) entry {
	i := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].start >= done })
	for ; i < len(s.entries)-1; i++ {
		e := s.entries[i]
		word := s.firstWord(e)
		if word == "" || strings.HasPrefix(word, ";") {
			continue
		}
		next := s.entries[i+1].line
		if directive := strings.ToUpper(word); (directive == "$TTL" || directive == "$ORIGIN") && line >= next {
			continue
		}
		return e
	}
	return s.entries[len(s.entries)-1]
}

// firstWord returns what e begins with, most often the owner's name.
func (s *source) firstWord(e entry) string {
	if f := strings.Fields(string(s.data[e.start:e.end])); len(f) > 0 {
		return f[0]
	}
	return ""
}

// generating returns the entries that hold a $GENERATE directive.
func (s *source) generating() []entry {
	var found []entry
	for _, e := range s.entries {
		if e.start < e.end && s.data[e.start] == '$' && strings.EqualFold(s.firstWord(e), generate) {
			found = append(found, e)
		}
	}
	return found
}

// blank makes e empty, line by line.
func (s *source) blank(e entry) {
	for i := e.start; i < e.end; i++ {
		if s.data[i] != '\n' {
			s.data[i] = ' '
		}
	}
}

// mark is where a parser is in a source.
type mark struct {
	source *source
	pos    int
}

// place returns where the record begins that ends at p.
func (p mark) place() place {
	return place{file: p.source.file, line: p.source.entry(p.pos - 1).line, column: 1}
}

// ReadByte implements [io.ByteReader].
func (s *source) ReadByte() (byte, error) {
	if s.pos == len(s.data) {
		return 0, io.EOF
	}
	s.pos++
	return s.data[s.pos-1], nil
}

// Read implements [io.Reader]; miekg/dns uses ReadByte instead.
func (s *source) Read(b []byte) (int, error) {
	if s.pos == len(s.data) {
		return 0, io.EOF
	}
	n := copy(b, s.data[s.pos:])
	s.pos += n
	return n, nil
}

// Stat implements [fs.File].
func (s *source) Stat() (fs.FileInfo, error) { return s.info, nil }

// Close implements [fs.File].
func (s *source) Close() error {
	s.closed()
	return nil
}

// includes is the folder that a master file may include from. It remembers
// what was read.
type includes struct {
	folder string
	root   *os.Root
	main   []byte
	open   []*source // innermost last
	read   []*source
	tried  []string // also what could not be read, or lies within a blanked entry
}

func newIncludes(path string, data []byte) *includes {
	return &includes{folder: filepath.Dir(path), main: data}
}

// start forgets what was read, and begins with main.
func (in *includes) start(main *source) { in.open, in.read = []*source{main}, nil }

// maxIncludeBytes bounds one included file.
const maxIncludeBytes = 256 << 20

// Open implements [fs.FS]. Nothing outside of the folder can be opened, links
// included.
func (in *includes) Open(name string) (fs.File, error) {
	path := filepath.Join(in.folder, filepath.FromSlash(name))
	if !slices.Contains(in.tried, path) {
		in.tried = append(in.tried, path)
	}
	if in.root == nil {
		root, err := os.OpenRoot(in.folder)
		if err != nil {
			return nil, err
		}
		in.root = root
	}
	f, err := in.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxIncludeBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxIncludeBytes {
		return nil, fmt.Errorf("%q has more than %d bytes", name, maxIncludeBytes)
	}
	s := newSource(path, data)
	if e := s.generating(); len(e) > 0 {
		return nil, fmt.Errorf("line %d: %s: %w", e[0].line, generate, errGenerate)
	}
	s.info = info
	s.closed = func() { in.open = in.open[:max(1, len(in.open)-1)] }
	in.open, in.read = append(in.open, s), append(in.read, s)
	return s, nil
}

// mark returns where the record that the parser returned last ends.
func (in *includes) mark() mark {
	s := in.open[len(in.open)-1]
	return mark{s, s.pos}
}

// sum returns the hash of all that was read, and the files to be watched.
func (in *includes) sum() ([32]byte, []string) {
	if len(in.read) == 0 {
		return sha256.Sum256(in.main), in.tried
	}
	h := sha256.New()
	h.Write(in.main)
	for _, s := range in.read {
		fmt.Fprintf(h, "\n%d:", len(s.data))
		h.Write(s.data)
	}
	return [32]byte(h.Sum(nil)), in.tried
}

func (in *includes) close() {
	if in.root != nil {
		in.root.Close()
	}
}
