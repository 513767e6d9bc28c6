package route53

import "github.com/edgestage/edgestage/state/model"

// Quotas are what an account may have (aws-behaviour 1.7). Zero is AWS's
// default.
type Quotas struct {
	HostedZones     int // of an account: 500
	RecordsPerZone  int // 10,000
	DelegationSets  int // of an account: 100
	ZonesPerSet     int // 100
	VPCsPerZone     int // 300
	Authorizations  int // of a zone: 1000
	HealthChecks    int // of an account: 200
	CIDRCollections int // of an account: 5
	TrafficPolicies int // of an account: 50
	PolicyVersions  int // ever made of a policy: 1000
	PolicyInstances int // of an account: 5
}

func (q Quotas) withDefaults() Quotas {
	for _, d := range []struct {
		value     *int
		byDefault int
	}{
		{&q.HostedZones, 500}, {&q.RecordsPerZone, 10000}, {&q.DelegationSets, 100}, {&q.ZonesPerSet, 100},
		{&q.VPCsPerZone, 300}, {&q.Authorizations, 1000}, {&q.HealthChecks, 200}, {&q.CIDRCollections, 5},
		{&q.TrafficPolicies, 50}, {&q.PolicyVersions, model.MaxPolicyVersions}, {&q.PolicyInstances, 5},
	} {
		if *d.value == 0 {
			*d.value = d.byDefault
		}
	}
	return q
}
