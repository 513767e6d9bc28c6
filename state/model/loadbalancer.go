package model

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/edgestage/edgestage/state/hlc"
)

// The types of load balancer, as they stand in ARNs.
const (
	LoadBalancerApplication = "app"
	LoadBalancerNetwork     = "net"
)

// LoadBalancer is an Elastic Load Balancing load balancer with one HTTPS
// listener, at port 443 (aws-behaviour 8). It has a row for each who declares
// it: each node whose Caddyfile does, and the API once it has changed it. All
// but the default certificate follow from account and name.
type LoadBalancer struct {
	// ARN is .../loadbalancer/app/NAME/ID.
	ARN     string `cbor:"1,keyasint"`
	Account string `cbor:"2,keyasint"`
	// DNSName is its own host name: web-1.eu-west-3.elb.amazonaws.com.
	DNSName string `cbor:"3,keyasint"`
	// Declarer is the name of the node whose Caddyfile declares it, empty for
	// the API.
	Declarer string `cbor:"4,keyasint,omitempty"`
	// DefaultCertificate is the ARN of the listener's default certificate;
	// empty where this declarer names none. The latest of all rows holds.
	DefaultCertificate string `cbor:"5,keyasint,omitempty"`
	// Since is when the account's hold of the load balancer's own name began.
	Since hlc.Stamp `cbor:"6,keyasint"`
}

// Table implements [Value].
func (*LoadBalancer) Table() string { return TableLoadBalancers }

// Key implements [Value]: the ARN, then the declarer. Load balancers of one
// account and Region stand together, by name.
func (b *LoadBalancer) Key() string { return LoadBalancerPrefix(b.ARN) + b.Declarer }

// LoadBalancerPrefix returns what the keys of all rows of a load balancer begin
// with; it is itself the key of the API's row.
func LoadBalancerPrefix(arn string) string { return arn + "\x00" }

// NewLoadBalancer returns the load balancer of an account that is known by its
// own host name, as declarer says it.
func NewLoadBalancer(account, dnsName, declarer string) *LoadBalancer {
	name, region, kind := splitLoadBalancerName(dnsName)
	arn := fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:loadbalancer/%s/%s/%s",
		region, account, kind, name, hexID("load balancer", account, dnsName))
	return &LoadBalancer{ARN: arn, Account: account, DNSName: dnsName, Declarer: declarer}
}

// Name returns the load balancer's name: what stands before Region and suffix in
// its host name, dots as hyphens.
func (b *LoadBalancer) Name() string {
	name, _, _ := splitLoadBalancerName(b.DNSName)
	return name
}

// Region returns the AWS Region in the load balancer's host name.
func (b *LoadBalancer) Region() string {
	_, region, _ := splitLoadBalancerName(b.DNSName)
	return region
}

// Type returns [LoadBalancerApplication] or [LoadBalancerNetwork].
func (b *LoadBalancer) Type() string {
	_, _, kind := splitLoadBalancerName(b.DNSName)
	return kind
}

// ListenerARN returns the ARN of the load balancer's HTTPS listener.
func (b *LoadBalancer) ListenerARN() string {
	return strings.Replace(b.ARN, ":loadbalancer/", ":listener/", 1) + "/" + hexID("listener", b.ARN, "443")
}

// LoadBalancerARN returns the ARN of the load balancer that a listener belongs
// to, "" for what is no listener's ARN.
func LoadBalancerARN(listener string) string {
	if !validELBArn(listener, "listener") {
		return ""
	}
	return strings.Replace(listener[:strings.LastIndexByte(listener, '/')], ":listener/", ":loadbalancer/", 1)
}

// Validate implements [Value].
func (b *LoadBalancer) Validate() error {
	errs := []error{ValidateAccount(b.Account), validateDeclarer(b.Declarer), ValidateLoadBalancerName(b.DNSName)}
	if want := NewLoadBalancer(b.Account, b.DNSName, "").ARN; errors.Join(errs...) == nil && b.ARN != want {
		errs = append(errs, fmt.Errorf("load balancer ARN %q is not %q, which follows from account and name", b.ARN, want))
	}
	if b.DefaultCertificate != "" && !ValidCertificateARN(b.DefaultCertificate) {
		errs = append(errs, fmt.Errorf("default certificate %q is no ARN of a certificate", b.DefaultCertificate))
	}
	return errors.Join(errs...)
}

// ValidateLoadBalancerName returns an error unless name is one that Elastic
// Load Balancing gives: NAME.REGION.elb.amazonaws.com (application),
// NAME.elb.REGION.amazonaws.com (network), or either shape with more or fewer
// labels in front.
func ValidateLoadBalancerName(name string) error {
	rest, ok := strings.CutSuffix(name, ".amazonaws.com")
	labels := strings.Split(rest, ".")
	for _, l := range labels {
		ok = ok && validHostLabel(l)
	}
	n := len(labels)
	application := n >= 2 && labels[n-1] == "elb"
	network := n >= 3 && labels[n-2] == "elb"
	if !ok || len(name) > 253 || !application && !network {
		return fmt.Errorf("load balancer name '%s' is no lower-case host name of the form NAME.REGION.elb.amazonaws.com or NAME.elb.REGION.amazonaws.com", name)
	}
	return nil
}

// splitLoadBalancerName takes a valid name apart. Where it has no Region, it is
// us-east-1.
func splitLoadBalancerName(dnsName string) (name, region, kind string) {
	labels := strings.Split(strings.TrimSuffix(dnsName, ".amazonaws.com"), ".")
	n := len(labels)
	switch {
	case n >= 3 && labels[n-2] == "elb":
		return strings.Join(labels[:n-2], "-"), labels[n-1], LoadBalancerNetwork
	case n >= 3:
		return strings.Join(labels[:n-2], "-"), labels[n-2], LoadBalancerApplication
	}
	return labels[0], "us-east-1", LoadBalancerApplication
}

var (
	elbARN    = regexp.MustCompile(`^arn:aws:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:(loadbalancer|listener)/(app|net)/[a-z0-9-]+/[0-9a-f]{16}(/[0-9a-f]{16})?$`)
	servedARN = regexp.MustCompile(`^arn:aws:(acm:[a-z0-9-]{1,64}:[0-9]{12}:certificate/[0-9A-Za-z-]{1,64}|iam::[0-9]{12}:server-certificate/[!-~]{1,600})$`)
)

// validELBArn tells whether arn is one of a load balancer or a listener.
func validELBArn(arn, what string) bool {
	m := elbARN.FindStringSubmatch(arn)
	return m != nil && m[1] == what && (m[3] != "") == (what == "listener")
}

// ValidCertificateARN tells whether arn is one of an ACM or IAM certificate.
func ValidCertificateARN(arn string) bool { return servedARN.MatchString(arn) }

// ListenerCertificate is one certificate in a listener's list, which its
// default certificate is not part of (aws-behaviour 8.1): a row of its own, so
// that two who add at once lose nothing.
type ListenerCertificate struct {
	Listener    string `cbor:"1,keyasint"` // ARN
	Certificate string `cbor:"2,keyasint"` // ARN
}

// Table implements [Value].
func (*ListenerCertificate) Table() string { return TableListenerCertificates }

// Key implements [Value]: the listener's ARN, then the certificate's.
func (l *ListenerCertificate) Key() string {
	return ListenerCertificatePrefix(l.Listener) + l.Certificate
}

// ListenerCertificatePrefix returns what the keys of all certificates of a
// listener begin with.
func ListenerCertificatePrefix(listener string) string { return listener + "\x00" }

// Validate implements [Value].
func (l *ListenerCertificate) Validate() error {
	var errs []error
	if !validELBArn(l.Listener, "listener") {
		errs = append(errs, fmt.Errorf("%q is no ARN of a listener", l.Listener))
	}
	if !ValidCertificateARN(l.Certificate) {
		errs = append(errs, fmt.Errorf("%q is no ARN of a certificate", l.Certificate))
	}
	return errors.Join(errs...)
}
