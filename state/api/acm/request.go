package acm

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

type requestCertificateRequest struct {
	DomainName              string                   `json:"DomainName" aws:"required,min=1,max=253"`
	ValidationMethod        string                   `json:"ValidationMethod" enum:"EMAIL|DNS|HTTP"`
	SubjectAlternativeNames []string                 `json:"SubjectAlternativeNames" aws:"min=1,max=100" each:"min=1,max=253"`
	IdempotencyToken        string                   `json:"IdempotencyToken" aws:"min=1,max=32" pattern:"\\w+"`
	DomainValidationOptions []domainValidationOption `json:"DomainValidationOptions" aws:"min=1,max=100"`
	Options                 *certificateOptions      `json:"Options"`
	CertificateAuthorityArn string                   `json:"CertificateAuthorityArn" aws:"min=20,max=2048"`
	Tags                    []tag                    `json:"Tags" aws:"min=1"`
	KeyAlgorithm            string                   `json:"KeyAlgorithm" enum:"RSA_1024|RSA_2048|RSA_3072|RSA_4096|EC_prime256v1|EC_secp384r1|EC_secp521r1"`
	ManagedBy               string                   `json:"ManagedBy" enum:"CLOUDFRONT"`
}

type domainValidationOption struct {
	DomainName       string `json:"DomainName" aws:"required,min=1,max=253"`
	ValidationDomain string `json:"ValidationDomain" aws:"required,min=1,max=253"`
}

type certificateOptions struct {
	CertificateTransparencyLoggingPreference string `json:"CertificateTransparencyLoggingPreference,omitempty" enum:"ENABLED|DISABLED"`
	Export                                   string `json:"Export,omitempty" enum:"ENABLED|DISABLED"`
}

type arnResponse struct {
	CertificateArn string `json:"CertificateArn"`
}

const (
	enabled  = "ENABLED"
	disabled = "DISABLED"
)

// idempotencyTime is how long an idempotency token counts (aws-behaviour 7.3).
const idempotencyTime = time.Hour

// requestCertificate writes down what is asked for. An edge does the rest.
func requestCertificate(c *call) (any, error) {
	var req requestCertificateRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	cert, err := c.requested(&req)
	if err != nil {
		return nil, err
	}
	err = c.commit(func(t *state.Tx) error {
		if old := c.sameRequest(&t.Reader, cert); old != nil {
			cert = old
			return nil
		}
		if err := c.underQuota(&t.Reader); err != nil {
			return err
		}
		if err := certificate.AddTokens(t, cert, c.config.Now()); err != nil {
			return err
		}
		if err := c.putTags(t, cert.ID(), req.Tags); err != nil {
			return err
		}
		if w := refused(cert, c.config.Now()); w != nil {
			if err := t.Put(w); err != nil {
				return err
			}
		}
		return t.Put(cert)
	})
	if err != nil {
		return nil, err
	}
	return arnResponse{cert.ARN}, nil
}

// requested returns the row that a request makes, without tokens, or why it
// makes none.
func (c *call) requested(req *requestCertificateRequest) (*model.Certificate, error) {
	names, err := requestedNames(req, c.config.Quotas.Names)
	if err != nil {
		return nil, err
	}
	if req.CertificateAuthorityArn != "" {
		return nil, badParameter("Private certificate authorities are not supported here, got CertificateAuthorityArn %.300s.", req.CertificateAuthorityArn)
	}
	cert := &model.Certificate{
		Account: c.account, Region: c.region, Names: names, Type: model.CertificateIssued,
		Method: req.ValidationMethod, KeyAlgorithm: req.KeyAlgorithm, Idempotency: req.IdempotencyToken,
		Created: c.config.Now().UTC(), ManagedBy: req.ManagedBy, Version: 1,
	}
	if cert.Method == "" {
		cert.Method = model.ValidateByEmail
	}
	if cert.Method == model.ValidateByHTTP {
		return nil, badParameter("HTTP validation is not supported here, use ValidationMethod DNS.")
	}
	switch cert.KeyAlgorithm {
	case "":
		cert.KeyAlgorithm = model.KeyRSA2048
	case model.KeyRSA2048, model.KeyECP256, model.KeyECP384:
	default:
		return nil, badParameter("Encryption Algorithm %s is not supported", cert.KeyAlgorithm)
	}
	if o := req.Options; o != nil {
		cert.NoTransparency = o.CertificateTransparencyLoggingPreference == disabled
		cert.Exportable = o.Export == enabled
	}
	cert.ValidationDomains, err = validationDomains(req, names)
	cert.ARN = c.requestARN(cert)
	return cert, err
}

// requestARN returns the ARN of a new request: with a token the same on each
// node for an hour of the clock, so that a retry through another node that has
// not heard of the first makes no second certificate; without, a new one.
func (c *call) requestARN(cert *model.Certificate) string {
	if cert.Idempotency == "" {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		return model.NewCertificateARN(c.region, c.account, hex.EncodeToString(b[:]))
	}
	hour := fmt.Sprint(cert.Created.Unix() / int64(idempotencyTime/time.Second))
	return model.NewCertificateARN(c.region, c.account, "token", cert.Idempotency, domainSet(cert.Names), hour)
}

// domainSet returns names as text that does not depend on their order.
func domainSet(names []model.Name) string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return fmt.Sprint(sorted)
}

// sameRequest returns the certificate that the same token asked for, for the
// same names, within the last hour; nil where there is none.
func (c *call) sameRequest(rd *state.Reader, cert *model.Certificate) *model.Certificate {
	if cert.Idempotency == "" {
		return nil
	}
	var found *model.Certificate
	rd.Range(model.TableCertificates, model.CertificateARNPrefix(c.region, c.account), "", func(v model.Value, _ state.Version) bool {
		old := v.(*model.Certificate)
		if old.Idempotency == cert.Idempotency && cert.Created.Sub(old.Created) < idempotencyTime && domainSet(old.Names) == domainSet(cert.Names) {
			found = old
		}
		return found == nil
	})
	return found
}

func (c *call) underQuota(rd *state.Reader) error {
	most := c.config.Quotas.Certificates
	if rd.Count(model.TableCertificates, model.CertificateARNPrefix(c.region, c.account), most) >= most {
		return awserr.New(awserr.CertificateLimitExceeded, "Cannot have more than %d certificates.", most)
	}
	return nil
}

// refused returns the state of a request that no certificate will ever be
// issued for, nil if one may be (aws-behaviour 7.3).
func refused(cert *model.Certificate, now time.Time) *model.CertificateWork {
	for _, n := range cert.Names {
		failure, reason := "", ""
		switch {
		case slices.ContainsFunc(strings.Split(string(n), "."), ineligibleLabel):
			failure, reason = model.FailureInvalidDomain, fmt.Sprintf("%s has a label with hyphens in its third and fourth place that is no IDN", n)
		case slices.ContainsFunc(amazonDomains, n.Within):
			failure, reason = model.FailureNotAllowed, fmt.Sprintf("%s is a name of AWS itself", n)
		default:
			continue
		}
		return &model.CertificateWork{
			ARN: cert.ARN, Failure: failure, Reason: reason, At: now.UTC(),
			Names: []model.NameValidation{{Name: n, Status: model.ValidationFailed, Reason: reason}},
		}
	}
	return nil
}

// amazonDomains are where ACM issues to nobody.
var amazonDomains = []model.Name{"amazonaws.com.", "cloudfront.net.", "elasticbeanstalk.com."}

func ineligibleLabel(l string) bool {
	return len(l) > 4 && l[2:4] == "--" && !strings.HasPrefix(l, "xn--")
}

// domainPattern is the pattern of names in AWS's words, with look-aheads that
// Go's expressions do not know.
const domainPattern = `(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])`

// domainName returns a name of a certificate, or a constraint with its path.
func domainName(path, text string) (model.Name, *awsjson.Constraint) {
	labels := strings.Split(strings.TrimPrefix(text, "*."), ".")
	ok := len(labels) >= 2 && len(labels[len(labels)-1]) >= 2
	for _, l := range labels {
		ok = ok && len(l) >= 1 && len(l) <= 63 && l[0] != '-' && l[len(l)-1] != '-' &&
			strings.Trim(l, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == ""
	}
	name, err := model.ParseName(strings.ToLower(text))
	if !ok || err != nil {
		return "", &awsjson.Constraint{Path: path, Value: text, Must: "satisfy regular expression pattern: " + domainPattern}
	}
	return name, nil
}

// requestedNames returns the names of a request: the domain name first, each
// once.
func requestedNames(req *requestCertificateRequest, most int) ([]model.Name, error) {
	var broken awsjson.Constraints
	var names []model.Name
	add := func(path, text string) {
		n, c := domainName(path, text)
		switch {
		case c != nil:
			broken = append(broken, *c)
		case !slices.Contains(names, n):
			names = append(names, n)
		}
	}
	add("domainName", req.DomainName)
	for i, text := range req.SubjectAlternativeNames {
		add(fmt.Sprintf("subjectAlternativeNames.%d.member", i+1), text)
	}
	switch {
	case len(broken) > 0:
		return nil, invalid("%s", broken)
	case len(req.DomainName) > 64:
		return nil, badParameter("The first domain name can be no longer than 64 characters.")
	case len(names) > most:
		return nil, awserr.New(awserr.CertificateLimitExceeded, "Cannot request more than %d domain names for a certificate, got %d.", most, len(names))
	}
	return names, nil
}

// validationDomains returns the pairs of name and superdomain that are given
// for proofs by mail.
func validationDomains(req *requestCertificateRequest, names []model.Name) ([]model.Name, error) {
	var pairs []model.Name
	for i, o := range req.DomainValidationOptions {
		path := fmt.Sprintf("domainValidationOptions.%d.member.", i+1)
		name, broken := domainName(path+"domainName", o.DomainName)
		above, more := domainName(path+"validationDomain", o.ValidationDomain)
		if broken == nil {
			broken = more
		}
		switch {
		case broken != nil:
			return nil, invalid("%s", awsjson.Constraints{*broken})
		case !slices.Contains(names, name):
			return nil, awserr.New(awserr.InvalidDomainValidationOptions,
				"The domain specified in ValidationOptions, %s, is not the PrimaryDomain or part of SubjectAlternativeNames.", o.DomainName)
		case !name.Within(above):
			return nil, awserr.New(awserr.InvalidDomainValidationOptions,
				"The validation domain, %s, must be a superdomain of the requested domain, %s.", o.ValidationDomain, o.DomainName)
		}
		pairs = append(pairs, name, above)
	}
	return pairs, nil
}
