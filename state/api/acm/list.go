package acm

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

type listCertificatesRequest struct {
	CertificateStatuses []string `json:"CertificateStatuses" eachenum:"PENDING_VALIDATION|ISSUED|INACTIVE|EXPIRED|VALIDATION_TIMED_OUT|REVOKED|FAILED"`
	Includes            *filters `json:"Includes"`
	NextToken           string   `json:"NextToken" aws:"min=1,max=10000"`
	MaxItems            *int64   `json:"MaxItems" aws:"min=1,max=1000"`
	SortBy              string   `json:"SortBy" enum:"CREATED_AT"`
	SortOrder           string   `json:"SortOrder" enum:"ASCENDING|DESCENDING"`
}

type filters struct {
	ExtendedKeyUsage []string `json:"extendedKeyUsage" eachenum:"TLS_WEB_SERVER_AUTHENTICATION|TLS_WEB_CLIENT_AUTHENTICATION|CODE_SIGNING|EMAIL_PROTECTION|TIME_STAMPING|OCSP_SIGNING|IPSEC_END_SYSTEM|IPSEC_TUNNEL|IPSEC_USER|ANY|NONE|CUSTOM"`
	KeyUsage         []string `json:"keyUsage" eachenum:"DIGITAL_SIGNATURE|NON_REPUDIATION|KEY_ENCIPHERMENT|DATA_ENCIPHERMENT|KEY_AGREEMENT|CERTIFICATE_SIGNING|CRL_SIGNING|ENCIPHER_ONLY|DECIPHER_ONLY|ANY|CUSTOM"`
	KeyTypes         []string `json:"keyTypes" eachenum:"RSA_1024|RSA_2048|RSA_3072|RSA_4096|EC_prime256v1|EC_secp384r1|EC_secp521r1"`
	ExportOption     string   `json:"exportOption" enum:"ENABLED|DISABLED"`
	ManagedBy        string   `json:"managedBy" enum:"CLOUDFRONT"`
}

type listCertificatesResponse struct {
	NextToken              string               `json:"NextToken,omitempty"`
	CertificateSummaryList []certificateSummary `json:"CertificateSummaryList"`
}

// certificateSummary is the API's CertificateSummary.
type certificateSummary struct {
	CertificateArn                       string       `json:"CertificateArn"`
	DomainName                           string       `json:"DomainName"`
	SubjectAlternativeNameSummaries      []string     `json:"SubjectAlternativeNameSummaries,omitempty"`
	HasAdditionalSubjectAlternativeNames bool         `json:"HasAdditionalSubjectAlternativeNames"`
	Status                               string       `json:"Status"`
	Type                                 string       `json:"Type"`
	KeyAlgorithm                         string       `json:"KeyAlgorithm"`
	KeyUsages                            []string     `json:"KeyUsages,omitempty"`
	ExtendedKeyUsages                    []string     `json:"ExtendedKeyUsages,omitempty"`
	ExportOption                         string       `json:"ExportOption,omitempty"`
	InUse                                bool         `json:"InUse"`
	Exported                             *bool        `json:"Exported,omitempty"`
	RenewalEligibility                   string       `json:"RenewalEligibility"`
	NotBefore                            awsjson.Time `json:"NotBefore,omitzero"`
	NotAfter                             awsjson.Time `json:"NotAfter,omitzero"`
	CreatedAt                            awsjson.Time `json:"CreatedAt,omitzero"`
	IssuedAt                             awsjson.Time `json:"IssuedAt,omitzero"`
	ImportedAt                           awsjson.Time `json:"ImportedAt,omitzero"`
	RevokedAt                            awsjson.Time `json:"RevokedAt,omitzero"`
	ManagedBy                            string       `json:"ManagedBy,omitempty"`
}

// The sizes of a page and of the names shown in a summary.
const (
	defaultPage     = 100
	maxSummaryNames = 100
)

// listCertificates lists the caller's certificates in the Region. Without key
// types only those with keys of RSA up to 2048 bits are listed (aws-behaviour
// 7.2).
func listCertificates(c *call) (any, error) {
	var req listCertificatesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if (req.SortBy == "") != (req.SortOrder == "") {
		return nil, invalid("SortBy and SortOrder must be specified together.")
	}
	after, err := readToken(req.NextToken)
	if err != nil {
		return nil, err
	}
	var found []model.CertificateState
	err = c.view(func(rd *state.Reader) error {
		c.own(rd, func(s model.CertificateState) {
			if c.listed(&req, s) {
				found = append(found, s)
			}
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	order := func(a, b position) int { return cmp.Compare(a.ARN, b.ARN) }
	if req.SortBy != "" {
		order = position.compare
	}
	if req.SortOrder == "DESCENDING" {
		order = func(a, b position) int { return b.compare(a) }
	}
	size := defaultPage
	if req.MaxItems != nil {
		size = int(*req.MaxItems)
	}
	now, next := page(found, size, after, order)
	res := listCertificatesResponse{NextToken: next, CertificateSummaryList: []certificateSummary{}}
	for _, s := range now {
		res.CertificateSummaryList = append(res.CertificateSummaryList, c.summary(s))
	}
	return res, nil
}

// listed tells whether a certificate passes the filters of a request.
func (c *call) listed(req *listCertificatesRequest, s model.CertificateState) bool {
	if len(req.CertificateStatuses) > 0 && !slices.Contains(req.CertificateStatuses, s.Status(c.config.Now())) {
		return false
	}
	f := req.Includes
	if f == nil {
		f = new(filters)
	}
	types := f.KeyTypes
	if len(types) == 0 {
		types = []string{model.KeyRSA1024, model.KeyRSA2048}
	}
	if !slices.Contains(types, s.KeyAlgorithm) {
		return false
	}
	if f.ExportOption != "" && f.ExportOption != optionsOf(s.Certificate).Export || f.ManagedBy != "" && f.ManagedBy != s.ManagedBy {
		return false
	}
	usages, extended := usagesOf(s)
	return matches(f.KeyUsage, usages) && matches(f.ExtendedKeyUsage, extended)
}

// matches tells whether one of the wanted usages is there, or none is wanted.
func matches(wanted, there []string) bool {
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(wanted, func(w string) bool {
		return slices.Contains(there, w) || w == "ANY" && len(there) > 0 || w == "NONE" && len(there) == 0
	})
}

// usagesOf returns what the key of an issued certificate is for.
func usagesOf(s model.CertificateState) (usages, extended []string) {
	if s.Leaf == nil {
		return nil, nil
	}
	leaf, err := x509.ParseCertificate(s.Leaf.Chain[0])
	if err != nil {
		return nil, nil
	}
	for _, u := range certificate.ExtendedKeyUsages(leaf) {
		extended = append(extended, u.Name)
	}
	return certificate.KeyUsages(leaf), extended
}

func (c *call) summary(s model.CertificateState) certificateSummary {
	now := c.config.Now()
	out := certificateSummary{
		CertificateArn: s.ARN, DomainName: text(s.DomainName()), Status: s.Status(now), Type: s.Type, KeyAlgorithm: s.KeyAlgorithm,
		ExportOption: optionsOf(s.Certificate).Export, InUse: len(c.config.InUseBy(s.ARN)) > 0, RenewalEligibility: c.eligibility(s, now),
		ManagedBy: s.ManagedBy,
	}
	out.SubjectAlternativeNameSummaries = texts(s.Names[:min(len(s.Names), maxSummaryNames)])
	out.HasAdditionalSubjectAlternativeNames = len(s.Names) > maxSummaryNames
	out.KeyUsages, out.ExtendedKeyUsages = usagesOf(s)
	if s.Type == model.CertificateImported {
		out.ImportedAt = awsjson.Time(s.Created)
	} else {
		exported := s.Exported != nil
		out.CreatedAt, out.Exported = awsjson.Time(s.Created), &exported
	}
	if s.Leaf != nil {
		out.NotBefore, out.NotAfter = awsjson.Time(s.Leaf.NotBefore), awsjson.Time(s.Leaf.NotAfter)
		if s.Type == model.CertificateIssued {
			out.IssuedAt = awsjson.Time(s.Leaf.Issued)
		}
	}
	if s.Revoked != nil {
		out.RevokedAt = awsjson.Time(s.Revoked.At)
	}
	return out
}

// position is where a certificate stands in a list: a page goes on behind one,
// whatever was added or deleted meanwhile.
type position struct {
	Created int64  `json:"c"` // milliseconds since 1970
	ARN     string `json:"a"`
}

func positionOf(s model.CertificateState) position { return position{s.Created.UnixMilli(), s.ARN} }

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.Created, q.Created), cmp.Compare(p.ARN, q.ARN))
}

// readToken returns the position that a token names, nil for none.
func readToken(token string) (*position, error) {
	if token == "" {
		return nil, nil
	}
	var p position
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil || p.ARN == "" {
		return nil, awserr.New(awserr.InvalidCertificateArgs, "The NextToken is not one that this endpoint has given.")
	}
	return &p, nil
}

// page returns up to size certificates behind a position, in order, and the
// token for those behind them.
func page(all []model.CertificateState, size int, after *position, order func(a, b position) int) ([]model.CertificateState, string) {
	slices.SortFunc(all, func(a, b model.CertificateState) int { return order(positionOf(a), positionOf(b)) })
	if after != nil {
		all = slices.DeleteFunc(all, func(s model.CertificateState) bool { return order(positionOf(s), *after) <= 0 })
	}
	if len(all) <= size {
		return all, ""
	}
	data, err := json.Marshal(positionOf(all[size-1]))
	if err != nil {
		return all[:size], "" // impossible: a number and text
	}
	return all[:size], base64.RawURLEncoding.EncodeToString(data)
}
