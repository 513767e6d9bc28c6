package fronting

import (
	"net/http"
	"net/url"
	"testing"
)

func TestDisagrees(t *testing.T) {
	for _, tc := range []struct {
		name, host, target string
		fields             []string
		want               bool
	}{
		{"host alone", "www.example.org", "", nil, false},
		{"the same twice", "www.example.org", "www.example.org", []string{"www.example.org"}, false},
		{"another spelling", "www.example.org", "WWW.example.org:443", []string{"www.example.org."}, false},
		{"another target", "www.example.org", "www.example.net", nil, true},
		{"another field", "www.example.org", "", []string{"www.example.net"}, true},
		{"a second field", "www.example.org", "", []string{"www.example.org", "www.example.net"}, true},
		{"an empty field", "www.example.org", "", []string{""}, true},
		{"a field without normal form", "www.example.org", "", []string{"www..example.org"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &http.Request{Host: tc.host, URL: &url.URL{Host: tc.target}, Header: http.Header{"Host": tc.fields}}
			if got := disagrees(r); got != tc.want {
				t.Errorf("disagrees(%q, %q, %q) = %v, want %v", tc.host, tc.target, tc.fields, got, tc.want)
			}
		})
	}
}

func TestMatchServerName(t *testing.T) {
	for _, tc := range []struct {
		pattern, serverName string
		want                bool
	}{
		{"www.example.org", "www.example.org", true}, {"www.example.org", "WWW.example.org", true}, {"www.example.org", "example.org", false},
		{"*.example.org", "www.example.org", true}, {"*.example.org", "example.org", false}, {"*.example.org", "a.b.example.org", false}, {"*.example.org", "wwwexample.org", false},
		{"none", "", true}, {"*.example.org", "", false}, {"www.example.org", "", false}, {"none", "www.example.org", false},
	} {
		if got := matchServerName(tc.pattern, tc.serverName); got != tc.want {
			t.Errorf("matchServerName(%q, %q) = %v, want %v", tc.pattern, tc.serverName, got, tc.want)
		}
	}
}
