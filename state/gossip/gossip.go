// Package gossip connects the members of a cluster: hashicorp/memberlist for
// membership, failure detection (SWIM) and encrypted datagrams, and streams of
// our own, TLS 1.3 under a certificate that only a holder of the gossip key
// can make. It implements [state.Network] and is the sole importer of
// memberlist.
//
// Data does not go through memberlist's broadcast queue or push/pull: what is
// to be sent, and to whom, is [state.Core]'s to say. Callbacks of memberlist
// run under its lock, so they copy, queue and return.
package gossip

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgestage/edgestage/state"
)

// Logger is where the package reports.
type Logger interface {
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
}

// Config is how a node takes part.
type Config struct {
	// Bind is host:port for UDP and TCP; port 0 takes a free one.
	Bind string
	// Advertise is where others reach this node: an address, with a port
	// unless it is Bind's. Required where Bind's host is unspecified.
	Advertise string
	// Join are host:port of members to look for, and Remembered those that
	// were there before; the former may be names with several addresses.
	Join, Remembered []string
	// Keys are the gossip keys; nil: the cluster is open to the whole host.
	Keys [][]byte
	// Self is this node; Addr is filled in.
	Self state.Member
	Log  Logger
	// Cut tells that this node cannot reach the one at addr, nor hear it: for
	// tests of a network that is cut. Nil: it can.
	Cut func(addr string) bool
}

// Gossip is a node's connection to its cluster.
type Gossip struct {
	config Config
	log    Logger
	self   state.Member
	meta   []byte

	list      *memberlist.Memberlist
	keyring   *memberlist.Keyring
	transport *transport
	streams   *streams
	identity  atomic.Pointer[identity]
	deliver   func(state.Event) bool
	lines     *lineFilter

	mu      sync.Mutex
	members map[state.Origin]*memberlist.Node
	lost    map[string]time.Time // addresses of members that died

	eventMu sync.Mutex
	events  []state.Event
	wake    chan struct{}

	closed chan struct{}
	once   sync.Once
	wgMu   sync.Mutex
	wg     sync.WaitGroup
}

// New binds the address and returns a gossip that waits for Start. An address
// in use is an error that names it.
func New(c Config) (*Gossip, error) {
	udp, tcp, err := listen(c.Bind)
	if err != nil {
		return nil, err
	}
	advertise, err := advertised(c.Advertise, udp.LocalAddr().(*net.UDPAddr))
	if err != nil {
		_, _ = udp.Close(), tcp.Close()
		return nil, err
	}
	g := &Gossip{
		config: c, log: c.Log, self: c.Self, lines: newLineFilter(c.Log),
		members: map[state.Origin]*memberlist.Node{}, lost: map[string]time.Time{},
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	g.self.Addr = advertise.String()
	g.streams = &streams{g: g, out: map[string]*outbound{}, in: map[net.Conn]struct{}{}}
	g.transport = newTransport(udp, tcp, advertise, g.streams.accept)
	g.transport.cut = g.cut
	if g.meta, err = encodeMeta(g.self); err == nil {
		err = g.setKeys(c.Keys)
	}
	if err != nil {
		_, _ = udp.Close(), tcp.Close()
		return nil, err
	}
	return g, nil
}

// cut tells whether a test has cut the way to addr.
func (g *Gossip) cut(addr string) bool { return g.config.Cut != nil && g.config.Cut(addr) }

// advertised returns where others reach a node bound to bound.
func advertised(s string, bound *net.UDPAddr) (*net.UDPAddr, error) {
	if s == "" {
		if bound.IP.IsUnspecified() {
			return nil, fmt.Errorf("gossip address %v is unspecified: advertise is required", bound)
		}
		return bound, nil
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		s = net.JoinHostPort(ip.String(), strconv.Itoa(bound.Port))
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Addr().IsUnspecified() {
		return nil, fmt.Errorf("advertise %q is not an address that others can reach, with or without a port", s)
	}
	return net.UDPAddrFromAddrPort(ap), nil
}

// Addr returns where others reach this node, as host:port.
func (g *Gossip) Addr() string { return g.self.Addr }

// setKeys takes the keys for datagrams and streams.
func (g *Gossip) setKeys(keys [][]byte) error {
	if len(keys) == 0 {
		keys = [][]byte{openKey()}
	}
	id, err := newIdentity(keys)
	if err != nil {
		return fmt.Errorf("deriving the stream certificate: %w", err)
	}
	if g.keyring == nil {
		if g.keyring, err = memberlist.NewKeyring(keys, keys[0]); err != nil {
			return fmt.Errorf("gossip keys: %w", err)
		}
	} else if err := rotate(g.keyring, keys); err != nil {
		return fmt.Errorf("gossip keys: %w", err)
	}
	g.identity.Store(id)
	return nil
}

// SetKeys replaces the keys while running. Streams that are open stay.
func (g *Gossip) SetKeys(keys [][]byte) error { return g.setKeys(keys) }

// rotate makes ring hold exactly keys, the first one encrypting. A key is
// removed only when it is the last, for memberlist shifts the others under its
// readers' eyes otherwise; making each key that stays the first brings those
// that go to the end.
func rotate(ring *memberlist.Keyring, keys [][]byte) error {
	keep := map[string]bool{}
	for _, k := range keys {
		keep[string(k)] = true
		if err := ring.AddKey(k); err != nil {
			return err
		}
	}
	for i := len(keys) - 1; i >= 0; i-- {
		if err := ring.UseKey(keys[i]); err != nil {
			return err
		}
	}
	for all := ring.GetKeys(); len(all) > 0 && !keep[string(all[len(all)-1])]; all = ring.GetKeys() {
		if err := ring.RemoveKey(all[len(all)-1]); err != nil {
			return err
		}
	}
	return nil
}

// Start implements [state.Network].
func (g *Gossip) Start(deliver func(state.Event) bool) error {
	g.deliver = deliver
	g.transport.start()
	c := memberlist.DefaultLANConfig()
	c.Name = g.self.Node + "." + g.self.Run.String()
	c.Transport = g.transport
	c.Label = label
	c.Keyring = g.keyring
	c.ProbeInterval = 500 * time.Millisecond
	c.EnableCompression = false
	c.LogOutput = nil
	c.Logger = log.New(g.lines, "", 0)
	c.Delegate = delegate{g}
	c.Events = delegate{g}
	list, err := memberlist.Create(c)
	if err != nil {
		_ = g.transport.Shutdown()
		return fmt.Errorf("joining in gossip: %w", err)
	}
	g.mu.Lock()
	g.list = list
	g.mu.Unlock()
	g.spawn(g.passEvents)
	g.spawn(g.lookForOthers)
	return nil
}

// label keeps other users of memberlist, and later protocols of ours, apart.
const label = "edgestage/1"

// spawn runs f unless g is closed; Close waits for it.
func (g *Gossip) spawn(f func()) bool {
	g.wgMu.Lock()
	defer g.wgMu.Unlock()
	select {
	case <-g.closed:
		return false
	default:
	}
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		f()
	}()
	return true
}

// Send implements [state.Network].
func (g *Gossip) Send(s state.Send) {
	g.mu.Lock()
	node, list := g.members[s.To], g.list
	g.mu.Unlock()
	if node == nil {
		return
	}
	if s.Stream {
		g.streams.send(node.Name, node.Address(), s.Data)
		return
	}
	_ = list.SendBestEffort(node, s.Data) // a lost datagram is repaired
}

// mustDeliver offers an event until it is taken; it tells whether it was.
func (g *Gossip) mustDeliver(ev state.Event) bool {
	for !g.deliver(ev) {
		select {
		case <-time.After(retryFull):
		case <-g.closed:
			return false
		}
	}
	return true
}

// refused reports a peer that was turned away.
func (g *Gossip) refused(from net.Addr, err error) {
	host, _, _ := net.SplitHostPort(from.String())
	g.lines.limited("refused "+host, fmt.Sprintf("Refused a peer at %v: %v", from, err))
}

// Close implements [state.Network]: it says good-bye, then ends everything.
func (g *Gossip) Close() error {
	var err error
	g.once.Do(func() {
		if g.list != nil {
			_ = g.list.Leave(500 * time.Millisecond)
		}
		g.wgMu.Lock()
		close(g.closed)
		g.wgMu.Unlock()
		g.streams.close()
		if g.list != nil {
			err = g.list.Shutdown()
		}
		err = errors.Join(err, g.transport.Shutdown())
		g.wg.Wait()
	})
	return err
}
