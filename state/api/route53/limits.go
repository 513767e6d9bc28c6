package route53

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/hostedzone"
)

var limitOperations = []*operation{
	{name: "GetAccountLimit", method: "GET", path: "accountlimit/{Type}", run: getAccountLimit},
	{name: "GetHostedZoneLimit", method: "GET", path: "hostedzonelimit/{Id}/{Type}", run: getHostedZoneLimit},
	{name: "GetReusableDelegationSetLimit", method: "GET", path: "reusabledelegationsetlimit/{Id}/{Type}", run: getReusableDelegationSetLimit},
}

type limitResponse struct {
	Limit limit `xml:"Limit"`
	Count int   `xml:"Count"`
}

type limit struct {
	Type  string `xml:"Type"`
	Value int    `xml:"Value"`
}

func unknownLimit(kind, allowed string) error {
	return invalid("1 validation error detected: Value '%.64s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [%s]", kind, allowed)
}

func getAccountLimit(c *call) (any, error) {
	kind, q := c.params["Type"], c.config.Quotas
	res := limitResponse{Limit: limit{Type: kind}}
	return &res, c.view(func(rd *state.Reader) error {
		switch kind {
		case "MAX_HEALTH_CHECKS_BY_OWNER":
			res.Limit.Value, res.Count = q.HealthChecks, len(c.ownHealthChecks(rd))
		case "MAX_HOSTED_ZONES_BY_OWNER":
			res.Limit.Value, res.Count = q.HostedZones, len(hostedzone.Owned(rd, c.account))
		case "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER":
			res.Limit.Value, res.Count = q.DelegationSets, len(c.ownSets(rd))
		case "MAX_TRAFFIC_POLICIES_BY_OWNER":
			res.Limit.Value, res.Count = q.TrafficPolicies, len(c.ownPolicies(rd))
		case "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER":
			res.Limit.Value, res.Count = q.PolicyInstances, len(c.ownInstances(rd))
		default:
			return unknownLimit(kind, "MAX_HEALTH_CHECKS_BY_OWNER, MAX_HOSTED_ZONES_BY_OWNER, MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER, "+
				"MAX_REUSABLE_DELEGATION_SETS_BY_OWNER, MAX_TRAFFIC_POLICIES_BY_OWNER")
		}
		return nil
	})
}

func getHostedZoneLimit(c *call) (any, error) {
	kind := c.params["Type"]
	res := limitResponse{Limit: limit{Type: kind}}
	return &res, c.view(func(rd *state.Reader) error {
		z, err := c.zone(rd, c.params["Id"])
		switch {
		case err != nil:
			return err
		case kind == "MAX_RRSETS_BY_ZONE":
			res.Limit.Value, res.Count = c.config.Quotas.RecordsPerZone, listedCount(rd, z.ID)+len(c.derived(rd, z))
		case kind != "MAX_VPCS_ASSOCIATED_BY_ZONE":
			return unknownLimit(kind, "MAX_RRSETS_BY_ZONE, MAX_VPCS_ASSOCIATED_BY_ZONE")
		case !z.Private:
			return awserr.New(awserr.HostedZoneNotPrivate, "The specified hosted zone is not a private hosted zone.")
		default:
			res.Limit.Value, res.Count = c.config.Quotas.VPCsPerZone, len(z.VPCs)
		}
		return nil
	})
}

func getReusableDelegationSetLimit(c *call) (any, error) {
	const only = "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"
	if c.params["Type"] != only {
		return nil, unknownLimit(c.params["Type"], only)
	}
	res := limitResponse{Limit: limit{only, c.config.Quotas.ZonesPerSet}}
	return &res, c.view(func(rd *state.Reader) error {
		d, err := c.delegationSet(rd, c.params["Id"])
		if err == nil {
			res.Count = zonesOfSet(rd, d.ID)
		}
		return err
	})
}
