package integration

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// benchChecks is how many health checks a node probes, every benchInterval.
const (
	benchChecks   = 10_000
	benchInterval = 10 * time.Second
)

// endpoints are what all health checks of a benchmark probe: a server that
// does as little as can be.
type endpoints struct {
	net.Listener
	status atomic.Value
}

// newEndpoints returns a server, over TLS where config is set, that ends with
// the benchmark.
func newEndpoints(b *testing.B, config *tls.Config) *endpoints {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	e := &endpoints{Listener: l}
	e.status.Store("200 OK")
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go e.answer(c)
		}
	}()
	return e
}

func (e *endpoints) answer(c net.Conn) {
	defer c.Close()
	if _, err := c.Read(make([]byte, 1024)); err == nil {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}", e.status.Load())
	}
}

// checkedZone is an export: health checks of that type and a zone, in which, if
// asked for, each of pairs of weighted records has one of them.
func checkedZone(checkType string, port int, referred bool) (string, error) {
	records, checks := []any{}, []any{}
	for i := range benchChecks {
		id := fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
		if referred {
			records = append(records, map[string]any{
				"Name": fmt.Sprintf("n%d.example.org.", i/2), "Type": "A", "TTL": 60, "SetIdentifier": strconv.Itoa(i % 2), "Weight": 1,
				"HealthCheckId": id, "ResourceRecords": []any{map[string]any{"Value": fmt.Sprintf("192.0.2.%d", i%250+1)}},
			})
		}
		config := map[string]any{"Type": checkType, "IPAddress": "127.0.0.1", "Port": port, "RequestInterval": 10, "FailureThreshold": 1}
		if checkType != "TCP" {
			config["ResourcePath"] = "/prod/healthcheck"
		}
		if checkType == "HTTPS_STR_MATCH" {
			config["SearchString"] = "ok"
		}
		checks = append(checks, map[string]any{"Id": id, "CallerReference": id, "HealthCheckVersion": 1, "HealthCheckConfig": config})
	}
	text, err := json.Marshal(map[string]any{
		"HostedZone":         map[string]any{"Id": "/hostedzone/ZCHECKED0000001", "Name": "example.org.", "CallerReference": "bench"},
		"ResourceRecordSets": records, "HealthChecks": checks,
	})
	return string(text), err
}

// BenchmarkHealthChecks measures a node with a disk, metrics and logs that probes
// 10,000 checks at 10 s, which records follow or not. Calm and storm, in which
// every check changes in every interval, take turns, so that both meet the same
// machine.
func BenchmarkHealthChecks(b *testing.B) {
	needProc(b)
	if testing.Short() {
		b.Skip("takes minutes")
	}
	path := writeCertificate(b, b.TempDir(), 1, newSigner(b, "p256"), "example.org")
	own, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		b.Fatal(err)
	}
	secure := &tls.Config{Certificates: []tls.Certificate{own}}
	for _, bb := range []struct {
		name, checkType string
		config          *tls.Config
		referred, storm bool
		rounds          int
		most            float64 // percent of a core; 0: no budget
	}{
		{"TCP", "TCP", nil, false, false, 1, 10},
		{"HTTP", "HTTP", nil, false, true, 3, 10},
		{"HTTP, followed by records", "HTTP", nil, true, true, 3, 10},
		{"HTTPS_STR_MATCH", "HTTPS_STR_MATCH", secure, false, false, 1, 0},
	} {
		b.Run(bb.name, func(b *testing.B) {
			e := newEndpoints(b, bb.config)
			n := newDNS(b, "dns-1")
			text, err := checkedZone(bb.checkType, e.Addr().(*net.TCPAddr).Port, bb.referred)
			if err != nil {
				b.Fatal(err)
			}
			n.extra = []string{"health_checks on"}
			n.start()
			writeFile(b, filepath.Join(n.dir, "zones", "checked.json"), text)
			n.ready()
			n.allHealthy()
			time.Sleep(benchInterval + 5*time.Second) // until each was probed: whole intervals are what is measured
			for b.Loop() {
				stormy(b, n, e, bb.rounds, bb.storm, bb.most)
			}
		})
	}
}

// allHealthy waits until all checks are.
func (n *dnsNode) allHealthy() {
	n.t.Helper()
	eventually(n.t, func() string {
		if got := n.metric(`coredns_route53sim_health_checks{state="healthy"}`); got != strconv.Itoa(benchChecks) {
			return fmt.Sprintf("%q checks are healthy, want %d", got, benchChecks)
		}
		return ""
	})
}

// stormy measures calm and, if asked for, storm in turns. Where not all are
// healthy after a round, endpoints or probes got no time to answer: what was
// measured then means nothing.
func stormy(b *testing.B, n *dnsNode, e *endpoints, rounds int, stormToo bool, most float64) {
	n.allHealthy()
	t := newTable("round\tcalm, %% of a core\tstorm\tRSS MB\tchanges\thealthy")
	interval := func(status string) time.Duration {
		before := n.cpu()
		e.status.Store(status)
		time.Sleep(benchInterval) // a whole one, in which each check is probed once
		return n.cpu() - before
	}
	percent := func(d time.Duration, intervals int) float64 {
		return 100 * float64(d) / float64(intervals) / float64(benchInterval)
	}
	var calms, storms time.Duration
	for i := range rounds {
		calm := interval("200 OK") + interval("200 OK")
		storm := time.Duration(0)
		if stormToo {
			storm = interval("503 Service Unavailable") + interval("200 OK")
		}
		calms, storms = calms+calm, storms+storm
		t.line("%d\t%.2f\t%.2f\t%.0f\t%s\t%s", i+1, percent(calm, 2), percent(storm, 2), n.memory("VmRSS"),
			n.metric(`coredns_route53sim_health_transitions_total{state="unhealthy"}`),
			n.metric(`coredns_route53sim_health_checks{state="healthy"}`))
	}
	calm, storm, held := percent(calms, 2*rounds), percent(storms, 2*rounds), n.memory("VmHWM")
	b.ReportMetric(calm, "%core-calm")
	b.ReportMetric(held, "MB")
	if most > 0 {
		t.budget("calm, % of a core", calm, most)
	} else {
		t.line("calm, %% of a core\t%.2f", calm)
	}
	if stormToo {
		b.ReportMetric(storm, "%core-storm")
		t.line("storm, %% of a core\t%.2f", storm)
		t.budget("storm to calm", storm/calm, 1.1)
	}
	t.budget("most, RSS MB", held, 150)
	t.show(b)
}
