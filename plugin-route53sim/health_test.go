package route53sim

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

// nodeWithHealthCheck opens a node that knows a check, until the test ends.
func nodeWithHealthCheck(t *testing.T) *running {
	t.Helper()
	run, err := open(settings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.close() })
	_, err = run.node.Commit(t.Context(), func(tx *state.Tx) error {
		return tx.Put(&model.HealthCheck{ID: "check", Account: model.DefaultAccount, Config: model.HealthCheckConfig{Type: "CALCULATED", HealthThreshold: 1}})
	})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); run.health.States().Len() == 0; time.Sleep(time.Millisecond) { // another goroutine's work
		if time.Now().After(end) {
			t.Fatal("the check is not known after 2 min")
		}
	}
	return run
}

// failoverZone is an export with a failover pair and the check of its primary.
const failoverZone = `{
  "HostedZone": {"Id": "/hostedzone/ZHEALTH0000000001", "Name": "health.example.", "CallerReference": "health"},
  "ResourceRecordSets": [
    {"Name": "www.health.example.", "Type": "A", "SetIdentifier": "p", "Failover": "PRIMARY", "TTL": 60,
      "HealthCheckId": "primary", "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "www.health.example.", "Type": "A", "SetIdentifier": "s", "Failover": "SECONDARY", "TTL": 60,
      "ResourceRecords": [{"Value": "192.0.2.2"}]},
    {"Name": "%s", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.3"}]}
  ],
  "HealthChecks": [{"Id": "primary", "CallerReference": "primary", "HealthCheckVersion": 1, "HealthCheckConfig":
    {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": %d, "RequestInterval": 10, "FailureThreshold": 1, "ResourcePath": "%s"}}]
}`

func TestHealthChecksDecideAnswers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/up" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	c := newCorefile(t)
	exports := 0
	export := func(path string) {
		exports++
		marker := fmt.Sprintf("export%d.health.example.", exports)
		c.write("health.json", fmt.Sprintf(failoverZone, marker, s.Listener.Addr().(*net.TCPAddr).Port, path))
	}
	input := func(mode string) caddy.Input { return c.input("load "+c.folder+"/*.json", "health_checks "+mode) }
	export("/down")
	inst := c.start(input("on"))
	defer func() { c.stop(inst) }()
	reload := func(mode string) {
		t.Helper()
		next, err := inst.Restart(input(mode))
		if err != nil {
			t.Fatal(err)
		}
		inst = next
	}
	c.answers("www.health.example.", "192.0.2.2")
	export("/up")
	c.answers("www.health.example.", "192.0.2.1")

	reload("off") // nobody probes: it stays as it was
	export("/down")
	c.answers("export3.health.example.", "192.0.2.3")
	c.answers("www.health.example.", "192.0.2.1")
	reload("on")
	c.answers("www.health.example.", "192.0.2.2")
	reload("off")
	export("/up")
	reload("on public") // loopback is not
	c.answers("export4.health.example.", "192.0.2.3")
	c.answers("www.health.example.", "192.0.2.2")
}

// answers polls until the A record of name is want.
func (c *corefile) answers(name, want string) {
	c.t.Helper()
	got := ""
	for end := time.Now().Add(2 * time.Minute); got != want; time.Sleep(5 * time.Millisecond) { // polling a real server
		if time.Now().After(end) {
			c.t.Fatalf("%s A = %q after 2 min, want %q", name, got, want)
		}
		m, err := dns.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), fmt.Sprintf("127.0.0.1:%d", c.port))
		if err == nil && len(m.Answer) == 1 {
			got = m.Answer[0].(*dns.A).A.String()
		}
	}
}

func TestHealthMetrics(t *testing.T) {
	run := nodeWithHealthCheck(t)
	_, err := run.node.Commit(t.Context(), func(tx *state.Tx) error {
		return tx.Put(&model.HealthForce{HealthCheckID: "check", State: model.Unhealthy})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		`health_checks[name:"state" value:"unhealthy"]`: "1",
		`health_checks[name:"state" value:"healthy"]`:   "0",
		`health_check_healthy[name:"id" value:"check"]`: "0",
		`health_checks_forced[]`:                        "1",
		`health_checkers[]`:                             "0",
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) { // another goroutine's work
		got := healthSamples(t)
		missing := ""
		for name, value := range want {
			if got[name] != value {
				missing = fmt.Sprintf("%s = %q, want %q of %v", name, got[name], value, got)
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatal(missing)
		}
	}
}

// healthSamples returns the gauges of health as they are now, by name and
// labels.
func healthSamples(t *testing.T) map[string]string {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if name := strings.TrimPrefix(f.GetName(), "coredns_route53sim_"); strings.HasPrefix(name, "health_check") {
				labels := strings.Join(strings.Fields(fmt.Sprint(m.GetLabel())), " ") // its spaces differ from build to build
				got[name+labels] = fmt.Sprint(m.GetGauge().GetValue())
			}
		}
	}
	return got
}
