package edgeguard

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// connect returns a client of that protocol and server name whatever host it
// asks for.
func (e *tlsEdge) connect(t *testing.T, proto string, config *tls.Config) *conversation {
	t.Helper()
	dialed := new([]net.Addr)
	if proto == "HTTP/3.0" {
		h3 := &http3.Transport{TLSClientConfig: config, Dial: func(ctx context.Context, _ string, c *tls.Config, q *quic.Config) (*quic.Conn, error) {
			conn, err := quic.DialAddr(ctx, e.addr(), c, q)
			if err == nil {
				*dialed = append(*dialed, conn.LocalAddr())
			}
			return conn, err
		}}
		t.Cleanup(func() { _ = h3.Close() })
		return &conversation{h3, dialed}
	}
	h := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: proto == "HTTP/2.0", DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.addr())
		if err == nil {
			*dialed = append(*dialed, conn.LocalAddr())
		}
		return conn, err
	}}
	if proto != "HTTP/2.0" {
		h.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	t.Cleanup(h.CloseIdleConnections)
	return &conversation{h, dialed}
}
