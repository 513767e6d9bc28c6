package edgenode

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/model"
)

// announceRetry is how often a node that is behind is asked again, and a
// publication that failed is tried again.
const announceRetry = time.Second

// replica is what the announcer needs of the state.
type replica interface {
	// Publish replaces this node's share of a volatile table.
	Publish(table string, values []model.Value) error
	// Ready returns a channel that is closed once the node serves.
	Ready() <-chan struct{}
	// Behind returns why the node must not serve now, or nil.
	Behind() error
}

// announcer publishes the endpoints of the configuration that started last
// among those that run: during a reload there are two. It never makes a
// configuration wait: what is to be published is noted, and published by the
// goroutine in run.
type announcer struct {
	replica replica
	log     *nodeLog
	wake    chan struct{} // holds a token while a change waits

	mu      sync.Mutex
	running []announcement // in the order of their start
}

// announcement is what one configuration wants published.
type announcement struct {
	owner  any
	values []model.Value
}

// newAnnouncer returns an announcer that publishes nothing yet.
func newAnnouncer(r replica, log *nodeLog) *announcer {
	return &announcer{replica: r, log: log, wake: make(chan struct{}, 1)}
}

// announce replaces what is published by values, which the caller no longer
// changes, for as long as owner runs.
func (a *announcer) announce(owner any, values []model.Value) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.wantedLocked()
	a.running = append(a.running, announcement{owner, values})
	if len(before) > 0 || len(values) > 0 {
		a.signal()
	}
}

// withdraw ends what owner announced; without an announcement it does nothing.
func (a *announcer) withdraw(owner any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.running)
	newest := n > 0 && a.running[n-1].owner == owner
	a.running = slices.DeleteFunc(a.running, func(x announcement) bool { return x.owner == owner })
	if newest {
		a.signal()
	}
}

// signal wakes run.
func (a *announcer) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// newest returns who announced last of those that run, nil for nobody.
func (a *announcer) newest() any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.running); n > 0 {
		return a.running[n-1].owner
	}
	return nil
}

// wanted returns what is to be published.
func (a *announcer) wanted() []model.Value {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wantedLocked()
}

// wantedLocked is wanted for who holds the lock.
func (a *announcer) wantedLocked() []model.Value {
	if n := len(a.running); n > 0 {
		return a.running[n-1].values
	}
	return nil
}

// run publishes what was announced, until ctx ends. A node that is behind
// publishes no endpoint: it would be sent clients whose state it lacks.
func (a *announcer) run(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-a.replica.Ready():
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		for !a.publish() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(announceRetry):
			}
		}
	}
}

// publish tells whether what is wanted is published now.
func (a *announcer) publish() bool {
	values := a.wanted()
	if len(values) > 0 && a.replica.Behind() != nil {
		return false
	}
	if err := a.replica.Publish(model.TableEndpoints, values); err != nil {
		a.log.zap().Error("publishing endpoints failed, trying again", zap.Error(err), zap.Duration("in", announceRetry))
		return false
	}
	a.log.zap().Info("published endpoints", zap.Int("count", len(values)))
	return true
}
