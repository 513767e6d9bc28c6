package route53

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

// maxZonePage is how many zones a page has at most, and without being told.
const maxZonePage = 100

type listHostedZonesResponse struct {
	HostedZones hostedZones `xml:"HostedZones"`
	Marker      string      `xml:"Marker,omitempty"`
	IsTruncated bool        `xml:"IsTruncated"`
	NextMarker  string      `xml:"NextMarker,omitempty"`
	MaxItems    string      `xml:"MaxItems"`
}

// listHostedZones lists in the order of ids, from the marker on.
func listHostedZones(c *call) (any, error) {
	size, err := c.pageSize("maxitems", maxZonePage, maxZonePage)
	if err != nil {
		return nil, err
	}
	kind, _ := c.param("hostedzonetype")
	if kind != "" && kind != "PrivateHostedZone" {
		return nil, invalid("1 validation error detected: Value '%.64s' at 'hostedZoneType' failed to satisfy constraint: Member must satisfy enum value set: [PrivateHostedZone]", kind)
	}
	marker, _ := c.param("marker")
	marker = bare(marker)
	res := listHostedZonesResponse{Marker: marker, MaxItems: strconv.Itoa(size)}
	err = c.view(func(rd *state.Reader) error {
		zones := hostedzone.Owned(rd, c.account)
		if id, ok := c.param("delegationsetid"); ok {
			d, err := c.delegationSet(rd, bare(id))
			if err != nil {
				return err
			}
			zones = slices.DeleteFunc(zones, func(z *model.Zone) bool { return z.DelegationSetID != d.ID })
		}
		if kind != "" {
			zones = slices.DeleteFunc(zones, func(z *model.Zone) bool { return !z.Private })
		}
		now, next := page(zones, size, func(z *model.Zone) bool { return z.ID >= marker })
		for _, z := range now {
			res.HostedZones.HostedZone = append(res.HostedZones.HostedZone, c.zoneShape(rd, z))
		}
		if next != nil {
			res.IsTruncated, res.NextMarker = true, (*next).ID
		}
		return nil
	})
	return res, err
}

type listHostedZonesByNameResponse struct {
	HostedZones      hostedZones `xml:"HostedZones"`
	DNSName          string      `xml:"DNSName,omitempty"`
	HostedZoneId     string      `xml:"HostedZoneId,omitempty"`
	IsTruncated      bool        `xml:"IsTruncated"`
	NextDNSName      string      `xml:"NextDNSName,omitempty"`
	NextHostedZoneId string      `xml:"NextHostedZoneId,omitempty"`
	MaxItems         string      `xml:"MaxItems"`
}

// listHostedZonesByName lists in the order of reversed names, then ids. Name
// and id are where the page begins, and no filter.
func listHostedZonesByName(c *call) (any, error) {
	size, err := c.pageSize("maxitems", maxZonePage, maxZonePage)
	if err != nil {
		return nil, err
	}
	name, _ := c.param("dnsname")
	id, _ := c.param("hostedzoneid")
	if id != "" && name == "" {
		return nil, invalid("The hostedzoneid parameter needs the dnsname parameter.")
	}
	from := zoneCursor{id: bare(id)}
	if name != "" {
		n, err := model.ParseName(name)
		if err != nil {
			return nil, awserr.New(awserr.InvalidDomainName, "%v", err)
		}
		from.name = n.Reversed()
	}
	res := listHostedZonesByNameResponse{DNSName: name, HostedZoneId: bare(id), MaxItems: strconv.Itoa(size)}
	err = c.view(func(rd *state.Reader) error {
		zones := hostedzone.Owned(rd, c.account)
		slices.SortFunc(zones, func(a, b *model.Zone) int { return cursorOf(a).compare(cursorOf(b)) })
		now, next := page(zones, size, func(z *model.Zone) bool { return cursorOf(z).compare(from) >= 0 })
		for _, z := range now {
			res.HostedZones.HostedZone = append(res.HostedZones.HostedZone, c.zoneShape(rd, z))
		}
		if next != nil {
			res.IsTruncated, res.NextDNSName, res.NextHostedZoneId = true, (*next).Name.AWS(), (*next).ID
		}
		return nil
	})
	return res, err
}

// zoneCursor is a place in the order by name.
type zoneCursor struct{ name, id string }

func cursorOf(z *model.Zone) zoneCursor { return zoneCursor{z.Name.Reversed(), z.ID} }

func (a zoneCursor) compare(b zoneCursor) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
}

type listHostedZonesByVPCResponse struct {
	HostedZoneSummaries hostedZoneSummaries `xml:"HostedZoneSummaries"`
	MaxItems            string              `xml:"MaxItems"`
	NextToken           string              `xml:"NextToken,omitempty"`
}

type hostedZoneSummaries struct {
	HostedZoneSummary []hostedZoneSummary `xml:"HostedZoneSummary"`
}

type hostedZoneSummary struct {
	HostedZoneId string          `xml:"HostedZoneId"`
	Name         string          `xml:"Name"`
	Owner        hostedZoneOwner `xml:"Owner"`
}

type hostedZoneOwner struct {
	OwningAccount string `xml:"OwningAccount"`
}

// listHostedZonesByVPC lists the zones of a VPC, whoever owns them.
func listHostedZonesByVPC(c *call) (any, error) {
	size, err := c.pageSize("maxitems", maxZonePage, maxZonePage)
	if err != nil {
		return nil, err
	}
	id, _ := c.param("vpcid")
	region, _ := c.param("vpcregion")
	v, err := hostedzone.ParseVPC(id, region)
	if err != nil {
		return nil, err
	}
	token, err := c.token("nexttoken")
	if err != nil {
		return nil, err
	}
	res := listHostedZonesByVPCResponse{MaxItems: strconv.Itoa(size)}
	err = c.view(func(rd *state.Reader) error {
		var zones []*model.Zone
		hostedzone.Each(rd, func(z *model.Zone) bool {
			if slices.Contains(z.VPCs, v) {
				zones = append(zones, z)
			}
			return true
		})
		now, next := page(zones, size, func(z *model.Zone) bool { return z.ID >= token })
		for _, z := range now {
			res.HostedZoneSummaries.HostedZoneSummary = append(res.HostedZoneSummaries.HostedZoneSummary,
				hostedZoneSummary{HostedZoneId: z.ID, Name: z.Name.AWS(), Owner: hostedZoneOwner{z.Account}})
		}
		if next != nil {
			res.NextToken = encodeToken((*next).ID)
		}
		return nil
	})
	return res, err
}
