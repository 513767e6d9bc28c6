package accesslog

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that the Caddyfiles name
)

// follower is a handler that does nothing but [Follow].
type follower struct{}

func (follower) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.follow_test", New: func() caddy.Module { return new(follower) }}
}

func (follower) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	Follow(r)
	Follow(r) // a second handler's does nothing
	return next.ServeHTTP(w, r)
}

func init() {
	caddy.RegisterModule(follower{})
	httpcaddyfile.RegisterHandlerDirective("follow_test", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) { return follower{}, nil })
	httpcaddyfile.RegisterDirectiveOrder("follow_test", httpcaddyfile.Before, "map")
}

// TestLogOfASite has Caddy write the log of a site with an origin that
// answers, one that does not, and none.
func TestLogOfASite(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer origin.Close()
	dir, err := os.MkdirTemp("", "alb") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket, log := filepath.Join(dir, "site.sock"), filepath.Join(dir, "log")
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(`{
	admin off
	persist_config off
	auto_https off
	storage file_system `+dir+`
}
http:// {
	bind unix/`+socket+`
	log {
		output file `+log+`
		format alb {
			elb app/web/50dc6c495c0c9188
		}
	}
	follow_test
	redir /old /new 301
	reverse_proxy /origin* `+origin.Listener.Addr().String()+`
	reverse_proxy /dead unix/`+dir+`/none
	respond /none 404
}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	for _, path := range []string{"/origin?a=%20", "/dead", "/none", "/old"} {
		req, err := http.NewRequest("GET", "http://www.example.org"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	transport.CloseIdleConnections()
	if err := caddy.Stop(); err != nil { // and closes the log
		t.Fatal(err)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(data)) {
		f := parse(t, line)
		if (f["target_processing_time"] == "-1") != (f["target_status_code"] == "-") {
			t.Errorf("target_processing_time = %s with target_status_code %s", f["target_processing_time"], f["target_status_code"])
		}
		got = append(got, fmt.Sprint(f["elb"], " ", f["request_url"], " ", f["elb_status_code"], " ", f["target_status_code"], " ", f["target_port_list"], " ", f["actions_executed"], " ", f["redirect_url"]))
	}
	const elb = "app/web/50dc6c495c0c9188 http://www.example.org:80"
	want := []string{
		elb + "/origin?a=%20 418 418 " + origin.Listener.Addr().String() + " forward -", elb + "/dead 502 - " + dir + "/none:0 forward -", elb + "/none 404 - - fixed-response -", elb + "/old 301 - - redirect /new",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
