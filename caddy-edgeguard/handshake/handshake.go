// Package handshake tells handlers what is known of the TLS handshake behind a
// request: which certificate was presented, which are held for its server
// name, and whose they are. Each handler of the edge calls [Mark], so that the
// first of them in a chain adds that to the access log and to the
// placeholders.
//
// The app knows the answers; it [Register]s them by server, since handlers are
// provisioned before it. This package is a leaf that all packages of the edge
// may import, and stands on Caddy alone. Everything is safe for concurrent
// use.
package handshake

import (
	"net/http"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Edge is what the app knows. Its methods look up in immutable views: they
// neither block nor do I/O.
type Edge interface {
	// Describe returns what is known of the handshake behind r.
	Describe(r *http.Request) Details
	// Covers tells whether certificates are held for the server name and every
	// one of them covers the host: which of them a resumed session began with
	// is unknown. Both names are without port and final dot, in any case.
	Covers(serverName, host string) bool
	// Account returns the account that all certificates held for the server
	// name belong to, empty if there is no such account. Without a server name
	// it is that of the load balancer whose default certificate is presented.
	Account(serverName string) string
}

// Absent stands in log fields and placeholders for what does not apply or is
// not known, as in AWS's access logs.
const Absent = "-"

// Resumed stands for the certificate of a connection that resumed an earlier
// session: none was presented.
const Resumed = "session-reused"

// Details are what the access log tells of a handshake. Each is [Absent] if it
// does not apply or is not known.
type Details struct {
	// DomainName is the server name; Absent too if no certificate matched it
	// and a default was presented (aws-behaviour 8.4).
	DomainName string
	// Certificate is the ARN of the certificate that was presented, or its
	// SHA-256 fingerprint; [Resumed] if none was.
	Certificate string
	// KeyType is the type of its key, such as RSA_2048 or EC_prime256v1.
	KeyType string
	// Account is the account that the server name belongs to, else that of the
	// certificate.
	Account string
	// LoadBalancer is the id of the load balancer that the host, or else the
	// server name, belongs to, such as app/web/50dc6c495c0c9188.
	LoadBalancer string
	// Connection is the id of the connection, the same for all its requests.
	Connection string
}

// fields are the fields of an access log entry, named as AWS names them where
// it does; placeholders are called the same after `edge.`.
var fields = []struct {
	name string
	of   func(*Details) string
}{
	{"domain_name", func(d *Details) string { return d.DomainName }},
	{"chosen_cert_arn", func(d *Details) string { return d.Certificate }},
	{"chosen_cert_key_type", func(d *Details) string { return d.KeyType }},
	{"account", func(d *Details) string { return d.Account }},
	{"elb", func(d *Details) string { return d.LoadBalancer }},
	{"conn_trace_id", func(d *Details) string { return d.Connection }},
}

// edges holds the Edge of each server, by *caddyhttp.Server.
var edges sync.Map

// Register makes e the edge of a server, until [Unregister] is called.
func Register(server *caddyhttp.Server, e Edge) { edges.Store(server, e) }

// Unregister forgets a server that has stopped.
func Unregister(server *caddyhttp.Server) { edges.Delete(server) }

// Of returns the edge that serves r, nil if its server has none.
func Of(r *http.Request) Edge {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return nil
	}
	e, ok := edges.Load(server)
	if !ok {
		return nil
	}
	return e.(Edge)
}

// marked is the variable of a request that was marked.
const marked = "edgeguard.handshake"

// Mark adds what is known of the handshake behind r to its access log entry,
// and the placeholders `{edge.domain_name}`, `{edge.chosen_cert_arn}`,
// `{edge.chosen_cert_key_type}`, `{edge.account}`, `{edge.elb}` and
// `{edge.conn_trace_id}`. It does so once for a request; nothing is looked up unless it is asked for. On a server without an
// edge it does nothing.
func Mark(r *http.Request) {
	e := Of(r)
	if e == nil {
		return
	}
	ctx := r.Context()
	extra, ok := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if !ok || caddyhttp.GetVar(ctx, marked) != nil {
		return
	}
	caddyhttp.SetVar(ctx, marked, true)
	m := &mark{edge: e, r: r}
	extra.Add(zap.Inline(m))
	if repl, ok := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(m.placeholder)
	}
}

// mark describes a handshake once it is asked to.
type mark struct {
	edge    Edge
	r       *http.Request
	once    sync.Once
	details Details
}

// get returns the description.
func (m *mark) get() *Details {
	m.once.Do(func() { m.details = m.edge.Describe(m.r) })
	return &m.details
}

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (m *mark) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for _, f := range fields {
		enc.AddString(f.name, f.of(m.get()))
	}
	return nil
}

// placeholder returns the value of a placeholder of ours.
func (m *mark) placeholder(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, "edge.")
	if !ok {
		return nil, false
	}
	for _, f := range fields {
		if f.name == name {
			return f.of(m.get()), true
		}
	}
	return nil, false
}
