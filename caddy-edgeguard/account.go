package edgeguard

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/edgestage/edgestage/state/model"
)

// Account is an AWS account and what of it this edge serves.
type Account struct {
	// The account's id, 12 digits.
	ID string `json:"id"`

	// The CloudFront distributions that this edge serves. Default: none.
	Distributions []Distribution `json:"distributions,omitempty"`

	// The load balancers that this edge serves. Default: none.
	LoadBalancers []LoadBalancer `json:"load_balancers,omitempty"`
}

// Distribution is a CloudFront distribution that this edge serves.
type Distribution struct {
	// The distribution's own domain name, such as
	// `d111111abcdef8.cloudfront.net`: lower case, no final dot. Aliases to it
	// are answered with the addresses in `publish` while this edge runs.
	Name string `json:"name"`

	// The host names that the distribution answers for: lower case, no final
	// dot, `*.` in front for all names below. They belong to the account on
	// every edge, for as long as one edge declares them; names that another
	// account has are refused. Default: none.
	Aliases []string `json:"aliases,omitempty"`
}

// LoadBalancer is an Elastic Load Balancing load balancer that this edge
// serves.
type LoadBalancer struct {
	// The load balancer's own domain name, such as
	// `web-1.eu-west-3.elb.amazonaws.com` or
	// `net-1.elb.eu-west-3.amazonaws.com`: lower case, no final dot. Aliases
	// to it are answered with the addresses in `publish` while this edge runs.
	Name string `json:"name"`

	// The host names that the load balancer answers for, as those of a
	// distribution; load balancers of one account may share them. Default:
	// none.
	Aliases []string `json:"aliases,omitempty"`

	// The ARN of the default certificate of the load balancer's HTTPS
	// listener. Of several edges and the API, who says it last holds.
	// Default: none is named.
	DefaultCertificate string `json:"default_certificate,omitempty"`
}

// validate returns every fault of what is published, joined, or nil.
func (a *App) validate() error {
	errs := []error{validatePublish(a.Publish), validateAccounts(a.Accounts), a.validateRules()}
	if len(a.endpoints()) > 0 && len(a.Publish) == 0 {
		errs = append(errs, errors.New("nothing says where clients reach the distributions and load balancers of this edge: write 'publish ADDR...' with its IP addresses"))
	}
	return errors.Join(errs...)
}

// validateAccounts returns every fault of the accounts and of what they hold.
// A name belongs to one of them; load balancers of one account may share one.
func validateAccounts(list []Account) error {
	var errs []error
	accounts, names := make(map[string]bool), make(map[string]bool)
	hosts := make(map[string]string) // accounts
	distributed := make(map[string]bool)
	for _, account := range list {
		errs = append(errs, model.ValidateAccount(account.ID), once(accounts, "account", account.ID))
		for _, d := range account.Distributions {
			errs = append(errs, model.ValidateDistributionName(d.Name), once(names, "distribution", d.Name),
				validateAliases(account.ID, d.Name, d.Aliases, hosts))
			for _, host := range d.Aliases {
				errs = append(errs, once(distributed, "alias", host))
			}
		}
		for _, lb := range account.LoadBalancers {
			errs = append(errs, model.ValidateLoadBalancerName(lb.Name), once(names, "load balancer", lb.Name),
				validateAliases(account.ID, lb.Name, lb.Aliases, hosts))
			if c := lb.DefaultCertificate; c != "" && !model.ValidCertificateARN(c) {
				errs = append(errs, fmt.Errorf("default certificate '%s' is not the ARN of a certificate of ACM or IAM", c))
			}
		}
	}
	return errors.Join(errs...)
}

// validateAliases returns every fault of a resource's aliases. Hosts knows which
// account has a name.
func validateAliases(account, resource string, aliases []string, hosts map[string]string) error {
	var errs []error
	seen := make(map[string]bool)
	for _, host := range aliases {
		if seen[host] {
			errs = append(errs, fmt.Errorf("alias '%s' of '%s' is given twice", host, resource))
		} else if other := hosts[host]; other != "" && other != account {
			errs = append(errs, fmt.Errorf("alias '%s' belongs to one account, not to both '%s' and '%s'", host, other, account))
		}
		errs = append(errs, model.ValidateAlias(host))
		seen[host], hosts[host] = true, account
	}
	return errors.Join(errs...)
}

// validateRules returns every fault of the rules of claims, and of the name that
// they are declared under.
func (a *App) validateRules() error {
	rules := a.rules()
	if rules == nil {
		rules = &model.ClaimRules{Declarer: a.Node}
	}
	return rules.Validate()
}

// rules returns what the configuration says about claims, nil for nothing.
func (a *App) rules() *model.ClaimRules {
	if a.WildcardClaims == "" && a.Dangling == "" && len(a.Resolvers) == 0 {
		return nil
	}
	rules := &model.ClaimRules{Declarer: a.Node, Wildcards: a.WildcardClaims, Dangling: a.Dangling}
	for _, r := range a.Resolvers {
		if addr, err := model.ParseResolver(r); err == nil {
			r = addr
		}
		rules.Resolvers = append(rules.Resolvers, r)
	}
	return rules
}

// once returns an error if name is in seen, and puts it there.
func once(seen map[string]bool, what, name string) error {
	if seen[name] {
		return fmt.Errorf("%s '%s' is given twice", what, name)
	}
	seen[name] = true
	return nil
}

// validatePublish returns every fault of the published addresses.
func validatePublish(addrs []netip.Addr) error {
	var errs []error
	seen := make(map[string]bool)
	for _, addr := range addrs {
		errs = append(errs, validatePublished(addr), once(seen, "publish address", addr.String()))
	}
	return errors.Join(errs...)
}

// validatePublished returns an error unless addr may stand in an A or AAAA
// record.
func validatePublished(addr netip.Addr) error {
	switch {
	case !addr.IsValid(), addr.IsUnspecified(), addr.IsMulticast(), addr.Zone() != "":
		return fmt.Errorf("publish address '%s' is none that clients can reach: neither unspecified, multicast nor with a zone", addr)
	case addr.Is4In6():
		return fmt.Errorf("publish address '%s' is an IPv4 address in IPv6 form: write '%s'", addr, addr.Unmap())
	}
	return nil
}

// endpoints returns what this edge publishes, in the order of the
// configuration.
func (a *App) endpoints() []model.Value {
	var values []model.Value
	add := func(account, kind, name string) {
		values = append(values, &model.Endpoint{
			Name: model.FromDNS(name), Node: a.Node, Kind: kind, Region: a.Region,
			Account: account, Addresses: a.Publish,
		})
	}
	for _, account := range a.Accounts {
		for _, d := range account.Distributions {
			add(account.ID, model.EndpointCloudFront, d.Name)
		}
		for _, lb := range account.LoadBalancers {
			add(account.ID, model.EndpointELB, lb.Name)
		}
	}
	return values
}
