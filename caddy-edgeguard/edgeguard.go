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
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/caddy-edgeguard/acm"
	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
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
	edgenode.Settings

	// The IP addresses at which clients reach this edge: the answers to
	// aliases that lead to the names below. Required if there are any; the
	// listeners of the sites are not consulted.
	Publish []netip.Addr `json:"publish,omitempty"`

	// Who owns what this edge serves. Default: nobody; nothing is published.
	Accounts []Account `json:"accounts,omitempty"`

	// Whether an account may claim a wildcard above another account's name:
	// `current` (yes, as CloudFront since 2021) or `strict2018` (no). Of
	// several edges, who says it last holds for all. Default: `current`.
	WildcardClaims string `json:"wildcard_claims,omitempty"`

	// What happens to a name that is given up while DNS still leads here:
	// `refuse` keeps the running configuration, or refuses the API's call;
	// `warn` writes a line to the log. Of several edges, who says it last
	// holds for all. Default: `refuse`.
	Dangling string `json:"dangling,omitempty"`

	// The resolvers that are asked where names lead that are in no hosted zone
	// of the state: IP addresses, with or without port, asked in turn. Default:
	// those of the system.
	Resolvers []string `json:"resolvers,omitempty"`

	// How this edge issues the certificates that are asked for by the ACM API.
	// Needs sealing keys. Default: it issues none, and serves those that other
	// edges issue if it has the sealing keys.
	ACM *acm.Settings `json:"acm,omitempty"`

	logger   *zap.Logger
	node     *edgenode.Ref
	edge     *wrapped // nil without the app http
	issuance *issuance
	claimed
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "edgeguard",
		New: func() caddy.Module { return new(App) },
	}
}

// Provision takes this configuration's share of the process's node, which is
// not opened before [App.Start].
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	c := a.Config()
	a.Node, a.Region = c.Name, c.Region
	if err := a.follow(ctx); err != nil {
		return err
	}
	var err error
	if a.node, err = edgenode.Acquire(a.Settings); err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	if err := registerNodeMetrics(ctx.GetMetricsRegistry(), a.node); err != nil {
		return fmt.Errorf("registering metrics of the node: %w", err)
	}
	if err := a.prepareIssuance(ctx); err != nil {
		return err
	}
	return a.chooseCertificates(ctx)
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

// NodeSettings implements [edgenode.App].
func (a *App) NodeSettings() edgenode.Settings { return a.Settings }

// ACMSettings returns how certificates are issued, nil where that is not said.
func (a *App) ACMSettings() *acm.Settings {
	if a.ACM == nil {
		return nil
	}
	s := *a.ACM
	if len(s.Resolvers) == 0 {
		s.Resolvers = a.Resolvers
	}
	return &s
}

// UnmarshalJSON decodes the app, strictly, and hands it over where a module
// only looks at it.
func (a *App) UnmarshalJSON(data []byte) error {
	type plain App
	if err := caddy.StrictUnmarshalJSON(data, (*plain)(a)); err != nil {
		return err
	}
	return edgenode.HandOver(a)
}

// Validate refuses settings that cannot work, all at once.
func (a *App) Validate() error {
	return errors.Join(a.Config().Validate(), a.validate(), a.validateACM())
}

// Start opens the node; if an earlier configuration of this process did, it
// reads the gossip keys again. Then it declares in the state what this edge
// serves: names of other accounts are refused, and so is, in a reload, giving up
// a name that DNS still leads here. Where other nodes are to be joined, it waits
// for them a moment and goes on; what it could not declare then follows later.
func (a *App) Start() error {
	if err := a.node.Start(a.logger); err != nil {
		return fmt.Errorf("starting node: %w", err)
	}
	if err := a.declare(); err != nil {
		return fmt.Errorf("declaring what this edge serves: %w", err)
	}
	return nil
}

// started is called once all apps of this configuration run, its servers
// among them: only now clients may be sent here.
func (a *App) started() {
	a.ran = true
	a.node.LogTo(a.logger)
	a.node.Announce(a, a.endpoints())
	a.node.Claims().Serve(a.served())
	a.watch()
	a.beginIssuance()
}

// stopping is called before the apps of this configuration are stopped. If no
// other follows, clients are sent elsewhere while the servers drain.
func (a *App) stopping() { a.node.Withdraw(a) }

// Stop does nothing: the next configuration may have the node by now.
func (a *App) Stop() error { return nil }

// Cleanup gives this configuration's share of the node back. The last closes
// it.
func (a *App) Cleanup() error {
	if a.node == nil {
		return nil
	}
	if a.edge != nil {
		a.edge.forget()
	}
	a.undeclare()
	a.endIssuance()
	a.node.Withdraw(a) // one that failed after it had started
	ref := a.node
	a.node = nil
	return ref.Release()
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.Validator    = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
	_ json.Unmarshaler   = (*App)(nil)
	_ edgenode.App       = (*App)(nil)
)
