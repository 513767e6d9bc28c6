package edgeguard

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
)

// connections remembers which certificate each connection was secured with,
// and tells connections apart, for the access log only. A TCP connection carries that in the context of its
// requests; of the others, HTTP/3 above all, the last few thousand are known by
// remote address and server name.
type connections struct {
	shaking sync.Map // net.Conn below TLS to *secured, from accept to handshake
	recent  recent
}

// secured is a TCP connection, and what it was secured with once that is known.
type secured struct {
	id     [2]uint64
	choice atomic.Pointer[sni.Choice]
}

// securedKey is the context key of *secured.
type securedKey struct{}

// below returns the connection below TLS, by which a handshake knows it; nil
// if c does not say, or could not be looked up.
func below(c net.Conn) net.Conn {
	t, ok := c.(interface{ NetConn() net.Conn })
	if !ok {
		return nil
	}
	n := t.NetConn()
	if n == nil || !reflect.TypeOf(n).Comparable() {
		return nil
	}
	return n
}

// accepted puts the connection, with a place for its choice, into the context
// of its requests.
func (s *connections) accepted(ctx context.Context, c net.Conn) context.Context {
	place := &secured{id: [2]uint64{rand.Uint64(), rand.Uint64()}}
	if n := below(c); n != nil {
		s.shaking.Store(n, place)
	}
	return context.WithValue(ctx, securedKey{}, place)
}

// moved forgets a connection whose handshake is over.
func (s *connections) moved(c net.Conn, state http.ConnState) {
	if state == http.StateNew {
		return
	}
	if n := below(c); n != nil {
		s.shaking.Delete(n)
	}
}

// chose notes what a handshake on c ended with.
func (s *connections) chose(c net.Conn, serverName string, choice sni.Choice) {
	if c == nil {
		return
	}
	if reflect.TypeOf(c).Comparable() {
		if place, ok := s.shaking.LoadAndDelete(c); ok {
			place.(*secured).choice.Store(&choice)
			return
		}
	}
	s.recent.put(handshakeID{c.RemoteAddr().String(), serverName}, choice)
}

// of returns what the connection of r was secured with, if that is known.
func (s *connections) of(r *http.Request) (sni.Choice, bool) {
	if place, ok := r.Context().Value(securedKey{}).(*secured); ok {
		if choice := place.choice.Load(); choice != nil {
			return *choice, true
		}
	}
	return s.recent.get(handshakeID{r.RemoteAddr, r.TLS.ServerName})
}

// traceSeeds make the ids of connections that are known by address alone.
var traceSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// trace returns the id of the connection of r, as load balancers write it. An
// HTTP/3 connection is told by its client's address and port.
func (s *connections) trace(r *http.Request) string {
	var id [2]uint64
	if place, ok := r.Context().Value(securedKey{}).(*secured); ok {
		id = place.id
	} else {
		id = [2]uint64{maphash.String(traceSeeds[0], r.RemoteAddr), maphash.String(traceSeeds[1], r.RemoteAddr)}
	}
	return fmt.Sprintf("TID_%016x%016x", id[0], id[1])
}

// handshakeID tells handshakes apart, more or less.
type handshakeID struct{ remote, serverName string }

// maxRecent is how many handshakes recent has room for.
const maxRecent = 4096

// recent holds handshakes that no connection was known for, each in the place
// that its hash names: a later one there replaces it.
type recent [maxRecent]atomic.Pointer[shaken]

// shaken is a handshake and what it ended with.
type shaken struct {
	handshakeID
	choice sni.Choice
}

var recentSeed = maphash.MakeSeed()

func (l *recent) place(id handshakeID) *atomic.Pointer[shaken] {
	return &l[maphash.Comparable(recentSeed, id)%maxRecent]
}

func (l *recent) put(id handshakeID, choice sni.Choice) { l.place(id).Store(&shaken{id, choice}) }

func (l *recent) get(id handshakeID) (sni.Choice, bool) {
	s := l.place(id).Load()
	if s == nil || s.handshakeID != id {
		return sni.Choice{}, false
	}
	return s.choice, true
}
