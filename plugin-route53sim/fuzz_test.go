package route53sim

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"
)

// FuzzParse reads any text as a Corefile block: it is accepted whole or
// refused with one error, never a panic.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"route53sim", "route53sim example.org {\n data /x\n gossip 127.0.0.1:1 {\n join a:1\n }\n}",
		"route53sim {\n gossip 127.0.0.1:1 { join }\n", "route53sim {\n load \"", "route53sim { { }", "}", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parse(caddy.NewTestController("dns", text))
		if h == nil && err == nil {
			t.Errorf("parse(%q) = %v, %v", text, h, err)
		}
	})
}

// FuzzServeDNS hands any packet that unpacks to the handler, with plain zones
// and with ones of policies and alias trees: what it writes packs, fits, and
// answers the question.
func FuzzServeDNS(f *testing.F) {
	handlers := []*Route53Sim{testHandler(f)}
	for seed := range uint64(4) {
		w := worldOf(rand.New(rand.NewPCG(seed, 0)))
		handlers = append(handlers, w.handler(f))
		for _, s := range w.zones[0].sets {
			q := asked{name: string(s.Name), qtype: dns.StringToType[s.Type], ecs: netip.MustParsePrefix("192.0.2.0/24")}
			packed, err := q.msg().Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(packed)
		}
	}
	for _, m := range []*dns.Msg{
		query("example.org.", dns.TypeA), withEDNS(query("x.del.example.org.", dns.TypeDS), 1232),
		query("big.example.org.", dns.TypeTXT), query("example.com.", dns.TypeANY),
	} {
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		r := new(dns.Msg)
		if r.Unpack(packet) != nil {
			return
		}
		for _, h := range handlers {
			serve(t, h, r.Copy())
		}
	})
}

// serve hands r to h and checks what becomes of it.
func serve(t *testing.T, h *Route53Sim, r *dns.Msg) {
	rec := dnstest.NewRecorder(&test.ResponseWriter{})
	code, _ := h.ServeDNS(context.Background(), request.NewScrubWriter(r, rec), r)
	if rec.Msg == nil {
		if code == dns.RcodeSuccess {
			t.Errorf("%v: nothing written, and NOERROR returned", r)
		}
		return
	}
	packed, err := rec.Msg.Pack()
	if err != nil {
		t.Fatalf("%v is answered by what does not pack: %v", r, err)
	}
	if len(packed) > 4096 && r.IsTsig() == nil || rec.Msg.Id != r.Id || !rec.Msg.Response {
		t.Errorf("%v is answered by %d bytes: %v", r, len(packed), rec.Msg)
	}
}
