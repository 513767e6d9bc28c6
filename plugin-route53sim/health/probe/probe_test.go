package probe

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// response returns a response with a body of a known length.
func response(status, body string, headers ...string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), strings.Join(headers, ""), body)
}

// at returns a body in which text begins with the byte of that number, the
// first being 1.
func at(first int, text string) string { return strings.Repeat("-", first-1) + text }

func compressed(t *testing.T, w func(io.Writer) io.WriteCloser, text string) string {
	t.Helper()
	var b bytes.Buffer
	c := w(&b)
	_, _ = io.WriteString(c, text)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestProbe(t *testing.T) {
	const found = "Success: HTTP Status Code 200, OK"
	const missing = "Failure: HTTP Status Code 200, OK. The body did not contain the search string in its first 5,120 bytes"
	okay := response("200 OK", "ok")
	zipped := compressed(t, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, "ok")
	zlibbed := compressed(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, "ok")
	deflated := compressed(t, func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 6); return f }, "ok")
	tests := []struct {
		name, checkType string
		serve           func(net.Conn)
		want            string // the reason begins with it
	}{
		{"TCP", "TCP", hangs, "Success: TCP connection established"},
		{"200", "HTTP", says(okay), found},
		{"200 and hangs", "HTTP", saysAndHangs("HTTP/1.1 200 OK\r\n"), found},
		{"200 of HTTP/1.0 without a phrase", "HTTP", says("HTTP/1.0 200\r\n\r\n"), found},
		{"redirect", "HTTP", says("HTTP/1.1 301 Moved Permanently\r\nLocation: http://192.0.2.1/\r\n\r\n"), "Success: HTTP Status Code 301, Moved Permanently"},
		{"399", "HTTP", says(response("399 Odd", "")), "Success: HTTP Status Code 399, Odd"},
		{"400", "HTTP", says(response("400 Bad Request", "")), "Failure: HTTP Status Code 400, Bad Request"},
		{"404", "HTTP", says(response("404 Not Found", "")), "Failure: HTTP Status Code 404, Not Found"},
		{"503", "HTTP", says(response("503 Service Temporarily Unavailable", "")), "Failure: HTTP Status Code 503, Service Temporarily Unavailable"},
		{"interim", "HTTP", says("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okay), found},
		{"interim without end", "HTTP", says(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9)), "Failure: The endpoint sent no final HTTP status code"},
		{"no HTTP", "HTTP", says("SSH-2.0-OpenSSH\x07\r\n"), `Failure: The endpoint did not send an HTTP status code: "SSH-2.0-OpenSSH"`},
		{"HTTP/2", "HTTP", says("HTTP/2 200 OK\r\n"), `Failure: The endpoint did not send an HTTP status code: "HTTP/2 200 OK"`},
		{"accepts and closes", "HTTP", func(net.Conn) {}, "Failure: The endpoint did not send an HTTP status code: the endpoint "},
		{"a line without end", "HTTP", says("HTTP/1.1 200 " + strings.Repeat("x", 1<<20)), "Failure: The endpoint did not send an HTTP status code: bufio: buffer full"},

		{"string", "HTTP_STR_MATCH", says(okay), found},
		{"string until the connection ends", "HTTP_STR_MATCH", says("HTTP/1.1 200 OK\r\n\r\nok"), found},
		{"string in chunks", "HTTP_STR_MATCH", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"), found},
		{"string in gzip", "HTTP_STR_MATCH", says(response("200 OK", zipped, "Content-Encoding: gzip\r\n")), found},
		{"string in zlib", "HTTP_STR_MATCH", says(response("200 OK", zlibbed, "Content-Encoding: deflate\r\n")), found},
		{"string in deflate", "HTTP_STR_MATCH", says(response("200 OK", deflated, "Content-Encoding: deflate\r\n")), found},
		{"string in the headers", "HTTP_STR_MATCH", says(response("200 OK", "no", "X: ok\r\n")), missing},
		{"string in other case", "HTTP_STR_MATCH", says(response("200 OK", "OK")), missing},
		{"string ends with byte 5,120", "HTTP_STR_MATCH", says(response("200 OK", at(5119, "ok"))), found},
		{"string over byte 5,120", "HTTP_STR_MATCH", says(response("200 OK", at(5120, "ok"))), missing},
		{"string at byte 5,121", "HTTP_STR_MATCH", says(response("200 OK", at(5121, "ok"))), missing},
		{"string, then hangs", "HTTP_STR_MATCH", saysAndHangs("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nok"), found},
		{"string in 204", "HTTP_STR_MATCH", says("HTTP/1.1 204 No Content\r\n\r\nok"), "Failure: HTTP Status Code 204, No Content. The body did not contain"},
		{"string in 500", "HTTP_STR_MATCH", says(response("500 Internal Server Error", "ok")), "Failure: HTTP Status Code 500, Internal Server Error"},
		{"10 MB", "HTTP_STR_MATCH", says(response("200 OK", strings.Repeat("-", 10<<20))), missing},
		{"body without end", "HTTP_STR_MATCH", endless, missing},
		{"body cut short", "HTTP_STR_MATCH", says("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n-"), "Failure: HTTP Status Code 200, OK. The body could not be read: the endpoint "},
		{"reset in the body", "HTTP_STR_MATCH", resets, "Failure: HTTP Status Code 200, OK. The body could not be read: the endpoint reset the connection"},
		{"headers without end", "HTTP_STR_MATCH", says("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1<<20)), "Failure: HTTP Status Code 200, OK. The body could not be read: it is longer than 256 KiB"},
		{"not gzip", "HTTP_STR_MATCH", says(response("200 OK", "ok", "Content-Encoding: gzip\r\n")), "Failure: HTTP Status Code 200, OK. The body could not be read: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := endpoint(t, tt.serve)
			r := local().Probe(t.Context(), target(t, check(tt.checkType, addr, searching("ok"))))
			if !strings.HasPrefix(r.Reason, tt.want) || r.Healthy != strings.HasPrefix(tt.want, "Success") {
				t.Errorf("Probe = %v %q, want %q", r.Healthy, r.Reason, tt.want)
			}
			if r.Connect <= 0 || r.Total < r.Connect {
				t.Errorf("Connect = %v, Total = %v, want 0 < Connect <= Total", r.Connect, r.Total)
			}
		})
	}
}

func endless(c net.Conn) {
	readRequest(c)
	_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	for err == nil {
		_, err = c.Write(make([]byte, 1024))
	}
}

func resets(c net.Conn) {
	says("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n-")(c)
	_ = c.(*net.TCPConn).SetLinger(0)
}

// Endpoints that are too slow are given up in time. They run side by side, as
// each takes seconds of the real clock.
func TestProbeTooSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for Route 53's time limits")
	}
	certs := &tls.Config{Certificates: []tls.Certificate{certificate(t, "example.org")}}
	tests := []struct {
		name, checkType string
		serve           func(net.Conn)
		least, most     time.Duration
		want            string
	}{
		{"accepts and hangs", "HTTP", hangs, 2 * time.Second, 4 * time.Second,
			"Failure: The endpoint did not send an HTTP status code within 2 seconds of connecting"},
		{"slow status line", "HTTP", drips("HTTP/1.1 200 OK\r\n\r\n"), 2 * time.Second, 4 * time.Second,
			"Failure: The endpoint did not send an HTTP status code within 2 seconds of connecting"},
		{"slow headers", "HTTP_STR_MATCH", both(says("HTTP/1.1 200 OK\r\n"), drips("Content-Length: 2\r\n\r\nok")), 2 * time.Second, 4 * time.Second,
			"Failure: HTTP Status Code 200, OK. The body did not arrive within 2 seconds of the HTTP status code"},
		{"slow body", "HTTP_STR_MATCH", both(says("HTTP/1.1 200 OK\r\n\r\n"), drips("----------ok")), 2 * time.Second, 4 * time.Second,
			"Failure: HTTP Status Code 200, OK. The body did not arrive within 2 seconds of the HTTP status code"},
		{"no handshake", "HTTPS", hangs, 2 * time.Second, 4 * time.Second,
			"Failure: The SSL handshake was not completed within 2 seconds of connecting"},
		{"handshake and hangs", "HTTPS", overTLS(certs, hangs), 2 * time.Second, 4 * time.Second,
			"Failure: The endpoint did not send an HTTP status code within 2 seconds of connecting"},
	}
	t.Run("all", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				addr := endpoint(t, tt.serve)
				r := local().Probe(t.Context(), target(t, check(tt.checkType, addr, searching("ok"))))
				if r.Healthy || r.Reason != tt.want {
					t.Errorf("Probe = %v %q, want %q", r.Healthy, r.Reason, tt.want)
				}
			})
		}
	})
}

// drips sends a byte every 400 ms.
func drips(text string) func(net.Conn) {
	return func(c net.Conn) {
		for i := range text {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
			time.Sleep(400 * time.Millisecond) // the slow server that is tested against
		}
	}
}

func both(a, b func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) { a(c); b(c) }
}

func TestProbeUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().(*net.TCPAddr).AddrPort()
	_ = l.Close()
	blocked := func(context.Context, netip.AddrPort) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	}
	lookup := func(err error) func(context.Context, string) ([]netip.Addr, error) {
		return func(context.Context, string) ([]netip.Addr, error) { return nil, err }
	}
	tests := []struct {
		name   string
		prober *Prober
		check  *model.HealthCheck
		want   string
	}{
		{"refused", &Prober{}, check("TCP", closed), "Failure: Connection refused"},
		{"refused by name", local(), check("HTTP", closed, named("example.org")), "Failure: Connection refused. Resolved IP: 127.0.0.1"},
		{"blocked", &Prober{Dial: blocked}, check("HTTP", closed),
			"Failure: Connection timed out. The endpoint or the internet connection is down, or requests are being blocked by your firewall. See Configuring router and firewall rules for Amazon Route 53 health checks"},
		{"no such name", &Prober{Lookup: lookup(&net.DNSError{Err: "no such host", IsNotFound: true})}, check("HTTP", closed, named("missing.example.org")),
			"Failure: DNS resolution failed: no IPv4 address for missing.example.org"},
		{"resolver silent", &Prober{Lookup: lookup(&net.DNSError{Err: "i/o timeout", IsTimeout: true})}, check("TCP", closed, named("example.org.")),
			"Failure: DNS resolution failed: timeout for example.org"},
		{"resolver out of time", &Prober{Lookup: lookup(context.DeadlineExceeded)}, check("TCP", closed, named("example.org.")),
			"Failure: DNS resolution failed: timeout for example.org"},
		{"resolver failing", &Prober{Lookup: lookup(&net.DNSError{Err: "server misbehaving"})}, check("TCP", closed, named("example.org")),
			"Failure: DNS resolution failed: server misbehaving for example.org"},
		{"not public", &Prober{PublicOnly: true}, check("TCP", closed), "Failure: IPv4 address 127.0.0.1 is forbidden."},
		{"not public, IPv6", &Prober{PublicOnly: true}, check("TCP", netip.MustParseAddrPort("[2001:db8::1]:80")), "Failure: IPv6 address 2001:db8::1 is forbidden."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.prober.Probe(t.Context(), target(t, tt.check))
			if r.Healthy || !strings.HasPrefix(r.Reason, tt.want) {
				t.Errorf("Probe = %v %q, want %q", r.Healthy, r.Reason, tt.want)
			}
		})
	}
}

func TestProbeByNameLooksUpEachTime(t *testing.T) {
	addr := endpoint(t, says(response("200 OK", "")))
	var lookups atomic.Int32
	p := &Prober{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		lookups.Add(1)
		return []netip.Addr{addr.Addr(), netip.MustParseAddr("192.0.2.1")}, nil
	}}
	for range 2 {
		r := p.Probe(t.Context(), target(t, check("HTTP", addr, named("example.org"))))
		if want := "Success: HTTP Status Code 200, OK. Resolved IP: 127.0.0.1"; r.Reason != want {
			t.Errorf("Reason = %q, want %q", r.Reason, want)
		}
	}
	if n := lookups.Load(); n != 2 {
		t.Errorf("%d look-ups for 2 probes, want 2", n)
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	accepted := make(chan struct{}, 1)
	addr := endpoint(t, func(c net.Conn) { accepted <- struct{}{}; hangs(c) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-accepted; cancel() }()
	if r := new(Prober).Probe(ctx, target(t, check("HTTP", addr))); r.Healthy || r.Total >= statusTimeout {
		t.Errorf("Probe = %v after %v, want unhealthy at once", r.Healthy, r.Total)
	}
}
