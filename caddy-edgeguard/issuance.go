package edgeguard

import (
	"errors"
	"fmt"
	"io"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/caddy-edgeguard/acm"
	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/caddy-edgeguard/sni"
)

// issuance is what one configuration does about the certificates of the state:
// it serves them, and issues those that are asked for.
type issuance struct {
	metrics   *acm.Metrics
	storage   certmagic.Storage
	config    acm.Config // but for the node; of no use without authority
	authority *acm.Deferred
	engine    *acm.Engine // nil before the start, or without `acm`
}

// prepareIssuance readies the CA and the metrics.
func (a *App) prepareIssuance(ctx caddy.Context) error {
	metrics, err := acm.NewMetrics(ctx.GetMetricsRegistry())
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	i := &issuance{metrics: metrics, storage: ctx.Storage()}
	if settings := a.ACMSettings(); settings != nil {
		if i.config, err = settings.Config(a.logger.Named("acm"), metrics); err != nil {
			return fmt.Errorf("preparing acm: %w", err)
		}
		if i.authority, err = settings.Authority(ctx, a.node.Keys()); err != nil {
			return fmt.Errorf("preparing acm: %w", err)
		}
	}
	a.issuance = i
	return nil
}

type (
	serverKey struct{}
	deskKey   struct{}
)

// beginIssuance serves the certificates of the state from now on, for as long
// as the node is open, and lets this configuration's engine work in the place
// of that before.
func (a *App) beginIssuance() {
	i := a.issuance
	if a.SealKeyFile != "" {
		index := certificates(a.node)
		a.node.Attach(serverKey{}, func(ref *edgenode.Ref) io.Closer {
			return newCertificateServer(ref, index, i.storage, a.logger.Named("acm"))
		}).(*certificateServer).Use(i.metrics)
	}
	desk := a.node.Attach(deskKey{}, func(*edgenode.Ref) io.Closer { return new(acm.Desk) }).(*acm.Desk)
	if i.authority != nil {
		c, follower := i.config, a.node.Claims()
		c.Replica, c.Node, c.Sealer = a.node.Replica(), a.Node, a.node.Keys()
		c.Authority = i.authority.Open(c.Replica)
		c.InUseBy = func(arn string) []string { return follower.View().InUseBy(arn) }
		i.engine = acm.NewEngine(c)
	}
	desk.Take(i.engine)
}

// endIssuance ends this configuration's engine, if no other has followed.
func (a *App) endIssuance() {
	if a.issuance == nil || a.issuance.engine == nil {
		return
	}
	desk := a.node.Attach(deskKey{}, func(*edgenode.Ref) io.Closer { return new(acm.Desk) }).(*acm.Desk)
	desk.Leave(a.issuance.engine)
}

// certificateServer hands certificates to the process's index, stapled.
type certificateServer struct {
	*acm.Server
	stapler *acm.Stapler
}

func newCertificateServer(ref *edgenode.Ref, x *sni.Index, storage certmagic.Storage, log *zap.Logger) *certificateServer {
	s := &certificateServer{stapler: acm.NewStapler(storage, x, log)}
	s.Server = acm.NewServer(ref.Replica(), ref.Keys(), x, s.stapler, log)
	s.Start()
	return s
}

// Close implements [io.Closer].
func (s *certificateServer) Close() error {
	s.Server.Close()
	s.stapler.Close()
	return nil
}

// errUnsealed is why an edge without a sealing key does not issue.
var errUnsealed = errors.New("'acm' needs 'seal_key_file': private keys are kept sealed")

// validateACM refuses settings of `acm` that cannot work.
func (a *App) validateACM() error {
	if a.ACM == nil {
		return nil
	}
	err := a.ACM.Validate()
	if a.SealKeyFile == "" {
		err = errors.Join(err, errUnsealed)
	}
	return err
}
