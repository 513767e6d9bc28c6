package probe

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// The kinds of endpoint.
type kind uint8

const (
	tcp kind = iota
	plain
	secure
)

// Target is what is probed: an endpoint and what it is asked. It never changes.
type Target struct {
	kind   kind
	addr   netip.Addr // not valid: that of name
	name   string
	port   uint16
	search string      // nothing: any body
	tls    *tls.Config // of HTTPS
	// id, host and path are what a request consists of: whole, thousands of
	// them would take more room than all else.
	id, host, path string
}

// Probed tells whether health checks of that type have an endpoint to probe.
func Probed(checkType string) bool {
	switch checkType {
	case "HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP":
		return true
	}
	return false
}

// NewTarget returns what h probes. It returns an error where the row lacks
// what its type needs: such a check cannot be judged.
func NewTarget(h *model.HealthCheck) (*Target, error) {
	c := &h.Config
	if !Probed(c.Type) {
		return nil, fmt.Errorf("health checks of type %s probe nothing", c.Type)
	}
	t := &Target{kind: plain, name: strings.TrimSuffix(c.FullyQualifiedDomainName, "."), port: uint16(c.Port)}
	if c.IPAddress != "" {
		addr, err := netip.ParseAddr(c.IPAddress)
		if err != nil {
			return nil, fmt.Errorf("IP address %q is neither IPv4 nor IPv6", c.IPAddress)
		}
		t.addr = addr.Unmap()
	} else if t.name == "" {
		return nil, fmt.Errorf("IP address and fully qualified domain name can not be both empty")
	}
	if strings.ContainsAny(t.name+c.ResourcePath, " \r\n\x00") {
		return nil, fmt.Errorf("domain name %q or path %q does not fit in a request", t.name, c.ResourcePath)
	}
	switch {
	case c.Type == "TCP":
		t.kind = tcp
	case strings.HasPrefix(c.Type, "HTTPS"):
		t.kind = secure
	}
	if t.port == 0 {
		switch t.kind {
		case tcp:
			return nil, fmt.Errorf("a TCP health check needs a port")
		case plain:
			t.port = 80
		case secure:
			t.port = 443
		}
	}
	if strings.HasSuffix(c.Type, "_STR_MATCH") {
		if t.search = c.SearchString; t.search == "" {
			return nil, fmt.Errorf("string match health checks must have a search string specified")
		}
	}
	if t.kind != tcp {
		t.id, t.host, t.path = h.ID, t.hostHeader(), c.ResourcePath
	}
	if t.kind == secure {
		t.tls = tlsConfig(t.serverName(c.EnableSNI))
	}
	return t, nil
}

// serverName returns what is sent as SNI, which is on unless it is turned off.
func (t *Target) serverName(enabled *bool) string {
	if enabled != nil && !*enabled {
		return ""
	}
	return t.name
}

// hostHeader returns the Host header: with the port, unless it is the default of the
// scheme.
func (t *Target) hostHeader() string {
	host := t.name
	if host == "" {
		host = t.addr.String()
	}
	if t.kind == plain && t.port == 80 || t.kind == secure && t.port == 443 {
		if t.name == "" && t.addr.Is6() {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(t.port)))
}

// appendRequest appends what is sent. It accepts no encoding: endpoints that
// compress nevertheless are understood.
func (t *Target) appendRequest(b []byte) []byte {
	b = append(b, "GET "...)
	if !strings.HasPrefix(t.path, "/") {
		b = append(b, '/')
	}
	b = append(append(b, t.path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, t.host...), "\r\nUser-Agent: Amazon-Route53-Health-Check-Service (ref "...)
	b = append(append(b, t.id...), "; report http://amzn.to/1vsZADi)\r\n"...)
	return append(b, "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"...)
}
