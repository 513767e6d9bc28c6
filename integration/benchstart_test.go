package integration

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"
)

// BenchmarkStart measures from the start of either binary until it is ready,
// alone and with nothing to serve, and what it holds then. The median of
// several starts counts; the first of them finds no data.
func BenchmarkStart(b *testing.B) {
	needProc(b)
	b.Run("coredns", func(b *testing.B) {
		n := newDNS(b, "dns-1")
		for b.Loop() {
			reportStart(b, func() *process { n.start(); return n.process }, "http://"+n.readyAddr+"/ready")
		}
	})
	b.Run("caddy", func(b *testing.B) {
		n := newEdge(b, "edge-1", "192.0.2.1", []string{"d111111abcdef8.cloudfront.net"}, freePort(b))
		for b.Loop() {
			reportStart(b, func() *process { n.start(); return n.process }, "http://"+n.http+"/")
		}
	})
}

// reportStart starts a process several times and waits until url is a page.
func reportStart(b *testing.B, start func() *process, url string) {
	b.Helper()
	const starts = 5
	var seconds, idle []float64
	for range starts {
		begin := time.Now()
		p := start()
		p.soon(func() error { return page(url) })
		seconds = append(seconds, time.Since(begin).Seconds())
		idle = append(idle, p.memory("VmRSS"))
		p.stop(os.Interrupt)
	}
	t := newTable("start\ts to ready\tRSS MB")
	for i := range starts {
		t.line("%d\t%.3f\t%.0f", i+1, seconds[i], idle[i])
	}
	slices.Sort(seconds)
	slices.Sort(idle)
	t.budget("median, s to ready", seconds[starts/2], 0.3)
	t.budget("most, RSS MB", idle[starts-1], 60)
	b.ReportMetric(seconds[starts/2], "s-to-ready")
	b.ReportMetric(idle[starts-1], "idle-MB")
	t.show(b)
}

// page returns nil if url answers 200.
func page(url string) error {
	c := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	// The sites of these tests are reached at an address, and known by a name.
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Host = "example.com"
	resp, err := c.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
