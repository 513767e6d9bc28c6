package edgenode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
	"github.com/edgestage/edgestage/state/seal"
)

// nodes holds the node of this process, under nodeKey, while a configuration
// uses it. There is one: settings that differ are refused, not opened beside.
var nodes = caddy.NewUsagePool()

const nodeKey = "node"

// openable is what is needed of a node; [node.Node] is one.
type openable interface {
	replica
	Peek() error
	Read(f func(rd *state.Reader) error) error
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
	shared   *sharedNode
	settings Settings
	once     sync.Once
}

// Acquire returns a reference to the process's node, which is made where there
// is none and opened by [Ref.Start] only. Settings that differ from those of
// the node that is there are an [ErrSettingsChanged].
// So are sealing keys that cannot be read an error.
func Acquire(s Settings) (*Ref, error) {
	ring, err := s.keyring()
	if err != nil {
		return nil, err
	}
	shared, err := acquireNode(s.Config(), openNode)
	if err != nil {
		return nil, err
	}
	shared.offerKeys(ring)
	return &Ref{shared: shared, settings: s}, nil
}

// Release gives the reference back; the last one closes the node. A second
// call does nothing.
func (r *Ref) Release() error {
	var err error
	r.once.Do(func() { err = releaseNode() })
	return err
}

// Start opens the node; if that was done, it reads the gossip keys again. The
// sealing keys of these settings are those in use from now on. It does not wait
// for other nodes. A start that failed may be tried again.
func (r *Ref) Start(logger *zap.Logger) error {
	ring, err := r.settings.keyring()
	if err != nil {
		return err
	}
	if err := r.shared.start(logger); err != nil {
		return err
	}
	r.shared.useKeys(ring, logger)
	if ring != nil && r.Replica() != nil {
		r.Attach(resealerKey{}, func(own *Ref) io.Closer { return newResealer(own) })
	}
	return nil
}

// Replica returns the state, nil before the node was started.
func (r *Ref) Replica() *state.Replica { return r.shared.replica.Load() }

// Started returns a channel that is closed once the node was started: then
// there is a replica.
func (r *Ref) Started() <-chan struct{} { return r.shared.started }

// Read runs f with a short read of the rows and returns its error: of the
// replica; before the start, of the data file, if there is one that no other
// process has open, and else of nothing.
func (r *Ref) Read(f func(rd *state.Reader) error) error { return r.shared.read(f) }

// Logger returns the logger of the configuration that runs.
func (r *Ref) Logger() *zap.Logger { return r.shared.log.zap() }

// Keys returns the holder of the sealing keys, the same for all references.
func (r *Ref) Keys() *seal.Holder { return &r.shared.keys }

// Attach returns what is attached to the node under key. If there is nothing
// yet that is what make returns, which is closed before the node is; make is
// given a reference that is valid until then, and not to be released.
func (r *Ref) Attach(key any, make func(*Ref) io.Closer) io.Closer { return r.shared.attach(key, make) }

// Name returns the node's name.
func (r *Ref) Name() string { return r.shared.config.Name }

// Running returns who announced last of those that still run, nil for nobody:
// during a reload, the configuration that is about to be replaced.
func (r *Ref) Running() any { return r.shared.announcer.newest() }

// Claims returns what follows who owns which host name; before the node was
// started it knows nobody.
func (r *Ref) Claims() *claims.Follower {
	if f := r.shared.claims.Load(); f != nil {
		return f
	}
	return new(claims.Follower)
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
		r = v.(*sharedNode).replica.Load()
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
	claims    atomic.Pointer[claims.Follower] // nil before the start
	keys      seal.Holder
	replica   atomic.Pointer[state.Replica]
	started   chan struct{}

	mu       sync.Mutex
	stop     context.CancelFunc // nil before the start
	stopped  chan struct{}
	attached []attachment
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
		return newSharedNode(c, n, log), nil
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

func newSharedNode(c node.Config, n openable, log *nodeLog) *sharedNode {
	return &sharedNode{config: c, node: n, log: log, announcer: newAnnouncer(n, log), started: make(chan struct{})}
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
	if n, ok := s.node.(*node.Node); ok {
		s.replica.Store(n.Replica)
	}
	close(s.started)
	if r, ok := s.node.(*node.Node); ok {
		s.claims.Store(claims.Follow(r.Replica))
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.stopped = cancel, make(chan struct{})
	go func() {
		defer close(s.stopped)
		s.announcer.run(ctx)
	}()
	return nil
}

// read runs f with a short read of the rows.
func (s *sharedNode) read(f func(rd *state.Reader) error) error {
	if r := s.replica.Load(); r != nil {
		return r.View(f)
	}
	s.mu.Lock() // nobody starts it meanwhile
	defer s.mu.Unlock()
	if s.stop == nil {
		if err := s.node.Peek(); err != nil {
			return err
		}
	}
	return s.node.Read(f)
}

// Destruct closes what is attached, then the node, if it was opened. It implements
// [caddy.Destructor].
func (s *sharedNode) Destruct() error {
	errs := s.detach()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
		<-s.stopped
		s.stop = nil
	}
	if err := s.node.Close(); err != nil {
		errs = errors.Join(errs, fmt.Errorf("closing node: %w", err))
	}
	return errs
}
