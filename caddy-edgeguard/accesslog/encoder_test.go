package accesslog

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// published is the regular expression with which AWS's documentation creates
// an Athena table over these logs.
var published = regexp.MustCompile(`^([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) ([-.0-9]*) ([-.0-9]*) ([-.0-9]*) (|[-0-9]*) (-|[-0-9]*) ([-0-9]*) ([-0-9]*) "([^ ]*) (.*) (- |[^ ]*)" "([^"]*)" ([A-Z0-9-_]+) ([A-Za-z0-9.-]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^"]*)" ([-.0-9]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^ ]*)" "([^\s]+?)" "([^\s]+)" "([^ ]*)" "([^ ]*)" ?([^ ]*)?( .*)?$`)

// columns are the names that the table of that documentation gives the groups.
var columns = strings.Fields(`type time elb client_ip client_port target_ip target_port request_processing_time target_processing_time
	response_processing_time elb_status_code target_status_code received_bytes sent_bytes request_verb request_url request_proto user_agent
	ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time actions_executed
	redirect_url lambda_error_reason target_port_list target_status_code_list classification classification_reason conn_trace_id transforms`)

var at = time.Date(2018, 7, 2, 22, 23, 0, 186641000, time.UTC)

// entry is an access log entry in the making.
type entry struct {
	req    http.Request
	header http.Header // of the response
	fields []zap.Field
}

// encode writes the entry as Caddy hands it to encoders.
func (x entry) encode(t testing.TB) string {
	t.Helper()
	vars := map[string]any{caddyhttp.ClientIPVarKey: "198.51.100.9"}
	req := x.req.WithContext(context.WithValue(context.Background(), caddyhttp.VarsCtxKey, vars))
	e := Encoder{}.CaddyModule().New().(*Encoder)
	with := e.Clone()
	zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: req}).AddTo(with)
	fields := append([]zap.Field{
		zap.Int("bytes_read", 34), zap.String("user_id", ""), zap.Duration("duration", 86*time.Millisecond), zap.Int("size", 366), zap.Int("status", 200),
		zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{Header: x.header}),
	}, x.fields...)
	out, err := with.EncodeEntry(zapcore.Entry{LoggerName: "http.log.access.log0", Message: "handled request", Time: at}, fields)
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// parse takes a line apart as AWS does.
func parse(t testing.TB, line string) map[string]string {
	t.Helper()
	text, ok := strings.CutSuffix(line, "\n")
	groups := published.FindStringSubmatch(text)
	if !ok || groups == nil || strings.Contains(text, "\n") || len(groups) != len(columns)+1 {
		t.Fatalf("line %q is none of AWS's access log", line)
	}
	got := make(map[string]string)
	for i, name := range columns {
		got[name] = groups[i+1]
	}
	return got
}

func request(method, uri string, state *tls.ConnectionState) http.Request {
	return http.Request{
		Method: method, RequestURI: uri, Host: "www.example.com", Proto: "HTTP/1.1", RemoteAddr: "192.168.131.39:2817", TLS: state,
		Header: http.Header{"User-Agent": {"curl/7.46.0"}, "X-Amzn-Trace-Id": {"Root=1-58337281-1d84f3d73c47ec4e58577259"}},
	}
}

// TestLine compares with the example of the documentation of access logs for
// HTTPS listeners, as far as Caddy knows the same things.
func TestLine(t *testing.T) {
	x := entry{
		req: request("GET", "/", &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ServerName: "www.example.com"}),
		fields: []zap.Field{
			zap.String(FieldELB, "app/my-loadbalancer/50dc6c495c0c9188"), zap.String(FieldDomainName, "www.example.com"), zap.String(FieldConnection, "TID_1234abcd5678ef90"),
			zap.String(FieldChosenCert, "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"),
			zap.String(FieldTarget, "10.0.0.1:80"), zap.Int(FieldTargetStatus, 200), zap.Duration(FieldTargetTime, 48*time.Millisecond), zap.Duration(FieldProxyTime, 85*time.Millisecond),
		},
	}
	const want = `https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.001 0.048 0.037 200 200 34 366 ` +
		`"GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - ` +
		`"Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" ` +
		`0 2018-07-02T22:23:00.100641Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"` + "\n"
	if got := x.encode(t); got != want {
		t.Errorf("EncodeEntry() =\n%swant\n%s", got, want)
	}
}

// TestFields: what stands in each field, and `-` where it does not apply
// (aws-behaviour 8.4).
func TestFields(t *testing.T) {
	tls13 := &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, ServerName: "www.example.com"}
	resumed := *tls13
	resumed.DidResume = true
	with := func(r http.Request, f func(*http.Request)) http.Request { f(&r); return r }
	for _, tc := range []struct {
		name  string
		entry entry
		want  map[string]string
	}{
		{"plain http", entry{req: request("GET", "/a?b=c", nil)}, map[string]string{
			"type": "http", "request_url": "http://www.example.com:80/a?b=c", "ssl_cipher": "-", "ssl_protocol": "-", "domain_name": "-", "chosen_cert_arn": "-",
			"elb": "-", "target_ip": "", "request_processing_time": "-1", "target_processing_time": "-1", "response_processing_time": "-1",
			"target_status_code": "-", "target_port_list": "-", "target_status_code_list": "-", "actions_executed": "fixed-response", "redirect_url": "-",
			"conn_trace_id": "-", "transforms": ` "-" "-" "-"`,
		}},
		{"TLS 1.3", entry{req: request("GET", "/", tls13)}, map[string]string{
			"type": "https", "ssl_cipher": "TLS_AES_128_GCM_SHA256", "ssl_protocol": "TLSv1.3", "domain_name": "www.example.com", "chosen_cert_arn": "-",
		}},
		{"no match for the server name", entry{req: request("GET", "/", tls13), fields: []zap.Field{zap.String(FieldDomainName, "-")}}, map[string]string{"domain_name": "-"}},
		{"no server name", entry{req: request("GET", "/", &tls.ConnectionState{Version: tls.VersionTLS12})}, map[string]string{"domain_name": "-", "ssl_cipher": "-"}},
		{"resumed", entry{req: request("GET", "/", &resumed), fields: []zap.Field{zap.String(FieldChosenCert, "arn:x")}}, map[string]string{"chosen_cert_arn": "session-reused"}},
		{"h2", entry{req: with(request("GET", "/", tls13), func(r *http.Request) { r.Proto = "HTTP/2.0" })}, map[string]string{"type": "h2", "request_proto": "HTTP/2.0"}},
		{"h3", entry{req: with(request("GET", "/", tls13), func(r *http.Request) { r.Proto = "HTTP/3.0" })}, map[string]string{"type": "h3"}},
		{"gRPC", entry{req: with(request("POST", "/", tls13), func(r *http.Request) {
			r.Proto = "HTTP/2.0"
			r.Header["Content-Type"] = []string{"application/grpc+proto"}
		})}, map[string]string{"type": "grpcs"}},
		{"WebSocket", entry{req: with(request("GET", "/", nil), func(r *http.Request) { r.Header["Upgrade"] = []string{"websocket"} })}, map[string]string{"type": "ws"}},
		{"WebSocket over TLS", entry{req: with(request("GET", "/", tls13), func(r *http.Request) { r.Header["Upgrade"] = []string{"WebSocket"} })}, map[string]string{"type": "wss"}},
		{"host with port", entry{req: with(request("GET", "/", tls13), func(r *http.Request) { r.Host = "www.example.com:8443" })}, map[string]string{"request_url": "https://www.example.com:8443/"}},
		{"absolute form", entry{req: request("GET", "http://other.example.com/x", nil)}, map[string]string{"request_url": "http://other.example.com/x"}},
		{"asterisk form", entry{req: request("OPTIONS", "*", nil)}, map[string]string{"request_url": "*"}},
		{"IPv6", entry{req: with(request("GET", "/", nil), func(r *http.Request) { r.RemoteAddr = "[2001:db8::1]:5000" })}, map[string]string{"client_ip": "[2001:db8::1]", "client_port": "5000"}},
		{"Unix socket", entry{req: with(request("GET", "/", nil), func(r *http.Request) { r.RemoteAddr = "@" })}, map[string]string{"client_ip": "-", "client_port": "0"}},
		{"quotes and control characters", entry{req: with(request("GET", "/", nil), func(r *http.Request) {
			r.Header["User-Agent"] = []string{"a \"b\" \\ \n c\x7f é"}
		})}, map[string]string{"user_agent": `a \x22b\x22 \x5C \x0A c\x7F \xC3\xA9`}},
		{"no user agent", entry{req: with(request("GET", "/", nil), func(r *http.Request) { r.Header = nil })}, map[string]string{"user_agent": "-", "trace_id": "-"}},
		{"trace of the edge", entry{req: request("GET", "/", nil), fields: []zap.Field{zap.String(FieldTraceID, "Self=1")}}, map[string]string{"trace_id": "Self=1"}},
		{"redirect", entry{req: request("GET", "/", nil), header: http.Header{"Location": {"https://www.example.com/ a"}}, fields: []zap.Field{zap.Int("status", 301)}}, map[string]string{
			"elb_status_code": "301", "actions_executed": "redirect", "redirect_url": "https://www.example.com/ a",
		}},
		{"redirect of the target", entry{req: request("GET", "/", nil), header: http.Header{"Location": {"/x"}}, fields: []zap.Field{zap.Int("status", 302), zap.String(FieldTarget, "[2001:db8::2]:80"), zap.Int(FieldTargetStatus, 302)}}, map[string]string{
			"actions_executed": "forward", "redirect_url": "-", "target_ip": "[2001:db8::2]", "target_port": "80",
		}},
		{"target does not answer", entry{req: request("GET", "/", nil), fields: []zap.Field{zap.Int("status", 502), zap.String(FieldTarget, "10.0.0.1:80"), zap.Duration(FieldProxyTime, 80*time.Millisecond)}}, map[string]string{
			"elb_status_code": "502", "target_status_code": "-", "request_processing_time": "0.006", "target_processing_time": "-1", "response_processing_time": "-1", "target_port_list": "10.0.0.1:80",
		}},
		{"refused", entry{req: request("GET", "/", tls13), fields: []zap.Field{zap.Int("status", 421), zap.String(FieldErrorReason, "Misdirected")}}, map[string]string{
			"elb_status_code": "421", "lambda_error_reason": "Misdirected", "actions_executed": "fixed-response",
		}},
		{"no handler wrote", entry{req: request("GET", "/", nil), fields: []zap.Field{zap.Int("status", 0)}}, map[string]string{"elb_status_code": "200"}},
		{"old cipher", entry{req: request("GET", "/", &tls.ConnectionState{Version: tls.VersionTLS10, CipherSuite: tls.TLS_RSA_WITH_AES_256_CBC_SHA})}, map[string]string{"ssl_cipher": "AES256-SHA", "ssl_protocol": "TLSv1"}},
		{"ChaCha20", entry{req: request("GET", "/", &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256})}, map[string]string{"ssl_cipher": "ECDHE-ECDSA-CHACHA20-POLY1305"}},
		{"unknown cipher", entry{req: request("GET", "/", &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: 0x1234})}, map[string]string{"ssl_cipher": "0X1234"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := parse(t, tc.entry.encode(t))
			for name, want := range tc.want {
				if got[name] != want {
					t.Errorf("%s = %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

// TestCipherNames: those of all suites that Go knows, against OpenSSL's list.
func TestCipherNames(t *testing.T) {
	want := map[string]string{
		"TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
		"TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA256": "AES128-SHA256", "TLS_RSA_WITH_RC4_128_SHA": "RC4-SHA",
		"TLS_RSA_WITH_3DES_EDE_CBC_SHA": "DES-CBC3-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
		"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA": "ECDHE-ECDSA-RC4-SHA", "TLS_ECDHE_RSA_WITH_RC4_128_SHA": "ECDHE-RSA-RC4-SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA": "ECDHE-RSA-DES-CBC3-SHA",
		"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
		"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256": "ECDHE-ECDSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256": "ECDHE-RSA-AES128-SHA256",
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
		"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if suite.SupportedVersions[0] == tls.VersionTLS13 {
			continue // OpenSSL's names are IANA's
		}
		if got := opensslName(suite.Name); got != want[suite.Name] {
			t.Errorf("opensslName(%s) = %q, want %q", suite.Name, got, want[suite.Name])
		}
	}
}

func TestOtherEntriesAreJSON(t *testing.T) {
	e := Encoder{}.CaddyModule().New().(*Encoder)
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	if err := e.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	e.AddString("stored", "a")
	out, err := e.EncodeEntry(zapcore.Entry{LoggerName: "tls", Message: "renewed", Time: at}, []zap.Field{zap.Int("given", 1)})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["msg"] != "renewed" || got["stored"] != "a" || got["given"] != 1.0 {
		t.Errorf("EncodeEntry() = %s, %v, want JSON with msg, stored and given", out, err)
	}
}

func TestUnmarshalCaddyfile(t *testing.T) {
	for _, tc := range []struct{ input, want string }{
		{"alb", ""}, {"alb {\n elb app/web/50dc6c495c0c9188\n}", ""}, {"alb x", "wrong argument count"}, {"alb {\n elb\n}", "wrong argument count"},
		{"alb {\n elb \"\"\n}", "no load balancer's id"}, {"alb {\n elb \"a b\"\n}", "no load balancer's id"}, {"alb {\n elb a\n elb b\n}", "given twice"}, {"alb {\n wrap json\n}", "unrecognized subdirective 'wrap'"},
	} {
		err := new(Encoder).UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.input))
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("UnmarshalCaddyfile(%q) = %v, want %q", tc.input, err, tc.want)
		}
	}
}

// FuzzLine: whatever a client sends, a line is one line and is taken apart
// into the same fields.
func FuzzLine(f *testing.F) {
	f.Add("GET", "/", "www.example.com", "curl", "Root=1", "HTTP/1.1", "192.0.2.1:1", "https://x/", uint16(tls.VersionTLS13), uint16(0x1301))
	f.Add("G\"", "\" - \"\n", "[::1]:x", "\\x22\"", "", "", "@", " ", uint16(0), uint16(0xffff))
	f.Fuzz(func(t *testing.T, method, uri, host, agent, trace, proto, remote, location string, version, suite uint16) {
		if strings.ContainsAny(method, " ") || strings.ContainsAny(proto, " ") {
			t.Skip("no HTTP parser lets a space in the method or the protocol through")
		}
		x := entry{
			req: http.Request{
				Method: method, RequestURI: uri, Host: host, Proto: proto, RemoteAddr: remote,
				TLS:    &tls.ConnectionState{Version: version, CipherSuite: suite, ServerName: host},
				Header: http.Header{"User-Agent": {agent}, "X-Amzn-Trace-Id": {trace}},
			},
			header: http.Header{"Location": {location}},
			fields: []zap.Field{zap.Int("status", 302), zap.String(FieldELB, agent), zap.String(FieldErrorReason, "a b")},
		}
		line := x.encode(t)
		got := parse(t, line)
		if got["elb_status_code"] != "302" || got["classification_reason"] != "-" || strings.Count(line, `"`) != 30 {
			t.Errorf("line %q is taken apart as %q", line, got)
		}
	})
}
