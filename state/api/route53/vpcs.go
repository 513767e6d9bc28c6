package route53

import (
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

var vpcOperations = []*operation{
	{name: "AssociateVPCWithHostedZone", method: "POST", path: "hostedzone/{Id}/associatevpc", run: associateVPC},
	{name: "DisassociateVPCFromHostedZone", method: "POST", path: "hostedzone/{Id}/disassociatevpc", run: disassociateVPC},
	{name: "CreateVPCAssociationAuthorization", method: "POST", path: "hostedzone/{Id}/authorizevpcassociation", run: authorizeVPC},
	{name: "DeleteVPCAssociationAuthorization", method: "POST", path: "hostedzone/{Id}/deauthorizevpcassociation", run: deauthorizeVPC},
	{name: "ListVPCAssociationAuthorizations", method: "GET", path: "hostedzone/{Id}/authorizevpcassociation", run: listAuthorizations},
}

// vpcConflict returns an error where another zone of z's name has v, or z
// itself (aws-behaviour 1.1 rule 13).
func vpcConflict(rd *state.Reader, z *model.Zone, v model.VPC) error {
	if o := hostedzone.WithName(rd, z, v); o != nil {
		return awserr.New(awserr.ConflictingDomainExists,
			"The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name.", v.ID, v.Region, o.ID)
	}
	return nil
}

type vpcRequest struct {
	VPC     vpc     `xml:"VPC" aws:"required"`
	Comment *string `xml:"Comment"`
}

// vpcChange reads the request of an association, and lets change make the new
// list of the zone's VPCs.
func (c *call) vpcChange(change func(t *state.Tx, z *model.Zone, v model.VPC) ([]model.VPC, error)) (any, error) {
	var req vpcRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	v, err := hostedzone.ParseVPC(req.VPC.VPCId, req.VPC.VPCRegion)
	if err != nil {
		return nil, err
	}
	comment := ""
	if req.Comment != nil {
		comment = *req.Comment
	}
	info, err := c.commit(comment, func(t *state.Tx) error {
		z, err := anyZone(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		changed := *z
		if changed.VPCs, err = change(t, z, v); err != nil {
			return err
		}
		return t.Put(&changed)
	})
	return changeInfoResponse{info}, err
}

// associateVPC adds a VPC to a private zone; in another account's zone it needs
// that account's authorization.
func associateVPC(c *call) (any, error) {
	return c.vpcChange(func(t *state.Tx, z *model.Zone, v model.VPC) ([]model.VPC, error) {
		auth := &model.VPCAuthorization{Zone: z.ID, VPC: v}
		if _, ok := t.Get(model.TableVPCAuthorizations, auth.Key()); z.Account != c.account && !ok {
			return nil, awserr.New(awserr.NotAuthorized, "The VPC that you specified in the request is not authorized to be associated with the hosted zone.")
		}
		if !z.Private {
			return nil, awserr.New(awserr.PublicZoneVPCAssociation, "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support associating a VPC with a public hosted zone.")
		}
		if err := vpcConflict(&t.Reader, z, v); err != nil {
			return nil, err
		}
		if len(z.VPCs) >= c.config.Quotas.VPCsPerZone {
			return nil, awserr.New(awserr.LimitsExceeded, "Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - Cannot associate more VPCs than %d.", c.config.Quotas.VPCsPerZone)
		}
		return append(slices.Clone(z.VPCs), v), nil
	})
}

// disassociateVPC takes a VPC from a zone that keeps another. Either side may,
// and whose the VPC is the state does not know.
func disassociateVPC(c *call) (any, error) {
	return c.vpcChange(func(t *state.Tx, z *model.Zone, v model.VPC) ([]model.VPC, error) {
		switch {
		case !slices.Contains(z.VPCs, v):
			return nil, awserr.New(awserr.VPCAssociationNotFound, "The VPC: %s in region %s is not associated with hosted zone %s.", v.ID, v.Region, z.ID)
		case len(z.VPCs) == 1:
			return nil, awserr.New(awserr.LastVPCAssociation, "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is associated with the hosted zone.")
		}
		return slices.DeleteFunc(slices.Clone(z.VPCs), func(o model.VPC) bool { return o == v }), nil
	})
}

type authorizationResponse struct {
	HostedZoneId string `xml:"HostedZoneId"`
	VPC          vpc    `xml:"VPC"`
}

// privateZone returns the caller's zone, which must be private.
func (c *call) privateZone(rd *state.Reader) (*model.Zone, error) {
	z, err := c.zone(rd, c.params["Id"])
	if err == nil && !z.Private {
		return nil, invalid("The hosted zone %s is public: VPCs are associated with private hosted zones only.", z.ID)
	}
	return z, err
}

// authorization reads a request that names a VPC.
func (c *call) authorization() (model.VPC, error) {
	var req vpcRequest
	if err := c.decode(&req); err != nil {
		return model.VPC{}, err
	}
	return hostedzone.ParseVPC(req.VPC.VPCId, req.VPC.VPCRegion)
}

func authorizeVPC(c *call) (any, error) {
	v, err := c.authorization()
	if err != nil {
		return nil, err
	}
	var res authorizationResponse
	_, err = c.commit("", func(t *state.Tx) error {
		z, err := c.privateZone(&t.Reader)
		if err != nil {
			return err
		}
		n := t.Count(model.TableVPCAuthorizations, model.VPCAuthorizationPrefix(z.ID), 0)
		if n >= c.config.Quotas.Authorizations {
			return awserr.New(awserr.TooManyVPCAuthorizations, "You've created the maximum number of authorizations that can be created for the specified hosted zone.")
		}
		res = authorizationResponse{z.ID, vpcShape(v)}
		return t.Put(&model.VPCAuthorization{Zone: z.ID, VPC: v})
	})
	return res, err
}

func deauthorizeVPC(c *call) (any, error) {
	v, err := c.authorization()
	if err != nil {
		return nil, err
	}
	_, err = c.commit("", func(t *state.Tx) error {
		z, err := c.privateZone(&t.Reader)
		if err != nil {
			return err
		}
		a := &model.VPCAuthorization{Zone: z.ID, VPC: v}
		if _, ok := t.Get(a.Table(), a.Key()); !ok {
			return awserr.New(awserr.VPCAuthorizationNotFound, "The VPC that you specified is not authorized to be associated with the hosted zone.")
		}
		t.Delete(a.Table(), a.Key())
		return nil
	})
	return empty{}, err
}

type listAuthorizationsResponse struct {
	HostedZoneId string `xml:"HostedZoneId"`
	NextToken    string `xml:"NextToken,omitempty"`
	VPCs         vpcs   `xml:"VPCs"`
}

func listAuthorizations(c *call) (any, error) {
	size, err := c.pageSize("maxresults", 50, 50)
	if err != nil {
		return nil, err
	}
	token, err := c.token("nexttoken")
	if err != nil {
		return nil, err
	}
	var res listAuthorizationsResponse
	err = c.view(func(rd *state.Reader) error {
		z, err := c.zone(rd, c.params["Id"])
		if err != nil {
			return err
		}
		res.HostedZoneId = z.ID
		rd.Range(model.TableVPCAuthorizations, model.VPCAuthorizationPrefix(z.ID), token, func(v model.Value, _ state.Version) bool {
			if len(res.VPCs.VPC) == size {
				res.NextToken = encodeToken(v.Key())
				return false
			}
			res.VPCs.VPC = append(res.VPCs.VPC, vpcShape(v.(*model.VPCAuthorization).VPC))
			return true
		})
		return nil
	})
	return res, err
}
