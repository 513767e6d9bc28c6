package route53

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

var cidrOperations = []*operation{
	{name: "CreateCidrCollection", method: "POST", path: "cidrcollection", run: createCidrCollection},
	{name: "ChangeCidrCollection", method: "POST", path: "cidrcollection/{Id}", run: changeCidrCollection},
	{name: "DeleteCidrCollection", method: "DELETE", path: "cidrcollection/{Id}", run: deleteCidrCollection},
	{name: "ListCidrCollections", method: "GET", path: "cidrcollection", run: listCidrCollections},
	{name: "ListCidrLocations", method: "GET", path: "cidrcollection/{Id}", run: listCidrLocations},
	{name: "ListCidrBlocks", method: "GET", path: "cidrcollection/{Id}/cidrblocks", run: listCidrBlocks},
}

type cidrCollection struct {
	Arn     string `xml:"Arn"`
	Id      string `xml:"Id"`
	Name    string `xml:"Name"`
	Version int64  `xml:"Version"`
}

func collectionShape(m *model.CIDRCollection) cidrCollection {
	return cidrCollection{"arn:aws:route53:::cidrcollection/" + m.ID, m.ID, m.Name, m.Version}
}

type createCidrCollectionRequest struct {
	Name            string `xml:"Name" aws:"required" pattern:"[0-9A-Za-z_\\-]{1,64}" xsd:"CollectionName"`
	CallerReference string `xml:"CallerReference" aws:"required,min=1,max=64"`
}

type createCidrCollectionResponse struct {
	Collection cidrCollection `xml:"Collection"`
}

func createCidrCollection(c *call) (any, error) {
	var req createCidrCollectionRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	m := &model.CIDRCollection{
		ID: model.NewUUID("cidr collection", c.account, req.CallerReference, req.Name), Account: c.account,
		Name: req.Name, CallerReference: req.CallerReference, Version: 1,
	}
	_, err := c.commit("", func(t *state.Tx) error {
		own := c.ownCollections(&t.Reader)
		if slices.ContainsFunc(own, func(o *model.CIDRCollection) bool { return o.Name == m.Name || o.CallerReference == m.CallerReference }) {
			return awserr.New(awserr.CidrCollectionAlreadyExists, "A CIDR collection with this name or caller reference already exists: %s.", m.Name)
		}
		if len(own) >= c.config.Quotas.CIDRCollections {
			return awserr.New(awserr.LimitsExceeded, "Limits Exceeded: Cannot create more CIDR collections than %d.", c.config.Quotas.CIDRCollections)
		}
		return t.Put(m)
	})
	if err != nil {
		return nil, err
	}
	return created{"cidrcollection/" + m.ID, createCidrCollectionResponse{collectionShape(m)}}, nil
}

// ownCollections returns the caller's collections in the order of ids.
func (c *call) ownCollections(rd *state.Reader) []*model.CIDRCollection {
	var out []*model.CIDRCollection
	rd.Range(model.TableCIDRCollections, "", "", func(v model.Value, _ state.Version) bool {
		if m := v.(*model.CIDRCollection); m.Account == c.account {
			out = append(out, m)
		}
		return true
	})
	return out
}

// collection returns the caller's collection that the path names.
func (c *call) collection(rd *state.Reader) (*model.CIDRCollection, error) {
	id := c.params["Id"]
	v, ok := rd.Get(model.TableCIDRCollections, id)
	if !ok || v.(*model.CIDRCollection).Account != c.account {
		return nil, awserr.New(awserr.NoSuchCidrCollection, "The CIDR collection with id %.64s does not exist.", id)
	}
	return v.(*model.CIDRCollection), nil
}

type changeCidrCollectionRequest struct {
	CollectionVersion *int64      `xml:"CollectionVersion" aws:"min=1"`
	Changes           cidrChanges `xml:"Changes" aws:"required"`
}

type cidrChanges struct {
	Member []cidrChange `xml:"member" aws:"min=1,max=1000"`
}

type cidrChange struct {
	LocationName string   `xml:"LocationName" aws:"required,min=1,max=16" pattern:"[0-9A-Za-z_\\-]+" xsd:"CidrLocationNameDefaultNotAllowed"`
	Action       string   `xml:"Action" aws:"required" enum:"PUT|DELETE_IF_EXISTS"`
	CidrList     cidrList `xml:"CidrList" aws:"required"`
}

type cidrList struct {
	Cidr []string `xml:"Cidr" aws:"min=1,max=1000"`
}

type changeCidrCollectionResponse struct {
	Id string `xml:"Id"`
}

// changeCidrCollection applies its changes in order to a copy, and replaces the
// row (aws-behaviour 2.10).
func changeCidrCollection(c *call) (any, error) {
	var req changeCidrCollectionRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	info, err := c.commit("", func(t *state.Tx) error {
		m, err := c.collection(&t.Reader)
		if err != nil {
			return err
		}
		if v := req.CollectionVersion; v != nil && *v != m.Version {
			return awserr.New(awserr.CidrCollectionVersionMismatch, "The CIDR collection version you provided, %d, is not the current version %d.", *v, m.Version)
		}
		blocks := newBlocks(m)
		for _, change := range req.Changes.Member {
			if err := blocks.apply(change); err != nil {
				return err
			}
		}
		if len(blocks) > model.MaxCIDRBlocks {
			return awserr.New(awserr.LimitsExceeded, "Limits Exceeded: Cannot have more CIDR blocks in a collection than %d.", model.MaxCIDRBlocks)
		}
		changed := *m
		changed.Version++
		changed.Locations = blocks.locations()
		return t.Put(&changed)
	})
	return changeCidrCollectionResponse{strings.TrimPrefix(info.Id, "/change/")}, err
}

// blocks are the blocks of a collection and their locations.
type blocks map[netip.Prefix]string

func newBlocks(m *model.CIDRCollection) blocks {
	b := make(blocks)
	for _, l := range m.Locations {
		for _, p := range l.Blocks {
			b[p] = l.Name
		}
	}
	return b
}

func (b blocks) apply(change cidrChange) error {
	for _, text := range change.CidrList.Cidr {
		p, err := parseBlock(text)
		if err != nil {
			return err
		}
		at, there := b[p]
		switch {
		case change.Action == "PUT" && there && at != change.LocationName:
			return awserr.New(awserr.CidrBlockInUse, "The CIDR block %v is already in use in the location %s.", p, at)
		case change.Action == "PUT":
			b[p] = change.LocationName
		case there && at == change.LocationName:
			delete(b, p)
		}
	}
	return nil
}

func parseBlock(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(strings.TrimSpace(text))
	if err != nil {
		return p, invalid("Invalid CIDR block: %.50s", text)
	}
	if err := model.ValidateCIDRBlock(p); err != nil {
		return p, invalid("%v", err)
	}
	return p, nil
}

// locations returns the blocks as the row keeps them.
func (b blocks) locations() []model.CIDRLocation {
	byName := make(map[string][]netip.Prefix)
	for p, name := range b {
		byName[name] = append(byName[name], p)
	}
	var out []model.CIDRLocation
	for name, list := range byName {
		slices.SortFunc(list, model.ComparePrefix)
		out = append(out, model.CIDRLocation{Name: name, Blocks: list})
	}
	slices.SortFunc(out, func(a, b model.CIDRLocation) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func deleteCidrCollection(c *call) (any, error) {
	if err := c.checkUnreferred(); err != nil {
		return nil, err
	}
	_, err := c.commit("", func(t *state.Tx) error {
		m, err := c.collection(&t.Reader)
		if err != nil {
			return err
		}
		if len(m.Locations) > 0 {
			return awserr.New(awserr.CidrCollectionInUse, "The CIDR collection %s is in use: it has locations.", m.ID)
		}
		t.Delete(model.TableCIDRCollections, m.ID)
		return nil
	})
	return empty{}, err
}

// referenceChunk is how many RRsets one short read looks at.
const referenceChunk = 2000

// checkUnreferred returns an error where an RRset uses the collection. It reads
// all RRsets, a few at a time and outside of the commit: one that is added
// meanwhile refers to a collection that is gone, and is answered as such.
func (c *call) checkUnreferred() error {
	for from, more := "", true; more; {
		more = false
		err := c.view(func(rd *state.Reader) error {
			m, err := c.collection(rd)
			if err != nil {
				return err
			}
			seen := 0
			rd.Range(model.TableRRsets, "", from, func(v model.Value, _ state.Version) bool {
				s := v.(*model.RRset)
				if seen++; seen > referenceChunk {
					from, more = s.Key(), true
					return false
				}
				if s.CIDR != nil && s.CIDR.CollectionID == m.ID {
					err = awserr.New(awserr.CidrCollectionInUse, "The CIDR collection %s is in use by the resource record set %s", m.ID, s.Name.AWS())
				}
				return err == nil
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
