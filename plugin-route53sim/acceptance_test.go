package route53sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// acceptance is the zone that aws-behaviour 3.12 is checked with.
type acceptance struct{ sets []string }

// add adds an RRset: its name, type and further members as JSON, and values.
func (a *acceptance) add(name, rrtype, members string, values ...string) {
	set := fmt.Sprintf(`{"Name": %q, "Type": %q`, name+"example.org.", rrtype)
	if members != "" {
		set += ", " + members
	}
	for i, v := range values {
		values[i] = fmt.Sprintf(`{"Value": %q}`, v)
	}
	if len(values) > 0 {
		set += `, "TTL": 60, "ResourceRecords": [` + strings.Join(values, ",") + "]"
	}
	a.sets = append(a.sets, set+"}")
}

func alias(target string, evaluate bool) string {
	return fmt.Sprintf(`"AliasTarget": {"HostedZoneId": "Z0ACCEPT000000000000", "DNSName": "%s.example.org.", "EvaluateTargetHealth": %v}`, target, evaluate)
}

func (a *acceptance) fill() {
	a.add("", "SOA", "", "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400")
	a.add("", "NS", "", "ns-2.awsdns-00.com.", "ns-1.awsdns-00.net.", "ns-4.awsdns-00.org.", "ns-3.awsdns-00.co.uk.")
	a.add("", "A", "", "192.0.2.1")
	a.add("www.", "CNAME", "", "example.org")
	a.add("del.", "NS", "", "ns.example.net.")
	for i, w := range []int{3, 1, 0} {
		a.add("w.", "A", fmt.Sprintf(`"SetIdentifier": "%d", "Weight": %d, "HealthCheckId": "w%d"`, i, w, i), fmt.Sprint("192.0.2.", i+1))
	}
	for _, evaluate := range []bool{true, false} { // the guide's tree
		top := fmt.Sprintf("tree-%v.", evaluate)
		a.add(top, "A", `"SetIdentifier": "a", "Region": "eu-west-1", `+alias("leaves", evaluate))
		a.add(top, "A", `"SetIdentifier": "b", "Region": "us-west-2"`, "192.0.2.9")
	}
	a.add("leaves.", "A", `"SetIdentifier": "1", "Weight": 1, "HealthCheckId": "leaf"`, "192.0.2.1")
	a.add("leaves.", "A", `"SetIdentifier": "2", "Weight": 1, "HealthCheckId": "leaf"`, "192.0.2.1")
	a.add("f.", "A", `"SetIdentifier": "p", "Failover": "PRIMARY", "HealthCheckId": "p"`, "192.0.2.1")
	a.add("f.", "A", `"SetIdentifier": "s", "Failover": "SECONDARY", "HealthCheckId": "s"`, "192.0.2.2")
	a.add("g.", "A", `"SetIdentifier": "or", "GeoLocation": {"CountryCode": "US", "SubdivisionCode": "OR"}, "HealthCheckId": "or"`, "192.0.2.1")
	a.add("g.", "A", `"SetIdentifier": "us", "GeoLocation": {"CountryCode": "US"}, "HealthCheckId": "us"`, "192.0.2.2")
	a.add("g.", "A", `"SetIdentifier": "eu", "GeoLocation": {"ContinentCode": "EU"}`, "192.0.2.3")
	for name, bias := range map[string]int{"plus.": 50, "minus.": -50} {
		a.add(name, "A", `"SetIdentifier": "a", "GeoProximityLocation": {"Coordinates": {"Latitude": "-10", "Longitude": "-62"}}`, "192.0.2.1")
		a.add(name, "A", fmt.Sprintf(`"SetIdentifier": "b", "GeoProximityLocation": {"Coordinates": {"Latitude": "-10", "Longitude": "-42"}, "Bias": %d}`, bias), "192.0.2.2")
	}
	for i := range 12 {
		a.add("m.", "A", fmt.Sprintf(`"SetIdentifier": "%d", "MultiValueAnswer": true, "HealthCheckId": "m%d"`, i, i), fmt.Sprint("192.0.2.", i+1))
	}
	a.add("*.x.", "A", "", "192.0.2.1")
	a.add("y.x.", "A", "", "192.0.2.2")
	texts := make([]string, 40)
	for i := range texts {
		texts[i] = fmt.Sprintf(`"%02d%s"`, i, strings.Repeat("x", 60))
	}
	a.add("big.", "TXT", "", texts...)
	a.add("c.", "A", `"SetIdentifier": "in", "CidrRoutingConfig": {"CollectionId": "`+refCollection+`", "LocationName": "office"}`, "192.0.2.1")
	a.add("c.", "A", `"SetIdentifier": "out", "CidrRoutingConfig": {"CollectionId": "`+refCollection+`", "LocationName": "*"}`, "192.0.2.2")
}

// TestAcceptance is aws-behaviour 3.12, check by check, on the wire.
func TestAcceptance(t *testing.T) {
	var zone acceptance
	zone.fill()
	h, compiler := handlerFrom(t, `{"HostedZone": {"Id": "Z0ACCEPT000000000000", "Name": "example.org.", "CallerReference": "acceptance"},
		"ResourceRecordSets": [`+strings.Join(zone.sets, ",\n")+"]}")
	all := strings.Fields("w0 w1 w2 leaf p s or us m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11")
	for _, tc := range []struct {
		name, qname, client string
		failing             string // ids of health checks
		answers             string // last numbers of addresses that may come, or what m is
		n                   int    // records in the answer
	}{
		{"3 weighted", "w", "", "", "1 2", 1},
		{"3 weighted, weight 0 not served beside one healthy", "w", "", "w0", "2", 1},
		{"3 weighted, weight 0 once the others are unhealthy", "w", "", "w0 w1", "3", 1},
		{"4 region A down, evaluated", "tree-true", "192.0.2.0/24", "leaf", "9", 1},
		{"4 region A down, not evaluated", "tree-false", "192.0.2.0/24", "leaf", "1", 1},
		{"5 both down", "f", "", "p s", "1", 1},
		{"6 state unhealthy, country healthy", "g", "198.51.100.0/24", "or", "2", 1},
		{"6 all unhealthy", "g", "198.51.100.0/24", "or us", "1", 1},
		{"7 no location, no default", "g", "203.0.113.0/24", "", "", 0},
		{"8 bias +50 wins", "plus", "203.0.113.0/24", "", "2", 1},
		{"8 bias -50 loses", "minus", "203.0.113.0/24", "", "1", 1},
		{"9 twelve healthy", "m", "", "", "1 2 3 4 5 6 7 8 9 10 11 12", 8},
		{"9 two healthy", "m", "", "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9", "11 12", 2},
		{"9 none healthy", "m", "", "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11", "1 2 3 4 5 6 7 8 9 10 11 12", 8},
		{"10 wildcard", "q.x", "", "", "1", 1},
		{"13 in the block", "c", "198.51.100.0/24", "", "1", 1},
		{"13 a prefix of /20 is not in a block of /24", "c", "198.51.96.0/20", "", "2", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			failing := strings.Fields(tc.failing)
			v := compiler.Judge(all, func(id string) bool { return !slices.Contains(failing, id) })
			h.instance.running.Load().compiled.Store(v)
			q := asked{name: tc.qname + ".example.org.", qtype: dns.TypeA, source: netip.MustParseAddr("192.0.3.1")}
			if tc.client != "" {
				q.ecs = netip.MustParsePrefix(tc.client)
			}
			for range 50 {
				m := exchange(t, h, q)
				distinct := map[string]bool{}
				for _, rr := range m.Answer {
					last := fmt.Sprint(rr.(*dns.A).A[3])
					if distinct[last] = true; !slices.Contains(strings.Fields(tc.answers), last) {
						t.Fatalf("answer %v, want of %s", m.Answer, tc.answers)
					}
				}
				if m.Rcode != dns.RcodeSuccess || len(m.Answer) != tc.n || len(distinct) != tc.n {
					t.Fatalf("reply %v, want NOERROR with %d distinct records", m, tc.n)
				}
			}
		})
	}
	acceptSections(t, h)
}

// acceptSections are the checks of aws-behaviour 3.12 that are about more than
// addresses.
func acceptSections(t *testing.T, h *Route53Sim) {
	ask := func(name string, qtype uint16, tcp bool) *dns.Msg {
		return exchange(t, h, asked{name: name, qtype: qtype, tcp: tcp, source: netip.MustParseAddr("192.0.3.1")})
	}
	t.Run("1 CNAME to the apex", func(t *testing.T) {
		m := ask("www.example.org.", dns.TypeA, false)
		if len(m.Answer) != 2 || len(m.Ns) != 4 || len(m.Extra) != 1 || !m.Authoritative {
			t.Errorf("reply %v, want CNAME and A, four NS, OPT alone", m)
		}
		if !slices.IsSortedFunc(m.Ns, func(a, b dns.RR) int { return strings.Compare(a.(*dns.NS).Ns, b.(*dns.NS).Ns) }) {
			t.Errorf("authority %v, want it sorted by host", m.Ns)
		}
	})
	t.Run("2 delegation", func(t *testing.T) {
		m := ask("x.del.example.org.", dns.TypeA, false)
		if m.Authoritative || len(m.Answer) != 0 || len(m.Ns) != 1 || m.Ns[0].Header().Ttl != 60 {
			t.Errorf("reply %v, want a referral with the TTL of the NS", m)
		}
	})
	t.Run("10 below an existing name", func(t *testing.T) {
		if m := ask("a.y.x.example.org.", dns.TypeA, false); m.Rcode != dns.RcodeNameError {
			t.Errorf("reply %v, want NXDOMAIN", m)
		}
	})
	t.Run("11 40 values without EDNS", func(t *testing.T) {
		r := new(dns.Msg).SetQuestion("big.example.org.", dns.TypeTXT)
		w := &wireWriter{}
		if _, err := h.ServeDNS(t.Context(), w, r); err != nil {
			t.Fatal(err)
		}
		m := new(dns.Msg)
		if err := m.Unpack(w.reply); err != nil || !m.Truncated || len(w.reply) > 512 {
			t.Errorf("reply of %d bytes over UDP, TC %v, want at most 512 and TC", len(w.reply), m.Truncated)
		}
		if m := ask("big.example.org.", dns.TypeTXT, true); m.Truncated || len(m.Answer) != 40 {
			t.Errorf("reply over TCP with %d records, TC %v, want 40 without", len(m.Answer), m.Truncated)
		}
	})
	t.Run("12 unknown zone", func(t *testing.T) {
		if m := ask("example.net.", dns.TypeA, false); m.Rcode != dns.RcodeRefused || m.IsEdns0() != nil {
			t.Errorf("reply %v, want REFUSED without OPT", m)
		}
	})
}
