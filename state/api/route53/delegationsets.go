package route53

import (
	"strconv"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

var delegationSetOperations = []*operation{
	{name: "CreateReusableDelegationSet", method: "POST", path: "delegationset", run: createReusableDelegationSet},
	{name: "GetReusableDelegationSet", method: "GET", path: "delegationset/{Id}", run: getReusableDelegationSet},
	{name: "DeleteReusableDelegationSet", method: "DELETE", path: "delegationset/{Id}", run: deleteReusableDelegationSet},
	{name: "ListReusableDelegationSets", method: "GET", path: "delegationset", run: listReusableDelegationSets},
}

type createReusableDelegationSetRequest struct {
	CallerReference string  `xml:"CallerReference" aws:"required,min=1,max=128"`
	HostedZoneId    *string `xml:"HostedZoneId" aws:"max=64"`
}

type delegationSetResponse struct {
	DelegationSet delegationSet `xml:"DelegationSet"`
}

// createReusableDelegationSet allots four servers, or makes those of a zone
// reusable (aws-behaviour 1.3).
func createReusableDelegationSet(c *call) (any, error) {
	var req createReusableDelegationSetRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	d := &model.DelegationSet{
		ID: model.NewDelegationSetID(c.account, req.CallerReference), Account: c.account, CallerReference: req.CallerReference,
	}
	_, err := c.commit("", func(t *state.Tx) error {
		if _, exists := t.Get(model.TableDelegationSets, d.ID); exists {
			return awserr.New(awserr.DelegationSetAlreadyCreated, "A delegation set with the same owner and caller reference combination has already been created.")
		}
		if len(c.ownSets(&t.Reader)) >= c.config.Quotas.DelegationSets {
			return awserr.New(awserr.LimitsExceeded, "Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER - Cannot create more delegation sets than %d.", c.config.Quotas.DelegationSets)
		}
		if req.HostedZoneId != nil {
			if err := c.makeReusable(t, d, *req.HostedZoneId); err != nil {
				return err
			}
		} else {
			d.NameServers = model.DelegationServers(d.ID)
		}
		return t.Put(d)
	})
	if err != nil {
		return nil, err
	}
	return created{"delegationset/" + d.ID, delegationSetResponse{setShape(d)}}, nil
}

// makeReusable takes the servers of a zone into d.
func (c *call) makeReusable(t *state.Tx, d *model.DelegationSet, zone string) error {
	z, err := c.zone(&t.Reader, zone)
	if e := awserr.From(err); e != nil && e.Code == awserr.NoSuchHostedZone {
		return awserr.New(awserr.HostedZoneNotFound, "The specified HostedZone can't be found.")
	}
	switch {
	case err != nil:
		return err
	case z.Private:
		return awserr.New(awserr.InvalidArgument, "The hosted zone %s is private: reusable delegation sets are for public hosted zones only.", z.ID)
	case z.DelegationSetID != "":
		return awserr.New(awserr.DelegationSetAlreadyReusable, "The specified delegation set has already been marked as reusable.")
	}
	changed := *z
	changed.DelegationSetID = d.ID
	d.NameServers = z.NameServers
	return t.Put(&changed)
}

func setShape(d *model.DelegationSet) delegationSet {
	return delegationSet{Id: "/delegationset/" + d.ID, CallerReference: d.CallerReference, NameServers: serversShape(d.NameServers)}
}

// delegationSet returns the caller's reusable set with a bare id.
func (c *call) delegationSet(rd *state.Reader, id string) (*model.DelegationSet, error) {
	v, ok := rd.Get(model.TableDelegationSets, id)
	if !ok || v.(*model.DelegationSet).Account != c.account {
		return nil, awserr.New(awserr.NoSuchDelegationSet, "The specified delegation set %.64s does not exist.", id)
	}
	return v.(*model.DelegationSet), nil
}

// ownSets returns the caller's sets in the order of ids.
func (c *call) ownSets(rd *state.Reader) []*model.DelegationSet {
	var out []*model.DelegationSet
	rd.Range(model.TableDelegationSets, "", "", func(v model.Value, _ state.Version) bool {
		if d := v.(*model.DelegationSet); d.Account == c.account {
			out = append(out, d)
		}
		return true
	})
	return out
}

func getReusableDelegationSet(c *call) (any, error) {
	var res delegationSetResponse
	err := c.view(func(rd *state.Reader) error {
		d, err := c.delegationSet(rd, c.params["Id"])
		if err == nil {
			res.DelegationSet = setShape(d)
		}
		return err
	})
	return res, err
}

// zonesOfSet returns how many zones a set serves.
func zonesOfSet(rd *state.Reader, id string) int {
	n := 0
	hostedzone.Each(rd, func(z *model.Zone) bool {
		if z.DelegationSetID == id {
			n++
		}
		return true
	})
	return n
}

func deleteReusableDelegationSet(c *call) (any, error) {
	_, err := c.commit("", func(t *state.Tx) error {
		d, err := c.delegationSet(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		if zonesOfSet(&t.Reader, d.ID) > 0 {
			return awserr.New(awserr.DelegationSetInUse, "The specified delegation set %s is in use by a hosted zone.", d.ID)
		}
		t.Delete(model.TableDelegationSets, d.ID)
		return nil
	})
	return empty{}, err
}

type listReusableDelegationSetsResponse struct {
	DelegationSets delegationSets `xml:"DelegationSets"`
	Marker         string         `xml:"Marker,omitempty"`
	IsTruncated    bool           `xml:"IsTruncated"`
	NextMarker     string         `xml:"NextMarker,omitempty"`
	MaxItems       string         `xml:"MaxItems"`
}

type delegationSets struct {
	DelegationSet []delegationSet `xml:"DelegationSet"`
}

func listReusableDelegationSets(c *call) (any, error) {
	size, err := c.pageSize("maxitems", 100, 100)
	if err != nil {
		return nil, err
	}
	marker, _ := c.param("marker")
	marker = bare(marker)
	res := listReusableDelegationSetsResponse{Marker: marker, MaxItems: strconv.Itoa(size)}
	err = c.view(func(rd *state.Reader) error {
		now, next := page(c.ownSets(rd), size, func(d *model.DelegationSet) bool { return d.ID >= marker })
		for _, d := range now {
			res.DelegationSets.DelegationSet = append(res.DelegationSets.DelegationSet, setShape(d))
		}
		if next != nil {
			res.IsTruncated, res.NextMarker = true, (*next).ID
		}
		return nil
	})
	return res, err
}
