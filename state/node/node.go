package node

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/gossip"
	"github.com/edgestage/edgestage/state/journal"
)

// Logger is where a node reports: members, refused peers, failures. It must
// not block.
type Logger interface {
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Node is a replica and what it is opened with. Between New and Start the
// replica is nil.
type Node struct {
	*state.Replica

	config Config
	log    Logger
	gossip *gossip.Gossip
	peeked state.Store            // open before Start
	cut    func(addr string) bool // of tests: see Cut
}

// New returns a node that is not open yet. It has no side effects.
func New(c Config, log Logger) *Node {
	return &Node{config: c.WithDefaults(), log: log}
}

// Cut has the node reach none of the addresses of which cut says so, nor hear
// them: for tests of a network that is cut. It is called before Start.
func (n *Node) Cut(cut func(addr string) bool) { n.cut = cut }

// Config returns what the node was made with, defaults filled in.
func (n *Node) Config() Config { return n.config }

// Addr returns where others reach the node's gossip, empty without gossip.
func (n *Node) Addr() string {
	if n.gossip == nil {
		return ""
	}
	return n.gossip.Addr()
}

// Start checks the configuration, opens the data folder, binds the gossip
// address and begins to join. It returns without waiting for other members:
// see [state.Replica.Ready]. After an error nothing is left open.
func (n *Node) Start() error {
	if err := n.config.Validate(); err != nil {
		return err
	}
	store, err := n.openStore()
	if err != nil {
		return err
	}
	n.peeked = nil
	if err := n.start(store); err != nil {
		_ = store.Close()
		return err
	}
	return nil
}

// Peek opens the data file where there is one that no process has open, so that
// [Node.Read] shows its rows before Start, which goes on with the same file. It
// creates nothing, writes nothing and waits a second at most. A file that is
// damaged is an error.
func (n *Node) Peek() error {
	if n.config.Data == "" || n.Replica != nil || n.peeked != nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(n.config.Data, journal.FileName)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	store, err := journal.Open(n.config.Data)
	switch {
	case errors.Is(err, journal.ErrInUse):
		return nil
	case err != nil:
		return err
	}
	n.peeked = store
	return nil
}

// Read runs f with a short read of the rows: of the open replica, else of the
// file that Peek has opened, else of none. It returns f's error.
func (n *Node) Read(f func(rd *state.Reader) error) error {
	switch {
	case n.Replica != nil:
		return n.View(f)
	case n.peeked != nil:
		return state.ReadStore(n.peeked, time.Now(), f)
	}
	return state.ReadStore(state.NewMemoryStore(), time.Now(), f)
}

func (n *Node) openStore() (state.Store, error) {
	if n.peeked != nil {
		return n.peeked, nil
	}
	if n.config.Data == "" {
		n.log.Warnf("No data folder is configured: what this node knows is lost when it stops")
		return state.NewMemoryStore(), nil
	}
	return journal.Open(n.config.Data)
}

func (n *Node) start(store state.Store) error {
	id, err := nodeID(store)
	if err != nil {
		return err
	}
	self := state.Member{
		Run: state.Origin(random64()), Node: n.config.Name, ID: id, Kind: n.config.Kind, Region: n.config.Region,
	}
	o := state.Options{Log: n.report}
	if dir := n.config.Data; dir != "" {
		o.Reopen = func(old state.Store) (state.Store, error) {
			_ = old.Close()
			j, err := journal.Open(dir)
			if err != nil {
				return nil, err
			}
			return j, nil
		}
	}
	if g := n.config.Gossip; g != nil {
		keys, err := g.keys()
		if err != nil {
			return err
		}
		remembered := state.RememberedMembers(store, time.Now())
		n.gossip, err = gossip.New(gossip.Config{
			Bind: g.Bind, Advertise: g.Advertise, Join: g.Join, Remembered: remembered,
			Keys: keys, Self: self, Log: n.log, Cut: n.cut,
		})
		if err != nil {
			return err
		}
		self.Addr = n.gossip.Addr()
		o.Network = n.gossip
		o.Core.Expect = len(g.Join)+len(remembered) > 0
	}
	o.Core.Self, o.Core.Store, o.Core.Seed, o.Core.Now = self, store, random64(), time.Now()
	if n.Replica, err = state.Open(o); err != nil {
		if n.gossip != nil {
			_ = n.gossip.Close()
		}
		return err
	}
	return nil
}

// report passes on what the replica has to say.
func (n *Node) report(l state.LogLine) {
	if l.Warn {
		n.log.Warnf("%s", l.Text)
		return
	}
	n.log.Infof("%s", l.Text)
}

// nodeID returns the identity that the store keeps, and gives a new one an
// identity.
func nodeID(s state.Store) (string, error) {
	if id, ok := state.NodeID(s); ok {
		return id, nil
	}
	var id [16]byte
	_, _ = rand.Read(id[:])
	if err := state.WriteNodeID(s, id); err != nil {
		return "", fmt.Errorf("writing the node id: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}

func random64() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return max(binary.BigEndian.Uint64(b[:]), 1)
}

// ReloadKeys reads the key file again and takes its keys into use.
func (n *Node) ReloadKeys() error {
	if n.gossip == nil {
		return nil
	}
	keys, err := n.config.Gossip.keys()
	if err != nil {
		return err
	}
	return n.gossip.SetKeys(keys)
}

// Close leaves the cluster, finishes the write in progress and closes the file,
// also one that was only peeked at.
func (n *Node) Close() error {
	if n.Replica != nil {
		return n.Replica.Close()
	}
	if n.peeked == nil {
		return nil
	}
	store := n.peeked
	n.peeked = nil
	return store.Close()
}
