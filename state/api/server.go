package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of one connection.
const (
	headerTime   = 5 * time.Second
	bodyTime     = 30 * time.Second
	writeTime    = 60 * time.Second
	idleTime     = 2 * time.Minute
	maxHeader    = 64 << 10
	shutdownTime = 5 * time.Second
)

// ServerConfig is where a [Server] listens and what it serves.
type ServerConfig struct {
	// Addr is HOST:PORT.
	Addr    string
	Handler *Handler
	// Cert and Key are PEM files; both empty: no TLS.
	Cert, Key string
}

// Server is the endpoint on an address of its own.
type Server struct {
	config   ServerConfig
	http     *http.Server
	listener net.Listener
	done     sync.WaitGroup
	pair     atomic.Pointer[tls.Certificate]
}

// NewServer returns a server that does not listen yet. It has no side effects.
func NewServer(c ServerConfig) *Server { return &Server{config: c} }

// CheckAddr returns an error unless addr is HOST:PORT with a port in
// [0, 65535], and with credentials or on a loopback address.
func CheckAddr(addr string, credentials bool) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q: port %q out of range [0, 65535]", addr, port)
	}
	if ip, err := netip.ParseAddr(host); !credentials && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not a loopback address: credentials are required", addr)
	}
	return nil
}

// Start listens and begins to serve. It refuses an address that is not
// loopback where the handler has no credentials. After an error nothing is
// left open.
func (s *Server) Start() error {
	c := s.config
	if err := CheckAddr(c.Addr, c.Handler.credentials.Load() != nil); err != nil {
		return fmt.Errorf("api address %w", err)
	}
	if err := s.ReloadCertificate(); err != nil {
		return err
	}
	var secure *tls.Config
	if c.Cert != "" {
		secure = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.pair.Load(), nil
		}}
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return err
	}
	s.listener = l
	s.http = &http.Server{
		Handler: c.Handler, TLSConfig: secure, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime,
		WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, ErrorLog: c.Handler.errorLog(),
	}
	s.done.Go(func() {
		if secure != nil {
			err = s.http.ServeTLS(l, "", "")
		} else {
			err = s.http.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			c.Handler.config.Log("Failed to serve the api at %s: %v", l.Addr(), err)
		}
	})
	return nil
}

// ReloadCertificate reads the certificate anew, for the next connections. After
// an error the one before it stays.
func (s *Server) ReloadCertificate() error {
	if s.config.Cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(s.config.Cert, s.config.Key)
	if err != nil {
		return fmt.Errorf("reading the certificate of the api: %w", err)
	}
	s.pair.Store(&pair)
	return nil
}

// Addr returns where the server listens, nil before Start.
func (s *Server) Addr() net.Addr {
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Close stops listening, lets the requests under way finish for 5 seconds, and
// then ends them.
func (s *Server) Close() error {
	if s.http == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.done.Wait()
	return err
}
