package edgeguard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state/statetest"
)

// apiConfig returns a configuration with a site that serves the API at addr.
func apiConfig(t *testing.T, addr, handler string) []byte {
	t.Helper()
	c := fmt.Sprintf(`{"admin":{"disabled":true,"config":{"persist":false}},"logging":{"logs":{"default":{"level":"ERROR"}}},
		"apps":{"edgeguard":{"node":"one"},"http":{"servers":{"s":{"listen":[%q],"routes":[{"handle":[{"handler":"aws_api"%s}]}]}}}}}`, addr, handler)
	if !json.Valid([]byte(c)) {
		t.Fatalf("config is no JSON: %s", c)
	}
	return []byte(c)
}

// askAPI asks for the number of hosted zones, with a signature of no value.
func askAPI(t *testing.T, addr string) (int, string) {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+addr+"/2013-04-01/hostedzonecount", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // a reload ends connections that wait for another request
	r.Header.Set("X-Amz-Date", "20260801T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=111111111111/20260801/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=00")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestAWSAPI(t *testing.T) {
	addr := statetest.FreeAddr()
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("111111111111 AKIDEXAMPLE secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, handler string
		status        int
		want          string
	}{
		{"loopback without credentials", "", 200, "<HostedZoneCount>0</HostedZoneCount>"},
		{"credentials", fmt.Sprintf(`,"credentials":%q`, file), 403, "<Code>InvalidClientTokenId</Code>"},
		{"after a reload", "", 200, "<HostedZoneCount>0</HostedZoneCount>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mustLoad(t, apiConfig(t, addr, tc.handler))
			if status, body := askAPI(t, addr); status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("the API answers %d %s, want %d with %s", status, body, tc.status, tc.want)
			}
		})
	}
	mustStop(t)
	if _, refs := edgenode.Open(); refs != 0 {
		t.Errorf("after Stop() the node has %d references, want none", refs)
	}
	if err := caddy.Load(apiConfig(t, addr, `,"credentials":"/nowhere"`), true); err == nil || !strings.Contains(err.Error(), "reading credentials") {
		t.Errorf("Load() with credentials that are not there = %v", err)
	}
}

// TestAWSAPIOffLoopback: without credentials nobody else may ask.
func TestAWSAPIOffLoopback(t *testing.T) {
	for _, tc := range []struct {
		local, remote string
		want          bool
	}{
		{"127.0.0.1:80", "127.0.0.1:1", true}, {"[::1]:80", "[::1]:1", true}, {"[::ffff:127.0.0.1]:80", "127.0.0.2:1", true},
		{"192.0.2.1:80", "192.0.2.1:1", false}, {"127.0.0.1:80", "192.0.2.1:1", false}, {"192.0.2.1:80", "127.0.0.1:1", false}, {"", "", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tc.remote
		if a, err := net.ResolveTCPAddr("tcp", tc.local); err == nil && tc.local != "" {
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(a)))
		}
		if got := onLoopback(r); got != tc.want {
			t.Errorf("onLoopback(from %s to %s) = %v, want %v", tc.remote, tc.local, got, tc.want)
		}
	}
}
