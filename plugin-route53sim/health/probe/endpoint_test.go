package probe

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// endpoint is a server on loopback that does with each connection what serve
// says. It ends with the test, and with it all that serve has begun.
func endpoint(t testing.TB, serve func(c net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		done  sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
	)
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			done.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		done.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// says is an endpoint that reads a request and sends text.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		_, _ = io.WriteString(c, text)
	}
}

// saysAndHangs is one that keeps the connection open after that.
func saysAndHangs(text string) func(net.Conn) {
	return func(c net.Conn) {
		says(text)(c)
		hangs(c)
	}
}

// hangs reads until the other side has gone.
func hangs(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func readRequest(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return
		}
	}
}

// overTLS does what serve says within TLS.
func overTLS(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			serve(s)
		}
	}
}

// certificate returns a self-signed one for a name, which expired long ago.
func certificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// check is a health check of an endpoint.
func check(checkType string, at netip.AddrPort, with ...func(*model.HealthCheckConfig)) *model.HealthCheck {
	h := &model.HealthCheck{ID: "hc", Account: model.DefaultAccount, Config: model.HealthCheckConfig{
		Type: checkType, IPAddress: at.Addr().String(), Port: int64(at.Port()),
	}}
	for _, f := range with {
		f(&h.Config)
	}
	return h
}

func searching(s string) func(*model.HealthCheckConfig) {
	return func(c *model.HealthCheckConfig) { c.SearchString = s }
}

// named has the endpoint found by name only.
func named(name string) func(*model.HealthCheckConfig) {
	return func(c *model.HealthCheckConfig) { c.FullyQualifiedDomainName, c.IPAddress = name, "" }
}

func target(t testing.TB, h *model.HealthCheck) *Target {
	t.Helper()
	target, err := NewTarget(h)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// local is a prober for which every name leads to loopback.
func local() *Prober {
	return &Prober{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}}
}
