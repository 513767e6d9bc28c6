package edgeguard

import (
	"fmt"
	"strings"
)

// validateDistributionName returns an error unless name is one label under
// cloudfront.net, such as d111111abcdef8.cloudfront.net.
func validateDistributionName(name string) error {
	label, ok := strings.CutSuffix(name, ".cloudfront.net")
	if !ok || !isLabel(label) {
		return fmt.Errorf("distribution name '%s' is no lower-case host name of the form NAME.cloudfront.net", name)
	}
	return nil
}

// validateLoadBalancerName returns an error unless name is one that Elastic
// Load Balancing gives: NAME.REGION.elb.amazonaws.com (application),
// NAME.elb.REGION.amazonaws.com (network), or either shape with more or fewer
// labels in front.
func validateLoadBalancerName(name string) error {
	rest, ok := strings.CutSuffix(name, ".amazonaws.com")
	labels := strings.Split(rest, ".")
	for _, label := range labels {
		ok = ok && isLabel(label)
	}
	n := len(labels)
	application := n >= 2 && labels[n-1] == "elb"
	network := n >= 3 && labels[n-2] == "elb"
	if !ok || len(name) > 253 || !application && !network {
		return fmt.Errorf("load balancer name '%s' is no lower-case host name of the form NAME.REGION.elb.amazonaws.com or NAME.elb.REGION.amazonaws.com", name)
	}
	return nil
}

// isLabel tells whether s is a label of a host name (RFC 1123 section 2.1) in
// lower case.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
