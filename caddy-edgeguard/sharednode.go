package edgeguard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/node"
)

// nodes holds the node of this process, under nodeKey, while a configuration
// uses it. There is one: settings that differ are refused, not opened beside.
var nodes = caddy.NewUsagePool()

const nodeKey = "node"

// openable is what the app needs of a node; [node.Node] is one.
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

// errSettingsChanged is why a configuration with other node settings than
// those of the open node is refused.
var errSettingsChanged = errors.New("node settings cannot change while Caddy runs")

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
				fmt.Errorf("%w: %s changed; restart it, or change back", errSettingsChanged, strings.Join(diff, ", ")),
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
