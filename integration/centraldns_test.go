package integration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// dig asks from a local address and returns the rcode and the data of the
// answer.
func dig(t testing.TB, source, server, name, rrtype string) string {
	t.Helper()
	out, err := exec.Command(client(t, "dig", "bind9-dnsutils"), "-b", source, "@127.0.0.1", "-p", port(server), name, rrtype, "+tries=3", "+timeout=10").CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	text := string(out)
	_, rcode, _ := strings.Cut(text, "status: ")
	rcode, _, _ = strings.Cut(rcode, ",")
	_, section, _ := strings.Cut(text, ";; ANSWER SECTION:\n")
	section, _, _ = strings.Cut(section, "\n\n")
	for line := range strings.Lines(section) {
		rcode += " " + strings.Join(strings.Fields(line)[4:], " ")
	}
	return strings.TrimSpace(rcode)
}

// tenant is an account of the test, with a client of the central node's API.
type tenant struct {
	account string
	api     *route53.Client
	zone    string // its private zone's id
}

func vpcOf(n int) *types.VPC {
	return &types.VPC{VPCId: aws.String(fmt.Sprintf("vpc-0000000%d", n)), VPCRegion: types.VPCRegionEuWest3}
}

// wantsCode checks that err is an AWS error of that code, of a status if that
// is not 0.
func wantsCode(t testing.TB, err error, code string, status int) {
	t.Helper()
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("error %v, want %s", err, code)
	}
	if status != 0 && (!errors.As(err, &response) || response.HTTPStatusCode() != status) {
		t.Errorf("error %v, want status %d", err, status)
	}
}

// TestCentralDNS is aws-behaviour 11.3 scenario 1, and checks 3 to 6 of 1.8: the
// private zones of three accounts, each with a VPC of its own, are associated
// with the DNS VPC after their owners have allowed it; one central CoreDNS
// answers them to the DNS VPC and, through a forwarder, to on-premises.
func TestCentralDNS(t *testing.T) {
	client(t, "dig", "bind9-dnsutils")
	n := newAPI(t, "central")
	var lines strings.Builder
	tenants := make([]tenant, 4) // the DNS account is number 0
	for i := range tenants {
		tenants[i].account = strings.Repeat(fmt.Sprint(i+1), 12)
		fmt.Fprintf(&lines, "%s AKIDEXAMPLE%d secret\n", tenants[i].account, i)
		tenants[i].api = n.as(fmt.Sprint("AKIDEXAMPLE", i), "secret")
		// Clients of VPC i ask from 127.0.1i.0/24; the on-premises forwarder
		// reaches the DNS VPC's inbound endpoint from 127.0.0.1.
		line := fmt.Sprintf("vpc %s eu-west-3 127.0.1%d.0/24", *vpcOf(i).VPCId, i)
		if i == 0 {
			line += " 127.0.0.1/32"
		}
		n.extra = append(n.extra, line)
	}
	writeFile(t, filepath.Join(n.dir, "credentials"), lines.String())
	n.start()
	n.ready()
	ctx := context.Background()
	for i := 1; i <= 3; i++ {
		name := fmt.Sprintf("pa%d.awscloud.test", i)
		out, err := tenants[i].api.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name, VPC: vpcOf(i)})
		if err != nil {
			t.Fatal(err)
		}
		tenants[i].zone = strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
		n.client = tenants[i].api
		n.upsert(tenants[i].zone, "app."+name, fmt.Sprint("10.0.0.", i))
	}
	dns, onPremises := tenants[0], newForwarder(t, n.addr)
	associate := func(i int) error {
		_, err := dns.api.AssociateVPCWithHostedZone(ctx, &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &tenants[i].zone, VPC: vpcOf(0)})
		return err
	}
	asks := func(when, source, server string, want ...string) {
		t.Helper()
		for i, w := range want {
			name := fmt.Sprintf("app.pa%d.awscloud.test", i+1)
			eventually(t, func() string {
				if got := dig(t, source, server, name, "A"); got != w {
					return fmt.Sprintf("%s: %s from %s = %q, want %q", when, name, source, got, w)
				}
				return ""
			})
		}
	}
	const refused = "REFUSED"
	asks("own VPC", "127.0.11.1", n.addr, "NOERROR 10.0.0.1", refused, refused)
	asks("own VPC", "127.0.13.9", n.addr, refused, refused, "NOERROR 10.0.0.3")
	asks("not associated yet", "127.0.10.1", n.addr, refused, refused, refused)

	wantsCode(t, associate(1), "NotAuthorizedException", http.StatusUnauthorized)
	for i := 1; i <= 3; i++ {
		if _, err := tenants[i].api.CreateVPCAssociationAuthorization(ctx, &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: &tenants[i].zone, VPC: vpcOf(0)}); err != nil {
			t.Fatal(err)
		}
		if err := associate(i); err != nil {
			t.Fatal(err)
		}
		if _, err := tenants[i].api.DeleteVPCAssociationAuthorization(ctx, &route53.DeleteVPCAssociationAuthorizationInput{HostedZoneId: &tenants[i].zone, VPC: vpcOf(0)}); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"NOERROR 10.0.0.1", "NOERROR 10.0.0.2", "NOERROR 10.0.0.3"}
	asks("authorised, associated, authorisation deleted: 1.8 check 6", "127.0.10.1", n.addr, all...)
	asks("on-premises", "127.0.0.1", onPremises, all...)
	asks("still only its own", "127.0.11.1", n.addr, "NOERROR 10.0.0.1", refused, refused)
	asks("elsewhere", "127.0.9.1", n.addr, refused, refused, refused)
	wantsCode(t, associate(1), "NotAuthorizedException", http.StatusUnauthorized) // without authorisation, not once more

	t.Run("names in one VPC, 1.8 checks 3 to 5", func(t *testing.T) {
		create := func(name, reference string, vpc *types.VPC) (string, error) {
			out, err := dns.api.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &reference, VPC: vpc})
			if err != nil {
				return "", err
			}
			return strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/"), nil
		}
		must := func(zone string, err error) string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return zone
		}
		corp, _ := must(create("corp", "1", vpcOf(0))), must(create("eu.corp", "2", vpcOf(0)))
		_, err := create("corp", "3", vpcOf(0))
		wantsCode(t, err, "ConflictingDomainExists", 0)
		if want := "The VPC vpc-00000000 in region eu-west-3 has already been associated with the hosted zone " + corp + " with the same domain name."; err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		must(create("shop.test", "4", vpcOf(0)))
		public := must(create("shop.test", "5", nil))
		n.client = dns.api
		n.upsert(corp, "x.eu.corp", "10.0.1.1")
		n.upsert(public, "www.shop.test", "192.0.2.1")
		for _, tc := range [][3]string{
			{"127.0.10.1", "x.eu.corp", "NXDOMAIN"},
			{"127.0.10.1", "www.shop.test", "NXDOMAIN"},
			{"127.0.9.1", "www.shop.test", "NOERROR 192.0.2.1"},
			{"127.0.11.1", "www.shop.test", "NOERROR 192.0.2.1"},
		} {
			eventually(t, func() string {
				if got := dig(t, tc[0], n.addr, tc[1], "A"); got != tc[2] {
					return fmt.Sprintf("%s from %s = %q, want %q", tc[1], tc[0], got, tc[2])
				}
				return ""
			})
		}
	})
}

// newForwarder starts a DNS server on-premises that forwards all of
// awscloud.test, and returns its address.
func newForwarder(t testing.TB, to string) string {
	t.Helper()
	dir, addr := t.TempDir(), freePort(t)
	path := filepath.Join(dir, "Corefile")
	writeFile(t, path, fmt.Sprintf("awscloud.test:%s {\n    bind 127.0.0.1\n    errors\n    forward . %s\n}\n", port(addr), to))
	run(t, "forwarder", dir, binary(t, "coredns"), "-conf", path)
	return addr
}
