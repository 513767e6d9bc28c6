// Package acm does on an edge what AWS Certificate Manager does behind its API:
// it proves names by DNS, has certificates issued and renewed, and hands what
// was issued or imported to the edge's TLS.
//
// An [Engine] works on certificates: the live engine that owns one by
// rendezvous looks its CNAME records up, asks a CA, seals the key and commits
// the leaf (aws-behaviour 7.4, 7.6). Nothing is issued without the look-up; an
// owner that dies is followed by another, which begins the step anew. A
// [Server] follows the leaves of all edges and unseals them for the index of
// certificates. An [Issuer] does the same for Caddy's own certificates.
//
// Each has goroutines of its own, begun by Start and ended by Close; all
// methods are safe for concurrent use.
package acm

import (
	"context"
	"crypto/x509"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

// DefaultLifetime is how long an issued certificate is valid where the CA is
// the edge's own (aws-behaviour 7.6).
const DefaultLifetime = 198 * 24 * time.Hour

// RenewBefore is how long before its end a certificate is renewed unless a
// Config says otherwise, or a third of its life if that is less (aws-behaviour
// 7.6).
const RenewBefore = 60 * 24 * time.Hour

// Authority is a CA.
type Authority interface {
	// Directory is the URL of the CA's ACME directory, empty for one of the
	// edge's own.
	Directory() string
	// CAAIssuers returns the names by which CAA records allow it, beside those
	// that allow ACM itself.
	CAAIssuers(ctx context.Context) ([]string, error)
	// Issue returns a certificate for a request, with its chain, in DER. The
	// names were proven before; tokens are their proofs. It may take minutes.
	// An error that wraps a [RefusedError] is final.
	Issue(ctx context.Context, csr *x509.CertificateRequest, cert *model.Certificate) ([][]byte, error)
}

// RefusedError is why a CA will never issue a certificate.
type RefusedError struct {
	// Failure is one of the failure reasons of package model.
	Failure string
	// Text says why in words.
	Text string
}

// Error returns the text.
func (e *RefusedError) Error() string { return e.Text }

// Config is what an [Engine] is made of.
type Config struct {
	Replica *state.Replica
	// Node is the node's name.
	Node     string
	Sealer   certificate.Sealer
	Resolver *Resolver
	// Authority issues.
	Authority Authority
	// InUseBy returns the ARNs of what uses a certificate; nil: nothing uses
	// any, and none is renewed.
	InUseBy func(arn string) []string
	// CreateRecords has the engine write the CNAME records that prove names of
	// the hosted zones of the same account.
	CreateRecords bool
	// RenewBefore is how long before its end a certificate is renewed, at most
	// nine tenths of its life; zero: see the constant.
	RenewBefore time.Duration
	Log         *zap.Logger
	// Metrics may be nil.
	Metrics *Metrics
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	// at is called at each step of an issuance; an error ends it there. Tests
	// stop engines at it.
	at func(arn string, s step) error
}

// step is a place in an issuance where a node may die.
type step string

const (
	stepProven  step = "names proven"
	stepKeyed   step = "key made"
	stepIssued  step = "certificate issued"
	stepWritten step = "leaf written"
)

func (c *Config) withDefaults() Config {
	out := *c
	if out.Now == nil {
		out.Now = time.Now
	}
	if out.InUseBy == nil {
		out.InUseBy = func(string) []string { return nil }
	}
	if out.Log == nil {
		out.Log = zap.NewNop()
	}
	if out.at == nil {
		out.at = func(string, step) error { return nil }
	}
	return out
}

// renewalWindow returns how long before the end of a leaf its renewal begins.
func (c *Config) renewalWindow(l *model.CertificateLeaf) time.Duration {
	life := l.NotAfter.Sub(l.NotBefore)
	if c.RenewBefore == 0 {
		return min(RenewBefore, life/3)
	}
	return min(c.RenewBefore, life/10*9)
}
