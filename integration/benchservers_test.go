package integration

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// benchZone returns a master file of example.org with the four NS of a hosted
// zone and rrsets A records of as many names, and questions for them.
func benchZone(rrsets int) (string, []question) {
	var b strings.Builder
	b.WriteString("$ORIGIN example.org.\n$TTL 300\n" +
		"@ 900 IN SOA ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400\n")
	for i, tld := range []string{"com", "net", "org", "co.uk"} {
		fmt.Fprintf(&b, "@ 172800 IN NS ns-%d.awsdns-0%d.%s.\n", 512*i+1, i, tld)
	}
	questions := make([]question, rrsets)
	for i := range questions {
		fmt.Fprintf(&b, "host-%07d IN A 192.0.2.%d\n", i, i%254+1)
		questions[i] = question{fmt.Sprintf("host-%07d.example.org.", i), dns.TypeA}
	}
	return b.String(), questions
}

// rivals returns the framework's floor, CoreDNS's own authoritative plugin
// and ours, the latter two with the zone in file; none is started.
func rivals(b *testing.B, file string) []*benchServer {
	b.Helper()
	ours := newBenchServer(b, "route53sim", "")
	ours.block = fmt.Sprintf("route53sim {\ndata %s\nload %s\n}", filepath.Join(ours.dir, "data"), file)
	return []*benchServer{
		newBenchServer(b, "whoami", "whoami"),
		newBenchServer(b, "file", fmt.Sprintf("file %s example.org", file)),
		ours,
	}
}

// BenchmarkServers compares the same binary's whoami, file and route53sim by
// the CPU time of a query. The rounds are interleaved.
func BenchmarkServers(b *testing.B) {
	needProc(b)
	text, questions := benchZone(10_000)
	for _, edns := range []bool{false, true} {
		name := "plain"
		if edns {
			name = "edns"
		}
		b.Run(name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "example.org.zone")
			writeFile(b, file, text)
			servers := rivals(b, file)
			for _, s := range servers {
				s.start(questions[len(questions)-1].name)
			}
			w := newWorkload(b, questions, 60_000, 5)
			w.edns = edns
			for b.Loop() {
				compareCost(b, servers, w, 5)
			}
			reportCost(b, servers)
		})
	}
}

// compareCost measures each server once a round.
func compareCost(b *testing.B, servers []*benchServer, w *workload, rounds int) {
	b.Helper()
	for range rounds {
		for _, s := range servers {
			got := s.measure(w)
			positive := float64(got["NOERROR"]) / float64(got.answered())
			if s.name != "whoami" && math.Abs(positive-0.95) > 0.01 {
				b.Fatalf("%s answers %v, want 95%% NOERROR", s.name, got)
			}
		}
	}
}

// reportCost reports what rivals were measured to need.
func reportCost(b *testing.B, servers []*benchServer) {
	t := newTable("server\tCPU us/query\tRSS MB\tpeak MB")
	for _, s := range servers {
		t.line("%s\t%.1f\t%.0f\t%.0f", s.name, micros(s.cost), s.memory("VmRSS"), s.memory("VmHWM"))
		b.ReportMetric(micros(s.cost), s.name+"-us/query")
		b.ReportMetric(s.memory("VmRSS"), s.name+"-MB")
	}
	whoami, file, ours := servers[0], servers[1], servers[2]
	toWhoami, toFile := ratio(ours.cost, whoami.cost), ratio(ours.cost, file.cost)
	t.budget("CPU, route53sim / whoami", toWhoami, 1.15)
	t.budget("CPU, route53sim / file", toFile, 0.7)
	b.ReportMetric(toWhoami, "x-whoami")
	b.ReportMetric(toFile, "x-file")
	t.show(b)
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// BenchmarkLoad measures from the start of the process until the last of the
// names is answered: with an empty folder, and again with what is in it.
func BenchmarkLoad(b *testing.B) {
	needProc(b)
	b.Run("rrsets=100k", func(b *testing.B) {
		for b.Loop() {
			load(b, 100_000)
		}
	})
	b.Run("rrsets=1M", func(b *testing.B) {
		needLarge(b)
		for b.Loop() {
			load(b, 1_000_000)
		}
	})
}

// needLarge skips what takes minutes, unless it is asked for.
func needLarge(b *testing.B) {
	if os.Getenv("EDGESTAGE_BENCH_LARGE") == "" {
		b.Skip("takes minutes: set EDGESTAGE_BENCH_LARGE=1")
	}
}

// load starts each of rivals with so many RRsets, and ours once more.
func load(b *testing.B, rrsets int) {
	b.Helper()
	text, questions := benchZone(rrsets)
	path := filepath.Join(b.TempDir(), "example.org.zone")
	writeFile(b, path, text)
	last := questions[len(questions)-1].name
	servers := rivals(b, path)
	file, ours := servers[1], servers[2]

	t := newTable("start\ts to ready\tRSS MB\tpeak MB")
	started := func(name string, s *benchServer) float64 {
		took := s.start(last).Seconds()
		t.line("%s\t%.2f\t%.0f\t%.0f", name, took, s.memory("VmRSS"), s.memory("VmHWM"))
		b.ReportMetric(took, name+"-s")
		return took
	}
	started("whoami", servers[0])
	fileTook := started("file", file)
	first := started("route53sim", ours)
	ours.stop(os.Interrupt)
	again := started("route53sim-again", ours)

	w := newWorkload(b, questions, 60_000, 5)
	compareCost(b, servers, w, 3)
	t.budget("RSS after queries, route53sim / file", ours.memory("VmRSS")/file.memory("VmRSS"), 0.4)
	t.budget("first start, route53sim / file", first/fileTook, 1)
	t.budget("start again, route53sim / file", again/fileTook, 1)
	if rrsets == 100_000 {
		t.budget("first start, route53sim, s", first, 3)
	}
	t.show(b)
	reportCost(b, servers)
}

// BenchmarkScaling compares what a server on one core answers in a second of
// its CPU time with one on two cores, whose sockets CoreDNS's multisocket
// doubles. The client runs beside it, so what it would answer with the machine
// to itself is that, times its cores.
func BenchmarkScaling(b *testing.B) {
	needProc(b)
	text, questions := benchZone(10_000)
	file := filepath.Join(b.TempDir(), "example.org.zone")
	writeFile(b, file, text)
	var servers []*benchServer
	for cores := 1; cores <= 2; cores++ {
		s := newBenchServer(b, fmt.Sprintf("%d core", cores), "")
		s.block = fmt.Sprintf("multisocket %d\nroute53sim {\ndata %s\nload %s\n}", cores, filepath.Join(s.dir, "data"), file)
		s.env = []string{fmt.Sprintf("GOMAXPROCS=%d", cores)}
		s.start(questions[len(questions)-1].name)
		servers = append(servers, s)
	}
	w := newWorkload(b, questions, 60_000, 5)
	for b.Loop() {
		compareCost(b, servers, w, 7)
	}
	scale := 2 * ratio(servers[0].cost, servers[1].cost)
	t := newTable("server\tCPU us/query\tanswers/s of its cores")
	for i, s := range servers {
		t.line("%s\t%.1f\t%.0f", s.name, micros(s.cost), float64(i+1)*1e6/micros(s.cost))
	}
	t.atLeast("two cores / one", scale, 1.6)
	b.ReportMetric(scale, "x-one-core")
	t.show(b)
}
