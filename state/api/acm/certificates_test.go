package acm

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// TestIssued: what is told of an issued certificate (aws-behaviour 7.5).
func TestIssued(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", func(in *acm.RequestCertificateInput) { in.KeyAlgorithm = types.KeyAlgorithmEcPrime256v1 })
	_, err := e.GetCertificate(ctx, &acm.GetCertificateInput{CertificateArn: arn})
	wantError(t, err, "RequestInProgressException", "Certificate "+*arn+" is not issued yet: it waits for validation.")
	e.issue(arn)
	d := e.describe(arn)
	if d.Status != types.CertificateStatusIssued || *d.Serial != "0a:1b:2c" || *d.Issuer != "Test CA" || !strings.HasPrefix(*d.Subject, "CN=example.org") ||
		*d.SignatureAlgorithm != "SHA256WITHECDSA" || d.KeyAlgorithm != types.KeyAlgorithmEcPrime256v1 || !d.IssuedAt.Equal(e.now) ||
		!d.NotAfter.Equal(e.now.Add(1000*time.Hour)) || d.KeyUsages[0].Name != types.KeyUsageNameDigitalSignature ||
		*d.ExtendedKeyUsages[0].OID != "1.3.6.1.5.5.7.3.1" || d.DomainValidationOptions[0].ValidationStatus != types.DomainStatusSuccess ||
		d.RenewalEligibility != types.RenewalEligibilityIneligible || d.RenewalSummary != nil {
		t.Errorf("DescribeCertificate = %+v", d)
	}
	got, err := e.GetCertificate(ctx, &acm.GetCertificateInput{CertificateArn: arn})
	if err != nil || !strings.HasPrefix(*got.Certificate, "-----BEGIN CERTIFICATE-----\n") {
		t.Errorf("GetCertificate = %+v, %v", got, err)
	}
	e.used[*arn] = []string{"arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web/1"}
	if d = e.describe(arn); !slices.Equal(d.InUseBy, e.used[*arn]) || d.RenewalEligibility != types.RenewalEligibilityEligible {
		t.Errorf("in use: %+v", d)
	}
	e.now = e.now.Add(1001 * time.Hour)
	if d = e.describe(arn); d.Status != types.CertificateStatusExpired || d.RenewalEligibility != types.RenewalEligibilityIneligible {
		t.Errorf("past its time: %s %s, want EXPIRED INELIGIBLE", d.Status, d.RenewalEligibility)
	}
}

// TestRenewalSummary: aws-behaviour 7.6.
func TestRenewalSummary(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", nil)
	e.issue(arn)
	e.put(&model.CertificateWork{ARN: *arn, Renewal: &model.CertificateRenewal{
		Status: model.RenewalPendingValidation, Updated: e.now, Names: []model.NameValidation{{Name: "example.org.", Status: model.ValidationPending}},
	}})
	s := e.describe(arn).RenewalSummary
	if s == nil || s.RenewalStatus != types.RenewalStatusPendingValidation || !s.UpdatedAt.Equal(e.now) ||
		s.DomainValidationOptions[0].ValidationStatus != types.DomainStatusPendingValidation || s.DomainValidationOptions[0].ResourceRecord == nil {
		t.Errorf("RenewalSummary = %+v", s)
	}
}

// TestDelete: aws-behaviour 7.2 and 7.8 check 7.
func TestDelete(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", func(in *acm.RequestCertificateInput) { in.Tags = []types.Tag{{Key: aws.String("k")}} })
	e.issue(arn)
	e.put(&model.CertificateWork{ARN: *arn}, &model.CertificateMark{ARN: *arn, Kind: model.MarkExported, At: e.now})
	e.used[*arn] = []string{"x"}
	_, err := e.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: arn})
	wantError(t, err, "ResourceInUseException", "Certificate "+*arn+" in account 111111111111 is in use.")
	delete(e.used, *arn)
	if _, err := e.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: arn}); err != nil {
		t.Fatal(err)
	}
	_, err = e.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: arn})
	wantError(t, err, "ResourceNotFoundException", "Could not find certificate "+*arn+".")
	_ = e.replica.View(func(rd *state.Reader) error {
		for _, table := range []string{model.TableCertificates, model.TableCertificateLeaves, model.TableCertificateWork, model.TableCertificateMarks, model.TableTags} {
			if n := rd.Count(table, "", 0); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
		return nil
	})
}

// TestARNs: what every operation on a certificate says to an ARN that is none
// of the caller's.
func TestARNs(t *testing.T) {
	e := serve(t, nil)
	mine := *e.request("example.org", nil)
	missing := model.NewCertificateARN("us-east-1", testAccount, "missing")
	operations := map[string]func(c *acm.Client, arn *string) error{
		"Describe": func(c *acm.Client, arn *string) error {
			_, err := c.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: arn})
			return err
		},
		"Get": func(c *acm.Client, arn *string) error {
			_, err := c.GetCertificate(ctx, &acm.GetCertificateInput{CertificateArn: arn})
			return err
		},
		"Delete": func(c *acm.Client, arn *string) error {
			_, err := c.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: arn})
			return err
		},
		"Export": func(c *acm.Client, arn *string) error {
			_, err := c.ExportCertificate(ctx, &acm.ExportCertificateInput{CertificateArn: arn, Passphrase: []byte("pass")})
			return err
		},
		"Import": func(c *acm.Client, arn *string) error {
			in := importInput(t, pair(t, e.now, "example.org"))
			in.CertificateArn = arn
			_, err := c.ImportCertificate(ctx, in)
			return err
		},
		"ListTags": func(c *acm.Client, arn *string) error {
			_, err := c.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: arn})
			return err
		},
		"AddTags": func(c *acm.Client, arn *string) error {
			_, err := c.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{CertificateArn: arn, Tags: []types.Tag{{Key: aws.String("k")}}})
			return err
		},
		"RemoveTags": func(c *acm.Client, arn *string) error {
			_, err := c.RemoveTagsFromCertificate(ctx, &acm.RemoveTagsFromCertificateInput{CertificateArn: arn, Tags: []types.Tag{{Key: aws.String("k")}}})
			return err
		},
		"Renew": func(c *acm.Client, arn *string) error {
			_, err := c.RenewCertificate(ctx, &acm.RenewCertificateInput{CertificateArn: arn})
			return err
		},
		"Resend": func(c *acm.Client, arn *string) error {
			_, err := c.ResendValidationEmail(ctx, &acm.ResendValidationEmailInput{CertificateArn: arn, Domain: aws.String("a.org"), ValidationDomain: aws.String("a.org")})
			return err
		},
		"UpdateOptions": func(c *acm.Client, arn *string) error {
			_, err := c.UpdateCertificateOptions(ctx, &acm.UpdateCertificateOptionsInput{CertificateArn: arn, Options: &types.CertificateOptions{}})
			return err
		},
		"Revoke": func(c *acm.Client, arn *string) error {
			_, err := c.RevokeCertificate(ctx, &acm.RevokeCertificateInput{CertificateArn: arn, RevocationReason: types.RevocationReasonUnspecified})
			return err
		},
	}
	tests := []struct {
		name, arn     string
		client        *acm.Client
		code, message string
	}{
		{"missing", missing, e.Client, "ResourceNotFoundException", "Could not find certificate " + missing + "."},
		{"another account's", mine, e.as(otherAccount, "us-east-1"), "ResourceNotFoundException", "Could not find certificate " + mine + "."},
		{"another Region's", mine, e.as(testAccount, "eu-west-1"), "ResourceNotFoundException", "Could not find certificate " + mine + "."},
		{"no certificate's", "arn:aws:acm:us-east-1:111111111111:something/else", e.Client, "InvalidArnException", "The ARN arn:aws:acm:us-east-1:111111111111:something/else is not the ARN of a certificate."},
	}
	for name, do := range operations {
		for _, tt := range tests {
			t.Run(name+" "+tt.name, func(t *testing.T) { wantError(t, do(tt.client, &tt.arn), tt.code, tt.message) })
		}
		if name == "Import" {
			continue // its ARN need not be given
		}
		t.Run(name+" without", func(t *testing.T) {
			wantError(t, do(e.Client, aws.String("short")), "ValidationException", "2 validation errors detected: Value 'short' at 'certificateArn' failed to satisfy constraint: Member must have length greater than or equal to 20; …")
		})
	}
}

// TestImport: aws-behaviour 7.6. Package certificate tests what is refused.
func TestImport(t *testing.T) {
	e := serve(t, nil)
	in := importInput(t, pair(t, e.now, "example.org", "*.example.org"))
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}
	out, err := e.ImportCertificate(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	d := e.describe(out.CertificateArn)
	if d.Type != types.CertificateTypeImported || d.Status != types.CertificateStatusIssued || d.ImportedAt == nil || d.CreatedAt != nil || d.IssuedAt != nil ||
		len(d.DomainValidationOptions) != 0 || d.RenewalEligibility != types.RenewalEligibilityIneligible || len(d.SubjectAlternativeNames) != 2 {
		t.Errorf("DescribeCertificate of an import = %+v", d)
	}
	again := importInput(t, pair(t, e.now.Add(time.Hour), "example.org"))
	again.CertificateArn = out.CertificateArn
	if out, err = e.ImportCertificate(ctx, again); err != nil || *out.CertificateArn != *d.CertificateArn {
		t.Fatalf("importing again: %+v, %v", out, err)
	}
	if d = e.describe(out.CertificateArn); len(d.SubjectAlternativeNames) != 1 || !d.NotAfter.Equal(e.now.Add(1001*time.Hour)) {
		t.Errorf("after importing again: %+v", d)
	}
	again.Tags = in.Tags
	_, err = e.ImportCertificate(ctx, again)
	wantError(t, err, "InvalidParameterException", "You cannot apply tags when reimporting a certificate.")
	again.Tags, again.CertificateArn = nil, e.request("example.org", nil)
	_, err = e.ImportCertificate(ctx, again)
	wantError(t, err, "ValidationException", "Certificate "+*again.CertificateArn+" was not imported: it cannot be replaced by an import.")
	in.PrivateKey = []byte("x")
	_, err = e.ImportCertificate(ctx, in)
	wantError(t, err, "ValidationException", "the private key is not valid PEM")
	none := importInput(t, pair(t, e.now, ""))
	_, err = e.ImportCertificate(ctx, none)
	wantError(t, err, "ValidationException", "the certificate has no domain name, neither as common name nor as alternative name")
	_, err = e.ExportCertificate(ctx, &acm.ExportCertificateInput{CertificateArn: out.CertificateArn, Passphrase: []byte("pass")})
	wantError(t, err, "ValidationException", "Certificate ARN: "+*out.CertificateArn+" is not exportable: it must be requested with Options.Export ENABLED.")
}

// TestKeyless: a DNS node can neither import nor export.
func TestKeyless(t *testing.T) {
	e := serve(t, func(c *Config) { c.Sealer = nil })
	_, err := e.ImportCertificate(ctx, importInput(t, pair(t, e.now, "example.org")))
	wantError(t, err, "ValidationException", "This endpoint holds no sealing key, so that it can never read private keys: send ImportCertificate to the endpoint of an edge.")
	arn := e.request("example.org", exportable)
	e.issue(arn)
	_, err = e.ExportCertificate(ctx, &acm.ExportCertificateInput{CertificateArn: arn, Passphrase: []byte("pass")})
	wantError(t, err, "ValidationException", "This endpoint holds no sealing key, so that it can never read private keys: send ExportCertificate to the endpoint of an edge.")
}

func exportable(in *acm.RequestCertificateInput) {
	in.Options = &types.CertificateOptions{Export: types.CertificateExportEnabled}
}

// TestExport follows an exportable certificate: exported, then renewed and
// revoked by request, which others cannot be.
func TestExport(t *testing.T) {
	e := serve(t, nil)
	arn, other := e.request("example.org", exportable), e.request("example.org", nil)
	export := &acm.ExportCertificateInput{CertificateArn: arn, Passphrase: []byte("pass")}
	_, err := e.ExportCertificate(ctx, export)
	wantError(t, err, "RequestInProgressException", "Certificate "+*arn+" is not issued yet…")
	e.issue(arn)
	e.issue(other)
	renew := func(arn *string) error {
		_, err := e.RenewCertificate(ctx, &acm.RenewCertificateInput{CertificateArn: arn})
		return err
	}
	wantError(t, renew(arn), "ValidationException", "Certificate "+*arn+" cannot be renewed by request: only a certificate that was exported can.")
	out, err := e.ExportCertificate(ctx, export)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(*out.PrivateKey))
	cert, _ := pem.Decode([]byte(*out.Certificate))
	if block == nil || block.Type != "ENCRYPTED PRIVATE KEY" || cert == nil {
		t.Fatalf("ExportCertificate = %+v", out)
	}
	if _, err := x509.ParseCertificate(cert.Bytes); err != nil {
		t.Error(err)
	}
	if d := e.describe(arn); d.RenewalEligibility != types.RenewalEligibilityEligible || d.Options.Export != types.CertificateExportEnabled {
		t.Errorf("exported: %+v", d)
	}
	e.now = e.now.Add(time.Second)
	wantError(t, renew(arn), "", "")
	wantError(t, renew(arn), "RequestInProgressException", "The renewal of certificate "+*arn+" is under way.")
	revoke := func(arn *string) error {
		_, err := e.RevokeCertificate(ctx, &acm.RevokeCertificateInput{CertificateArn: arn, RevocationReason: types.RevocationReasonKeyCompromise})
		return err
	}
	wantError(t, revoke(other), "ValidationException", "Certificate "+*other+" cannot be revoked: only a certificate that was exported can.")
	e.used[*arn] = []string{"x"}
	wantError(t, revoke(arn), "ResourceInUseException", "Certificate "+*arn+" in account 111111111111 is in use.")
	delete(e.used, *arn)
	wantError(t, revoke(arn), "", "")
	wantError(t, revoke(arn), "ConflictException", "Certificate "+*arn+" cannot be revoked: its status is REVOKED.")
	if d := e.describe(arn); d.Status != types.CertificateStatusRevoked || d.RevocationReason != types.RevocationReasonKeyCompromise || !d.RevokedAt.Equal(e.now) {
		t.Errorf("revoked: %+v", d)
	}
	wantError(t, renew(arn), "ValidationException", "Certificate "+*arn+" cannot be renewed: its status is REVOKED.")
}

func TestOptions(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", nil)
	update := func(arn *string, o types.CertificateOptions) error {
		_, err := e.UpdateCertificateOptions(ctx, &acm.UpdateCertificateOptionsInput{CertificateArn: arn, Options: &o})
		return err
	}
	//lint:ignore SA1019 AWS has ended the choice, its model has the member still.
	wantError(t, update(arn, types.CertificateOptions{CertificateTransparencyLoggingPreference: "DISABLED"}), "", "")
	//lint:ignore SA1019 as above
	if o := e.describe(arn).Options; o.CertificateTransparencyLoggingPreference != "DISABLED" || o.Export != "DISABLED" {
		t.Errorf("Options = %+v, want DISABLED", o)
	}
	wantError(t, update(arn, types.CertificateOptions{Export: "ENABLED"}), "InvalidStateException", "The export option of certificate "+*arn+" is DISABLED and cannot be changed: request a new certificate.")
	out, err := e.ImportCertificate(ctx, importInput(t, pair(t, e.now, "example.org")))
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, update(out.CertificateArn, types.CertificateOptions{}), "InvalidStateException", "The options of certificate "+*out.CertificateArn+" cannot be changed: it was imported.")
}

func TestTags(t *testing.T) {
	e := serve(t, nil)
	arn := e.request("example.org", nil)
	tagOf := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	add := func(tags ...types.Tag) error {
		_, err := e.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{CertificateArn: arn, Tags: tags})
		return err
	}
	remove := func(tags ...types.Tag) error {
		_, err := e.RemoveTagsFromCertificate(ctx, &acm.RemoveTagsFromCertificateInput{CertificateArn: arn, Tags: tags})
		return err
	}
	wantTags := func(want string) {
		t.Helper()
		out, err := e.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tg := range out.Tags {
			got = append(got, *tg.Key+"="+*tg.Value)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("tags %q, want %q", s, want)
		}
	}
	wantTags("")
	wantError(t, add(tagOf("a", "1"), tagOf("b", "2"), types.Tag{Key: aws.String("c")}), "", "")
	wantTags("a=1 b=2 c=")
	wantError(t, add(tagOf("a", "3")), "", "")
	wantError(t, remove(tagOf("a", "1"), tagOf("b", "2"), types.Tag{Key: aws.String("c")}, tagOf("x", "")), "", "")
	wantTags("a=3")
	wantError(t, add(tagOf("a", "1"), tagOf("a", "2")), "InvalidTagException", "The tag key a stands twice in the request.")
	wantError(t, add(tagOf("a!", "")), "ValidationException", "1 validation error detected: Value 'a!' at 'tags.1.member.key'…")
	var many []types.Tag
	for i := range 50 {
		many = append(many, tagOf(fmt.Sprint("k", i), ""))
	}
	wantError(t, add(many...), "TooManyTagsException", "the TagSet: '51 tags' contains too many Tags, at most 50 are allowed")
	wantTags("a=3")
	_, err := e.TagResource(ctx, &acm.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{tagOf("d", "4")}})
	wantError(t, err, "", "")
	_, err = e.UntagResource(ctx, &acm.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
	wantError(t, err, "", "")
	wantTags("d=4")
	out, err := e.ListTagsForResource(ctx, &acm.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil || len(out.Tags) != 1 {
		t.Errorf("ListTagsForResource = %+v, %v", out, err)
	}
}

func TestAccountConfiguration(t *testing.T) {
	e := serve(t, nil)
	want := func(days int32) {
		t.Helper()
		out, err := e.GetAccountConfiguration(ctx, &acm.GetAccountConfigurationInput{})
		if err != nil || *out.ExpiryEvents.DaysBeforeExpiry != days {
			t.Errorf("GetAccountConfiguration = %+v, %v, want %d", out, err, days)
		}
	}
	put := func(days int32) error {
		_, err := e.PutAccountConfiguration(ctx, &acm.PutAccountConfigurationInput{IdempotencyToken: aws.String("t"), ExpiryEvents: &types.ExpiryEventsConfiguration{DaysBeforeExpiry: &days}})
		return err
	}
	want(45)
	wantError(t, put(10), "", "")
	want(10)
	wantError(t, put(46), "ValidationException", "DaysBeforeExpiry must be between 1 and 45, got 46.")
	wantError(t, put(0), "ValidationException", "1 validation error detected: Value '0' at 'expiryEvents.daysBeforeExpiry'…")
	e.Client = e.as(otherAccount, "us-east-1")
	want(45)
}
