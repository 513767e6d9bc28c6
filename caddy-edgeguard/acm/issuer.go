package acm

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

func init() {
	caddy.RegisterModule(Issuer{})
}

// Issuer has the certificates that Caddy manages issued as those of the ACM API
// are: proven by the persistent CNAME record, by the CA that the option
// `edgeguard` names in `acm`. They are listed by the API and can be described;
// their keys are made by Caddy and stay in its storage, so they cannot be
// exported, and other edges serve them only if they share that storage. Caddy
// renews them, as long as the record stands.
type Issuer struct {
	// The account that the certificates belong to, 12 digits. Default:
	// `000000000000`.
	Account string `json:"account,omitempty"`

	node      *edgenode.Ref
	region    string
	name      string
	directory string
	config    Config
	authority *Deferred
	log       *zap.Logger
}

// settled is an app that says how certificates are issued.
type settled interface {
	edgenode.App
	// ACMSettings returns that, nil where it says nothing.
	ACMSettings() *Settings
}

// CaddyModule returns the Caddy module information.
func (Issuer) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "tls.issuance.acm", New: func() caddy.Module { return new(Issuer) }}
}

// Provision takes a share of the node.
func (i *Issuer) Provision(ctx caddy.Context) error {
	i.log = ctx.Logger()
	if i.Account == "" {
		i.Account = model.DefaultAccount
	}
	if err := model.ValidateAccount(i.Account); err != nil {
		return err
	}
	node, app, err := edgenode.Join(ctx)
	if err != nil {
		return fmt.Errorf("joining the node: %w", err)
	}
	i.node = node
	has, ok := app.(settled)
	if !ok || has.ACMSettings() == nil {
		return errors.New("issuer acm needs 'acm' in the global option 'edgeguard'")
	}
	s, c := has.ACMSettings(), app.NodeSettings().Config()
	i.name, i.region = c.Name, c.Region
	if i.config, err = s.Config(i.log, nil); err != nil {
		return err
	}
	if s.withACME() {
		i.directory = s.CA
	}
	i.authority, err = s.Authority(ctx, node.Keys())
	return err
}

// Cleanup gives the share of the node back.
func (i *Issuer) Cleanup() error {
	if i.node == nil {
		return nil
	}
	return i.node.Release()
}

// IssuerKey implements [certmagic.Issuer].
func (i *Issuer) IssuerKey() string {
	if i.directory == "" {
		return "acm-" + i.Account
	}
	return "acm-" + i.Account + "-" + certmagic.StorageKeys.Safe(i.directory)
}

// Issue implements [certmagic.Issuer]. It waits for the proofs as long as ctx
// and the time of a request allow.
func (i *Issuer) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	select {
	case <-i.node.Started():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c := i.config
	c.Replica, c.Node, c.Sealer = i.node.Replica(), i.name, i.node.Keys()
	c.Authority = i.authority.Open(c.Replica)
	select {
	case <-c.Replica.Ready():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return issueForeign(ctx, NewEngine(c), i.region, i.Account, csr)
}

// issueForeign has a certificate issued for a request of Caddy's.
func issueForeign(ctx context.Context, e *Engine, region, account string, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	s, err := e.ask(ctx, region, account, csr)
	if err != nil {
		return nil, err
	}
	if e.c.CreateRecords {
		e.loadZones()
		e.createRecords(ctx, s)
	}
	names, err := e.await(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := e.checkCAA(ctx, s); err != nil {
		if errors.Is(err, errCAA) {
			e.fail(ctx, s, &model.CertificateWork{Names: names, Failure: model.FailureCAA, Reason: line(err)})
			return nil, certmagic.ErrNoRetry{Err: err}
		}
		return nil, err
	}
	chain, err := e.c.Authority.Issue(ctx, csr, s.Certificate)
	if err != nil {
		return nil, fmt.Errorf("asking the CA: %w", err)
	}
	leaf, err := checkChain(s.Certificate, chain)
	if err != nil {
		return nil, fmt.Errorf("checking the CA's certificate: %w", err)
	}
	now := e.c.Now().UTC()
	row := &model.CertificateLeaf{
		ARN: s.ARN, Chain: chain, NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		Serial: fmt.Sprintf("%x", leaf.SerialNumber.Bytes()), Issued: now, Node: e.c.Node,
	}
	work := &model.CertificateWork{ARN: s.ARN, Names: names, Node: e.c.Node, At: now}
	if s.Leaf != nil {
		row.Issued, row.Renewed = s.Leaf.Issued, now
		work.Renewal = &model.CertificateRenewal{Status: model.RenewalSuccess, Names: names, Updated: now}
	}
	if _, err := e.c.Replica.Commit(ctx, func(t *state.Tx) error { return errors.Join(t.Put(row), t.Put(work)) }); err != nil {
		return nil, err
	}
	return &certmagic.IssuedCertificate{Certificate: []byte(certificate.PEM(chain))}, nil
}

// ask returns the certificate of a request's names, asked for anew where there
// is none or an earlier request has ended without.
func (e *Engine) ask(ctx context.Context, region, account string, csr *x509.CertificateRequest) (s model.CertificateState, err error) {
	names := certificate.Names(&x509.Certificate{Subject: csr.Subject, DNSNames: csr.DNSNames})
	if len(names) == 0 || len(csr.IPAddresses)+len(csr.EmailAddresses)+len(csr.URIs) > 0 {
		return s, certmagic.ErrNoRetry{Err: errors.New("only host names can be proven by DNS")}
	}
	algorithm := certificate.Algorithm(csr.PublicKey)
	if algorithm == "" {
		return s, certmagic.ErrNoRetry{Err: fmt.Errorf("key of an algorithm other than %q", model.KeyAlgorithms)}
	}
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	fresh := &model.Certificate{
		ARN:     model.NewCertificateARN(region, account, "issuer", fmt.Sprint(sorted)),
		Account: account, Region: region, Names: names, Type: model.CertificateIssued, KeyAlgorithm: algorithm,
		Method: model.ValidateByDNS, Created: e.c.Now().UTC(), Foreign: true, Version: 1,
	}
	_, err = e.c.Replica.Commit(ctx, func(t *state.Tx) error {
		old, ok := model.CertificateAt(&t.Reader, fresh.ARN)
		if status := ""; ok {
			if status = old.Status(e.c.Now()); old.KeyAlgorithm == algorithm && status != model.CertificateFailed && status != model.CertificateTimedOut && status != model.CertificateRevoked {
				s = old
				return nil
			}
			t.Delete(model.TableCertificateWork, fresh.ARN)
			t.Delete(model.TableCertificateMarks, model.CertificateMarkKey(fresh.ARN, model.MarkRevoked))
		}
		s = model.CertificateState{Certificate: fresh}
		if err := certificate.AddTokens(t, fresh, e.c.Now()); err != nil {
			return err
		}
		return t.Put(fresh)
	})
	return s, err
}

// await looks the proofs up until all are there.
func (e *Engine) await(ctx context.Context, s model.CertificateState) ([]model.NameValidation, error) {
	began := e.c.Now()
	for {
		names := e.prove(ctx, s, s.Leaf == nil)
		if proven(names) {
			return names, ctx.Err()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.Work = &model.CertificateWork{Names: names, Reason: firstReason(names)}
		e.note(ctx, s, s.Work)
		waited := e.c.Now().Sub(began)
		if waited >= model.ValidationTime {
			return nil, fmt.Errorf("no proof within %v: %s", model.ValidationTime, firstReason(names))
		}
		select {
		case <-time.After(min(5*time.Minute, max(2*time.Second, waited/12))):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %s", ctx.Err(), firstReason(names))
		}
	}
}

// loadZones reads the hosted zones, for an engine that does not follow them.
func (e *Engine) loadZones() {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.c.Replica.View(func(rd *state.Reader) error {
		rd.Range(model.TableZones, "", "", func(v model.Value, _ state.Version) bool {
			e.zones[v.Key()] = v.(*model.Zone)
			return true
		})
		return nil
	})
}

// UnmarshalCaddyfile sets up the issuer from Caddyfile tokens. Syntax:
//
//	issuer acm {
//	    account <id>
//	}
func (i *Issuer) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume issuer name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "account" {
			return d.Errf("unrecognized subdirective '%s'", d.Val())
		}
		if err := unmarshalText(d, &i.Account); err != nil {
			return err
		}
		if err := model.ValidateAccount(i.Account); err != nil {
			return d.WrapErr(err)
		}
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Issuer)(nil)
	_ caddy.CleanerUpper    = (*Issuer)(nil)
	_ certmagic.Issuer      = (*Issuer)(nil)
	_ caddyfile.Unmarshaler = (*Issuer)(nil)
)
