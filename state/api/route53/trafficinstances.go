package route53

import (
	"errors"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

var trafficInstanceOperations = []*operation{
	{name: "CreateTrafficPolicyInstance", method: "POST", path: "trafficpolicyinstance", run: createTrafficPolicyInstance},
	{name: "GetTrafficPolicyInstance", method: "GET", path: "trafficpolicyinstance/{Id}", run: getTrafficPolicyInstance},
	{name: "UpdateTrafficPolicyInstance", method: "POST", path: "trafficpolicyinstance/{Id}", run: updateTrafficPolicyInstance},
	{name: "DeleteTrafficPolicyInstance", method: "DELETE", path: "trafficpolicyinstance/{Id}", run: deleteTrafficPolicyInstance},
	{name: "GetTrafficPolicyInstanceCount", method: "GET", path: "trafficpolicyinstancecount", run: getTrafficPolicyInstanceCount},
	{name: "ListTrafficPolicyInstances", method: "GET", path: "trafficpolicyinstances", run: listTrafficPolicyInstances},
	{name: "ListTrafficPolicyInstancesByHostedZone", method: "GET", path: "trafficpolicyinstances/hostedzone", run: listTrafficPolicyInstancesByHostedZone},
	{name: "ListTrafficPolicyInstancesByPolicy", method: "GET", path: "trafficpolicyinstances/trafficpolicy", run: listTrafficPolicyInstancesByPolicy},
}

type trafficPolicyInstance struct {
	Id                   string `xml:"Id"`
	HostedZoneId         string `xml:"HostedZoneId"`
	Name                 string `xml:"Name"`
	TTL                  uint32 `xml:"TTL"`
	State                string `xml:"State"`
	Message              string `xml:"Message"`
	TrafficPolicyId      string `xml:"TrafficPolicyId"`
	TrafficPolicyVersion int64  `xml:"TrafficPolicyVersion"`
	TrafficPolicyType    string `xml:"TrafficPolicyType"`
}

type trafficPolicyInstanceResponse struct {
	TrafficPolicyInstance trafficPolicyInstance `xml:"TrafficPolicyInstance"`
}

// The states of an instance.
const (
	instanceApplied  = "Applied"
	instanceCreating = "Creating"
	instanceUpdating = "Updating"
	instanceFailed   = "Failed"
)

func instanceShape(i *model.TrafficPolicyInstance, status, message string) trafficPolicyInstance {
	return trafficPolicyInstance{i.ID, i.Zone, i.Name.AWS(), i.TTL, status, message, i.Policy, i.Version, i.Type}
}

type createTrafficPolicyInstanceRequest struct {
	HostedZoneId         string `xml:"HostedZoneId" aws:"required,max=64"`
	Name                 string `xml:"Name" aws:"required,max=1024"`
	TTL                  int64  `xml:"TTL" aws:"required,min=0,max=2147483647"`
	TrafficPolicyId      string `xml:"TrafficPolicyId" aws:"required,min=1,max=36"`
	TrafficPolicyVersion int64  `xml:"TrafficPolicyVersion" aws:"required,min=1,max=1000"`
}

// createTrafficPolicyInstance writes the RRsets of a policy into a zone, one
// commit with the instance's row.
func createTrafficPolicyInstance(c *call) (any, error) {
	var req createTrafficPolicyInstanceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	name, err := model.ParseName(req.Name)
	if err != nil {
		return nil, invalid("%v", err)
	}
	i := &model.TrafficPolicyInstance{
		Account: c.account, Zone: bare(req.HostedZoneId), Name: name, TTL: uint32(req.TTL), Policy: req.TrafficPolicyId, Version: req.TrafficPolicyVersion,
	}
	_, err = c.commit("", func(t *state.Tx) error {
		z, err := c.ownZone(&t.Reader, i.Zone)
		if err != nil {
			return err
		}
		p, err := c.policyVersion(&t.Reader, i.Policy, i.Version)
		if err != nil {
			return err
		}
		i.Type, i.ID = p.Type, model.NewUUID("traffic policy instance", c.account, z.ID, string(name), p.Type)
		own := c.ownInstances(&t.Reader)
		if slices.ContainsFunc(own, func(o *model.TrafficPolicyInstance) bool { return o.ID == i.ID }) {
			return awserr.New(awserr.TrafficPolicyInstanceExists, "There is already a traffic policy instance with the name %s and the type %s in the hosted zone %s.", name.AWS(), p.Type, z.ID)
		}
		if len(own) >= c.config.Quotas.PolicyInstances {
			return awserr.New(awserr.TooManyTrafficPolicyInstances, "Limits Exceeded: MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER - Cannot create more traffic policy instances than %d.", c.config.Quotas.PolicyInstances)
		}
		return c.applyInstance(t, z, p, i)
	})
	if err != nil {
		return nil, err
	}
	return created{"trafficpolicyinstance/" + i.ID, trafficPolicyInstanceResponse{instanceShape(i, instanceCreating, "")}}, nil
}

// applyInstance replaces the RRsets of an instance by those of a policy, and
// writes its row.
func (c *call) applyInstance(t *state.Tx, z *model.Zone, p *model.TrafficPolicy, i *model.TrafficPolicyInstance) error {
	d, err := parsePolicy(p.Document)
	if err != nil {
		return err
	}
	sets, err := d.Expand(instanceOf(z, i))
	if err != nil {
		return invalid("%v", err)
	}
	if err := c.checkInstanceHealth(t, sets); err != nil {
		return err
	}
	w := newWorkingCopy(t, z)
	removeInstanceRows(w, z, i)
	var faults faultList
	for _, s := range sets {
		if w.at(s.Name).get(s) != nil {
			faults.add("Tried to create resource record set %s but it already exists", s.Bracket())
		}
		for _, err := range w.faults(s) {
			faults.add("%v", err)
		}
		w.put(s)
	}
	if c.sizes.exceeds(t, z.ID, w.grown, c.config.Quotas.RecordsPerZone, c.config.Now()) {
		faults.add("Exceeded limit MAX_RRSETS_BY_ZONE for zone: %s", z.ID)
	}
	if len(faults) > 0 {
		return invalid("[%s]", strings.Join(faults, ", "))
	}
	i.Sets = len(sets)
	return errors.Join(w.write(), t.Put(i))
}

// checkInstanceHealth returns an error where an RRset names a health check that
// the caller does not have.
func (c *call) checkInstanceHealth(t *state.Tx, sets []*model.RRset) error {
	for _, s := range sets {
		if s.HealthCheckID == "" {
			continue
		}
		if _, err := c.healthCheck(&t.Reader, s.HealthCheckID); err != nil {
			return invalid("%s", awserr.From(err).Message)
		}
	}
	return nil
}

// removeInstanceRows takes away what an instance consists of so far.
func removeInstanceRows(w *workingCopy, z *model.Zone, i *model.TrafficPolicyInstance) {
	names := []model.Name{i.Name}
	w.tx.Range(model.TableRRsets, model.PolicyRulePrefix(z.ID, z.Name, i.ID), "", func(v model.Value, _ state.Version) bool {
		if n := v.(*model.RRset).Name; n != names[len(names)-1] {
			names = append(names, n)
		}
		return true
	})
	for _, n := range names {
		for _, s := range slices.Clone(w.at(n).sets) {
			if s.TrafficPolicyInstanceID == i.ID {
				w.remove(s)
			}
		}
	}
}

type updateTrafficPolicyInstanceRequest struct {
	TTL                  int64  `xml:"TTL" aws:"required,min=0,max=2147483647"`
	TrafficPolicyId      string `xml:"TrafficPolicyId" aws:"required,min=1,max=36"`
	TrafficPolicyVersion int64  `xml:"TrafficPolicyVersion" aws:"required,min=1,max=1000"`
}

// updateTrafficPolicyInstance puts an instance to another version, policy or
// TTL: in one commit, so that no question meets half of it.
func updateTrafficPolicyInstance(c *call) (any, error) {
	var req updateTrafficPolicyInstanceRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var changed model.TrafficPolicyInstance
	_, err := c.commit("", func(t *state.Tx) error {
		i, err := c.instance(&t.Reader)
		if err != nil {
			return err
		}
		p, err := c.policyVersion(&t.Reader, req.TrafficPolicyId, req.TrafficPolicyVersion)
		if err != nil {
			return err
		}
		if p.Type != i.Type {
			return awserr.New(awserr.ConflictingTypes, "The traffic policy version has the type %s, the traffic policy instance the type %s.", p.Type, i.Type)
		}
		z, err := c.zone(&t.Reader, i.Zone)
		if err != nil {
			return err
		}
		changed = *i
		changed.TTL, changed.Policy, changed.Version = uint32(req.TTL), p.ID, p.Version
		return c.applyInstance(t, z, p, &changed)
	})
	if err != nil {
		return nil, err
	}
	return trafficPolicyInstanceResponse{instanceShape(&changed, instanceUpdating, "")}, nil
}

func deleteTrafficPolicyInstance(c *call) (any, error) {
	_, err := c.commit("", func(t *state.Tx) error {
		i, err := c.instance(&t.Reader)
		if err != nil {
			return err
		}
		t.Delete(model.TableTrafficPolicyInstances, i.ID)
		z, err := c.zone(&t.Reader, i.Zone)
		if errors.Is(err, awserr.New(awserr.NoSuchHostedZone, "")) {
			return nil // its RRsets went with the zone
		}
		if err != nil {
			return err
		}
		w := newWorkingCopy(t, z)
		removeInstanceRows(w, z, i)
		c.sizes.exceeds(t, z.ID, w.grown, c.config.Quotas.RecordsPerZone, c.config.Now())
		return w.write()
	})
	return empty{}, err
}

// instance returns the caller's instance that the path names.
func (c *call) instance(rd *state.Reader) (*model.TrafficPolicyInstance, error) {
	v, ok := rd.Get(model.TableTrafficPolicyInstances, c.params["Id"])
	if !ok || v.(*model.TrafficPolicyInstance).Account != c.account {
		return nil, awserr.New(awserr.NoSuchTrafficPolicyInstance, "No traffic policy instance exists with the specified ID.")
	}
	return v.(*model.TrafficPolicyInstance), nil
}

// ownInstances returns the caller's instances, by hosted zone id, reversed name
// and type.
func (c *call) ownInstances(rd *state.Reader) []*model.TrafficPolicyInstance {
	var out []*model.TrafficPolicyInstance
	rd.Range(model.TableTrafficPolicyInstances, "", "", func(v model.Value, _ state.Version) bool {
		if i := v.(*model.TrafficPolicyInstance); i.Account == c.account {
			out = append(out, i)
		}
		return true
	})
	slices.SortFunc(out, func(a, b *model.TrafficPolicyInstance) int {
		return strings.Compare(instanceCursor(a), instanceCursor(b))
	})
	return out
}
