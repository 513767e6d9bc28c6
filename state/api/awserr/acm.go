package awserr

// The codes of ACM (aws-behaviour 7.1).
const (
	CertificateNotFound            Code = "ResourceNotFoundException"
	CertificateInUse               Code = "ResourceInUseException"
	CertificateRequestInProgress   Code = "RequestInProgressException"
	CertificateLimitExceeded       Code = "LimitExceededException"
	CertificateConflict            Code = "ConflictException"
	InvalidCertificateArgs         Code = "InvalidArgsException"
	InvalidCertificateArn          Code = "InvalidArnException"
	InvalidCertificateParameter    Code = "InvalidParameterException"
	InvalidCertificateState        Code = "InvalidStateException"
	InvalidCertificateTag          Code = "InvalidTagException"
	InvalidDomainValidationOptions Code = "InvalidDomainValidationOptionsException"
	TooManyCertificateTags         Code = "TooManyTagsException"
	CertificateValidation          Code = "ValidationException"
)
