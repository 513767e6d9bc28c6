package state

import (
	"maps"
	"slices"
	"time"
)

// maxSynced bounds the commits remembered as seen by all.
const maxSynced = 4096

// asking is a question whether all members cover a commit.
type asking struct {
	id      uint64
	version Version
	until   time.Time
	again   time.Time
	// yes holds the members that cover it or do not serve.
	yes map[Origin]bool
}

// askInSync puts the question to every member.
func (k *Core) askInSync(ev AskInSync) {
	if k.synced[ev.Version] {
		k.reply(Reply{ID: ev.ID, InSync: true})
		return
	}
	k.nonce++
	a := &asking{
		id: ev.ID, version: ev.Version, until: k.now.Add(askWait), again: k.now.Add(askWait / 2),
		yes: map[Origin]bool{},
	}
	k.asks[k.nonce] = a
	k.putQuestion(k.nonce, a)
	k.recheckAsks()
}

func (k *Core) putQuestion(nonce uint64, a *asking) {
	for _, o := range k.memberRuns() {
		if !a.yes[o] {
			k.send(o, &askMsg{Nonce: nonce, Version: entry{Origin: a.version.Origin, Stamp: a.version.Stamp}})
		}
	}
}

// heldAsk is a member's question that this node's views do not cover yet.
type heldAsk struct {
	from  Origin
	ask   *askMsg
	until time.Time
}

// maxHeldAsks bounds the questions that wait here. Whoever is turned away asks
// once more.
const maxHeldAsks = 1024

// answerAsk tells that this node's views cover a commit, at once or when they
// do: a question often overtakes the commit that it is about. A node that says
// that it is behind does not serve before it has that commit: the asker goes
// by its word.
func (k *Core) answerAsk(from Origin, m *askMsg) {
	if k.phase != phaseServing {
		k.owed.raise(m.Version.Origin, m.Version.Stamp)
		k.owedAt = k.now
		k.hear(m.Version, from)
	}
	again := slices.ContainsFunc(k.held, func(h heldAsk) bool { return h.from == from && h.ask.Nonce == m.Nonce })
	if !k.tryAnswer(from, m) && !again && len(k.held) < maxHeldAsks {
		k.held = append(k.held, heldAsk{from: from, ask: m, until: k.now.Add(askWait)})
	}
}

// tryAnswer answers unless this node serves without the commit.
func (k *Core) tryAnswer(from Origin, m *askMsg) bool {
	a := &answerMsg{
		Nonce:  m.Nonce,
		Yes:    k.viewed.covers(m.Version.Origin, m.Version.Stamp, k.floor()),
		Behind: k.Behind() != nil,
	}
	if a.Yes || a.Behind {
		k.send(from, a)
	}
	return a.Yes || a.Behind
}

// answerHeld answers the questions that wait for what the views now cover, and
// forgets those whose members are gone or wait no longer.
func (k *Core) answerHeld() {
	k.held = slices.DeleteFunc(k.held, func(h heldAsk) bool {
		return k.members[h.from] == nil || !k.now.Before(h.until) || k.tryAnswer(h.from, h.ask)
	})
}

func (k *Core) receiveAnswer(from Origin, m *answerMsg) {
	a := k.asks[m.Nonce]
	if a == nil {
		return
	}
	if m.Yes || m.Behind {
		a.yes[from] = true
	}
	k.recheckAsks()
}

// recheckAsks answers the questions that have become true.
func (k *Core) recheckAsks() {
	for _, nonce := range slices.Sorted(maps.Keys(k.asks)) {
		a := k.asks[nonce]
		if !k.viewed.covers(a.version.Origin, a.version.Stamp, k.floor()) || !k.allSaid(a) {
			continue
		}
		delete(k.asks, nonce)
		if len(k.synced) >= maxSynced {
			clear(k.synced)
		}
		k.synced[a.version] = true
		k.reply(Reply{ID: a.id, InSync: true})
	}
}

func (k *Core) allSaid(a *asking) bool {
	for o := range k.members {
		if !a.yes[o] {
			return false
		}
	}
	return true
}

// expireAsks answers PENDING where a member keeps silent, and asks once more
// before that, for datagrams get lost.
func (k *Core) expireAsks() {
	for _, nonce := range slices.Sorted(maps.Keys(k.asks)) {
		a := k.asks[nonce]
		switch {
		case !k.now.Before(a.until):
			delete(k.asks, nonce)
			k.reply(Reply{ID: a.id})
		case !a.again.IsZero() && !k.now.Before(a.again):
			a.again = time.Time{}
			k.putQuestion(nonce, a)
		}
	}
}
