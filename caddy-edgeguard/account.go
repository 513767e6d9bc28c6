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
}

// LoadBalancer is an Elastic Load Balancing load balancer that this edge
// serves.
type LoadBalancer struct {
	// The load balancer's own domain name, such as
	// `web-1.eu-west-3.elb.amazonaws.com` or
	// `net-1.elb.eu-west-3.amazonaws.com`: lower case, no final dot. Aliases
	// to it are answered with the addresses in `publish` while this edge runs.
	Name string `json:"name"`
}

// validate returns every fault of what is published, joined, or nil.
func (a *App) validate() error {
	errs := []error{validatePublish(a.Publish), validateAccounts(a.Accounts)}
	if len(a.endpoints()) > 0 && len(a.Publish) == 0 {
		errs = append(errs, errors.New("nothing says where clients reach the distributions and load balancers of this edge: write 'publish ADDR...' with its IP addresses"))
	}
	return errors.Join(errs...)
}

// validateAccounts returns every fault of the accounts and of what they hold.
// A name belongs to one of them.
func validateAccounts(list []Account) error {
	var errs []error
	accounts, names := make(map[string]bool), make(map[string]bool)
	for _, account := range list {
		errs = append(errs, model.ValidateAccount(account.ID), once(accounts, "account", account.ID))
		for _, d := range account.Distributions {
			errs = append(errs, validateDistributionName(d.Name), once(names, "distribution", d.Name))
		}
		for _, lb := range account.LoadBalancers {
			errs = append(errs, validateLoadBalancerName(lb.Name), once(names, "load balancer", lb.Name))
		}
	}
	return errors.Join(errs...)
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
