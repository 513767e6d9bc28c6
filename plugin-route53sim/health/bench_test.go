package health

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
	"go.uber.org/goleak"
)

// targetsEnv makes the test binary a server of endpoints, so that what they
// cost is not counted.
const targetsEnv = "EDGESTAGE_HEALTH_TARGETS"

func TestMain(m *testing.M) {
	if os.Getenv(targetsEnv) != "" {
		serveTargets()
		return
	}
	goleak.VerifyTestMain(m)
}

// serveTargets prints an address and answers each request there until its
// standard input ends; a line of it says with which status.
func serveTargets() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	var status atomic.Value
	status.Store("200 OK")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Read(make([]byte, 1024)); err == nil {
					_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}", status.Load())
				}
			}()
		}
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		status.Store(lines.Text())
	}
}

// startTargets returns where endpoints are, and how to say what they answer.
func startTargets(b *testing.B) (netip.AddrPort, io.Writer) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), targetsEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return netip.MustParseAddrPort(strings.TrimSpace(line)), in
}

// quiet observes nothing.
type quiet struct{ probes, changes atomic.Int64 }

func (*quiet) Infof(string, ...any)          {}
func (*quiet) Warnf(string, ...any)          {}
func (*quiet) Errorf(string, ...any)         {}
func (*quiet) Infos([]string)                {}
func (q *quiet) Probed(string, probe.Result) { q.probes.Add(1) }
func (q *quiet) Changed(up, down int)        { q.changes.Add(int64(up + down)) }

// BenchmarkTenThousandChecks runs 10,000 checks at 10 seconds for two
// intervals: the budgets are 10 % of a core and 150 MB, and the same whether
// nothing or everything flaps.
func BenchmarkTenThousandChecks(b *testing.B) {
	if testing.Short() {
		b.Skip("takes 30 seconds each")
	}
	for _, bb := range []struct {
		name, checkType string
		storm           bool
	}{
		{"TCP", "TCP", false},
		{"HTTP", "HTTP", false},
		{"HTTP flapping", "HTTP", true},
		{"HTTP_STR_MATCH", "HTTP_STR_MATCH", false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			addr, status := startTargets(b)
			q := new(quiet)
			n := node.New(alone("a"), q)
			if err := n.Start(); err != nil {
				b.Fatal(err)
			}
			defer n.Close()
			h := Start(Config{Replica: n.Replica, Node: "a", Region: "us-east-1", Check: true, Log: q, Observer: q})
			defer h.Close()
			putChecks(b, n, bb.checkType, addr)
			time.Sleep(12 * time.Second) // until each was probed: a real interval is what is measured
			for b.Loop() {
				probes, cpu, began := q.probes.Load(), processCPU(b), time.Now()
				for i := range 2 { // a whole interval each, so that every check changes in each
					if bb.storm {
						fmt.Fprintln(status, []string{"503 Service Unavailable", "200 OK"}[i])
					}
					time.Sleep(10 * time.Second)
				}
				took := time.Since(began)
				b.ReportMetric(100*float64(processCPU(b)-cpu)/float64(took), "%core")
				b.ReportMetric(float64(q.probes.Load()-probes)/took.Seconds(), "probes/s")
				b.ReportMetric(residentMB(b), "MB")
				b.ReportMetric(float64(q.changes.Load()), "changes")
			}
		})
	}
}

func putChecks(b *testing.B, n *node.Node, checkType string, addr netip.AddrPort) {
	b.Helper()
	_, err := n.Commit(b.Context(), func(tx *state.Tx) error {
		for _, id := range ids(10000) {
			h := check(id, 0, func(c *model.HealthCheckConfig) {
				c.Type, c.IPAddress, c.Port, c.SearchString, c.ResourcePath = checkType, addr.Addr().String(), int64(addr.Port()), "ok", "/prod/healthcheck"
				c.FailureThreshold = 1
			})
			if err := tx.Put(h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func processCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func residentMB(b *testing.B) float64 {
	b.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("needs /proc to measure memory")
	}
	var size, resident float64
	_, _ = fmt.Sscan(string(statm), &size, &resident)
	return resident * float64(os.Getpagesize()) / 1e6
}

// BenchmarkRound counts the opinions of 50 checkers on 10,000 checks.
func BenchmarkRound(b *testing.B) {
	t := newTally(nil)
	batch := state.Batch{Reset: true}
	for _, id := range ids(10000) {
		batch.Changes = append(batch.Changes, state.Change{Table: model.TableHealthChecks, Key: id, Value: check(id, 1)})
	}
	t.apply(batch)
	calm, storm := make([]opinion, 10000), make([]opinion, 10000)
	for i := range calm {
		calm[i], storm[i] = healthy, unhealthy
	}
	for _, bb := range []struct {
		name  string
		turns [][]opinion
	}{{"calm", [][]opinion{calm, calm}}, {"storm", [][]opinion{calm, storm}}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				data := t.orders[0].encode(bb.turns[i%2])
				for run := range 49 {
					t.hear(state.Pulse{Member: state.Member{Run: state.Origin(run)}, Data: data})
				}
				t.count(bb.turns[i%2])
				t.judge()
			}
		})
	}
}
