package cloudmap

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// maxCustomAttributes is how many attributes of its own an instance may have
// (aws-behaviour 6.5).
const maxCustomAttributes = 30

// knownAttributes are those of AWS.
var knownAttributes = []string{
	model.AttrAlias, model.AttrEC2, model.AttrInitHealth, model.AttrCNAME, model.AttrIPv4, model.AttrIPv6, model.AttrPort,
}

// checkInstance returns the first rule that an instance breaks (aws-behaviour
// 6.5).
func (c *call) checkInstance(n *model.Namespace, s *model.Service, i *model.Instance) error {
	for _, check := range []func() error{
		func() error { return checkAttributes(i) },
		func() error { return checkEC2(n, i) },
		func() error { return checkAlias(s, i) },
		func() error { return checkRequired(s, i) },
		func() error { return checkValues(i) },
		func() error { return checkTarget(n, s, i) },
		func() error { return c.checkProbed(s, i) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

var attributeName = regexp.MustCompile(`^[a-zA-Z0-9!-~]+$`)

// checkAttributes is about names, number and size.
func checkAttributes(i *model.Instance) error {
	var custom []string
	size := 0
	for _, k := range sorted(i.Attributes) {
		size += len(k) + len(i.Attributes[k])
		switch {
		case len(k) > 255:
			return constraint("attributes", k, "have keys of a length less than or equal to 255")
		case !attributeName.MatchString(k):
			return constraint("attributes", k, "have keys that satisfy regular expression pattern: ^[a-zA-Z0-9!-~]+$")
		case slices.Contains(knownAttributes, k):
		case strings.HasPrefix(strings.ToLower(k), "aws_"):
			return invalid("Invalid attribute: [%s]. [aws_] prefix is reserved for AWS attributes.", k)
		default:
			custom = append(custom, k)
		}
	}
	if len(custom) > maxCustomAttributes {
		return invalid("Too many attributes provided: [%s]. The current limit is %d", strings.Join(custom, ", "), maxCustomAttributes)
	}
	if size > model.MaxAttributesSize {
		return invalid("Instance attributes too large. Maximum allowed size of all attributes is %d characters.", model.MaxAttributesSize)
	}
	return nil
}

// sorted returns the names of attributes in order.
func sorted(attributes map[string]string) []string {
	names := make([]string, 0, len(attributes))
	for k := range attributes {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// beside returns an error where attributes of AWS other than one and those that
// go with it are given.
func beside(i *model.Instance, one string, with ...string) error {
	var others []string
	for _, k := range sorted(i.Attributes) {
		if k != one && slices.Contains(knownAttributes, k) && !slices.Contains(with, k) {
			others = append(others, k)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return invalid("Invalid combination of attributes received. %s is not supported with [%s].", one, strings.Join(others, ", "))
}

func checkEC2(n *model.Namespace, i *model.Instance) error {
	if _, ok := i.Attributes[model.AttrEC2]; !ok {
		return nil
	}
	if n.DNS() {
		return invalid("AWS_EC2_INSTANCE_ID provided in namespace type %s. It is only supported in HTTP namespace", n.Type)
	}
	return beside(i, model.AttrEC2, model.AttrInitHealth)
}

func checkAlias(s *model.Service, i *model.Instance) error {
	text, ok := i.Attributes[model.AttrAlias]
	if !ok {
		return nil
	}
	if err := beside(i, model.AttrAlias, model.AttrInitHealth); err != nil {
		return err
	}
	if s.DNS == nil || s.DNS.Policy != model.RouteWeighted {
		return invalid("ALIAS instance can be registered only in services with WEIGHTED routing policy")
	}
	if s.Record("A") == nil && s.Record("AAAA") == nil {
		return invalid("ALIAS instance can be registered only in services with A or AAAA records")
	}
	name, err := model.ParseName(text)
	if r := model.ResourceOf(name); err != nil || r.Kind != model.EndpointELB || r.ZoneID() == "" {
		return invalid("Invalid value %s for attribute AWS_ALIAS_DNS_NAME: the DNS name of an Elastic Load Balancing load balancer is expected.", text)
	}
	return nil
}

// checkRequired is about what the records of the service are made of.
func checkRequired(s *model.Service, i *model.Instance) error {
	if i.Attributes[model.AttrAlias] != "" {
		return nil
	}
	var missing []string
	for _, need := range []struct{ rrtype, attribute string }{
		{"A", model.AttrIPv4}, {"AAAA", model.AttrIPv6}, {"CNAME", model.AttrCNAME}, {"SRV", model.AttrPort},
	} {
		if s.Record(need.rrtype) != nil && i.Attributes[need.attribute] == "" {
			missing = append(missing, need.attribute)
		}
	}
	none := i.Attributes[model.AttrIPv4] == "" && i.Attributes[model.AttrIPv6] == ""
	switch {
	case s.Record("SRV") != nil && none:
		return invalid("At least one of AWS_INSTANCE_IPV4 AWS_INSTANCE_IPV6 is required.")
	case len(missing) > 0:
		return invalid("Required attribute(s) %s are missing.", strings.Join(missing, " "))
	case s.HealthCheck != nil && i.Attributes[model.AttrPort] == "":
		return invalid("A port must be supplied in order to register this instance.")
	}
	return nil
}

// checkValues is about what the attributes with a meaning say.
func checkValues(i *model.Instance) error {
	for _, k := range sorted(i.Attributes) {
		v := i.Attributes[k]
		good := true
		switch k {
		case model.AttrIPv4:
			a, err := netip.ParseAddr(v)
			good = err == nil && a.Is4()
		case model.AttrIPv6:
			a, err := netip.ParseAddr(v)
			good = err == nil && a.Is6() && !a.Is4In6() && a.Zone() == ""
		case model.AttrPort:
			n, err := strconv.ParseUint(v, 10, 16)
			good = err == nil && strconv.FormatUint(n, 10) == v
		case model.AttrCNAME:
			_, err := model.CanonicalValue("CNAME", v)
			good = err == nil
		case model.AttrEC2:
			good = ec2ID.MatchString(v)
		case model.AttrInitHealth:
			if v != model.StatusHealthy && v != model.StatusUnhealthy {
				return invalid("No enum constant com.amazon.route53.autonaming.model.InitHealthStatus.%s", v)
			}
		case model.AttrLease:
			if _, err := model.ParseLease(v); err != nil {
				return invalid("Invalid value for attribute %s: %v.", k, err)
			}
		}
		if !good {
			return invalid("Invalid value %s for attribute %s.", v, k)
		}
	}
	return nil
}

var ec2ID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

// checkTarget returns an error where the name that an SRV record leads to is
// too long.
func checkTarget(n *model.Namespace, s *model.Service, i *model.Instance) error {
	if s.Record("SRV") == nil {
		return nil
	}
	if fqdn, ok := model.ServiceDNSName(n, s); ok {
		if _, ok := model.InstanceTarget(fqdn, i.ID); ok {
			return nil
		}
	}
	return invalid("The name %s.%s.%s is longer than DNS allows.", i.ID, s.Name, n.Name)
}

// probed returns the address that an instance is probed at, and whether it is.
// Aliases are not (aws-behaviour 6.5).
func probed(s *model.Service, i *model.Instance) (netip.Addr, bool) {
	if s.HealthCheck == nil || i.Attributes[model.AttrAlias] != "" || i.Attributes[model.AttrPort] == "" {
		return netip.Addr{}, false
	}
	for _, attribute := range []string{model.AttrIPv4, model.AttrIPv6} {
		if a, err := netip.ParseAddr(i.Attributes[attribute]); err == nil {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// checkProbed returns an error where an address may not be probed. Those that
// AWS's checkers cannot reach are what a staging network is made of: they are
// refused only where reserved addresses are.
func (c *call) checkProbed(s *model.Service, i *model.Instance) error {
	a, ok := probed(s, i)
	if !ok {
		return nil
	}
	nobodys := a.IsUnspecified() || a.IsMulticast()
	private := a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
	if nobodys || private && c.config.RefuseReserved {
		family := "IPv4"
		if a.Is6() {
			family = "IPv6"
		}
		return invalid("%s address %s is forbidden for healthChecks", family, a)
	}
	return nil
}
