package acm

import "sync"

// Desk is the place of the one engine of a process: during a reload of the
// configuration the next waits until the one before has ended. Its methods are
// safe for concurrent use.
type Desk struct {
	mu     sync.Mutex
	engine *Engine
	closed bool
}

// Take ends the engine at work, if there is one, and starts e in its place.
func (d *Desk) Take(e *Engine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.engine != nil {
		d.engine.Close()
		d.engine = nil
	}
	if !d.closed && e != nil {
		d.engine = e
		e.Start()
	}
}

// Leave ends e, unless another has taken its place.
func (d *Desk) Leave(e *Engine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e != nil && d.engine == e {
		d.engine = nil
		e.Close()
	}
}

// Close implements [io.Closer]: no engine works from now on.
func (d *Desk) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.Take(nil)
	return nil
}
