package sweep

import (
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// patience is how long a row without the row above it is left: a resource that
// a Caddyfile gives up by mistake may come back.
const patience = time.Hour

// Orphans are the rules for rows below one that is not there:
//
//	RRsets, VPC authorizations, query logging, instances of policies   a hosted zone
//	what an operator forces                                            a health check
//	tags                                                               either, or a distribution
//	claims of host names that are not just reserved                    a distribution or load balancer
//	certificates of a listener's list                                  a load balancer
//	proofs, leaves with their sealed keys, and marks                   a certificate
//
// A row above that does not validate on this node is there all the same.
func Orphans() Rules {
	return Rules{
		Of: "what is gone",
		Tables: []string{
			model.TableCertificateLeaves, model.TableCertificateMarks, model.TableCertificateWork, model.TableClaims, model.TableHealthForces,
			model.TableListenerCertificates, model.TableQueryLogging, model.TableRRsets, model.TableTags, model.TableTrafficPolicyInstances,
			model.TableVPCAuthorizations,
		},
		Gone: func(rd *state.Reader, v model.Value, _ int64) bool { return orphan(rd, v) },
		Alike: func(v model.Value) string {
			if r, ok := v.(*model.RRset); ok {
				return model.RRsetPrefix(r.Zone)
			}
			return ""
		},
		Patience: patience,
	}
}

// orphan tells whether the row above v is not there.
func orphan(rd *state.Reader, v model.Value) bool {
	without := func(table, key string) bool { return !rd.Has(table, key) }
	withoutAny := func(table, prefix string) bool { return rd.Count(table, prefix, 1) == 0 }
	switch v := v.(type) {
	case *model.RRset:
		return without(model.TableZones, v.Zone)
	case *model.VPCAuthorization:
		return without(model.TableZones, v.Zone)
	case *model.QueryLoggingConfig:
		return without(model.TableZones, v.Zone)
	case *model.TrafficPolicyInstance:
		return without(model.TableZones, v.Zone)
	case *model.HealthForce:
		return without(model.TableHealthChecks, v.HealthCheckID)
	case *model.Tag:
		switch v.Kind {
		case model.TaggedZone:
			return without(model.TableZones, v.Resource)
		case model.TaggedHealthCheck:
			return without(model.TableHealthChecks, v.Resource)
		case model.TaggedDistribution:
			return withoutAny(model.TableDistributions, model.DistributionPrefix(v.Resource))
		}
	case *model.Claim:
		return !v.Reserved && withoutAny(model.TableDistributions, model.DistributionPrefix(v.Owner)) &&
			withoutAny(model.TableLoadBalancers, model.LoadBalancerPrefix(v.Owner))
	case *model.ListenerCertificate:
		return withoutAny(model.TableLoadBalancers, model.LoadBalancerPrefix(model.LoadBalancerARN(v.Listener)))
	case *model.CertificateWork:
		return without(model.TableCertificates, v.ARN)
	case *model.CertificateLeaf:
		return without(model.TableCertificates, v.ARN)
	case *model.CertificateMark:
		return without(model.TableCertificates, v.ARN)
	}
	return false
}
