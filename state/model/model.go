// Package model holds the values that the replicated state carries: their
// shapes, names and keys, what makes one valid, and the reading rules that
// settle what single rows cannot forbid.
//
// It knows nothing of commits, disks or peers: everything here is a pure
// function of its arguments and safe for concurrent use. Shapes and limits are
// those of the Route 53 API (2013-04-01) unless a type says otherwise. Values
// travel as deterministic CBOR (RFC 8949 section 4.2) with small integer keys,
// so that fields can be added and old rows stay readable.
package model

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// The tables. Rows of the tables named local stay on their node; rows of the
// volatile ones live as long as the run that published them.
const (
	TableZones        = "zones"        // [Zone], by zone id
	TableRRsets       = "rrsets"       // [RRset], by [RRsetKey]
	TableHealthChecks = "healthchecks" // [HealthCheck], by id
	TableImports      = "imports"      // [Import], by zone id

	TableCIDRCollections   = "cidrcollections"   // [CIDRCollection], by id
	TableTags              = "tags"              // [Tag], by [TagPrefix] and name
	TableDelegationSets    = "delegationsets"    // [DelegationSet], by id
	TableQueryLogging      = "querylogging"      // [QueryLoggingConfig], by id
	TableVPCAuthorizations = "vpcauthorizations" // [VPCAuthorization], by [VPCAuthorizationPrefix] and VPC
	TableCallerReferences  = "callerreferences"  // [CallerReference], by [CallerReferenceKey]

	TableTrafficPolicies        = "trafficpolicies"        // [TrafficPolicy], by [TrafficPolicyKey]
	TableTrafficPolicyInstances = "trafficpolicyinstances" // [TrafficPolicyInstance], by id

	TableClaims               = "claims"               // [Claim], by reversed host name, owner and declarer
	TableDistributions        = "distributions"        // [Distribution], by id and declarer
	TableLoadBalancers        = "loadbalancers"        // [LoadBalancer], by ARN and declarer
	TableListenerCertificates = "listenercertificates" // [ListenerCertificate], by the ARNs of both
	TableClaimRules           = "claimrules"           // [ClaimRules], by declarer

	TableHealthForces  = "healthforces"  // [HealthForce], by health check id
	TableHealthSignals = "healthsignals" // [HealthSignal], by [HealthSignalKey]
	TableEvents        = "events"        // [HealthEvent], by time

	TableCertificates              = "certificates"              // [Certificate], by ARN
	TableCertificateWork           = "certificatework"           // [CertificateWork], by ARN
	TableCertificateLeaves         = "certificateleaves"         // [CertificateLeaf], by ARN
	TableCertificateMarks          = "certificatemarks"          // [CertificateMark], by [CertificateMarkKey]
	TableCertificateEvents         = "certificateevents"         // [CertificateEvent], by time
	TableCertificateConfigurations = "certificateconfigurations" // [CertificateConfiguration], by [CertificateConfigurationKey]
	TableCertificateAuthorities    = "certificateauthorities"    // [CertificateAuthority], one row
	TableCertificateWorkers        = "certificateworkers"        // [CertificateWorker], volatile, by run
	TableACMEAccounts              = "acmeaccounts"              // [ACMEAccount], by [ACMEAccountPrefix] and hash
	TableValidationSeeds           = "validationseeds"           // [ValidationSeed], by [ValidationSeedPrefix] and hash

	TableNamespaces        = "namespaces"        // [Namespace], by id
	TableServices          = "services"          // [Service], by id
	TableInstances         = "instances"         // [Instance], by [InstancePrefix] and id
	TableInstanceHealth    = "instancehealth"    // [InstanceHealth], by the instance's key
	TableDiscoveryNames    = "discoverynames"    // [DiscoveryName], by [DiscoveryNamePrefix], time and owner
	TableServiceAttributes = "serviceattributes" // [ServiceAttribute], by [ServiceAttributePrefix] and name
	TableServiceRevisions  = "servicerevisions"  // [ServiceRevision], by [ServiceRevisionPrefix] and node
	TableOperations        = "operations"        // [Operation], by id

	TableChallenges = "challenges" // [Challenge], by [ChallengePrefix] and hash, expiring

	TableStoredFiles  = "storedfiles"  // [StoredFile], by path
	TableStoredParts  = "storedparts"  // [StoredPart], by [StoredPartKey]
	TableStorageLocks = "storagelocks" // [StorageLock], by [StorageLockKey]

	TableEndpoints   = "endpoints"   // [Endpoint], volatile, by [EndpointKey]
	TableNameServers = "nameservers" // [NameServer], volatile, by node

	TableSeen       = "local.seen"   // [Seen], local, by document path
	TableHealthLast = "local.health" // [HealthLast], local, by shard
)

// Volatile tells whether the rows of table are shared but never stored.
func Volatile(table string) bool {
	return table == TableEndpoints || table == TableNameServers || table == TableCertificateWorkers
}

// Value is what a row of one of the tables carries.
type Value interface {
	// Table returns the table that rows with this value stand in.
	Table() string
	// Key returns the row's key, derived from the value.
	Key() string
	// Validate returns every fault of the value, joined, or nil. It looks at
	// the value alone, never at other rows.
	Validate() error
}

var (
	encMode = must(cbor.EncOptions{Sort: cbor.SortCoreDeterministic, Time: cbor.TimeUnix}.EncMode())
	decMode = must(cbor.DecOptions{
		MaxArrayElements: 65536, MaxMapPairs: 4096, MaxNestedLevels: 16,
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		UTF8: cbor.UTF8RejectInvalid,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // impossible: the options are constants
	}
	return v
}

// Encode returns v as deterministic CBOR.
func Encode(v Value) ([]byte, error) { return encMode.Marshal(v) }

// newValue returns an empty value for each known table.
var newValue = map[string]func() Value{
	TableZones:        func() Value { return new(Zone) },
	TableRRsets:       func() Value { return new(RRset) },
	TableHealthChecks: func() Value { return new(HealthCheck) },
	TableImports:      func() Value { return new(Import) },

	TableCIDRCollections:   func() Value { return new(CIDRCollection) },
	TableTags:              func() Value { return new(Tag) },
	TableDelegationSets:    func() Value { return new(DelegationSet) },
	TableQueryLogging:      func() Value { return new(QueryLoggingConfig) },
	TableVPCAuthorizations: func() Value { return new(VPCAuthorization) },
	TableCallerReferences:  func() Value { return new(CallerReference) },

	TableTrafficPolicies:        func() Value { return new(TrafficPolicy) },
	TableTrafficPolicyInstances: func() Value { return new(TrafficPolicyInstance) },

	TableClaims:               func() Value { return new(Claim) },
	TableDistributions:        func() Value { return new(Distribution) },
	TableLoadBalancers:        func() Value { return new(LoadBalancer) },
	TableListenerCertificates: func() Value { return new(ListenerCertificate) },
	TableClaimRules:           func() Value { return new(ClaimRules) },

	TableHealthForces:  func() Value { return new(HealthForce) },
	TableHealthSignals: func() Value { return new(HealthSignal) },
	TableEvents:        func() Value { return new(HealthEvent) },
	TableHealthLast:    func() Value { return new(HealthLast) },

	TableCertificates:              func() Value { return new(Certificate) },
	TableCertificateWork:           func() Value { return new(CertificateWork) },
	TableCertificateLeaves:         func() Value { return new(CertificateLeaf) },
	TableCertificateMarks:          func() Value { return new(CertificateMark) },
	TableCertificateEvents:         func() Value { return new(CertificateEvent) },
	TableCertificateConfigurations: func() Value { return new(CertificateConfiguration) },
	TableCertificateAuthorities:    func() Value { return new(CertificateAuthority) },
	TableCertificateWorkers:        func() Value { return new(CertificateWorker) },
	TableACMEAccounts:              func() Value { return new(ACMEAccount) },
	TableValidationSeeds:           func() Value { return new(ValidationSeed) },

	TableNamespaces:        func() Value { return new(Namespace) },
	TableServices:          func() Value { return new(Service) },
	TableInstances:         func() Value { return new(Instance) },
	TableInstanceHealth:    func() Value { return new(InstanceHealth) },
	TableDiscoveryNames:    func() Value { return new(DiscoveryName) },
	TableServiceAttributes: func() Value { return new(ServiceAttribute) },
	TableServiceRevisions:  func() Value { return new(ServiceRevision) },
	TableOperations:        func() Value { return new(Operation) },

	TableChallenges: func() Value { return new(Challenge) },

	TableStoredFiles:  func() Value { return new(StoredFile) },
	TableStoredParts:  func() Value { return new(StoredPart) },
	TableStorageLocks: func() Value { return new(StorageLock) },

	TableEndpoints:   func() Value { return new(Endpoint) },
	TableNameServers: func() Value { return new(NameServer) },
	TableSeen:        func() Value { return new(Seen) },
}

// Decode returns the value of a row, checked: an unknown table, bytes that are
// no such value, a key that is not the value's own, or a value that does not
// validate are errors. The value is a pointer to the table's type.
func Decode(table, key string, data []byte) (Value, error) {
	make, ok := newValue[table]
	if !ok {
		return nil, fmt.Errorf("unknown table %q", table)
	}
	v := make()
	if err := decMode.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("decoding row %q of %s: %w", key, table, err)
	}
	if own := v.Key(); own != key {
		return nil, fmt.Errorf("row %q of %s carries the value of %q", key, table, own)
	}
	if err := v.Validate(); err != nil {
		return nil, fmt.Errorf("row %q of %s: %w", key, table, err)
	}
	return v, nil
}

// Import remembers which documents a zone was loaded from.
type Import struct {
	Zone string `cbor:"1,keyasint"`
	// Hashes are the SHA-256 sums of the last documents, newest first, at most
	// [MaxImportHashes].
	Hashes [][]byte  `cbor:"2,keyasint"`
	At     time.Time `cbor:"3,keyasint"`
}

// MaxImportHashes is how many documents of a zone are remembered.
const MaxImportHashes = 16

// Table implements [Value].
func (*Import) Table() string { return TableImports }

// Key implements [Value]: the zone id.
func (i *Import) Key() string { return i.Zone }

// Validate implements [Value].
func (i *Import) Validate() error {
	if len(i.Hashes) > MaxImportHashes {
		return fmt.Errorf("%d document hashes, at most %d are kept", len(i.Hashes), MaxImportHashes)
	}
	return nil
}

// Seen is what this node last saw in a document, on this node only.
type Seen struct {
	Path string `cbor:"1,keyasint"`
	Hash []byte `cbor:"2,keyasint"`
	Zone string `cbor:"3,keyasint,omitempty"`
}

// Table implements [Value].
func (*Seen) Table() string { return TableSeen }

// Key implements [Value]: the document's path.
func (s *Seen) Key() string { return s.Path }

// Validate implements [Value].
func (*Seen) Validate() error { return nil }
