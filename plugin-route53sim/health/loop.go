package health

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state"
)

// roundEvery is how often opinions are counted, whether any has changed or not:
// a storm wakes nobody more often than calm does. Answers are to change within a
// second of a probe: a round here, a beat (500 ms) and a round there.
const roundEvery = 200 * time.Millisecond

// loop follows rows, and counts.
func (h *Health) loop(ctx context.Context) {
	sub := h.config.Replica.Subscribe(Tables()...)
	defer sub.Close()
	batches, acked := make(chan state.Batch), make(chan struct{})
	h.done.Go(func() {
		for {
			b, err := sub.Next(ctx)
			if err != nil {
				return
			}
			select {
			case batches <- b:
			case <-ctx.Done():
				return
			}
			select {
			case <-acked:
			case <-ctx.Done():
				return
			}
		}
	})
	var r round
	r.h = h
	tick := time.NewTicker(roundEvery)
	defer tick.Stop()
	for {
		select {
		case b := <-batches:
			h.tally.apply(b)
			r.rows = true
			r.do()
			sub.Ack(b)
			select {
			case acked <- struct{}{}:
			case <-ctx.Done():
				return
			}
		case <-tick.C:
			r.do()
		case <-ctx.Done():
			return
		}
	}
}

// round is one count after the other.
type round struct {
	h       *Health
	at      time.Time
	begun   bool // rows have been seen
	rows    bool // they have changed since the last round
	checks  bool // this node is a checker
	regions []string
	own     []opinion
	pulse   []byte
	report  report
}

// do counts once.
func (r *round) do() {
	h, t := r.h, &r.h.tally
	r.at = time.Now()
	r.hear()
	if r.begun = r.begun || r.rows; !r.begun {
		return
	}
	r.assign()
	r.own = r.own[:0]
	if r.checks {
		r.own = h.checker.own(r.own)
	}
	r.tell()
	if t.count(r.own) {
		h.scribe.remember(t.endpoints, t.last)
	}
	first := t.states == nil
	states, changes := t.judge()
	if !first { // else nothing has changed: this is where it stands
		r.report.of(h, changes, r.at)
	}
	h.publish(states, changes)
}

// hear takes the ballots that have arrived.
func (r *round) hear() {
	h := r.h
	h.inboxMu.Lock()
	inbox := h.inbox
	h.inbox = make(map[state.Origin]state.Pulse, len(inbox))
	h.inboxMu.Unlock()
	for _, p := range inbox {
		h.tally.hear(p)
	}
}

// assign tells the checker what to probe, if that may have changed.
func (r *round) assign() {
	h, t := r.h, &r.h.tally
	checks, regions := h.checks.Load(), t.regions()
	voting := len(t.voters)
	if checks {
		voting++
	}
	h.voting.Store(int64(voting))
	if !r.rows && checks == r.checks && slices.Equal(regions, r.regions) {
		return
	}
	r.rows, r.checks, r.regions = false, checks, regions
	if checks {
		h.checker.assign(t.endpoints, t.wanted(h.config.Region))
	} else {
		h.checker.assign(t.endpoints, nil)
	}
}

// tell puts the own opinions into the node's pulse.
func (r *round) tell() {
	pulse := emptyBallot
	if r.checks {
		pulse = r.h.tally.orders[0].encode(r.own)
	}
	if bytes.Equal(pulse, r.pulse) {
		return
	}
	if err := r.h.config.Replica.SetPulse(pulse); err == nil {
		r.pulse = pulse
	}
}
