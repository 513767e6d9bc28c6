package route53sim

import (
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/statetest"
)

// call sends a request to the API at addr with any key, and reads the answer
// into out.
func call(t *testing.T, addr, method, path, body string, out any) (int, error) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+addr+"/2013-04-01/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Date", "20260801T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260801/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if out != nil {
		if err := xml.Unmarshal(data, out); err != nil {
			t.Errorf("%s %s = %q: %v", method, path, data, err)
		}
	}
	return resp.StatusCode, nil
}

// What the API makes is answered, and what TestDNSAnswer says is what goes
// over the wire.
func TestAPIAnswers(t *testing.T) {
	c := newCorefile(t)
	addr := statetest.FreeAddr()
	inst := c.start(c.input("api " + addr))
	defer c.stop(inst)
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)

	var made struct {
		HostedZone struct{ Id, Name string }
	}
	const create = `<CreateHostedZoneRequest><Name>example.net</Name><CallerReference>a</CallerReference></CreateHostedZoneRequest>`
	if status, err := call(t, addr, "POST", "hostedzone", create, &made); status != 201 || err != nil {
		t.Fatalf("CreateHostedZone = %d, %v, want 201", status, err)
	}
	id := strings.TrimPrefix(made.HostedZone.Id, "/hostedzone/")
	var changes strings.Builder
	for name, values := range map[string][]string{
		"www A": {"192.0.2.1", "192.0.2.2"}, "*.wild TXT": {`"a \"b\""`}, "mail MX": {"10 www.example.net."},
		"chain CNAME": {"www.example.net."}, "big TXT": {`"` + strings.Repeat("a", 250) + `"`, `"` + strings.Repeat("b", 250) + `"`, `"` + strings.Repeat("c", 250) + `"`},
	} {
		owner, rrtype, _ := strings.Cut(name, " ")
		fmt.Fprintf(&changes, "<Change><Action>CREATE</Action><ResourceRecordSet><Name>%s.example.net</Name><Type>%s</Type><TTL>60</TTL><ResourceRecords>", owner, rrtype)
		for _, v := range values {
			fmt.Fprintf(&changes, "<ResourceRecord><Value>%s</Value></ResourceRecord>", v)
		}
		changes.WriteString("</ResourceRecords></ResourceRecordSet></Change>")
	}
	body := "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>" + changes.String() + "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
	if status, err := call(t, addr, "POST", "hostedzone/"+id+"/rrset/", body, nil); status != 200 || err != nil {
		t.Fatalf("ChangeResourceRecordSets = %d, %v, want 200", status, err)
	}
	c.ask("www.example.net.", dns.TypeA, dns.RcodeSuccess) // an acknowledgement does not wait for slow views
	client := dns.Client{Timeout: time.Minute}
	for _, owner := range []string{"example.net.", "www.example.net.", "WWW.example.net.", "a.wild.example.net.", "mail.example.net.", "chain.example.net.", "big.example.net.", "none.example.net."} {
		for _, rrtype := range model.Types {
			qtype, _ := model.TypeCode(rrtype)
			m, _, err := client.Exchange(new(dns.Msg).SetQuestion(owner, qtype), fmt.Sprintf("127.0.0.1:%d", c.port))
			if err != nil {
				t.Fatal(err)
			}
			protocol := "UDP"
			if m.Truncated {
				protocol = "TCP"
				tcp := dns.Client{Net: "tcp", Timeout: time.Minute}
				if m, _, err = tcp.Exchange(new(dns.Msg).SetQuestion(owner, qtype), fmt.Sprintf("127.0.0.1:%d", c.port)); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for _, rr := range m.Answer {
				text, err := model.FormatRdata(rr)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, text)
			}
			var got struct {
				ResponseCode, Protocol, RecordType string
				RecordData                         struct{ RecordDataEntry []string }
			}
			path := "testdnsanswer?hostedzoneid=" + id + "&recordname=" + url.QueryEscape(owner) + "&recordtype=" + rrtype
			if status, err := call(t, addr, "GET", path, "", &got); status != 200 || err != nil {
				t.Fatalf("TestDNSAnswer(%s, %s) = %d, %v", owner, rrtype, status, err)
			}
			slices.Sort(want)
			slices.Sort(got.RecordData.RecordDataEntry) // their order is drawn
			if got.ResponseCode != dns.RcodeToString[m.Rcode] || got.Protocol != protocol || !slices.Equal(got.RecordData.RecordDataEntry, want) {
				t.Errorf("TestDNSAnswer(%s, %s) = %+v, on the wire %s %s %q", owner, rrtype, got, dns.RcodeToString[m.Rcode], protocol, want)
			}
		}
	}
}

// The listener belongs to the node: a reload keeps it, moves it, or stops it.
func TestAPIReload(t *testing.T) {
	c := newCorefile(t)
	first, second := statetest.FreeAddr(), statetest.FreeAddr()
	inst := c.start(c.input("api " + first))
	defer func() { c.stop(inst) }()
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	served := func(addr string) bool {
		status, err := call(t, addr, "GET", "hostedzonecount", "", nil)
		return err == nil && status == 200
	}
	credentials := filepath.Join(c.folder, "credentials")
	if err := os.WriteFile(credentials, []byte("111111111111 AKID secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name          string
		in            caddy.Input
		first, second bool
		want          string // of the error
	}{
		{"the same", c.input("api "+first, "fallthrough"), true, false, ""},
		{"credentials that are not there", c.input("api " + first + " {\ncredentials /none\n}"), true, false, "reading the credentials of the api"},
		{"address of nobody", c.input("api 203.0.113.1:1 {\ncredentials " + credentials + "\n}"), true, false, "starting the api"},
		{"another address", c.input("api " + second), false, true, ""},
		{"a later plugin fails", c.text(string(c.input("api "+first).Body()) + "\nexample.com:1 {\nbind 203.0.113.1\n}\n"), false, true, "203.0.113.1"},
		{"with credentials", c.input("api " + second + " {\ncredentials " + credentials + "\n}"), false, false, ""},
		{"without again", c.input("api " + second), false, true, ""},
		{"none", c.input(), false, false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			next, err := inst.Restart(tc.in)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("Restart = %v, want %q", err, tc.want)
			}
			if err == nil {
				inst = next
			}
			if served(first) != tc.first || served(second) != tc.second {
				t.Errorf("served at %s: %v, at %s: %v, want %v and %v", first, served(first), second, served(second), tc.first, tc.second)
			}
		})
	}
}

// An address that is taken stops the start, and leaves no node open.
func TestAPIAddressTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := newCorefile(t)
	inst, err := caddy.Start(c.input("api " + l.Addr().String()))
	if err == nil {
		c.stop(inst)
		t.Fatal("started on an address that is taken")
	}
	if len(nodes.open) != 0 {
		t.Errorf("%d nodes open after a start that failed, want none", len(nodes.open))
	}
}
