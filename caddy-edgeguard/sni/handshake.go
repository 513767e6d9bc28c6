package sni

import (
	"crypto/fips140"
	"crypto/tls"
	"slices"
	"strings"

	"github.com/mholt/acmez/v3"
)

// handshake is a client's hello on its way to a certificate.
type handshake struct {
	*Chooser
	hello   *tls.ClientHelloInfo
	name    string // server name, lower case
	owners  Owners
	at      int64 // Unix nanoseconds
	ability ability
}

// choose returns the certificate to present and what is to be said of it.
//
//	server name                    certificate
//	asks for a challenge           Caddy's
//	none                           the default's, see fallen
//	a load balancer's              see balance
//	any other                      see serve
func (h *handshake) choose() (*tls.Certificate, Choice, error) {
	if protos := h.hello.SupportedProtos; len(protos) == 1 && protos[0] == acmez.ACMETLS1Protocol && h.hello.ServerName != "" {
		cert, err := h.ask(h.hello)
		if err != nil {
			return nil, Choice{Outcome: Failed}, err
		}
		return cert, Choice{Outcome: Challenge}, nil
	}
	h.name = strings.ToLower(h.hello.ServerName)
	if h.name == "" {
		return h.fallen(Owner{}, nil, nil)
	}
	h.ability = h.profile.meet(h.hello)
	owner, _ := h.owners.Owner(h.name)
	set := h.index.lookup(h.name, h.at)
	if owner.Kind == LoadBalancer {
		return h.balance(owner, set)
	}
	return h.serve(owner, set)
}

// balance chooses as a load balancer does (aws-behaviour 8.2): all that match
// in the listener's list compete, a sole one is given to any client, and the
// default only where none matches.
func (h *handshake) balance(owner Owner, set *candidates) (*tls.Certificate, Choice, error) {
	if set == nil {
		return h.unheld(owner)
	}
	best, matches := (*Certificate)(nil), 0
	rank := 0
	for i := range set.ranked {
		k := &set.ranked[i]
		if k.traits.algorithm == ed25519Key || !owner.lists(k) {
			continue
		}
		matches++
		if r := h.rankBalanced(k); best == nil || r > rank {
			best, rank = k.Certificate, r
		}
	}
	switch {
	case matches == 0:
		return h.fallen(owner, nil, nil)
	case matches == 1 && rank >= usable:
		return h.give(best, set)
	}
	return best.TLS, Choice{Matched, best}, nil
}

// What a certificate is worth to a client; of equals the first in order is
// taken.
const (
	usable   = 8
	valid    = 4 // now
	selected = 2 // by the site
	anyRSA   = 1 // for a client that seems to support nothing
)

// rankBalanced ranks k for a load balancer.
func (h *handshake) rankBalanced(k *candidate) int {
	rank := 0
	if h.supports(k) {
		rank += usable
		if k.traits.valid(h.at / 1e9) {
			rank += valid
		}
	} else if k.traits.algorithm == rsaKey {
		rank += anyRSA
	}
	return rank
}

// lists tells whether k takes part in what the owner's names are served with:
// what Caddy holds does, for the configuration put it there; of our own those
// that the listener's list names, or all of the account where nothing is named.
func (o *Owner) lists(k *candidate) bool {
	switch {
	case k.traits.ofCaddy, o.Kind == 0:
		return true
	case k.Account != o.Account:
		return false
	case o.Kind == Distribution && o.Default != "":
		return k.ID == o.Default
	case o.Default == "" && len(o.List) == 0:
		return true
	}
	return slices.Contains(o.List, k.ID)
}

// serve chooses for a distribution and for all sites that are nobody's: exact
// names before wildcards, the expired last, and nothing that the client cannot
// use while it can use another.
func (h *handshake) serve(owner Owner, set *candidates) (*tls.Certificate, Choice, error) {
	var best *Certificate
	rank := 0
	if set != nil {
		for i := range set.sited {
			k := &set.sited[i]
			if !owner.lists(k) {
				continue
			}
			if r := h.rankServed(k); best == nil || r > rank {
				best, rank = k.Certificate, r
			}
		}
	}
	switch {
	case best == nil:
		return h.unheld(owner)
	case rank >= usable|valid:
		return h.give(best, set)
	case rank >= usable:
		return h.expired(best, set)
	case owner.Kind == Distribution:
		return best.TLS, Choice{Matched, best}, nil // the handshake fails by itself
	}
	cert, err := h.ask(h.hello)
	return h.settle(cert, Default, err)
}

// rankServed ranks k for all but load balancers.
func (h *handshake) rankServed(k *candidate) int {
	rank := 0
	if h.supports(k) {
		rank += usable
	}
	if k.traits.valid(h.at / 1e9) {
		rank += valid
	}
	if h.selects(k.Certificate) {
		rank += selected
	}
	return rank
}

// supports tells whether the client can use k.
func (h *handshake) supports(k *candidate) bool {
	if fips140.Enabled() {
		return h.hello.SupportsCertificate(k.TLS) == nil
	}
	return h.ability.supports(&k.traits)
}

// give presents k. If Caddy can but choose the same, it is asked to where there
// is an obligation: an on-demand certificate renews in that function only.
func (h *handshake) give(k *Certificate, set *candidates) (*tls.Certificate, Choice, error) {
	if k != set.sole || !h.selects(k) || !h.Obliged() {
		return k.TLS, Choice{Matched, k}, nil
	}
	cert, err := h.ask(h.hello)
	if err == nil && len(cert.Certificate) > 0 && string(cert.Certificate[0]) == string(k.TLS.Certificate[0]) {
		return cert, Choice{Matched, k}, nil
	}
	return h.settle(cert, Matched, err)
}

// expired presents k, whose time is over, unless Caddy has something better.
func (h *handshake) expired(k *Certificate, set *candidates) (*tls.Certificate, Choice, error) {
	if k == set.sole {
		return h.give(k, set)
	}
	if k.held != nil {
		cert, choice, err := h.asked()
		if better := choice.Certificate; err == nil && better != nil && better.valid(h.at/1e9) && h.supports(&candidate{better.traits, better}) {
			return cert, choice, nil
		}
	}
	return k.TLS, Choice{Matched, k}, nil
}

// unheld looks for a certificate where none is held for the server name: first
// Caddy may load or obtain one, then the default is taken.
func (h *handshake) unheld(owner Owner) (*tls.Certificate, Choice, error) {
	cert, choice, err := h.asked()
	if choice.Outcome == Matched {
		return cert, choice, nil
	}
	return h.fallen(owner, cert, err)
}

// asked returns what Caddy presents.
func (h *handshake) asked() (*tls.Certificate, Choice, error) {
	cert, err := h.ask(h.hello)
	return h.settle(cert, Default, err)
}

// fallen takes the default: that of the name's load balancer, or of the first
// one on this server; an edge of distributions alone refuses; anything else
// gets what Caddy has, which is cert and err if it was asked.
func (h *handshake) fallen(owner Owner, cert *tls.Certificate, err error) (*tls.Certificate, Choice, error) {
	f := h.fallbackFor(h.owners)
	if owner.Kind == 0 && f.balances {
		owner = f.balancer
	}
	if owner.Kind == LoadBalancer {
		if k := h.index.Managed(owner.Default); k != nil {
			return k.TLS, Choice{Default, k}, nil
		}
	}
	if owner.Kind == Distribution || owner.Kind == 0 && f.refuses {
		return nil, Choice{Outcome: Refused}, nil
	}
	if cert == nil && err == nil {
		cert, err = h.ask(h.hello)
	}
	return h.settle(cert, Default, err)
}

// settle says of a certificate of Caddy's what it is: a match if it covers the
// server name.
func (h *handshake) settle(cert *tls.Certificate, outcome Outcome, err error) (*tls.Certificate, Choice, error) {
	if err != nil || cert == nil || len(cert.Certificate) == 0 {
		return cert, Choice{Outcome: Failed}, err
	}
	k, bad := compile(cert)
	if bad != nil {
		return cert, Choice{Outcome: outcome}, nil
	}
	if h.name != "" && k.Covers(h.name) {
		outcome = Matched
	}
	return cert, Choice{outcome, k}, nil
}
