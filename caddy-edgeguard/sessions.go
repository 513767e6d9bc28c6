package edgeguard

import (
	"bytes"
	"crypto/tls"
	"strings"
)

// bindingPrefix begins what we add to session tickets; the server name, lower
// case, follows.
const bindingPrefix = "edgestage server name "

// What becomes of a session ticket that a client shows; labels of a metric.
const (
	ticketResumed = "resumed" // or would be: versions and suites are not checked yet
	ticketForeign = "foreign" // bound to another server name, or to none of ours
	ticketUnknown = "unknown" // not encrypted with a key of this configuration
)

// bindSessions makes tickets of c valid for the server name they were issued
// under only. All policies of a listener share ticket keys, so a client could
// else resume a session of one name under another, without a certificate for
// it. Foreign tickets lead to a full handshake, which the client does not
// notice. seen is told what becomes of each ticket.
func bindSessions(c *tls.Config, seen func(outcome string)) {
	if c.SessionTicketsDisabled {
		return
	}
	wrap, unwrap := c.WrapSession, c.UnwrapSession
	if wrap == nil {
		wrap = c.EncryptTicket
	}
	if unwrap == nil {
		unwrap = c.DecryptTicket
	}
	c.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		ss.Extra = append(ss.Extra, binding(cs.ServerName))
		return wrap(cs, ss)
	}
	c.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, err := unwrap(identity, cs)
		switch {
		case err != nil || ss == nil:
			seen(ticketUnknown)
			return nil, err
		case !bound(ss, cs.ServerName):
			seen(ticketForeign)
			return nil, nil
		}
		seen(ticketResumed)
		return ss, nil
	}
}

// binding returns what a ticket issued under a server name, perhaps empty,
// carries.
func binding(serverName string) []byte {
	return []byte(bindingPrefix + strings.ToLower(serverName))
}

// bound tells whether a session was begun under that server name.
func bound(ss *tls.SessionState, serverName string) bool {
	want := binding(serverName)
	found := false
	for _, extra := range ss.Extra {
		if bytes.HasPrefix(extra, []byte(bindingPrefix)) {
			if !bytes.Equal(extra, want) {
				return false
			}
			found = true
		}
	}
	return found
}
