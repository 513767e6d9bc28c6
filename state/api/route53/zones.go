package route53

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
	"github.com/edgestage/edgestage/state/model"
)

var zoneOperations = []*operation{
	{name: "CreateHostedZone", method: "POST", path: "hostedzone", run: createHostedZone},
	{name: "GetHostedZone", method: "GET", path: "hostedzone/{Id}", run: getHostedZone},
	{name: "DeleteHostedZone", method: "DELETE", path: "hostedzone/{Id}", run: deleteHostedZone},
	{name: "UpdateHostedZoneComment", method: "POST", path: "hostedzone/{Id}", run: updateHostedZoneComment},
	{name: "UpdateHostedZoneFeatures", method: "POST", path: "hostedzone/{Id}/features", run: updateHostedZoneFeatures},
	{name: "GetHostedZoneCount", method: "GET", path: "hostedzonecount", run: getHostedZoneCount},
	{name: "ListHostedZones", method: "GET", path: "hostedzone", run: listHostedZones},
	{name: "ListHostedZonesByName", method: "GET", path: "hostedzonesbyname", run: listHostedZonesByName},
	{name: "ListHostedZonesByVPC", method: "GET", path: "hostedzonesbyvpc", run: listHostedZonesByVPC},
}

type getHostedZoneResponse struct {
	HostedZone    hostedZone     `xml:"HostedZone"`
	DelegationSet *delegationSet `xml:"DelegationSet,omitempty"`
	VPCs          *vpcs          `xml:"VPCs,omitempty"`
}

func getHostedZone(c *call) (any, error) {
	var res getHostedZoneResponse
	err := c.view(func(rd *state.Reader) error {
		z, err := c.zone(rd, c.params["Id"])
		if err == nil {
			res = getHostedZoneResponse{c.zoneShape(rd, z), zoneSetShape(rd, z), vpcsShape(z.VPCs)}
		}
		return err
	})
	return res, err
}

type getHostedZoneCountResponse struct {
	HostedZoneCount int `xml:"HostedZoneCount"`
}

func getHostedZoneCount(c *call) (any, error) {
	var res getHostedZoneCountResponse
	err := c.view(func(rd *state.Reader) error {
		res.HostedZoneCount = len(hostedzone.Owned(rd, c.account))
		return nil
	})
	return res, err
}

type updateHostedZoneCommentRequest struct {
	Comment *string `xml:"Comment" aws:"max=256"`
}

type updateHostedZoneCommentResponse struct {
	HostedZone hostedZone `xml:"HostedZone"`
}

// updateHostedZoneComment replaces the comment; without one it is cleared.
func updateHostedZoneComment(c *call) (any, error) {
	var req updateHostedZoneCommentRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res updateHostedZoneCommentResponse
	_, err := c.commit("", func(t *state.Tx) error {
		z, err := c.ownZone(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		changed := *z
		changed.Comment = ""
		if req.Comment != nil {
			changed.Comment = *req.Comment
		}
		res.HostedZone = c.zoneShape(&t.Reader, &changed)
		return t.Put(&changed)
	})
	return res, err
}

type updateHostedZoneFeaturesRequest struct {
	EnableAcceleratedRecovery *bool `xml:"EnableAcceleratedRecovery"`
}

// updateHostedZoneFeatures accepts what has no effect on answers.
func updateHostedZoneFeatures(c *call) (any, error) {
	var req updateHostedZoneFeaturesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return empty{}, c.view(func(rd *state.Reader) error {
		_, err := c.ownZone(rd, c.params["Id"])
		return err
	})
}

type changeInfoResponse struct {
	ChangeInfo changeInfo `xml:"ChangeInfo"`
}

// deleteHostedZone removes a zone that holds nothing but its SOA and NS, and
// what hangs on it.
func deleteHostedZone(c *call) (any, error) {
	info, err := c.commit("", func(t *state.Tx) error {
		z, err := c.ownZone(&t.Reader, c.params["Id"])
		if err != nil {
			return err
		}
		t.Range(model.TableRRsets, model.RRsetPrefix(z.ID), "", func(v model.Value, _ state.Version) bool {
			s := v.(*model.RRset)
			if s.Name != z.Name || s.Type != "SOA" && s.Type != "NS" {
				err = awserr.New(awserr.HostedZoneNotEmpty, "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.")
			}
			return err == nil
		})
		if err != nil {
			return err
		}
		return hostedzone.Remove(t, z, c.config.Now())
	})
	return changeInfoResponse{info}, err
}
