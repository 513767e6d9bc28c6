package awserr

// The codes of what sets the signals that health checks follow.
const (
	AlarmNotFound          Code = "ResourceNotFound"          // CloudWatch
	RoutingControlNotFound Code = "ResourceNotFoundException" // Application Recovery Controller
)
