package integration

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// regional is an endpoint of an API in one Region, whose health can be set.
type regional struct {
	*httptest.Server
	status atomic.Value
}

func newRegional(t *testing.T) *regional {
	r := &regional{}
	r.status.Store("ok")
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/prod/healthcheck" {
			http.NotFound(w, q)
			return
		}
		fmt.Fprintf(w, `{"status":%q}`, r.status.Load())
	}))
	// Checkers hang up as soon as they know enough.
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

// multiRegion is an export: one name, two Regions, each with a health check.
func multiRegion(east, west *regional) string {
	member := func(region, address string) string {
		return fmt.Sprintf(`{"Name": "api.example.org.", "Type": "A", "SetIdentifier": %q, "Region": %q, "TTL": 60,
      "HealthCheckId": "check-%s", "ResourceRecords": [{"Value": %q}]}`, region, region, region, address)
	}
	check := func(region string, r *regional) string {
		return fmt.Sprintf(`{"Id": "check-%s", "CallerReference": %q, "HealthCheckVersion": 1, "HealthCheckConfig":
      {"Type": "HTTPS_STR_MATCH", "IPAddress": "127.0.0.1", "Port": %d, "ResourcePath": "/prod/healthcheck",
       "SearchString": "ok", "RequestInterval": 10, "FailureThreshold": 2}}`, region, region, r.Listener.Addr().(*net.TCPAddr).Port)
	}
	return fmt.Sprintf(`{
  "HostedZone": {"Id": "/hostedzone/ZMULTI00000000001", "Name": "example.org.", "CallerReference": "multi"},
  "ResourceRecordSets": [%s, %s],
  "HealthChecks": [%s, %s]
}
`, member("us-east-1", eastAddress), member("us-west-2", westAddress), check("us-east-1", east), check("us-west-2", west))
}

const (
	eastAddress = "192.0.2.1"
	westAddress = "192.0.2.2"

	// places says where the clients of these networks are.
	places = "198.51.100.0/25 us-east-1 5 us-west-2 70\n198.51.100.128/25 us-east-1 70 us-west-2 5\n"
)

// from returns what a client at an address is answered for api.example.org.
func (n *dnsNode) from(client string) string {
	m := new(dns.Msg).SetQuestion("api.example.org.", dns.TypeA)
	m.SetEdns0(1232, false)
	o := m.IsEdns0()
	o.Option = append(o.Option, &dns.EDNS0_SUBNET{
		Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 32, Address: net.ParseIP(client).To4(),
	})
	c := dns.Client{Timeout: deadline / 8}
	r, _, err := c.Exchange(m, n.addr)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, rr := range r.Answer {
		out = append(out, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return strings.Join(out, " ")
}

// TestMultiRegionFailover has three nodes check two regional endpoints. When
// one fails, its clients are sent to the other on every node; and back.
func TestMultiRegionFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several intervals of health checks, of 10 seconds each")
	}
	east, west := newRegional(t), newRegional(t)
	a := newDNS(t, "a")
	b := newDNS(t, "b", a.gossip)
	c := newDNS(t, "c", a.gossip)
	nodes := []*dnsNode{a, b, c}
	writeFile(t, filepath.Join(a.dir, "zones", "multi.json"), multiRegion(east, west))
	for i, n := range nodes {
		path := filepath.Join(n.dir, "latency")
		writeFile(t, path, places)
		n.extra = []string{"health_checks on", "latency " + path, "region " + []string{"us-east-1", "us-west-2", "eu-west-1"}[i]}
		n.start()
	}
	for _, n := range nodes {
		n.ready()
	}
	const inEast, inWest = "198.51.100.1", "198.51.100.200"
	// How long it took is printed, not asserted: the budget is the interval
	// times the threshold and a second, 21 s.
	wants := func(inEastWant, inWestWant string) {
		t.Helper()
		began := time.Now()
		for _, n := range nodes {
			eventually(t, func() string {
				e, w := n.from(inEast), n.from(inWest)
				if e != inEastWant || w != inWestWant {
					return fmt.Sprintf("%s answers %q in the east and %q in the west, want %q and %q", n.name, e, w, inEastWant, inWestWant)
				}
				return ""
			})
		}
		t.Logf("after %v", time.Since(began).Round(10*time.Millisecond))
	}
	wants(eastAddress, westAddress)
	for _, n := range nodes { // until each has an opinion, and has heard the others'
		eventually(t, func() string {
			if got := n.metric("coredns_route53sim_health_checkers"); got != "3" {
				return fmt.Sprintf("%s hears %q checkers, want 3", n.name, got)
			}
			return ""
		})
	}

	east.status.Store("fail")
	wants(westAddress, westAddress)
	east.status.Store("ok")
	wants(eastAddress, westAddress)
	west.status.Store("fail")
	wants(eastAddress, eastAddress)

	t.Run("a killed node answers as before after its restart", func(t *testing.T) {
		c.kill()
		c.start()
		c.ready()
		if got := c.from(inWest); got != eastAddress {
			t.Errorf("the west's clients get %q after a restart, want %q", got, eastAddress)
		}
	})
	t.Run("both fail: the best answers as if it were healthy", func(t *testing.T) {
		east.status.Store("fail")
		wants(eastAddress, westAddress)
	})
}
