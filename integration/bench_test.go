package integration

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/miekg/dns"
)

// loadDeadline is how long a server may take to load what it is given.
const loadDeadline = 10 * time.Minute

// benchServer is one CoreDNS process under measurement, with nothing but the
// plugin that is measured.
type benchServer struct {
	*process
	t               testing.TB
	name, dir, addr string
	block           string
	env             []string

	// cost is the least CPU time of a query that any round has shown.
	cost time.Duration
}

// newBenchServer returns a server that is not started; block are the lines of
// its plugin.
func newBenchServer(t testing.TB, name, block string) *benchServer {
	t.Helper()
	return &benchServer{t: t, name: name, dir: t.TempDir(), addr: freePort(t), block: block, cost: math.MaxInt64}
}

// start starts the process and returns how long it takes until it answers
// probe (of type A) with success.
func (s *benchServer) start(probe string) time.Duration {
	s.t.Helper()
	path := filepath.Join(s.dir, "Corefile")
	writeFile(s.t, path, fmt.Sprintf(".:%s {\nbind 127.0.0.1\n%s\n}\n", port(s.addr), s.block))
	begin := time.Now()
	s.process = runWith(s.t, s.name, s.dir, s.env, binary(s.t, "coredns"), "-conf", path)
	m := new(dns.Msg).SetQuestion(probe, dns.TypeA)
	c := dns.Client{Timeout: 5 * time.Second}
	s.process.soon(func() error {
		r, _, err := c.Exchange(m, s.addr)
		if err == nil && r.Rcode != dns.RcodeSuccess {
			err = fmt.Errorf("%s is answered with %s", probe, dns.RcodeToString[r.Rcode])
		}
		return err
	})
	return time.Since(begin)
}

// soon waits until f returns nil, and looks often.
func (p *process) soon(f func() error) {
	p.t.Helper()
	end := time.Now().Add(loadDeadline)
	for {
		err := f()
		if err == nil {
			return
		}
		if p.ended() {
			p.t.Fatalf("%s has ended:\n%s", p.name, p.output())
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s after %v: %v", p.name, loadDeadline, err)
		}
		time.Sleep(2 * time.Millisecond) // polling a real process
	}
}

// cpu returns the CPU time that the process has used, in the kernel too.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	// The second field may hold anything, in brackets; the 14th and 15th are
	// user and system time in hundredths of a second (proc(5)).
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		p.t.Fatalf("reading the CPU time in %q: %v, %v", data, err1, err2)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory returns a line of the process's status in MB: VmRSS is what it
// holds, VmHWM the most that it has held.
func (p *process) memory(line string) float64 {
	p.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), line+":")
	fields := strings.Fields(rest)
	if len(fields) < 2 || fields[1] != "kB" {
		p.t.Fatalf("no %s in kB in the status of %s", line, p.name)
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return kb / 1024
}

// needProc skips where processes cannot be measured.
func needProc(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skipf("CPU and memory of processes are read from /proc: %v", err)
	}
}

// table collects what is measured, and what is budgeted, in lines.
type table struct {
	text strings.Builder
	w    *tabwriter.Writer
}

func newTable(head string) *table {
	t := new(table)
	t.w = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	t.line(head)
	return t
}

// line adds a line, its cells separated by tabs.
func (t *table) line(format string, args ...any) {
	fmt.Fprintf(t.w, format+"\t\n", args...)
}

// budget adds a line that compares a value with the most it should be.
func (t *table) budget(what string, got, most float64) {
	verdict := "within"
	if got > most {
		verdict = "OVER"
	}
	t.line("%s\t%.2f\tbudget %.2f\t%s", what, got, most, verdict)
}

// atLeast adds a line that compares a value with the least it should be.
func (t *table) atLeast(what string, got, least float64) {
	verdict := "within"
	if got < least {
		verdict = "UNDER"
	}
	t.line("%s\t%.2f\tbudget %.2f\t%s", what, got, least, verdict)
}

// show keeps the table for the end, and the benchmark's own line to the
// metrics that were reported.
func (t *table) show(b *testing.B) {
	t.w.Flush()
	fmt.Fprintf(&shown, "\n%s\n%s", b.Name(), t.text.String())
	b.ReportMetric(0, "ns/op")
}

// shown are the tables of all benchmarks: what a benchmark logs by itself is
// cut after ten lines.
var shown strings.Builder

// TestMain prints the tables of the benchmarks that ran.
func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Print(shown.String())
	os.Exit(code)
}

// micros returns d in microseconds.
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
