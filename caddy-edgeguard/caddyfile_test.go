package edgeguard

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func TestParseOption(t *testing.T) {
	const in = "edgeguard {\n node one\n gossip 127.0.0.1:0 {\n  join 192.0.2.2:7946\n }\n}"
	v, err := parseOption(caddyfile.NewTestDispenser(in), nil)
	if err != nil {
		t.Fatalf("parseOption(%q) = %v", in, err)
	}
	app := v.(httpcaddyfile.App)
	const want = `{"node":"one","gossip":{"bind":"127.0.0.1:0","join":["192.0.2.2:7946"]}}`
	if app.Name != "edgeguard" || string(app.Value) != want {
		t.Errorf("parseOption(%q) = %s %s, want %s", in, app.Name, app.Value, want)
	}
	if _, err := parseOption(caddyfile.NewTestDispenser("edgeguard"), v); err == nil || !strings.Contains(err.Error(), "given twice, at Testfile:1") {
		t.Errorf("parseOption for a second option = %v, want an error", err)
	}
}

// FuzzUnmarshalCaddyfile: what is accepted is valid, and its JSON form says
// the same.
func FuzzUnmarshalCaddyfile(f *testing.F) {
	f.Add("edgeguard")
	f.Add("edgeguard {\n data /a\n node b\n region eu-west-3\n}")
	f.Add("edgeguard {\n gossip 127.0.0.1:7946 {\n join 127.0.0.1:7947\n advertise 127.0.0.1\n key_file /k\n }\n}")
	f.Add("edgeguard {\n publish 192.0.2.1 2001:db8::1\n account 111111111111 {\n distribution d1.cloudfront.net {\n }\n load_balancer a.eu-west-3.elb.amazonaws.com\n }\n}")
	f.Add("edgeguard {\n publish 192.0.2.1\n resolver 192.0.2.53 [::1]:53\n wildcard_claims strict2018\n dangling warn\n account 111111111111 {\n distribution d1.cloudfront.net {\n alias a.example.org *.example.org\n }\n load_balancer a.eu-west-3.elb.amazonaws.com {\n alias b.example.org\n default_certificate arn:aws:acm:eu-west-3:111111111111:certificate/1\n }\n }\n}")
	f.Add("edgeguard {\n acm {\n ca internal\n }\n}")
	f.Fuzz(func(t *testing.T, in string) {
		a := new(App)
		if a.UnmarshalCaddyfile(caddyfile.NewTestDispenser(in)) != nil {
			return
		}
		if err := a.Validate(); err != nil {
			t.Errorf("UnmarshalCaddyfile(%q) accepts what Validate() refuses: %v", in, err)
		}
		checkRoundTrip(t, a)
	})
}

// FuzzUnmarshalJSON: any JSON decodes to an app that can be checked, or fails.
func FuzzUnmarshalJSON(f *testing.F) {
	f.Add([]byte(`{"data":"/a","gossip":{"bind":"127.0.0.1:1"},"publish":["192.0.2.1"],"accounts":[{"id":"111111111111","distributions":[{"name":"d1.cloudfront.net"}]}]}`))
	f.Add([]byte(`{"publish":["192.0.2.1"],"resolvers":["192.0.2.53"],"dangling":"warn","wildcard_claims":"current","accounts":[{"id":"111111111111","distributions":[{"name":"d1.cloudfront.net","aliases":["*.example.org"]}],"load_balancers":[{"name":"a.b.elb.amazonaws.com","aliases":["a.example.org"],"default_certificate":"arn:aws:acm:a:111111111111:certificate/1"}]}]}`))
	f.Add([]byte(`{"accounts":[null,{"distributions":[null]}],"gossip":null,"publish":[""]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		a := new(App)
		if caddy.StrictUnmarshalJSON(in, a) != nil || a.Validate() != nil {
			return
		}
		for _, v := range a.endpoints() {
			if err := v.Validate(); err != nil {
				t.Errorf("Validate() of %s accepts an endpoint that is none: %v", in, err)
			}
		}
		for _, v := range a.declaration().Values() {
			if err := v.Validate(); err != nil {
				t.Errorf("Validate() of %s accepts what cannot be declared: %v", in, err)
			}
		}
		checkRoundTrip(t, a)
	})
}

// checkRoundTrip checks that a is the same after JSON.
func checkRoundTrip(t *testing.T, a *App) {
	t.Helper()
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatalf("Marshal(%+v) = %v", a, err)
	}
	b := new(App)
	if err := caddy.StrictUnmarshalJSON(data, b); err != nil {
		t.Fatalf("StrictUnmarshalJSON(%s) = %v", data, err)
	}
	if again, _ := json.Marshal(b); !reflect.DeepEqual(again, data) {
		t.Errorf("StrictUnmarshalJSON(%s) = %s", data, again)
	}
}
