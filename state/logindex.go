package state

import (
	"slices"
	"sort"

	"github.com/edgestage/edgestage/state/hlc"
)

// logIndex knows what the log holds, to tell from where on it can serve a peer.
type logIndex struct {
	entries []logMark
	// byOrigin holds each origin's marks in order of stamp.
	byOrigin map[Origin][]logMark
	bytes    int64
	next     uint64
}

type logMark struct {
	seq    uint64
	origin Origin
	stamp  hlc.Stamp
	prev   hlc.Stamp
	size   int32 // -1: too large to be kept
}

// add takes an entry that is (to be) in the log.
func (l *logIndex) add(e LogEntry) {
	if l.byOrigin == nil {
		l.byOrigin = map[Origin][]logMark{}
	}
	m := logMark{seq: e.Seq, origin: e.Version.Origin, stamp: e.Version.Stamp, prev: e.Prev, size: int32(len(e.Data))}
	if e.Data == nil {
		m.size = -1
	}
	l.entries = append(l.entries, m)
	l.byOrigin[m.origin] = append(l.byOrigin[m.origin], m)
	l.bytes += int64(len(e.Data))
	l.next = max(l.next, e.Seq+1)
}

// trim drops the oldest entries above the limit and returns the first seq kept.
func (l *logIndex) trim(limit int64) uint64 {
	n := 0
	for n < len(l.entries) && l.bytes > limit {
		m := l.entries[n]
		l.bytes -= int64(max(m.size, 0))
		own := l.byOrigin[m.origin][1:]
		if len(own) == 0 {
			delete(l.byOrigin, m.origin)
		} else {
			l.byOrigin[m.origin] = own
		}
		n++
	}
	if n > 0 {
		l.entries = slices.Clone(l.entries[n:])
	}
	if len(l.entries) == 0 {
		return l.next
	}
	return l.entries[0].seq
}

// reach returns the seq of the first entry that a peer with the context theirs
// needs to come to ours, whether it needs any, and whether the log has all.
func (l *logIndex) reach(ours, theirs contextOf, floor hlc.Stamp) (first uint64, needs, ok bool) {
	first = l.next
	for o, s := range ours {
		if theirs.covers(o, s, floor) {
			continue
		}
		needs = true
		marks := l.byOrigin[o]
		i := sort.Search(len(marks), func(i int) bool { return marks[i].stamp > theirs[o] })
		if i == len(marks) || !unbroken(marks[i:], theirs[o], floor) || marks[len(marks)-1].stamp < s {
			return 0, true, false
		}
		first = min(first, marks[i].seq)
	}
	return first, needs, true
}

// unbroken tells whether marks, of one origin, begin right after a stamp, are
// all kept and follow upon each other: what came as rows left no entry.
func unbroken(marks []logMark, after, floor hlc.Stamp) bool {
	for _, m := range marks {
		if m.size < 0 || m.prev > after && m.prev >= floor {
			return false
		}
		after = m.stamp
	}
	return true
}
