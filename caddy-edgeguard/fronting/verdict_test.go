package fronting

import "testing"

// mapClaims are claims by normal name.
type mapClaims map[string]Owner

func (c mapClaims) Owner(host string) (Owner, bool) {
	o, ok := c[host]
	return o, ok
}

// mapCertificates are what certificates cover, and whose they are, by server
// name.
type mapCertificates map[string]struct {
	account string
	covers  []string
}

func (c mapCertificates) Covers(serverName, host string) bool {
	for _, name := range c[serverName].covers {
		if name == host {
			return true
		}
	}
	return false
}

func (c mapCertificates) Account(serverName string) string { return c[serverName].account }

var (
	someClaims = mapClaims{
		"d111.cloudfront.net":          {"111111111111", true},
		"www.one.example":              {"111111111111", true},
		"app.one.example":              {"111111111111", false},
		"web-1.elb.amazonaws.com":      {"111111111111", false},
		"www.two.example":              {"222222222222", true},
		"shared.two.example":           {"222222222222", true},
		"xn--bcher-kva.two.example":    {"222222222222", true},
		"b.xn--bcher-kva.one.example":  {"111111111111", true},
		"apps.of.nobodys.name.example": {"", false},
	}
	someCertificates = mapCertificates{
		"":                         {account: "111111111111"},
		"www.one.example":          {"111111111111", []string{"www.one.example", "shared.two.example", "free.example"}},
		"app.one.example":          {"111111111111", []string{"app.one.example", "free.example"}},
		"www.two.example":          {"222222222222", []string{"www.two.example", "free.example"}},
		"unclaimed.one.example":    {"111111111111", []string{"unclaimed.one.example"}},
		"free.example":             {"", []string{"free.example", "also.free.example", "www.one.example"}},
		"192.0.2.1":                {"", []string{"192.0.2.1"}},
		"several.accounts.example": {"", []string{"several.accounts.example"}},
	}
	both = Permissions{Account: true, Certificate: true}
)

// TestJudge is the table of design 4.2, *Guard* (aws-behaviour 9.1).
func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name, serverName, host string
		permit                 Permissions
		want                   Verdict
	}{
		{"equal, claimed", "www.one.example", "www.one.example", both, Pass},
		{"equal, unclaimed", "free.example", "free.example", both, Pass},
		{"equal, nothing held", "nowhere.example", "nowhere.example", both, Pass},
		{"equal but for case, dot and port", "www.one.example", "WWW.One.example.:8443", both, Pass},
		{"equal but for the spelling", "xn--bcher-kva.two.example", "BÜCHER.two.example", both, Pass},
		{"equal IP addresses", "192.0.2.1", "192.0.2.1:443", both, Pass},
		{"same account, alias and own name", "www.one.example", "d111.cloudfront.net", both, Pass},
		{"same account, distribution and load balancer", "www.one.example", "app.one.example", both, Pass},
		{"same account, load balancer's own name", "app.one.example", "web-1.elb.amazonaws.com", both, Pass},
		{"same account, another spelling", "www.one.example", "B.bücher.one.example:443", both, Pass},
		{"other account", "www.one.example", "www.two.example", both, Misdirected},
		{"other account, load balancer", "app.one.example", "www.two.example", both, Misdirected},
		{"other account, covered by the certificate", "www.one.example", "shared.two.example", both, Misdirected},
		{"other account, another spelling", "www.one.example", "WWW.two.example.", both, Misdirected},
		{"other account, percent-encoded", "www.one.example", "www%2Etwo.example", both, Misdirected},
		{"claimed, server name by its certificates", "unclaimed.one.example", "www.one.example", both, Pass},
		{"claimed, server name by other certificates", "unclaimed.one.example", "www.two.example", both, Misdirected},
		{"claimed, server name nobody's", "free.example", "www.one.example", both, Misdirected},
		{"claimed, certificates of several accounts", "several.accounts.example", "www.one.example", both, Misdirected},
		{"claimed, server name unknown", "nowhere.example", "www.one.example", both, Misdirected},
		{"claimed by no account, server name nobody's", "free.example", "apps.of.nobodys.name.example", both, Misdirected},
		{"no server name, the default's account", "", "www.one.example", both, Pass},
		{"no server name, other account", "", "www.two.example", both, Misdirected},
		{"unclaimed on a distribution's name", "www.one.example", "free.example", both, Unclaimed},
		{"unclaimed on a distribution's own name", "d111.cloudfront.net", "d999.cloudfront.net", both, Unclaimed},
		{"IP address on a distribution's name", "www.one.example", "192.0.2.1", both, Unclaimed},
		{"unclaimed, covered", "free.example", "also.free.example", both, Pass},
		{"unclaimed, covered, on a load balancer's name", "app.one.example", "free.example", both, Pass},
		{"unclaimed, not covered", "free.example", "nowhere.example", both, Misdirected},
		{"unclaimed, nothing held", "nowhere.example", "free.example", both, Misdirected},
		{"unclaimed, no server name", "", "free.example", both, Misdirected},
		{"IP address, no server name", "", "192.0.2.1:443", both, Pass},
		{"IP address without certificate, no server name", "", "192.0.2.2", both, Misdirected},
		{"IP address on another name", "free.example", "192.0.2.1", both, Misdirected},
		{"host without normal form", "www.one.example", "www..one.example", both, Malformed},
		{"no host", "www.one.example", "", both, Malformed},
		{"server name without normal form", "a..b", "www.one.example", both, Malformed},
		{"no permission: equal", "www.one.example", "www.one.example", Permissions{}, Pass},
		{"no permission: same account", "www.one.example", "app.one.example", Permissions{}, Misdirected},
		{"no permission: covered", "free.example", "also.free.example", Permissions{}, Misdirected},
		{"account only", "www.one.example", "app.one.example", Permissions{Account: true}, Pass},
		{"account only: covered", "free.example", "also.free.example", Permissions{Account: true}, Misdirected},
		{"certificate only", "free.example", "also.free.example", Permissions{Certificate: true}, Pass},
		{"certificate only: same account", "www.one.example", "app.one.example", Permissions{Certificate: true}, Misdirected},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Judge(tc.serverName, tc.host, someClaims, someCertificates, tc.permit); got != tc.want {
				t.Errorf("Judge(%q, %q) = %v, want %v", tc.serverName, tc.host, got, tc.want)
			}
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	for _, bc := range []struct{ name, host string }{{"equal", "www.one.example"}, {"account", "app.one.example"}} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := Judge("www.one.example", bc.host, someClaims, someCertificates, both); v != Pass {
					b.Fatal(v)
				}
			}
		})
	}
}
