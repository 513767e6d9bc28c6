package probe

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

func TestTargetRequest(t *testing.T) {
	tests := []struct {
		name   string
		config model.HealthCheckConfig
		path   string
		host   string
		addr   string
	}{
		{"name, default port", model.HealthCheckConfig{Type: "HTTP", FullyQualifiedDomainName: "example.org"}, "/", "example.org", ""},
		{"name with a dot", model.HealthCheckConfig{Type: "HTTP", FullyQualifiedDomainName: "example.org."}, "/", "example.org", ""},
		{"name, other port", model.HealthCheckConfig{Type: "HTTP", FullyQualifiedDomainName: "example.org", Port: 443}, "/", "example.org:443", ""},
		{"name, HTTPS", model.HealthCheckConfig{Type: "HTTPS", FullyQualifiedDomainName: "example.org", Port: 443}, "/", "example.org", ""},
		{"name and address", model.HealthCheckConfig{Type: "HTTP", FullyQualifiedDomainName: "example.org", IPAddress: "192.0.2.1"}, "/", "example.org", "192.0.2.1"},
		{"address", model.HealthCheckConfig{Type: "HTTP", IPAddress: "192.0.2.1"}, "/", "192.0.2.1", "192.0.2.1"},
		{"address, other port", model.HealthCheckConfig{Type: "HTTPS", IPAddress: "192.0.2.1", Port: 8443}, "/", "192.0.2.1:8443", "192.0.2.1"},
		{"IPv6", model.HealthCheckConfig{Type: "HTTP", IPAddress: "2001:db8::1"}, "/", "[2001:db8::1]", "2001:db8::1"},
		{"IPv6, other port", model.HealthCheckConfig{Type: "HTTP", IPAddress: "2001:db8::1", Port: 8080}, "/", "[2001:db8::1]:8080", "2001:db8::1"},
		{"path", model.HealthCheckConfig{Type: "HTTP", IPAddress: "192.0.2.1", ResourcePath: "/a?b=c"}, "/a?b=c", "192.0.2.1", "192.0.2.1"},
		{"path without a slash", model.HealthCheckConfig{Type: "HTTP", IPAddress: "192.0.2.1", ResourcePath: "a"}, "/a", "192.0.2.1", "192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := target(t, &model.HealthCheck{ID: "hc", Config: tt.config})
			want := "GET " + tt.path + " HTTP/1.1\r\nHost: " + tt.host + "\r\n"
			if request := string(got.appendRequest(nil)); !strings.HasPrefix(request, want) {
				t.Errorf("request = %q, want %q", request, want)
			}
			if tt.addr == "" && got.addr.IsValid() || tt.addr != "" && got.addr != netip.MustParseAddr(tt.addr) {
				t.Errorf("address = %v, want %q", got.addr, tt.addr)
			}
		})
	}
}

func TestTargetRefuses(t *testing.T) {
	tests := []struct {
		name   string
		config model.HealthCheckConfig
		want   string
	}{
		{"calculated", model.HealthCheckConfig{Type: "CALCULATED"}, "probe nothing"},
		{"nowhere", model.HealthCheckConfig{Type: "HTTP"}, "can not be both empty"},
		{"no address", model.HealthCheckConfig{Type: "HTTP", IPAddress: "x"}, `IP address "x"`},
		{"TCP without a port", model.HealthCheckConfig{Type: "TCP", IPAddress: "192.0.2.1"}, "needs a port"},
		{"no string", model.HealthCheckConfig{Type: "HTTP_STR_MATCH", IPAddress: "192.0.2.1"}, "search string"},
		{"a second request", model.HealthCheckConfig{Type: "HTTP", IPAddress: "192.0.2.1", ResourcePath: "/ HTTP/1.1\r\nX: y"}, "does not fit in a request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewTarget(&model.HealthCheck{ID: "hc", Config: tt.config})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewTarget = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"9.9.9.9": true, "2620:fe::fe": true, "10.0.0.1": false, "172.16.0.1": false, "192.168.0.1": false, "127.0.0.1": false,
		"169.254.0.1": false, "100.64.0.1": false, "203.0.113.1": false, "224.0.0.1": false, "255.255.255.255": false, "0.0.0.0": false,
		"::1": false, "fd00::1": false, "fe80::1": false, "2001:db8::1": false, "ff02::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("public(%s) = %v, want %v", text, got, want)
		}
	}
}
