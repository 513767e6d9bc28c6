package acm

import (
	"errors"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

// keyless is the error of a node that holds no sealing key.
func keyless(operation string) error {
	return invalid("This endpoint holds no sealing key, so that it can never read private keys: send %s to the endpoint of an edge.", operation)
}

// sealing returns a sealer's error as the client is told it.
func sealing(operation string, err error) error {
	if errors.Is(err, seal.ErrNoKey) {
		return keyless(operation)
	}
	return err
}

type exportCertificateRequest struct {
	arnRequest
	Passphrase []byte `json:"Passphrase" aws:"required,min=4,max=128"`
}

type exportCertificateResponse struct {
	Certificate      string `json:"Certificate"`
	CertificateChain string `json:"CertificateChain,omitempty"`
	PrivateKey       string `json:"PrivateKey"`
}

// exportCertificate returns a certificate with its key, encrypted with a
// passphrase, if it was requested as exportable.
func exportCertificate(c *call) (any, error) {
	var req exportCertificateRequest
	if err := c.decode(&req.arnRequest); err != nil {
		return nil, err
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var s model.CertificateState
	err := c.view(func(rd *state.Reader) (err error) {
		s, err = c.issued(rd, req.CertificateArn)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case s.Type != model.CertificateIssued || !s.Exportable:
		return nil, invalid("Certificate ARN: %s is not exportable: it must be requested with Options.Export ENABLED.", s.ARN)
	case c.config.Sealer == nil:
		return nil, keyless("ExportCertificate")
	}
	pair, err := certificate.OpenLeaf(c.config.Sealer, s.Leaf)
	if err != nil {
		return nil, sealing("ExportCertificate", err)
	}
	key, err := certificate.EncryptKey(pair.Key, req.Passphrase)
	if err != nil {
		return nil, err
	}
	if s.Exported == nil {
		mark := &model.CertificateMark{ARN: s.ARN, Kind: model.MarkExported, At: c.config.Now().UTC()}
		if err := c.commit(func(t *state.Tx) error { return c.mark(t, mark) }); err != nil {
			return nil, err
		}
	}
	return exportCertificateResponse{certificate.PEM(pair.Chain[:1]), certificate.PEM(pair.Chain[1:]), key}, nil
}

// mark writes a mark on one of the caller's certificates, unless it is gone.
func (c *call) mark(t *state.Tx, m *model.CertificateMark) error {
	if _, err := c.certificate(&t.Reader, m.ARN); err != nil {
		return err
	}
	return t.Put(m)
}

type importCertificateRequest struct {
	CertificateArn   string `json:"CertificateArn" aws:"min=20,max=2048"`
	Certificate      []byte `json:"Certificate" aws:"required,min=1,max=32768"`
	PrivateKey       []byte `json:"PrivateKey" aws:"required,min=1,max=5120"`
	CertificateChain []byte `json:"CertificateChain" aws:"min=1,max=2097152"`
	Tags             []tag  `json:"Tags" aws:"min=1"`
}

// importCertificate takes a certificate and its key, as a new certificate or in
// the place of one imported before.
func importCertificate(c *call) (any, error) {
	var req importCertificateRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if c.config.Sealer == nil {
		return nil, keyless("ImportCertificate")
	}
	now := c.config.Now()
	pair, err := certificate.Parse(req.Certificate, req.CertificateChain, req.PrivateKey, now)
	if err != nil {
		return nil, invalid("%s", err)
	}
	cert := c.imported(pair)
	if len(cert.Names) == 0 {
		return nil, invalid("the certificate has no domain name, neither as common name nor as alternative name")
	}
	if req.CertificateArn != "" {
		if req.Tags != nil {
			return nil, badParameter("You cannot apply tags when reimporting a certificate.")
		}
		cert.ARN = req.CertificateArn
	}
	leaf, err := pair.NewLeaf(c.config.Sealer, cert.ARN, nil, now)
	if err != nil {
		return nil, sealing("ImportCertificate", err)
	}
	err = c.commit(func(t *state.Tx) error {
		if req.CertificateArn != "" {
			if err := c.mayReplace(&t.Reader, cert); err != nil {
				return err
			}
		} else if err := c.underQuota(&t.Reader); err != nil {
			return err
		}
		if err := c.putTags(t, cert.ID(), req.Tags); err != nil {
			return err
		}
		if err := t.Put(leaf); err != nil {
			return err
		}
		return t.Put(cert)
	})
	if err != nil {
		return nil, err
	}
	return arnResponse{cert.ARN}, nil
}

// imported returns the row of an import.
func (c *call) imported(p *certificate.Pair) *model.Certificate {
	cert := &model.Certificate{
		Account: c.account, Region: c.region, Names: certificate.Names(p.Leaf), Type: model.CertificateImported,
		KeyAlgorithm: certificate.Algorithm(p.Leaf.PublicKey), Created: c.config.Now().UTC(), Version: 1,
	}
	cert.ARN = c.requestARN(cert)
	return cert
}

// mayReplace returns an error unless cert can be imported in the place of the
// certificate that has its ARN: an imported one, with a key of the same
// algorithm while something uses it (aws-behaviour 7.6).
func (c *call) mayReplace(rd *state.Reader, cert *model.Certificate) error {
	old, err := c.certificate(rd, cert.ARN)
	if err != nil {
		return err
	}
	if old.Type != model.CertificateImported {
		return invalid("Certificate %s was not imported: it cannot be replaced by an import.", cert.ARN)
	}
	if users := c.config.InUseBy(cert.ARN); len(users) > 0 && old.KeyAlgorithm != cert.KeyAlgorithm {
		return invalid("Certificate %s is in use with a key of %s: the key of an import in its place must be the same, got %s.", cert.ARN, old.KeyAlgorithm, cert.KeyAlgorithm)
	}
	cert.Version = old.Version + 1
	return nil
}

type revokeCertificateRequest struct {
	arnRequest
	RevocationReason string `json:"RevocationReason" aws:"required" enum:"UNSPECIFIED|KEY_COMPROMISE|CA_COMPROMISE|AFFILIATION_CHANGED|SUPERCEDED|SUPERSEDED|CESSATION_OF_OPERATION|CERTIFICATE_HOLD|REMOVE_FROM_CRL|PRIVILEGE_WITHDRAWN|A_A_COMPROMISE"`
}

// revokeCertificate takes an exported certificate out of service for good.
func revokeCertificate(c *call) (any, error) {
	var req revokeCertificateRequest
	if err := c.decode(&req.arnRequest); err != nil {
		return nil, err
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	err := c.commit(func(t *state.Tx) error {
		s, err := c.certificate(&t.Reader, req.CertificateArn)
		if err != nil {
			return err
		}
		status := s.Status(c.config.Now())
		switch {
		case s.Exported == nil || s.Type != model.CertificateIssued:
			return invalid("Certificate %s cannot be revoked: only a certificate that was exported can.", s.ARN)
		case status != model.CertificateActive:
			return awserr.New(awserr.CertificateConflict, "Certificate %s cannot be revoked: its status is %s.", s.ARN, status)
		case len(c.config.InUseBy(s.ARN)) > 0:
			return c.inUse(s.ARN)
		}
		return t.Put(&model.CertificateMark{ARN: s.ARN, Kind: model.MarkRevoked, At: c.config.Now().UTC(), Reason: req.RevocationReason})
	})
	if err != nil {
		return nil, err
	}
	return arnResponse{req.CertificateArn}, nil
}

func (c *call) inUse(arn string) error {
	return awserr.New(awserr.CertificateInUse, "Certificate %s in account %s is in use.", arn, c.account)
}
