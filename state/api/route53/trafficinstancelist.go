package route53

import (
	"slices"
	"strconv"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/route53/policy"
	"github.com/edgestage/edgestage/state/model"
)

// instanceOf returns what a policy is expanded for.
func instanceOf(z *model.Zone, i *model.TrafficPolicyInstance) policy.Instance {
	return policy.Instance{ID: i.ID, ZoneID: z.ID, ZoneName: z.Name, Name: i.Name, TTL: i.TTL}
}

// managing returns the instance that wrote s, or nil: without its row an RRset
// is like any other.
func managing(rd *state.Reader, s *model.RRset) *model.TrafficPolicyInstance {
	if s.TrafficPolicyInstanceID == "" {
		return nil
	}
	v, ok := rd.Get(model.TableTrafficPolicyInstances, s.TrafficPolicyInstanceID)
	if !ok || v.(*model.TrafficPolicyInstance).Zone != s.Zone {
		return nil
	}
	return v.(*model.TrafficPolicyInstance)
}

// listedOnce tells which RRsets of instances a list leaves out: those of its
// rules, and all but the first of its own name and type.
type listedOnce struct {
	rd   *state.Reader
	last string // the instance that is listed already
}

// shape returns what is listed for s, and whether anything is.
func (l *listedOnce) shape(s *model.RRset) (resourceRecordSet, bool) {
	i := managing(l.rd, s)
	if i == nil {
		return recordShape(s), true
	}
	if s.IsPolicyRule() || l.last == i.ID {
		return resourceRecordSet{}, false
	}
	l.last = i.ID
	return resourceRecordSet{Name: s.Name.AWS(), Type: s.Type, TrafficPolicyInstanceId: &i.ID}, true
}

// listedCount returns how many RRsets of a zone are listed.
func listedCount(rd *state.Reader, zone string) int {
	n := rd.Count(model.TableRRsets, model.RRsetPrefix(zone), 0)
	rd.Range(model.TableTrafficPolicyInstances, "", "", func(v model.Value, _ state.Version) bool {
		if i := v.(*model.TrafficPolicyInstance); i.Zone == zone {
			n -= i.Sets - 1
		}
		return true
	})
	return n
}

// instanceStatus returns how far an instance has come: what its rows say, or,
// while not every member that serves has the last of them, that it is on its
// way. RRsets that other ones displaced are a failure.
func (c *call) instanceStatus(rd *state.Reader, i *model.TrafficPolicyInstance) (status, message string, wrote state.Version) {
	rd.Range(model.TableTrafficPolicyInstances, i.ID, "", func(_ model.Value, v state.Version) bool { wrote = v; return false })
	var rows []model.Stamped
	rd.Range(model.TableRRsets, model.RRsetNamePrefix(i.Zone, i.Name), "", func(v model.Value, ver state.Version) bool {
		rows = append(rows, model.Stamped{RRset: v.(*model.RRset), Stamp: ver.Stamp, Origin: uint64(ver.Origin)})
		return true
	})
	kept, _ := model.Visible(rows)
	if !slices.ContainsFunc(kept, func(s model.Stamped) bool { return s.TrafficPolicyInstanceID == i.ID }) {
		return instanceFailed, "The resource record sets of the instance do not stand: others of the name " + i.Name.AWS() + " conflict with them.", wrote
	}
	return instanceApplied, "", wrote
}

// describe returns instances with their states.
func (c *call) describe(list []*model.TrafficPolicyInstance) ([]trafficPolicyInstance, error) {
	out := make([]trafficPolicyInstance, len(list))
	wrote := make([]state.Version, len(list))
	err := c.view(func(rd *state.Reader) error {
		for n, i := range list {
			var status, message string
			status, message, wrote[n] = c.instanceStatus(rd, i)
			out[n] = instanceShape(i, status, message)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for n := range out {
		if out[n].State != instanceApplied {
			continue
		}
		synced, err := c.config.Replica.InSync(c.ctx, wrote[n])
		if err != nil {
			return nil, err
		}
		if !synced {
			out[n].State = instanceCreating
		}
	}
	return out, nil
}

func getTrafficPolicyInstance(c *call) (any, error) {
	var found *model.TrafficPolicyInstance
	err := c.view(func(rd *state.Reader) (err error) {
		found, err = c.instance(rd)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := c.describe([]*model.TrafficPolicyInstance{found})
	if err != nil {
		return nil, err
	}
	return trafficPolicyInstanceResponse{out[0]}, nil
}

type getTrafficPolicyInstanceCountResponse struct {
	TrafficPolicyInstanceCount int `xml:"TrafficPolicyInstanceCount"`
}

func getTrafficPolicyInstanceCount(c *call) (any, error) {
	var res getTrafficPolicyInstanceCountResponse
	return &res, c.view(func(rd *state.Reader) error {
		res.TrafficPolicyInstanceCount = len(c.ownInstances(rd))
		return nil
	})
}

type listTrafficPolicyInstancesResponse struct {
	TrafficPolicyInstances          trafficPolicyInstances `xml:"TrafficPolicyInstances"`
	HostedZoneIdMarker              string                 `xml:"HostedZoneIdMarker,omitempty"`
	TrafficPolicyInstanceNameMarker string                 `xml:"TrafficPolicyInstanceNameMarker,omitempty"`
	TrafficPolicyInstanceTypeMarker string                 `xml:"TrafficPolicyInstanceTypeMarker,omitempty"`
	IsTruncated                     bool                   `xml:"IsTruncated"`
	MaxItems                        string                 `xml:"MaxItems"`
}

type trafficPolicyInstances struct {
	TrafficPolicyInstance []trafficPolicyInstance `xml:"TrafficPolicyInstance"`
}

// instanceCursor is what instances are ordered by.
func instanceCursor(i *model.TrafficPolicyInstance) string {
	return model.RRsetKey(i.Zone, i.Name, i.Type, "")
}

// listInstances lists the caller's instances that are wanted, from the markers
// of the request on. zone is the hosted zone that the markers are in, where the
// request has no marker for it.
func (c *call) listInstances(zone string, wanted func(i *model.TrafficPolicyInstance) bool) (*listTrafficPolicyInstancesResponse, error) {
	size, err := c.pageSize("maxitems", 100, 100)
	if err != nil {
		return nil, err
	}
	from, err := c.instanceMarkers(zone)
	if err != nil {
		return nil, err
	}
	res := &listTrafficPolicyInstancesResponse{MaxItems: strconv.Itoa(size)}
	var now []*model.TrafficPolicyInstance
	err = c.view(func(rd *state.Reader) error {
		all := slices.DeleteFunc(c.ownInstances(rd), func(i *model.TrafficPolicyInstance) bool { return !wanted(i) })
		var next **model.TrafficPolicyInstance
		now, next = page(all, size, func(i *model.TrafficPolicyInstance) bool { return instanceCursor(i) >= from })
		if next != nil {
			i := *next
			res.IsTruncated, res.TrafficPolicyInstanceNameMarker, res.TrafficPolicyInstanceTypeMarker = true, i.Name.AWS(), i.Type
			if zone == "" {
				res.HostedZoneIdMarker = i.Zone
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	res.TrafficPolicyInstances.TrafficPolicyInstance, err = c.describe(now)
	return res, err
}

// instanceMarkers returns the cursor that a page begins at.
func (c *call) instanceMarkers(zone string) (string, error) {
	name, _ := c.param("trafficpolicyinstancename")
	rrtype, _ := c.param("trafficpolicyinstancetype")
	if zone == "" {
		marker, _ := c.param("hostedzoneid")
		zone = bare(marker)
	}
	switch {
	case name == "" && rrtype != "":
		return "", invalid("The trafficpolicyinstancetype parameter needs the trafficpolicyinstancename parameter.")
	case name != "" && zone == "":
		return "", invalid("The trafficpolicyinstancename parameter needs the hostedzoneid parameter.")
	case zone == "":
		return "", nil
	case name == "":
		return model.RRsetPrefix(zone), nil
	}
	n, err := model.ParseName(name)
	if err != nil {
		return "", invalid("%v", err)
	}
	return model.RRsetKey(zone, n, rrtype, ""), nil
}

func listTrafficPolicyInstances(c *call) (any, error) {
	return c.listInstances("", func(*model.TrafficPolicyInstance) bool { return true })
}

func listTrafficPolicyInstancesByHostedZone(c *call) (any, error) {
	id, _ := c.param("id")
	zone := bare(id)
	if err := c.view(func(rd *state.Reader) error { _, err := c.zone(rd, zone); return err }); err != nil {
		return nil, err
	}
	return c.listInstances(zone, func(i *model.TrafficPolicyInstance) bool { return i.Zone == zone })
}

func listTrafficPolicyInstancesByPolicy(c *call) (any, error) {
	id, _ := c.param("id")
	text, _ := c.param("version")
	version, err := parseVersion(text)
	if err != nil {
		return nil, err
	}
	if err := c.view(func(rd *state.Reader) error { _, err := c.policyVersion(rd, id, version); return err }); err != nil {
		return nil, err
	}
	return c.listInstances("", func(i *model.TrafficPolicyInstance) bool { return i.Policy == id && i.Version == version })
}
