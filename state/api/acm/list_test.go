package acm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// names lists and returns the domain names, in order.
func (e *endpoint) names(in *acm.ListCertificatesInput) []string {
	e.t.Helper()
	var out []string
	pages := acm.NewListCertificatesPaginator(e, in)
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			e.t.Fatal(err)
		}
		for _, s := range p.CertificateSummaryList {
			out = append(out, *s.DomainName)
		}
	}
	return out
}

// TestListFilters: aws-behaviour 7.2 and 7.8 check 8.
func TestListFilters(t *testing.T) {
	e := serve(t, nil)
	e.request("rsa.example.org", nil)
	e.now = e.now.Add(time.Second)
	ec := e.request("ec.example.org", func(in *acm.RequestCertificateInput) { in.KeyAlgorithm = types.KeyAlgorithmEcPrime256v1 })
	e.now = e.now.Add(time.Second)
	e.request("export.example.org", exportable)
	e.now = e.now.Add(time.Second)
	e.request("managed.example.org", func(in *acm.RequestCertificateInput) { in.ManagedBy = types.CertificateManagedByCloudfront })
	e.now = e.now.Add(time.Second)
	if _, err := e.ImportCertificate(ctx, importInput(t, pair(t, e.now, "import.example.org"))); err != nil {
		t.Fatal(err)
	}
	e.issue(ec)
	all := types.KeyAlgorithm("").Values()
	tests := []struct {
		name string
		in   acm.ListCertificatesInput
		want string
	}{
		{"only RSA by default", acm.ListCertificatesInput{}, "export managed rsa"},
		{"key types", acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: []types.KeyAlgorithm{types.KeyAlgorithmEcPrime256v1}}}, "ec import"},
		{"all key types", acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: all}}, "ec export import managed rsa"},
		{"status", acm.ListCertificatesInput{CertificateStatuses: []types.CertificateStatus{"ISSUED"}, Includes: &types.Filters{KeyTypes: all}}, "ec import"},
		{"pending", acm.ListCertificatesInput{CertificateStatuses: []types.CertificateStatus{"PENDING_VALIDATION"}}, "export managed rsa"},
		{"key usage", acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: all, KeyUsage: []types.KeyUsageName{"DIGITAL_SIGNATURE"}}}, "ec import"},
		{"other key usage", acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: all, KeyUsage: []types.KeyUsageName{"CRL_SIGNING"}}}, ""},
		{"extended key usage", acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: all, ExtendedKeyUsage: []types.ExtendedKeyUsageName{"TLS_WEB_SERVER_AUTHENTICATION"}}}, "ec import"},
		{"export option", acm.ListCertificatesInput{Includes: &types.Filters{ExportOption: types.CertificateExportEnabled}}, "export"},
		{"managed by", acm.ListCertificatesInput{Includes: &types.Filters{ManagedBy: types.CertificateManagedByCloudfront}}, "managed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := e.names(&tt.in)
			slices.Sort(got)
			if s := strings.ReplaceAll(strings.Join(got, " "), ".example.org", ""); s != tt.want {
				t.Errorf("ListCertificates = %q, want %q", s, tt.want)
			}
		})
	}
	sorted := func(order types.SortOrder) string {
		return strings.ReplaceAll(strings.Join(e.names(&acm.ListCertificatesInput{SortBy: types.SortByCreatedAt, SortOrder: order, Includes: &types.Filters{KeyTypes: all}, MaxItems: aws.Int32(2)}), " "), ".example.org", "")
	}
	if got, want := sorted("ASCENDING"), "rsa ec export managed import"; got != want {
		t.Errorf("ascending: %q, want %q", got, want)
	}
	if got, want := sorted("DESCENDING"), "import managed export ec rsa"; got != want {
		t.Errorf("descending: %q, want %q", got, want)
	}
}

func TestListPages(t *testing.T) {
	e := serve(t, nil)
	want := make(map[string]bool)
	for i := range 7 {
		name := fmt.Sprintf("a%d.example.org", i)
		e.request(name, nil)
		want[name] = true
	}
	first, err := e.ListCertificates(ctx, &acm.ListCertificatesInput{MaxItems: aws.Int32(3)})
	if err != nil || len(first.CertificateSummaryList) != 3 || first.NextToken == nil {
		t.Fatalf("the first page: %+v, %v", first, err)
	}
	for _, s := range first.CertificateSummaryList {
		delete(want, *s.DomainName)
	}
	// A certificate deleted from a page that was read moves none of the others.
	if _, err := e.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: first.CertificateSummaryList[2].CertificateArn}); err != nil {
		t.Fatal(err)
	}
	for _, name := range e.names(&acm.ListCertificatesInput{MaxItems: aws.Int32(3), NextToken: first.NextToken}) {
		if !want[name] {
			t.Errorf("%s is listed twice", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("%v are not listed", want)
	}
}

func TestListRefused(t *testing.T) {
	e := serve(t, nil)
	for _, tt := range []struct {
		name          string
		in            acm.ListCertificatesInput
		code, message string
	}{
		{"page size", acm.ListCertificatesInput{MaxItems: aws.Int32(1001)}, "ValidationException", "1 validation error detected: Value '1001' at 'maxItems'…"},
		{"token", acm.ListCertificatesInput{NextToken: aws.String("x")}, "InvalidArgsException", "The NextToken is not one that this endpoint has given."},
		{"order alone", acm.ListCertificatesInput{SortOrder: "ASCENDING"}, "ValidationException", "SortBy and SortOrder must be specified together."},
		{"status", acm.ListCertificatesInput{CertificateStatuses: []types.CertificateStatus{"X"}}, "ValidationException", "1 validation error detected: Value 'X' at 'certificateStatuses.1.member'…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.ListCertificates(ctx, &tt.in)
			wantError(t, err, tt.code, tt.message)
		})
	}
}

// TestProtocol: aws-behaviour 7.1.
func TestProtocol(t *testing.T) {
	e := serve(t, nil)
	for _, tt := range []struct {
		name, operation, body string
		status                int
		want                  string
	}{
		{"unknown operation", "Nonsense", "{}", 404, `{"__type":"UnknownOperationException","message":"The operation \"Nonsense\" is unknown."}`},
		{"no JSON", "ListCertificates", "{", 400, `{"__type":"SerializationException"`},
		{"missing", "DescribeCertificate", "{}", 400, `{"__type":"ValidationException","message":"1 validation error detected: Value null at 'certificateArn' failed to satisfy constraint: Member must not be null"}`},
		{"unknown member", "ListCertificates", `{"New":1}`, 200, `{"CertificateSummaryList":[]}`},
		{"no answer", "PutAccountConfiguration", `{"IdempotencyToken":"t"}`, 200, `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body := e.send(tt.operation, tt.body)
			if status != tt.status || !strings.HasPrefix(body, tt.want) {
				t.Errorf("%d %s, want %d %s", status, body, tt.status, tt.want)
			}
		})
	}
}

// FuzzRequests proves that whatever a document holds, each operation answers it
// or refuses it with an error of its own.
func FuzzRequests(f *testing.F) {
	e := serve(f, nil)
	arn := *e.request("example.org", nil)
	for name := range operations {
		f.Add(name, `{"CertificateArn":"`+arn+`","DomainName":"a.example.org","Tags":[{"Key":"k"}],"IdempotencyToken":"t"}`)
	}
	f.Add("ListCertificates", `{"NextToken":"e30","Includes":{"keyTypes":[]}}`)
	f.Fuzz(func(t *testing.T, operation, body string) {
		op, ok := operations[operation]
		if !ok {
			return
		}
		s := New(Config{Replica: e.replica, Sealer: e.sealer, Quotas: Quotas{Certificates: 50}})
		_, err := op(&call{Service: s, ctx: ctx, account: testAccount, region: "us-east-1", payload: []byte(body)})
		if err != nil && awserr.From(err).Code == awserr.InternalFailure {
			t.Errorf("%s %q = %v", operation, body, err)
		}
	})
}
