package cloudfront

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

func (e *endpoint) associate(account, id, alias string) error {
	_, err := e.as(account).AssociateAlias(ctx, &cloudfront.AssociateAliasInput{Alias: &alias, TargetDistributionId: &id})
	return err
}

// TestAssociateAcross checks aws-behaviour 9.2, Moving, and 9.6 rule 5: account
// two takes www.example.org from account one.
func TestAssociateAcross(t *testing.T) {
	proof := func(target string) []string { return []string{`_www.example.org. 1 IN TXT "` + target + `"`} }
	tests := []struct {
		name     string
		disabled bool
		covered  bool
		proof    func(target string) []string
		silent   bool
		code     string
		words    string
	}{
		{"all as it must be", true, true, proof, false, "", ""},
		{"with a final dot", true, true, func(target string) []string { return proof(target + ".") }, false, "", ""},
		{"source enabled", false, true, proof, false, "IllegalUpdate", "must be disabled"},
		{"no TXT record", true, true, nil, false, "IllegalUpdate", "_www.example.org"},
		{"another TXT record", true, true, func(string) []string { return proof("d9.cloudfront.net") }, false, "IllegalUpdate", "_www.example.org"},
		{"TXT cannot be asked for", true, true, proof, true, "IllegalUpdate", "_www.example.org"},
		{"not covered", true, false, proof, false, "InvalidArgument", "doesn't cover"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t)
			source := e.create(one, config("s", e.certificate(one, []string{"*.example.org"}, nil), "www.example.org"))
			if tt.disabled {
				e.mustUpdate(one, *source.Id, disable)
			}
			names := []string{"*.example.net"}
			if tt.covered {
				names = []string{"*.example.org"}
			}
			target := e.create(two, config("t", e.certificate(two, names, nil)))
			if tt.proof != nil {
				e.dns.set(t, tt.proof(*target.DomainName)...)
			}
			if tt.silent {
				e.dns.hush()
			}
			before, _ := e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: source.Id})
			err := e.associate(two, *target.Id, "www.example.org")
			after, _ := e.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: source.Id})
			if tt.code != "" {
				wantError(t, err, tt.code, tt.words)
				e.owner("www.example.org", *source.DomainName)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e.owner("www.example.org", *target.DomainName)
			if *before.ETag == *after.ETag || *after.Distribution.DistributionConfig.Aliases.Quantity != 0 {
				t.Errorf("the source is %s, then %s with aliases %q", *before.ETag, *after.ETag, after.Distribution.DistributionConfig.Aliases.Items)
			}
		})
	}
}

// TestAssociateWithin: within an account names move always, the apex too, and
// what the other way allows nobody checks twice.
func TestAssociateWithin(t *testing.T) {
	e := serve(t)
	source := e.create(one, config("s", e.certificate(one, []string{"example.org"}, nil), "example.org"))
	target := e.create(one, config("t", ""))
	if err := e.associate(one, *target.Id, "example.org"); err != nil {
		t.Fatal(err)
	}
	e.owner("example.org", *target.DomainName)
	if err := e.associate(one, *target.Id, "example.org"); err != nil {
		t.Errorf("moving it to where it is: %v", err)
	}
	wantError(t, e.associate(one, *target.Id, "free.example.org"), "InvalidArgument", "you must attach a trusted certificate")
	wantError(t, e.associate(two, *target.Id, "example.org"), "NoSuchDistribution")
	wantError(t, e.associate(one, "E0000000000000", "example.org"), "NoSuchDistribution")
	wantError(t, e.associate(one, *source.Id, "EXAMPLE.org"), "InvalidArgument")
}

func TestAssociateQuota(t *testing.T) {
	e := serve(t)
	hosts := make([]string, 100)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("n%d.example.org", i)
	}
	cert := e.certificate(one, []string{"*.example.org"}, nil)
	d := e.create(one, config("t", cert, hosts...))
	e.create(one, config("s", cert, "www.example.org"))
	wantError(t, e.associate(one, *d.Id, "www.example.org"), "TooManyDistributionCNAMEs")
}

// TestAssociateReserved: a reserved name moves with proof.
func TestAssociateReserved(t *testing.T) {
	e := serve(t)
	source := e.create(one, config("s", e.certificate(one, []string{"*.example.org"}, nil), "www.example.org"))
	e.dns.hush()
	e.mustUpdate(one, *source.Id, aliases())
	target := e.create(two, config("t", e.certificate(two, []string{"*.example.org"}, nil)))
	e.dns.set(t, `_www.example.org. 1 IN TXT "`+*target.DomainName+`"`, "www.example.org. 1 IN CNAME "+*source.DomainName+".")
	if err := e.associate(two, *target.Id, "www.example.org"); err != nil {
		t.Fatal(err)
	}
	e.owner("www.example.org", *target.DomainName)
}

// TestMoveByWildcard walks the other way across accounts (aws-behaviour 9.2).
func TestMoveByWildcard(t *testing.T) {
	e := serve(t)
	source := e.create(one, config("s", e.certificate(one, []string{"*.example.org"}, nil), "www.example.org"))
	e.dns.set(t, "www.example.org. 1 IN CNAME "+*source.DomainName+".")
	target := e.create(two, config("t", e.certificate(two, []string{"*.example.org"}, nil), "*.example.org"))
	e.dns.set(t, "www.example.org. 1 IN CNAME "+*target.DomainName+".")
	e.mustUpdate(one, *source.Id, aliases())
	e.mustUpdate(two, *target.Id, aliases("*.example.org", "www.example.org"))
	e.mustUpdate(two, *target.Id, aliases("www.example.org"))
	e.owner("www.example.org", *target.DomainName)
}

// TestListConflictingAliases checks aws-behaviour 9.2: both directions, masked,
// in pages.
func TestListConflictingAliases(t *testing.T) {
	e := serve(t)
	cert := e.certificate(one, []string{"*.example.org", "*.a.example.org"}, nil)
	exact := e.create(one, config("a", cert, "www.example.org"))
	e.create(one, config("b", cert, "*.example.org", "other.example.org"))
	e.declare("edge", func(d *claims.Declaration) {
		d.Rules = &model.ClaimRules{Resolvers: []string{e.dns.addr}}
		d.LoadBalancer(one, "web.eu-west-3.elb.amazonaws.com", "", []string{"lb.example.org"})
	})
	own := e.create(two, config("t", e.certificate(two, []string{"*.example.org"}, nil)))
	list := func(alias string, max int32) []string {
		t.Helper()
		var out []string
		var next *string
		for {
			p, err := e.as(two).ListConflictingAliases(ctx, &cloudfront.ListConflictingAliasesInput{Alias: &alias, DistributionId: own.Id, MaxItems: &max, Marker: next})
			if err != nil {
				t.Fatal(err)
			}
			l := p.ConflictingAliasesList
			if int(*l.Quantity) != len(l.Items) || *l.MaxItems != max || len(l.Items) > int(max) {
				t.Errorf("page is %+v", l)
			}
			for _, c := range l.Items {
				out = append(out, *c.Alias)
				if !strings.HasPrefix(*c.AccountId, "******") || *c.AccountId != "******111111" {
					t.Errorf("account is %q, want it masked", *c.AccountId)
				}
				if *c.Alias == "www.example.org" && *c.DistributionId != "*******"+(*exact.Id)[7:] {
					t.Errorf("distribution is %q, want the end of %s", *c.DistributionId, *exact.Id)
				}
			}
			if next = l.NextMarker; next == nil {
				return out
			}
		}
	}
	for alias, want := range map[string]string{
		"www.example.org": "*.example.org www.example.org",
		"new.example.org": "*.example.org",
		"*.example.org":   "*.example.org lb.example.org other.example.org www.example.org",
	} {
		for _, max := range []int32{1, 100} {
			if got := strings.Join(list(alias, max), " "); got != want {
				t.Errorf("ListConflictingAliases(%s) by %d = %s, want %s", alias, max, got, want)
			}
		}
	}
	bad := func(account, alias, id string) error {
		_, err := e.as(account).ListConflictingAliases(ctx, &cloudfront.ListConflictingAliasesInput{Alias: &alias, DistributionId: &id})
		return err
	}
	wantError(t, bad(two, "www.example.net", *own.Id), "InvalidArgument", "doesn't cover")
	wantError(t, bad(two, "a.*.example.org", *own.Id), "InvalidArgument")
	wantError(t, bad(one, "www.example.org", *own.Id), "NoSuchDistribution")
	_, err := e.as(two).ListConflictingAliases(ctx, &cloudfront.ListConflictingAliasesInput{Alias: aws.String("www.example.org"), DistributionId: own.Id, MaxItems: aws.Int32(101)})
	wantError(t, err, "InvalidArgument", "[1, 100]")
}
