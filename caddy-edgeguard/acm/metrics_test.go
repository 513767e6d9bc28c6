package acm

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// gauges returns the values of the gauges of a registry, by name and labels.
func gauges(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			if g := m.GetGauge(); g != nil {
				found[name] = g.GetValue()
			}
		}
	}
	return found
}

// TestCertificateEnds: metrics tell when each certificate that is served ends,
// by those of the configuration that came last (aws-behaviour 7.6).
func TestCertificateEnds(t *testing.T) {
	b := newBench(t, nil)
	s := NewServer(b.replica, b.ring, new(testIndex), nil, zap.NewNop())
	s.Start()
	t.Cleanup(s.Close)
	use := func() *prometheus.Registry {
		t.Helper()
		reg := prometheus.NewRegistry()
		m, err := NewMetrics(reg)
		if err != nil {
			t.Fatal(err)
		}
		if got := gauges(t, reg)["caddy_edgeguard_acm_certificates"]; got != 0 {
			t.Errorf("before the server is there %v certificates are told of", got)
		}
		s.Use(m)
		return reg
	}
	first := use()
	var all []*model.Certificate
	for _, name := range []string{"a", "b"} {
		c := newCertificate(name, b.clock.now(), model.Name(name+".example.org."))
		b.prove(c)
		b.put(c)
		b.wantStatus(c, model.CertificateActive)
		all = append(all, c)
	}
	const ends = "caddy_edgeguard_acm_certificate_not_after_timestamp_seconds "
	want := func(reg *prometheus.Registry, certificates ...*model.Certificate) {
		t.Helper()
		eventually(t, func() string {
			got := gauges(t, reg)
			told := 0
			for name := range got {
				if len(name) > len(ends) && name[:len(ends)] == ends {
					told++
				}
			}
			for _, c := range certificates {
				if at := float64(b.state(c.ARN).Leaf.NotAfter.Unix()); got[ends+c.ARN] != at {
					return fmt.Sprintf("the end of %s is %v, want %v", c.ARN, got[ends+c.ARN], at)
				}
			}
			if told != len(certificates) || got["caddy_edgeguard_acm_certificates"] != float64(len(certificates)) {
				return fmt.Sprintf("metrics %v, want %d certificates", got, len(certificates))
			}
			return ""
		})
	}
	want(first, all...)
	want(use(), all...)
	if _, err := b.replica.Commit(t.Context(), func(tx *state.Tx) error {
		tx.Delete(model.TableCertificates, all[0].ARN)
		tx.Delete(model.TableCertificateLeaves, all[0].ARN)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want(use(), all[1])
}
