package model

import (
	"strings"
	"testing"
)

func TestDistributionName(t *testing.T) {
	for _, tc := range []struct {
		name string
		ok   bool
	}{
		{"d111111abcdef8.cloudfront.net", true},
		{"my-edge.cloudfront.net", true},
		{"D111111ABCDEF8.cloudfront.net", false},
		{"d111111abcdef8.cloudfront.net.", false},
		{"a.b.cloudfront.net", false},
		{".cloudfront.net", false},
		{"cloudfront.net", false},
		{"*.cloudfront.net", false},
		{"-d.cloudfront.net", false},
		{"d-.cloudfront.net", false},
		{"d_1.cloudfront.net", false},
		{strings.Repeat("a", 64) + ".cloudfront.net", false},
		{"www.example.org", false},
		{"", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := ValidateDistributionName(tc.name); (err == nil) != tc.ok {
				t.Errorf("ValidateDistributionName(%q) = %v, want ok %v", tc.name, err, tc.ok)
			}
		})
	}
}

func TestLoadBalancerName(t *testing.T) {
	for _, tc := range []struct {
		name string
		ok   bool
	}{
		{"web-1.eu-west-3.elb.amazonaws.com", true},
		{"internal-web-1.eu-west-3.elb.amazonaws.com", true},
		{"net-1.elb.eu-west-3.amazonaws.com", true},
		{"web-1.elb.amazonaws.com", true},
		{"elb.amazonaws.com", false},
		{"elb.eu-west-3.amazonaws.com", false},
		{"web-1.eu-west-3.amazonaws.com", false},
		{"web-1.elb.eu-west-3.example.amazonaws.com", false},
		{"Web-1.eu-west-3.elb.amazonaws.com", false},
		{"web-1.eu-west-3.elb.amazonaws.com.", false},
		{"web-1..elb.amazonaws.com", false},
		{"web-1.eu-west-3.elb.amazonaws.com.example.org", false},
		{strings.Repeat("a.", 120) + "elb.amazonaws.com", false},
		{"", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := ValidateLoadBalancerName(tc.name); (err == nil) != tc.ok {
				t.Errorf("ValidateLoadBalancerName(%q) = %v, want ok %v", tc.name, err, tc.ok)
			}
		})
	}
}
