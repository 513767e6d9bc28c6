package cloudfront

import (
	"maps"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// distribution is a distribution, all of its rows taken together.
type distribution struct {
	*model.Distribution
	// version is that of its newest row.
	version state.Version
	// aliases are those that stand, sorted by the names' labels.
	aliases []string
	// claims are the rows behind them, and declarers the nodes whose Caddyfiles
	// declare the distribution.
	claims    []*model.Claim
	declarers []string
}

// noSuchDistribution is the error of an id that is not the caller's.
func noSuchDistribution() error {
	return awserr.New(awserr.NoSuchDistribution, "The specified distribution does not exist.")
}

// distribution returns the caller's distribution with an id.
func (c *call) distribution(rd *state.Reader, id string) (*distribution, error) {
	d := new(distribution)
	rd.Range(model.TableDistributions, model.DistributionPrefix(id), "", func(v model.Value, at state.Version) bool {
		d.add(v.(*model.Distribution), at)
		return true
	})
	if d.Distribution == nil || d.Account != c.account {
		return nil, noSuchDistribution()
	}
	rd.Range(model.TableClaims, "", "", func(v model.Value, _ state.Version) bool {
		d.claim(v.(*model.Claim))
		return true
	})
	return d, nil
}

// distributions returns all distributions of the caller, by id.
func (c *call) distributions(rd *state.Reader) []*distribution {
	byID := make(map[string]*distribution)
	rd.Range(model.TableDistributions, "", "", func(v model.Value, at state.Version) bool {
		row := v.(*model.Distribution)
		if row.Account != c.account {
			return true
		}
		if byID[row.ID] == nil {
			byID[row.ID] = new(distribution)
		}
		byID[row.ID].add(row, at)
		return true
	})
	rd.Range(model.TableClaims, "", "", func(v model.Value, _ state.Version) bool {
		if claim := v.(*model.Claim); byID[claim.Owner] != nil {
			byID[claim.Owner].claim(claim)
		}
		return true
	})
	var out []*distribution
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		out = append(out, byID[id])
	}
	return out
}

// add takes a row in. The API's comes first and speaks for all; without it the
// earliest does.
func (d *distribution) add(row *model.Distribution, at state.Version) {
	if row.Declarer != "" {
		d.declarers = append(d.declarers, row.Declarer)
	}
	if d.Distribution == nil || d.Declarer != "" && row.Since < d.Since {
		d.Distribution = row
	}
	if d.version.Compare(at) < 0 {
		d.version = at
	}
}

// claim takes a claim in if it is the distribution's.
func (d *distribution) claim(c *model.Claim) {
	if c.Owner != d.ID || c.Reserved {
		return
	}
	d.claims = append(d.claims, c)
	if n := len(d.aliases); n == 0 || d.aliases[n-1] != c.Host {
		d.aliases = append(d.aliases, c.Host)
	}
}

// declared returns the node whose Caddyfile declares a host name as alias of the
// distribution, "" for none.
func (d *distribution) declared(host string) string {
	for _, c := range d.claims {
		if c.Host == host && c.Declarer != "" {
			return c.Declarer
		}
	}
	return ""
}

// newClaim returns the claim of a host name by the API.
func (d *distribution) newClaim(host string) *model.Claim {
	return &model.Claim{Host: host, Account: d.Account, Kind: model.OwnerDistribution, Owner: d.ID, OwnerName: d.DomainName}
}

// parameter returns the value of a parameter that must be there.
func (c *call) parameter(name string) (string, error) {
	if v := strings.TrimSpace(c.param(name)); v != "" {
		return v, nil
	}
	return "", missing(name)
}
