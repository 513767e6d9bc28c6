package cloudfront

import (
	"net/http"
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

// illegal is the error of a move that is not allowed.
func illegal(format string, args ...any) error {
	e := awserr.New(awserr.IllegalUpdate, format, args...)
	e.Message = "The update contains modifications that are not allowed. " + e.Message
	return e
}

// associateAlias moves a name to the caller's distribution, whoever has it
// (aws-behaviour 9.2, Moving):
//
//	the account's own        always
//	nobody's                 the certificate covers it
//	another account's, or    its distribution is disabled, the TXT record
//	reserved for it          _NAME holds the target's own name, and the
//	                         target's certificate covers it
//
// What a Caddyfile declares moves by Caddyfiles only.
func associateAlias(c *call) (response, error) {
	alias, err := c.parameter("Alias")
	if err != nil {
		return response{}, err
	}
	if err := checkAlias(alias); err != nil {
		return response{}, err
	}
	target, err := c.read()
	if err != nil {
		return response{}, err
	}
	if slices.Contains(target.aliases, alias) {
		return response{status: http.StatusOK}, nil
	}
	if len(target.aliases) >= target.Quota() {
		return response{}, awserr.New(awserr.TooManyDistributionCNAMEs, "%s", tooManyAliases)
	}
	var holders []*model.Claim
	if err := c.view(func(rd *state.Reader) error {
		holders = claims.At(rd, alias)
		return c.checkMove(rd, target, alias, holders)
	}); err != nil {
		return response{}, err
	}
	if foreign(holders, c.account) {
		if err := c.checkProof(target, alias); err != nil {
			return response{}, err
		}
	}
	row := c.speaker(target)
	_, err = c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		holders := claims.At(&t.Reader, alias)
		if err := c.checkMove(&t.Reader, target, alias, holders); err != nil {
			return err
		}
		if !foreign(holders, c.account) {
			return c.move(t, target, row, alias, holders)
		}
		return c.moveAcross(t, target, row, alias, holders)
	})
	return response{status: http.StatusOK}, err
}

// foreign tells whether another account has the name.
func foreign(holders []*model.Claim, account string) bool {
	return len(holders) > 0 && holders[0].Account != account
}

// checkMove judges all but the proof in DNS.
func (c *call) checkMove(rd *state.Reader, target *distribution, alias string, holders []*model.Claim) error {
	if len(holders) == 0 || foreign(holders, c.account) {
		if err := checkCertificate(rd, c.account, target.Viewer, []string{alias}, c.config.Now()); err != nil {
			return awserr.New(awserr.InvalidArgument, "%s", awserr.From(err).Message)
		}
	}
	for _, h := range holders {
		if h.Kind != model.OwnerDistribution {
			if h.Account == c.account {
				continue
			}
			return illegal("The alias '%s' is associated with a resource that is not a distribution.", alias)
		}
		if h.Declarer != "" && !h.Reserved {
			if h.Account == c.account {
				return illegal("The alias '%s' is declared by the configuration of the edge '%s'.", alias, h.Declarer)
			}
			return illegal("The source distribution of the alias '%s' must be disabled.", alias)
		}
		if h.Account != c.account && !h.Reserved && enabled(rd, h.Owner) {
			return illegal("The source distribution of the alias '%s' must be disabled.", alias)
		}
	}
	return nil
}

// enabled tells whether a distribution is there and enabled.
func enabled(rd *state.Reader, id string) bool {
	var d distribution
	rd.Range(model.TableDistributions, model.DistributionPrefix(id), "", func(v model.Value, at state.Version) bool {
		d.add(v.(*model.Distribution), at)
		return true
	})
	return d.Distribution != nil && d.Enabled
}

// checkProof looks for the TXT record that shows the caller's right to a name of
// another account.
func (c *call) checkProof(target *distribution, alias string) error {
	texts, err := c.guard.Texts(c.ctx, "_"+alias)
	if err != nil {
		c.config.Log("Account %s moves %q to %s, and its proof could not be looked up: %v", c.account, alias, target.DomainName, err)
	}
	if !slices.ContainsFunc(texts, func(s string) bool { return s == target.DomainName || s == target.DomainName+"." }) {
		return illegal("The alias '%s' is associated with a distribution of another account, and DNS has no TXT record '_%s' with the value '%s'.", alias, alias, target.DomainName)
	}
	return nil
}

// move gives the target a name of the same account.
func (c *call) move(t *state.Tx, target *distribution, row *model.Distribution, alias string, holders []*model.Claim) error {
	claim := target.newClaim(alias)
	claim.Since = c.now()
	for _, h := range holders {
		claim.Since = min(claim.Since, h.Since)
		if h.Kind == model.OwnerDistribution {
			if err := c.take(t, h); err != nil {
				return err
			}
		}
	}
	return c.give(t, row, claim)
}

// moveAcross gives the target a name of another account, all of whose claims go.
func (c *call) moveAcross(t *state.Tx, target *distribution, row *model.Distribution, alias string, holders []*model.Claim) error {
	var all []*model.Claim
	t.Range(model.TableClaims, model.ClaimPrefix(alias), "", func(v model.Value, _ state.Version) bool {
		if h := v.(*model.Claim); h.Account == holders[0].Account {
			all = append(all, h)
		}
		return true
	})
	for _, h := range all {
		if err := c.take(t, h); err != nil {
			return err
		}
	}
	claim := target.newClaim(alias)
	claim.Since = c.now()
	return c.give(t, row, claim)
}

// take removes a claim, and counts that as a change of its distribution.
func (c *call) take(t *state.Tx, h *model.Claim) error {
	t.Delete(model.TableClaims, h.Key())
	if v, ok := t.Get(model.TableDistributions, model.DistributionPrefix(h.Owner)); ok && !h.Reserved {
		return t.Put(c.speaker(&distribution{Distribution: v.(*model.Distribution)}))
	}
	return nil
}

// give puts the claim of the target, whose row counts the change. A race that
// another account's claim wins is a conflict.
func (c *call) give(t *state.Tx, row *model.Distribution, claim *model.Claim) error {
	if err := t.Put(row); err != nil {
		return err
	}
	return conflictError(claims.Take(t, claim, claims.RulesAt(&t.Reader, c.config.Node).Strict))
}
