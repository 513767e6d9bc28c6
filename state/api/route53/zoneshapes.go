package route53

import (
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

type hostedZone struct {
	Id                     string           `xml:"Id"`
	Name                   string           `xml:"Name"`
	CallerReference        string           `xml:"CallerReference"`
	Config                 hostedZoneConfig `xml:"Config"`
	ResourceRecordSetCount int              `xml:"ResourceRecordSetCount"`
	LinkedService          *linkedService   `xml:"LinkedService,omitempty"`
}

type linkedService struct {
	ServicePrincipal string `xml:"ServicePrincipal"`
	Description      string `xml:"Description,omitempty"`
}

// linkedShape returns who made a resource, nil where its owner did.
func linkedShape(l *model.LinkedService) *linkedService {
	if l == nil {
		return nil
	}
	return &linkedService{ServicePrincipal: l.Principal, Description: l.Description}
}

type hostedZoneConfig struct {
	Comment     string `xml:"Comment,omitempty"`
	PrivateZone bool   `xml:"PrivateZone"`
}

type hostedZones struct {
	HostedZone []hostedZone `xml:"HostedZone"`
}

type delegationSet struct {
	Id              string      `xml:"Id,omitempty"`
	CallerReference string      `xml:"CallerReference,omitempty"`
	NameServers     nameServers `xml:"NameServers"`
}

type nameServers struct {
	NameServer []string `xml:"NameServer"`
}

type vpc struct {
	VPCRegion string `xml:"VPCRegion" aws:"required,min=1,max=64"`
	VPCId     string `xml:"VPCId" aws:"required,min=1,max=1024"`
}

type vpcs struct {
	VPC []vpc `xml:"VPC"`
}

// zoneShape returns z as the API shows it.
func (c *call) zoneShape(rd *state.Reader, z *model.Zone) hostedZone {
	return hostedZone{
		Id: "/hostedzone/" + z.ID, Name: z.Name.AWS(), CallerReference: z.CallerReference,
		Config:                 hostedZoneConfig{Comment: z.Comment, PrivateZone: z.Private},
		ResourceRecordSetCount: listedCount(rd, z.ID) + len(c.derived(rd, z)),
		LinkedService:          linkedShape(z.Linked),
	}
}

// serversShape returns name servers without their final dots.
func serversShape(names []model.Name) nameServers {
	var n nameServers
	for _, name := range names {
		n.NameServer = append(n.NameServer, strings.TrimSuffix(name.AWS(), "."))
	}
	return n
}

// zoneSetShape returns the delegation set of a public zone, nil for a private
// one.
func zoneSetShape(rd *state.Reader, z *model.Zone) *delegationSet {
	if z.Private {
		return nil
	}
	d := &delegationSet{NameServers: serversShape(z.NameServers)}
	if z.DelegationSetID != "" {
		d.Id = "/delegationset/" + z.DelegationSetID
		if v, ok := rd.Get(model.TableDelegationSets, z.DelegationSetID); ok {
			d.CallerReference = v.(*model.DelegationSet).CallerReference
		}
	}
	return d
}

func vpcShape(v model.VPC) vpc { return vpc{VPCRegion: v.Region, VPCId: v.ID} }

func vpcsShape(list []model.VPC) *vpcs {
	if len(list) == 0 {
		return nil
	}
	out := &vpcs{}
	for _, v := range list {
		out.VPC = append(out.VPC, vpcShape(v))
	}
	return out
}

// anyZone returns the zone with an id, whoever owns it.
func anyZone(rd *state.Reader, id string) (*model.Zone, error) {
	id = bare(id)
	v, ok := rd.Get(model.TableZones, id)
	if !ok || id == "" {
		return nil, awserr.New(awserr.NoSuchHostedZone, "No hosted zone found with ID: %s", id)
	}
	return v.(*model.Zone), nil
}

// zone returns the caller's zone with an id.
func (c *call) zone(rd *state.Reader, id string) (*model.Zone, error) {
	z, err := anyZone(rd, id)
	if err == nil && z.Account != c.account {
		return nil, awserr.New(awserr.AccessDenied, "User: arn:aws:iam::%s:root is not authorized to access this resource", c.account)
	}
	return z, err
}

// ownZone returns the caller's zone with an id, if it is the caller's to
// change.
func (c *call) ownZone(rd *state.Reader, id string) (*model.Zone, error) {
	z, err := c.zone(rd, id)
	if err != nil {
		return nil, err
	}
	return z, linkedFault("hostedzone/"+z.ID, z.Linked)
}

// linkedFault returns an error where a resource belongs to another service
// (aws-behaviour 1.6).
func linkedFault(resource string, l *model.LinkedService) error {
	if l == nil {
		return nil
	}
	service := l.Principal
	if service == model.CloudMapPrincipal {
		service = "AWS Cloud Map"
	}
	return awserr.New(awserr.AccessDenied, "The resource %s can only be managed through %s (%s)", resource, service, l.Description)
}
