package cloudfront

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

// TestLifeOfADistribution creates, reads, changes and deletes one by the SDK.
func TestLifeOfADistribution(t *testing.T) {
	e := serve(t)
	arn := e.certificate(one, []string{"www.example.org"}, nil)
	out, err := e.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: config("r", arn, "www.example.org")})
	if err != nil {
		t.Fatal(err)
	}
	d := out.Distribution
	if !model.ValidDistributionID(*d.Id) || model.ValidateDistributionName(*d.DomainName) != nil || *d.ARN != model.DistributionARN(one, *d.Id) ||
		*out.Location != "https://cloudfront.amazonaws.com/2020-05-31/distribution/"+*d.Id || *d.Status != "Deployed" && *d.Status != "InProgress" {
		t.Errorf("CreateDistribution() = %+v at %s", d, *out.Location)
	}
	e.owner("www.example.org", *d.DomainName)
	got, err := e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: d.Id})
	if err != nil {
		t.Fatal(err)
	}
	c := got.Distribution.DistributionConfig
	//lint:ignore SA1019 AWS answers with the member as ever.
	source := c.ViewerCertificate.CertificateSource
	if *got.ETag != *out.ETag || *c.Comment != "<a&b>" || *c.Origins.Items[0].DomainName != "bucket.s3.amazonaws.com" ||
		*c.DefaultRootObject != "index.html" || c.DefaultCacheBehavior.ViewerProtocolPolicy != "redirect-to-https" ||
		*c.ViewerCertificate.ACMCertificateArn != arn || source != "acm" || c.PriceClass != "PriceClass_All" ||
		c.Aliases.Items[0] != "www.example.org" || !*c.Enabled || *got.Distribution.Status != "Deployed" {
		t.Errorf("GetDistribution() = %+v", c)
	}
	_, err = e.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: d.Id, IfMatch: out.ETag})
	wantError(t, err, "DistributionNotDisabled")
	e.mustUpdate(one, *d.Id, disable)
	_, err = e.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: d.Id, IfMatch: out.ETag})
	wantError(t, err, "PreconditionFailed")
	_, err = e.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: d.Id})
	wantError(t, err, "InvalidIfMatchVersion")
	e.owner("www.example.org", *d.DomainName) // disabled distributions hold their aliases
	got, _ = e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: d.Id})
	if _, err := e.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: d.Id, IfMatch: got.ETag}); err != nil {
		t.Fatal(err)
	}
	e.owner("www.example.org", "")
	_, err = e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: d.Id})
	wantError(t, err, "NoSuchDistribution", "The specified distribution does not exist.")
}

func TestCallerReference(t *testing.T) {
	e := serve(t)
	a := e.create(one, config("r", ""))
	if again := e.create(one, config("r", "")); *again.Id != *a.Id {
		t.Errorf("the same request again makes %s, want %s", *again.Id, *a.Id)
	}
	other := config("r", "")
	other.Comment = aws.String("another")
	_, err := e.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: other})
	wantError(t, err, "DistributionAlreadyExists")
	if b := e.create(two, config("r", "")); *b.Id == *a.Id || *b.DomainName == *a.DomainName {
		t.Error("another account's distribution has the same id or name")
	}
	wantError(t, e.update(one, *a.Id, func(c *types.DistributionConfig) { c.CallerReference = aws.String("s") }), "IllegalUpdate")
	_, err = e.as(two).GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: a.Id})
	wantError(t, err, "NoSuchDistribution")
}

func TestListDistributions(t *testing.T) {
	e := serve(t)
	want := make(map[string]bool)
	for i := range 5 {
		want[*e.create(one, config(fmt.Sprint(i), "")).Id] = true
	}
	e.create(two, config("r", ""))
	pages := cloudfront.NewListDistributionsPaginator(e, &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(2)})
	n := 0
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n++
		for _, d := range p.DistributionList.Items {
			if !want[*d.Id] || *d.Comment != "<a&b>" || *d.Origins.Quantity != 1 || d.ViewerCertificate == nil || !*d.ViewerCertificate.CloudFrontDefaultCertificate {
				t.Errorf("listed %+v", d)
			}
			delete(want, *d.Id)
		}
	}
	if n != 3 || len(want) != 0 {
		t.Errorf("%d pages, without %v", n, want)
	}
	_, err := e.ListDistributions(ctx, &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(101)})
	wantError(t, err, "InvalidArgument")
}

func TestTags(t *testing.T) {
	e := serve(t)
	out, err := e.CreateDistributionWithTags(ctx, &cloudfront.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{
		DistributionConfig: config("r", ""), Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	arn := out.Distribution.ARN
	if _, err := e.TagResource(ctx, &cloudfront.TagResourceInput{Resource: arn, Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.UntagResource(ctx, &cloudfront.UntagResourceInput{Resource: arn, TagKeys: &types.TagKeys{Items: []string{"a"}}}); err != nil {
		t.Fatal(err)
	}
	got, err := e.ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: arn})
	if err != nil || len(got.Tags.Items) != 1 || *got.Tags.Items[0].Key != "b" || *got.Tags.Items[0].Value != "2" {
		t.Errorf("ListTagsForResource() = %+v, %v", got, err)
	}
	_, err = e.as(two).ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: arn})
	wantError(t, err, "NoSuchResource")
	_, err = e.TagResource(ctx, &cloudfront.TagResourceInput{Resource: arn, Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("!")}}}})
	wantError(t, err, "InvalidTagging")
}

// TestDeclaredByCaddyfile: a distribution of a Caddyfile is read like any other;
// what the Caddyfile says the API does not undo.
func TestDeclaredByCaddyfile(t *testing.T) {
	e := serve(t)
	e.declare("edge", func(d *claims.Declaration) {
		d.Rules = &model.ClaimRules{Resolvers: []string{e.dns.addr}}
		d.Distribution(one, "d1.cloudfront.net", []string{"a.example.org"})
	})
	list, err := e.ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
	if err != nil || len(list.DistributionList.Items) != 1 {
		t.Fatalf("ListDistributions() = %+v, %v", list, err)
	}
	d := list.DistributionList.Items[0]
	if *d.DomainName != "d1.cloudfront.net" || d.Aliases.Items[0] != "a.example.org" || !*d.Enabled || d.Origins == nil || d.DefaultCacheBehavior == nil {
		t.Errorf("listed %+v", d)
	}
	wantError(t, e.update(one, *d.Id, aliases()), "IllegalUpdate", "'a.example.org' is declared by the configuration of the edge 'edge'")
	arn := e.certificate(one, []string{"*.example.org"}, nil)
	e.mustUpdate(one, *d.Id, func(c *types.DistributionConfig) {
		aliases("a.example.org", "b.example.org")(c)
		c.ViewerCertificate = config("", arn).ViewerCertificate
	})
	e.owner("b.example.org", "d1.cloudfront.net")
	e.mustUpdate(one, *d.Id, disable)
	got, _ := e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: d.Id})
	_, err = e.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: d.Id, IfMatch: got.ETag})
	wantError(t, err, "ResourceInUse", `"edge"`)
	_, err = e.AssociateAlias(ctx, &cloudfront.AssociateAliasInput{Alias: aws.String("a.example.org"), TargetDistributionId: e.create(one, config("r", "")).Id})
	wantError(t, err, "IllegalUpdate", "declared by the configuration of the edge 'edge'")
	// The API's own words outlive the Caddyfile's.
	e.declare("edge", func(d *claims.Declaration) {})
	e.owner("a.example.org", "")
	e.owner("b.example.org", "d1.cloudfront.net")
}

// TestDistributionsQuota: an account has so many distributions, and others
// theirs (aws-behaviour 9.2).
func TestDistributionsQuota(t *testing.T) {
	e := serve(t)
	for i := range MaxDistributions {
		e.put(model.NewDistribution(one, fmt.Sprint("made before ", i)))
	}
	_, err := e.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: config("r", "")})
	wantError(t, err, "TooManyDistributions", "exceed the maximum number of distributions")
	e.create(two, config("r", ""))
}
