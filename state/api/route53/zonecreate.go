package route53

import (
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

type createHostedZoneRequest struct {
	Name             string             `xml:"Name" aws:"required,max=1024"`
	VPC              *vpc               `xml:"VPC"`
	CallerReference  string             `xml:"CallerReference" aws:"required,min=1,max=128"`
	HostedZoneConfig *zoneConfigRequest `xml:"HostedZoneConfig"`
	DelegationSetId  *string            `xml:"DelegationSetId" aws:"max=64"`
}

type zoneConfigRequest struct {
	Comment     *string `xml:"Comment" aws:"max=256"`
	PrivateZone *bool   `xml:"PrivateZone"`
}

type createHostedZoneResponse struct {
	HostedZone    hostedZone     `xml:"HostedZone"`
	ChangeInfo    changeInfo     `xml:"ChangeInfo"`
	DelegationSet *delegationSet `xml:"DelegationSet,omitempty"`
	VPC           *vpc           `xml:"VPC,omitempty"`
}

// createHostedZone makes a zone with its NS and SOA (aws-behaviour 1.1).
func createHostedZone(c *call) (any, error) {
	var req createHostedZoneRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	z, err := c.newZone(&req)
	if err != nil {
		return nil, err
	}
	var res createHostedZoneResponse
	res.ChangeInfo, err = c.commit("", func(t *state.Tx) error {
		if err := c.insertZone(t, z, &req); err != nil {
			return err
		}
		res.HostedZone, res.DelegationSet = c.zoneShape(&t.Reader, z), zoneSetShape(&t.Reader, z)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if z.Private {
		res.VPC = req.VPC
	}
	return created{"hostedzone/" + z.ID, res}, nil
}

// newZone returns what a request asks for, checked by itself (rules 2 to 8, 11).
func (c *call) newZone(req *createHostedZoneRequest) (*model.Zone, error) {
	name, err := model.ParseName(req.Name)
	if err != nil {
		return nil, awserr.New(awserr.InvalidDomainName, "%v", err)
	}
	z := &model.Zone{
		ID: model.NewZoneID(c.account, req.CallerReference, name), Name: name, Account: c.account,
		CallerReference: req.CallerReference, Private: req.VPC != nil, Created: c.config.Now().UTC().Truncate(time.Second), // as rows keep it
	}
	if hc := req.HostedZoneConfig; hc != nil {
		if hc.Comment != nil {
			z.Comment = *hc.Comment
		}
		if p := hc.PrivateZone; p != nil && *p != z.Private {
			return nil, invalid("Invalid request: PrivateZone is %t, and the VPC of a private hosted zone is %s.", *p, presence(z.Private))
		}
	}
	if name.IsWildcard() {
		return nil, awserr.New(awserr.InvalidDomainName, "Creation of hosted zone with a wildcard domain name is not supported.")
	}
	if c.config.RefuseReserved && !z.Private && reserved(name) {
		return nil, awserr.New(awserr.InvalidDomainName, "%s is reserved by AWS!", name.AWS())
	}
	if z.Private {
		if req.DelegationSetId != nil {
			return nil, invalid("Reusable delegation sets are for public hosted zones only.")
		}
		z.NameServers = model.PrivateNameServers()
		v, err := hostedzone.ParseVPC(req.VPC.VPCId, req.VPC.VPCRegion)
		if err != nil {
			return nil, err
		}
		z.VPCs = []model.VPC{v}
	}
	return z, nil
}

func presence(there bool) string {
	if there {
		return "given"
	}
	return "missing"
}

// reserved tells whether AWS keeps a name for itself.
func reserved(n model.Name) bool { return len(n.Labels()) < 2 || n.Within("example.com.") }

// insertZone writes z unless another row forbids it (rules 1, 9, 10, 12 to 14).
func (c *call) insertZone(t *state.Tx, z *model.Zone, req *createHostedZoneRequest) error {
	_, used := t.Get(model.TableCallerReferences, model.CallerReferenceKey(c.account, hostedzone.ReferenceKind, z.CallerReference))
	if _, exists := t.Get(model.TableZones, z.ID); used || exists {
		return awserr.New(awserr.HostedZoneAlreadyExists, "A hosted zone has already been created with the specified caller reference.")
	}
	if n := len(hostedzone.Owned(&t.Reader, c.account)); n >= c.config.Quotas.HostedZones {
		return awserr.New(awserr.TooManyHostedZones, "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones than %d.", c.config.Quotas.HostedZones)
	}
	var err error
	switch {
	case z.Private:
		err = vpcConflict(&t.Reader, z, z.VPCs[0])
	case req.DelegationSetId != nil:
		err = c.joinDelegationSet(&t.Reader, z, bare(*req.DelegationSetId))
	default:
		z.NameServers, err = hostedzone.FreeServers(&t.Reader, z.ID, z.Name)
	}
	if err != nil {
		return err
	}
	return hostedzone.Insert(t, z, model.DefaultSOA(z))
}

// joinDelegationSet gives z the servers of a reusable set (rules 10 and 12).
func (c *call) joinDelegationSet(rd *state.Reader, z *model.Zone, id string) error {
	d, err := c.delegationSet(rd, id)
	if err != nil {
		return err
	}
	zones := 0
	hostedzone.Each(rd, func(o *model.Zone) bool {
		if o.DelegationSetID != d.ID {
			return true
		}
		zones++
		if hostedzone.Related(o.Name, z.Name) {
			err = awserr.New(awserr.ConflictingDomainExists, "The delegation set %s already serves the hosted zone %s with the name %s.", d.ID, o.ID, o.Name.AWS())
		}
		return err == nil
	})
	if err == nil && zones >= c.config.Quotas.ZonesPerSet {
		err = awserr.New(awserr.LimitsExceeded, "A reusable delegation set cannot serve more than %d hosted zones.", c.config.Quotas.ZonesPerSet)
	}
	z.NameServers, z.DelegationSetID = d.NameServers, d.ID
	return err
}
