package gossip

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// linePause is the least time between two lines of one kind: garbage sent to
// the port costs memberlist a line a packet.
const linePause = 10 * time.Second

// maxKinds bounds how many kinds of line are told apart.
const maxKinds = 256

// lineFilter takes memberlist's log, drops its chatter, and passes on what
// matters at a bounded rate.
type lineFilter struct {
	log Logger

	mu    sync.Mutex
	kinds map[string]*lineKind
}

type lineKind struct {
	next       time.Time
	suppressed int
}

func newLineFilter(log Logger) *lineFilter {
	return &lineFilter{log: log, kinds: map[string]*lineKind{}}
}

// Write takes one line with memberlist's level at its head.
func (f *lineFilter) Write(p []byte) (int, error) {
	level, text, _ := strings.Cut(strings.TrimSpace(string(p)), " ")
	text = strings.TrimPrefix(text, "memberlist: ")
	if level == "[ERR]" || level == "[WARN]" {
		f.limited(kindOf(text), plain(text))
	}
	return len(p), nil
}

// kindOf cuts a line before what differs from one to the next.
func kindOf(text string) string {
	kind, _, _ := strings.Cut(text, "from=")
	if i := strings.IndexAny(kind, "0123456789"); i > 0 {
		kind = kind[:i]
	}
	return kind
}

// plain says in the words of our users what memberlist says in its own.
func plain(text string) string {
	if strings.Contains(text, "No installed keys could decrypt") || strings.Contains(text, "Remote state is encrypted") {
		return "A peer has a different gossip key, its messages are ignored: " + text
	}
	return "Gossip: " + text
}

// limited passes on a line unless one of its kind was passed on just before.
func (f *lineFilter) limited(kind, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds[kind]
	if k == nil {
		if len(f.kinds) >= maxKinds {
			clear(f.kinds)
		}
		k = &lineKind{}
		f.kinds[kind] = k
	}
	now := time.Now()
	if now.Before(k.next) {
		k.suppressed++
		return
	}
	if k.suppressed > 0 {
		text = fmt.Sprintf("%s (and %d more like it)", text, k.suppressed)
	}
	k.next, k.suppressed = now.Add(linePause), 0
	f.log.Warnf("%s", text)
}
