package route53sim

// nodeLog passes on what the node reports.
type nodeLog struct{}

// Infof implements [node.Logger].
func (nodeLog) Infof(format string, args ...any) { log.Infof(format, args...) }

// Warnf implements [node.Logger].
func (nodeLog) Warnf(format string, args ...any) { log.Warningf(format, args...) }

// Errorf implements [node.Logger].
func (nodeLog) Errorf(format string, args ...any) { log.Errorf(format, args...) }

// loadLog passes on what the loader reports, and counts its failures.
type loadLog struct{ nodeLog }

// Errorf implements [importer.Logger].
func (l loadLog) Errorf(format string, args ...any) {
	loadFailures.Inc()
	l.nodeLog.Errorf(format, args...)
}
