package route53sim

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state/node"
)

// running is an open node with what follows it. Two goroutines belong to it,
// one that compiles views and one that loads documents; close ends both.
type running struct {
	settings settings
	node     *node.Node
	// locator is that of the newest instance.
	locator atomic.Pointer[locate.Locator]

	compiled atomic.Pointer[zone.View] // the newest
	serving  atomic.Bool               // the node has caught up once
	loaded   atomic.Bool               // all documents were looked at once

	cancel context.CancelFunc
	ctx    context.Context
	done   sync.WaitGroup

	// Of nodeTable, under its lock:
	holders    map[*instance]bool
	loadsFor   *instance
	stopLoader func()
}

// open starts a node.
func open(s settings) (*running, error) {
	s.node.Kind = node.KindDNS
	r := &running{settings: s, node: node.New(s.node, nodeLog{}), holders: make(map[*instance]bool)}
	if err := r.node.Start(); err != nil {
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.done.Add(2)
	go r.follow()
	go r.awaitReady()
	openNodes.add(r)
	return r, nil
}

// follow compiles what the node holds, and each commit after that.
func (r *running) follow() {
	defer r.done.Done()
	sub := r.node.Subscribe(zone.Tables()...)
	defer sub.Close()
	compiler := zone.NewCompiler()
	for {
		b, err := sub.Next(r.ctx)
		if err != nil {
			return
		}
		v := compiler.Apply(b)
		r.compiled.Store(v)
		observeView(v.Stats())
		sub.Ack(b)
	}
}

func (r *running) awaitReady() {
	defer r.done.Done()
	select {
	case <-r.node.Ready():
		r.serving.Store(true)
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
			l.Run(ctx)
		}
	})
}

// close ends what follows the node, then the node.
func (r *running) close() error {
	openNodes.remove(r)
	r.cancel()
	if r.stopLoader != nil {
		r.stopLoader()
	}
	err := r.node.Close()
	r.done.Wait()
	return err
}
