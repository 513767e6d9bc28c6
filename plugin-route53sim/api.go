package route53sim

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/health"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/route53"
	"github.com/edgestage/edgestage/state/api/services"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// apiSettings are what `api` says; the zero value: nothing.
type apiSettings struct {
	addr, credentials, cert, key string
	// refuseReserved is [route53.Config.RefuseReserved].
	refuseReserved bool
	// throttle is [route53.Config.Throttle].
	throttle bool
	// healthDelay is [cloudmap.Config.HealthDelay].
	healthDelay time.Duration
}

// maxHealthDelay bounds custom_health_delay.
const maxHealthDelay = time.Hour

// api reads `api ADDR` and its block.
func (p *parser) api() error {
	args := p.RemainingArgs()
	if err := p.checkArgs(args, 1, 1); err != nil {
		return err
	}
	s := &p.settings.api
	s.addr = args[0]
	err := p.block(func(name string) error {
		switch name {
		case "credentials":
			return p.path(&s.credentials)
		case "tls":
			files, err := p.args(2, 2)
			if err == nil {
				s.cert, s.key = p.absolute(files[0]), p.absolute(files[1])
			}
			return err
		case "refuse_reserved":
			_, err := p.args(0, 0)
			s.refuseReserved = err == nil
			return err
		case "throttle":
			_, err := p.args(0, 0)
			s.throttle = err == nil
			return err
		case "custom_health_delay":
			args, err := p.args(1, 1)
			if err != nil {
				return err
			}
			if s.healthDelay, err = time.ParseDuration(args[0]); err != nil || s.healthDelay < 0 || s.healthDelay > maxHealthDelay {
				return p.Errf("custom_health_delay '%s' is no duration in [0s, %v], such as 30s", args[0], maxHealthDelay)
			}
			return nil
		}
		return p.Errf("unknown property '%s' of api", name)
	})
	if err != nil {
		return err
	}
	if err := api.CheckAddr(s.addr, s.credentials != ""); err != nil {
		return p.Errf("api address %v", err)
	}
	return nil
}

// readCredentials returns the credentials of s, nil where it names none.
func (s apiSettings) readCredentials() (*api.Credentials, error) {
	if s.credentials == "" {
		return nil, nil
	}
	return api.ReadCredentials(s.credentials)
}

// endpoint is the API of a node while it listens.
type endpoint struct {
	settings apiSettings
	handler  *api.Handler
	server   *api.Server
}

// serveAPI listens as s says, from now on. The listener belongs to the node: it
// goes on where s is what it was, and then reads its files anew. After an error
// it is as it was before, unless its own address is lost to another.
func (r *running) serveAPI(s apiSettings) error {
	credentials, err := s.readCredentials()
	if err != nil {
		return fmt.Errorf("reading the credentials of the api: %w", err)
	}
	old := r.api
	if old != nil && old.settings == s {
		old.handler.SetCredentials(credentials)
		return old.server.ReloadCertificate()
	}
	if s.addr == "" {
		r.api = nil
		return old.close()
	}
	next := r.newEndpoint(s, credentials)
	if old != nil && old.settings.addr == s.addr {
		_ = old.close()
	}
	if err := next.server.Start(); err != nil {
		return fmt.Errorf("starting the api: %w", err)
	}
	r.api = next
	return old.close()
}

func (r *running) newEndpoint(s apiSettings, credentials *api.Credentials) *endpoint {
	h := api.New(api.Config{
		Replica: r.node.Replica, Credentials: credentials, Log: log.Warningf,
		Services: services.New(services.Config{
			Replica: r.node.Replica, Answerer: answerer{r}, Health: reporter{r}, RefuseReserved: s.refuseReserved, Throttle: s.throttle, HealthDelay: s.healthDelay,
			InUseBy: func(certificate string) []string { return r.claims.View().InUseBy(certificate) },
			Node:    r.node.Config().Name, Log: log.Warningf,
		}),
	})
	return &endpoint{settings: s, handler: h, server: api.NewServer(api.ServerConfig{Addr: s.addr, Handler: h, Cert: s.cert, Key: s.key})}
}

// close stops listening; a nil endpoint does not listen.
func (e *endpoint) close() error {
	if e == nil {
		return nil
	}
	return e.server.Close()
}

// answerer answers TestDNSAnswer by the code that answers queries.
type answerer struct{ *running }

// Answer implements [route53.Answerer].
func (r answerer) Answer(_ context.Context, q route53.Question) (route53.Reply, error) {
	a, err := r.running.Answer(Question{ZoneID: q.Zone, Name: string(q.Name), Type: q.Type, Resolver: q.Resolver, Subnet: q.Subnet})
	if err != nil {
		return route53.Reply{}, err
	}
	out := route53.Reply{Rcode: dns.RcodeToString[rcodeOf(a.Result)]}
	for _, rr := range a.Answer {
		text, err := model.FormatRdata(rr)
		if err != nil {
			return route53.Reply{}, err
		}
		out.Data = append(out.Data, text)
	}
	query := new(dns.Msg).SetQuestion(string(q.Name), q.Type)
	size := dns.MinMsgSize
	if q.Subnet.IsValid() {
		size = serverSize // a client subnet comes with EDNS
	}
	m := reply(query, a)
	fit(m, size)
	out.TCP = m.Truncated
	return out, nil
}

// rcodeOf returns the code that a result is answered with.
func rcodeOf(r zone.Result) int {
	switch r {
	case zone.OutOfZone:
		return dns.RcodeRefused
	case zone.NameError:
		return dns.RcodeNameError
	case zone.ServerFailure:
		return dns.RcodeServerFailure
	}
	return dns.RcodeSuccess
}

// reporter tells what the checkers of the cluster find.
type reporter struct{ *running }

// Observations implements [route53.HealthReporter]. Opinions travel without
// their reasons, so there is one observation: this node's count of all.
func (r reporter) Observations(h *model.HealthCheck) []route53.Observation {
	s, ok := r.health.States().Status(h.ID)
	if !ok || s.Checkers == 0 {
		return nil
	}
	o := route53.Observation{
		Region: r.node.Config().Region, Address: nodeAddr(r.node.Addr()), Checked: time.Now(),
		Status: observed(s, h.Config.Inverted),
	}
	if o.Status[0] == 'F' {
		o.Failure, o.FailedAt = o.Status, o.Checked
	}
	return []route53.Observation{o}
}

// Judged implements [cloudmap.HealthReporter].
func (r reporter) Judged(id string) (healthy, judged bool) {
	s, ok := r.health.States().Status(id)
	return s.Healthy, ok && (s.Judged || s.Forced)
}

// observed returns a status in the words of a checker.
func observed(s health.Status, inverted bool) string {
	word := "Failure"
	if s.Real != inverted {
		word = "Success"
	}
	return fmt.Sprintf("%s: %d of %d checkers find the endpoint healthy", word, s.HealthyCheckers, s.Checkers)
}

// nodeAddr returns the address of a gossip address, loopback without gossip.
func nodeAddr(hostPort string) netip.Addr {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		if a, err := netip.ParseAddr(host); err == nil {
			return a
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
