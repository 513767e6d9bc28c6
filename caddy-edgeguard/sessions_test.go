package edgeguard

import (
	"crypto/tls"
	"testing"
)

// TestBinding checks what a ticket is valid for.
func TestBinding(t *testing.T) {
	with := func(extra ...string) *tls.SessionState {
		ss := new(tls.SessionState)
		for _, e := range extra {
			ss.Extra = append(ss.Extra, []byte(e))
		}
		return ss
	}
	for _, tc := range []struct {
		name       string
		session    *tls.SessionState
		serverName string
		want       bool
	}{
		{"the same name", with(string(binding("www.a.test"))), "www.a.test", true},
		{"another case", with(string(binding("WWW.a.test"))), "www.A.test", true},
		{"beside what others add", with("other", string(binding("www.a.test"))), "www.a.test", true},
		{"no name, as then", with(string(binding(""))), "", true},
		{"another name", with(string(binding("www.a.test"))), "www.b.test", false},
		{"a longer name", with(string(binding("www.a.test"))), "www.a.test.b.test", false},
		{"no name now", with(string(binding("www.a.test"))), "", false},
		{"no name then", with(string(binding(""))), "www.a.test", false},
		{"two names", with(string(binding("www.a.test")), string(binding("www.b.test"))), "www.a.test", false},
		{"not bound", with(), "www.a.test", false},
		{"not bound, no name", with("other"), "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := bound(tc.session, tc.serverName); got != tc.want {
				t.Errorf("bound(%q, %q) = %v, want %v", tc.session.Extra, tc.serverName, got, tc.want)
			}
		})
	}
}

// TestTicketsOff: where tickets are off nothing is bound, and what others set
// stays.
func TestTicketsOff(t *testing.T) {
	off := &tls.Config{SessionTicketsDisabled: true}
	bindSessions(off, nil)
	if off.WrapSession != nil || off.UnwrapSession != nil {
		t.Error("tickets are wrapped though they are off")
	}
	wrapped := false
	c := &tls.Config{WrapSession: func(tls.ConnectionState, *tls.SessionState) ([]byte, error) {
		wrapped = true
		return nil, nil
	}}
	bindSessions(c, nil)
	if _, err := c.WrapSession(tls.ConnectionState{}, new(tls.SessionState)); err != nil || !wrapped {
		t.Errorf("WrapSession() = %v; called what was there before: %v", err, wrapped)
	}
}
