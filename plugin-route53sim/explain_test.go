package route53sim

import (
	"bytes"
	"context"
	golog "log"
	"net/netip"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/metadata"
	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/miekg/dns"
)

// Metadata tells the zone before the answer, and the rest after it.
func TestExplainInMetadata(t *testing.T) {
	h := testHandler(t)
	ctx := metadata.ContextWithMetadata(context.Background())
	w, r := &test.ResponseWriter{}, query("WWW.example.org.", dns.TypeA)
	ctx = h.Metadata(ctx, request.Request{W: w, Req: r})
	if _, err := h.ServeDNS(ctx, w, r); err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]string{
		"route53sim/zone":    "example.org.",
		"route53sim/zone-id": h.view().ZoneOf(nil, "example.org.").ID(),
		"route53sim/policy":  "simple",
		"route53sim/client":  "10.240.0.1/32 (address) at 39.04,-77.49 near us-east-1 (node)",
		"route53sim/explain": "zone example.org. (" + h.view().ZoneOf(nil, "example.org.").ID() + "); WWW.example.org. CNAME: simple RRset; example.org. A: simple RRset; success, scope 0",
	} {
		f := metadata.ValueFunc(ctx, label)
		if f == nil {
			t.Errorf("no metadata %q", label)
		} else if got := f(); got != want {
			t.Errorf("metadata %q = %q, want %q", label, got, want)
		}
	}
}

// One line in the debug log for each answer, none without debug.
func TestExplainInLog(t *testing.T) {
	var b bytes.Buffer
	golog.SetOutput(&b)
	defer clog.Discard()
	h := testHandler(t)
	for _, debug := range []bool{false, true} {
		if b.Reset(); debug {
			clog.D.Set()
			defer clog.D.Clear()
		}
		if _, err := h.ServeDNS(context.Background(), &test.ResponseWriter{}, query("mail.example.org.", dns.TypeAAAA)); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(b.String(), "\n")
		if !debug && lines != 0 || debug && (lines != 1 || !strings.Contains(b.String(), "Answered mail.example.org.: zone example.org. (")) {
			t.Errorf("with debug %v the log is %q", debug, b.String())
		}
	}
}

// Where nobody wants to know, explaining allocates nothing.
func TestExplainCostsNothing(t *testing.T) {
	h := testHandler(t)
	v, q := h.view(), zone.Query{Name: "www.example.org.", Type: dns.TypeA}
	if n := testing.AllocsPerRun(100, func() { explain(context.Background(), v, &q) }); n != 0 {
		t.Errorf("explain allocates %v times, want 0", n)
	}
}

// aws-behaviour 3.9: the same code path as live answering.
func TestAnswer(t *testing.T) {
	h := testHandler(t)
	run := h.instance.running.Load()
	q := Question{
		ZoneID: h.view().ZoneOf(nil, "example.org.").ID(), Name: "www.example.org.", Type: dns.TypeA,
		Resolver: netip.MustParseAddr("192.0.2.1"), Subnet: netip.MustParsePrefix("198.51.100.0/24"), Trace: new(zone.Trace),
	}
	a, err := run.Answer(q)
	if err != nil || a.Result != zone.Success || len(a.Answer) != 2 || len(q.Trace.Hops) != 2 {
		t.Errorf("Answer = %+v, %v with trace %v, want a CNAME and an address", a, err, q.Trace)
	}
	q.Subnet = netip.PrefixFrom(q.Resolver, 77)
	if a, err := run.Answer(q); err == nil {
		t.Errorf("Answer from %v = %+v, want an error", q.Subnet, a)
	}
	run.serving.Store(false)
	q.Subnet = netip.Prefix{}
	if a, err := run.Answer(q); err != nil || a.Result != zone.OutOfZone {
		t.Errorf("Answer before the node serves = %+v, %v, want %v", a, err, zone.OutOfZone)
	}
}
