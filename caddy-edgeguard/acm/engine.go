package acm

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

const (
	// tickInterval is how often the engine looks what is due, and whether a
	// record that it waits for has come into a hosted zone of ours.
	tickInterval = 200 * time.Millisecond
	// maxTasks is how many certificates are worked on at once.
	maxTasks = 16
)

// engineTables are what an engine follows.
var engineTables = []string{
	model.TableCertificates, model.TableCertificateLeaves, model.TableCertificateWork, model.TableCertificateMarks,
	model.TableCertificateWorkers, model.TableZones,
}

// Engine works on the certificates that it owns.
type Engine struct {
	c      Config
	run    string
	cancel context.CancelFunc
	done   sync.WaitGroup
	slots  chan struct{}

	mu      sync.Mutex
	entries map[string]*entry // by ARN
	workers map[string]*model.CertificateWorker
	epoch   int // of workers
	zones   map[string]*model.Zone
}

// entry is a certificate and when it is looked at next.
type entry struct {
	rows rowSet

	due     time.Time
	running bool
	again   bool   // rows changed while running
	waiting bool   // for a record
	records string // what our zones hold of it, at the last look
	hot     int    // quick tries left after a record came
	failed  int    // attempts to issue that failed in a row
	unproof bool   // the renewal's record is gone

	owner      string
	ownerEpoch int
}

// rowSet are the rows of one certificate, any of them missing.
type rowSet struct{ model.CertificateState }

// NewEngine returns an engine that does nothing yet.
func NewEngine(c Config) *Engine {
	return &Engine{
		c: c.withDefaults(), slots: make(chan struct{}, maxTasks),
		entries: make(map[string]*entry), workers: make(map[string]*model.CertificateWorker), zones: make(map[string]*model.Zone),
	}
}

// Start begins to work. It returns at once.
func (e *Engine) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	e.done.Add(1)
	go e.loop(ctx)
}

// Close ends the work, also that under way, and waits for it.
func (e *Engine) Close() {
	if e.cancel != nil {
		e.cancel()
	}
	e.done.Wait()
}

// loop waits until the node serves, tells the others that it works, and works.
func (e *Engine) loop(ctx context.Context) {
	defer e.done.Done()
	select {
	case <-e.c.Replica.Ready():
	case <-ctx.Done():
		return
	}
	if err := e.introduce(ctx); err != nil {
		e.c.Log.Error("certificates are not worked on", zap.Error(err))
		return
	}
	sub := e.c.Replica.Subscribe(engineTables...)
	defer sub.Close()
	defer func() { _ = e.c.Replica.Publish(model.TableCertificateWorkers, nil) }()
	e.done.Add(1)
	go e.follow(ctx, sub)
	tick := time.NewTicker(tickInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			e.tick(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// introduce tells all nodes who issues here.
func (e *Engine) introduce(ctx context.Context) error {
	for _, m := range e.c.Replica.Members() {
		if m.Self {
			e.run = m.Run.String()
		}
	}
	directory := e.c.Authority.Directory()
	worker := &model.CertificateWorker{Run: e.run, Node: e.c.Node, Directory: directory}
	if err := e.c.Replica.Publish(model.TableCertificateWorkers, []model.Value{worker}); err != nil {
		return err
	}
	_, err := e.c.Replica.Commit(ctx, func(t *state.Tx) error {
		if v, ok := t.Get(model.TableCertificateAuthorities, model.CertificateAuthorityKey); ok && v.(*model.CertificateAuthority).Directory == directory {
			return nil
		} else if !ok && directory == "" {
			return nil
		}
		return t.Put(&model.CertificateAuthority{Directory: directory, Node: e.c.Node, At: e.c.Now().UTC()})
	})
	return err
}

// follow takes what changes.
func (e *Engine) follow(ctx context.Context, sub *state.Subscription) {
	defer e.done.Done()
	for {
		b, err := sub.Next(ctx)
		if err != nil {
			return
		}
		e.apply(b)
		sub.Ack(b)
		e.tick(ctx)
	}
}

func (e *Engine) apply(b state.Batch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b.Reset {
		for _, en := range e.entries {
			en.rows = rowSet{}
		}
		clear(e.workers)
		clear(e.zones)
		e.epoch++
	}
	for _, c := range b.Changes {
		e.change(c)
	}
	maps.DeleteFunc(e.entries, func(_ string, en *entry) bool {
		return en.rows.Certificate == nil && !en.rows.orphaned() && !en.running
	})
}

// change takes one row. What another wrote makes the certificate due at once;
// its work does not, for this engine writes that itself.
func (e *Engine) change(c state.Change) {
	switch c.Table {
	case model.TableZones:
		replace(e.zones, c)
		return
	case model.TableCertificateWorkers:
		replace(e.workers, c)
		e.epoch++
		return
	}
	arn, _, _ := strings.Cut(c.Key, "\x00")
	en := e.entries[arn]
	if en == nil {
		en = new(entry)
		e.entries[arn] = en
	}
	en.rows.put(c)
	if c.Table != model.TableCertificateWork {
		en.due, en.again = time.Time{}, true
	}
}

// replace puts a row into a table of one kind, or takes it out.
func replace[V any](m map[string]*V, c state.Change) {
	delete(m, c.Key)
	if v, ok := any(c.Value).(*V); ok {
		m[c.Key] = v
	}
}

// put takes one row of the certificate.
func (r *rowSet) put(c state.Change) {
	switch c.Table {
	case model.TableCertificates:
		r.Certificate, _ = c.Value.(*model.Certificate)
	case model.TableCertificateWork:
		r.Work, _ = c.Value.(*model.CertificateWork)
	case model.TableCertificateLeaves:
		r.Leaf, _ = c.Value.(*model.CertificateLeaf)
	case model.TableCertificateMarks:
		m, _ := c.Value.(*model.CertificateMark)
		switch _, kind, _ := strings.Cut(c.Key, "\x00"); kind {
		case model.MarkRevoked:
			r.Revoked = m
		case model.MarkExported:
			r.Exported = m
		case model.MarkRenewal:
			r.Asked = m
		}
	}
}

// orphaned tells whether rows are left of a certificate that is gone.
func (r *rowSet) orphaned() bool {
	return r.Certificate == nil && (r.Work != nil || r.Leaf != nil || r.Revoked != nil || r.Exported != nil || r.Asked != nil)
}

// mine tells whether this engine owns a certificate.
func (e *Engine) mine(arn string, en *entry) bool {
	if en.ownerEpoch != e.epoch || en.owner == "" {
		en.owner, en.ownerEpoch = ownerOf(arn, e.workers), e.epoch
	}
	return en.owner == e.run
}

// owns is mine, for who does not hold the lock.
func (e *Engine) owns(arn string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	en := e.entries[arn]
	return en != nil && e.mine(arn, en)
}

// tick begins what is due.
func (e *Engine) tick(ctx context.Context) {
	if e.c.Replica.Behind() != nil {
		return
	}
	now := e.c.Now()
	e.watchRecords()
	e.mu.Lock()
	defer e.mu.Unlock()
	unproof := 0
	for arn, en := range e.entries {
		mine := e.mine(arn, en)
		if mine && en.unproof {
			unproof++
		}
		if !mine || en.running || en.due.After(now) {
			continue
		}
		select {
		case e.slots <- struct{}{}:
			en.running, en.again = true, false
			e.done.Add(1)
			go e.task(ctx, arn, en.rows.CertificateState)
		default:
			return // those left are due at the next tick
		}
	}
	if e.c.Metrics != nil {
		e.c.Metrics.unproof.Set(float64(unproof))
	}
}

// task does the next step of one certificate.
func (e *Engine) task(ctx context.Context, arn string, s model.CertificateState) {
	defer e.done.Done()
	defer func() { <-e.slots }()
	began := e.c.Now()
	out := e.work(ctx, arn, s)
	e.mu.Lock()
	defer e.mu.Unlock()
	en := e.entries[arn]
	if en == nil {
		return
	}
	en.running, en.waiting = false, out.waiting
	en.unproof = out.unproof
	if out.failed {
		en.failed++
	} else if !out.waiting {
		en.failed = 0
	}
	wait := out.next
	if out.failed {
		wait = max(wait, min(time.Hour, 5*time.Second<<min(en.failed, 12)))
	}
	if out.waiting && en.hot > 0 {
		en.hot--
		wait = min(wait, hotTries[en.hot])
	}
	en.due = began.Add(wait)
	if en.again {
		en.due, en.again = time.Time{}, false
	}
}

// outcome is what became of a step.
type outcome struct {
	// next is how long to wait until the next.
	next time.Duration
	// waiting says that a record is waited for: when one comes, look at once.
	waiting bool
	// unproof says that a renewal waits for a record.
	unproof bool
	// failed says that an issuance failed.
	failed bool
}

// idle is how long nothing needs to be done for a certificate at most.
const idle = 24 * time.Hour

// hotTries are the waits after a record has come into a zone of ours, from the
// last to the first: the servers that answer for it may lag by as much.
var hotTries = [...]time.Duration{
	3200 * time.Millisecond, 1600 * time.Millisecond, 800 * time.Millisecond, 400 * time.Millisecond,
	200 * time.Millisecond, 100 * time.Millisecond, 50 * time.Millisecond,
}

// work does what a certificate needs now.
func (e *Engine) work(ctx context.Context, arn string, s model.CertificateState) outcome {
	now := e.c.Now()
	switch {
	case s.Certificate == nil:
		e.clean(ctx, arn)
		return outcome{next: time.Minute}
	}
	quiet := e.announceEnd(ctx, s, now)
	if s.Type != model.CertificateIssued || s.Foreign {
		return outcome{next: quiet}
	}
	out := e.advance(ctx, s, now)
	out.next = min(out.next, quiet)
	return out
}

// advance goes on with a certificate that was requested.
func (e *Engine) advance(ctx context.Context, s model.CertificateState, now time.Time) outcome {
	switch s.Status(now) {
	case model.CertificatePending:
		if s.Method != model.ValidateByDNS {
			return outcome{next: min(idle, s.Created.Add(model.ValidationTime).Sub(now))}
		}
		return e.request(ctx, s)
	case model.CertificateTimedOut:
		e.timeOut(ctx, s)
	case model.CertificateActive:
		return e.renew(ctx, s)
	case model.CertificateExpired:
		e.expire(ctx, s)
	}
	return outcome{next: idle}
}

// clean deletes the rows of a certificate that is gone.
func (e *Engine) clean(ctx context.Context, arn string) {
	_, err := e.c.Replica.Commit(ctx, func(t *state.Tx) error {
		if _, ok := t.Get(model.TableCertificates, arn); ok {
			return nil
		}
		t.Delete(model.TableCertificateWork, arn)
		t.Delete(model.TableCertificateLeaves, arn)
		for _, kind := range []string{model.MarkRevoked, model.MarkExported, model.MarkRenewal} {
			t.Delete(model.TableCertificateMarks, model.CertificateMarkKey(arn, kind))
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		e.c.Log.Warn("rows of a deleted certificate are left", zap.String("certificate", arn), zap.Error(err))
	}
}
