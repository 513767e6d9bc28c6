// Package acm is the AWS Certificate Manager API (2015-12-08) over the
// replicated state: what clients ask for becomes one commit, what became of it
// is read from the rows of the node that they ask.
//
// It proves and issues nothing: edges do, when they see a request's row. Each
// operation is a function of a [call]; one family of them is a file. Shapes
// have the API's member names; errors are of package awserr; the contract is
// aws-behaviour 7. A [Service] is safe for concurrent use.
package acm

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
	"github.com/edgestage/edgestage/state/certificate"
	"github.com/edgestage/edgestage/state/model"
)

// target begins the X-Amz-Target of every operation.
const target = "CertificateManager"

// Config is what a [Service] is made of.
type Config struct {
	Replica *state.Replica
	// Sealer seals and opens private keys; nil on nodes that hold no sealing
	// key, which neither import nor export.
	Sealer certificate.Sealer
	// InUseBy returns the ARNs of what uses a certificate, sorted; nil: nothing
	// uses any.
	InUseBy func(arn string) []string
	// Quotas are AWS's where zero.
	Quotas Quotas
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Quotas are what an account may have in a Region (aws-behaviour 7.3).
type Quotas struct {
	Certificates int // 2,500
	Names        int // of a requested certificate: 10
}

// Service is the API.
type Service struct {
	config Config
}

var _ api.Service = (*Service)(nil)

// New returns a service. It has no side effects.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.InUseBy == nil {
		c.InUseBy = func(string) []string { return nil }
	}
	if c.Quotas.Certificates == 0 {
		c.Quotas.Certificates = 2500
	}
	if c.Quotas.Names == 0 {
		c.Quotas.Names = 10
	}
	return &Service{config: c}
}

// Scope implements [api.Service].
func (*Service) Scope() string { return "acm" }

// Owns implements [api.Service].
func (*Service) Owns(r *http.Request) bool {
	_, ok := awsjson.Operation(r, target)
	return ok
}

// WriteError implements [api.Service].
func (*Service) WriteError(w http.ResponseWriter, r *api.Request, e *awserr.Error) {
	if e.Code == awserr.Throttling {
		e = awserr.New("ThrottlingException", "%s", e.Message)
	}
	awsjson.WriteError(w, r, "message", e)
}

var operations = map[string]func(c *call) (any, error){
	"AddTagsToCertificate":      addTagsToCertificate,
	"DeleteCertificate":         deleteCertificate,
	"DescribeCertificate":       describeCertificate,
	"ExportCertificate":         exportCertificate,
	"GetAccountConfiguration":   getAccountConfiguration,
	"GetCertificate":            getCertificate,
	"ImportCertificate":         importCertificate,
	"ListCertificates":          listCertificates,
	"ListTagsForCertificate":    listTagsForCertificate,
	"PutAccountConfiguration":   putAccountConfiguration,
	"RemoveTagsFromCertificate": removeTagsFromCertificate,
	"RenewCertificate":          renewCertificate,
	"RequestCertificate":        requestCertificate,
	"ResendValidationEmail":     resendValidationEmail,
	"RevokeCertificate":         revokeCertificate,
	"ListTagsForResource":       listTagsForResource,
	"TagResource":               tagResource,
	"UntagResource":             untagResource,
	"UpdateCertificateOptions":  updateCertificateOptions,
}

// Serve implements [api.Service].
func (s *Service) Serve(w http.ResponseWriter, r *api.Request) error {
	name, _ := awsjson.Operation(r.Request, target)
	op, ok := operations[name]
	if !ok {
		return awserr.New(awserr.UnknownOperation, "The operation %.64q is unknown.", name)
	}
	r.Operation = name
	answer, err := op(&call{Service: s, ctx: r.Context(), account: r.Account, region: r.Region, payload: r.Payload})
	if err != nil {
		return err
	}
	return awsjson.Write(w, answer)
}

// call is one request to an operation.
type call struct {
	*Service
	ctx             context.Context
	account, region string
	payload         []byte
}

// decode reads the request document into v.
func (c *call) decode(v any) error {
	err := awsjson.Decode(c.payload, v)
	if broken := (awsjson.Constraints)(nil); errors.As(err, &broken) {
		return invalid("%s", broken)
	}
	return err
}

// invalid is the error of a request that its shapes forbid.
func invalid(format string, args ...any) error {
	return awserr.New(awserr.CertificateValidation, format, args...)
}

func badParameter(format string, args ...any) error {
	return awserr.New(awserr.InvalidCertificateParameter, format, args...)
}

// view reads the rows.
func (c *call) view(f func(rd *state.Reader) error) error { return c.config.Replica.View(f) }

// commit changes the rows.
func (c *call) commit(f func(t *state.Tx) error) error {
	_, err := c.config.Replica.Commit(c.ctx, f)
	return err
}

// arnRequest is the request that names a certificate and nothing else.
type arnRequest struct {
	CertificateArn string `json:"CertificateArn" aws:"required,min=20,max=2048" pattern:"arn:[\\w+=/,.@-]+:acm:[\\w+=/,.@-]*:[0-9]+:[\\w+=,.@-]+(/[\\w+=,.@-]+)*"`
}

// certificate returns the caller's certificate with an ARN.
func (c *call) certificate(rd *state.Reader, arn string) (model.CertificateState, error) {
	region, account, _, ok := model.ParseCertificateARN(arn)
	if !ok {
		return model.CertificateState{}, awserr.New(awserr.InvalidCertificateArn, "The ARN %.300s is not the ARN of a certificate.", arn)
	}
	if region == c.region && account == c.account {
		if s, ok := model.CertificateAt(rd, arn); ok {
			return s, nil
		}
	}
	return model.CertificateState{}, awserr.New(awserr.CertificateNotFound, "Could not find certificate %s.", arn)
}

// own calls f for each of the caller's certificates in the Region, in the order
// of ARNs.
func (c *call) own(rd *state.Reader, f func(s model.CertificateState)) {
	rd.Range(model.TableCertificates, model.CertificateARNPrefix(c.region, c.account), "", func(v model.Value, _ state.Version) bool {
		if s, ok := model.CertificateAt(rd, v.Key()); ok {
			f(s)
		}
		return true
	})
}

// authority returns who issues certificates, nil while no edge has said.
func authority(rd *state.Reader) *model.CertificateAuthority {
	if v, ok := rd.Get(model.TableCertificateAuthorities, model.CertificateAuthorityKey); ok {
		return v.(*model.CertificateAuthority)
	}
	return nil
}
