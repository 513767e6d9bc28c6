package sni

// Kind is what a host name belongs to.
type Kind uint8

const (
	// Distribution is a CloudFront distribution.
	Distribution Kind = iota + 1
	// LoadBalancer is a load balancer of Elastic Load Balancing.
	LoadBalancer
)

// Owner is the distribution or load balancer that a host name belongs to.
type Owner struct {
	Kind Kind
	// Account is its account. Certificates of other accounts are not used.
	Account string
	// Default is the ARN of a listener's default certificate, or of what a
	// distribution shows to viewers; empty if none is named.
	Default string
	// List are the ARNs of a listener's list; the default is among them only
	// if it was added (aws-behaviour 8.1).
	List []string
}

// Owners tells who host names belong to at one moment. Implementations are
// immutable and comparable, and look up without lock and allocation.
type Owners interface {
	// Owner returns the owner of a lower-case host name, and whether it has
	// one. A host of the form `*.example.com` stands for any name below.
	Owner(host string) (Owner, bool)
}

// nobody owns nothing.
type nobody struct{}

func (nobody) Owner(string) (Owner, bool) { return Owner{}, false }

// fallback is what a server does where the server name decides nothing.
type fallback struct {
	owners   Owners // for which it was found
	balancer Owner  // the first with a default certificate
	balances bool   // there is such a one
	refuses  bool   // all hosts belong to distributions
}

// DefaultAccount returns the account of the load balancer whose default
// certificate a server of these hosts presents to clients without a server
// name; empty if it presents none.
func DefaultAccount(owners Owners, hosts []string) string {
	return newFallback(owners, hosts).balancer.Account
}

// newFallback returns what a server of these hosts does: a load balancer's
// edge shows its default certificate, an edge of distributions alone refuses.
func newFallback(owners Owners, hosts []string) *fallback {
	f := &fallback{owners: owners, refuses: len(hosts) > 0}
	for _, host := range hosts {
		owner, ok := owners.Owner(host)
		f.refuses = f.refuses && ok && owner.Kind == Distribution
		if ok && owner.Kind == LoadBalancer && owner.Default != "" && !f.balances {
			f.balancer, f.balances = owner, true
		}
	}
	return f
}
