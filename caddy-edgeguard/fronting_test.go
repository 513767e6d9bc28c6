package edgeguard

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/statetest"
)

// otherAccount owns what account does not.
const otherAccount = "222222222222"

// guardedSites are one site for all hosts: www.a.test and c.a.test belong to
// distributions of one account, app.a.test to its load balancer, www.b.test to
// a distribution of another, free.test and its like to nobody.
func guardedSites(t *testing.T, properties string) string {
	shared := issue(t, "ecdsa", 1, "www.a.test", "c.a.test", "app.a.test", "www.b.test", "free.test", "also.free.test")
	return "https:// {\n\t" + tlsFiles(t, shared) + "\n\t{log}\n\treject_fronting {\n" + properties + "\n\t}\n\trespond \"host {host}\"\n}\n"
}

// putGuardedRows says who owns what.
func putGuardedRows(t *testing.T) {
	t.Helper()
	balancer := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "")
	rows := aliasRows("app.a.test", balancer)
	rows = append(rows, aliasRows("www.a.test", model.DeclaredDistribution(account, "d111111abcdef8.cloudfront.net", ""))...)
	rows = append(rows, aliasRows("c.a.test", model.DeclaredDistribution(account, "d222222abcdef8.cloudfront.net", ""))...)
	other := aliasRows("www.b.test", model.DeclaredDistribution(otherAccount, "d333333abcdef8.cloudfront.net", ""))
	other[1].(*model.Claim).Account = otherAccount
	putRows(t, append(rows, other...)...)
}

// TestRejectFronting checks aws-behaviour 9.6, 1 and 2, over all versions of
// HTTP: one connection carries good and bad requests, and only these are
// refused.
func TestRejectFronting(t *testing.T) {
	e := serveEdge(t, edgeOne, guardedSites(t, ""))
	putGuardedRows(t)
	for i, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			c := e.connect(t, p.proto, client("www.a.test", p.tls))
			for j, tc := range []struct {
				host   string
				status int
			}{
				{"www.a.test", 200}, {"www.b.test", 421}, {"c.a.test", 200}, {"WWW.b.test:8443", 421}, {"app.a.test", 200},
				{"www.b.test.", 421}, {"www.A.test", 200}, {"free.test", 403}, {"192.0.2.1", 403}, {"www..b.test", 400}, {"d111111abcdef8.cloudfront.net", 200}, {"www.a.test", 200},
			} {
				path := fmt.Sprintf("/%d/%d", i, j)
				r := c.get(t, tc.host, path)
				if r.status != tc.status {
					t.Errorf("host %s on a connection of www.a.test = %d %s, want %d", tc.host, r.status, r.body, tc.status)
				}
				if reason := e.logged(t, path)["error_reason"]; (reason == nil) != (tc.status == 200) {
					t.Errorf("error_reason of host %s with status %d = %v", tc.host, r.status, reason)
				}
				if cloudfront := r.header.Get("Server") == "CloudFront"; cloudfront != (tc.status == 421 || tc.status == 403) {
					t.Errorf("host %s with status %d: header %v", tc.host, r.status, r.header)
				}
			}
			if n := c.dials(); n != 1 {
				t.Errorf("%d connections, want one that stays open", n)
			}
			c = e.connect(t, p.proto, client("app.a.test", p.tls))
			for host, status := range map[string]int{"www.a.test": 200, "www.b.test": 421, "free.test": 200, "nowhere.test": 421} {
				if r := c.get(t, host, "/"); r.status != status {
					t.Errorf("host %s on a connection of app.a.test = %d, want %d", host, r.status, status)
				}
			}
			c = e.connect(t, p.proto, client("free.test", p.tls))
			for host, status := range map[string]int{"free.test": 200, "also.free.test": 200, "nowhere.test": 421, "www.a.test": 421} {
				if r := c.get(t, host, "/"); r.status != status {
					t.Errorf("host %s on a connection of free.test = %d, want %d", host, r.status, status)
				}
			}
		})
	}
}

// TestForbiddenPage: CloudFront's answer for hosts that nobody claims
// (aws-behaviour 9.1).
func TestForbiddenPage(t *testing.T) {
	e := serveEdge(t, edgeOne, guardedSites(t, ""))
	putGuardedRows(t)
	r := e.connect(t, "HTTP/2.0", client("www.a.test", tls.VersionTLS13)).get(t, "free.test", "/")
	for name, want := range map[string]string{"Server": "CloudFront", "X-Cache": "Error from cloudfront", "Content-Type": "text/html"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	id := r.header.Get("X-Amz-Cf-Id")
	if r.status != 403 || !strings.Contains(r.body, "Bad request") || id == "" || !strings.Contains(r.body, "Request ID: "+id) || !strings.HasSuffix(r.header.Get("Via"), ".cloudfront.net (CloudFront)") || r.header.Get("X-Amz-Cf-Pop") == "" {
		t.Errorf("answer = %d %v %s, want CloudFront's page", r.status, r.header, r.body)
	}
}

// TestFrontingWithoutServerName: the account is that of the load balancer
// whose default certificate is presented.
func TestFrontingWithoutServerName(t *testing.T) {
	e := serveEdge(t, edgeOne, "https://app.a.test, https://www.a.test, https://www.b.test {\n\t"+tlsFiles(t, issue(t, "ecdsa", 1, "app.a.test", "127.0.0.1"))+"\n\treject_fronting\n\trespond ok\n}\n")
	balancer := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "")
	balancer.DefaultCertificate = "arn:aws:acm:us-east-1:111111111111:certificate/1"
	putGuardedRows(t)
	ask := func(host string, status int) {
		t.Helper()
		for _, p := range protocols {
			if r := e.connect(t, p.proto, client(noName, p.tls)).get(t, host, "/"); r.status != status {
				t.Errorf("host %s without a server name over %s = %d, want %d", host, p.name, r.status, status)
			}
		}
	}
	ask("www.a.test", 421)
	putRows(t, aliasRows("app.a.test", balancer)...)
	// Caddy presents its own certificate still, for the default's is not there;
	// what entitles is whose default it is.
	ask("www.a.test", 200)
	ask("www.b.test", 421)
}

// TestFrontingByAddress: clients send no server name for an IP address; the
// certificates for the address decide.
func TestFrontingByAddress(t *testing.T) {
	e := serveEdge(t, edgeOne, "https:// {\n\t"+tlsFiles(t, issue(t, "ecdsa", 1, "free.test", "127.0.0.1"))+"\n\treject_fronting\n\trespond ok\n}\n")
	putGuardedRows(t)
	for _, p := range protocols {
		c := e.connect(t, p.proto, client(noName, p.tls))
		for host, status := range map[string]int{"127.0.0.1": 200, "127.0.0.1:8443": 200, "192.0.2.1": 421, "www.a.test": 421, "free.test": 421} {
			if r := c.get(t, host, "/"); r.status != status {
				t.Errorf("host %s without a server name over %s = %d, want %d", host, p.name, r.status, status)
			}
		}
	}
}

// TestFrontingOnResumedSessions shows tickets of a server name with hosts of
// another account: TLS 1.2 tickets, TLS 1.3 PSK, QUIC, and early data.
func TestFrontingOnResumedSessions(t *testing.T) {
	e := serveEdge(t, edgeOne, guardedSites(t, ""))
	putGuardedRows(t)
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			tickets := new(lastTicket)
			config := client("www.a.test", p.tls)
			config.ClientSessionCache = tickets
			for deadline := time.Now().Add(2 * time.Minute); ; {
				e.mustGet(t, p.proto, config, "www.a.test", "/ticket")
				if _, ok := tickets.Get(""); ok {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("no ticket came")
				}
			}
			for _, path := range []string{"/honest-with-early-data", "/without"} {
				if r := e.mustGet(t, p.proto, config, "c.a.test", path); !r.tls.DidResume {
					t.Errorf("%s: the session is not resumed", path)
				}
				r, err := e.get(p.proto, config, "www.b.test", path)
				if err != nil || r.status != http.StatusMisdirectedRequest || !r.tls.DidResume {
					t.Errorf("%s: host of another account on a resumed session = %+v, %v, want 421", path, r, err)
				}
			}
		})
	}
}

// TestFrontingExceptions: permissions narrowed, and hosts let through.
func TestFrontingExceptions(t *testing.T) {
	for _, tc := range []struct {
		name, properties string
		want             map[string]int // by "SERVER NAME HOST PATH"
	}{
		{"nothing but equality", "permit none", map[string]int{
			"www.a.test www.a.test /": 200, "www.a.test c.a.test /": 421, "free.test also.free.test /": 421,
		}},
		{"account only", "permit account", map[string]int{
			"www.a.test c.a.test /": 200, "free.test also.free.test /": 421,
		}},
		{"certificate only", "permit certificate", map[string]int{
			"www.a.test c.a.test /": 421, "free.test also.free.test /": 200,
		}},
		{"a server name", "allow www.a.test", map[string]int{
			"www.a.test www.b.test /": 200, "www.a.test free.test /": 200, "c.a.test www.b.test /": 421, "www.a.test www..b.test /": 400,
		}},
		{"names below", "allow *.a.test", map[string]int{
			"www.a.test www.b.test /": 200, "c.a.test www.b.test /": 200, "free.test www.b.test /": 421,
		}},
		{"narrowed by host and path", "allow www.a.test {\n host www.b.test\n path /health /status/*\n }", map[string]int{
			"www.a.test www.b.test /health": 200, "www.a.test WWW.b.test:1 /status/1": 200, "www.a.test www.b.test /": 421, "www.a.test free.test /health": 403, "c.a.test www.b.test /health": 421,
		}},
		{"any server name, by method", "allow {\n method OPTIONS\n }", map[string]int{"www.a.test www.b.test /": 421}},
		{"by address", "allow {\n remote_ip 127.0.0.0/8\n }", map[string]int{"www.a.test www.b.test /": 200}},
		{"two exceptions", "allow c.a.test\n allow www.a.test {\n path /x\n }", map[string]int{
			"c.a.test www.b.test /": 200, "www.a.test www.b.test /x": 200, "www.a.test www.b.test /": 421,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := serveEdge(t, edgeOne, guardedSites(t, tc.properties))
			putGuardedRows(t)
			for ask, status := range tc.want {
				parts := strings.Fields(ask)
				if r := e.connect(t, "HTTP/2.0", client(parts[0], tls.VersionTLS13)).get(t, parts[1], parts[2]); r.status != status {
					t.Errorf("server name, host and path %s = %d, want %d", ask, r.status, status)
				}
			}
		})
	}
}

// TestFrontingIsHandled: the error pages of a site are for 421 too, on names
// that are no distribution's.
func TestFrontingIsHandled(t *testing.T) {
	e := serveEdge(t, edgeOne, "https:// {\n\t"+tlsFiles(t, issue(t, "ecdsa", 1, "free.test"))+"\n\treject_fronting\n\trespond ok\n\thandle_errors 421 {\n\t\trespond \"handled {err.status_code}\" 421\n\t}\n}\n")
	putGuardedRows(t)
	if r := e.connect(t, "HTTP/1.1", client("free.test", tls.VersionTLS13)).get(t, "www.b.test", "/"); r.status != 421 || r.body != "handled 421" {
		t.Errorf("answer = %d %q, want what the site says", r.status, r.body)
	}
}

// TestTwoHosts: requests that name two hosts are refused, over HTTP/2 by its
// server before any handler (RFC 9113 section 8.3.1).
func TestTwoHosts(t *testing.T) {
	e := serveEdge(t, edgeOne, guardedSites(t, ""))
	putGuardedRows(t)
	t.Run("authority and Host", func(t *testing.T) {
		for host, want := range map[string]string{"www.a.test": "200", "www.b.test": "PROTOCOL_ERROR", "": "PROTOCOL_ERROR"} {
			if got := e.rawH2(t, "www.a.test", "www.a.test", host); got != want {
				t.Errorf(":authority www.a.test and Host %q = %s, want %s", host, got, want)
			}
		}
	})
	t.Run("absolute form", func(t *testing.T) {
		for request, want := range map[string]string{
			"GET https://www.a.test/ HTTP/1.1\r\nHost: www.a.test":   "200",
			"GET https://www.b.test/ HTTP/1.1\r\nHost: www.a.test":   "421",
			"GET https://www.a.test/ HTTP/1.1\r\nHost: www.b.test":   "200", // RFC 9112 section 3.2.2: Host is ignored
			"GET / HTTP/1.1\r\nHost: www.a.test\r\nHost: www.b.test": "400",
			"GET / HTTP/1.1\r\nHost: www%2Eb.test":                   "421",
			"GET / HTTP/1.0":                                         "400",
		} {
			if got := e.rawH1(t, "www.a.test", request); got != want {
				t.Errorf("%q = %s, want %s", request, got, want)
			}
		}
	})
}

// rawH1 sends a request as it is spelled and returns the status.
func (e *tlsEdge) rawH1(t *testing.T, serverName, request string) string {
	t.Helper()
	c, err := tls.Dial("tcp", e.addr(), client(serverName, tls.VersionTLS13))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return fmt.Sprint(resp.StatusCode)
}

// rawH2 sends a request with both `:authority` and Host and returns the
// status.
func (e *tlsEdge) rawH2(t *testing.T, serverName, authority, host string) string {
	t.Helper()
	config := client(serverName, tls.VersionTLS13)
	config.NextProtos = []string{"h2"}
	c, err := tls.Dial("tcp", e.addr(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var block strings.Builder
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", authority}, {":path", "/"}, {"host", host}} {
		if err := enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	fr := http2.NewFramer(c, c)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := fr.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	if err := fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block.String()), EndHeaders: true, EndStream: true}); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := fr.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return f.ErrCode.String()
		}
	}
}

// TestFrontingBeforeTheStateIsThere: a node that waits for others does not know
// yet whose a host is, so it answers the server name's own only.
func TestFrontingBeforeTheStateIsThere(t *testing.T) {
	app := fmt.Sprintf("edgeguard {\n\t\tnode one\n\t\tgossip 127.0.0.1:%d {\n\t\t\tjoin 127.0.0.1:%d\n\t\t}\n\t}", statetest.FreePort(), statetest.FreePort())
	e := serveEdge(t, app, guardedSites(t, ""))
	replica, _ := edgenode.Open()
	c := e.connect(t, "HTTP/2.0", client("free.test", tls.VersionTLS13))
	own, other := c.get(t, "free.test", "/"), c.get(t, "also.free.test", "/")
	select {
	case <-replica.Ready():
		t.Fatal("the node is ready, though there is nobody to ask")
	default:
	}
	if own.status != 200 || other.status != 421 {
		t.Errorf("before: own host %d, another that the certificate covers %d, want 200 and 421", own.status, other.status)
	}
	<-replica.Ready() // nobody answers: it goes on alone
	if other = c.get(t, "also.free.test", "/"); other.status != 200 {
		t.Errorf("after: another host that the certificate covers %d, want 200", other.status)
	}
}

// TestFrontingMetrics: requests are counted by verdict.
func TestFrontingMetrics(t *testing.T) {
	e := serveEdge(t, edgeOne, strings.Replace(guardedSites(t, "allow www.a.test {\n path /excepted\n }"), "\trespond", "\thandle /metrics {\n\t\tmetrics\n\t}\n\trespond", 1))
	putGuardedRows(t)
	c := e.connect(t, "HTTP/2.0", client("www.a.test", tls.VersionTLS13))
	c.get(t, "www.b.test", "/")
	c.get(t, "www.b.test", "/")
	c.get(t, "free.test", "/")
	c.get(t, "www..b.test", "/")
	c.get(t, "www.b.test", "/excepted")
	var got []string
	for line := range strings.Lines(c.get(t, "www.a.test", "/metrics").body) {
		if name, ok := strings.CutPrefix(line, "caddy_http_reject_fronting_requests_total"); ok {
			got = append(got, strings.TrimSpace(name))
		}
	}
	want := []string{`{verdict="excepted"} 1`, `{verdict="malformed"} 1`, `{verdict="misdirected"} 2`, `{verdict="passed"} 1`, `{verdict="unclaimed"} 1`}
	if !slices.Equal(got, want) {
		t.Errorf("caddy_http_reject_fronting_requests_total = %q, want %q", got, want)
	}
}

// TestFrontingWithoutTLS: it does nothing, and says so once the server runs.
func TestFrontingWithoutTLS(t *testing.T) {
	port := statetest.FreePort()
	log := filepath.Join(t.TempDir(), "default.log")
	options := edgeOne + fmt.Sprintf("\n\tlog guard {\n\t\toutput file %s\n\t\tinclude http.handlers.reject_fronting\n\t}", log)
	e := serveEdge(t, options, fmt.Sprintf("http://127.0.0.1:%d, http://www.b.test:%d {\n\treject_fronting\n\trespond ok\n}\n", port, port)+guardedSites(t, ""))
	putGuardedRows(t)
	e.port = port
	if got := e.plain(t, "www.b.test"); got != "200 ok" {
		t.Errorf("GET without TLS = %s, want 200 ok", got)
	}
	data, err := os.ReadFile(log)
	if err != nil || strings.Count(string(data), "reject_fronting does nothing there") != 1 || !strings.Contains(string(data), fmt.Sprint(":", port)) {
		t.Errorf("log = %s, %v, want one line on the server without TLS", data, err)
	}
}

// plain asks without TLS.
func (e *tlsEdge) plain(t *testing.T, host string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+e.addr()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := new(http.Transport).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

// conversation is a client with one server name and, as long as the server
// keeps it open, one connection.
type conversation struct {
	http.RoundTripper
	dialed *[]net.Addr
}

// answer is what it is answered with.
type answer struct {
	status int
	body   string
	header http.Header
}

// dials returns how many connections there have been.
func (c *conversation) dials() int { return len(*c.dialed) }

func (c *conversation) get(t *testing.T, host, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://www.a.test"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Fatalf("GET %s of %s: %v", path, host, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(body), resp.Header}
}
