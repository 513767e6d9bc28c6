package route53sim

import (
	"bytes"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/miekg/dns"
)

// nearTest is a zone with a latency group, by Region of its members.
const nearTest = `{"ResourceRecordSets": [
 {"Name": "near.example.", "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": "ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}]},
 {"Name": "near.example.", "Type": "NS", "TTL": 900, "ResourceRecords": [{"Value": "ns-0.awsdns-00.com."}]},
 {"Name": "www.near.example.", "Type": "A", "TTL": 60, "SetIdentifier": "eu", "Region": "eu-west-1", "ResourceRecords": [{"Value": "192.0.2.1"}]},
 {"Name": "www.near.example.", "Type": "A", "TTL": 60, "SetIdentifier": "us", "Region": "us-east-1", "ResourceRecords": [{"Value": "192.0.2.2"}]},
 {"Name": "geo.near.example.", "Type": "A", "TTL": 60, "SetIdentifier": "fr", "GeoLocation": {"CountryCode": "FR"}, "ResourceRecords": [{"Value": "192.0.2.3"}]},
 {"Name": "geo.near.example.", "Type": "A", "TTL": 60, "SetIdentifier": "other", "GeoLocation": {"CountryCode": "*"}, "ResourceRecords": [{"Value": "192.0.2.4"}]}
]}`

// database returns a database in MaxMind's format where loopback is in a
// country.
func database(t *testing.T, country string) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-Country", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, loopback, _ := net.ParseCIDR("127.0.0.0/8")
	record := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country)}}
	if err := tree.Insert(loopback, record); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wants checks that the address of name is want.
func (c *corefile) wants(name, want string) {
	c.t.Helper()
	m := c.ask(name, dns.TypeA, dns.RcodeSuccess)
	if len(m.Answer) != 1 || m.Answer[0].(*dns.A).A.String() != want {
		c.t.Errorf("%s A = %v, want %s", name, m.Answer, want)
	}
}

// What places clients is read at start and at each reload; a reload that fails
// changes nothing.
func TestPlacement(t *testing.T) {
	c := newCorefile(t)
	c.write("near.json", nearTest)
	write := func(latency, country string) {
		c.write("latency", latency)
		c.write("geoip", database(t, country))
	}
	const toEurope, toAmerica = "127.0.0.0/8 eu-west-1 10 us-east-1 90\n", "127.0.0.0/8 eu-west-1 90 us-east-1 10\n"
	write(toEurope, "FR")
	load := "load " + c.folder + "/*.json"
	in := c.input(load, "latency "+c.folder+"/latency", "geoip "+c.folder+"/geoip")
	inst := c.start(in)
	defer func() { c.stop(inst) }()
	c.wants("www.near.example.", "192.0.2.1")
	c.wants("geo.near.example.", "192.0.2.3")

	restart := func(in caddy.Input, want ...string) {
		t.Helper()
		next, err := inst.Restart(in)
		if err == nil {
			inst = next
		}
		if (err == nil) != (len(want) == 0) {
			t.Fatalf("Restart = %v, want errors %q", err, want)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("Restart = %v, want an error with %q", err, w)
			}
		}
	}
	write(toAmerica, "DE")
	restart(in)
	c.wants("www.near.example.", "192.0.2.2")
	c.wants("geo.near.example.", "192.0.2.4")

	c.write("latency", toEurope+"192.0.2.1/24 eu-west-1 1\nmars-1 eu-west-1 1\n")
	c.write("geoip", "not a database")
	restart(in, "latency:2: ", "latency:3: ", "reading geoip database "+c.folder+"/geoip")
	c.wants("www.near.example.", "192.0.2.2")

	write(toEurope, "FR")
	restart(c.text(string(in.Body())+"\nexample.com:1 {\nbind 203.0.113.1\n}\n"), "203.0.113.1")
	c.wants("www.near.example.", "192.0.2.2")
	c.wants("geo.near.example.", "192.0.2.4")

	restart(c.input(load))
	c.wants("www.near.example.", "192.0.2.2") // nearer to us-east-1, where the node stands
	c.wants("geo.near.example.", "192.0.2.4")
}

// All faults of both files stop the start.
func TestPlacementFaults(t *testing.T) {
	c := newCorefile(t)
	c.write("latency", "nowhere\n\neu-west-1 eu-west-2 fast\n")
	inst, err := caddy.Start(c.input("latency "+c.folder+"/latency", "geoip "+c.folder+"/none"))
	if err == nil {
		c.stop(inst)
	}
	for _, want := range []string{"latency:1: ", "latency:3: ", "/none: no such file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start = %v, want an error with %q", err, want)
		}
	}
	if _, err := os.Stat(c.data()); !os.IsNotExist(err) {
		t.Errorf("Stat(data) = %v, want that it does not exist", err)
	}
}
