package health

import (
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// maxReason is the most bytes of a reason.
const maxReason = 512

// report tells what has changed in a round, all of it at once: a line of the
// log for each change, and an event for those that this node is to write.
type report struct {
	// at is of the last one, in milliseconds since 1970.
	at int64
	// text are the lines, one after the other, which end at ends.
	text   []byte
	ends   []int
	events []model.HealthEvent
}

// of reports the changes of checks that stood before.
func (r *report) of(h *Health, changes []change, now time.Time) {
	if len(changes) == 0 {
		return
	}
	// Events of two rounds are of two moments: their keys differ.
	r.at = max(now.UnixMilli(), r.at+1)
	r.text, r.ends, r.events = r.text[:0], r.ends[:0], nil
	members, room, dropped := h.config.Replica.Members(), h.scribe.room(now), 0
	var became [2]int // unhealthy, healthy
	for _, c := range changes {
		if c.row == nil || !c.known && !c.to.Judged && !c.to.Forced {
			continue // deleted, or new and inverted
		}
		became[oneIf(c.to.Healthy)]++
		reason := r.line(h, c)
		switch {
		case !writes(members, c.id):
		case len(r.events) < room:
			r.events = append(r.events, model.HealthEvent{
				HealthCheckID: c.id, Account: c.row.Account, State: nameOf(c.to.Healthy), Forced: c.to.Forced,
				Reason: string(reason), Node: h.config.Node, At: r.at,
			})
		default:
			dropped++
		}
	}
	if len(r.ends) == 0 {
		return
	}
	h.config.Log.Infos(r.lines())
	h.config.Observer.Changed(became[1], became[0])
	h.scribe.note(r.events, dropped)
}

// line writes the line of c and returns the reason in it.
func (r *report) line(h *Health, c change) []byte {
	b := append(append(r.text, "Health check "...), c.id...)
	b = append(append(b, " is "...), nameOf(c.to.Healthy)...)
	b = append(append(b, ", was "...), nameOf(!c.to.Healthy)...)
	b = append(b, ": "...)
	from := len(b)
	b = h.tally.appendReason(b, c.row, c.to, h.tally.of, h.checker.said(c.endpoint))
	b = b[:min(len(b), from+maxReason)]
	r.text, r.ends = b, append(r.ends, len(b))
	return b[from:]
}

// lines returns the lines.
func (r *report) lines() []string {
	text, from := string(r.text), 0
	lines := make([]string, len(r.ends))
	for i, end := range r.ends {
		lines[i], from = text[from:end], end
	}
	return lines
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

func nameOf(isHealthy bool) string {
	if isHealthy {
		return model.Healthy
	}
	return model.Unhealthy
}

// writes tells whether this node is the one that writes events of a check: of
// the live members, the one that hashing prefers. Two that see other members
// may both write, or neither.
func writes(members []state.Member, id string) bool {
	self, best, most := false, false, uint64(0)
	var room [72]byte // for the longest id
	key := append(room[:8], id...)
	for _, m := range members {
		if m.Kind != node.KindDNS {
			continue
		}
		self = self || m.Self
		binary.BigEndian.PutUint64(key, uint64(m.Run))
		if w := xxhash.Sum64(key); w >= most {
			most, best = w, m.Self
		}
	}
	return best && self
}
