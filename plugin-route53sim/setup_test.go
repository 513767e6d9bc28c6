package route53sim

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/state/node"
)

func TestParse(t *testing.T) {
	memory := node.Config{Kind: node.KindDNS}
	for _, tc := range []struct {
		name, input string
		zones       []string
		fall        []string
		node        node.Config
		sources     []importer.Source
		places      [2]string // latency and geoip
		checks      checkMode
		api         apiSettings
		publish     []netip.Addr
		vpcs        []locate.VPC
	}{
		{name: "bare", input: "route53sim", zones: []string{"."}},
		{name: "empty block", input: "route53sim {\n}", zones: []string{"."}},
		{name: "zones", input: "route53sim Example.org example.net", zones: []string{"example.org.", "example.net."}},
		{name: "node alone", input: "route53sim {\n data /x\n node dns-1\n region eu-west-3\n}", zones: []string{"."},
			node: node.Config{Data: "/x", Name: "dns-1", Region: "eu-west-3", Kind: node.KindDNS}},
		{name: "gossip without a block", input: "route53sim {\n gossip 127.0.0.1:7946\n region us-west-2\n}", zones: []string{"."},
			node: node.Config{Region: "us-west-2", Kind: node.KindDNS, Gossip: &node.Gossip{Bind: "127.0.0.1:7946"}}},
		{name: "gossip with a block", zones: []string{"."},
			input: "route53sim {\n gossip 0.0.0.0:7946 {\n join 192.0.2.1:7946 host.example.org:7946\n advertise 192.0.2.2\n key_file /k\n }\n data /x\n}",
			node: node.Config{Data: "/x", Kind: node.KindDNS, Gossip: &node.Gossip{
				Bind: "0.0.0.0:7946", Join: []string{"192.0.2.1:7946", "host.example.org:7946"}, Advertise: "192.0.2.2", KeyFile: "/k"}}},
		{name: "load", input: "route53sim {\n load /a/*.json 111122223333\n load /b/*.zone\n}", zones: []string{"."}, node: memory,
			sources: []importer.Source{{Glob: "/a/*.json", Account: "111122223333"}, {Glob: "/b/*.zone", Account: "000000000000"}}},
		{name: "latency and geoip", input: "route53sim {\n latency /l\n geoip /g\n}", zones: []string{"."}, node: memory, places: [2]string{"/l", "/g"}},
		{name: "switches off", input: "route53sim {\n health_checks off\n fast_path off\n}", zones: []string{"."}, node: memory, checks: checkOff},
		{name: "health checks", input: "route53sim {\n health_checks on\n}", zones: []string{"."}, node: memory, checks: checkOn},
		{name: "public health checks", input: "route53sim {\n health_checks on public\n}", zones: []string{"."}, node: memory, checks: checkPublic},
		{name: "api", input: "route53sim {\n api 127.0.0.1:4566\n}", zones: []string{"."}, node: memory, api: apiSettings{addr: "127.0.0.1:4566"}},
		{name: "api with a block", input: "route53sim {\n api 192.0.2.1:4566 {\n credentials /c\n tls /d /e\n }\n}", zones: []string{"."}, node: memory,
			api: apiSettings{addr: "192.0.2.1:4566", credentials: "/c", cert: "/d", key: "/e"}},
		{name: "api that refuses reserved names", input: "route53sim {\n api 127.0.0.1:4566 {\n refuse_reserved\n }\n}", zones: []string{"."}, node: memory,
			api: apiSettings{addr: "127.0.0.1:4566", refuseReserved: true}},
		{name: "api that throttles", input: "route53sim {\n api 127.0.0.1:4566 {\n throttle\n }\n}", zones: []string{"."}, node: memory,
			api: apiSettings{addr: "127.0.0.1:4566", throttle: true}},
		{name: "api with a delay of health", input: "route53sim {\n api 127.0.0.1:4566 {\n custom_health_delay 30s\n }\n}", zones: []string{"."}, node: memory,
			api: apiSettings{addr: "127.0.0.1:4566", healthDelay: 30 * time.Second}},
		{name: "publish", input: "route53sim {\n publish 192.0.2.1 2001:db8::1\n}", zones: []string{"."}, node: memory,
			publish: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}},
		{name: "vpcs", input: "route53sim {\n vpc vpc-1 eu-west-3 10.0.0.0/16 2001:db8::/48\n vpc vpc-2 us-west-2 10.0.7.0/24\n}", zones: []string{"."}, node: memory,
			vpcs: []locate.VPC{
				{ID: "vpc-1", Region: "eu-west-3", Blocks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("2001:db8::/48")}},
				{ID: "vpc-2", Region: "us-west-2", Blocks: []netip.Prefix{netip.MustParsePrefix("10.0.7.0/24")}}}},
		{name: "fallthrough", input: "route53sim example.org {\n fallthrough\n}", zones: []string{"example.org."}, fall: []string{"."}},
		{name: "fallthrough of zones", input: "route53sim {\n fallthrough a.example.org b.example.org\n}", zones: []string{"."},
			fall: []string{"a.example.org.", "b.example.org."}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, err := parse(caddy.NewTestController("dns", tc.input))
			if err != nil {
				t.Fatalf("parse(%q) = %v", tc.input, err)
			}
			if !slices.Equal(h.zones, tc.zones) {
				t.Errorf("zones = %q, want %q", h.zones, tc.zones)
			}
			if !slices.Equal(h.Fall.Zones, tc.fall) {
				t.Errorf("fallthrough = %q, want %q", h.Fall.Zones, tc.fall)
			}
			if d := h.instance.settings.diff(settings{tc.node, tc.sources, tc.places[0], tc.places[1], tc.vpcs, tc.checks, tc.api, tc.publish}); len(d) > 0 {
				t.Errorf("settings = %+v, want %+v: differ in %q", h.instance.settings, tc, d)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	block := func(lines ...string) string { return "route53sim {\n" + strings.Join(lines, "\n") + "\n}" }
	for _, tc := range []struct{ name, input, want string }{
		{"unknown property", block("colour blue"), "Testfile:2 - Error during parsing: unknown property 'colour'"},
		{"twice in one server block", "route53sim\nroute53sim", "can only be used once"},
		{"invalid zone", "route53sim a..b", "Testfile:1 - Error during parsing: invalid zone 'a..b'"},
		{"property twice", block("data /x", "data /y"), "Testfile:3 - Error during parsing: property 'data' stands twice"},
		{"data without argument", block("data"), "Testfile:2 - Error during parsing: Wrong argument count"},
		{"data with two", block("data /x /y"), "Wrong argument count"},
		{"data with a block", block("data /x {", "}"), "unexpected token '{', expecting the end of the line"},
		{"node of two words", block(`node "a b"`), `node name "a b" is not one word`},
		{"unknown region", block("region mars-1"), `unknown Region "mars-1"`},
		{"gossip without address", block("gossip"), "Wrong argument count"},
		{"gossip without port", block("gossip 127.0.0.1"), `gossip address "127.0.0.1" is not HOST:PORT`},
		{"gossip unspecified", block("gossip 0.0.0.0:7946 {", "key_file /k", "}"), "advertise must say"},
		{"gossip without keys", block("gossip 192.0.2.1:7946"), "Testfile:1 - Error during parsing: gossip address \"192.0.2.1:7946\" is not a loopback address: key_file is required"},
		{"gossip block on one line", block("gossip 127.0.0.1:1 { join a:1 }"), "unexpected token 'join': a block opens and closes on lines of its own"},
		{"gossip block closed on a line of others", block("gossip 127.0.0.1:1 {", "join a:1 }"), "Wrong argument count"},
		{"something after the closing brace", block("gossip 127.0.0.1:1 {", "join a:1", "} data /x"), "unexpected token 'data'"},
		{"unknown property of gossip", block("gossip 127.0.0.1:1 {", "leave a:1", "}"), "Testfile:3 - Error during parsing: unknown property 'leave' of gossip"},
		{"join without argument", block("gossip 127.0.0.1:1 {", "join", "}"), "Wrong argument count"},
		{"join twice", block("gossip 127.0.0.1:1 {", "join a:1", "join b:1", "}"), "property 'join' stands twice"},
		{"gossip block without end", "route53sim {\n gossip 127.0.0.1:1 {\n join a:1", "Unexpected EOF"},
		{"load without argument", block("load"), "Wrong argument count"},
		{"load of a bad account", block("load /x 42"), `account "42" is not 12 digits`},
		{"load of a bad pattern", block("load /x[ 111122223333"), "syntax error in pattern"},
		{"invalid fallthrough", block("fallthrough a..b"), "invalid zone 'a..b'"},
		{"switch without value", block("fast_path"), "Wrong argument count"},
		{"switch in the middle", block("fast_path maybe"), "fast_path 'maybe' is neither on nor off"},

		{"api without credentials", block("api 192.0.2.1:4566"), "Testfile:2 - Error during parsing: api address \"192.0.2.1:4566\" is not a loopback address: credentials are required"},
		{"api without port", block("api 127.0.0.1"), "is not HOST:PORT"},
		{"api on a bad port", block("api 127.0.0.1:http"), `port "http" out of range`},
		{"unknown property of api", block("api 127.0.0.1:1 {", "cors on", "}"), "unknown property 'cors' of api"},
		{"tls of api with one file", block("api 127.0.0.1:1 {", "tls /c", "}"), "Wrong argument count"},
		{"health_checks of no mode", block("health_checks perhaps"), "Testfile:2 - Error during parsing: health_checks 'perhaps' is none of: on, on public, off"},
		{"health_checks off public", block("health_checks off public"), "health_checks 'off public' is none of: on, on public, off"},
		{"health_checks without mode", block("health_checks"), "Wrong argument count"},
		{"fast_path on", block("fast_path on"), "property 'fast_path on' is not supported yet"},
		{"latency of two files", block("latency /l /m"), "Wrong argument count"},
		{"latency twice", block("latency /l", "latency /m"), "property 'latency' stands twice"},
		{"geoip without a file", block("geoip"), "Wrong argument count"},
		{"refuse_reserved with a value", block("api 127.0.0.1:1 {", "refuse_reserved on", "}"), "Wrong argument count"},
		{"throttle with a value", block("api 127.0.0.1:1 {", "throttle 5", "}"), "Wrong argument count"},
		{"custom_health_delay without a value", block("api 127.0.0.1:1 {", "custom_health_delay", "}"), "Wrong argument count"},
		{"custom_health_delay without a unit", block("api 127.0.0.1:1 {", "custom_health_delay 30", "}"), "custom_health_delay '30' is no duration in [0s, 1h0m0s], such as 30s"},
		{"custom_health_delay too long", block("api 127.0.0.1:1 {", "custom_health_delay 61m", "}"), "custom_health_delay '61m' is no duration"},
		{"publish of nothing", block("publish"), "Wrong argument count"},
		{"publish of no address", block("publish everywhere"), "Testfile:2 - Error during parsing: publish 'everywhere' is not an address that resolvers can reach"},
		{"publish of a host and port", block("publish 192.0.2.1:53"), "publish '192.0.2.1:53' is not an address"},
		{"publish unspecified", block("publish 0.0.0.0"), "publish '0.0.0.0' is not an address"},
		{"publish mapped", block("publish ::ffff:192.0.2.1"), "write '192.0.2.1'"},
		{"publish of one address twice", block("publish 192.0.2.1 192.0.2.1"), "publish address '192.0.2.1' is given twice"},
		{"vpc without block", block("vpc vpc-12345678 eu-west-1"), "Wrong argument count"},
		{"vpc of no block", block("vpc vpc-12345678 eu-west-1 192.0.2.1"), "vpc vpc-12345678: '192.0.2.1' is not a CIDR block"},
		{"vpc of a bad block", block("vpc vpc-12345678 eu-west-1 192.0.2.1/24"), "192.0.2.1/24 is not a CIDR block"},
		{"vpc in no Region", block("vpc vpc-12345678 mars-1 192.0.2.0/24"), `unknown Region "mars-1"`},
		{"vpc twice", block("vpc vpc-1 eu-west-1 192.0.2.0/24", "vpc vpc-1 eu-west-1 198.51.100.0/24"), "Testfile:3 - Error during parsing: vpc vpc-1 stands twice"},
		{"a block of two vpcs", block("vpc vpc-1 eu-west-1 192.0.2.0/24", "vpc vpc-2 eu-west-1 192.0.2.0/24"), "Testfile:3 - Error during parsing: vpc vpc-2: CIDR block 192.0.2.0/24 is also that of vpc vpc-1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := setup(caddy.NewTestController("dns", tc.input))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("setup(%q) = %v, want an error with %q", tc.input, err, tc.want)
			}
			if !strings.HasPrefix(err.Error(), "plugin/route53sim: ") {
				t.Errorf("setup(%q) = %v, want it to begin with the plugin's name", tc.input, err)
			}
		})
	}
}

// The settings of the process stand in one block of a Corefile, or the same in
// each.
func TestSeveralBlocks(t *testing.T) {
	const bare, full = "route53sim", "route53sim {\n data /x\n gossip 127.0.0.1:1 {\n join 127.0.0.1:2\n }\n load /z\n}"
	for _, tc := range []struct {
		name   string
		blocks []string
		want   string // of the error, empty for none
	}{
		{"in the first", []string{full, bare}, ""},
		{"in the last", []string{bare, bare, full}, ""},
		{"the same in each", []string{full, full}, ""},
		{"only of the block", []string{full, "route53sim {\n fallthrough\n fast_path off\n}"}, ""},
		{"another folder", []string{full, strings.Replace(full, "/x", "/y", 1)}, "data differ from Testfile:1"},
		{"another member", []string{full, strings.Replace(full, ":2", ":3", 1)}, "join differ from Testfile:1"},
		{"other files", []string{full, strings.Replace(full, "/z", "/q", 1)}, "load differ from Testfile:1"},
		{"another latency file", []string{"route53sim {\n latency /l\n}", "route53sim {\n latency /m\n}"}, "latency differ from Testfile:1"},
		{"a geoip database in the second", []string{full, strings.Replace(full, "load", "geoip /g\nload", 1)}, "geoip differ from Testfile:1"},
		{"other VPCs", []string{"route53sim {\n vpc vpc-1 eu-west-1 192.0.2.0/24\n}", "route53sim {\n vpc vpc-1 eu-west-1 192.0.2.0/25\n}"}, "vpc differ from Testfile:1"},
		{"another api", []string{"route53sim {\n api 127.0.0.1:1\n}", "route53sim {\n api 127.0.0.1:2\n}"}, "api differ from Testfile:1"},
		{"more in the second", []string{"route53sim {\n data /x\n}", "route53sim {\n data /x\n load /z\n}"}, "Testfile:1 - Error during parsing: properties that belong to the process"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := &instance{}
			var err error
			for _, b := range tc.blocks {
				c := caddy.NewTestController("dns", b)
				c.Set(instanceKey{}, in)
				if _, e := parse(c); err == nil {
					err = e
				}
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("parse = %v, want %q", err, tc.want)
			}
		})
	}
}

// Checking a Corefile creates nothing.
func TestSetupCreatesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	if err := setup(caddy.NewTestController("dns", "route53sim {\n data "+folder+"\n load "+folder+"/*.json\n}")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("after setup, Stat(%q) = %v, want that it does not exist", folder, err)
	}
}
