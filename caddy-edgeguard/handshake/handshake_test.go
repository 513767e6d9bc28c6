package handshake

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// counting is an edge that counts how often it is asked.
type counting struct{ described int }

func (c *counting) Describe(*http.Request) Details {
	c.described++
	return Details{DomainName: "www.a.test", Certificate: Resumed, KeyType: Absent, Account: "111111111111", LoadBalancer: "app/web/1"}
}

func (*counting) Covers(string, string) bool { return false }
func (*counting) Account(string) string      { return "" }

// request returns one that server is to answer, prepared as Caddy does it.
func request(server *caddyhttp.Server) (*http.Request, *caddy.Replacer, *caddyhttp.ExtraLogFields) {
	repl, extra := caddy.NewReplacer(), new(caddyhttp.ExtraLogFields)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	ctx := context.WithValue(r.Context(), caddy.ReplacerCtxKey, repl)
	ctx = context.WithValue(ctx, caddyhttp.ServerCtxKey, server)
	ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, make(map[string]any))
	ctx = context.WithValue(ctx, caddyhttp.ExtraLogFieldsCtxKey, extra)
	return r.WithContext(ctx), repl, extra
}

func TestMark(t *testing.T) {
	server, e := new(caddyhttp.Server), new(counting)
	Register(server, e)
	r, repl, _ := request(server)
	Mark(r)
	Mark(r)
	if e.described != 0 {
		t.Errorf("described %d times before anything was asked", e.described)
	}
	for placeholder, want := range map[string]string{
		"{edge.domain_name}": "www.a.test", "{edge.chosen_cert_arn}": "session-reused", "{edge.chosen_cert_key_type}": "-",
		"{edge.account}": "111111111111", "{edge.elb}": "app/web/1", "{edge.other}": "",
	} {
		if got := repl.ReplaceAll(placeholder, ""); got != want {
			t.Errorf("%s = %q, want %q", placeholder, got, want)
		}
	}
	if e.described != 1 {
		t.Errorf("described %d times, want once", e.described)
	}
	if Of(r) != e {
		t.Error("Of() is not the registered edge")
	}
	Unregister(server)
	if Of(r) != nil {
		t.Error("Of() knows a server that was forgotten")
	}
}

func TestFields(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	zap.New(core).Info("request", zap.Inline(&mark{edge: new(counting)}))
	got := logs.All()[0].ContextMap()
	if len(got) != len(fields) || got["domain_name"] != "www.a.test" || got["chosen_cert_arn"] != "session-reused" {
		t.Errorf("fields = %v", got)
	}
}

// TestMarkWithoutEdge: requests that Caddy did not prepare, or whose server is
// not ours, stay as they are.
func TestMarkWithoutEdge(t *testing.T) {
	Mark(httptest.NewRequest(http.MethodGet, "/", nil))
	r, repl, _ := request(new(caddyhttp.Server))
	Mark(r)
	if got, ok := repl.Get("edge.account"); ok {
		t.Errorf("edge.account = %v without an edge", got)
	}
}

func BenchmarkMark(b *testing.B) {
	server := new(caddyhttp.Server)
	Register(server, new(counting))
	defer Unregister(server)
	r, _, extra := request(server)
	vars := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	b.ReportAllocs()
	for b.Loop() {
		clear(vars)
		*extra = caddyhttp.ExtraLogFields{}
		Mark(r)
	}
}
