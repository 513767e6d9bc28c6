package route53sim

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"
)

// export is an export of a zone; vpcs make it private.
func export(id, name string, vpcs []string, sets ...string) string {
	var list []string
	for _, v := range vpcs {
		list = append(list, fmt.Sprintf(`{"VPCRegion": "eu-west-3", "VPCId": %q}`, v))
	}
	sets = append(sets,
		exportSet(name, "SOA", "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"),
		exportSet(name, "NS", "ns-1536.awsdns-00.co.uk."))
	return fmt.Sprintf(`{"HostedZone": {"Id": %q, "Name": %q, "CallerReference": %q, "Config": {"PrivateZone": %v}}, "VPCs": [%s], "ResourceRecordSets": [%s]}`,
		id, name, id, len(vpcs) > 0, strings.Join(list, ","), strings.Join(sets, ","))
}

func exportSet(name, rrtype, value string) string {
	return fmt.Sprintf(`{"Name": %q, "Type": %q, "TTL": 60, "ResourceRecords": [{"Value": %q}]}`, name, rrtype, value)
}

// private is a Corefile with two VPCs, whose clients ask from 127.0.1.1 and
// 127.0.2.1, and two private zones beside public ones.
func private(t *testing.T) *corefile {
	c := newCorefile(t)
	for _, e := range []struct{ id, text string }{
		{"Z0CORP", export("Z0CORP", "corp.", []string{"vpc-1"},
			exportSet("worker.corp.", "A", "10.0.0.1"), exportSet("x.eu.corp.", "A", "10.0.0.2"),
			exportSet("www.corp.", "CNAME", "www.shop.test."), exportSet("out.corp.", "CNAME", "host.example.net."),
			exportSet("gone.corp.", "CNAME", "nope.example.net."), exportSet("far.corp.", "CNAME", "host.elsewhere.test."),
			exportSet("ring.corp.", "CNAME", "ring.eu.corp."), exportSet("near.corp.", "CNAME", "near.shop.test."))},
		{"Z0EUCORP", export("Z0EUCORP", "eu.corp.", []string{"vpc-1"},
			exportSet("y.eu.corp.", "A", "10.0.0.3"), exportSet("ring.eu.corp.", "CNAME", "ring.corp."))},
		{"Z0SHOPIN", export("Z0SHOPIN", "shop.test.", []string{"vpc-2"}, exportSet("shop.test.", "A", "10.0.0.4"))},
		{"Z0SHOP", export("Z0SHOP", "shop.test.", nil,
			exportSet("shop.test.", "A", "192.0.2.4"), exportSet("www.shop.test.", "A", "192.0.2.5"), exportSet("app.shop.test.", "CNAME", "worker.corp."),
			`{"Name": "near.shop.test.", "Type": "A", "SetIdentifier": "a", "Region": "eu-west-3", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.7"}]}`,
			`{"Name": "near.shop.test.", "Type": "A", "SetIdentifier": "b", "Region": "us-west-2", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.8"}]}`)},
	} {
		c.write(e.id+".json", e.text)
	}
	c.write("db.example.net", `$ORIGIN example.net.
@ 60 IN SOA ns.example.net. hostmaster.example.net. 1 60 60 60 60
@ 60 IN NS ns.example.net.
host 60 IN A 192.0.2.6
`)
	inst := c.start(c.text(fmt.Sprintf(`.:%d {
bind 127.0.0.1
cache
transfer {
	to *
}
route53sim {
	data %s
	load %s/*.json
	vpc vpc-1 eu-west-3 127.0.1.0/24
	vpc vpc-2 eu-west-3 127.0.2.0/24
	fallthrough
}
file %s/db.example.net example.net
}
`, c.port, c.data(), c.folder, c.folder)))
	t.Cleanup(func() { c.stop(inst) })
	deadline := time.Now().Add(2 * time.Minute)
	for instanceIn(inst).running.Load().problem() != nil {
		if time.Now().After(deadline) {
			t.Fatal("the zones are not loaded")
		}
		time.Sleep(5 * time.Millisecond) // polling a real server
	}
	return c
}

// askFrom sends m from a local address.
func (c *corefile) askFrom(source string, m *dns.Msg) *dns.Msg {
	c.t.Helper()
	client := dns.Client{Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(source)}, Timeout: time.Minute}, Timeout: time.Minute}
	r, _, err := client.Exchange(m, fmt.Sprintf("127.0.0.1:%d", c.port))
	if err != nil {
		c.t.Fatalf("%s from %s: %v", m.Question[0].Name, source, err)
	}
	return r
}

// brief is a reply's rcode and the data of its answer section.
func brief(m *dns.Msg) string {
	data := []string{dns.RcodeToString[m.Rcode]}
	for _, rr := range m.Answer {
		data = append(data, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return strings.Join(data, " ")
}

// aws-behaviour 1.5, 1.8 checks 4 and 5, on the wire.
func TestPrivateOnTheWire(t *testing.T) {
	c := private(t)
	const vpc1, vpc2, elsewhere = "127.0.1.1", "127.0.2.1", "127.0.0.1"
	for _, tc := range []struct{ name, source, qname, want, soa string }{
		{"private answer", vpc1, "worker.corp.", "NOERROR 10.0.0.1", ""},
		{"not associated: the next plugin has no such name", vpc2, "worker.corp.", "REFUSED", ""},
		{"elsewhere", elsewhere, "worker.corp.", "REFUSED", ""},
		{"most specific only, 1.8 check 4", vpc1, "x.eu.corp.", "NXDOMAIN", "eu.corp."},
		{"NXDOMAIN in spite of fallthrough", vpc1, "nope.corp.", "NXDOMAIN", "corp."},
		{"public hidden, 1.8 check 5", vpc2, "www.shop.test.", "NXDOMAIN", "shop.test."},
		{"public elsewhere, 1.8 check 5", elsewhere, "www.shop.test.", "NOERROR 192.0.2.5", ""},
		{"public from a VPC without a private one", vpc1, "www.shop.test.", "NOERROR 192.0.2.5", ""},
		{"split horizon, inside", vpc2, "shop.test.", "NOERROR 10.0.0.4", ""},
		{"split horizon, outside", elsewhere, "shop.test.", "NOERROR 192.0.2.4", ""},
		{"the next plugin from a VPC", vpc1, "host.example.net.", "NOERROR 192.0.2.6", ""},
		{"CNAME to a public zone is chased", vpc1, "www.corp.", "NOERROR www.shop.test. 192.0.2.5", ""},
		{"CNAME to the next plugin is chased", vpc1, "out.corp.", "NOERROR host.example.net. 192.0.2.6", ""},
		{"CNAME to no name is chased", vpc1, "gone.corp.", "NXDOMAIN nope.example.net.", "example.net."},
		{"CNAME to where nobody answers is the answer", vpc1, "far.corp.", "NOERROR host.elsewhere.test.", ""},
		{"CNAMEs in a circle are followed once", vpc1, "ring.corp.", "NOERROR ring.eu.corp. ring.corp.", ""},
		{"CNAME of a public zone is chased from a VPC", vpc1, "app.shop.test.", "NOERROR worker.corp. 10.0.0.1", ""},
		{"but not from elsewhere", elsewhere, "app.shop.test.", "NOERROR worker.corp.", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := c.askFrom(tc.source, query(tc.qname, dns.TypeA))
			if got := brief(m); got != tc.want {
				t.Errorf("%s from %s = %q, want %q", tc.qname, tc.source, got, tc.want)
			}
			if m.Rcode != dns.RcodeRefused && (m.RecursionAvailable || !m.Authoritative) {
				t.Errorf("flags %+v, want AA, no RA", m.MsgHdr)
			}
			if tc.soa != "" && (len(m.Ns) != 1 || m.Ns[0].Header().Name != tc.soa || m.Ns[0].Header().Rrtype != dns.TypeSOA) {
				t.Errorf("authority %v, want the SOA of %s", m.Ns, tc.soa)
			}
		})
	}
	t.Run("without RD nothing is chased", func(t *testing.T) {
		m := query("www.corp.", dns.TypeA)
		m.RecursionDesired = false
		if got := brief(c.askFrom(vpc1, m)); got != "NOERROR www.shop.test." {
			t.Errorf("www.corp. without RD = %q, want the CNAME alone", got)
		}
	})
	t.Run("ECS is ignored, scope 0, but for what is public", func(t *testing.T) {
		for qname, want := range map[string]int{"worker.corp.": 0, "near.corp.": 24} {
			m := query(qname, dns.TypeA)
			m.SetEdns0(1232, false)
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.IPv4(192, 0, 2, 0).To4()})
			r := c.askFrom(vpc1, m)
			if scope, sent := scopeIn(r); len(r.Answer) == 0 || !sent || scope != want {
				t.Errorf("%s with ECS = %v, want an answer and scope %d", qname, r, want)
			}
		}
	})
	t.Run("the Region of the VPC counts for public names too", func(t *testing.T) {
		if got := brief(c.askFrom(vpc1, query("near.corp.", dns.TypeA))); got != "NOERROR near.shop.test. 192.0.2.7" {
			t.Errorf("near.corp. = %q, want what is near eu-west-3", got)
		}
	})
	t.Run("never transferred", func(t *testing.T) {
		for zone, want := range map[string]string{"corp.": "REFUSED", "shop.test.": "transferred"} {
			if got := c.transfer(vpc1, zone); got != want {
				t.Errorf("transfer of %s from inside its VPC: %s, want %s", zone, got, want)
			}
		}
	})
}

// transfer asks for a transfer from a local address, as secondaries do until
// there is a reply: a server that is busy for seconds hangs up on who is silent
// meanwhile. It returns the reply's rcode, or that the zone came.
func (c *corefile) transfer(source, zone string) string {
	c.t.Helper()
	client := dns.Client{Net: "tcp", Dialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}, Timeout: time.Minute}
	m := new(dns.Msg)
	m.SetAxfr(zone)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		r, _, err := client.Exchange(m, fmt.Sprintf("127.0.0.1:%d", c.port))
		switch {
		case err == nil && slices.ContainsFunc(r.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA }):
			return "transferred"
		case err == nil:
			return brief(r)
		case time.Now().After(deadline):
			return err.Error()
		}
		c.t.Logf("transfer of %s: %v", zone, err)
	}
}

// Metadata names the VPC, and the zone that its clients see; what is no query
// is answered only where there is a zone.
func TestPrivateMetadata(t *testing.T) {
	w := &world{home: "us-east-1", vpcs: []refVPC{{"vpc-1", "eu-west-1", networks[0].network}}}
	zone := &refZone{id: "Z0CORP00000000000000", name: "corp.", vpcs: []string{"vpc-1"}}
	w.zones = append(w.zones, zone)
	h := w.handler(t)
	for source, want := range map[string][3]string{"192.0.2.1": {"vpc-1", "corp.", zone.id}, "198.51.100.1": {"", "", ""}} {
		ctx := metadata.ContextWithMetadata(context.Background())
		writer := &wireWriter{remote: &net.UDPAddr{IP: net.ParseIP(source), Port: 53}}
		ctx = h.Metadata(ctx, request.Request{W: writer, Req: query("corp.", dns.TypeA)})
		for i, label := range []string{"route53sim/vpc", "route53sim/zone", "route53sim/zone-id"} {
			if f := metadata.ValueFunc(ctx, label); f == nil || f() != want[i] {
				t.Errorf("metadata %q from %s, want %q", label, source, want[i])
			}
		}
		status := query("corp.", dns.TypeA)
		status.Opcode = dns.OpcodeStatus
		if code, _ := h.ServeDNS(ctx, writer, status); (code == dns.RcodeNotImplemented) != (want[0] != "") {
			t.Errorf("STATUS from %s = %s", source, dns.RcodeToString[code])
		}
	}
}
