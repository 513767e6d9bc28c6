package acm

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

// errOvertaken is why an issued certificate is thrown away: the request is
// gone, or another node was first.
var errOvertaken = errors.New("the certificate is gone, or another node has issued it")

// issue makes a key, has a certificate issued for it and commits both, with w
// as the work's row. The names must have been proven. Before it asks the CA and
// before it writes it looks whether another was first: two nodes that both
// think the certificate theirs ask twice at worst, and one leaf stands.
func (e *Engine) issue(ctx context.Context, s model.CertificateState, w *model.CertificateWork) error {
	if err := e.c.at(s.ARN, stepProven); err != nil {
		return err
	}
	if !e.owns(s.ARN) {
		return errOvertaken
	}
	if err := e.c.Replica.View(func(rd *state.Reader) error { return stillWanted(rd, s) }); err != nil {
		return err
	}
	key, err := certificate.NewKey(s.KeyAlgorithm)
	if err != nil {
		return err
	}
	csr, err := newCSR(s.Certificate, key)
	if err != nil {
		return err
	}
	if err := e.c.at(s.ARN, stepKeyed); err != nil {
		return err
	}
	chain, err := e.c.Authority.Issue(ctx, csr, s.Certificate)
	if err != nil {
		return fmt.Errorf("asking the CA: %w", err)
	}
	pair, err := checkIssued(s.Certificate, chain, key)
	if err != nil {
		return fmt.Errorf("checking the CA's certificate: %w", err)
	}
	if err := e.c.at(s.ARN, stepIssued); err != nil {
		return err
	}
	if err := e.write(ctx, s, pair, w); err != nil {
		return err
	}
	return e.c.at(s.ARN, stepWritten)
}

// stillWanted returns nil while a certificate is as s has it.
func stillWanted(rd *state.Reader, s model.CertificateState) error {
	now, ok := model.CertificateAt(rd, s.ARN)
	if !ok || now.Revoked != nil || (now.Leaf == nil) != (s.Leaf == nil) || now.Leaf != nil && now.Leaf.Serial != s.Leaf.Serial {
		return errOvertaken
	}
	return nil
}

// newCSR returns the request for a certificate's names.
func newCSR(cert *model.Certificate, key crypto.Signer) (*x509.CertificateRequest, error) {
	template := new(x509.CertificateRequest)
	for _, n := range cert.Names {
		template.DNSNames = append(template.DNSNames, strings.TrimSuffix(string(n), "."))
	}
	if first := template.DNSNames[0]; len(first) <= 64 {
		template.Subject.CommonName = first
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificateRequest(der)
}

// checkIssued returns what a CA has issued, if it is for the key and has
// exactly the names.
func checkIssued(cert *model.Certificate, chain [][]byte, key crypto.Signer) (*certificate.Pair, error) {
	leaf, err := checkChain(cert, chain)
	if err != nil {
		return nil, err
	}
	own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(leaf.PublicKey) {
		return nil, errors.New("it is for another key")
	}
	return &certificate.Pair{Leaf: leaf, Chain: chain, Key: key}, nil
}

func checkChain(cert *model.Certificate, chain [][]byte) (*x509.Certificate, error) {
	if len(chain) == 0 || len(chain) > model.MaxChainCertificates {
		return nil, fmt.Errorf("a chain of %d certificates", len(chain))
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	names, want := certificate.Names(leaf), slices.Clone(cert.Names)
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		return nil, fmt.Errorf("it has the names %q, wanted are %q", names, want)
	}
	if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
		return nil, errors.New("it is its own issuer")
	}
	return leaf, nil
}

// write commits a leaf.
func (e *Engine) write(ctx context.Context, s model.CertificateState, pair *certificate.Pair, w *model.CertificateWork) error {
	leaf, err := pair.NewLeaf(e.c.Sealer, s.ARN, s.Leaf, e.c.Now())
	if err != nil {
		return fmt.Errorf("sealing the key: %w", err)
	}
	leaf.Node = e.c.Node
	w.ARN, w.Node, w.At = s.ARN, e.c.Node, e.c.Now().UTC()
	kind := "issued"
	if s.Leaf != nil {
		kind = "renewed"
	}
	_, err = e.c.Replica.Commit(ctx, func(t *state.Tx) error {
		if err := stillWanted(&t.Reader, s); err != nil {
			return err
		}
		if err := putEvents(t, []*model.CertificateEvent{e.event(s, kind, "valid until %s", leaf.NotAfter)}); err != nil {
			return err
		}
		return errors.Join(t.Put(leaf), t.Put(w))
	})
	if err != nil {
		return err
	}
	if e.c.Metrics != nil {
		e.c.Metrics.issued.WithLabelValues(kind).Inc()
	}
	e.c.Log.Info("certificate "+kind, zap.String("certificate", s.ARN), zap.String("name", string(s.DomainName())), zap.Time("not_after", leaf.NotAfter))
	return nil
}
