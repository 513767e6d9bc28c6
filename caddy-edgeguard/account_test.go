package edgeguard

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state/model"
)

func TestValidate(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{ // want "": valid
		{"empty", `{}`, ""},
		{"whole", `{"publish":["192.0.2.1","2001:db8::1"],"accounts":[{"id":"111111111111","distributions":[{"name":"d1.cloudfront.net"}],"load_balancers":[{"name":"web-1.eu-west-3.elb.amazonaws.com"}]}]}`, ""},
		{"account without resources needs no address", `{"accounts":[{"id":"111111111111"}]}`, ""},
		{"no publish", `{"accounts":[{"id":"111111111111","distributions":[{"name":"d1.cloudfront.net"}]}]}`, "write 'publish ADDR...'"},
		{"account id", `{"accounts":[{"id":"1"}]}`, `account "1" is not 12 digits`},
		{"account twice", `{"accounts":[{"id":"111111111111"},{"id":"111111111111"}]}`, "account '111111111111' is given twice"},
		{"distribution of two accounts", `{"publish":["192.0.2.1"],"accounts":[{"id":"111111111111","distributions":[{"name":"d1.cloudfront.net"}]},{"id":"222222222222","distributions":[{"name":"d1.cloudfront.net"}]}]}`, "distribution 'd1.cloudfront.net' is given twice"},
		{"distribution name", `{"publish":["192.0.2.1"],"accounts":[{"id":"111111111111","distributions":[{"name":"www.example.org"}]}]}`, "of the form NAME.cloudfront.net"},
		{"load balancer name", `{"publish":["192.0.2.1"],"accounts":[{"id":"111111111111","load_balancers":[{"name":"d1.cloudfront.net"}]}]}`, "of the form NAME.REGION.elb.amazonaws.com"},
		{"unspecified", `{"publish":["0.0.0.0"]}`, "'0.0.0.0' is none that clients can reach"},
		{"multicast", `{"publish":["ff02::1"]}`, "'ff02::1' is none that clients can reach"},
		{"zone", `{"publish":["fe80::1%eth0"]}`, "'fe80::1%eth0' is none that clients can reach"},
		{"mapped", `{"publish":["::ffff:192.0.2.1"]}`, "write '192.0.2.1'"},
		{"address twice", `{"publish":["192.0.2.1","192.0.2.1"]}`, "publish address '192.0.2.1' is given twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var a App
			if err := json.Unmarshal([]byte(tc.in), &a); err != nil {
				t.Fatal(err)
			}
			err := a.validate()
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("validate(%s) = %v, want %q", tc.in, err, tc.want)
			}
		})
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	a := App{Accounts: []Account{{ID: "1", Distributions: []Distribution{{Name: "x"}}, LoadBalancers: []LoadBalancer{{Name: "y"}}}}}
	err := a.validate()
	for _, want := range []string{"12 digits", "cloudfront.net", "elb.amazonaws.com", "publish ADDR"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("validate() = %v, want it to name %q", err, want)
		}
	}
}

func TestEndpoints(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
	a := App{
		Settings: edgenode.Settings{Node: "one", Region: "eu-west-3"}, Publish: addrs,
		Accounts: []Account{
			{ID: "111111111111", Distributions: []Distribution{{Name: "d1.cloudfront.net"}}, LoadBalancers: []LoadBalancer{{Name: "web-1.eu-west-3.elb.amazonaws.com"}}},
			{ID: "222222222222", Distributions: []Distribution{{Name: "d2.cloudfront.net"}}},
		},
	}
	want := []model.Value{
		&model.Endpoint{Name: "d1.cloudfront.net.", Node: "one", Kind: "cloudfront", Region: "eu-west-3", Account: "111111111111", Addresses: addrs},
		&model.Endpoint{Name: "web-1.eu-west-3.elb.amazonaws.com.", Node: "one", Kind: "elb", Region: "eu-west-3", Account: "111111111111", Addresses: addrs},
		&model.Endpoint{Name: "d2.cloudfront.net.", Node: "one", Kind: "cloudfront", Region: "eu-west-3", Account: "222222222222", Addresses: addrs},
	}
	got := a.endpoints()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("endpoints() = %+v, want %+v", got, want)
	}
	for _, v := range got {
		if err := v.Validate(); err != nil {
			t.Errorf("Validate(%+v) = %v", v, err)
		}
	}
}
