package edgeguard

import (
	"slices"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// TestServerHosts checks which names a server counts as serving.
func TestServerHosts(t *testing.T) {
	route := func(sets ...caddyhttp.MatcherSet) caddyhttp.Route { return caddyhttp.Route{MatcherSets: sets} }
	host := func(names ...string) caddyhttp.MatcherSet {
		m := caddyhttp.MatchHost(names)
		return caddyhttp.MatcherSet{&m}
	}
	path := caddyhttp.MatcherSet{&caddyhttp.MatchPath{"/x"}}
	own := []string{"d1.cloudfront.net"}
	for _, tc := range []struct {
		name   string
		routes caddyhttp.RouteList
		want   []string
	}{
		{"hosts, in any case", caddyhttp.RouteList{route(host("WWW.a.test"), host("b.test", "*.c.test"))}, []string{"www.a.test", "b.test", "*.c.test"}},
		{"any host", caddyhttp.RouteList{route(host("a.test")), route()}, []string{"a.test", "d1.cloudfront.net"}},
		{"any host on a path", caddyhttp.RouteList{route(path)}, own},
		{"a placeholder", caddyhttp.RouteList{route(host("{env.HOST}", "a.test"))}, []string{"a.test"}},
		{"nothing", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := serverHosts(&caddyhttp.Server{Routes: tc.routes}, own); !slices.Equal(got, tc.want) {
				t.Errorf("serverHosts() = %q, want %q", got, tc.want)
			}
		})
	}
}
