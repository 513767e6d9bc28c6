package cloudfront

import (
	"cmp"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

// listConflictingAliases lists who has a name, a wildcard above it or, for a
// wildcard, a name below it, with ids that only their owners recognise
// (aws-behaviour 9.2).
func listConflictingAliases(c *call) (response, error) {
	alias, err := c.parameter("Alias")
	if err != nil {
		return response{}, err
	}
	if err := checkAlias(alias); err != nil {
		return response{}, err
	}
	id, err := c.parameter("DistributionId")
	if err != nil {
		return response{}, err
	}
	size, err := c.page()
	if err != nil {
		return response{}, err
	}
	var found []*model.Claim
	if err := c.view(func(rd *state.Reader) error {
		d, err := c.distribution(rd, id)
		if err != nil {
			return err
		}
		if err := checkCertificate(rd, c.account, d.Viewer, []string{alias}, c.config.Now()); err != nil {
			return awserr.New(awserr.InvalidArgument, "%s", awserr.From(err).Message)
		}
		claims.Overlapping(rd, alias, func(claim *model.Claim) bool {
			if claim.Owner != d.ID {
				found = append(found, claim)
			}
			return true
		})
		return nil
	}); err != nil {
		return response{}, err
	}
	slices.SortFunc(found, func(a, b *model.Claim) int { return cmp.Compare(marker(a), marker(b)) })
	return ok(conflictingShape(found, c.param("Marker"), size)), nil
}

// marker returns where a claim stands in the list: it tells its owner to nobody.
func marker(c *model.Claim) string {
	return c.Host + "/" + model.NewUUID("conflicting alias", c.Host, c.Owner)[:8]
}

// conflictingShape returns a page of a ConflictingAliasesList.
func conflictingShape(found []*model.Claim, after string, size int) *node {
	for len(found) > 0 && after != "" && marker(found[0]) <= after {
		found = found[1:]
	}
	list := tree("ConflictingAliasesList")
	if len(found) > size {
		found = found[:size]
		list.kids = append(list.kids, leaf("NextMarker", marker(found[size-1])))
	}
	list.kids = append(list.kids, leaf("MaxItems", size))
	var out []*node
	for _, c := range found {
		out = append(out, tree("ConflictingAlias", leaf("Alias", c.Host), leaf("DistributionId", masked(c.Owner)), leaf("AccountId", masked(c.Account))))
	}
	list.kids = append(list.kids, items("", out).kids...)
	return list
}

// masked returns an id whose first half is hidden. Of an ARN it is that of what
// stands last.
func masked(id string) string {
	id = id[strings.LastIndexByte(id, '/')+1:]
	hidden := len(id) / 2
	return strings.Repeat("*", hidden) + id[hidden:]
}
