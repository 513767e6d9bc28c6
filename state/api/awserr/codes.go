package awserr

import "net/http"

// The codes that every service shares.
const (
	AccessDenied            Code = "AccessDenied"
	IncompleteSignature     Code = "IncompleteSignature"
	InternalFailure         Code = "InternalFailure"
	InvalidClientTokenID    Code = "InvalidClientTokenId"
	InvalidAction           Code = "InvalidAction"
	InvalidInput            Code = "InvalidInput"
	InvalidArgument         Code = "InvalidArgument"
	MalformedInput          Code = "MalformedInput"
	MalformedQueryString    Code = "MalformedQueryString"
	MissingAuthentication   Code = "MissingAuthenticationToken"
	NotAuthorized           Code = "NotAuthorizedException"
	RequestEntityTooLarge   Code = "RequestEntityTooLargeException"
	ServiceUnavailable      Code = "ServiceUnavailable"
	Serialization           Code = "SerializationException"
	SignatureDoesNotMatch   Code = "SignatureDoesNotMatch"
	Throttling              Code = "Throttling"
	UnknownOperation        Code = "UnknownOperationException"
	Validation              Code = "ValidationException"
	ValidationError         Code = "ValidationError"
	InvalidPaginationToken  Code = "InvalidPaginationToken"
	LimitsExceeded          Code = "LimitsExceeded"
	PriorRequestNotComplete Code = "PriorRequestNotComplete"
	ResourceNotFound        Code = "ResourceNotFoundException"
	TooManyTags             Code = "TooManyTagsException"
)

// The codes of Route 53. Those of CIDR collections keep the suffix on the
// wire, most others have none (aws-behaviour 5.2).
const (
	CidrBlockInUse                Code = "CidrBlockInUseException"
	CidrCollectionAlreadyExists   Code = "CidrCollectionAlreadyExistsException"
	CidrCollectionInUse           Code = "CidrCollectionInUseException"
	CidrCollectionVersionMismatch Code = "CidrCollectionVersionMismatchException"
	ConflictingDomainExists       Code = "ConflictingDomainExists"
	ConflictingTypes              Code = "ConflictingTypes"
	DelegationSetAlreadyCreated   Code = "DelegationSetAlreadyCreated"
	DelegationSetAlreadyReusable  Code = "DelegationSetAlreadyReusable"
	DelegationSetInUse            Code = "DelegationSetInUse"
	DelegationSetNotAvailable     Code = "DelegationSetNotAvailable"
	DNSSECNotFound                Code = "DNSSECNotFound"
	HealthCheckAlreadyExists      Code = "HealthCheckAlreadyExists"
	HealthCheckVersionMismatch    Code = "HealthCheckVersionMismatch"
	HostedZoneAlreadyExists       Code = "HostedZoneAlreadyExists"
	HostedZoneNotEmpty            Code = "HostedZoneNotEmpty"
	HostedZoneNotFound            Code = "HostedZoneNotFound"
	HostedZoneNotPrivate          Code = "HostedZoneNotPrivate"
	InvalidChangeBatch            Code = "InvalidChangeBatch"
	InvalidDomainName             Code = "InvalidDomainName"
	InvalidTrafficPolicyDocument  Code = "InvalidTrafficPolicyDocument"
	InvalidVPCID                  Code = "InvalidVPCId"
	LastVPCAssociation            Code = "LastVPCAssociation"
	NoSuchChange                  Code = "NoSuchChange"
	NoSuchCidrCollection          Code = "NoSuchCidrCollectionException"
	NoSuchCidrLocation            Code = "NoSuchCidrLocationException"
	NoSuchDelegationSet           Code = "NoSuchDelegationSet"
	NoSuchGeoLocation             Code = "NoSuchGeoLocation"
	NoSuchHealthCheck             Code = "NoSuchHealthCheck"
	NoSuchHostedZone              Code = "NoSuchHostedZone"
	NoSuchKeySigningKey           Code = "NoSuchKeySigningKey"
	NoSuchQueryLoggingConfig      Code = "NoSuchQueryLoggingConfig"
	NoSuchTrafficPolicy           Code = "NoSuchTrafficPolicy"
	NoSuchTrafficPolicyInstance   Code = "NoSuchTrafficPolicyInstance"
	PublicZoneVPCAssociation      Code = "PublicZoneVPCAssociation"
	QueryLoggingConfigExists      Code = "QueryLoggingConfigAlreadyExists"
	TooManyHealthChecks           Code = "TooManyHealthChecks"
	TooManyHostedZones            Code = "TooManyHostedZones"
	TooManyTrafficPolicies        Code = "TooManyTrafficPolicies"
	TooManyTrafficPolicyInstances Code = "TooManyTrafficPolicyInstances"
	TooManyTrafficPolicyVersions  Code = "TooManyTrafficPolicyVersionsForCurrentPolicy"
	TooManyVPCAuthorizations      Code = "TooManyVPCAssociationAuthorizations"
	TrafficPolicyAlreadyExists    Code = "TrafficPolicyAlreadyExists"
	TrafficPolicyInstanceExists   Code = "TrafficPolicyInstanceAlreadyExists"
	TrafficPolicyInUse            Code = "TrafficPolicyInUse"
	VPCAssociationNotFound        Code = "VPCAssociationNotFound"
	VPCAuthorizationNotFound      Code = "VPCAssociationAuthorizationNotFound"
)

// The codes of Cloud Map (aws-behaviour 6.1).
const (
	CustomHealthNotFound      Code = "CustomHealthNotFound"
	DuplicateRequest          Code = "DuplicateRequest"
	InstanceNotFound          Code = "InstanceNotFound"
	NamespaceAlreadyExists    Code = "NamespaceAlreadyExists"
	NamespaceNotFound         Code = "NamespaceNotFound"
	OperationNotFound         Code = "OperationNotFound"
	RequestLimitExceeded      Code = "RequestLimitExceeded"
	ResourceInUse             Code = "ResourceInUse"
	ResourceLimitExceeded     Code = "ResourceLimitExceeded"
	ServiceAlreadyExists      Code = "ServiceAlreadyExists"
	ServiceAttributesExceeded Code = "ServiceAttributesLimitExceededException"
	ServiceNotFound           Code = "ServiceNotFound"
)

// The codes of CloudFront (aws-behaviour 9.2). AWS's own code for an alias that
// DNS still leads to is not known.
const (
	CNAMEAlreadyExists        Code = "CNAMEAlreadyExists"
	CNAMEStillInUse           Code = "CNAMEStillInUse"
	DistributionAlreadyExists Code = "DistributionAlreadyExists"
	DistributionNotDisabled   Code = "DistributionNotDisabled"
	IllegalUpdate             Code = "IllegalUpdate"
	InconsistentQuantities    Code = "InconsistentQuantities"
	InvalidIfMatchVersion     Code = "InvalidIfMatchVersion"
	InvalidTagging            Code = "InvalidTagging"
	InvalidViewerCertificate  Code = "InvalidViewerCertificate"
	MissingBody               Code = "MissingBody"
	NoSuchDistribution        Code = "NoSuchDistribution"
	NoSuchResource            Code = "NoSuchResource"
	PreconditionFailed        Code = "PreconditionFailed"
	TooManyDistributionCNAMEs Code = "TooManyDistributionCNAMEs"
	TooManyDistributions      Code = "TooManyDistributions"
)

// statuses are the HTTP statuses other than 400 (aws-behaviour 5.2).
var statuses = map[Code]int{
	NotAuthorized: http.StatusUnauthorized,

	AccessDenied:          http.StatusForbidden,
	InvalidClientTokenID:  http.StatusForbidden,
	MissingAuthentication: http.StatusForbidden,
	SignatureDoesNotMatch: http.StatusForbidden,

	NoSuchChange:                http.StatusNotFound,
	NoSuchCidrCollection:        http.StatusNotFound,
	NoSuchCidrLocation:          http.StatusNotFound,
	NoSuchGeoLocation:           http.StatusNotFound,
	NoSuchHealthCheck:           http.StatusNotFound,
	NoSuchHostedZone:            http.StatusNotFound,
	NoSuchKeySigningKey:         http.StatusNotFound,
	NoSuchQueryLoggingConfig:    http.StatusNotFound,
	NoSuchTrafficPolicy:         http.StatusNotFound,
	NoSuchTrafficPolicyInstance: http.StatusNotFound,
	AlarmNotFound:               http.StatusNotFound,
	UnknownOperation:            http.StatusNotFound,
	VPCAssociationNotFound:      http.StatusNotFound,
	VPCAuthorizationNotFound:    http.StatusNotFound,

	CidrCollectionVersionMismatch: http.StatusConflict,
	HealthCheckAlreadyExists:      http.StatusConflict,
	HealthCheckVersionMismatch:    http.StatusConflict,
	HostedZoneAlreadyExists:       http.StatusConflict,
	QueryLoggingConfigExists:      http.StatusConflict,
	TrafficPolicyAlreadyExists:    http.StatusConflict,
	TrafficPolicyInstanceExists:   http.StatusConflict,

	NoSuchDistribution:        http.StatusNotFound,
	NoSuchResource:            http.StatusNotFound,
	CNAMEAlreadyExists:        http.StatusConflict,
	CNAMEStillInUse:           http.StatusConflict,
	DistributionAlreadyExists: http.StatusConflict,
	DistributionNotDisabled:   http.StatusConflict,
	PreconditionFailed:        http.StatusPreconditionFailed,

	RequestEntityTooLarge: http.StatusRequestEntityTooLarge,
	InternalFailure:       http.StatusInternalServerError,
	ServiceUnavailable:    http.StatusServiceUnavailable,
}
