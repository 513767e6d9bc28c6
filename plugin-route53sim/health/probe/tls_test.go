package probe

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

// names collects the server names that an endpoint is asked for.
type names struct {
	mu  sync.Mutex
	all []string
}

func (n *names) config(c *tls.Config, refuse bool) *tls.Config {
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.all = append(n.all, hello.ServerName)
		if refuse && hello.ServerName != "" {
			return nil, errors.New("unknown name")
		}
		return nil, nil
	}
	return c
}

func serverName(name string, enabled *bool) func(*model.HealthCheckConfig) {
	return func(c *model.HealthCheckConfig) { c.FullyQualifiedDomainName, c.EnableSNI = name, enabled }
}

func TestProbeSNI(t *testing.T) {
	off := false
	own := tls.Certificate(certificate(t, "example.org"))
	tests := []struct {
		name   string
		check  func(*model.HealthCheckConfig)
		refuse bool
		want   []string
	}{
		{"by default", serverName("example.org", nil), false, []string{"example.org"}},
		{"turned off", serverName("example.org", &off), false, []string{""}},
		{"without a name", serverName("", nil), false, []string{""}},
		{"certificate of another name", serverName("example.net", nil), false, []string{"example.net", ""}},
		{"name refused", serverName("example.org", nil), true, []string{"example.org", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked names
			serve := overTLS(asked.config(&tls.Config{Certificates: []tls.Certificate{own}}, tt.refuse), says(response("200 OK", "ok")))
			if tt.refuse {
				serve = unrecognized(serve)
			}
			addr := endpoint(t, serve)
			r := new(Prober).Probe(t.Context(), target(t, check("HTTPS_STR_MATCH", addr, searching("ok"), tt.check)))
			if want := "Success: HTTP Status Code 200, OK"; r.Reason != want {
				t.Errorf("Reason = %q, want %q", r.Reason, want)
			}
			asked.mu.Lock()
			defer asked.mu.Unlock()
			if !tt.refuse && !slices.Equal(asked.all, tt.want) {
				t.Errorf("asked for %q, want %q", asked.all, tt.want)
			}
		})
	}
}

// unrecognized sends the first client the alert unrecognized_name, and does
// for the others what serve does.
func unrecognized(serve func(net.Conn)) func(net.Conn) {
	var once sync.Once
	return func(c net.Conn) {
		first := false
		once.Do(func() { first = true })
		if !first {
			serve(&nameless{c})
			return
		}
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 112})
		hangs(c)
	}
}

type nameless struct{ net.Conn }

func TestProbeTLS(t *testing.T) {
	cert := certificate(t, "example.net")
	old := func(version uint16) func(net.Conn) {
		return overTLS(&tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version, CipherSuites: allSuites,
		}, says(response("200 OK", "ok")))
	}
	tests := []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"TLS 1.3, expired, self-signed, other name", old(tls.VersionTLS13), "Success: HTTP Status Code 200, OK"},
		{"TLS 1.2", old(tls.VersionTLS12), "Success: HTTP Status Code 200, OK"},
		{"TLS 1.1", old(tls.VersionTLS11), "Success: HTTP Status Code 200, OK"},
		{"TLS 1.0", old(tls.VersionTLS10), "Success: HTTP Status Code 200, OK"},
		{"too old: refuses by alert", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte{21, 3, 0, 0, 2, 2, 70}) // protocol_version
			hangs(c)
		}, "Failure: The SSL handshake failed: protocol version not supported"},
		{"too old: chooses SSL 3.0", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			hello := append([]byte{3, 0}, make([]byte, 32)...)
			hello = append(hello, 0, 0, 10, 0)
			_, _ = c.Write(append([]byte{22, 3, 0, 0, byte(len(hello) + 4), 2, 0, 0, byte(len(hello))}, hello...))
			hangs(c)
		}, "Failure: The SSL handshake failed: server selected unsupported protocol version 300"},
		{"no TLS", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			hangs(c)
		}, "Failure: The SSL handshake failed: "},
		{"closes", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }, "Failure: The SSL handshake failed: the endpoint closed the connection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := endpoint(t, tt.serve)
			r := new(Prober).Probe(t.Context(), target(t, check("HTTPS", addr)))
			if !strings.HasPrefix(r.Reason, tt.want) || r.Healthy != strings.HasPrefix(tt.want, "Success") {
				t.Errorf("Probe = %v %q, want %q", r.Healthy, r.Reason, tt.want)
			}
		})
	}
}
