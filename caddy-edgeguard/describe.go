package edgeguard

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
	"github.com/edgestage/edgestage/state/claims"
)

// Describe implements [handshake.Edge].
func (e *wrapped) Describe(r *http.Request) handshake.Details {
	d := handshake.Details{
		DomainName: handshake.Absent, Certificate: handshake.Absent, KeyType: handshake.Absent, Account: handshake.Absent,
		LoadBalancer: e.loadBalancer(r), Connection: e.connections.trace(r),
	}
	if r.TLS == nil {
		return d
	}
	choice, known := e.connections.of(r)
	name := strings.ToLower(r.TLS.ServerName)
	switch {
	case r.TLS.DidResume:
		d.Certificate = handshake.Resumed
	case known && choice.Certificate != nil:
		c := choice.Certificate
		d.Certificate, d.KeyType = c.ID, c.KeyType
		if c.Account != "" {
			d.Account = c.Account
		}
	}
	if name != "" && (r.TLS.DidResume || choice.Outcome != sni.Default) {
		d.DomainName = name
	}
	if owner, ok := e.node.Claims().View().Owner(name); ok {
		d.Account = owner.Account
	}
	return d
}

// loadBalancer returns the id of the load balancer that a request is for.
func (e *wrapped) loadBalancer(r *http.Request) string {
	names := []string{r.Host}
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		names[0] = host
	}
	if r.TLS != nil {
		names = append(names, r.TLS.ServerName)
	}
	view := e.node.Claims().View()
	for _, name := range names {
		owner, ok := view.Owner(strings.ToLower(strings.TrimSuffix(name, ".")))
		if _, id, is := strings.Cut(owner.ID, ":loadbalancer/"); ok && is {
			return id
		}
	}
	return handshake.Absent
}

// serverEdge is what the edge knows, with the hosts of one server. It implements
// [handshake.Edge].
type serverEdge struct {
	*wrapped
	hosts    []string
	nameless atomic.Pointer[nameless]
}

// nameless is whose default certificate is presented to clients that send no
// server name, by one view of the claims.
type nameless struct {
	view    *claims.View
	account string
}

// Account implements [handshake.Edge].
func (s *serverEdge) Account(serverName string) string {
	if serverName != "" {
		return s.wrapped.Account(serverName)
	}
	view := s.node.Claims().View()
	n := s.nameless.Load()
	if n == nil || n.view != view {
		n = &nameless{view, sni.DefaultAccount(viewOwners{view}, s.hosts)}
		s.nameless.Store(n)
	}
	return n.account
}
