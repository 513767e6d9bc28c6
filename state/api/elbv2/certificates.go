package elbv2

import (
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// certificate is one, as requests name it.
type certificate struct {
	CertificateArn string `json:"CertificateArn" aws:"required,max=2048"`
	IsDefault      *bool  `json:"IsDefault"`
}

// certificateShape is one, as answers show it.
type certificateShape struct {
	CertificateArn string `xml:"CertificateArn"`
	IsDefault      *bool  `xml:"IsDefault"`
}

type listenerCertificatesRequest struct {
	ListenerArn  string        `json:"ListenerArn" aws:"required,max=2048"`
	Certificates []certificate `json:"Certificates" aws:"required,min=1"`
}

func (c *call) decodeCertificates() (listenerCertificatesRequest, error) {
	var req listenerCertificatesRequest
	if err := c.decode(&req); err != nil {
		return req, err
	}
	for _, cert := range req.Certificates {
		if cert.IsDefault != nil {
			return req, invalid("You cannot specify IsDefault for the certificates of a listener's list")
		}
	}
	return req, nil
}

type addResult struct {
	Certificates []certificateShape `xml:"Certificates>member"`
}

// addListenerCertificates puts certificates into a listener's list, all or
// none. Those that are there already are not added again (aws-behaviour 8.3).
func addListenerCertificates(c *call) (any, error) {
	req, err := c.decodeCertificates()
	if err != nil {
		return nil, err
	}
	_, err = c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		if _, err := c.listener(&t.Reader, req.ListenerArn); err != nil {
			return err
		}
		for _, cert := range req.Certificates {
			if err := c.checkCertificate(&t.Reader, cert.CertificateArn); err != nil {
				return err
			}
			row := &model.ListenerCertificate{Listener: req.ListenerArn, Certificate: cert.CertificateArn}
			if _, ok := t.Get(row.Table(), row.Key()); ok {
				continue
			}
			if err := t.Put(row); err != nil {
				return err
			}
		}
		if n := len(listed(&t.Reader, req.ListenerArn)); n > MaxCertificates {
			return awserr.New(awserr.TooManyCertificates, "The maximum number of certificates per load balancer is %d, not counting default certificates: there would be %d", MaxCertificates, n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out addResult
	for _, cert := range req.Certificates {
		out.Certificates = append(out.Certificates, certificateShape{cert.CertificateArn, new(bool)})
	}
	return out, nil
}

// removeListenerCertificates takes certificates out of a listener's list. What
// is not in it is passed over, but the default certificate, which cannot be
// removed (aws-behaviour 8.3).
func removeListenerCertificates(c *call) (any, error) {
	req, err := c.decodeCertificates()
	if err != nil {
		return nil, err
	}
	_, err = c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		b, err := c.listener(&t.Reader, req.ListenerArn)
		if err != nil {
			return err
		}
		for _, cert := range req.Certificates {
			row := &model.ListenerCertificate{Listener: req.ListenerArn, Certificate: cert.CertificateArn}
			if _, ok := t.Get(row.Table(), row.Key()); !ok && cert.CertificateArn == b.standby {
				return awserr.New(awserr.OperationNotPermitted, "Default certificate cannot be removed")
			}
			t.Delete(row.Table(), row.Key())
		}
		return nil
	})
	return empty{}, err
}

type describeCertificatesRequest struct {
	ListenerArn string  `json:"ListenerArn" aws:"required,max=2048"`
	Marker      *string `json:"Marker" aws:"max=4096"`
	PageSize    *int64  `json:"PageSize" aws:"min=1,max=400"`
}

type describeCertificatesResult struct {
	Certificates []certificateShape `xml:"Certificates>member"`
	NextMarker   string             `xml:"NextMarker,omitempty"`
}

// describeListenerCertificates shows the default certificate, then the list. One
// that is both stands twice (aws-behaviour 8.1).
func describeListenerCertificates(c *call) (any, error) {
	var req describeCertificatesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var all []certificateShape
	err := c.config.Replica.View(func(rd *state.Reader) error {
		b, err := c.listener(rd, req.ListenerArn)
		if err != nil {
			return err
		}
		yes, no := true, false
		if b.standby != "" {
			all = append(all, certificateShape{b.standby, &yes})
		}
		for _, arn := range listed(rd, req.ListenerArn) {
			all = append(all, certificateShape{arn, &no})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out describeCertificatesResult
	out.Certificates, out.NextMarker = page(all, req.Marker, req.PageSize, func(s certificateShape) string {
		if *s.IsDefault {
			return "0" // before every ARN
		}
		return s.CertificateArn
	})
	return out, nil
}

// modifyRequest is a ModifyListener: of what AWS lets change, here the default
// certificate is all that there is to change.
type modifyRequest struct {
	ListenerArn  string        `json:"ListenerArn" aws:"required,max=2048"`
	Port         *int64        `json:"Port" aws:"min=1,max=65535"`
	Protocol     string        `json:"Protocol" enum:"HTTP|HTTPS|TCP|TLS|UDP|TCP_UDP|GENEVE|QUIC|TCP_QUIC"`
	SslPolicy    *string       `json:"SslPolicy"`
	Certificates []certificate `json:"Certificates"`
	Actions      []struct {
		Type string `json:"Type"`
	} `json:"DefaultActions"`
	Alpn []string `json:"AlpnPolicy"`
	Auth *struct {
		Mode string `json:"Mode"`
	} `json:"MutualAuthentication"`
}

// unsupported returns what a request wants to change that the sites of the edges
// say here, "" for nothing.
func (r *modifyRequest) unsupported(now listenerShape) string {
	switch {
	case r.Port != nil && *r.Port != now.Port:
		return "Port"
	case r.Protocol != "" && r.Protocol != now.Protocol:
		return "Protocol"
	case r.SslPolicy != nil && *r.SslPolicy != now.SslPolicy:
		return "SslPolicy"
	case r.Actions != nil:
		return "DefaultActions"
	case r.Alpn != nil:
		return "AlpnPolicy"
	case r.Auth != nil && r.Auth.Mode != "off":
		return "MutualAuthentication"
	}
	return ""
}

// modifyListener changes a listener's default certificate. The API's word holds
// over those of Caddyfiles until one of them names another certificate.
func modifyListener(c *call) (any, error) {
	var req modifyRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if n := len(req.Certificates); n > 1 {
		return nil, invalid("Up to '1' certificate ARNs can be specified, but '%d' were specified", n)
	}
	if slices.ContainsFunc(req.Certificates, func(cert certificate) bool { return cert.IsDefault != nil }) {
		return nil, invalid("You cannot specify IsDefault for the default certificate of a listener")
	}
	var out listenersResult
	_, err := c.config.Replica.Commit(c.ctx, func(t *state.Tx) error {
		b, err := c.listener(&t.Reader, req.ListenerArn)
		if err != nil {
			return err
		}
		if what := req.unsupported(b.listenerShape()); what != "" {
			return awserr.New(awserr.InvalidConfigurationRequest, "%s of a listener cannot be changed here: the sites of the edges that serve it say so", what)
		}
		if len(req.Certificates) == 1 {
			if err := c.setDefault(t, b, req.Certificates[0].CertificateArn); err != nil {
				return err
			}
		}
		out.Listeners = []listenerShape{b.listenerShape()}
		return nil
	})
	return out, err
}

// setDefault makes a certificate the default one, in the API's own row.
func (c *call) setDefault(t *state.Tx, b *balancer, arn string) error {
	if err := c.checkCertificate(&t.Reader, arn); err != nil {
		return err
	}
	row := model.NewLoadBalancer(b.Account, b.DNSName, "")
	row.Since, row.DefaultCertificate = b.since, arn
	b.standby = arn
	return t.Put(row)
}
