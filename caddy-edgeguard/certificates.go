package edgeguard

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

// certificateIndex is the index of the certificates of this process, which
// Caddy's own cache is too: it lives as long as the node.
type certificateIndex struct{ *sni.Index }

// Close implements [io.Closer]; handshakes that are under way go on.
func (certificateIndex) Close() error { return nil }

type indexKey struct{}

// certificates returns the index of the process.
func certificates(node *edgenode.Ref) *sni.Index {
	return node.Attach(indexKey{}, func(*edgenode.Ref) io.Closer {
		return certificateIndex{sni.NewIndex(caddytls.AllMatchingCertificates, nil)}
	}).(certificateIndex).Index
}

// wrapped is the servers of one configuration, whose certificates we choose.
type wrapped struct {
	*sni.Index
	node        *edgenode.Ref
	metrics     *handshakeMetrics
	connections connections
	obliged     func() bool
	servers     []*caddyhttp.Server
}

// servedEdge is what a wrapped server knows of its handshakes. It implements
// [handshake.Edge].
type servedEdge struct {
	*wrapped
	chooser *sni.Chooser // of its first policy; nil without TLS
}

// Account implements [handshake.Edge].
func (s servedEdge) Account(serverName string) string {
	if serverName == "" && s.chooser != nil {
		return s.chooser.UnnamedAccount()
	}
	return s.Index.Account(serverName)
}

// chooseCertificates wraps the certificate choice of every policy of every
// server of this configuration. The app `http` is complete by then: Caddy loads
// it if it has not yet, and none of its modules loads this one.
func (a *App) chooseCertificates(ctx caddy.Context) error {
	loaded, err := ctx.AppIfConfigured("http")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("getting http app: %w", err)
	}
	app, ok := loaded.(*caddyhttp.App)
	if !ok {
		return fmt.Errorf("app http has the type %T", loaded)
	}
	metrics, err := newHandshakeMetrics(ctx.GetMetricsRegistry())
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	e := &wrapped{Index: certificates(a.node), node: a.node, metrics: metrics}
	if e.obliged, err = obligations(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(app.Servers)) {
		if err := e.wrap(app.Servers[name], a.ownNames()); err != nil {
			return fmt.Errorf("server %s: %w", name, err)
		}
	}
	a.edge = e
	return nil
}

// obligations returns what tells whether Caddy's own choice does more than to
// choose: certificates are obtained on demand, or somebody listens to its event.
func obligations(ctx caddy.Context) (func() bool, error) {
	loaded, err := ctx.App("tls")
	if err != nil {
		return nil, fmt.Errorf("getting tls app: %w", err)
	}
	app, ok := loaded.(*caddytls.TLS)
	if !ok {
		return nil, fmt.Errorf("app tls has the type %T", loaded)
	}
	loaded, err = ctx.App("events")
	if err != nil {
		return nil, fmt.Errorf("getting events app: %w", err)
	}
	events, ok := loaded.(*caddyevents.App)
	if !ok {
		return nil, fmt.Errorf("app events has the type %T", loaded)
	}
	if app.Automation != nil {
		for _, policy := range app.Automation.Policies {
			if policy.OnDemand || len(policy.Managers) > 0 {
				return nil, nil // always
			}
		}
	}
	return func() bool { return events.ShouldEmit("tls_get_certificate") }, nil
}

// wrap puts the choice before that of Caddy in every policy of a server, and
// follows its connections. names are those of the resources of this edge.
func (e *wrapped) wrap(server *caddyhttp.Server, names []string) error {
	hosts := serverHosts(server, names)
	served := servedEdge{wrapped: e}
	for i, policy := range server.TLSConnPolicies {
		config := policy.TLSConfig
		if config == nil {
			return fmt.Errorf("TLS connection policy %d has no configuration yet: its certificates cannot be chosen", i)
		}
		obliged := e.obliged
		if policy.HandshakeContextRaw != nil {
			obliged = nil // a module of the user's wants to see every handshake
		}
		chooser := sni.NewChooser(e.Index, sni.Settings{
			TLS: config, Selection: policy.CertSelection, Owners: e.owners, Hosts: hosts, Obliged: obliged, Observe: e.observe,
		})
		config.GetCertificate = chooser.GetCertificate
		if served.chooser == nil {
			served.chooser = chooser
		}
		bindSessions(config, e.metrics.sawTicket)
	}
	if len(server.TLSConnPolicies) > 0 {
		server.RegisterConnContext(e.connections.accepted)
		server.RegisterConnState(e.connections.moved)
	}
	handshake.Register(server, &serverEdge{wrapped: e, hosts: hosts})
	e.servers = append(e.servers, server)
	return nil
}

// forget undoes what outlives the servers.
func (e *wrapped) forget() {
	for _, server := range e.servers {
		handshake.Unregister(server)
	}
}

// serverHosts returns the host names that the routes of a server name. A route
// for all hosts serves the resources of this edge too.
func serverHosts(server *caddyhttp.Server, names []string) []string {
	var hosts []string
	all := false
	for _, route := range server.Routes {
		of, any := routeHosts(route)
		hosts = append(hosts, of...)
		all = all || any
	}
	if all {
		hosts = append(hosts, names...)
	}
	return slices.DeleteFunc(hosts, func(h string) bool { return strings.ContainsRune(h, '{') })
}

// routeHosts returns the hosts that a route is for, and whether it is for any.
func routeHosts(route caddyhttp.Route) (hosts []string, all bool) {
	for _, set := range route.MatcherSets {
		named := false
		for _, matcher := range set {
			if m, ok := matcher.(*caddyhttp.MatchHost); ok {
				named = true
				for _, host := range *m {
					hosts = append(hosts, strings.ToLower(host))
				}
			}
		}
		all = all || !named
	}
	return hosts, all || len(route.MatcherSets) == 0
}

// ownNames returns the own names of all resources that this edge serves.
func (a *App) ownNames() []string {
	var names []string
	for _, account := range a.Accounts {
		for _, lb := range account.LoadBalancers {
			names = append(names, lb.Name)
		}
		for _, d := range account.Distributions {
			names = append(names, d.Name)
		}
	}
	return names
}

// viewOwners tells owners by a view of the claims.
type viewOwners struct{ *claims.View }

// owners returns who owns host names now.
func (e *wrapped) owners() sni.Owners { return viewOwners{e.node.Claims().View()} }

// Owner implements [sni.Owners].
func (v viewOwners) Owner(host string) (sni.Owner, bool) {
	o, ok := v.View.Owner(host)
	if !ok {
		return sni.Owner{}, false
	}
	owner := sni.Owner{Kind: sni.Distribution, Account: o.Account}
	if o.Kind == model.OwnerLoadBalancer {
		owner.Kind = sni.LoadBalancer
	}
	if r, ok := v.Resource(o.ID); ok {
		owner.Default, owner.List = r.DefaultCertificate, r.Certificates
	}
	return owner, true
}

// observe is told of each choice.
func (e *wrapped) observe(hello *tls.ClientHelloInfo, choice sni.Choice) {
	e.metrics.choseCertificate(choice)
	e.connections.chose(hello.Conn, hello.ServerName, choice)
}

// Describe implements [handshake.Edge].
func (e *wrapped) Describe(r *http.Request) handshake.Details {
	d := handshake.Details{
		DomainName: handshake.Absent, Certificate: handshake.Absent, KeyType: handshake.Absent, Account: handshake.Absent,
		LoadBalancer: e.loadBalancer(r),
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

// Interface guards
var (
	_ handshake.Edge = (*serverEdge)(nil)
	_ sni.Owners     = viewOwners{}
)
