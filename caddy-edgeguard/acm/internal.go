package acm

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddypki"
	"github.com/smallstep/certificates/authority/provisioner"

	"github.com/edgestage/edgestage/state/model"
)

// InternalCA is a CA of Caddy's own PKI.
type InternalCA struct {
	ca       *caddypki.CA
	lifetime time.Duration
	now      func() time.Time
}

// NewInternalCA returns the authority that issues from a CA of Caddy's for a
// lifetime. now is the clock, nil the system's.
func NewInternalCA(ca *caddypki.CA, lifetime time.Duration, now func() time.Time) *InternalCA {
	if now == nil {
		now = time.Now
	}
	return &InternalCA{ca, lifetime, now}
}

// Directory implements [Authority].
func (*InternalCA) Directory() string { return "" }

// CAAIssuers implements [Authority]: none but ACM's.
func (*InternalCA) CAAIssuers(context.Context) ([]string, error) { return nil, nil }

// backdate is how long before now a certificate begins, for clocks that lag.
const backdate = time.Minute

// Issue implements [Authority]. Caddy's intermediate certificates live for a
// week: what is to live longer than the present one is signed by the root.
func (c *InternalCA) Issue(ctx context.Context, csr *x509.CertificateRequest, _ *model.Certificate) ([][]byte, error) {
	end := c.now().Add(c.lifetime)
	intermediates := c.ca.IntermediateCertificateChain()
	byRoot := len(intermediates) == 0 || end.After(intermediates[0].NotAfter)
	if root := c.ca.RootCertificate(); byRoot && end.After(root.NotAfter) {
		end = root.NotAfter
	}
	auth, err := c.ca.NewAuthority(caddypki.AuthorityConfig{SignWithRoot: byRoot})
	if err != nil {
		return nil, err
	}
	certs, err := auth.SignWithContext(ctx, csr, provisioner.SignOptions{}, validFor{c.now().Add(-backdate), end})
	if err != nil {
		return nil, err
	}
	var chain [][]byte
	for _, cert := range certs {
		if len(chain) > 0 && byRoot {
			break // the root itself is not sent
		}
		chain = append(chain, cert.Raw)
	}
	return chain, nil
}

// validFor sets when a certificate begins and ends.
type validFor struct{ from, until time.Time }

// Modify implements [provisioner.CertificateModifier].
func (v validFor) Modify(cert *x509.Certificate, _ provisioner.SignOptions) error {
	cert.NotBefore, cert.NotAfter = v.from, v.until
	return nil
}
