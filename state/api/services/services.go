// Package services puts together the services of an endpoint, the same on
// every node: what a node cannot do itself, because it answers no DNS or holds
// no key, its service says. It keeps nothing.
package services

import (
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/acm"
	"github.com/edgestage/edgestage/state/api/cloudfront"
	"github.com/edgestage/edgestage/state/api/cloudmap"
	"github.com/edgestage/edgestage/state/api/cloudwatch"
	"github.com/edgestage/edgestage/state/api/elbv2"
	"github.com/edgestage/edgestage/state/api/operator"
	"github.com/edgestage/edgestage/state/api/recoverycluster"
	"github.com/edgestage/edgestage/state/api/route53"
	"github.com/edgestage/edgestage/state/certificate"
)

// Config is what a node brings to its services.
type Config struct {
	Replica *state.Replica
	// Answerer is the node's answering code; nil: it does not answer DNS.
	Answerer route53.Answerer
	// Health tells what checkers see; nil: this node hears none.
	Health HealthReporter
	// RefuseReserved is [route53.Config.RefuseReserved].
	RefuseReserved bool
	// Throttle is [route53.Config.Throttle].
	Throttle bool
	// HealthDelay is [cloudmap.Config.HealthDelay].
	HealthDelay time.Duration
	// Sealer seals and opens private keys; nil: the node holds no sealing key.
	Sealer certificate.Sealer
	// Node is the name of the node, and Log reports what an operator should know;
	// nil: nobody does.
	Node string
	Log  func(format string, args ...any)
	// InUseBy returns the ARNs of what uses a certificate; nil: nothing does.
	InUseBy func(certificate string) []string
}

// HealthReporter tells what checkers see.
type HealthReporter interface {
	route53.HealthReporter
	cloudmap.HealthReporter
}

// New returns the services, in the order in which they are asked whether a
// request without a scope is theirs. It has no side effects.
func New(c Config) []api.Service {
	return []api.Service{
		route53.New(route53.Config{Replica: c.Replica, Answerer: c.Answerer, Health: c.Health, RefuseReserved: c.RefuseReserved, Throttle: c.Throttle}),
		cloudwatch.New(cloudwatch.Config{Replica: c.Replica}),
		recoverycluster.New(recoverycluster.Config{Replica: c.Replica}),
		operator.New(operator.Config{Replica: c.Replica}),
		cloudmap.New(cloudmap.Config{Replica: c.Replica, Health: c.Health, RefuseReserved: c.RefuseReserved, HealthDelay: c.HealthDelay}),
		elbv2.New(elbv2.Config{Replica: c.Replica}),
		acm.New(acm.Config{Replica: c.Replica, Sealer: c.Sealer, InUseBy: c.InUseBy}),
		cloudfront.New(cloudfront.Config{Replica: c.Replica, Node: c.Node, Log: c.Log}),
	}
}
