package importer

import (
	"bytes"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// A large master file is read in parts, on all cores: half of the time of a
// load is its parser's. Wherever that could make a difference, the file is read
// as a whole instead: what an entry means depends on those before it only by
// directives, which stand at the head of a generated file or nowhere, and by an
// owner or TTL left out. The records of each RRset must stand together, too.

const (
	// maxParts is how many parts a file is read in at most, and minPart how many
	// entries make a part worth it.
	maxParts = 4
	minPart  = 10_000
)

// partsFor returns in how many parts a file of so many entries is best read.
func partsFor(entries int) int {
	return min(runtime.GOMAXPROCS(0), maxParts, entries/minPart)
}

// readParts reads the file in n parts, and returns whether that came to what
// reading it as a whole comes to.
func (m *master) readParts(n int) bool {
	head, ttl, ok := m.main.head()
	if n < 2 || !ok {
		return false
	}
	starts := m.main.cuts(n, head, !ttl)
	if len(starts) < 2 {
		return false
	}
	read := make([]*rrsets, len(starts))
	var group sync.WaitGroup
	for i, start := range starts {
		end := len(m.main.data)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		group.Go(func() {
			p := &part{source: m.main, pos: start, end: end}
			if i > 0 {
				p.head = m.main.data[:head] // in the first one it stands there
			}
			if end < len(m.main.data) {
				p.tail = "\n\n" // at the end of input, data may be left out
			}
			read[i] = p.read(filepath.Base(m.doc.Path), len(m.main.entries)/len(starts))
		})
	}
	group.Wait()
	if slices.Contains(read, nil) || !read[0].join(read[1:]) {
		return false
	}
	m.files.start(m.main)
	m.sets = read[0]
	return true
}

// head returns where the directives at the head of a file end, and whether there
// is a default TTL among them; false if the file has directives elsewhere, or
// others than $ORIGIN and $TTL, or a string that may go on in the next line.
func (s *source) head() (end int, ttl, ok bool) {
	if s.openString || bytes.Contains(s.data, []byte(`\\"`)) {
		return 0, false, false
	}
	records := false
	for _, e := range s.entries {
		if e.start == e.end {
			continue
		}
		if s.data[e.start] != '$' {
			records = records || !strings.ContainsRune("\n\r;", rune(s.data[e.start]))
			continue
		}
		word := strings.ToUpper(s.firstWord(e))
		if records || word != "$ORIGIN" && word != "$TTL" {
			return 0, false, false
		}
		end, ttl = e.end, ttl || word == "$TTL"
	}
	return end, ttl, true
}

// cuts returns where n parts of about one length begin, the first with the file,
// each other one behind the head with an entry that names its owner and, where
// it must, its TTL.
func (s *source) cuts(n, head int, ttl bool) []int {
	starts := []int{0}
	for i := 1; i < n; i++ {
		for j := i * len(s.entries) / n; j < len(s.entries); j++ {
			e := s.entries[j]
			if e.start < head || e.start <= starts[len(starts)-1] || !s.whole(e, ttl) {
				continue
			}
			starts = append(starts, e.start)
			break
		}
	}
	return starts
}

// whole tells whether an entry names its owner and, where it must, its TTL.
func (s *source) whole(e entry, ttl bool) bool {
	if e.start == e.end || strings.ContainsRune(" \t\r\n;()\"\\@", rune(s.data[e.start])) {
		return false
	}
	if !ttl {
		return true
	}
	fields := strings.Fields(string(s.data[e.start:e.end]))
	return len(fields) > 1 && '0' <= fields[1][0] && fields[1][0] <= '9'
}

// part is a part of a source being read, between the directives of the source's
// head and what makes the parser see that more follows.
type part struct {
	source   *source
	head     []byte
	pos, end int
	tail     string
}

// ReadByte implements [io.ByteReader].
func (p *part) ReadByte() (byte, error) {
	if len(p.head) > 0 {
		b := p.head[0]
		p.head = p.head[1:]
		return b, nil
	}
	if p.pos < p.end {
		p.pos++
		return p.source.data[p.pos-1], nil
	}
	if p.tail == "" {
		return 0, io.EOF
	}
	b := p.tail[0]
	p.tail = p.tail[1:]
	return b, nil
}

// Read implements [io.Reader]; miekg/dns uses ReadByte instead.
func (p *part) Read(b []byte) (int, error) {
	c, err := p.ReadByte()
	if err != nil || len(b) == 0 {
		return 0, err
	}
	b[0] = c
	return 1, nil
}

// read returns the RRsets of the part, nil if there is any fault.
func (p *part) read(base string, about int) *rrsets {
	sets := newRuns(about)
	zp := dns.NewZoneParser(p, strings.TrimSuffix(base, ".zone"), base)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		sets.add(rr, mark{p.source, p.pos})
	}
	if zp.Err() != nil || len(sets.faults) > 0 {
		return nil
	}
	return sets
}

// join appends the RRsets of later parts to s. It returns false where the records
// of one do not stand together, but for one that goes on in the next part.
func (s *rrsets) join(later []*rrsets) bool {
	for _, l := range later {
		list, at, hashes := l.list, l.at, l.hashes
		if len(s.list) == 0 || len(list) == 0 {
			return false // all comments: too strange a file
		}
		last, first := s.list[len(s.list)-1], list[0]
		if last.Name == first.Name && last.Type == first.Type && last.TTL == first.TTL {
			last.Values = append(last.Values, first.Values...)
			list, at, hashes = list[1:], at[1:], hashes[1:]
		}
		s.list, s.at, s.hashes = append(s.list, list...), append(s.at, at...), append(s.hashes, hashes...)
	}
	slices.Sort(s.hashes)
	all := len(s.hashes)
	return len(slices.Compact(s.hashes)) == all
}
