package edgenode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// nodes holds the node of this process, under nodeKey, while a configuration
// uses it. There is one: settings that differ are refused, not opened beside.
var nodes = caddy.NewUsagePool()

const nodeKey = "node"

// openable is what is needed of a node; [node.Node] is one.
type openable interface {
	replica
	Start() error
	ReloadKeys() error
	Close() error
}

// opener makes a node that is not open yet.
type opener func(node.Config, node.Logger) openable

// openNode is the opener that is not a test's.
func openNode(c node.Config, log node.Logger) openable { return node.New(c, log) }

// Ref is one module's share of the process's node. Its methods are safe for
// concurrent use.
type Ref struct {
	shared *sharedNode
	once   sync.Once
}

// Acquire returns a reference to the process's node, which is made where there
// is none and opened by [Ref.Start] only. Settings that differ from those of
// the node that is there are an [ErrSettingsChanged].
func Acquire(s Settings) (*Ref, error) {
	shared, err := acquireNode(s.Config(), openNode)
	if err != nil {
		return nil, err
	}
	return &Ref{shared: shared}, nil
}

// Release gives the reference back; the last one closes the node. A second
// call does nothing.
func (r *Ref) Release() error {
	var err error
	r.once.Do(func() { err = releaseNode() })
	return err
}

// Start opens the node; if that was done, it reads the gossip keys again. It
// does not wait for other nodes. A start that failed may be tried again.
func (r *Ref) Start(logger *zap.Logger) error { return r.shared.start(logger) }

// Replica returns the state, nil before the node was started.
func (r *Ref) Replica() *state.Replica {
	n, ok := r.shared.node.(*node.Node)
	if !ok {
		return nil
	}
	return n.Replica
}

// LogTo makes l the logger of the node, which outlives configurations.
func (r *Ref) LogTo(l *zap.Logger) { r.shared.log.set(l) }

// Announce publishes values, endpoints that the caller no longer changes, for
// as long as owner runs and no other owner announced later.
func (r *Ref) Announce(owner any, values []model.Value) { r.shared.announcer.announce(owner, values) }

// Withdraw ends what owner announced; without an announcement it does nothing.
func (r *Ref) Withdraw(owner any) { r.shared.announcer.withdraw(owner) }

// Open returns the state that this process has open, nil without one, and how
// many references hold the node.
func Open() (*state.Replica, int) {
	refs, _ := nodes.References(nodeKey)
	var r *state.Replica
	nodes.Range(func(_, v any) bool {
		r = (&Ref{shared: v.(*sharedNode)}).Replica()
		return false
	})
	return r, refs
}

// sharedNode is the node of this process and what goes with it, used by one
// configuration, or by two during a reload.
type sharedNode struct {
	config    node.Config
	node      openable
	log       *nodeLog
	announcer *announcer

	mu      sync.Mutex
	stop    context.CancelFunc // nil before the start
	stopped chan struct{}
}

// ErrSettingsChanged is why a configuration with other node settings than
// those of the open node is refused.
var ErrSettingsChanged = errors.New("node settings cannot change while Caddy runs")

// acquireNode returns the process's node, made by open if there is none. The
// caller gives it back by [releaseNode]. Nothing is opened yet.
func acquireNode(c node.Config, open opener) (*sharedNode, error) {
	v, loaded, err := nodes.LoadOrNew(nodeKey, func() (caddy.Destructor, error) {
		log := new(nodeLog)
		n := open(c, log)
		return &sharedNode{config: c, node: n, log: log, announcer: newAnnouncer(n, log)}, nil
	})
	if err != nil {
		return nil, err
	}
	s := v.(*sharedNode)
	if loaded {
		if diff := s.config.Diff(c); len(diff) > 0 {
			return nil, errors.Join(
				fmt.Errorf("%w: %s changed; restart it, or change back", ErrSettingsChanged, strings.Join(diff, ", ")),
				releaseNode(),
			)
		}
	}
	return s, nil
}

// releaseNode gives the node back; the last who does closes it.
func releaseNode() error {
	_, err := nodes.Delete(nodeKey)
	return err
}

// start opens the node and begins to announce. Where that was done, it reads
// the gossip keys again. A start that failed may be tried again.
func (s *sharedNode) start(logger *zap.Logger) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return s.node.ReloadKeys()
	}
	s.log.set(logger)
	if err := s.node.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.stopped = cancel, make(chan struct{})
	go func() {
		defer close(s.stopped)
		s.announcer.run(ctx)
	}()
	return nil
}

// Destruct closes the node, if it was opened. It implements
// [caddy.Destructor].
func (s *sharedNode) Destruct() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return nil
	}
	s.stop()
	<-s.stopped
	s.stop = nil
	if err := s.node.Close(); err != nil {
		return fmt.Errorf("closing node: %w", err)
	}
	return nil
}
