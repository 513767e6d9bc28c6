package gossip

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/hashicorp/memberlist"

	"github.com/edgestage/edgestage/state"
)

// maxMeta is what memberlist allows a member to say about itself; it panics
// over more.
const maxMeta = 512

// memberMeta is what members tell about themselves.
type memberMeta struct {
	_      struct{} `cbor:",toarray"`
	ID     string
	Node   string
	Kind   string
	Region string
}

func encodeMeta(m state.Member) ([]byte, error) {
	data, err := cbor.Marshal(memberMeta{ID: m.ID, Node: m.Node, Kind: m.Kind, Region: m.Region})
	if err != nil {
		return nil, err
	}
	if len(data) > maxMeta {
		return nil, fmt.Errorf("node name and region take %d bytes, at most %d are allowed", len(data), maxMeta)
	}
	return data, nil
}

// memberOf returns the member that a memberlist node stands for.
func memberOf(n *memberlist.Node) (state.Member, error) {
	run, err := runOf(n.Name)
	if err != nil {
		return state.Member{}, err
	}
	var meta memberMeta
	if err := cbor.Unmarshal(n.Meta, &meta); err != nil {
		return state.Member{}, fmt.Errorf("member %q says nothing about itself: %w", n.Name, err)
	}
	return state.Member{Run: run, Node: meta.Node, ID: meta.ID, Kind: meta.Kind, Region: meta.Region, Addr: n.Address()}, nil
}

// runOf returns the run in a member's name, NODE.RUN.
func runOf(name string) (state.Origin, error) {
	i := strings.LastIndexByte(name, '.')
	run, err := strconv.ParseUint(name[i+1:], 16, 64)
	if err != nil || len(name)-i-1 != 16 {
		return 0, fmt.Errorf("member name %q is not NODE.RUN", name)
	}
	return state.Origin(run), nil
}

// delegate is what memberlist calls. All of it runs under memberlist's lock or
// holds up its reading of packets.
type delegate struct{ g *Gossip }

// NodeMeta implements memberlist.Delegate.
func (d delegate) NodeMeta(int) []byte { return d.g.meta }

// NotifyMsg implements memberlist.Delegate. A message that finds the loop full
// is dropped: it is a datagram.
func (d delegate) NotifyMsg(b []byte) {
	d.g.deliver(state.Received{Data: append([]byte(nil), b...)})
}

// GetBroadcasts implements memberlist.Delegate: there are none.
func (d delegate) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState implements memberlist.Delegate: there is none.
func (d delegate) LocalState(bool) []byte { return nil }

// MergeRemoteState implements memberlist.Delegate: there is nothing to merge.
func (d delegate) MergeRemoteState([]byte, bool) {}

// NotifyJoin implements memberlist.EventDelegate.
func (d delegate) NotifyJoin(n *memberlist.Node) { d.up(n) }

// NotifyUpdate implements memberlist.EventDelegate.
func (d delegate) NotifyUpdate(n *memberlist.Node) { d.up(n) }

func (d delegate) up(n *memberlist.Node) {
	m, err := memberOf(n)
	if err != nil {
		d.g.lines.limited("meta "+n.Name, err.Error())
		return
	}
	if m.Run == d.g.self.Run {
		return
	}
	own := *n
	own.Addr = append([]byte(nil), n.Addr...)
	d.g.mu.Lock()
	d.g.members[m.Run] = &own
	delete(d.g.lost, m.Addr)
	d.g.mu.Unlock()
	d.g.queue(state.MemberUp{Member: m})
}

// NotifyLeave implements memberlist.EventDelegate: a member left or is dead.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	run, err := runOf(n.Name)
	if err != nil || run == d.g.self.Run {
		return
	}
	left := n.State == memberlist.StateLeft
	d.g.mu.Lock()
	delete(d.g.members, run)
	if !left {
		d.g.lost[n.Address()] = time.Now()
	}
	d.g.mu.Unlock()
	d.g.queue(state.MemberDown{Run: run, Left: left})
}

// queue keeps a membership event until the loop takes it.
func (g *Gossip) queue(ev state.Event) {
	g.eventMu.Lock()
	g.events = append(g.events, ev)
	g.eventMu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// passEvents hands membership to the loop, in order.
func (g *Gossip) passEvents() {
	for {
		select {
		case <-g.wake:
		case <-g.closed:
			return
		}
		g.eventMu.Lock()
		events := g.events
		g.events = nil
		g.eventMu.Unlock()
		for _, ev := range events {
			if !g.mustDeliver(ev) {
				return
			}
		}
	}
}
