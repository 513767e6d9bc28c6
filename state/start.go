package state

import (
	"time"

	"github.com/edgestage/edgestage/state/hlc"
)

// joinDone notes how many members the attempt to join has reached.
func (k *Core) joinDone(contacted int) {
	if k.phase == phaseJoining && contacted == 0 && len(k.members) == 0 && len(k.durable) > 0 {
		k.serve("no other member answers, going on with what is on disk")
		return
	}
	k.advanceStart()
}

// advanceStart moves a starting node on: it looks for others, asks each for
// what it lacks, and serves when all that answer in time are covered.
func (k *Core) advanceStart() {
	switch k.phase {
	case phaseJoining:
		switch {
		case len(k.members) > 0:
			k.phase = phaseSyncing
			k.syncEnd = k.now.Add(syncWait)
			for _, o := range k.memberRuns() {
				k.startPull(k.members[o])
			}
		case k.now.Sub(k.started) >= aloneWait:
			k.serve("no other member found, starting a cluster")
		}
	case phaseSyncing:
		if k.caughtUp() {
			k.serve("caught up with the cluster")
			return
		}
		for _, o := range k.memberRuns() {
			if p := k.members[o]; !p.answered {
				k.startPull(p)
			}
		}
	}
}

// caughtUp tells whether every member that answers in time is covered, durably
// and by the local views.
func (k *Core) caughtUp() bool {
	if k.writing != nil || len(k.queue) > 0 {
		return false
	}
	for o, stamp := range k.durable {
		if k.viewed[o] < stamp {
			return false
		}
	}
	for o, stamp := range k.owed {
		if k.now.Sub(k.owedAt) < aloneWait && !k.durable.covers(o, stamp, k.floor()) {
			return false
		}
	}
	for _, p := range k.members {
		switch {
		case p.answered:
		case p.pull != nil && p.pull.chunks > 0 && !p.pull.stalled(k.now):
			return false // it answers, and is not done
		case k.now.Sub(p.since) < syncWait || k.now.Before(k.syncEnd):
			return false
		}
	}
	return true
}

func (k *Core) serve(why string) {
	k.phase = phaseServing
	k.out.Serving = true
	k.logf("Serving: %s", why)
}

// memberUp takes note of a member, and asks it for what is missing here. A
// member at this node's own address is an earlier run of it that the others
// have not yet buried.
func (k *Core) memberUp(m Member) {
	if m.Run == k.self.Run || m.Addr != "" && m.Addr == k.self.Addr {
		return
	}
	delete(k.buried, m.Run)
	delete(k.buriedAt, m.Run)
	if p := k.members[m.Run]; p != nil {
		behind := p.Behind
		p.Member = m
		p.Behind = behind
		return
	}
	for _, o := range k.memberRuns() {
		if q := k.members[o]; q.ID == m.ID && q.Addr != m.Addr {
			k.warnf("Members %s at %s and %s at %s have one node id %s: was a data folder copied?", q.Node, q.Addr, m.Node, m.Addr, m.ID)
		}
	}
	if m.ID == k.self.ID {
		k.warnf("Member %s at %s has this node's id %s: was a data folder copied?", m.Node, m.Addr, m.ID)
	}
	p := &peer{Member: m, since: k.now}
	k.members[m.Run] = p
	k.logf("Member %s (%s, %s) at %s joined", m.Node, m.Kind, m.Region, m.Addr)
	k.shares.replaced(k, m)
	k.rememberMember(m)
	k.startPull(p)
	if k.shares.has(k.self.Run) {
		k.sendShares(m.Run)
	}
	k.advanceStart()
}

// memberDown takes note that a member left or died.
func (k *Core) memberDown(ev MemberDown) {
	p := k.members[ev.Run]
	if p == nil {
		return
	}
	delete(k.members, ev.Run)
	how := "is dead"
	if ev.Left {
		how = "left"
		k.shares.drop(k, ev.Run)
		k.dropPulse(ev.Run)
	} else {
		k.buried[ev.Run], k.buriedAt[ev.Run] = k.now, p.Addr
	}
	k.logf("Member %s at %s %s", p.Node, p.Addr, how)
	k.recheckAsks()
	k.advanceStart()
}

// rememberedMember is where a member was, and when it was last known there.
type rememberedMember struct {
	_    struct{} `cbor:",toarray"`
	Node string
	At   hlc.Stamp
}

// refreshMembers is how often the time of a member that stays is renewed.
const refreshMembers = 12 * time.Hour

// rememberMember keeps where a member is, to look for it after a restart.
func (k *Core) rememberMember(m Member) {
	if m.Addr == "" {
		return
	}
	value := mustEncode(&rememberedMember{Node: m.Node, At: hlc.At(k.now)})
	k.shares.later = append(k.shares.later, &overlayRow{Row: &Row{Table: tableMembers, Key: m.Addr, Value: value}})
}

// rememberMembers renews what is kept of the members that are there.
func (k *Core) rememberMembers() {
	if k.now.Sub(k.rememberedAt) < refreshMembers {
		return
	}
	k.rememberedAt = k.now
	for _, o := range k.memberRuns() {
		k.rememberMember(k.members[o].Member)
	}
}

// RememberedMembers returns the gossip addresses that the store keeps of
// members that were there within [Horizon] before now.
func RememberedMembers(s Store, now time.Time) []string {
	var out []string
	oldest := hlc.At(now.Add(-Horizon))
	_ = s.Read(func(r StoreReader) error {
		rangeTable(r, tableMembers, func(row *Row) bool {
			var m rememberedMember
			if wireDec.Unmarshal(row.Value, &m) == nil && m.At >= oldest {
				out = append(out, row.Key)
			}
			return true
		})
		return nil
	})
	return out
}
