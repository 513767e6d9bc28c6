package route53sim

import (
	"context"
	"maps"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/edgestage/edgestage/plugin-route53sim/discovery"
	"github.com/edgestage/edgestage/plugin-route53sim/health"
	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/cloudmap"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/node"
	"github.com/edgestage/edgestage/state/sweep"
)

// running is an open node with what follows it: goroutines that compile views
// of rows and of health, one that loads documents, and those of health. close
// ends them all.
type running struct {
	settings settings
	node     *node.Node
	// locator is that of the newest instance.
	locator atomic.Pointer[locate.Locator]
	health  *health.Health
	claims  *claims.Follower // for the API

	// compiler and discovery are used by one goroutine at a time, which holds
	// compiling.
	compiling sync.Mutex
	compiler  *zone.Compiler
	discovery *discovery.Discovery
	leases    chan struct{} // has a value when discovery.Next may be another

	compiled atomic.Pointer[zone.View] // the newest
	serving  atomic.Bool               // the node has caught up once
	loaded   atomic.Bool               // all documents were looked at once

	// addresses are where resolvers reach this node; look wakes who publishes
	// them.
	addresses atomic.Pointer[[]netip.Addr]
	look      chan struct{}

	cancel context.CancelFunc
	ctx    context.Context
	done   sync.WaitGroup

	// Of nodeTable, under its lock:
	holders    map[*instance]bool
	api        *endpoint // nil: not served
	loadsFor   *instance
	stopLoader func()
}

// open starts a node.
func open(s settings) (*running, error) {
	s.node.Kind = node.KindDNS
	r := &running{settings: s, node: node.New(s.node, nodeLog{}), holders: make(map[*instance]bool), look: make(chan struct{}, 1)}
	if err := r.node.Start(); err != nil {
		return nil, err
	}
	r.health, r.claims = startHealth(r.node, s.checks), claims.Follow(r.node)
	r.compiler, r.discovery, r.leases = zone.NewCompiler(), discovery.New(), make(chan struct{}, 1)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for _, loop := range []func(){r.follow, r.followHealth, r.followLeases, r.awaitReady, r.announce, r.sweep, r.sweepOrphans} {
		r.done.Go(loop)
	}
	openNodes.add(r)
	return r, nil
}

// sweep deletes what is left of instances of Cloud Map that nobody renews.
func (r *running) sweep() { r.sweepBy(cloudmap.Leftovers(r.node.Replica)) }

// sweepOrphans deletes rows below one that is not there.
func (r *running) sweepOrphans() { r.sweepBy(sweep.Orphans()) }

func (r *running) sweepBy(rules sweep.Rules) {
	(&sweep.Sweeper{Replica: r.node.Replica, Rules: rules, Log: log.Warningf}).Run(r.ctx)
}

// manyRows is how many changes at once make it worth to give memory back.
const manyRows = 50_000

// follow compiles what the node holds, and each commit after that.
func (r *running) follow() {
	sub := r.node.Subscribe(followed()...)
	defer sub.Close()
	for {
		changes, err := r.compile(sub)
		if err != nil {
			return
		}
		if changes >= manyRows {
			debug.FreeOSMemory() // a large load leaves several times itself behind
		}
	}
}

// compile waits for a batch and answers from what it leads to; it returns how
// many rows that changed.
func (r *running) compile(sub *state.Subscription) (int, error) {
	b, err := sub.Next(r.ctx)
	if err != nil {
		return 0, err
	}
	r.answerBy(func() *zone.View { return r.apply(b) })
	sub.Ack(b)
	return len(b.Changes), nil
}

// answerBy answers from the view that compile makes.
func (r *running) answerBy(compile func() *zone.View) {
	r.compiling.Lock()
	defer r.compiling.Unlock()
	v := compile()
	r.compiled.Store(v)
	observeView(v.Stats())
}

// followHealth compiles what each change of health touches.
func (r *running) followHealth() {
	for {
		select {
		case <-r.health.Changes():
			r.judge()
		case <-r.ctx.Done():
			return
		}
	}
}

// judge answers by what all health checks are now.
func (r *running) judge() {
	r.answerBy(func() *zone.View {
		changed := r.health.Take()
		ids := slices.AppendSeq(make([]string, 0, len(changed)), maps.Keys(changed))
		return r.compiler.Judge(ids, func(id string) bool {
			return changed[id] && r.discovery.Healthy(id)
		})
	})
}

func (r *running) awaitReady() {
	select {
	case <-r.node.Ready():
		r.health.Settle(r.ctx)
		r.judge()
		r.serving.Store(true)
		r.lookAgain()
	case <-r.ctx.Done():
	}
}

// view returns what to answer from, nil before the node has caught up with its
// cluster. A node that can no longer write goes on answering.
func (r *running) view() *zone.View {
	if !r.serving.Load() {
		return nil
	}
	return r.compiled.Load()
}

// problem returns why the node is not ready, or nil.
func (r *running) problem() error {
	if err := r.node.Behind(); err != nil {
		return err
	}
	if r.view() == nil {
		return errNotCompiled
	}
	if !r.loaded.Load() {
		return errNotLoaded
	}
	return nil
}

// load replaces the loader by one that works for in.
func (r *running) load(in *instance, l *importer.Loader) {
	if r.stopLoader != nil {
		r.stopLoader()
	}
	ctx, cancel := context.WithCancel(r.ctx)
	var done sync.WaitGroup
	r.loadsFor = in
	r.stopLoader = func() { cancel(); done.Wait() }
	l.Store = importer.InReplica(r.node.Replica)
	done.Go(func() {
		select {
		case <-r.node.Ready():
		case <-ctx.Done():
			return
		}
		if l.Poll(ctx); ctx.Err() == nil {
			r.loaded.Store(true)
			r.lookAgain()
			l.Run(ctx)
		}
	})
}

// close ends what follows the node, then the node.
func (r *running) close() error {
	openNodes.remove(r)
	if err := r.api.close(); err != nil {
		log.Warningf("Failed to stop the api: %v", err)
	}
	r.cancel()
	if r.stopLoader != nil {
		r.stopLoader()
	}
	r.health.Close()
	r.claims.Close()
	err := r.node.Close()
	r.done.Wait()
	return err
}
