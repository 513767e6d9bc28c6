package edgenode

import (
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/node"
)

// nodeLog is where the node reports. The node outlives configurations and
// their loggers, so each in turn puts its own here.
type nodeLog struct{ to atomic.Pointer[zap.Logger] }

// set makes l the logger from now on.
func (n *nodeLog) set(l *zap.Logger) { n.to.Store(l) }

// zap returns the logger of the current configuration.
func (n *nodeLog) zap() *zap.Logger {
	if l := n.to.Load(); l != nil {
		return l
	}
	return zap.NewNop()
}

// printer returns the same for printf-like messages; its caller's caller is
// the one to be named.
func (n *nodeLog) printer() *zap.SugaredLogger {
	return n.zap().WithOptions(zap.AddCallerSkip(1)).Sugar()
}

// Infof implements [node.Logger].
func (n *nodeLog) Infof(format string, args ...any) { n.printer().Infof(format, args...) }

// Warnf implements [node.Logger].
func (n *nodeLog) Warnf(format string, args ...any) { n.printer().Warnf(format, args...) }

// Errorf implements [node.Logger].
func (n *nodeLog) Errorf(format string, args ...any) { n.printer().Errorf(format, args...) }

// Interface guards
var _ node.Logger = (*nodeLog)(nil)
