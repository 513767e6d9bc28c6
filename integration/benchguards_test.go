package integration

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// guardServer is a Caddy process under measurement.
type guardServer struct {
	*process
	addr string
	cpu  []float64 // microseconds of server CPU a request, by round
	rate []float64 // requests a second, by round
}

// startGuards starts Caddy with a site of files over TLS: stock, or with the
// app and its handlers before the files. names are how many host names the
// certificate's account has.
func startGuards(b *testing.B, name string, guarded bool, names int) *guardServer {
	b.Helper()
	s := &guardServer{addr: freePort(b)}
	dir := b.TempDir()
	cert, _ := sharedCertificate(b, dir)
	writeFile(b, filepath.Join(dir, "site", "photos", "index.html"), "<p>photos</p>")
	option, handlers := "", ""
	if guarded {
		option = "edgeguard {\n\t\tnode one\n\t\tpublish 127.0.0.1\n\t\taccount 111111111111 {\n\t\t\tdistribution d1.cloudfront.net {\n\t\t\t\talias www.one.test\n"
		for i := range names {
			option += fmt.Sprintf("\t\t\t\talias host-%d.one.test\n", i)
		}
		option += "\t\t\t}\n\t\t\tdistribution d2.cloudfront.net {\n\t\t\t\talias img.one.test\n\t\t\t}\n\t\t}\n\t}"
		handlers = "reject_fronting\n\tdefault_index"
	}
	path := filepath.Join(dir, "Caddyfile")
	writeFile(b, path, "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n\thttps_port "+port(s.addr)+
		"\n\tstorage file_system "+dir+"\n\tlog {\n\t\tlevel ERROR\n\t}\n\t"+option+"\n}\nhttps:// {\n\ttls "+cert+" "+cert+"\n\t"+handlers+"\n\troot site\n\tfile_server\n}\n")
	s.process = run(b, name, dir, binary(b, "caddy"), "run", "--config", path, "--adapter", "caddyfile")
	eventually(b, func() string {
		conn, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, ServerName: "www.one.test"})
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return ""
	})
	return s
}

// BenchmarkGuards compares requests over TLS with stock Caddy, the same binary
// without the app: reject_fronting and default_index before file_server. The
// rounds take turns.
func BenchmarkGuards(b *testing.B) {
	needProc(b)
	for _, bc := range []struct {
		name, host string
		h2         bool
		names      int
	}{
		{"h1", "www.one.test", false, 10},
		{"h2", "www.one.test", true, 10},
		{"h2/names=10000", "www.one.test", true, 10_000},
		{"h2/coalesced", "img.one.test", true, 10},
	} {
		b.Run(bc.name, func(b *testing.B) {
			stock, ours := startGuards(b, "stock", false, bc.names), startGuards(b, "ours", true, bc.names)
			for b.Loop() {
				compareGuards(b, stock, ours, bc.host, bc.h2)
			}
		})
	}
}

// compareGuards runs the rounds and reports.
func compareGuards(b *testing.B, stock, ours *guardServer, host string, h2 bool) {
	b.Helper()
	const rounds, length = 9, time.Second
	for round := range rounds + 1 {
		order := []*guardServer{stock, ours}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, s := range order {
			s.measure(b, host, h2, length, round > 0) // the first warms up
		}
	}
	t := newTable("round\tstock us\tours us\tstock/s\tours/s")
	for i := range rounds {
		t.line("%d\t%.1f\t%.1f\t%.0f\t%.0f", i+1, stock.cpu[i], ours.cpu[i], stock.rate[i], ours.rate[i])
	}
	cpu, rate := middle(stock.cpu)/middle(ours.cpu), middle(ours.rate)/middle(stock.rate)
	t.atLeast("requests per CPU second, ours / stock, of medians", cpu, 0.97)
	t.atLeast("requests per second, ours / stock, of medians", rate, 0.97)
	b.ReportMetric(cpu, "cpu-ratio")
	b.ReportMetric(rate, "rate-ratio")
	t.show(b)
}

// middle returns the median.
func middle(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// measure asks for a directory for a while, from two clients with a connection
// each, and keeps what that cost the server.
func (s *guardServer) measure(b *testing.B, host string, h2 bool, length time.Duration, keep bool) {
	b.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	before, begin := s.process.cpu(), time.Now()
	for range 2 {
		wg.Go(func() {
			transport := &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "www.one.test"}, ForceAttemptHTTP2: h2,
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, "tcp", s.addr)
				},
			}
			if !h2 {
				transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
			}
			defer transport.CloseIdleConnections()
			for time.Since(begin) < length {
				if err := ask(transport, host); err != nil {
					b.Errorf("%s: %v", s.name, err)
					return
				}
				count.Add(1)
			}
		})
	}
	wg.Wait()
	n := float64(count.Load())
	if keep && n > 0 {
		s.cpu = append(s.cpu, micros(s.process.cpu()-before)/n)
		s.rate = append(s.rate, n/time.Since(begin).Seconds())
	}
}

// ask asks for a directory that has an index document.
func ask(transport http.RoundTripper, host string) error {
	req, err := http.NewRequest(http.MethodGet, "https://www.one.test/photos/", nil)
	if err != nil {
		return err
	}
	req.Host = host
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || len(body) == 0 {
		return fmt.Errorf("got %d %s, %v", resp.StatusCode, body, err)
	}
	return nil
}
