package claims

import (
	"fmt"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// Rules are how claims are judged, the same on every node: what the rows
// written last say, AWS's own where none does.
type Rules struct {
	// Strict refuses a wildcard above a name of another account (aws-behaviour
	// 9.2 rule 7, strict2018).
	Strict bool
	// Warn lets a name go that DNS still leads here.
	Warn bool
	// Resolvers are asked what DNS says, as IP:PORT; none: those of the system.
	Resolvers []string
}

// RulesAt returns the rules that hold now. Where a node's own Caddyfile names
// resolvers, it asks these.
func RulesAt(rd *state.Reader, node string) Rules {
	var rules Rules
	var wildcards, dangling, resolvers state.Version
	rd.Range(model.TableClaimRules, "", "", func(v model.Value, at state.Version) bool {
		row := v.(*model.ClaimRules)
		if row.Wildcards != "" && wildcards.Compare(at) < 0 {
			rules.Strict, wildcards = row.Wildcards == model.WildcardsStrict, at
		}
		if row.Dangling != "" && dangling.Compare(at) < 0 {
			rules.Warn, dangling = row.Dangling == model.DanglingWarn, at
		}
		if len(row.Resolvers) > 0 && resolvers.Compare(at) < 0 {
			rules.Resolvers, resolvers = row.Resolvers, at
		}
		return true
	})
	if v, ok := rd.Get(model.TableClaimRules, node); ok && len(v.(*model.ClaimRules).Resolvers) > 0 {
		rules.Resolvers = v.(*model.ClaimRules).Resolvers
	}
	return rules
}

// At returns the claims of a host name that have an effect: see
// [model.Standing]. Names that AWS gives are not claimed, so they have none.
func At(rd *state.Reader, host string) []*model.Claim {
	standing, _ := model.Standing(live(rd, host))
	return standing
}

// live returns the claims of a host name whose owners exist, and those that
// reserve it.
func live(rd *state.Reader, host string) []*model.Claim {
	var out []*model.Claim
	rd.Range(model.TableClaims, model.ClaimPrefix(host), "", func(v model.Value, _ state.Version) bool {
		if c := v.(*model.Claim); c.Reserved || exists(rd, c.Owner) {
			out = append(out, c)
		}
		return true
	})
	return out
}

// exists tells whether a distribution or load balancer has a row.
func exists(rd *state.Reader, owner string) bool {
	table := model.TableDistributions
	if !model.ValidDistributionID(owner) {
		table = model.TableLoadBalancers
	}
	found := false
	rd.Range(table, owner+"\x00", "", func(model.Value, state.Version) bool {
		found = true
		return false
	})
	return found
}

// Overlapping calls f for each standing claim of a host name, of the wildcards
// above it and, if it is a wildcard itself, of what is below it, until f
// returns false.
func Overlapping(rd *state.Reader, host string, f func(c *model.Claim) bool) {
	each := func(host string) bool {
		for _, c := range At(rd, host) {
			if !f(c) {
				return false
			}
		}
		return true
	}
	if !each(host) {
		return
	}
	rest, wild := strings.CutPrefix(host, "*.")
	parent := rest
	if !wild {
		_, parent, _ = strings.Cut(host, ".")
	} else {
		_, parent, _ = strings.Cut(rest, ".")
	}
	for ; strings.Contains(parent, "."); _, parent, _ = strings.Cut(parent, ".") {
		if !each("*." + parent) {
			return
		}
	}
	if !wild {
		return
	}
	for _, below := range hostsBelow(rd, rest) {
		if below != host && !each(below) {
			return
		}
	}
}

// hostsBelow returns the host names below a name that have claims, each once.
func hostsBelow(rd *state.Reader, name string) []string {
	var hosts []string
	rd.Range(model.TableClaims, model.ReverseHost(name)+".", "", func(v model.Value, _ state.Version) bool {
		if h := v.(*model.Claim).Host; len(hosts) == 0 || hosts[len(hosts)-1] != h {
			hosts = append(hosts, h)
		}
		return true
	})
	return hosts
}

// ConflictError is why a resource cannot have a host name.
type ConflictError struct {
	Host string
	// Holder is the claim that stands in the way: of the same name, or of one
	// below a wildcard.
	Holder *model.Claim
}

// Error names the holder, whoever it is.
func (e *ConflictError) Error() string {
	h := e.Holder
	what := fmt.Sprintf("host name '%s' belongs to %s of account %s", h.Host, h.OwnerName, h.Account)
	if h.Reserved {
		what = fmt.Sprintf("host name '%s' is reserved for account %s, whose %s gave it up while DNS might still lead there", h.Host, h.Account, h.OwnerName)
	}
	if h.Host != e.Host {
		return fmt.Sprintf("'%s' is above a name of another account: %s", e.Host, what)
	}
	return what
}

// Conflict returns why want cannot stand beside the claims that there are, or
// nil (aws-behaviour 9.2):
//
//	rule 4  the same name, any other distribution
//	        the same name, any resource of another account
//	rule 6  overlapping wildcards of one account: allowed
//	rule 7  a wildcard above another account's name: allowed, unless strict
//
// It does not look at wildcards above want, nor at certificates.
func Conflict(rd *state.Reader, want *model.Claim, strict bool) *ConflictError {
	for _, c := range At(rd, want.Host) {
		if c.Account != want.Account || !c.Reserved && c.Owner != want.Owner &&
			c.Kind == model.OwnerDistribution && want.Kind == model.OwnerDistribution {
			return &ConflictError{want.Host, c}
		}
	}
	rest, wild := strings.CutPrefix(want.Host, "*.")
	if !wild || !strict {
		return nil
	}
	for _, below := range hostsBelow(rd, rest) {
		for _, c := range At(rd, below) {
			if c.Account != want.Account {
				return &ConflictError{want.Host, c}
			}
		}
	}
	return nil
}

// Take puts want among the rows, or returns the [ConflictError] that forbids
// it. Since is that of the account's hold so far, else as given. A row that the
// account's earlier owner keeps to reserve the name goes; so do rows of the name
// whose owners are gone.
func Take(tx *state.Tx, want *model.Claim, strict bool) error {
	if conflict := Conflict(&tx.Reader, want, strict); conflict != nil {
		return conflict
	}
	row := *want
	for _, c := range At(&tx.Reader, want.Host) {
		row.Since = min(row.Since, c.Since)
	}
	var stale []string
	tx.Range(model.TableClaims, model.ClaimPrefix(want.Host), "", func(v model.Value, _ state.Version) bool {
		c := v.(*model.Claim)
		if c.Reserved && c.Account == want.Account || !c.Reserved && !exists(&tx.Reader, c.Owner) {
			stale = append(stale, c.Key())
		}
		return true
	})
	for _, key := range stale {
		if key != row.Key() {
			tx.Delete(model.TableClaims, key)
		}
	}
	return tx.Put(&row)
}
