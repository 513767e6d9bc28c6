package cloudfront

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/edgestage/edgestage/state/model"
)

// TestRules checks aws-behaviour 9.2 rules 1 to 9 and their order, for a new
// distribution of account two; account one has d1 with www.example.org, and d2
// with *.wild.example.org.
func TestRules(t *testing.T) {
	type setting struct {
		e *endpoint
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("n%d.example.org", i)
	}
	tests := []struct {
		name    string
		aliases []string
		cert    func(s *setting) string
		dns     []string
		strict  bool
		code    string // "": made
		words   string
	}{
		{name: "good", aliases: []string{"a.example.org"}},
		{name: "1 upper case", aliases: []string{"WWW.example.org"}, code: "InvalidArgument", words: "The parameter CNAME contains one or more parameters that are not valid."},
		{name: "1 trailing dot", aliases: []string{"a.example.org."}, code: "InvalidArgument"},
		{name: "8 star inside", aliases: []string{"a.*.example.org"}, code: "InvalidArgument"},
		{name: "8 star with more", aliases: []string{"*foo.example.org"}, code: "InvalidArgument"},
		{name: "a name of AWS", aliases: []string{"d9.cloudfront.net"}, code: "InvalidArgument"},
		{name: "9 quota", aliases: many, code: "TooManyDistributionCNAMEs"},
		{name: "9 quota, all but one", aliases: many[:100]},
		{name: "2 no certificate", aliases: []string{"a.example.org"}, cert: func(*setting) string { return "" }, code: "InvalidViewerCertificate", words: "you must attach a trusted certificate"},
		{name: "2 no such certificate", aliases: []string{"a.example.org"}, cert: func(s *setting) string {
			return model.NewCertificateARN("us-east-1", two, "none")
		}, code: "InvalidViewerCertificate", words: "doesn't exist, isn't in us-east-1 region"},
		{name: "2 other Region", aliases: []string{"a.example.org"}, cert: func(s *setting) string {
			return s.e.certificate(two, []string{"*.example.org"}, func(c *model.Certificate, _ *model.CertificateLeaf) { c.Region = "eu-west-3" })
		}, code: "InvalidViewerCertificate", words: "isn't in us-east-1 region"},
		{name: "2 another account's", aliases: []string{"a.example.org"}, cert: func(s *setting) string {
			return s.e.certificate(one, []string{"*.example.org"}, nil)
		}, code: "InvalidViewerCertificate", words: "doesn't exist"},
		{name: "2 chain before time", aliases: []string{"a.example.org"}, cert: func(s *setting) string {
			return s.e.certificate(two, []string{"x.example.net"}, func(_ *model.Certificate, l *model.CertificateLeaf) {
				l.Chain, l.NotAfter = [][]byte{{1}, {2}, {3}, {4}, {5}, {6}}, time.Unix(1, 0)
			})
		}, code: "InvalidViewerCertificate", words: "more than 5 certificates in its chain"},
		{name: "2 expired before not covering", aliases: []string{"a.example.org"}, cert: func(s *setting) string {
			return s.e.certificate(two, []string{"x.example.net"}, func(_ *model.Certificate, l *model.CertificateLeaf) { l.NotAfter = time.Unix(1, 0) })
		}, code: "InvalidViewerCertificate", words: "has expired"},
		{name: "2 not yet valid", aliases: []string{"a.example.org"}, cert: func(s *setting) string {
			return s.e.certificate(two, []string{"*.example.org"}, func(_ *model.Certificate, l *model.CertificateLeaf) { l.NotBefore = time.Now().Add(time.Hour) })
		}, code: "InvalidViewerCertificate", words: "not yet valid"},
		{name: "2 of IAM", aliases: []string{"a.example.org"}, cert: func(*setting) string { return "iam" }, code: "InvalidViewerCertificate", words: "doesn't exist"},
		{name: "3 apex", aliases: []string{"example.org"}, code: "InvalidViewerCertificate",
			words: "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add. For more details, see: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements"},
		{name: "3 deeper", aliases: []string{"a.b.example.org"}, code: "InvalidViewerCertificate", words: "doesn't cover"},
		{name: "3 the wildcard itself", aliases: []string{"*.example.org"}},
		{name: "4 other account", aliases: []string{"a.example.org", "www.example.org"}, code: "CNAMEAlreadyExists", words: "One or more of the CNAMEs you provided are already associated with a different resource."},
		{name: "4 before 5", aliases: []string{"www.example.org"}, dns: []string{"www.example.org. 1 IN CNAME d9.cloudfront.net."}, code: "CNAMEAlreadyExists", words: "already associated"},
		{name: "5 CNAME", aliases: []string{"a.example.org"}, dns: []string{"a.example.org. 1 IN CNAME b.example.org.", "b.example.org. 1 IN CNAME d9.cloudfront.net."},
			code: "CNAMEAlreadyExists", words: "One or more aliases specified for the distribution includes an incorrectly configured DNS record that points to another CloudFront distribution. You must update the DNS record to correct the problem."},
		{name: "5 elsewhere", aliases: []string{"a.example.org"}, dns: []string{"a.example.org. 1 IN CNAME www.example.net.", "www.example.net. 1 IN A 192.0.2.1"}},
		{name: "7 current", aliases: []string{"*.example.org"}},
		{name: "7 strict2018", aliases: []string{"*.example.org"}, strict: true, code: "CNAMEAlreadyExists"},
		{name: "7 strict2018, below a wildcard", aliases: []string{"x.wild.example.org"}, strict: true, cert: func(s *setting) string {
			return s.e.certificate(two, []string{"*.wild.example.org"}, nil)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &setting{e: serve(t)}
			e := s.e
			e.create(one, config("d1", e.certificate(one, []string{"*.example.org", "*.wild.example.org"}, nil), "www.example.org"))
			e.create(one, config("d2", e.certificate(one, []string{"*.wild.example.org"}, nil), "*.wild.example.org"))
			if tt.strict {
				e.put(&model.ClaimRules{Declarer: "strict", Wildcards: model.WildcardsStrict})
			}
			e.dns.set(t, tt.dns...)
			cert := ""
			if tt.cert == nil {
				cert = e.certificate(two, []string{"*.example.org"}, nil)
			} else {
				cert = tt.cert(s)
			}
			c := config("r", cert, tt.aliases...)
			if cert == "iam" {
				c.ViewerCertificate.ACMCertificateArn, c.ViewerCertificate.IAMCertificateId = nil, aws.String("ASCA")
			}
			out, err := e.as(two).CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: c})
			if tt.code != "" {
				wantError(t, err, tt.code, tt.words)
				list, _ := e.as(two).ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
				if len(list.DistributionList.Items) != 0 {
					t.Error("a refused distribution is there")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			// The same holds for a change.
			e.mustUpdate(two, *out.Distribution.Id, func(c *types.DistributionConfig) {})
			for _, host := range tt.aliases {
				e.owner(host, *out.Distribution.DomainName)
			}
		})
	}
}

// TestSameAccountOverlap checks rules 4 and 6 within an account.
func TestSameAccountOverlap(t *testing.T) {
	e := serve(t)
	e.put(&model.ClaimRules{Declarer: "strict", Wildcards: model.WildcardsStrict})
	cert := e.certificate(one, []string{"*.example.org"}, nil)
	e.create(one, config("a", cert, "www.example.org"))
	e.create(one, config("b", cert, "*.example.org"))
	c := e.create(one, config("c", cert, "x.example.org"))
	wantError(t, e.update(one, *c.Id, aliases("x.example.org", "www.example.org")), "CNAMEAlreadyExists")
	e.owner("x.example.org", *c.DomainName)
}

// TestDanglingRemoval checks aws-behaviour 9.2, Removal, and 9.6 rule 4.
func TestDanglingRemoval(t *testing.T) {
	e := serve(t)
	cert := e.certificate(one, []string{"*.example.org"}, nil)
	d := e.create(one, config("r", cert, "www.example.org", "b.example.org"))
	e.dns.set(t, "www.example.org. 1 IN CNAME "+*d.DomainName+".")
	record := "www.example.org. CNAME " + *d.DomainName
	wantError(t, e.update(one, *d.Id, aliases("b.example.org")), "CNAMEStillInUse", record)
	e.owner("www.example.org", *d.DomainName)
	e.mustUpdate(one, *d.Id, disable)
	del := func() error {
		got, err := e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: d.Id})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: d.Id, IfMatch: got.ETag})
		return err
	}
	wantError(t, del(), "CNAMEStillInUse", record)
	cert2 := e.certificate(two, []string{"*.example.org"}, nil)
	take := func(reference string) error {
		_, err := e.as(two).CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: config(reference, cert2, "www.example.org")})
		return err
	}
	wantError(t, take("early"), "CNAMEAlreadyExists")

	e.dns.set(t)
	e.mustUpdate(one, *d.Id, aliases("b.example.org"))
	e.owner("www.example.org", "")
	if err := take("late"); err != nil {
		t.Fatal(err)
	}
	if err := del(); err != nil {
		t.Fatal(err)
	}
}

// TestUnknownRemovalReserves: where DNS cannot be asked the name goes, but to
// nobody else, until DNS can be asked and leads elsewhere.
func TestUnknownRemovalReserves(t *testing.T) {
	e := serve(t)
	d := e.create(one, config("r", e.certificate(one, []string{"*.example.org"}, nil), "www.example.org"))
	e.dns.hush()
	e.mustUpdate(one, *d.Id, aliases())
	e.owner("www.example.org", *d.DomainName+" reserved")
	if len(e.log) != 1 || !strings.Contains(e.log[0], "reserved") {
		t.Errorf("logged %q, want the reservation", e.log)
	}
	got, _ := e.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: d.Id})
	if *got.DistributionConfig.Aliases.Quantity != 0 {
		t.Errorf("aliases are %q, want none", got.DistributionConfig.Aliases.Items)
	}
	c := config("r", e.certificate(two, []string{"*.example.org"}, nil), "www.example.org")
	take := func() error {
		_, err := e.as(two).CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: c})
		return err
	}
	wantError(t, take(), "CNAMEAlreadyExists")
	e.dns.set(t, "www.example.org. 1 IN CNAME "+*d.DomainName+".")
	wantError(t, take(), "CNAMEAlreadyExists")
	e.dns.set(t)
	if err := take(); err != nil {
		t.Fatal(err)
	}
}

// TestDanglingWarns lets the name go, with a line in the log.
func TestDanglingWarns(t *testing.T) {
	e := serve(t)
	e.put(&model.ClaimRules{Declarer: "edge-2", Dangling: model.DanglingWarn})
	d := e.create(one, config("r", e.certificate(one, []string{"*.example.org"}, nil), "www.example.org"))
	e.dns.set(t, "www.example.org. 1 IN CNAME "+*d.DomainName+".")
	e.mustUpdate(one, *d.Id, aliases())
	e.owner("www.example.org", "")
	if len(e.log) != 1 || !strings.Contains(e.log[0], "still leads to") {
		t.Errorf("logged %q, want the record", e.log)
	}
}

// TestExpiredCertificate does not keep a distribution from being disabled.
func TestExpiredCertificate(t *testing.T) {
	e := serve(t)
	d := e.create(one, config("r", e.certificate(one, []string{"*.example.org"}, nil), "www.example.org"))
	e.mu.Lock()
	e.now = e.now.Add(48 * time.Hour)
	e.mu.Unlock()
	wantError(t, e.update(one, *d.Id, aliases("www.example.org", "b.example.org")), "InvalidViewerCertificate", "expired")
	e.mustUpdate(one, *d.Id, disable)
}
