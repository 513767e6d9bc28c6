package edgeguard

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
)

// pending counts the connections that a handshake is expected on.
func (s *connections) pending() (n int) {
	s.shaking.Range(func(any, any) bool { n++; return true })
	return n
}

// TestConnections follows TCP connections from accept to their end.
func TestConnections(t *testing.T) {
	choice := sni.Choice{Outcome: sni.Matched, Certificate: &sni.Certificate{ID: "one"}}
	request := func(ctx context.Context) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		r.TLS = &tls.ConnectionState{ServerName: "www.a.test"}
		return r
	}
	for _, tc := range []struct {
		name   string
		states []http.ConnState // before the handshake
		shakes bool
		known  bool
	}{
		{"handshake", []http.ConnState{http.StateNew}, true, true},
		{"resumed, then used", []http.ConnState{http.StateNew, http.StateActive}, false, false},
		{"closed at once", []http.ConnState{http.StateNew, http.StateClosed}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s connections
			raw, other := net.Pipe()
			defer raw.Close()
			defer other.Close()
			conn := tls.Server(raw, new(tls.Config))
			s.moved(conn, http.StateNew)
			ctx := s.accepted(t.Context(), conn)
			for _, state := range tc.states {
				s.moved(conn, state)
			}
			if tc.shakes {
				s.chose(raw, "www.a.test", choice)
			}
			got, known := s.of(request(ctx))
			if known != tc.known || known && got.Certificate.ID != "one" {
				t.Errorf("of() = %+v, %v, want known %v", got, known, tc.known)
			}
			if n := s.pending(); n != 0 {
				t.Errorf("%d connections are still expected to shake hands", n)
			}
		})
	}
}

// TestRecentHandshakes fills the memory of those without a connection.
func TestRecentHandshakes(t *testing.T) {
	var s connections
	choice := func(id string) sni.Choice { return sni.Choice{Certificate: &sni.Certificate{ID: id}} }
	request := func(port int, serverName string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.TLS = fmt.Sprintf("192.0.2.1:%d", port), &tls.ConnectionState{ServerName: serverName}
		return r
	}
	put := func(port int, serverName, id string) {
		s.recent.put(handshakeID{fmt.Sprintf("192.0.2.1:%d", port), serverName}, choice(id))
	}
	put(1, "a.test", "old")
	put(1, "a.test", "one")
	put(1, "b.test", "two")
	for serverName, want := range map[string]string{"a.test": "one", "b.test": "two"} {
		if got, ok := s.of(request(1, serverName)); !ok || got.Certificate.ID != want {
			t.Errorf("of(%s) = %+v, %v, want %s", serverName, got, ok, want)
		}
	}
	if _, ok := s.of(request(2, "a.test")); ok {
		t.Error("another address is known")
	}
	for port := range 10 * maxRecent {
		put(port+2, "a.test", fmt.Sprint(port))
	}
	known := 0
	for port := range 10 * maxRecent {
		if got, ok := s.of(request(port+2, "a.test")); ok {
			known++
			if got.Certificate.ID != fmt.Sprint(port) {
				t.Fatalf("port %d is known as %s", port, got.Certificate.ID)
			}
		}
	}
	if known == 0 || known > maxRecent {
		t.Errorf("%d handshakes are known, want at most %d", known, maxRecent)
	}
}

// TestNoConnectionBelow: what hides the connection below TLS is no reason to
// fail.
func TestNoConnectionBelow(t *testing.T) {
	var s connections
	raw, other := net.Pipe()
	defer raw.Close()
	defer other.Close()
	s.accepted(t.Context(), raw)
	if n := s.pending(); n != 0 {
		t.Errorf("%d connections are expected to shake hands, want none without TLS", n)
	}
	s.moved(raw, http.StateClosed)
	s.chose(nil, "www.a.test", sni.Choice{})
}

// TestTrace: all requests of a connection have one id, and no other connection
// has it (aws-behaviour 8.4, conn_trace_id).
func TestTrace(t *testing.T) {
	var s connections
	request := func(ctx context.Context, port int) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		r.RemoteAddr = fmt.Sprintf("192.0.2.1:%d", port)
		return r
	}
	seen := make(map[string]int)
	conn, other := net.Pipe()
	defer conn.Close()
	defer other.Close()
	for i := range 100 { // over TCP, all from one port
		ctx := s.accepted(t.Context(), conn)
		id := s.trace(request(ctx, 1))
		if again := s.trace(request(ctx, 1)); again != id {
			t.Fatalf("trace() = %s, then %s", id, again)
		}
		seen[id] = i
	}
	for i := range 100 { // over QUIC, each from a port of its own
		id := s.trace(request(t.Context(), i))
		if again := s.trace(request(t.Context(), i)); again != id {
			t.Fatalf("trace() = %s, then %s", id, again)
		}
		seen[id] = i
	}
	if len(seen) != 200 {
		t.Errorf("%d ids for 200 connections", len(seen))
	}
	for id := range seen {
		if !regexp.MustCompile(`^TID_[0-9a-f]{32}$`).MatchString(id) {
			t.Errorf("trace() = %q", id)
		}
	}
}
