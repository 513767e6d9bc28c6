package acm

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/edgestage/edgestage/state/model"
)

// TestValidationRecords: aws-behaviour 7.4 and 7.8 check 1.
func TestValidationRecords(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", func(in *acm.RequestCertificateInput) {
		in.SubjectAlternativeNames = []string{"*.example.org", "www.example.org", "EXAMPLE.org"}
	})
	d := e.describe(arn)
	if want := []string{"example.org", "*.example.org", "www.example.org"}; !reflect.DeepEqual(d.SubjectAlternativeNames, want) {
		t.Errorf("SubjectAlternativeNames = %q, want %q", d.SubjectAlternativeNames, want)
	}
	if d.Status != types.CertificateStatusPendingValidation || d.Type != types.CertificateTypeAmazonIssued || d.KeyAlgorithm != "RSA-2048" ||
		d.NotBefore != nil || d.IssuedAt != nil || d.CreatedAt == nil || !d.CreatedAt.Equal(e.now) || d.RenewalEligibility != types.RenewalEligibilityIneligible {
		t.Errorf("DescribeCertificate of a new request = %+v", d)
	}
	if len(d.DomainValidationOptions) != 3 {
		t.Fatalf("%d validation options, want 3", len(d.DomainValidationOptions))
	}
	apex, wild, www := d.DomainValidationOptions[0], d.DomainValidationOptions[1], d.DomainValidationOptions[2]
	if !reflect.DeepEqual(apex.ResourceRecord, wild.ResourceRecord) || *www.ResourceRecord.Name == *apex.ResourceRecord.Name {
		t.Errorf("records %+v, %+v, %+v: want the wildcard's to be the apex's, www's another", *apex.ResourceRecord, *wild.ResourceRecord, *www.ResourceRecord)
	}
	if rr := apex.ResourceRecord; rr.Type != "CNAME" || !regexp.MustCompile(`^_[0-9a-f]{32}\.example\.org\.$`).MatchString(*rr.Name) ||
		!regexp.MustCompile(`^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.$`).MatchString(*rr.Value) {
		t.Errorf("record %s %s %s", *rr.Name, rr.Type, *rr.Value)
	}
	again := e.describe(e.request("example.org", nil)).DomainValidationOptions[0].ResourceRecord
	if !reflect.DeepEqual(again, apex.ResourceRecord) {
		t.Errorf("a second request of the account asks for %v, want %v again", again, apex.ResourceRecord)
	}
	e.Client = e.as(otherAccount, "us-east-1")
	if other := e.describe(e.request("example.org", nil)).DomainValidationOptions[0].ResourceRecord; *other.Value == *apex.ResourceRecord.Value {
		t.Errorf("another account is asked for the same record %v", other)
	}
}

// TestRecordForACME: with an ACME CA the record stands where that CA looks.
func TestRecordForACME(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("*.example.org", nil)
	e.put(&model.CertificateAuthority{Directory: "https://ca.example.net/directory", Node: "edge", At: e.now})
	if got := *e.describe(arn).DomainValidationOptions[0].ResourceRecord.Name; got != "_acme-challenge.example.org." {
		t.Errorf("record name %q, want _acme-challenge.example.org.", got)
	}
}

// TestRequestRefused: the error rows of aws-behaviour 7.3.
func TestRequestRefused(t *testing.T) {
	e := serve(t, nil)
	long := strings.Repeat("a", 63) + ".org"
	many := func(n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("a%d.example.org", i))
		}
		return names
	}
	tags := func(n int) (tags []types.Tag) {
		for i := range n {
			tags = append(tags, types.Tag{Key: aws.String(fmt.Sprint("k", i))})
		}
		return tags
	}
	option := func(name, above string) func(in *acm.RequestCertificateInput) {
		return func(in *acm.RequestCertificateInput) {
			in.DomainValidationOptions = []types.DomainValidationOption{{DomainName: &name, ValidationDomain: &above}}
		}
	}
	pattern := func(path, value string) string {
		return fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, path, domainPattern)
	}
	tests := []struct {
		name, domain  string
		change        func(in *acm.RequestCertificateInput)
		code, message string
	}{
		{"first name too long", long, nil, "InvalidParameterException", "The first domain name can be no longer than 64 characters."},
		{"long SAN", "example.org", func(in *acm.RequestCertificateInput) { in.SubjectAlternativeNames = []string{long} }, "", ""},
		{"single label", "localhost", nil, "ValidationException", pattern("domainName", "localhost")},
		{"hyphen", "-a.example.org", nil, "ValidationException", pattern("domainName", "-a.example.org")},
		{"underscore", "_a.example.org", nil, "ValidationException", pattern("domainName", "_a.example.org")},
		{"inner wildcard", "a.*.example.org", nil, "ValidationException", pattern("domainName", "a.*.example.org")},
		{"partial wildcard", "a*.example.org", nil, "ValidationException", pattern("domainName", "a*.example.org")},
		{"trailing dot", "example.org.", nil, "ValidationException", pattern("domainName", "example.org.")},
		{"SAN", "example.org", func(in *acm.RequestCertificateInput) { in.SubjectAlternativeNames = []string{"a.org", "b"} }, "ValidationException", pattern("subjectAlternativeNames.2.member", "b")},
		{"ten names", "example.org", func(in *acm.RequestCertificateInput) { in.SubjectAlternativeNames = many(9) }, "", ""},
		{"eleven names", "example.org", func(in *acm.RequestCertificateInput) { in.SubjectAlternativeNames = many(10) }, "LimitExceededException", "Cannot request more than 10 domain names for a certificate, got 11."},
		{"101 SANs", "example.org", func(in *acm.RequestCertificateInput) { in.SubjectAlternativeNames = many(101) }, "ValidationException", "1 validation error detected: Value '[101 members]' at 'subjectAlternativeNames'…"},
		{"algorithm", "example.org", func(in *acm.RequestCertificateInput) { in.KeyAlgorithm = types.KeyAlgorithmRsa4096 }, "InvalidParameterException", "Encryption Algorithm RSA_4096 is not supported"},
		{"unknown algorithm", "example.org", func(in *acm.RequestCertificateInput) { in.KeyAlgorithm = "DSA" }, "ValidationException", "1 validation error detected: Value 'DSA' at 'keyAlgorithm'…"},
		{"P-384", "example.org", func(in *acm.RequestCertificateInput) { in.KeyAlgorithm = types.KeyAlgorithmEcSecp384r1 }, "", ""},
		{"token", "example.org", func(in *acm.RequestCertificateInput) { in.IdempotencyToken = aws.String("a b") }, "ValidationException", "1 validation error detected: Value 'a b' at 'idempotencyToken'…"},
		{"HTTP", "example.org", func(in *acm.RequestCertificateInput) { in.ValidationMethod = "HTTP" }, "InvalidParameterException", "HTTP validation is not supported here, use ValidationMethod DNS."},
		{"private CA", "example.org", func(in *acm.RequestCertificateInput) {
			in.CertificateAuthorityArn = aws.String("arn:aws:acm-pca:us-east-1:111111111111:certificate-authority/a")
		}, "InvalidParameterException", "Private certificate authorities are not supported here…"},
		{"option of another name", "example.org", option("example.net", "example.net"), "InvalidDomainValidationOptionsException",
			"The domain specified in ValidationOptions, example.net, is not the PrimaryDomain or part of SubjectAlternativeNames."},
		{"option beside", "www.example.org", option("www.example.org", "example.net"), "InvalidDomainValidationOptionsException",
			"The validation domain, example.net, must be a superdomain of the requested domain, www.example.org."},
		{"option above", "www.example.org", option("www.example.org", "example.org"), "", ""},
		{"50 tags", "example.org", func(in *acm.RequestCertificateInput) { in.Tags = tags(50) }, "", ""},
		{"51 tags", "example.org", func(in *acm.RequestCertificateInput) { in.Tags = tags(51) }, "TooManyTagsException", "the TagSet: '51 tags' contains too many Tags, at most 50 are allowed"},
		{"reserved tag", "example.org", func(in *acm.RequestCertificateInput) { in.Tags = []types.Tag{{Key: aws.String("aws:a")}} }, "InvalidTagException", "aws: prefixed tag key names are not allowed for external use."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.tryRequest(tt.domain, tt.change)
			wantError(t, err, tt.code, tt.message)
		})
	}
}

// TestIneligible: names for which ACM fails at once (aws-behaviour 7.3, 7.5).
func TestIneligible(t *testing.T) {
	e := serve(t, nil)
	tests := []struct {
		domain string
		reason types.FailureReason
	}{
		{"ab--c.example.org", types.FailureReasonInvalidPublicDomain},
		{"xn--bcher-kva.example.org", ""},
		{"a.cloudfront.net", types.FailureReasonDomainNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.domain, func(t *testing.T) {
			d := e.describe(e.request(tt.domain, nil))
			status := types.CertificateStatusFailed
			if tt.reason == "" {
				status = types.CertificateStatusPendingValidation
			}
			if d.FailureReason != tt.reason || d.Status != status {
				t.Errorf("%s: %s %s, want %s %s", tt.domain, d.Status, d.FailureReason, status, tt.reason)
			}
		})
	}
}

// TestIdempotency: aws-behaviour 7.3 and 7.8 check 5.
func TestIdempotency(t *testing.T) {
	e := serve(t, nil)
	e.now = time.Date(2026, 3, 1, 10, 50, 0, 0, time.UTC)
	ask := func(token string, names ...string) string {
		return *e.request(names[0], func(in *acm.RequestCertificateInput) {
			in.IdempotencyToken, in.SubjectAlternativeNames = &token, names[1:]
			if len(names) == 1 {
				in.SubjectAlternativeNames = nil
			}
		})
	}
	first := ask("t", "example.org", "a.example.org", "b.example.org")
	e.now = e.now.Add(59 * time.Minute)
	if again := ask("t", "example.org", "b.example.org", "a.example.org"); again != first {
		t.Errorf("the same request 59 minutes later makes %s, want %s", again, first)
	}
	for name, arn := range map[string]string{"other token": ask("u", "example.org", "a.example.org", "b.example.org"), "other names": ask("t", "example.org")} {
		if arn == first {
			t.Errorf("%s: the same certificate %s", name, arn)
		}
	}
	e.now = e.now.Add(time.Minute)
	if later := ask("t", "example.org", "a.example.org", "b.example.org"); later == first {
		t.Errorf("the same request an hour later makes %s again", later)
	}
	if a, b := *e.request("example.org", nil), *e.request("example.org", nil); a == b {
		t.Errorf("two requests without token make one certificate %s", a)
	}
}

// TestTimeOut: aws-behaviour 7.8 check 3.
func TestTimeOut(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", nil)
	e.now = e.now.Add(72*time.Hour - time.Second)
	if d := e.describe(arn); d.Status != types.CertificateStatusPendingValidation {
		t.Errorf("status %s before 72 hours, want PENDING_VALIDATION", d.Status)
	}
	e.now = e.now.Add(time.Second)
	d := e.describe(arn)
	if d.Status != types.CertificateStatusValidationTimedOut || d.DomainValidationOptions[0].ValidationStatus != types.DomainStatusFailed {
		t.Errorf("status %s, name %s after 72 hours, want VALIDATION_TIMED_OUT, FAILED", d.Status, d.DomainValidationOptions[0].ValidationStatus)
	}
	if _, err := e.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: arn}); err != nil {
		t.Errorf("deleting it: %v", err)
	}
}

// TestEmail: the default method (aws-behaviour 7.3); nobody sends mail.
func TestEmail(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("www.example.org", func(in *acm.RequestCertificateInput) {
		in.ValidationMethod = ""
		in.DomainValidationOptions = []types.DomainValidationOption{{DomainName: aws.String("www.example.org"), ValidationDomain: aws.String("example.org")}}
	})
	v := e.describe(arn).DomainValidationOptions[0]
	if v.ValidationMethod != types.ValidationMethodEmail || v.ResourceRecord != nil || *v.ValidationDomain != "example.org" || len(v.ValidationEmails) != 5 {
		t.Errorf("validation option %+v", v)
	}
	byDNS := e.request("example.org", nil)
	for _, tt := range []struct {
		name, arn, domain, above, code, message string
	}{
		{"mail", *arn, "www.example.org", "example.org", "InvalidStateException", "No validation email is sent from here…"},
		{"DNS", *byDNS, "example.org", "example.org", "InvalidStateException", "Certificate " + *byDNS + " is not validated by email."},
		{"other name", *arn, "example.net", "example.net", "InvalidDomainValidationOptionsException", "The domain specified in ValidationOptions, example.net…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.ResendValidationEmail(ctx, &acm.ResendValidationEmailInput{CertificateArn: &tt.arn, Domain: &tt.domain, ValidationDomain: &tt.above})
			wantError(t, err, tt.code, tt.message)
		})
	}
}

func TestQuota(t *testing.T) {
	e := serve(t, func(c *Config) { c.Quotas = Quotas{Certificates: 2} })
	e.request("example.org", nil)
	e.request("example.org", nil)
	_, err := e.tryRequest("example.org", nil)
	wantError(t, err, "LimitExceededException", "Cannot have more than 2 certificates.")
	_, err = e.ImportCertificate(ctx, importInput(t, pair(t, e.now, "example.org")))
	wantError(t, err, "LimitExceededException", "Cannot have more than 2 certificates.")
	e.Client = e.as(testAccount, "eu-west-1")
	e.request("example.org", nil)
}
