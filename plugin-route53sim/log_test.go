package route53sim

import (
	"fmt"
	"io"
	golog "log"
	"strings"
	"testing"

	clog "github.com/coredns/coredns/plugin/pkg/log"
)

func init() { clog.Discard() }

// writes are what was written, each by itself.
type writes []string

// Write implements [io.Writer].
func (w *writes) Write(b []byte) (int, error) {
	*w = append(*w, string(b))
	return len(b), nil
}

// logged returns what f logs, as CoreDNS would have it: without the time.
func logged(f func()) writes {
	var w writes
	clog.SetOutput(&w)
	defer clog.Discard()
	defer golog.SetFlags(golog.Flags())
	golog.SetFlags(0)
	f()
	return w
}

// Lines that are reported at once are the lines that would be there one by
// one, in few writes, each of which is whole lines and fits in a pipe.
func TestInfos(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprint("Health check ", i, " is unhealthy", strings.Repeat(".", i%90)))
	}
	lines[7] = strings.Repeat("long", maxWrite)
	each := func() {
		for _, line := range lines {
			log.Info(line)
		}
	}
	at := func() { nodeLog{}.Infos(lines) }
	t.Run("text", func(t *testing.T) {
		one, got := logged(each), logged(at)
		if strings.Join(got, "") != strings.Join(one, "") {
			t.Errorf("%d lines at once are written as %.200q..., want %.200q...", len(lines), strings.Join(got, ""), strings.Join(one, ""))
		}
		if len(got) > 20 {
			t.Errorf("%d lines take %d writes, want at most 20", len(lines), len(got))
		}
		for _, w := range got {
			if !strings.HasSuffix(w, "\n") || len(w) > maxWrite && strings.Count(w, "\n") > 1 {
				t.Errorf("a write of %d bytes carries more than whole lines that fit: %.80q...", len(w), w)
			}
		}
	})
	t.Run("with the time", func(t *testing.T) {
		got := logged(func() {
			golog.SetFlags(golog.Ldate)
			at()
		})
		if len(got) != len(lines) {
			t.Errorf("%d lines take %d writes, want as many: each begins with the time", len(lines), len(got))
		}
	})
	t.Run("JSON", func(t *testing.T) {
		var got writes
		if err := clog.Configure("json", &got); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = clog.Configure("text", io.Discard) }()
		if at(); len(got) != len(lines) {
			t.Errorf("%d lines take %d records, want as many", len(lines), len(got))
		}
	})
	t.Run("nothing", func(t *testing.T) {
		if got := logged(func() { nodeLog{}.Infos(nil) }); len(got) != 0 {
			t.Errorf("no lines are written as %q", got)
		}
	})
}
