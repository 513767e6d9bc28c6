package probe

import (
	"crypto/tls"
	"net"
	"testing"
)

// BenchmarkProbe is one probe, the endpoint's part of it included.
func BenchmarkProbe(b *testing.B) {
	okay := response("200 OK", `{"status":"ok"}`)
	config := &tls.Config{Certificates: []tls.Certificate{certificate(b, "example.org")}}
	for _, bb := range []struct {
		checkType string
		serve     func(net.Conn)
	}{
		{"TCP", hangs},
		{"HTTP", says(okay)},
		{"HTTP_STR_MATCH", says(okay)},
		{"HTTPS_STR_MATCH", overTLS(config, says(okay))},
	} {
		b.Run(bb.checkType, func(b *testing.B) {
			t := target(b, check(bb.checkType, endpoint(b, bb.serve), searching("ok")))
			b.ReportAllocs()
			for b.Loop() {
				if r := new(Prober).Probe(b.Context(), t); !r.Healthy {
					b.Fatal(r.Reason)
				}
			}
		})
	}
}
