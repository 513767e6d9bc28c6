package awserr

// The codes of Elastic Load Balancing (aws-behaviour 8.3).
const (
	InvalidConfigurationRequest Code = "InvalidConfigurationRequest"
	ListenerCertificateNotFound Code = "CertificateNotFound"
	ListenerNotFound            Code = "ListenerNotFound"
	LoadBalancerNotFound        Code = "LoadBalancerNotFound"
	OperationNotPermitted       Code = "OperationNotPermitted"
	TooManyCertificates         Code = "TooManyCertificates"
	UnsupportedCertificate      Code = "UnsupportedCertificate"
)
