package edgeguard

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/caddy-edgeguard/handshake"
	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
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
	for i, policy := range server.TLSConnPolicies {
		config := policy.TLSConfig
		if config == nil {
			return fmt.Errorf("TLS connection policy %d has no configuration yet: its certificates cannot be chosen", i)
		}
		obliged := e.obliged
		if policy.HandshakeContextRaw != nil {
			obliged = nil // a module of the user's wants to see every handshake
		}
		config.GetCertificate = sni.NewChooser(e.Index, sni.Settings{
			TLS: config, Selection: policy.CertSelection, Owners: e.owners, Hosts: hosts, Obliged: obliged, Observe: e.observe,
		}).GetCertificate
		bindSessions(config, e.metrics.sawTicket)
	}
	server.RegisterConnContext(e.connections.accepted)
	if len(server.TLSConnPolicies) > 0 {
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

// observe is told of each choice.
func (e *wrapped) observe(hello *tls.ClientHelloInfo, choice sni.Choice) {
	e.metrics.choseCertificate(choice)
	e.connections.chose(hello.Conn, hello.ServerName, choice)
}

// Interface guards
var (
	_ handshake.Edge = (*serverEdge)(nil)
	_ sni.Owners     = viewOwners{}
)
