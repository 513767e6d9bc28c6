package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Logger is where a [Loader] reports.
type Logger interface {
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Store takes commits.
type Store interface {
	// Commit runs f at most once and makes what it wrote durable and visible,
	// whole, or returns f's error and changes nothing.
	Commit(ctx context.Context, f func(t Rows) error) error
}

// InReplica returns the [Store] of a replica.
func InReplica(r *state.Replica) Store { return replica{r} }

type replica struct{ *state.Replica }

// Commit implements [Store].
func (r replica) Commit(ctx context.Context, f func(t Rows) error) error {
	_, err := r.Replica.Commit(ctx, func(t *state.Tx) error { return f(t) })
	return err
}

// Config is what a [Loader] works with.
type Config struct {
	Sources []Source
	Store   Store
	Log     Logger
	// Interval is how often files are looked at; zero: every second.
	Interval time.Duration
	// Now is the clock; nil: [time.Now].
	Now func() time.Time
	// Seen returns what this node saw last in the file with an absolute path,
	// nil if it never saw it. A file that is still the same when it is looked
	// at for the first time is not parsed: it was free of faults then, and
	// there is nothing to import. Nil: nothing was seen.
	Seen func(path string) *model.Seen
}

// SeenBy returns [Config.Seen] of a replica.
func SeenBy(r *state.Replica) func(path string) *model.Seen {
	return func(path string) *model.Seen {
		var seen *model.Seen
		_ = r.View(func(rd *state.Reader) error { // what cannot be read was not seen
			if v, ok := rd.Get(model.TableSeen, path); ok {
				seen = v.(*model.Seen)
			}
			return nil
		})
		return seen
	}
}

// Loader keeps zones what the files say: it looks at them again and again, and
// imports those that changed. A document with a fault changes nothing; its
// faults are logged, once. A file that vanishes leaves its zone as it is.
//
// A Loader is not safe for concurrent use.
type Loader struct {
	Config
	files    map[string]*file // by absolute path
	findings string           // what was wrong with the sources themselves
}

// file is what a loader knows of one file.
type file struct {
	match
	watched    []string // itself and what it includes
	signatures []signature
	subject    string    // of the last document that was free of faults
	rival      bool      // refused because another file has its subject
	pending    *Document // read, not committed yet
	faults     string    // logged last, about the document
	failure    string    // logged last, about its commit
}

// New returns a loader. It reads nothing yet.
func New(c Config) *Loader {
	if c.Interval == 0 {
		c.Interval = time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Loader{Config: c, files: make(map[string]*file)}
}

// Load reads all files and imports none: the first Poll does. Where there is
// any fault it returns all of them, joined, so that a host may refuse to start.
func (l *Loader) Load() error {
	found, err := find(l.Sources)
	errs := []error{err}
	for _, m := range found {
		errs = append(errs, l.look(m))
	}
	return errors.Join(errs...)
}

// Run imports what the files say, and again whenever they change, until ctx is
// done. Commits wait until the node has caught up with its cluster.
func (l *Loader) Run(ctx context.Context) {
	ticker := time.NewTicker(l.Interval)
	defer ticker.Stop()
	for {
		l.Poll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Poll looks at all files once and imports what changed.
func (l *Loader) Poll(ctx context.Context) {
	found, err := find(l.Sources)
	l.findings = l.refuse(err, l.findings)
	l.forget(found)
	for _, m := range found {
		if err := l.look(m); err != nil {
			f := l.files[m.absolute]
			f.faults = l.refuse(err, f.faults)
		}
	}
	for _, m := range found {
		if f := l.files[m.absolute]; f.pending != nil && ctx.Err() == nil {
			l.commit(ctx, f)
		}
	}
}

// refuse logs each of the errors that err joins, unless they are what was
// logged last, and returns what is logged last then.
func (l *Loader) refuse(err error, logged string) string {
	if err == nil {
		return ""
	}
	if err.Error() != logged {
		for _, e := range flatten(err) {
			l.Log.Errorf("Refused %v", e)
		}
	}
	return err.Error()
}

// flatten returns the errors that err joins, or err alone.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, flatten(e)...)
	}
	return errs
}

// forget drops the files that are not there any more.
func (l *Loader) forget(found []match) {
	for path, f := range l.files {
		if slices.ContainsFunc(found, func(m match) bool { return m.absolute == path }) {
			continue
		}
		l.Log.Warnf("File %q is gone, what was loaded from it stays", f.path)
		delete(l.files, path)
		l.retryRivals()
	}
}

// retryRivals makes files be read again that were refused for another's sake.
func (l *Loader) retryRivals() {
	for _, f := range l.files {
		if f.rival {
			f.signatures = nil
		}
	}
}

// look reads a file if it changed. A document without fault is pending then.
func (l *Loader) look(m match) error {
	f := l.files[m.absolute]
	if f == nil {
		f = &file{match: m, watched: []string{m.path}}
		l.files[m.absolute] = f
	}
	signatures := sign(f.watched...)
	if slices.Equal(signatures, f.signatures) {
		return nil
	}
	data, err := m.read()
	if err != nil {
		f.watched, f.signatures = f.watched[:1], signatures[:1]
		return err
	}
	if f.signatures == nil && l.unchanged(f, data) {
		f.signatures = signatures
		return nil
	}
	doc, err := parse(m.path, data, m.Account)
	f.watched = append(f.watched[:1], doc.Includes...)
	f.signatures = append(signatures[:1], sign(doc.Includes...)...)
	if err != nil {
		return err
	}
	subject := doc.Subject()
	f.rival = false
	if other := l.rivalOf(f, subject); other != nil {
		f.rival = true
		return sameSubject(doc, other.path)
	}
	if f.subject != subject {
		f.subject = subject
		l.retryRivals()
	}
	doc.At = l.Now()
	f.pending, f.faults = doc, ""
	return nil
}

// unchanged tells whether a file holds what this node saw in it last. One that
// includes others never does: its hash is of all.
func (l *Loader) unchanged(f *file, data []byte) bool {
	if l.Seen == nil {
		return false
	}
	seen := l.Seen(f.absolute)
	sum := sha256.Sum256(data)
	if seen == nil || !bytes.Equal(sum[:], seen.Hash) || l.rivalOf(f, seen.Zone) != nil {
		return false
	}
	f.subject = seen.Zone
	return true
}

// rivalOf returns another file with the same subject, or nil.
func (l *Loader) rivalOf(f *file, subject string) *file {
	for _, other := range l.files {
		if other != f && other.subject == subject {
			return other
		}
	}
	return nil
}

// commit imports a file's pending document. What fails is tried again by the
// next Poll.
func (l *Loader) commit(ctx context.Context, f *file) {
	var outcome Outcome
	err := l.Store.Commit(ctx, func(t Rows) (err error) {
		outcome, err = Import(t, f.absolute, f.pending)
		return err
	})
	if err != nil {
		if ctx.Err() == nil && err.Error() != f.failure {
			l.Log.Errorf("Failed to load %q: %v", f.path, err)
			f.failure = err.Error()
		}
		return
	}
	doc := f.pending
	f.pending, f.failure = nil, ""
	switch outcome {
	case Loaded:
		l.Log.Infof("Loaded %q: %s", f.path, doc.summary())
	case PassedOver:
		l.Log.Warnf("Passed over %q: %s was loaded from it before, and from another document since", f.path, doc.Subject())
	}
}

// summary returns what the document holds, in words.
func (d *Document) summary() string {
	checks := fmt.Sprintf("%d health checks", len(d.HealthChecks))
	if d.Zone == nil {
		return checks
	}
	return fmt.Sprintf("hosted zone %s (%s), %d RRsets, %s", d.Zone.ID, d.Zone.Name.AWS(), len(d.RRsets), checks)
}
