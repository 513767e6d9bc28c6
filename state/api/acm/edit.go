package acm

import (
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

// deleteCertificate removes a certificate that nothing uses, with all that
// belongs to it.
func deleteCertificate(c *call) (any, error) {
	var req arnRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return nil, c.commit(func(t *state.Tx) error {
		s, err := c.certificate(&t.Reader, req.CertificateArn)
		if err != nil {
			return err
		}
		if len(c.config.InUseBy(s.ARN)) > 0 {
			return c.inUse(s.ARN)
		}
		t.Delete(model.TableCertificates, s.ARN)
		t.Delete(model.TableCertificateWork, s.ARN)
		t.Delete(model.TableCertificateLeaves, s.ARN)
		deletePrefix(t, model.TableCertificateMarks, model.CertificateMarkKey(s.ARN, ""))
		deletePrefix(t, model.TableTags, model.TagPrefix(model.TaggedCertificate, s.ID()))
		return nil
	})
}

func deletePrefix(t *state.Tx, table, prefix string) {
	var keys []string
	t.Range(table, prefix, "", func(v model.Value, _ state.Version) bool {
		keys = append(keys, v.Key())
		return true
	})
	for _, k := range keys {
		t.Delete(table, k)
	}
}

type updateCertificateOptionsRequest struct {
	arnRequest
	Options *certificateOptions `json:"Options" aws:"required"`
}

// updateCertificateOptions changes whether a certificate is to be logged. Its
// effect is that of AWS's: it is kept and told, from the next issuance on.
func updateCertificateOptions(c *call) (any, error) {
	var req updateCertificateOptionsRequest
	if err := c.decode(&req.arnRequest); err != nil {
		return nil, err
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return nil, c.commit(func(t *state.Tx) error {
		s, err := c.certificate(&t.Reader, req.CertificateArn)
		if err != nil {
			return err
		}
		if s.Type != model.CertificateIssued {
			return awserr.New(awserr.InvalidCertificateState, "The options of certificate %s cannot be changed: it was imported.", s.ARN)
		}
		export := optionsOf(s.Certificate).Export
		if req.Options.Export != "" && req.Options.Export != export {
			return awserr.New(awserr.InvalidCertificateState, "The export option of certificate %s is %s and cannot be changed: request a new certificate.", s.ARN, export)
		}
		next := *s.Certificate
		if p := req.Options.CertificateTransparencyLoggingPreference; p != "" {
			next.NoTransparency = p == disabled
		}
		next.Version++
		return t.Put(&next)
	})
}

type resendValidationEmailRequest struct {
	arnRequest
	Domain           string `json:"Domain" aws:"required,min=1,max=253"`
	ValidationDomain string `json:"ValidationDomain" aws:"required,min=1,max=253"`
}

// resendValidationEmail says why no mail is sent: the certificate is proven
// otherwise, or no longer waits, or there is nobody here who could send it.
func resendValidationEmail(c *call) (any, error) {
	var req resendValidationEmailRequest
	if err := c.decode(&req.arnRequest); err != nil {
		return nil, err
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return nil, c.view(func(rd *state.Reader) error {
		s, err := c.certificate(rd, req.CertificateArn)
		if err != nil {
			return err
		}
		checked := requestCertificateRequest{DomainValidationOptions: []domainValidationOption{{req.Domain, req.ValidationDomain}}}
		if _, err := validationDomains(&checked, s.Names); err != nil {
			return err
		}
		status := s.Status(c.config.Now())
		switch {
		case s.Type != model.CertificateIssued || s.Method != model.ValidateByEmail:
			return awserr.New(awserr.InvalidCertificateState, "Certificate %s is not validated by email.", s.ARN)
		case status != model.CertificatePending:
			return awserr.New(awserr.InvalidCertificateState, "Certificate %s does not wait for validation, its status is %s.", s.ARN, status)
		}
		return awserr.New(awserr.InvalidCertificateState, "No validation email is sent from here: request the certificate with ValidationMethod DNS.")
	})
}

// renewCertificate asks for the renewal of a certificate that was exported;
// others are renewed by themselves.
func renewCertificate(c *call) (any, error) {
	var req arnRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	return nil, c.commit(func(t *state.Tx) error {
		s, err := c.issued(&t.Reader, req.CertificateArn)
		if err != nil {
			return err
		}
		now := c.config.Now()
		switch {
		case s.Type != model.CertificateIssued || s.Exported == nil:
			return invalid("Certificate %s cannot be renewed by request: only a certificate that was exported can.", s.ARN)
		case s.Status(now) != model.CertificateActive:
			return invalid("Certificate %s cannot be renewed: its status is %s.", s.ARN, s.Status(now))
		case s.Asked != nil && s.Asked.At.After(s.Leaf.Issued) && s.Asked.At.After(s.Leaf.Renewed):
			return awserr.New(awserr.CertificateRequestInProgress, "The renewal of certificate %s is under way.", s.ARN)
		}
		return t.Put(&model.CertificateMark{ARN: s.ARN, Kind: model.MarkRenewal, At: now.UTC()})
	})
}

type expiryEvents struct {
	DaysBeforeExpiry *int64 `json:"DaysBeforeExpiry,omitempty" aws:"min=1"`
}

type accountConfiguration struct {
	ExpiryEvents     *expiryEvents `json:"ExpiryEvents"`
	IdempotencyToken string        `json:"IdempotencyToken,omitempty" aws:"required,min=1,max=32" pattern:"\\w+"`
}

func getAccountConfiguration(c *call) (any, error) {
	days := int64(model.DefaultDaysBeforeExpiry)
	err := c.view(func(rd *state.Reader) error {
		if v, ok := rd.Get(model.TableCertificateConfigurations, model.CertificateConfigurationKey(c.account, c.region)); ok {
			days = v.(*model.CertificateConfiguration).DaysBeforeExpiry
		}
		return nil
	})
	return accountConfiguration{ExpiryEvents: &expiryEvents{&days}}, err
}

func putAccountConfiguration(c *call) (any, error) {
	var req accountConfiguration
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if req.ExpiryEvents == nil || req.ExpiryEvents.DaysBeforeExpiry == nil {
		return nil, nil
	}
	row := &model.CertificateConfiguration{Account: c.account, Region: c.region, DaysBeforeExpiry: *req.ExpiryEvents.DaysBeforeExpiry}
	if row.DaysBeforeExpiry > model.DefaultDaysBeforeExpiry {
		return nil, invalid("DaysBeforeExpiry must be between 1 and %d, got %d.", model.DefaultDaysBeforeExpiry, row.DaysBeforeExpiry)
	}
	return nil, c.commit(func(t *state.Tx) error { return t.Put(row) })
}
