package model

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/hlc"
)

func distribution(account, name string) *Distribution {
	d := DeclaredDistribution(account, name, "edge")
	d.Modified, d.Viewer.ACM, d.Config = time.Unix(1700000000, 0), "arn", []byte("<a/>")
	return d
}

// claim returns a claim by the owner with that name.
func claim(host, account, owner string, since hlc.Stamp) *Claim {
	c := &Claim{Host: host, Account: account, OwnerName: owner, Since: since}
	if strings.HasSuffix(owner, ".cloudfront.net") {
		c.Kind, c.Owner = OwnerDistribution, DeclaredDistribution(account, owner, "").ID
	} else {
		c.Kind, c.Owner = OwnerLoadBalancer, NewLoadBalancer(account, owner, "").ARN
	}
	return c
}

func TestValidateHost(t *testing.T) {
	good := []string{"www.example.com", "*.example.com", "example.com", "a-b.xn--bcher-kva.example", "1.2.example.com"}
	for _, h := range good {
		if err := ValidateHost(h); err != nil {
			t.Errorf("ValidateHost(%q) = %v, want nil", h, err)
		}
	}
	// aws-behaviour 9.2 rules 1 and 8.
	bad := []string{
		"", ".", "com", "*.com", "*", "*foo.example.com", "a.*.example.com", "*.*.example.com", "**.example.com", "www.example.com.", "WWW.example.com",
		"a..example.com", "-a.example.com", "a-.example.com", "a_b.example.com", "bücher.example", "a b.example.com", "a\x00.example.com",
		strings.Repeat("a", 64) + ".example.com", strings.Repeat("a.", 125) + "long",
	}
	for _, h := range bad {
		if err := ValidateHost(h); err == nil {
			t.Errorf("ValidateHost(%q) = nil, want an error", h)
		}
	}
}

// TestStanding checks who has a name, in every order of the rows
// (aws-behaviour 9.2 rules 4 and 6; design 2.1).
func TestStanding(t *testing.T) {
	const host = "www.example.com"
	const one, two = "111111111111", "222222222222"
	by := func(c *Claim, declarer string) *Claim { c.Declarer = declarer; return c }
	reserved := func(c *Claim) *Claim { c.Reserved = true; return c }
	tests := []struct {
		name     string
		claims   []*Claim
		standing []int // of claims
		inert    []int
	}{
		{"alone", []*Claim{claim(host, one, "d1.cloudfront.net", 5)}, []int{0}, nil},
		{"the earliest account", []*Claim{claim(host, one, "d1.cloudfront.net", 5), claim(host, two, "d2.cloudfront.net", 4)}, []int{1}, []int{0}},
		{"at the same time", []*Claim{claim(host, two, "d2.cloudfront.net", 4), claim(host, one, "d1.cloudfront.net", 4)}, []int{1}, []int{0}},
		{"one distribution", []*Claim{claim(host, one, "d1.cloudfront.net", 5), claim(host, one, "d2.cloudfront.net", 6)}, []int{0}, []int{1}},
		{
			"load balancers share",
			[]*Claim{claim(host, one, "a.eu-west-3.elb.amazonaws.com", 5), claim(host, one, "a.us-east-1.elb.amazonaws.com", 6)},
			[]int{0, 1}, nil,
		},
		{
			"not across accounts",
			[]*Claim{claim(host, one, "a.eu-west-3.elb.amazonaws.com", 5), claim(host, two, "a.us-east-1.elb.amazonaws.com", 6)},
			[]int{0}, []int{1},
		},
		{
			"a distribution before the load balancer behind it",
			[]*Claim{claim(host, one, "a.eu-west-3.elb.amazonaws.com", 5), claim(host, one, "d1.cloudfront.net", 6)},
			[]int{1, 0}, nil,
		},
		{
			"several declarers are one claimant, since the earliest",
			[]*Claim{by(claim(host, one, "d1.cloudfront.net", 9), "b"), claim(host, two, "d2.cloudfront.net", 7), by(claim(host, one, "d1.cloudfront.net", 5), "a")},
			[]int{2}, []int{1},
		},
		{
			"reserved against others",
			[]*Claim{reserved(claim(host, one, "d1.cloudfront.net", 5)), claim(host, two, "d2.cloudfront.net", 7)},
			[]int{0}, []int{1},
		},
		{
			"reserved for the account",
			[]*Claim{reserved(claim(host, one, "d1.cloudfront.net", 5)), claim(host, one, "d2.cloudfront.net", 7)},
			[]int{1, 0}, nil,
		},
		{
			"reserved by one declarer, held by another",
			[]*Claim{reserved(by(claim(host, one, "d1.cloudfront.net", 5), "a")), by(claim(host, one, "d1.cloudfront.net", 6), "b")},
			[]int{1}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pick := func(at []int) (out []*Claim) {
				for _, i := range at {
					out = append(out, tt.claims[i])
				}
				return out
			}
			for range 20 {
				shuffled := slices.Clone(tt.claims)
				rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				standing, inert := Standing(shuffled)
				if !slices.Equal(standing, pick(tt.standing)) || !slices.Equal(inert, pick(tt.inert)) {
					t.Fatalf("Standing(%v) = %v, %v, want %v, %v", shuffled, standing, inert, pick(tt.standing), pick(tt.inert))
				}
			}
		})
	}
}

// TestEdgeValues checks what resources of the edge refuse.
func TestEdgeValues(t *testing.T) {
	lb := NewLoadBalancer("111111111111", "web-1.eu-west-3.elb.amazonaws.com", "edge")
	with := func(f func(c *Claim)) *Claim {
		c := claim("a.example.com", "111111111111", "d1.cloudfront.net", 1)
		f(c)
		return c
	}
	tests := []struct {
		name  string
		value Value
		want  string
	}{
		{"claim", with(func(*Claim) {}), ""},
		{"claim of a load balancer", claim("a.example.com", "111111111111", lb.DNSName, 1), ""},
		{"claim of no host", with(func(c *Claim) { c.Host = "a" }), `host name "a"`},
		{"claim by no account", with(func(c *Claim) { c.Account = "1" }), "12 digits"},
		{"claim by another kind", with(func(c *Claim) { c.Kind = "bucket" }), `by a "bucket"`},
		{"claim by no distribution", with(func(c *Claim) { c.Owner = lb.ARN }), "no distribution id"},
		{"claim by no load balancer", with(func(c *Claim) { c.Kind = OwnerLoadBalancer }), "no load balancer's ARN"},
		{"claim by a listener", with(func(c *Claim) { c.Kind, c.Owner = OwnerLoadBalancer, lb.ListenerARN() }), "no load balancer's ARN"},
		{"claim by two words", with(func(c *Claim) { c.Declarer = "a b" }), "declaring node"},
		{"distribution", distribution("111111111111", "d1.cloudfront.net"), ""},
		{"distribution name", DeclaredDistribution("111111111111", "d1.example.com", ""), "NAME.cloudfront.net"},
		{"distribution id", &Distribution{ID: "E1", Account: "111111111111", DomainName: "d1.cloudfront.net", Revision: 1}, "distribution id"},
		{"load balancer", lb, ""},
		{"load balancer ARN", &LoadBalancer{ARN: lb.ARN, Account: "222222222222", DNSName: lb.DNSName}, "which follows from"},
		{"load balancer name", &LoadBalancer{Account: "222222222222", DNSName: "a.example.com"}, "load balancer name"},
		{"default certificate", &LoadBalancer{ARN: lb.ARN, Account: lb.Account, DNSName: lb.DNSName, DefaultCertificate: "a"}, "default certificate"},
		{"certificate of no listener", &ListenerCertificate{Listener: lb.ARN, Certificate: "arn:aws:acm:a:111111111111:certificate/b"}, "ARN of a listener"},
		{"listener without certificate", &ListenerCertificate{Listener: lb.ListenerARN()}, "ARN of a certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.value.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Validate() = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestLoadBalancerARN checks the shapes of aws-behaviour 0.2.
func TestLoadBalancerARN(t *testing.T) {
	tests := []struct{ dnsName, name, region, kind string }{
		{"web-1.eu-west-3.elb.amazonaws.com", "web-1", "eu-west-3", "app"},
		{"net-1.elb.eu-west-3.amazonaws.com", "net-1", "eu-west-3", "net"},
		{"a.b.eu-west-3.elb.amazonaws.com", "a-b", "eu-west-3", "app"},
		{"a.elb.amazonaws.com", "a", "us-east-1", "app"},
	}
	for _, tt := range tests {
		t.Run(tt.dnsName, func(t *testing.T) {
			lb := NewLoadBalancer("111111111111", tt.dnsName, "")
			want := "arn:aws:elasticloadbalancing:" + tt.region + ":111111111111:loadbalancer/" + tt.kind + "/" + tt.name + "/"
			if !strings.HasPrefix(lb.ARN, want) || lb.Name() != tt.name || lb.Region() != tt.region || lb.Type() != tt.kind {
				t.Errorf("NewLoadBalancer(%q) = %q, %q, %q, %q", tt.dnsName, lb.ARN, lb.Name(), lb.Region(), lb.Type())
			}
			if err := lb.Validate(); err != nil {
				t.Errorf("Validate() = %v", err)
			}
			if got := LoadBalancerARN(lb.ListenerARN()); got != lb.ARN {
				t.Errorf("LoadBalancerARN(%q) = %q, want %q", lb.ListenerARN(), got, lb.ARN)
			}
		})
	}
}
