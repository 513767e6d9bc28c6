package importer

import "github.com/edgestage/edgestage/state/model"

// The shapes of the Route 53 API in JSON, as the AWS CLI prints them. Field
// names are the members' names.

type jsonRRset struct {
	Name, Type, SetIdentifier string
	Weight                    *int64
	Region                    string
	GeoLocation               *jsonGeoLocation
	Failover                  string
	MultiValueAnswer          bool
	TTL                       *int64
	ResourceRecords           []struct{ Value string }
	AliasTarget               *jsonAliasTarget
	HealthCheckId             string
	TrafficPolicyInstanceId   string
	CidrRoutingConfig         *struct{ CollectionId, LocationName string }
	GeoProximityLocation      *jsonGeoProximity
}

type jsonGeoLocation struct {
	ContinentCode, CountryCode, SubdivisionCode string
}

type jsonAliasTarget struct {
	HostedZoneId, DNSName string
	EvaluateTargetHealth  *bool
}

type jsonGeoProximity struct {
	AWSRegion, LocalZoneGroup string
	Coordinates               *struct{ Latitude, Longitude string }
	Bias                      int64
}

type jsonHostedZone struct {
	Id, Name, CallerReference string
	Config                    struct {
		Comment     string
		PrivateZone bool
	}
	ResourceRecordSetCount int64                                           // not compared: exports need not be of one moment
	LinkedService          *struct{ ServicePrincipal, Description string } // informs only
	Features               *struct {
		AcceleratedRecoveryStatus string
		FailureReasons            []string
	} // no effect on answers
}

type jsonVPC struct{ VPCRegion, VPCId string }

type jsonDelegationSet struct {
	Id, CallerReference string
	NameServers         []string
}

type jsonHealthCheck struct {
	Id, CallerReference string
	HealthCheckConfig   jsonHealthCheckConfig
	HealthCheckVersion  int64
	LinkedService       *struct{ ServicePrincipal, Description string } // informs only
	// What the alarm is informs only: its state is what counts.
	CloudWatchAlarmConfiguration *anything
}

type jsonHealthCheckConfig struct {
	Type                     string
	IPAddress                string
	Port                     int64
	ResourcePath             string
	FullyQualifiedDomainName string
	SearchString             string
	RequestInterval          int64
	FailureThreshold         int64
	MeasureLatency           bool
	Inverted                 bool
	Disabled                 bool
	HealthThreshold          int64
	ChildHealthChecks        []string
	EnableSNI                *bool
	Regions                  []string
	AlarmIdentifier          *model.AlarmIdentifier

	InsufficientDataHealthStatus string
	RoutingControlArn            string
}

// anything is a value that is not looked into.
type anything bool

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (a *anything) UnmarshalJSON([]byte) error { *a = true; return nil }
