package elbv2

import (
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// sslPolicy is the security policy that the console gives new listeners
// (aws-behaviour 8.5): what TLS an edge speaks is Caddy's to say.
const sslPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

type loadBalancerShape struct {
	LoadBalancerArn       string    `xml:"LoadBalancerArn"`
	DNSName               string    `xml:"DNSName"`
	CanonicalHostedZoneId string    `xml:"CanonicalHostedZoneId,omitempty"`
	CreatedTime           string    `xml:"CreatedTime,omitempty"`
	LoadBalancerName      string    `xml:"LoadBalancerName"`
	Scheme                string    `xml:"Scheme"`
	State                 lifeState `xml:"State"`
	Type                  string    `xml:"Type"`
	AvailabilityZones     *empty    `xml:"AvailabilityZones"`
	SecurityGroups        *empty    `xml:"SecurityGroups"`
	IpAddressType         string    `xml:"IpAddressType"`
}

type lifeState struct {
	Code string `xml:"Code"`
}

var typeNames = map[string]string{model.LoadBalancerApplication: "application", model.LoadBalancerNetwork: "network"}

func (b *balancer) shape() loadBalancerShape {
	s := loadBalancerShape{
		LoadBalancerArn: b.ARN, DNSName: b.DNSName, LoadBalancerName: b.Name(), Scheme: "internet-facing",
		State: lifeState{"active"}, Type: typeNames[b.LoadBalancer.Type()], IpAddressType: "dualstack",
		AvailabilityZones: new(empty), SecurityGroups: new(empty),
		CanonicalHostedZoneId: model.ResourceOf(model.Name(b.DNSName + ".")).ZoneID(),
	}
	if b.since > 0 {
		s.CreatedTime = b.since.Time().UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return s
}

type describeLoadBalancersRequest struct {
	LoadBalancerArns []string `json:"LoadBalancerArns" aws:"max=20"`
	Names            []string `json:"Names" aws:"max=20"`
	Marker           *string  `json:"Marker" aws:"max=4096"`
	PageSize         *int64   `json:"PageSize" aws:"min=1,max=400"`
}

type loadBalancersResult struct {
	LoadBalancers []loadBalancerShape `xml:"LoadBalancers>member"`
	NextMarker    string              `xml:"NextMarker,omitempty"`
}

// describeLoadBalancers shows the caller's load balancers in the Region: those
// named, which must exist, or all.
func describeLoadBalancers(c *call) (any, error) {
	var req describeLoadBalancersRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if req.LoadBalancerArns != nil && req.Names != nil {
		return nil, invalid("Load balancer names and load balancer ARNs cannot be specified at the same time")
	}
	var found []*balancer
	err := c.config.Replica.View(func(rd *state.Reader) error {
		found = c.balancers(rd)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if req.LoadBalancerArns != nil {
		found, err = pick(found, req.LoadBalancerArns, func(b *balancer) string { return b.ARN })
	} else if req.Names != nil {
		found, err = pick(found, req.Names, func(b *balancer) string { return b.Name() })
	}
	if err != nil {
		return nil, err
	}
	var out loadBalancersResult
	found, out.NextMarker = page(found, req.Marker, req.PageSize, func(b *balancer) string { return b.ARN })
	for _, b := range found {
		out.LoadBalancers = append(out.LoadBalancers, b.shape())
	}
	return out, nil
}

// pick returns those of found that names name; each must name one.
func pick(found []*balancer, names []string, nameOf func(*balancer) string) ([]*balancer, error) {
	var out []*balancer
	for _, b := range found {
		if slices.Contains(names, nameOf(b)) {
			out = append(out, b)
		}
	}
	var missing []string
	for _, n := range names {
		if !slices.ContainsFunc(out, func(b *balancer) bool { return nameOf(b) == n }) {
			missing = append(missing, n)
		}
	}
	if missing != nil {
		return nil, awserr.New(awserr.LoadBalancerNotFound, "Load balancers '[%.300s]' not found", strings.Join(missing, ", "))
	}
	return out, nil
}

type listenerShape struct {
	ListenerArn     string             `xml:"ListenerArn"`
	LoadBalancerArn string             `xml:"LoadBalancerArn"`
	Port            int64              `xml:"Port"`
	Protocol        string             `xml:"Protocol"`
	Certificates    []certificateShape `xml:"Certificates>member"`
	SslPolicy       string             `xml:"SslPolicy"`
	DefaultActions  *empty             `xml:"DefaultActions"`
}

// listenerShape returns the load balancer's listener. Its only certificate is
// the default one, and IsDefault is not shown (aws-behaviour 8.3).
func (b *balancer) listenerShape() listenerShape {
	s := listenerShape{
		ListenerArn: b.ListenerARN(), LoadBalancerArn: b.ARN, Port: 443, Protocol: "HTTPS",
		SslPolicy: sslPolicy, DefaultActions: new(empty),
	}
	if b.LoadBalancer.Type() == model.LoadBalancerNetwork {
		s.Protocol = "TLS"
	}
	if b.standby != "" {
		s.Certificates = []certificateShape{{CertificateArn: b.standby}}
	}
	return s
}

type describeListenersRequest struct {
	LoadBalancerArn *string  `json:"LoadBalancerArn"`
	ListenerArns    []string `json:"ListenerArns"`
	Marker          *string  `json:"Marker" aws:"max=4096"`
	PageSize        *int64   `json:"PageSize" aws:"min=1,max=400"`
}

type listenersResult struct {
	Listeners  []listenerShape `xml:"Listeners>member"`
	NextMarker string          `xml:"NextMarker,omitempty"`
}

// describeListeners shows the listener of a load balancer, or those named.
func describeListeners(c *call) (any, error) {
	var req describeListenersRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if (req.LoadBalancerArn == nil) == (req.ListenerArns == nil) {
		return nil, invalid("You must specify either listener ARNs or a load balancer ARN")
	}
	var found []*balancer
	err := c.config.Replica.View(func(rd *state.Reader) error {
		if req.LoadBalancerArn != nil {
			b, err := c.balancer(rd, *req.LoadBalancerArn)
			found = []*balancer{b}
			return err
		}
		for _, arn := range slices.Compact(slices.Sorted(slices.Values(req.ListenerArns))) {
			b, err := c.listener(rd, arn)
			if err != nil {
				return err
			}
			found = append(found, b)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out listenersResult
	found, out.NextMarker = page(found, req.Marker, req.PageSize, func(b *balancer) string { return b.ListenerARN() })
	for _, b := range found {
		out.Listeners = append(out.Listeners, b.listenerShape())
	}
	return out, nil
}

type describeTagsRequest struct {
	ResourceArns []string `json:"ResourceArns" aws:"required,min=1,max=20"`
}

type tagsResult struct {
	TagDescriptions []tagDescription `xml:"TagDescriptions>member"`
}

type tagDescription struct {
	ResourceArn string `xml:"ResourceArn"`
	Tags        *empty `xml:"Tags"`
}

// describeTags shows that there are no tags: nothing here puts any on.
func describeTags(c *call) (any, error) {
	var req describeTagsRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var out tagsResult
	err := c.config.Replica.View(func(rd *state.Reader) error {
		for _, arn := range req.ResourceArns {
			find := c.balancer
			if model.LoadBalancerARN(arn) != "" {
				find = c.listener
			}
			if _, err := find(rd, arn); err != nil {
				return err
			}
			out.TagDescriptions = append(out.TagDescriptions, tagDescription{arn, new(empty)})
		}
		return nil
	})
	return out, err
}
