// Package dangling finds out whether DNS still leads from a host name to the
// distribution or load balancer that is about to give it up: whoever claimed
// the name next would get its clients (aws-behaviour 9.2, Removal).
//
// What the hosted zones of the state say is read from the rows, at once; what
// they do not know is asked of resolvers, over UDP and TCP. It does not check
// DNSSEC, and it believes what a resolver says. A [Guard] is safe for concurrent
// use.
package dangling

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// Timeouts of one question to one resolver, and of all about one name.
const (
	queryTimeout = time.Second
	nameTimeout  = 4 * time.Second
)

// AllTimeout bounds how long any number of names is asked about at once.
const AllTimeout = 8 * time.Second

// maxChain is how many CNAMEs are asked after, one by one.
const maxChain = 8

// systemResolvers is where resolvers stand if nobody names any.
const systemResolvers = "/etc/resolv.conf"

// Guard asks.
type Guard struct {
	Replica *state.Replica
	// Node is the name of this node, whose own resolvers are asked.
	Node string
	// Resolvers are asked instead of those in the state, if there are any.
	Resolvers []string
}

// Finding is what became of a question.
type Finding struct {
	// Record is the DNS record that leads to the resource; nil: there is none.
	Record *claims.Record
	// Unknown is why DNS could not be asked, nil where Record is known.
	Unknown error
}

// Free tells whether the name certainly does not lead to the resource.
func (f Finding) Free() bool { return f.Record == nil && f.Unknown == nil }

// RefusedError is why a name cannot be given up.
type RefusedError struct {
	// Claim is that of the name, Record what leads to its owner.
	Claim  *model.Claim
	Record claims.Record
}

// Error names the record.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("'%s' still leads to %s: %s; change the record first", e.Claim.Host, e.Claim.OwnerName, e.Record)
}

// Check finds out whether DNS leads from a claim's host name to its owner. For a
// wildcard, the records of the wildcard itself are looked at.
func (g *Guard) Check(ctx context.Context, c *model.Claim) Finding {
	trail, err := g.Trail(ctx, c.Host)
	if r, ok := trail.LeadsTo(c.OwnerName, g.addresses(c.OwnerName)); ok {
		return Finding{Record: &r}
	}
	return Finding{Unknown: err}
}

// CheckAll checks claims, several at once, and returns the findings in their
// order. What takes longer than [AllTimeout] altogether is unknown.
func (g *Guard) CheckAll(ctx context.Context, list []*model.Claim) []Finding {
	out := make([]Finding, len(list))
	each(ctx, len(list), func(ctx context.Context, i int) { out[i] = g.Check(ctx, list[i]) })
	return out
}

// Trails returns what [Guard.Trail] does for each of hosts, several at once, in
// their order. What takes longer than [AllTimeout] altogether is an error.
func (g *Guard) Trails(ctx context.Context, hosts []string) ([]claims.Trail, []error) {
	trails, errs := make([]claims.Trail, len(hosts)), make([]error, len(hosts))
	each(ctx, len(hosts), func(ctx context.Context, i int) { trails[i], errs[i] = g.Trail(ctx, hosts[i]) })
	return trails, errs
}

// each calls do for each index below n, a few at a time, and waits for all.
func each(ctx context.Context, n int, do func(ctx context.Context, i int)) {
	ctx, cancel := context.WithTimeout(ctx, AllTimeout)
	defer cancel()
	slots := make(chan struct{}, 16)
	var done sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		done.Go(func() {
			do(ctx, i)
			<-slots
		})
	}
	done.Wait()
}

// Liftable returns the keys of those claims by which other accounts reserve the
// hosts that account wants, and that have become needless: DNS no longer leads
// to who gave them up.
func (g *Guard) Liftable(ctx context.Context, account string, hosts []string) (map[string]bool, error) {
	var reserved []*model.Claim
	if err := g.Replica.View(func(rd *state.Reader) error {
		for _, host := range hosts {
			for _, c := range claims.At(rd, host) {
				if c.Reserved && c.Account != account {
					reserved = append(reserved, c)
				}
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return g.FreeKeys(ctx, reserved), nil
}

// FreeKeys returns the keys of those claims whose names certainly do not lead to
// their owners.
func (g *Guard) FreeKeys(ctx context.Context, list []*model.Claim) map[string]bool {
	keys := make(map[string]bool)
	for i, f := range g.CheckAll(ctx, list) {
		if f.Free() {
			keys[list[i].Key()] = true
		}
	}
	return keys
}

// addresses returns where the edges that serve a resource are reached.
func (g *Guard) addresses(name string) []netip.Addr {
	var out []netip.Addr
	for _, v := range g.Replica.Shared(model.TableEndpoints) {
		if e := v.(*model.Endpoint); e.Name == claims.HostName(name) {
			out = append(out, e.Addresses...)
		}
	}
	return out
}

// Trail returns where host leads, and an error where DNS could not be asked
// about all of it.
func (g *Guard) Trail(ctx context.Context, host string) (claims.Trail, error) {
	var trail claims.Trail
	var rules claims.Rules
	if err := g.Replica.View(func(rd *state.Reader) error {
		trail, rules = claims.TrailOf(rd, host), claims.RulesAt(rd, g.Node)
		return nil
	}); err != nil {
		return trail, err
	}
	if len(trail.Open) == 0 {
		return trail, nil
	}
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	r, err := g.resolver(rules)
	if err != nil {
		return trail, err
	}
	var errs []error
	for _, name := range trail.Open {
		records, err := r.trail(ctx, name)
		trail.Records = append(trail.Records, records...)
		errs = append(errs, err)
	}
	return trail, errors.Join(errs...)
}

// Texts returns the texts of the TXT records that name has by the hosted zones
// of the state, else by DNS.
func (g *Guard) Texts(ctx context.Context, name string) ([]string, error) {
	var values []string
	var decided bool
	var rules claims.Rules
	if err := g.Replica.View(func(rd *state.Reader) error {
		values, decided = claims.Texts(rd, model.FromDNS(name))
		rules = claims.RulesAt(rd, g.Node)
		return nil
	}); err != nil || decided {
		return values, err
	}
	r, err := g.resolver(rules)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	m, _, err := r.ask(ctx, model.FromDNS(name), dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	for _, rr := range m.Answer {
		if txt, ok := rr.(*dns.TXT); ok {
			values = append(values, strings.Join(txt.Txt, ""))
		}
	}
	return values, nil
}

// resolver asks some servers, one after the other.
type resolver struct{ servers []string }

// resolver returns whom to ask.
func (g *Guard) resolver(rules claims.Rules) (*resolver, error) {
	if len(g.Resolvers) > 0 {
		return newResolver(g.Resolvers)
	}
	return newResolver(rules.Resolvers)
}

// newResolver returns one for the given servers, or those of the system.
func newResolver(servers []string) (*resolver, error) {
	if len(servers) > 0 {
		return &resolver{servers}, nil
	}
	c, err := dns.ClientConfigFromFile(systemResolvers)
	if err != nil {
		return nil, fmt.Errorf("no resolver is configured, and none of the system: %w", err)
	}
	r := new(resolver)
	for _, s := range c.Servers {
		if a, err := netip.ParseAddr(s); err == nil {
			r.servers = append(r.servers, netip.AddrPortFrom(a, 53).String())
		}
	}
	if len(r.servers) == 0 {
		return nil, fmt.Errorf("no resolver is configured, and none stands in %s", systemResolvers)
	}
	return r, nil
}

// trail returns the records on the way from name to its addresses. Servers that
// do not resolve are asked for each step.
func (r *resolver) trail(ctx context.Context, name model.Name) ([]claims.Record, error) {
	var out []claims.Record
	var errs []error
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		at := name
		for range maxChain {
			m, server, err := r.ask(ctx, at, qtype)
			if err != nil {
				errs = append(errs, err)
				break
			}
			records, next := read(m, at, "DNS, says "+server)
			out = append(out, records...)
			if next == at || m.Rcode == dns.RcodeNameError || claims.ResourceName(next) != "" {
				break
			}
			at = next
		}
	}
	return compact(out), errors.Join(errs...)
}

// compact returns records without those that stand there before.
func compact(records []claims.Record) []claims.Record {
	var out []claims.Record
	for _, r := range records {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// read returns the records of an answer, and the name to ask for next: the last
// of the chain if it has no address, else the name itself.
func read(m *dns.Msg, name model.Name, source string) (records []claims.Record, next model.Name) {
	at := name
	for range m.Answer { // a chain is no longer than the answer
		for _, rr := range m.Answer {
			if c, ok := rr.(*dns.CNAME); ok && model.FromDNS(c.Hdr.Name) == at {
				to := model.FromDNS(c.Target)
				records = append(records, claims.Record{Name: at, Type: "CNAME", Target: to, Source: source})
				at = to
				break
			}
		}
	}
	next = at
	for _, rr := range m.Answer {
		var addr netip.Addr
		switch a := rr.(type) {
		case *dns.A:
			addr, _ = netip.AddrFromSlice(a.A.To4())
		case *dns.AAAA:
			addr, _ = netip.AddrFromSlice(a.AAAA.To16())
		}
		if addr.IsValid() && model.FromDNS(rr.Header().Name) == at {
			next = name
			records = append(records, claims.Record{Name: at, Type: dns.TypeToString[rr.Header().Rrtype], Addr: addr, Source: source})
		}
	}
	return records, next
}

// ask returns the first answer of a server that resolves: NOERROR or NXDOMAIN.
func (r *resolver) ask(ctx context.Context, name model.Name, qtype uint16) (*dns.Msg, string, error) {
	q := new(dns.Msg).SetQuestion(string(name), qtype)
	q.SetEdns0(1232, false)
	var errs []error
	for _, server := range r.servers {
		m, err := exchange(ctx, q, server)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("asking %s for %s %s: %w", server, name, dns.TypeToString[qtype], err))
		case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
			errs = append(errs, fmt.Errorf("asking %s for %s %s: it answers %s", server, name, dns.TypeToString[qtype], dns.RcodeToString[m.Rcode]))
		default:
			return m, server, nil
		}
	}
	return nil, "", errors.Join(errs...)
}

// exchange asks one server, over TCP where the answer is cut.
func exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	c := &dns.Client{Timeout: queryTimeout}
	m, _, err := c.ExchangeContext(ctx, q, server)
	if err == nil && m.Truncated {
		c.Net = "tcp"
		m, _, err = c.ExchangeContext(ctx, q, server)
	}
	return m, err
}
