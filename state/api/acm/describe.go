package acm

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

type describeCertificateResponse struct {
	Certificate *certificateDetail `json:"Certificate"`
}

// certificateDetail is the API's CertificateDetail (aws-behaviour 7.5): what
// does not apply is left out.
type certificateDetail struct {
	CertificateArn          string              `json:"CertificateArn"`
	DomainName              string              `json:"DomainName"`
	SubjectAlternativeNames []string            `json:"SubjectAlternativeNames,omitempty"`
	ManagedBy               string              `json:"ManagedBy,omitempty"`
	DomainValidationOptions []domainValidation  `json:"DomainValidationOptions,omitempty"`
	Serial                  string              `json:"Serial,omitempty"`
	Subject                 string              `json:"Subject,omitempty"`
	Issuer                  string              `json:"Issuer,omitempty"`
	CreatedAt               awsjson.Time        `json:"CreatedAt,omitzero"`
	IssuedAt                awsjson.Time        `json:"IssuedAt,omitzero"`
	ImportedAt              awsjson.Time        `json:"ImportedAt,omitzero"`
	Status                  string              `json:"Status"`
	RevokedAt               awsjson.Time        `json:"RevokedAt,omitzero"`
	RevocationReason        string              `json:"RevocationReason,omitempty"`
	NotBefore               awsjson.Time        `json:"NotBefore,omitzero"`
	NotAfter                awsjson.Time        `json:"NotAfter,omitzero"`
	KeyAlgorithm            string              `json:"KeyAlgorithm"`
	SignatureAlgorithm      string              `json:"SignatureAlgorithm,omitempty"`
	InUseBy                 []string            `json:"InUseBy"`
	FailureReason           string              `json:"FailureReason,omitempty"`
	Type                    string              `json:"Type"`
	RenewalSummary          *renewalSummary     `json:"RenewalSummary,omitempty"`
	KeyUsages               []keyUsage          `json:"KeyUsages,omitempty"`
	ExtendedKeyUsages       []extendedKeyUsage  `json:"ExtendedKeyUsages,omitempty"`
	RenewalEligibility      string              `json:"RenewalEligibility"`
	Options                 *certificateOptions `json:"Options,omitempty"`
}

type domainValidation struct {
	DomainName       string          `json:"DomainName"`
	ValidationEmails []string        `json:"ValidationEmails,omitempty"`
	ValidationDomain string          `json:"ValidationDomain,omitempty"`
	ValidationStatus string          `json:"ValidationStatus,omitempty"`
	ResourceRecord   *resourceRecord `json:"ResourceRecord,omitempty"`
	ValidationMethod string          `json:"ValidationMethod,omitempty"`
}

type resourceRecord struct {
	Name  string `json:"Name"`
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

type renewalSummary struct {
	RenewalStatus           string             `json:"RenewalStatus"`
	DomainValidationOptions []domainValidation `json:"DomainValidationOptions"`
	RenewalStatusReason     string             `json:"RenewalStatusReason,omitempty"`
	UpdatedAt               awsjson.Time       `json:"UpdatedAt"`
}

type keyUsage struct {
	Name string `json:"Name"`
}

type extendedKeyUsage struct {
	Name string `json:"Name"`
	OID  string `json:"OID"`
}

func describeCertificate(c *call) (any, error) {
	var req arnRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res describeCertificateResponse
	err := c.view(func(rd *state.Reader) error {
		s, err := c.certificate(rd, req.CertificateArn)
		if err == nil {
			res.Certificate = c.detail(s, authority(rd))
		}
		return err
	})
	return res, err
}

// text returns a name as ACM prints it, without the final dot.
func text(n model.Name) string { return strings.TrimSuffix(string(n), ".") }

func texts(names []model.Name) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = text(n)
	}
	return out
}

// detail returns all that is told about a certificate.
func (c *call) detail(s model.CertificateState, a *model.CertificateAuthority) *certificateDetail {
	now := c.config.Now()
	d := &certificateDetail{
		CertificateArn: s.ARN, DomainName: text(s.DomainName()), SubjectAlternativeNames: texts(s.Names), ManagedBy: s.ManagedBy,
		Status: s.Status(now), KeyAlgorithm: strings.ReplaceAll(s.KeyAlgorithm, "RSA_", "RSA-"), Type: s.Type,
		InUseBy: c.config.InUseBy(s.ARN), RenewalEligibility: c.eligibility(s, now), Options: optionsOf(s.Certificate),
	}
	if d.InUseBy == nil {
		d.InUseBy = []string{}
	}
	if s.Type == model.CertificateImported {
		d.ImportedAt = awsjson.Time(s.Created)
	} else {
		d.CreatedAt = awsjson.Time(s.Created)
		for _, n := range s.Names {
			d.DomainValidationOptions = append(d.DomainValidationOptions, validationOf(s, s.Validation(n, now), a))
		}
	}
	if s.Work != nil && d.Status == model.CertificateFailed {
		d.FailureReason = s.Work.Failure
	}
	if s.Work != nil && s.Work.Renewal != nil {
		d.RenewalSummary = renewalOf(s, s.Work.Renewal, a)
	}
	if s.Revoked != nil {
		d.RevokedAt, d.RevocationReason = awsjson.Time(s.Revoked.At), s.Revoked.Reason
	}
	d.describeLeaf(s)
	return d
}

func (d *certificateDetail) describeLeaf(s model.CertificateState) {
	if s.Leaf == nil {
		return
	}
	d.NotBefore, d.NotAfter = awsjson.Time(s.Leaf.NotBefore), awsjson.Time(s.Leaf.NotAfter)
	if s.Type == model.CertificateIssued {
		d.IssuedAt = awsjson.Time(s.Leaf.Issued)
	}
	leaf, err := x509.ParseCertificate(s.Leaf.Chain[0])
	if err != nil {
		return // the row was checked by who made it; the rest is still told
	}
	d.Serial, d.Subject, d.Issuer = colons(leaf.SerialNumber.Bytes()), leaf.Subject.String(), organization(leaf.Issuer)
	d.SignatureAlgorithm = signatureAlgorithms[leaf.SignatureAlgorithm]
	for _, name := range certificate.KeyUsages(leaf) {
		d.KeyUsages = append(d.KeyUsages, keyUsage{name})
	}
	for _, u := range certificate.ExtendedKeyUsages(leaf) {
		d.ExtendedKeyUsages = append(d.ExtendedKeyUsages, extendedKeyUsage{u.Name, u.OID})
	}
}

// organization names an issuer in one word or two.
func organization(n pkix.Name) string {
	if len(n.Organization) > 0 {
		return n.Organization[0]
	}
	return n.CommonName
}

// colons returns bytes in hexadecimal, with colons between them.
func colons(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for i, c := range b {
		if i > 0 {
			out.WriteByte(':')
		}
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

var signatureAlgorithms = map[x509.SignatureAlgorithm]string{
	x509.SHA256WithRSA: "SHA256WITHRSA", x509.SHA384WithRSA: "SHA384WITHRSA", x509.SHA512WithRSA: "SHA512WITHRSA",
	x509.ECDSAWithSHA256: "SHA256WITHECDSA", x509.ECDSAWithSHA384: "SHA384WITHECDSA", x509.ECDSAWithSHA512: "SHA512WITHECDSA",
	x509.SHA1WithRSA: "SHA1WITHRSA", x509.PureEd25519: "ED25519",
}

func optionsOf(cert *model.Certificate) *certificateOptions {
	o := &certificateOptions{CertificateTransparencyLoggingPreference: enabled, Export: disabled}
	if cert.NoTransparency || cert.Type == model.CertificateImported {
		o.CertificateTransparencyLoggingPreference = disabled
	}
	if cert.Exportable {
		o.Export = enabled
	}
	return o
}

// validationOf returns one name's proof with the record that is asked for.
func validationOf(s model.CertificateState, v model.NameValidation, a *model.CertificateAuthority) domainValidation {
	d := domainValidation{
		DomainName: text(v.Name), ValidationDomain: text(v.Name), ValidationStatus: v.Status, ValidationMethod: s.Method,
	}
	if s.Method == model.ValidateByEmail {
		above := model.BaseName(v.Name)
		for i := 0; i < len(s.ValidationDomains); i += 2 {
			if s.ValidationDomains[i] == v.Name {
				above = s.ValidationDomains[i+1]
			}
		}
		d.ValidationDomain = text(above)
		for _, who := range []string{"admin", "administrator", "hostmaster", "postmaster", "webmaster"} {
			d.ValidationEmails = append(d.ValidationEmails, who+"@"+text(above))
		}
		return d
	}
	if t, ok := s.Token(v.Name); ok {
		d.ResourceRecord = &resourceRecord{Name: string(t.RecordName(a)), Type: "CNAME", Value: string(t.Target)}
	}
	return d
}

func renewalOf(s model.CertificateState, r *model.CertificateRenewal, a *model.CertificateAuthority) *renewalSummary {
	out := &renewalSummary{
		RenewalStatus: r.Status, RenewalStatusReason: r.Failure, UpdatedAt: awsjson.Time(r.Updated),
		DomainValidationOptions: []domainValidation{},
	}
	for _, n := range r.Names {
		out.DomainValidationOptions = append(out.DomainValidationOptions, validationOf(s, n, a))
	}
	return out
}

// eligibility tells whether a certificate will be renewed (aws-behaviour 7.6).
func (c *call) eligibility(s model.CertificateState, now time.Time) string {
	used := len(c.config.InUseBy(s.ARN)) > 0 || s.Exported != nil
	if s.Type == model.CertificateIssued && !s.Foreign && s.Status(now) == model.CertificateActive && used {
		return "ELIGIBLE"
	}
	return "INELIGIBLE"
}

type getCertificateResponse struct {
	Certificate      string `json:"Certificate"`
	CertificateChain string `json:"CertificateChain,omitempty"`
}

func getCertificate(c *call) (any, error) {
	var req arnRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var res getCertificateResponse
	err := c.view(func(rd *state.Reader) error {
		s, err := c.issued(rd, req.CertificateArn)
		if err == nil {
			res = getCertificateResponse{certificate.PEM(s.Leaf.Chain[:1]), certificate.PEM(s.Leaf.Chain[1:])}
		}
		return err
	})
	return res, err
}

// issued returns the caller's certificate with an ARN once it is issued.
func (c *call) issued(rd *state.Reader, arn string) (model.CertificateState, error) {
	s, err := c.certificate(rd, arn)
	if err != nil || s.Leaf != nil {
		return s, err
	}
	if status := s.Status(c.config.Now()); status != model.CertificatePending {
		return s, awserr.New(awserr.CertificateNotFound, "Certificate %s was never issued, its status is %s.", arn, status)
	}
	return s, awserr.New(awserr.CertificateRequestInProgress, "Certificate %s is not issued yet: it waits for validation.", arn)
}
