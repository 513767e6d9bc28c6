package sni

import (
	"crypto/tls"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

// Outcome is how a handshake got its certificate.
type Outcome uint8

const (
	// Failed: Caddy's own choice returned an error.
	Failed Outcome = iota
	// Matched: the certificate is held for the server name.
	Matched
	// Default: nothing matched or no server name was sent; the certificate is
	// the load balancer's default, or Caddy's.
	Default
	// Challenge: the certificate proves control of the name (RFC 8737).
	Challenge
	// Refused: there is none, and the client is told unrecognized_name.
	Refused
)

// Outcomes are the names of all outcomes, in their order.
var Outcomes = [...]string{"failed", "matched", "default", "challenge", "refused"}

// String returns the outcome's name, a label of metrics.
func (o Outcome) String() string { return Outcomes[o] }

// Choice is what a handshake is answered with.
type Choice struct {
	Outcome Outcome
	// Certificate is nil if there is none to present, and for a challenge.
	Certificate *Certificate
}

// GetCertificate is a function as [tls.Config] has it under that name.
type GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// Settings is what one TLS configuration adds to the index.
type Settings struct {
	// TLS is the configuration; its GetCertificate is asked for what the index
	// does not decide.
	TLS *tls.Config
	// Selection is the site's own selection, which goes before others on sites
	// that are no load balancer's. Default: none.
	Selection *caddytls.CustomCertSelectionPolicy
	// Owners returns who owns host names at the moment. Default: nobody owns
	// any.
	Owners func() Owners
	// Hosts are the host names that the server serves. They decide what
	// happens to a client that sends no server name, or one that nothing is
	// held for.
	Hosts []string
	// Obliged tells whether Caddy's function is to be called even where it can
	// but choose the same: renewing on demand and telling event handlers are
	// done nowhere else. Default: always.
	Obliged func() bool
	// Observe is told of every choice, in the handshake. Default: nobody is.
	Observe func(*tls.ClientHelloInfo, Choice)
}

// Chooser chooses certificates for one TLS configuration.
type Chooser struct {
	Settings
	index    *Index
	ask      GetCertificate
	profile  *profile
	fallback atomic.Pointer[fallback]
}

// NewChooser returns a chooser over x. Later changes of s.TLS are not seen.
func NewChooser(x *Index, s Settings) *Chooser {
	if s.Owners == nil {
		s.Owners = func() Owners { return nobody{} }
	}
	if s.Obliged == nil {
		s.Obliged = func() bool { return true }
	}
	return &Chooser{Settings: s, index: x, ask: s.TLS.GetCertificate, profile: newProfile(s.TLS)}
}

// GetCertificate chooses the certificate for hello. It is nil, without an
// error, if the client is to be refused.
func (c *Chooser) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	h := handshake{Chooser: c, hello: hello, owners: c.Owners(), at: c.index.now().UnixNano()}
	cert, choice, err := h.choose()
	if c.Observe != nil {
		c.Observe(hello, choice)
	}
	return cert, err
}

// fallbackFor returns what the server does for unknown names, found once for
// each view of the owners.
func (c *Chooser) fallbackFor(owners Owners) *fallback {
	f := c.fallback.Load()
	if f == nil || f.owners != owners {
		f = newFallback(owners, c.Hosts)
		c.fallback.Store(f)
	}
	return f
}
