package route53sim

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/statetest"
	"github.com/miekg/dns"
)

// escaped returns text as it stands in an element.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// A traffic policy instance is answered like the tree of aliases that it stands
// for: two levels that draw, with a member that cannot be drawn while others are
// healthy; then by another version, then not at all.
func TestTrafficPolicyAnswers(t *testing.T) {
	c := newCorefile(t)
	addr := statetest.FreeAddr()
	inst := c.start(c.input("api " + addr))
	defer c.stop(inst)
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	post := func(path, body string, out any) {
		t.Helper()
		if status, err := call(t, addr, "POST", path, body, out); status/100 != 2 || err != nil {
			t.Fatalf("POST %s = %d, %v", path, status, err)
		}
	}
	var zone struct{ HostedZone struct{ Id string } }
	post("hostedzone", `<CreateHostedZoneRequest><Name>example.net</Name><CallerReference>a</CallerReference></CreateHostedZoneRequest>`, &zone)
	const tree = `{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartRule":"top",
"Endpoints":{"a":{"Type":"value","Value":"192.0.2.1"},"b":{"Type":"value","Value":"192.0.2.2"},"c":{"Type":"value","Value":"192.0.2.3"},"d":{"Type":"value","Value":"192.0.2.4"}},
"Rules":{"top":{"RuleType":"weighted","Items":[{"EndpointReference":"a","Weight":1},{"RuleReference":"below","Weight":1}]},
"below":{"RuleType":"weighted","Items":[{"EndpointReference":"b","Weight":1},{"EndpointReference":"c","Weight":1},{"EndpointReference":"d","Weight":0}]}}}`
	var policy struct{ TrafficPolicy struct{ Id string } }
	post("trafficpolicy", "<CreateTrafficPolicyRequest><Name>tree</Name><Document>"+escaped(tree)+"</Document></CreateTrafficPolicyRequest>", &policy)
	post("trafficpolicy/"+policy.TrafficPolicy.Id, "<CreateTrafficPolicyVersionRequest><Document>"+
		escaped(`{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartEndpoint":"e","Endpoints":{"e":{"Type":"value","Value":"192.0.2.9"}}}`)+
		"</Document></CreateTrafficPolicyVersionRequest>", nil)
	var made struct{ TrafficPolicyInstance struct{ Id string } }
	version := func(n, ttl int) string {
		return fmt.Sprintf("<TTL>%d</TTL><TrafficPolicyId>%s</TrafficPolicyId><TrafficPolicyVersion>%d</TrafficPolicyVersion>", ttl, policy.TrafficPolicy.Id, n)
	}
	post("trafficpolicyinstance", "<CreateTrafficPolicyInstanceRequest><HostedZoneId>"+zone.HostedZone.Id+"</HostedZoneId><Name>www.example.net</Name>"+
		version(1, 30)+"</CreateTrafficPolicyInstanceRequest>", &made)

	// seen returns the last numbers of the answers to many questions, sorted,
	// once answers have that TTL: what the API says does not wait for slow views.
	seen := func(ttl uint32) []byte {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) { // polling a real server
			if m := c.ask("www.example.net.", dns.TypeA, dns.RcodeSuccess); len(m.Answer) == 1 && m.Answer[0].Header().Ttl == ttl {
				break
			}
		}
		var out []byte
		for range 100 {
			m := c.ask("www.example.net.", dns.TypeA, dns.RcodeSuccess)
			if len(m.Answer) != 1 || m.Answer[0].Header().Name != "www.example.net." || m.Answer[0].Header().Ttl != ttl {
				t.Fatalf("answer %v, want one A of www.example.net. with TTL %d", m.Answer, ttl)
			}
			if n := m.Answer[0].(*dns.A).A.To4()[3]; !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
		slices.Sort(out)
		return out
	}
	if got := seen(30); !slices.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("answers %v, want 1, 2 and 3", got)
	}
	id := made.TrafficPolicyInstance.Id
	post("trafficpolicyinstance/"+id, "<UpdateTrafficPolicyInstanceRequest>"+version(2, 5)+"</UpdateTrafficPolicyInstanceRequest>", nil)
	if got := seen(5); !slices.Equal(got, []byte{9}) {
		t.Errorf("answers after the update %v, want 9", got)
	}
	if status, err := call(t, addr, "DELETE", "trafficpolicyinstance/"+id, "", nil); status != 200 || err != nil {
		t.Fatalf("DeleteTrafficPolicyInstance = %d, %v", status, err)
	}
	c.ask("www.example.net.", dns.TypeA, dns.RcodeNameError)
}
