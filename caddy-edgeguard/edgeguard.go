// Package edgeguard makes Caddy an AWS edge: the app `edgeguard` opens this
// node's copy of the replicated state, joins the others by gossip, and tells
// them which CloudFront distributions and load balancers are served here, so
// that alias records resolve to this edge. Importing it registers all modules
// of caddy-edgeguard.
//
// It is no server: sites, certificates and origins are Caddy's own. The app's
// methods are called by Caddy alone, one configuration at a time; what
// outlives a configuration (the open node, what it publishes) is in one
// process-wide pool and safe for concurrent use.
package edgeguard

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state/node"
)

func init() {
	caddy.RegisterModule(App{})
}

// App opens the replicated state and says which distributions and load
// balancers this edge serves.
//
// The node stays open across configuration reloads. What the fields `data`,
// `node`, `region` and `gossip` say is fixed while it is open: a reload that
// changes them is refused and the running configuration stays; restart Caddy
// to change them. Checking a configuration opens nothing and writes nothing.
type App struct {
	// The folder that keeps the durable state; created if it is not there.
	// One process at a time may use it. Default: none, the state is kept in
	// memory only and a restart begins as a new member.
	Data string `json:"data,omitempty"`

	// The name of this node, a label in logs and endpoints. No two live nodes
	// should share one. Default: the machine's host name, without domain, and
	// `-edge`.
	Node string `json:"node,omitempty"`

	// The AWS Region in which this node stands. Clients are led to edges in
	// Regions near to them. Default: `us-east-1`.
	Region string `json:"region,omitempty"`

	// How this node finds the others. Default: none, it stands alone.
	Gossip *Gossip `json:"gossip,omitempty"`

	// The IP addresses at which clients reach this edge: the answers to
	// aliases that lead to the names below. Required if there are any; the
	// listeners of the sites are not consulted.
	Publish []netip.Addr `json:"publish,omitempty"`

	// Who owns what this edge serves. Default: nobody; nothing is published.
	Accounts []Account `json:"accounts,omitempty"`

	logger *zap.Logger
	open   opener
	node   *sharedNode
}

// Gossip says how a node finds the others of its cluster and talks to them.
type Gossip struct {
	// The IP address and port at which other nodes reach this one, TCP and
	// UDP. Anything but a loopback address needs a key file.
	Bind string `json:"bind"`

	// Addresses, as host:port, of nodes to join. One that answers is enough;
	// names are resolved again and again. Default: none, others join this
	// node.
	Join []string `json:"join,omitempty"`

	// The IP address, with or without port, that others are told. Default:
	// that of `bind`; required if that is unspecified (`0.0.0.0`, `::`).
	Advertise string `json:"advertise,omitempty"`

	// The file that holds the gossip keys: 32 bytes in base64 a line, the
	// first encrypts, all decrypt. It is read again at every reload, so that
	// keys can be exchanged while Caddy runs. Who holds a key may change all
	// state. Default: none, on loopback only.
	KeyFile string `json:"key_file,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "edgeguard",
		New: func() caddy.Module { return &App{open: openNode} },
	}
}

// Provision takes this configuration's share of the process's node, which is
// not opened before [App.Start].
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	c := a.nodeConfig()
	a.Node, a.Region = c.Name, c.Region
	if err := a.follow(ctx); err != nil {
		return err
	}
	var err error
	if a.node, err = acquireNode(c, a.open); err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	return nil
}

// follow subscribes to the beginning and the end of this configuration.
func (a *App) follow(ctx caddy.Context) error {
	app, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting events app: %w", err)
	}
	events := app.(*caddyevents.App)
	return errors.Join(
		events.On("started", eventHandler{a.started}),
		events.On("stopping", eventHandler{a.stopping}),
	)
}

// nodeConfig returns what the node is opened with, defaults filled in.
func (a *App) nodeConfig() node.Config {
	c := node.Config{Data: a.Data, Name: a.Node, Kind: node.KindEdge, Region: a.Region}
	if g := a.Gossip; g != nil {
		c.Gossip = &node.Gossip{Bind: g.Bind, Join: g.Join, Advertise: g.Advertise, KeyFile: g.KeyFile}
	}
	return c.WithDefaults()
}

// Validate refuses settings that cannot work, all at once.
func (a *App) Validate() error {
	return errors.Join(a.nodeConfig().Validate(), a.validate())
}

// Start opens the node; if an earlier configuration of this process did, it
// reads the gossip keys again. It does not wait for other nodes.
func (a *App) Start() error {
	if err := a.node.start(a.logger); err != nil {
		return fmt.Errorf("starting node: %w", err)
	}
	return nil
}

// started is called once all apps of this configuration run, its servers
// among them: only now clients may be sent here.
func (a *App) started() {
	a.node.log.set(a.logger)
	a.node.announcer.announce(a, a.endpoints())
}

// stopping is called before the apps of this configuration are stopped. If no
// other follows, clients are sent elsewhere while the servers drain.
func (a *App) stopping() { a.node.announcer.withdraw(a) }

// Stop does nothing: the next configuration may have the node by now.
func (a *App) Stop() error { return nil }

// Cleanup gives this configuration's share of the node back. The last closes
// it.
func (a *App) Cleanup() error {
	if a.node == nil {
		return nil
	}
	a.node.announcer.withdraw(a) // one that failed after it had started
	a.node = nil
	return releaseNode()
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.Validator    = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
