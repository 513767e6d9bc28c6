// Package sni chooses the certificate of a TLS handshake as AWS's edge does,
// among all that Caddy holds and those of our own: for a load balancer's
// names by Elastic Load Balancing's smart selection, for a distribution's
// names as CloudFront, for every other site exact names before wildcards
// (aws-behaviour 8.2, 9.1).
//
// An [Index] maps server names to compiled candidates; a [Chooser] adds what
// one TLS configuration allows and who owns the names. It neither obtains nor
// renews certificates, and never answers ACME challenges: what it does not
// decide it leaves to Caddy's own GetCertificate.
//
// Everything that a handshake calls is safe for concurrent use, reads
// immutable values, and waits for no writer.
package sni

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
)

// freshFor is for how long candidates are used without a look at what Caddy
// holds. Caddy replaces and removes certificates without saying so.
const freshFor = time.Second

// maxBelow bounds the names known only through a wildcard: a client makes up
// as many as it likes.
const maxBelow = 1 << 15

// Index maps server names to the certificates held for them. Its entries are
// made by the first handshake for a name and checked by the first one that
// finds them older than a second. Names without a certificate are not stored.
type Index struct {
	held func(name string) []certmagic.Certificate
	now  func() time.Time

	entries    *table
	below      atomic.Int64 // entries of names that only a wildcard covers
	maxBelow   int64
	sweeping   sync.Mutex
	nextSweep  atomic.Int64 // Unix nanoseconds
	managed    managed
	generation atomic.Uint64 // of managed
}

// entry is what is known of one server name.
type entry struct {
	name    string
	hash    uint64
	below   bool         // counted in Index.below
	checked atomic.Int64 // Unix nanoseconds
	set     atomic.Pointer[candidates]
}

// candidates are the certificates that are held for a server name.
type candidates struct {
	generation uint64
	ranked     []candidate  // by prefer, exact or not
	sited      []candidate  // those that name it exactly first, then by prefer
	exact      int          // how many of sited are exact
	sole       *Certificate // the only exact one that Caddy holds, if there is one
	found      []certmagic.Certificate
}

// candidate is a certificate with a copy of what choosing looks at, so that
// those that are not chosen are not touched.
type candidate struct {
	traits
	*Certificate
}

// candidatesOf returns the candidates of a sorted list.
func candidatesOf(list []*Certificate) []candidate {
	out := make([]candidate, len(list))
	for i, c := range list {
		out[i] = candidate{c.traits, c}
	}
	return out
}

// NewIndex returns an index over the certificates that held returns for a
// lower-case name, such as [caddytls.AllMatchingCertificates]. Those that do
// not cover the name are passed over. now is the clock, nil the system's.
func NewIndex(held func(name string) []certmagic.Certificate, now func() time.Time) *Index {
	if now == nil {
		now = time.Now
	}
	return &Index{held: held, now: now, entries: newTable(), maxBelow: maxBelow}
}

// lookup returns the candidates for a lower-case server name, nil if no
// certificate is held for it.
func (x *Index) lookup(name string, now int64) *candidates {
	e := x.entries.get(name)
	if e == nil {
		return x.insert(name, now)
	}
	set := e.set.Load()
	checked := e.checked.Load()
	if now-checked < int64(freshFor) && set.generation == x.generation.Load() {
		return set
	}
	e.checked.Store(now) // others use the old set while this one looks
	generation := x.generation.Load()
	found := x.held(name)
	if set.generation == generation && same(set.found, found) {
		return set
	}
	set = x.compile(name, found, generation)
	if set == nil {
		x.remove(e)
		return nil
	}
	e.set.Store(set)
	return set
}

// insert returns the candidates for a name that is not stored, and stores them
// if there are any.
func (x *Index) insert(name string, now int64) *candidates {
	set := x.compile(name, x.held(name), x.generation.Load())
	if set == nil {
		return nil
	}
	x.sweep(now)
	if set.exact == 0 && x.below.Load() >= x.maxBelow {
		return set
	}
	e := &entry{name: strings.Clone(name), below: set.exact == 0}
	e.checked.Store(now)
	e.set.Store(set)
	if x.entries.put(e) == e && e.below {
		x.below.Add(1)
	}
	return set
}

// remove takes an entry out.
func (x *Index) remove(e *entry) {
	if x.entries.remove(e) && e.below {
		x.below.Add(-1)
	}
}

// compile returns the candidates for name among found and those of our own,
// nil if there are none.
func (x *Index) compile(name string, found []certmagic.Certificate, generation uint64) *candidates {
	set := &candidates{generation: generation, found: found}
	var sited, wild []*Certificate
	add := func(c *Certificate) {
		if exact, covers := c.match(name); exact {
			sited = append(sited, c)
		} else if covers {
			wild = append(wild, c)
		}
	}
	ofCaddy := 0
	for i := range found {
		if slices.ContainsFunc(found[:i], func(c certmagic.Certificate) bool { return c.Hash() == found[i].Hash() }) {
			continue // found by several names
		}
		c, err := compile(&found[i].Certificate)
		if err != nil {
			continue // Caddy's to report
		}
		c.held, c.ofCaddy = &found[i], true
		if exact, _ := c.match(name); exact {
			ofCaddy++
			set.sole = c
		}
		add(c)
	}
	if ofCaddy != 1 {
		set.sole = nil
	}
	x.managed.each(name, add)
	set.exact = len(sited)
	if set.exact+len(wild) == 0 {
		return nil
	}
	slices.SortFunc(sited, prefer)
	slices.SortFunc(wild, prefer)
	sited = append(sited, wild...)
	set.sited = candidatesOf(sited)
	slices.SortFunc(sited, prefer)
	set.ranked = candidatesOf(sited)
	return set
}

// same tells whether Caddy holds the same certificates, in the same order and
// with the same staples.
func same(a, b []certmagic.Certificate) bool {
	return slices.EqualFunc(a, b, func(a, b certmagic.Certificate) bool {
		return a.Hash() == b.Hash() && bytes.Equal(a.OCSPStaple, b.OCSPStaple) && slices.Equal(a.Tags, b.Tags)
	})
}

// sweep removes, at most once a minute, the entries that no handshake asked
// for in the last minute: their certificates may be gone, and what they hold
// in memory with them.
func (x *Index) sweep(now int64) {
	const every = int64(time.Minute)
	next := x.nextSweep.Load()
	if now < next || !x.sweeping.TryLock() {
		return
	}
	defer x.sweeping.Unlock()
	if !x.nextSweep.CompareAndSwap(next, now+every) || next == 0 {
		return
	}
	x.entries.each(func(e *entry) {
		if now-e.checked.Load() > every {
			x.remove(e)
		}
	})
}
