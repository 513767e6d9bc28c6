package acm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
)

// The bounds of a look-up.
const (
	// maxHops is how many CNAME records a proof may lead over (aws-behaviour
	// 7.4).
	maxHops = 5
	// maxRecords is how many records of an answer are looked at; one with more
	// is refused.
	maxRecords = 100
	// askTime is how long one server may take for one answer.
	askTime = 5 * time.Second
	// udpSize is the largest datagram asked for: one that is not fragmented.
	udpSize = 1232
)

// Resolver looks names up, at servers asked in order until one answers. It
// keeps nothing between look-ups and is safe for concurrent use.
type Resolver struct {
	// Servers are addresses with ports, at least one: recursive resolvers, or
	// the authoritative servers of the zones in question.
	Servers []string

	// exchange is the network, but for tests.
	exchange func(ctx context.Context, q *dns.Msg, network, server string) (*dns.Msg, error)
}

// SystemServers returns the resolvers of this machine.
func SystemServers() ([]string, error) {
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("reading the system's resolvers: %w", err)
	}
	var out []string
	for _, s := range c.Servers {
		out = append(out, net.JoinHostPort(s, c.Port))
	}
	if len(out) == 0 {
		return nil, errors.New("the system has no resolver")
	}
	return out, nil
}

// rcodeError is an answer that says nothing about the name.
type rcodeError struct {
	server string
	rcode  int
}

func (e *rcodeError) Error() string {
	return fmt.Sprintf("resolver %s answers %s", e.server, dns.RcodeToString[e.rcode])
}

// ask returns the first answer that says something about the name: NOERROR or
// NXDOMAIN. Otherwise it returns what each server did instead.
func (r *Resolver) ask(ctx context.Context, name model.Name, qtype uint16) (*dns.Msg, error) {
	var errs []error
	for _, server := range r.Servers {
		m, err := r.askServer(ctx, server, name, qtype)
		if err == nil {
			return m, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// askServer asks one server, by TCP where a datagram is too small.
func (r *Resolver) askServer(ctx context.Context, server string, name model.Name, qtype uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(string(name), qtype)
	q.SetEdns0(udpSize, false)
	exchange := r.exchange
	if exchange == nil {
		exchange = exchangeByNet
	}
	m, err := exchange(ctx, q, "udp", server)
	if err == nil && m.Truncated {
		m, err = exchange(ctx, q, "tcp", server)
	}
	if err != nil {
		return nil, fmt.Errorf("resolver %s: %w", server, err)
	}
	switch {
	case !m.Response || m.Id != q.Id || len(m.Question) != 1 || m.Question[0].Qtype != qtype || !strings.EqualFold(m.Question[0].Name, string(name)):
		return nil, fmt.Errorf("resolver %s answers another question", server)
	case m.Truncated:
		return nil, fmt.Errorf("resolver %s truncates its answer over TCP", server)
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		return nil, &rcodeError{server, m.Rcode}
	case len(m.Answer) > maxRecords:
		return nil, fmt.Errorf("resolver %s answers with %d records, at most %d are looked at", server, len(m.Answer), maxRecords)
	}
	return m, nil
}

// exchangeByNet sends one question and reads one answer: 64 KiB at most.
func exchangeByNet(ctx context.Context, q *dns.Msg, network, server string) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c := &dns.Client{Net: network, Timeout: askTime, UDPSize: udpSize}
	m, _, err := c.ExchangeContext(ctx, q, server)
	return m, err
}

// cname returns where the CNAME record at name leads, "" where there is none,
// and the code of the answer.
func (r *Resolver) cname(ctx context.Context, name model.Name) (model.Name, int, error) {
	m, err := r.ask(ctx, name, dns.TypeCNAME)
	if err != nil {
		return "", 0, err
	}
	for _, rr := range m.Answer {
		if c, ok := rr.(*dns.CNAME); ok && model.FromDNS(c.Hdr.Name) == name {
			return model.FromDNS(c.Target), m.Rcode, nil
		}
	}
	return "", m.Rcode, nil
}

// proven looks whether the CNAME records at name lead to target. Where they do
// not, or it cannot be seen, the error says what was found instead, in one
// line.
func (r *Resolver) proven(ctx context.Context, name, target model.Name) error {
	seen := []model.Name{name}
	for at := name; ; {
		next, rcode, err := r.cname(ctx, at)
		switch {
		case err != nil:
			return fmt.Errorf("looking up CNAME %s: %w", at, err)
		case next == target:
			return nil
		case next == "" && at == name:
			return fmt.Errorf("there is no CNAME record %s (%s)", at, dns.RcodeToString[rcode])
		case next == "":
			return fmt.Errorf("the CNAME record %s leads to %s, not to %s", name, at, target)
		case contains(seen, next):
			return fmt.Errorf("the CNAME records from %s form a loop at %s", name, next)
		case len(seen) == maxHops:
			return fmt.Errorf("the CNAME records from %s lead over more than %d names", name, maxHops)
		}
		seen, at = append(seen, next), next
	}
}

func contains(names []model.Name, n model.Name) bool {
	for _, s := range names {
		if s == n {
			return true
		}
	}
	return false
}
