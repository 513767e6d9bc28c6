package origin

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// TestOriginOverTLS: properties of the transport http hold, over HTTP/2 too.
func TestOriginOverTLS(t *testing.T) {
	clearEnvironment(t)
	b := startBucket(t, edgeKeys)
	secure := httptest.NewUnstartedServer(b.Config.Handler)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	b.URL = secure.URL
	e := startEdge(t, b, inFile(t, filepath.Join(t.TempDir(), "credentials"), edgeKeys), "tls_insecure_skip_verify", "keepalive 5s")
	if got, _ := e.do(t, "GET", "/a%20b+c~d*%C3%A9/?b=2&a", nil, nil); got != "200 odd" {
		t.Errorf("GET = %s, want 200 odd", got)
	}
	if r := b.last(); r.Proto != "HTTP/2.0" || r.Host != strings.TrimPrefix(secure.URL, "https://") {
		t.Errorf("the origin was asked over %s for host %s", r.Proto, r.Host)
	}
}

func TestWithoutDefaultPort(t *testing.T) {
	for _, tc := range []struct{ host, scheme, want string }{
		{"www.s3.amazonaws.com:443", "https", "www.s3.amazonaws.com"}, {"www.s3.amazonaws.com:80", "http", "www.s3.amazonaws.com"},
		{"www.s3.amazonaws.com:80", "https", "www.s3.amazonaws.com:80"}, {"minio.example.org:9000", "http", "minio.example.org:9000"},
		{"www.s3.amazonaws.com", "https", "www.s3.amazonaws.com"}, {"[2001:db8::1]:443", "https", "[2001:db8::1]"}, {"[2001:db8::1]", "https", "[2001:db8::1]"},
	} {
		if got := withoutDefaultPort(tc.host, tc.scheme); got != tc.want {
			t.Errorf("withoutDefaultPort(%q, %q) = %q, want %q", tc.host, tc.scheme, got, tc.want)
		}
	}
}
