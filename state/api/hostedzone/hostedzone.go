// Package hostedzone is what the services of the API that make hosted zones
// share: which name servers are free, whose VPC a name is taken in, and the
// rows that come and go with a zone. It keeps nothing; each function is part
// of its caller's transaction.
package hostedzone

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// Each calls f for every zone in the order of ids until f returns false.
func Each(rd *state.Reader, f func(z *model.Zone) bool) {
	rd.Range(model.TableZones, "", "", func(v model.Value, _ state.Version) bool { return f(v.(*model.Zone)) })
}

// Owned returns the zones of an account in the order of ids.
func Owned(rd *state.Reader, account string) []*model.Zone {
	var out []*model.Zone
	Each(rd, func(z *model.Zone) bool {
		if z.Account == account {
			out = append(out, z)
		}
		return true
	})
	return out
}

// Related tells whether one of two names is within the other.
func Related(a, b model.Name) bool { return a.Within(b) || b.Within(a) }

// maxServerTries bounds the search for free name servers.
const maxServerTries = 200

// FreeServers returns four name servers that serve neither the name, nor one
// above or below it (aws-behaviour 1.1 rule 9; dangling-delegation protection).
func FreeServers(rd *state.Reader, seed string, name model.Name) ([]model.Name, error) {
	taken := make(map[model.Name]bool)
	Each(rd, func(z *model.Zone) bool {
		if !z.Private && Related(z.Name, name) {
			for _, n := range z.NameServers {
				taken[n] = true
			}
		}
		return true
	})
	for _, n := range model.PrivateNameServers() {
		taken[n] = true
	}
	for i := range maxServerTries {
		servers := model.DelegationServers(fmt.Sprintf("%s %d", seed, i))
		if i == 0 {
			servers = model.DelegationServers(seed)
		}
		if !slices.ContainsFunc(servers, func(n model.Name) bool { return taken[n] }) {
			return servers, nil
		}
	}
	return nil, awserr.New(awserr.DelegationSetNotAvailable, "No name servers are left for the domain name %s", name.AWS())
}

// WithName returns the zone of z's name that has v, which may be z itself, or
// nil (aws-behaviour 1.1 rule 13). Of several it is the earliest, to the second
// that rows keep, and of one second the one with the lowest id.
func WithName(rd *state.Reader, z *model.Zone, v model.VPC) *model.Zone {
	var found *model.Zone
	Each(rd, func(o *model.Zone) bool {
		if o.Name == z.Name && slices.Contains(o.VPCs, v) && (found == nil || o.Created.Unix() < found.Created.Unix()) {
			found = o
		}
		return true
	})
	return found
}

// vpcRegions are the Regions that a VPC may be in (the model's enum).
var vpcRegions = append(slices.Clone(model.Regions), "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1",
	"us-isof-south-1", "us-isof-east-1", "eu-isoe-west-1")

// ParseVPC returns a VPC. Which VPCs there are, and whose, is not part of the
// state: any well-formed one is taken.
func ParseVPC(id, region string) (model.VPC, error) {
	switch {
	case id == "" || region == "":
		return model.VPC{}, awserr.New(awserr.InvalidInput, "Invalid request: Expected all of [VPCRegion, and VPCId]")
	case !slices.Contains(vpcRegions, region):
		return model.VPC{}, awserr.New(awserr.InvalidInput,
			"1 validation error detected: Value '%.64s' at 'vPC.vPCRegion' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			region, strings.Join(vpcRegions, ", "))
	case strings.Trim(strings.TrimPrefix(id, "vpc-"), "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "" || len(id) > 1024:
		return model.VPC{}, awserr.New(awserr.InvalidVPCID, "The VPC: %.64s in region %s that you provided is not valid.", id, region)
	}
	return model.VPC{ID: id, Region: region}, nil
}

// ReferenceKind is the kind of a zone's caller reference.
const ReferenceKind = "hostedzone"

// ReferenceMemory is how long the reference of a deleted thing stays used.
const ReferenceMemory = 7 * 24 * time.Hour

func reference(z *model.Zone) *model.CallerReference {
	return &model.CallerReference{Account: z.Account, Kind: ReferenceKind, Reference: z.CallerReference, Resource: z.ID}
}

// Insert writes the rows of a new zone: its own, its SOA and NS, and its caller
// reference.
func Insert(t *state.Tx, z *model.Zone, soa *model.RRset) error {
	return errors.Join(t.Put(z), t.Put(model.DefaultNS(z)), t.Put(soa), t.Put(reference(z)))
}

// Remove deletes a zone, its RRsets, and what only it gives a meaning. now is
// the writer's clock.
func Remove(t *state.Tx, z *model.Zone, now time.Time) error {
	DeletePrefix(t, model.TableRRsets, model.RRsetPrefix(z.ID))
	DeletePrefix(t, model.TableTags, model.TagPrefix(model.TaggedZone, z.ID))
	DeletePrefix(t, model.TableVPCAuthorizations, model.VPCAuthorizationPrefix(z.ID))
	var logging []string
	t.Range(model.TableQueryLogging, "", "", func(v model.Value, _ state.Version) bool {
		if q := v.(*model.QueryLoggingConfig); q.Zone == z.ID {
			logging = append(logging, q.ID)
		}
		return true
	})
	for _, id := range logging {
		t.Delete(model.TableQueryLogging, id)
	}
	t.Delete(model.TableZones, z.ID)
	if z.CallerReference == "" {
		return nil
	}
	return t.PutUntil(reference(z), now.Add(ReferenceMemory))
}

// DeletePrefix deletes the rows of a table whose keys begin with prefix.
func DeletePrefix(t *state.Tx, table, prefix string) {
	var keys []string
	t.Range(table, prefix, "", func(v model.Value, _ state.Version) bool {
		keys = append(keys, v.Key())
		return true
	})
	for _, k := range keys {
		t.Delete(table, k)
	}
}
