package state

import (
	"time"

	"github.com/edgestage/edgestage/state/hlc"
)

// pendingCommits are commits that came before what they build on.
type pendingCommits struct {
	byOrigin map[Origin]map[hlc.Stamp]*commit
	bytes    int
	count    int
}

func (p *pendingCommits) init() { p.byOrigin = map[Origin]map[hlc.Stamp]*commit{} }

// add keeps c, unless that would go over the bound: it can be fetched again.
func (p *pendingCommits) add(c *commit) {
	if p.bytes+len(c.data) > maxPending {
		return
	}
	own := p.byOrigin[c.Origin]
	if own == nil {
		own = map[hlc.Stamp]*commit{}
		p.byOrigin[c.Origin] = own
	}
	if own[c.Stamp] == nil {
		own[c.Stamp] = c
		p.bytes += len(c.data)
		p.count++
	}
}

func (p *pendingCommits) has(o Origin, s hlc.Stamp) bool { return p.byOrigin[o][s] != nil }

func (p *pendingCommits) remove(c *commit) {
	own := p.byOrigin[c.Origin]
	if own[c.Stamp] == nil {
		return
	}
	delete(own, c.Stamp)
	if len(own) == 0 {
		delete(p.byOrigin, c.Origin)
	}
	p.bytes -= len(c.data)
	p.count--
}

// heardOf is what somebody said is there and this node lacks.
type heardOf struct {
	stamp hlc.Stamp
	from  Origin
	at    time.Time
}

// hear notes that from has e.
func (k *Core) hear(e entry, from Origin) {
	if from == 0 || k.accepted.covers(e.Origin, e.Stamp, k.floor()) {
		return
	}
	h, known := k.heard[e.Origin]
	if !known {
		h.at = k.now
	}
	if e.Stamp >= h.stamp || k.members[h.from] == nil {
		h.stamp = max(h.stamp, e.Stamp)
		h.from = from
	}
	k.heard[e.Origin] = h
}
