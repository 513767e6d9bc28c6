package route53sim

import (
	golog "log"
	"strings"

	clog "github.com/coredns/coredns/plugin/pkg/log"
)

// nodeLog passes on what the node reports.
type nodeLog struct{}

// Infof implements [node.Logger].
func (nodeLog) Infof(format string, args ...any) { log.Infof(format, args...) }

// Warnf implements [node.Logger].
func (nodeLog) Warnf(format string, args ...any) { log.Warningf(format, args...) }

// Errorf implements [node.Logger].
func (nodeLog) Errorf(format string, args ...any) { log.Errorf(format, args...) }

const (
	// infoPrefix is what CoreDNS begins a line with that is logged as Info.
	infoPrefix = "[INFO] plugin/" + pluginName + ": "
	// maxWrite is how much a pipe takes at once (PIPE_BUF on Linux): up to
	// that no line is torn, whoever else writes there.
	maxWrite = 4096
)

// Infos implements [health.Logger]. Thousands of lines cost few writes: each
// carries as many as fit, unless lines are no lines (JSON) or begin with
// something else (the time).
func (nodeLog) Infos(lines []string) {
	together := !clog.IsJSON() && golog.Flags() == 0 && golog.Prefix() == ""
	for len(lines) > 0 {
		n, size := 1, len(infoPrefix)+len(lines[0])+1
		for together && n < len(lines) && size+len(infoPrefix)+len(lines[n])+1 <= maxWrite {
			size += len(infoPrefix) + len(lines[n]) + 1
			n++
		}
		log.Info(strings.Join(lines[:n], "\n"+infoPrefix))
		lines = lines[n:]
	}
}

// loadLog passes on what the loader reports, and counts its failures.
type loadLog struct{ nodeLog }

// Errorf implements [importer.Logger].
func (l loadLog) Errorf(format string, args ...any) {
	loadFailures.Inc()
	l.nodeLog.Errorf(format, args...)
}
