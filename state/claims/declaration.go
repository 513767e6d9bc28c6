package claims

import (
	"errors"
	"maps"
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// Declaration is what one node's Caddyfile says about resources and host names.
// Each node has rows of its own, which it alone writes and removes; several
// that declare one resource add up:
//
//	resources, aliases   are there as long as one node declares them
//	default certificate  the one written last, by a node or the API
//	rules                the ones written last
type Declaration struct {
	// Rules are nil where the Caddyfile says nothing about them.
	Rules *model.ClaimRules

	node          string
	distributions map[string]*model.Distribution // by row key
	balancers     map[string]*model.LoadBalancer
	claims        map[string]*model.Claim
}

// NewDeclaration returns the empty declaration of a node.
func NewDeclaration(node string) *Declaration {
	return &Declaration{
		node:          node,
		distributions: make(map[string]*model.Distribution),
		balancers:     make(map[string]*model.LoadBalancer),
		claims:        make(map[string]*model.Claim),
	}
}

// Distribution adds a distribution and its aliases.
func (d *Declaration) Distribution(account, name string, aliases []string) {
	row := model.DeclaredDistribution(account, name, d.node)
	d.distributions[row.Key()] = row
	for _, host := range aliases {
		d.claim(&model.Claim{Host: host, Account: account, Kind: model.OwnerDistribution, Owner: row.ID, OwnerName: name})
	}
}

// LoadBalancer adds a load balancer, the ARN of its default certificate ("":
// none is named) and the host names that it answers for.
func (d *Declaration) LoadBalancer(account, name, certificate string, aliases []string) {
	row := model.NewLoadBalancer(account, name, d.node)
	row.DefaultCertificate = certificate
	d.balancers[row.Key()] = row
	for _, host := range aliases {
		d.claim(&model.Claim{Host: host, Account: account, Kind: model.OwnerLoadBalancer, Owner: row.ARN, OwnerName: name})
	}
}

func (d *Declaration) claim(c *model.Claim) {
	c.Declarer = d.node
	d.claims[c.Key()] = c
}

// Values returns all that is declared, as rows, in no order.
func (d *Declaration) Values() []model.Value {
	var out []model.Value
	for _, row := range d.distributions {
		out = append(out, row)
	}
	for _, row := range d.balancers {
		out = append(out, row)
	}
	for _, row := range d.claims {
		out = append(out, row)
	}
	if d.Rules != nil {
		out = append(out, d.Rules)
	}
	return out
}

// Resolvers returns what the declaration names as resolvers.
func (d *Declaration) Resolvers() []string {
	if d.Rules == nil {
		return nil
	}
	return d.Rules.Resolvers
}

// Reserved returns the claims of the node that only reserve a name and that d
// does not renew, sorted by key.
func (d *Declaration) Reserved(rd *state.Reader) []*model.Claim {
	var out []*model.Claim
	rd.Range(model.TableClaims, "", "", func(v model.Value, _ state.Version) bool {
		c := v.(*model.Claim)
		if _, kept := d.claims[c.Key()]; c.Declarer == d.node && !kept && c.Reserved {
			out = append(out, c)
		}
		return true
	})
	return out
}

// Surplus returns the claims that the node has declared and no longer does,
// sorted by key, without those that only reserve a name.
func (d *Declaration) Surplus(rd *state.Reader) []*model.Claim {
	var out []*model.Claim
	rd.Range(model.TableClaims, "", "", func(v model.Value, _ state.Version) bool {
		c := v.(*model.Claim)
		if _, kept := d.claims[c.Key()]; c.Declarer == d.node && !kept && !c.Reserved {
			out = append(out, c)
		}
		return true
	})
	return out
}

// Abandoned returns those of surplus after whose removal nobody of the account
// would answer for the host name itself: neither another declarer, nor another
// resource, nor what d declares.
func (d *Declaration) Abandoned(rd *state.Reader, surplus []*model.Claim) []*model.Claim {
	kept := make(map[string]string) // account by host
	for _, c := range d.claims {
		kept[c.Host] = c.Account
	}
	return slices.DeleteFunc(Abandoned(rd, surplus), func(c *model.Claim) bool { return kept[c.Host] == c.Account })
}

// Abandoned returns those of removed after whose removal nobody of the account
// would answer for the host name itself. Claims without effect are not among
// them.
func Abandoned(rd *state.Reader, removed []*model.Claim) []*model.Claim {
	going := make(map[string]bool)
	for _, c := range removed {
		going[c.Key()] = true
	}
	return slices.DeleteFunc(slices.Clone(removed), func(c *model.Claim) bool {
		standing := At(rd, c.Host)
		if len(standing) == 0 || standing[0].Account != c.Account {
			return true
		}
		return slices.ContainsFunc(live(rd, c.Host), func(other *model.Claim) bool {
			return other.Account == c.Account && !other.Reserved && !going[other.Key()]
		})
	})
}

// Apply makes the rows of the node say what d says, as of at, and nothing else.
// Of surplus, which [Declaration.Surplus] told, claims whose keys are in reserve
// keep their names reserved. It returns every [ConflictError], joined, and then
// the commit must not be made; with lenient it leaves out those claims instead,
// and returns their errors as skipped.
func (d *Declaration) Apply(tx *state.Tx, at hlc.Stamp, surplus []*model.Claim, o ApplyOptions) (skipped []error, err error) {
	Lift(tx, o.Lift)
	for _, c := range surplus {
		if err := Drop(tx, c, o.Reserve[c.Key()]); err != nil {
			return nil, err
		}
	}
	errs := d.nameConflicts(&tx.Reader)
	if err := d.applyResources(tx, at); err != nil {
		return nil, err
	}
	strict := RulesAt(&tx.Reader, d.node).Strict
	for _, key := range slices.Sorted(maps.Keys(d.claims)) {
		if v, ok := tx.Get(model.TableClaims, key); ok && !v.(*model.Claim).Reserved {
			continue
		}
		want := *d.claims[key]
		want.Since = at
		err := Take(tx, &want, strict)
		if conflict := (*ConflictError)(nil); errors.As(err, &conflict) {
			errs = append(errs, conflict)
		} else if err != nil {
			return nil, err
		}
	}
	if o.Lenient {
		return errs, nil
	}
	return nil, errors.Join(errs...)
}

// ApplyOptions are how [Declaration.Apply] treats what stands in the way.
type ApplyOptions struct {
	// Reserve are the keys of claims whose names stay reserved.
	Reserve map[string]bool
	// Lift are the keys of claims that reserve a name, and may go.
	Lift map[string]bool
	// Lenient leaves out claims of names that others have.
	Lenient bool
}

// Drop removes a claim, or turns it into one that reserves the name.
func Drop(tx *state.Tx, c *model.Claim, reserve bool) error {
	if !reserve {
		tx.Delete(model.TableClaims, c.Key())
		return nil
	}
	row := *c
	row.Reserved = true
	return tx.Put(&row)
}

// Lift removes those claims under keys that only reserve a name.
func Lift(tx *state.Tx, keys map[string]bool) {
	for key := range keys {
		if v, ok := tx.Get(model.TableClaims, key); ok && v.(*model.Claim).Reserved {
			tx.Delete(model.TableClaims, key)
		}
	}
}

// nameConflicts returns an error for each resource whose own name another
// account has.
func (d *Declaration) nameConflicts(rd *state.Reader) []error {
	var errs []error
	note := func(account, name, holder string) {
		if holder != account {
			errs = append(errs, &ConflictError{name, &model.Claim{Host: name, Account: holder, OwnerName: name}})
		}
	}
	accounts := make(map[string]string) // by own name
	for _, row := range d.distributions {
		accounts[row.DomainName] = row.Account
	}
	for _, row := range d.balancers {
		accounts[row.DNSName] = row.Account
	}
	for _, table := range []string{model.TableDistributions, model.TableLoadBalancers} {
		rd.Range(table, "", "", func(v model.Value, _ state.Version) bool {
			switch row := v.(type) {
			case *model.Distribution:
				if account, ok := accounts[row.DomainName]; ok && row.Declarer != d.node {
					note(account, row.DomainName, row.Account)
				}
			case *model.LoadBalancer:
				if account, ok := accounts[row.DNSName]; ok && row.Declarer != d.node {
					note(account, row.DNSName, row.Account)
				}
			}
			return true
		})
	}
	return errs
}

// applyResources makes the node's rows of resources and rules those of d.
func (d *Declaration) applyResources(tx *state.Tx, at hlc.Stamp) error {
	var gone []model.Value
	tx.Range(model.TableDistributions, "", "", func(v model.Value, _ state.Version) bool {
		if row := v.(*model.Distribution); row.Declarer == d.node && d.distributions[row.Key()] == nil {
			gone = append(gone, row)
		}
		return true
	})
	tx.Range(model.TableLoadBalancers, "", "", func(v model.Value, _ state.Version) bool {
		if row := v.(*model.LoadBalancer); row.Declarer == d.node && d.balancers[row.Key()] == nil {
			gone = append(gone, row)
		}
		return true
	})
	for _, v := range gone {
		tx.Delete(v.Table(), v.Key())
	}
	var errs []error
	for key, row := range d.distributions {
		if _, ok := tx.Get(model.TableDistributions, key); !ok {
			fresh := *row
			fresh.Since, fresh.Modified = at, at.Time()
			errs = append(errs, tx.Put(&fresh))
		}
	}
	for key, row := range d.balancers {
		fresh := *row
		fresh.Since = at
		if v, ok := tx.Get(model.TableLoadBalancers, key); ok {
			old := v.(*model.LoadBalancer)
			if fresh.Since = old.Since; fresh == *old {
				continue
			}
		}
		errs = append(errs, tx.Put(&fresh))
	}
	return errors.Join(append(errs, d.applyRules(tx))...)
}

func (d *Declaration) applyRules(tx *state.Tx) error {
	v, ok := tx.Get(model.TableClaimRules, d.node)
	if d.Rules == nil {
		if ok {
			tx.Delete(model.TableClaimRules, d.node)
		}
		return nil
	}
	row := *d.Rules
	row.Declarer = d.node
	if ok {
		old := v.(*model.ClaimRules)
		if old.Wildcards == row.Wildcards && old.Dangling == row.Dangling && slices.Equal(old.Resolvers, row.Resolvers) {
			return nil
		}
	}
	return tx.Put(&row)
}
