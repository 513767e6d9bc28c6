package route53

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// maxCIDRPage is how many members a page of the CIDR lists has at most.
const maxCIDRPage = 100

type listCidrCollectionsResponse struct {
	NextToken       string          `xml:"NextToken,omitempty"`
	CidrCollections cidrCollections `xml:"CidrCollections"`
}

type cidrCollections struct {
	Member []cidrCollection `xml:"member"`
}

func listCidrCollections(c *call) (any, error) {
	var res listCidrCollectionsResponse
	err := cidrPage(c, func(rd *state.Reader) ([]*model.CIDRCollection, error) { return c.ownCollections(rd), nil },
		func(m *model.CIDRCollection) string { return m.ID },
		func(m *model.CIDRCollection) {
			res.CidrCollections.Member = append(res.CidrCollections.Member, collectionShape(m))
		}, &res.NextToken)
	return res, err
}

type listCidrLocationsResponse struct {
	NextToken     string        `xml:"NextToken,omitempty"`
	CidrLocations cidrLocations `xml:"CidrLocations"`
}

type cidrLocations struct {
	Member []cidrLocation `xml:"member"`
}

type cidrLocation struct {
	LocationName string `xml:"LocationName"`
}

func listCidrLocations(c *call) (any, error) {
	var res listCidrLocationsResponse
	err := cidrPage(c, func(rd *state.Reader) ([]model.CIDRLocation, error) {
		m, err := c.collection(rd)
		if err != nil {
			return nil, err
		}
		return m.Locations, nil
	}, func(l model.CIDRLocation) string { return l.Name },
		func(l model.CIDRLocation) {
			res.CidrLocations.Member = append(res.CidrLocations.Member, cidrLocation{l.Name})
		}, &res.NextToken)
	return res, err
}

type listCidrBlocksResponse struct {
	NextToken  string     `xml:"NextToken,omitempty"`
	CidrBlocks cidrBlocks `xml:"CidrBlocks"`
}

type cidrBlocks struct {
	Member []cidrBlock `xml:"member"`
}

type cidrBlock struct {
	CidrBlock    string `xml:"CidrBlock"`
	LocationName string `xml:"LocationName"`
}

// listCidrBlocks lists by location, then block; with a location only its own.
func listCidrBlocks(c *call) (any, error) {
	location, one := c.param("location")
	var res listCidrBlocksResponse
	err := cidrPage(c, func(rd *state.Reader) ([]cidrBlock, error) {
		m, err := c.collection(rd)
		if err != nil {
			return nil, err
		}
		if one && m.Location(location) == nil {
			return nil, awserr.New(awserr.NoSuchCidrLocation, "The CIDR location %.32s does not exist in the collection %s.", location, m.ID)
		}
		var out []cidrBlock
		for _, l := range m.Locations {
			for _, b := range l.Blocks {
				if !one || l.Name == location {
					out = append(out, cidrBlock{b.String(), l.Name})
				}
			}
		}
		return out, nil
	}, func(b cidrBlock) string { return b.LocationName + " " + b.CidrBlock },
		func(b cidrBlock) { res.CidrBlocks.Member = append(res.CidrBlocks.Member, b) }, &res.NextToken)
	return res, err
}

// cidrPage reads a list and gives add one page of it. The token is the key of
// the first member of a page; once that is gone, the token is not valid.
func cidrPage[T any](c *call, list func(rd *state.Reader) ([]T, error), key func(T) string, add func(T), next *string) error {
	size, err := c.pageSize("maxresults", maxCIDRPage, maxCIDRPage)
	if err != nil {
		return err
	}
	token, err := c.token("nexttoken")
	if err != nil {
		return err
	}
	return c.view(func(rd *state.Reader) error {
		items, err := list(rd)
		if err != nil {
			return err
		}
		started := token == ""
		now, after := page(items, size, func(t T) bool { started = started || key(t) == token; return started })
		for _, t := range now {
			add(t)
		}
		if after != nil {
			*next = encodeToken(key(*after))
		}
		if len(items) > 0 && !started {
			return awserr.New(awserr.InvalidPaginationToken, "The pagination token is not valid.")
		}
		return nil
	})
}
