package route53

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// maxChildren is how many children a calculated check may have.
const maxChildren = 255

// validateHealth returns the first rule that a check breaks (aws-behaviour 4.2).
func (c *call) validateHealth(rd *state.Reader, m *model.HealthCheckConfig) error {
	for _, check := range []func(*model.HealthCheckConfig) string{
		endpointFault, tcpFault, stringFault, calculatedFault, foreignFault, signalFault,
	} {
		if text := check(m); text != "" {
			return invalid("%s", text)
		}
	}
	if text := c.addressFault(m.IPAddress); text != "" {
		return invalid("%s", text)
	}
	return c.childrenFault(rd, m)
}

func endpointFault(m *model.HealthCheckConfig) string {
	if probed(m.Type) && m.IPAddress == "" && m.FullyQualifiedDomainName == "" {
		return "Invalid parameter : IP address and fully qualified domain name can not be both empty."
	}
	if !strings.HasPrefix(m.Type, "HTTPS") && m.EnableSNI != nil && *m.EnableSNI {
		return fmt.Sprintf("Invalid parameter : Health checks with %s type must not enable SNI support.", m.Type)
	}
	return ""
}

func tcpFault(m *model.HealthCheckConfig) string {
	switch {
	case m.Type != typeTCP:
	case m.IPAddress != "" && m.FullyQualifiedDomainName != "":
		return "TCP health checks that have IP address must not have a fully qualified domain name specified."
	case m.ResourcePath != "":
		return "TCP health checks must not have a resource path specified."
	case m.Port == 0:
		return "TCP health checks must have a port specified."
	}
	return ""
}

func stringFault(m *model.HealthCheckConfig) string {
	matches := strings.HasSuffix(m.Type, "_STR_MATCH")
	switch {
	case matches && m.SearchString == "":
		return "String match health checks must have a search string specified."
	case !matches && probed(m.Type) && m.SearchString != "":
		return m.Type + " health checks must not have a search string specified."
	}
	return ""
}

// calculatedFault is about what only endpoints have.
func calculatedFault(m *model.HealthCheckConfig) string {
	if probed(m.Type) {
		return ""
	}
	kind := map[string]string{typeCalculated: "Calculated", typeAlarm: "CloudWatch metric", typeControl: "Recovery control"}[m.Type]
	for _, f := range []struct {
		given bool
		what  string
	}{
		{m.IPAddress != "", "an IP address"}, {m.Port != 0, "a port"}, {len(m.Regions) > 0, "regions"},
		{m.FullyQualifiedDomainName != "", "a fully qualified domain name"}, {m.ResourcePath != "", "a resource path"},
		{m.SearchString != "", "a search string"}, {m.RequestInterval != 0, "a request interval"},
		{m.FailureThreshold != 0, "a failure threshold"},
	} {
		if f.given {
			return fmt.Sprintf("Invalid parameter : %s health checks must not have %s specified.", kind, f.what)
		}
	}
	return ""
}

// foreignFault is about what only checks of one type have.
func foreignFault(m *model.HealthCheckConfig) string {
	switch {
	case m.Type != typeCalculated && m.HealthThreshold != 0:
		return "Invalid parameter : Only calculated health checks can have a health threshold specified."
	case m.Type != typeCalculated && len(m.ChildHealthChecks) > 0:
		return "Invalid parameter : Only calculated health checks can have child health checks specified."
	case m.Type != typeAlarm && m.AlarmIdentifier != nil:
		return "Invalid parameter : Basic health checks must not have an metric region specified."
	case m.Type != typeAlarm && m.InsufficientDataHealthStatus != "":
		return "Invalid parameter : Basic health checks must not have an insufficient data health state specified."
	case m.Type != typeControl && m.RoutingControlArn != "":
		return "Invalid parameter : Basic health checks must not have a routing control ARN specified."
	}
	return ""
}

// signalFault is about what tells checks that are not probed how they are.
func signalFault(m *model.HealthCheckConfig) string {
	switch {
	case m.Type == typeAlarm && m.AlarmIdentifier == nil:
		return "Alarm identifier must not be null."
	case m.Type == typeControl && m.RoutingControlArn == "":
		return "Routing control ARN must not be null."
	}
	return ""
}

// addressFault returns why an address may not be probed. Those that AWS keeps
// from probing because they are nobody's are what a staging network is made of,
// so they are refused only where reserved names are.
func (c *call) addressFault(text string) string {
	if text == "" {
		return ""
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return fmt.Sprintf("Invalid parameter : IP address %.64s is not valid.", text)
	}
	family := "IPv6"
	if a.Is4() {
		family = "IPv4"
	}
	if a.IsUnspecified() || a.IsMulticast() || c.config.RefuseReserved && nobodys(a) {
		return fmt.Sprintf("%s address %s is forbidden.", family, text)
	}
	return ""
}

// documentation are the networks of RFC 5737 and RFC 3849, and shared ones.
var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("2001:db8::/32"),
}

func nobodys(a netip.Addr) bool {
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range documentation {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// childrenFault returns an error where a child is not there or is itself
// calculated.
func (c *call) childrenFault(rd *state.Reader, m *model.HealthCheckConfig) error {
	if len(m.ChildHealthChecks) > maxChildren {
		return invalid("Invalid parameter : A calculated health check cannot have more child health checks than %d.", maxChildren)
	}
	var missing []string
	for _, id := range m.ChildHealthChecks {
		h, err := c.healthCheck(rd, id)
		if err != nil && awserr.From(err).Code != awserr.NoSuchHealthCheck {
			return err
		}
		if err != nil || h.Config.Type == typeCalculated {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		return invalid("Invalid parameter : Child health check IDs do not exist or are deleted: %s", strings.Join(missing, ", "))
	}
	return nil
}
