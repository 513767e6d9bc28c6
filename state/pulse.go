package state

import (
	"fmt"
	"maps"
	"slices"
)

// MaxPulse is the most bytes that a node can tell with every beat.
const MaxPulse = 16 << 10

// pulsePart is how much of a pulse one datagram carries.
const pulsePart = 1200

// Pulse is what a member tells with every beat.
type Pulse struct {
	Member Member
	// Data is shared, never to be modified; nil says that the member is gone.
	Data []byte
}

// SetPulse is an event: it replaces what this node tells with every beat.
type SetPulse struct{ Data []byte }

func (SetPulse) event() {}

// pulseMsg is a part of a pulse.
type pulseMsg struct {
	_           struct{} `cbor:",toarray"`
	Counter     uint64
	Part, Parts uint32
	Data        []byte
}

func (*pulseMsg) kind() byte { return kindPulse }

// pulses are the members' pulses. The same bytes travel at every beat, whether
// they have changed or not, so that nothing costs more when much happens.
type pulses struct {
	own     []byte
	members map[Origin]*pulse
}

// pulse is one member's, being put together.
type pulse struct {
	member  Member
	counter uint64
	parts   [][]byte
	left    int
	// whole is the last one that was complete.
	whole []byte
}

// pulse sends this node's pulse to those that get its beat.
func (k *Core) pulse(to []Origin) {
	data := k.pulses.own
	if data == nil {
		return
	}
	parts := uint32(max(1, (len(data)+pulsePart-1)/pulsePart))
	for i := range parts {
		part := data[int(i)*pulsePart : min(len(data), int(i+1)*pulsePart)]
		for _, o := range to {
			k.send(o, &pulseMsg{Counter: k.beatCount, Part: i, Parts: parts, Data: part})
		}
	}
}

// receivePulse takes a part; the last one that was missing completes a pulse.
func (k *Core) receivePulse(p *peer, m *pulseMsg) {
	if m.Parts == 0 || m.Part >= m.Parts || m.Parts > MaxPulse/pulsePart+1 || len(m.Data) > pulsePart {
		k.stats.BadMessages++
		return
	}
	u := k.pulses.members[p.Run]
	if u == nil {
		u = &pulse{}
		k.pulses.members[p.Run] = u
	}
	switch {
	case m.Counter < u.counter:
		return // replayed or overtaken
	case m.Counter > u.counter:
		u.counter, u.parts, u.left = m.Counter, make([][]byte, m.Parts), int(m.Parts)
	}
	if int(m.Parts) != len(u.parts) || u.parts[m.Part] != nil {
		return
	}
	u.parts[m.Part] = slices.Clip(append([]byte{}, m.Data...))
	if u.left--; u.left > 0 {
		return
	}
	u.member, u.whole = p.Member, slices.Concat([]byte{}, slices.Concat(u.parts...))
	k.out.Pulses = append(k.out.Pulses, Pulse{Member: u.member, Data: u.whole})
}

// dropPulse forgets the pulse of a run that is gone.
func (k *Core) dropPulse(run Origin) {
	u := k.pulses.members[run]
	if u == nil {
		return
	}
	delete(k.pulses.members, run)
	if u.whole != nil {
		k.out.Pulses = append(k.out.Pulses, Pulse{Member: u.member})
	}
}

// Pulses returns the pulses of the members, by run.
func (k *Core) Pulses() []Pulse {
	var out []Pulse
	for _, run := range slices.Sorted(maps.Keys(k.pulses.members)) {
		if u := k.pulses.members[run]; u.whole != nil {
			out = append(out, Pulse{Member: u.member, Data: u.whole})
		}
	}
	return out
}

// SetPulse replaces what this node tells all members with every beat, twice a
// second, changed or not: at most [MaxPulse] bytes, to at most 64 members a
// beat; nil stops it. Parts may get lost: the next beat brings them all again.
func (r *Replica) SetPulse(data []byte) error {
	if len(data) > MaxPulse {
		return fmt.Errorf("pulse of %d bytes, at most %d are allowed", len(data), MaxPulse)
	}
	select {
	case r.events <- SetPulse{Data: slices.Clone(data)}:
		return nil
	case <-r.closed:
		return ErrClosed
	}
}

// WatchPulses has f called with the pulse of each member that is known now,
// then with each that arrives, and once without data when a member has left or
// been dead for two seconds. f runs in the replica's loop: it must only note
// what it gets. stop ends that; f is not called after stop has returned.
func (r *Replica) WatchPulses(f func(p Pulse)) (stop func()) {
	w := &pulseWatcher{f: f}
	_ = r.call(func(k *Core) {
		r.watchers = append(r.watchers, w)
		for _, p := range k.Pulses() {
			f(p)
		}
	})
	return func() {
		_ = r.call(func(*Core) {
			r.watchers = slices.DeleteFunc(r.watchers, func(x *pulseWatcher) bool { return x == w })
		})
	}
}

type pulseWatcher struct{ f func(Pulse) }
