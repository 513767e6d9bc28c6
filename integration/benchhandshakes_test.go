package integration

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// handshaker is a Caddy process under measurement.
type handshaker struct {
	*tlsEdge
	cpu  []float64 // microseconds of server CPU for a handshake, by round
	rate []float64 // handshakes a second, by round
}

// BenchmarkHandshakes compares full handshakes with stock Caddy, the same
// binary without the app, in rounds that take turns: certificates of one key
// each, where Caddy makes the choice in the end, and of two, where we do.
func BenchmarkHandshakes(b *testing.B) {
	needProc(b)
	for _, keys := range [][]string{{"p256"}, {"p256", "rsa2048"}} {
		for _, n := range []int{10, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", strings.Join(keys, "+"), n), func(b *testing.B) {
				certs := writeMany(b, n, keys)
				site := "https://:{port} {\n\ttls {\n\t\tload " + certs + "\n\t}\n\trespond ok\n}\n"
				stock := &handshaker{tlsEdge: startTLS(b, "stock", "", site)}
				ours := &handshaker{tlsEdge: startTLS(b, "ours", edgeOption, site)}
				for b.Loop() {
					compareHandshakes(b, stock, ours, n)
				}
			})
		}
	}
}

// writeMany writes certificates of each kind of key for that many names to a
// folder, with one key of each kind.
func writeMany(b *testing.B, n int, keys []string) string {
	b.Helper()
	dir := b.TempDir()
	serial := int64(0)
	for _, kind := range keys {
		key := newSigner(b, kind)
		if kind == "rsa2048" {
			key = rsaKey()
		}
		for i := range n {
			serial++
			writeCertificate(b, dir, serial, key, fmt.Sprintf("host-%d.example.org", i))
		}
	}
	return dir
}

// compareHandshakes runs the rounds and reports.
func compareHandshakes(b *testing.B, stock, ours *handshaker, names int) {
	b.Helper()
	const rounds, length = 5, time.Second
	for round := range rounds + 1 {
		order := []*handshaker{stock, ours}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, h := range order {
			h.measure(b, names, length, round > 0) // the first warms up
		}
	}
	t := newTable("round\tstock us\tours us\tstock/s\tours/s")
	for i := range rounds {
		t.line("%d\t%.0f\t%.0f\t%.0f\t%.0f", i+1, stock.cpu[i], ours.cpu[i], stock.rate[i], ours.rate[i])
	}
	ratio := median(stock.rate) / median(ours.rate)
	cpu := median(ours.cpu) / median(stock.cpu)
	t.budget("CPU a handshake, ratio of medians", cpu, 1/0.97)
	t.budget("time a handshake, ratio of medians", ratio, 1/0.97)
	b.ReportMetric(cpu, "cpu-ratio")
	b.ReportMetric(1/ratio, "rate-ratio")
	b.ReportMetric(ours.memory("VmRSS"), "ours-MB")
	b.ReportMetric(stock.memory("VmRSS"), "stock-MB")
	t.show(b)
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// measure shakes hands for a while from two clients and keeps what that cost
// the server.
func (h *handshaker) measure(b *testing.B, names int, length time.Duration, keep bool) {
	b.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	before, begin := h.process.cpu(), time.Now()
	for worker := range 2 {
		wg.Go(func() {
			for i := worker; time.Since(begin) < length; i += 7919 {
				conn, err := tls.Dial("tcp", h.addr, &tls.Config{
					InsecureSkipVerify: true, ServerName: fmt.Sprintf("host-%d.example.org", i%names),
				})
				if err != nil {
					b.Errorf("%s: %v", h.name, err)
					return
				}
				_ = conn.Close()
				count.Add(1)
			}
		})
	}
	wg.Wait()
	n := float64(count.Load())
	if keep && n > 0 {
		h.cpu = append(h.cpu, micros(h.process.cpu()-before)/n)
		h.rate = append(h.rate, n/time.Since(begin).Seconds())
	}
}
