package edgeguard

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

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
