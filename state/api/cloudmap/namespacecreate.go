package cloudmap

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

func itoa(n int) string { return strconv.Itoa(n) }

// referenceKind is the kind of a namespace's creator request id.
const referenceKind = "namespace"

// reference returns the row that remembers what a creator request id made.
func reference(n *model.Namespace) *model.CallerReference {
	return &model.CallerReference{
		Account: n.Account, Kind: referenceKind, Reference: n.Region + "/" + n.CreatorRequestID, Resource: n.ID,
	}
}

// createNamespace makes n, and for DNS its hosted zone, in one commit. The same
// request once more is answered with the operation of the first
// (aws-behaviour 6.3).
func (c *call) createNamespace(n *model.Namespace, vpc string, tags []tag) (any, error) {
	n.ID = model.NewNamespaceID(n.Account, n.Region, n.Type, n.Name, vpc, n.CreatorRequestID)
	if err := c.refuseWhileRunning(n); err != nil {
		return nil, err
	}
	op := c.newOperation(model.OperationCreateNamespace, n.ID)
	op.Namespace = n.ID
	n.Operation = op.ID
	answer := operationAnswer{op.ID}
	err := c.commit(func(t *state.Tx) error {
		if old := replayed(&t.Reader, n); old != nil {
			answer.OperationId = old.Operation
			if sameNamespace(old, n) {
				return nil
			}
			return alreadyExists(old)
		}
		if countNamespaces(&t.Reader, n) >= c.config.Quotas.Namespaces {
			return awserr.New(awserr.ResourceLimitExceeded, "The limit of %d namespaces in this Region is reached.", c.config.Quotas.Namespaces)
		}
		return c.insertNamespace(t, n, op, vpc, tags)
	})
	return answer, err
}

// replayed returns the namespace that a creator request id made, or nil.
func replayed(rd *state.Reader, n *model.Namespace) *model.Namespace {
	v, ok := rd.Get(model.TableCallerReferences, reference(n).Key())
	if !ok {
		return nil
	}
	return registry.Namespace(rd, v.(*model.CallerReference).Resource)
}

// sameNamespace tells whether a request asks for what there is.
func sameNamespace(old, n *model.Namespace) bool {
	return old.ID == n.ID && old.Description == n.Description && old.SOATTL == n.SOATTL
}

// refuseWhileRunning returns an error where a creator request id comes with
// another request while its first one is still running.
func (c *call) refuseWhileRunning(n *model.Namespace) error {
	var old *model.Namespace
	err := c.view(func(rd *state.Reader) error {
		old = replayed(rd, n)
		return nil
	})
	if err != nil || old == nil || sameNamespace(old, n) {
		return err
	}
	return c.refuseDuplicate(old.Operation)
}

func alreadyExists(n *model.Namespace) error {
	e := awserr.New(awserr.NamespaceAlreadyExists, "The namespace %.253s already exists.", n.Name)
	e.Members = map[string]string{"NamespaceId": n.ID, "CreatorRequestId": n.CreatorRequestID}
	return e
}

func countNamespaces(rd *state.Reader, n *model.Namespace) int {
	count := 0
	rd.Range(model.TableNamespaces, "", "", func(v model.Value, _ state.Version) bool {
		if o := v.(*model.Namespace); o.Account == n.Account && o.Region == n.Region {
			count++
		}
		return true
	})
	return count
}

// insertNamespace writes the rows of n unless others forbid it. What Route 53
// refuses is no error of the request but of the operation.
func (c *call) insertNamespace(t *state.Tx, n *model.Namespace, op *model.Operation, vpc string, tags []tag) error {
	if old := registry.NamespaceByName(&t.Reader, n.Account, n.Region, n.HTTPName); old != nil {
		if !n.DNS() {
			return alreadyExists(old)
		}
		sum := sha256.Sum256([]byte(n.ID))
		n.HTTPName += "-" + hex.EncodeToString(sum[:4])
	}
	if n.DNS() {
		z, err := c.zoneOf(t, n, vpc)
		if e := (*awserr.Error)(nil); errors.As(err, &e) && e.Code != awserr.NamespaceAlreadyExists {
			op.ErrorCode, op.ErrorMessage = cannotCreateZone, e.Message
			return c.note(t, op)
		}
		if err != nil {
			return err
		}
		soa := model.DefaultSOA(z)
		soa.TTL = n.SOATTL
		if err := hostedzone.Insert(t, z, soa); err != nil {
			return err
		}
	}
	return errors.Join(
		t.Put(n), t.Put(n.Claim()), t.Put(reference(n)),
		putTags(t, model.TaggedNamespace, n.ID, tags), c.note(t, op),
	)
}

// cannotCreateZone is the code of an operation that Route 53 refused.
const cannotCreateZone = "CANNOT_CREATE_HOSTED_ZONE"

// zoneOf returns the hosted zone of a namespace, whose Zone it sets.
func (c *call) zoneOf(t *state.Tx, n *model.Namespace, vpc string) (*model.Zone, error) {
	name, err := model.ParseName(n.Name)
	if err != nil {
		return nil, awserr.New(awserr.InvalidDomainName, "%v", err)
	}
	if name.IsWildcard() {
		return nil, awserr.New(awserr.InvalidDomainName, "Creation of hosted zone with a wildcard domain name is not supported.")
	}
	z := &model.Zone{
		ID: model.NewZoneID(n.Account, n.ID, name), Name: name, Account: n.Account, CallerReference: n.ID,
		Comment: "Created by AWS Cloud Map namespace with ARN " + n.ARN(),
		Created: time.UnixMilli(c.now).UTC().Truncate(time.Second), Namespace: n.ID,
		Linked: &model.LinkedService{Principal: model.CloudMapPrincipal, Description: n.ARN()},
	}
	n.Zone = z.ID
	if n.Type == model.NamespacePublic {
		z.NameServers, err = hostedzone.FreeServers(&t.Reader, z.ID, z.Name)
		return z, err
	}
	z.Private, z.NameServers = true, model.PrivateNameServers()
	v, err := hostedzone.ParseVPC(vpc, n.Region)
	if err != nil {
		return nil, err
	}
	z.VPCs = []model.VPC{v}
	return z, vpcConflict(&t.Reader, z, v)
}

// zoneBefore returns a VPC that z is associated with and the zone that has z's
// name there, if that is another: it was created before z.
func zoneBefore(rd *state.Reader, z *model.Zone) (model.VPC, *model.Zone) {
	for _, v := range z.VPCs {
		if first := hostedzone.WithName(rd, z, v); first != nil && first.ID != z.ID {
			return v, first
		}
	}
	return model.VPC{}, nil
}

// vpcConflict returns an error where another zone of z's name has v.
func vpcConflict(rd *state.Reader, z *model.Zone, v model.VPC) error {
	o := hostedzone.WithName(rd, z, v)
	if o == nil {
		return nil
	}
	if n := registry.Namespace(rd, o.Namespace); n != nil && n.Account == z.Account {
		return alreadyExists(n)
	}
	return awserr.New(awserr.ConflictingDomainExists,
		"The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name.", v.ID, v.Region, o.ID)
}
