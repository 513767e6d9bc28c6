package probe

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"
)

// tlsConfig returns what an endpoint is shown: all that it may still speak, as
// a health check asks whether it is there and not whether it is secure. Its
// certificate is looked at by nobody (aws-behaviour 4.3).
//
// Sessions are not resumed: that would spare a fifth of a probe, and not see a
// key or certificate with which every new client fails.
func tlsConfig(serverName string) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // Route 53 validates no certificate
		ServerName:         serverName,
		MinVersion:         tls.VersionTLS10,
		CipherSuites:       allSuites,
		// Without the hybrid of ML-KEM, whose keys cost more than all the rest.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	}
}

var allSuites = func() []uint16 {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}()

// withoutSNI is t's configuration for an endpoint that has no certificate for
// the name.
func (t *Target) withoutSNI() *tls.Config {
	c := t.tls.Clone()
	c.ServerName = ""
	return c
}

// secure begins TLS. again tells that Route 53 would try once more without SNI
// (which was sent): the endpoint refused the name, or showed a certificate of
// another.
func (l *line) secure(config *tls.Config, r *Result) (again bool, err error) {
	c := tls.Client(l.raw, config)
	err = c.Handshake()
	l.Conn, r.Handshake = c, time.Since(l.at)
	if config.ServerName == "" {
		return false, err
	}
	if err != nil {
		return refusesName(err), err
	}
	certs := c.ConnectionState().PeerCertificates
	return len(certs) > 0 && certs[0].VerifyHostname(config.ServerName) != nil, nil
}

// refusesName tells whether err is the alert of an endpoint that has no
// certificate for a name (RFC 6066 section 3).
func refusesName(err error) bool {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return false
	}
	text := remote.Err.Error()
	return strings.HasSuffix(text, "unrecognized name") || strings.HasSuffix(text, "handshake failure")
}
