package route53sim

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/pkg/fall"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/miekg/dns"
)

const testMaster = `$ORIGIN example.org.
@ 900 IN SOA ns-1867.awsdns-41.co.uk. awsdns-hostmaster.amazon.com. 7 7200 900 1209600 86400
@ 172800 IN NS ns-1867.awsdns-41.co.uk.
@ 172800 IN NS ns-52.awsdns-06.com.
@ 172800 IN NS ns-936.awsdns-53.net.
@ 172800 IN NS ns-1464.awsdns-55.org.
@ 300 IN A 192.0.2.1
www 60 IN CNAME @
del 3600 IN NS ns.del
ns.del 60 IN A 192.0.2.53
*.wild 60 IN A 192.0.2.7
mx 60 IN MX 1 mail
mail 60 IN A 192.0.2.25
mail 60 IN AAAA 2001:db8::25
big 60 IN TXT "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
`

// testHandler answers from testMaster, with 40 more TXT records at big.
func testHandler(t testing.TB) *Route53Sim {
	t.Helper()
	var text strings.Builder
	text.WriteString(testMaster)
	for i := range 39 {
		text.WriteString("big 60 IN TXT \"" + strings.Repeat(string(rune('A'+i)), 80) + "\"\n")
	}
	doc, err := importer.Parse("test.zone", []byte(text.String()), "111122223333")
	if err != nil {
		t.Fatal(err)
	}
	doc.Zone.Created = time.Unix(1, 0)
	b := state.Batch{Reset: true, Changes: []state.Change{{Table: doc.Zone.Table(), Key: doc.Zone.Key(), Value: doc.Zone}}}
	for i, r := range doc.RRsets {
		b.Changes = append(b.Changes, state.Change{Table: r.Table(), Key: r.Key(), Value: r, Version: state.Version{Stamp: hlc.Stamp(i + 1)}})
	}
	return handlerOf(t, zone.NewCompiler().Apply(b))
}

func handlerOf(t testing.TB, v *zone.View) *Route53Sim {
	t.Helper()
	l, err := locate.New(locate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	run := &running{}
	run.locator.Store(l)
	run.compiled.Store(v)
	run.serving.Store(true)
	in := &instance{}
	in.running.Store(run)
	return &Route53Sim{zones: []string{"."}, instance: in}
}

// tcpWriter is a writer of a TCP client.
type tcpWriter struct{ test.ResponseWriter }

func (*tcpWriter) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 200), Port: 40212}
}

// ask sends r through the server's writer, which adds OPT and cuts.
func ask(t *testing.T, h plugin.Handler, w dns.ResponseWriter, r *dns.Msg) (*dns.Msg, int, error) {
	t.Helper()
	rec := dnstest.NewRecorder(w)
	code, err := h.ServeDNS(metadata.ContextWithMetadata(context.Background()), request.NewScrubWriter(r, rec), r)
	return rec.Msg, code, err
}

func query(name string, qtype uint16) *dns.Msg { return new(dns.Msg).SetQuestion(name, qtype) }

func withEDNS(m *dns.Msg, size uint16) *dns.Msg {
	return m.SetEdns0(size, false)
}

// aws-behaviour 3.1.
func TestFlags(t *testing.T) {
	h := testHandler(t)
	for _, tc := range []struct {
		name, qname   string
		qtype         uint16
		rcode         int
		authoritative bool
		answers, ns   int
	}{
		{"positive", "example.org.", dns.TypeA, dns.RcodeSuccess, true, 1, 4},
		{"CNAME to the apex, 3.12 check 1", "www.example.org.", dns.TypeA, dns.RcodeSuccess, true, 2, 4},
		{"NXDOMAIN", "nope.example.org.", dns.TypeA, dns.RcodeNameError, true, 0, 1},
		{"NODATA", "www2.wild.example.org.", dns.TypeMX, dns.RcodeSuccess, true, 0, 1},
		{"referral, 3.12 check 2", "x.del.example.org.", dns.TypeA, dns.RcodeSuccess, false, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, rd := range []bool{false, true} {
				r := query(tc.qname, tc.qtype)
				r.RecursionDesired = rd
				m, code, err := ask(t, h, &test.ResponseWriter{}, r)
				if err != nil || code != dns.RcodeSuccess || m == nil {
					t.Fatalf("ServeDNS(%q) = %d, %v, message %v", tc.qname, code, err, m)
				}
				if m.Rcode != tc.rcode || m.Authoritative != tc.authoritative || len(m.Answer) != tc.answers || len(m.Ns) != tc.ns {
					t.Errorf("%q = %v, want rcode %s, AA %v, %d answers, %d in authority", tc.qname, m, dns.RcodeToString[tc.rcode], tc.authoritative, tc.answers, tc.ns)
				}
				if !m.Response || m.RecursionDesired != rd || m.RecursionAvailable || m.Truncated || m.Id != r.Id {
					t.Errorf("%q has flags %+v, want QR, RD as asked, neither RA nor TC", tc.qname, m.MsgHdr)
				}
				if m.IsEdns0() != nil {
					t.Errorf("%q without OPT is answered with one", tc.qname)
				}
			}
		})
	}
}

// aws-behaviour 3.1 "UDP size", 3.12 check 11.
func TestSize(t *testing.T) {
	for _, tc := range []struct {
		name       string
		grows      bool
		size       uint16 // asked; 0: no OPT
		tcp        bool
		advertised uint16
		atMost     int
		truncated  bool
	}{
		{"UDP without EDNS", false, 0, false, 0, 512, true},
		{"UDP, less than 512 is 512", false, 100, false, 100, 512, true},
		{"UDP, 1232", false, 1232, false, 1232, 1232, true},
		{"UDP, 4096", false, 4096, false, 4096, 4096, false},
		{"UDP, more than the server's", false, 65535, false, 4096, 4096, false},
		{"TCP without EDNS", false, 0, true, 0, 65535, false},
		{"TCP, 512", false, 512, true, 4096, 65535, false},
		{"signed on the way out, 1232", true, 1232, false, 1232, 1232, true},
		{"signed on the way out, 65535", true, 65535, false, 4096, 4096, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := testHandler(t)
			h.grows = tc.grows
			r := query("big.example.org.", dns.TypeTXT)
			if tc.size > 0 {
				withEDNS(r, tc.size)
			}
			var w dns.ResponseWriter = &test.ResponseWriter{}
			if tc.tcp {
				w = &tcpWriter{}
			}
			m, _, err := ask(t, h, w, r)
			if err != nil {
				t.Fatal(err)
			}
			packed, err := m.Pack()
			if err != nil {
				t.Fatal(err)
			}
			if len(packed) > tc.atMost || m.Truncated != tc.truncated || !tc.truncated && len(m.Answer) != 40 {
				t.Errorf("%d bytes, TC %v, %d answers; want at most %d, %v, 40 if not truncated", len(packed), m.Truncated, len(m.Answer), tc.atMost, tc.truncated)
			}
			opt := m.IsEdns0()
			if (opt != nil) != (tc.size > 0) || opt != nil && opt.UDPSize() != tc.advertised {
				t.Errorf("OPT = %v, want %d advertised", opt, tc.advertised)
			}
			if tc.size > 0 && r.IsEdns0().UDPSize() != tc.size {
				t.Errorf("the query's OPT says %d after the answer, want %d as before", r.IsEdns0().UDPSize(), tc.size)
			}
		})
	}
}

// What a client can do without is left out before TC is set; glue is not.
func TestFit(t *testing.T) {
	long := func(section string, n int, rrtype string) []dns.RR {
		var rrs []dns.RR
		for i := range n {
			data := map[string]string{"A": "192.0.2.1", "NS": "ns" + string(rune('a'+i)) + ".example.net."}[rrtype]
			rrs = append(rrs, test.A(section+strings.Repeat("x", 50)+string(rune('a'+i))+".example.org. 60 IN A 192.0.2.1"))
			if rrtype == "NS" {
				rrs[i] = test.NS("example.org. 60 IN NS " + data)
			}
		}
		return rrs
	}
	for _, tc := range []struct {
		name          string
		answer, extra int
		authoritative bool
		size          int
		tc            bool
		ns, left      int // authority and additional after
	}{
		{"all fits", 1, 1, true, 512, false, 4, 1},
		{"additional goes", 1, 20, true, 512, false, 4, 0},
		{"then authority", 7, 20, true, 512, false, 0, 0},
		{"then it is cut", 20, 20, true, 512, true, 0, 0},
		{"glue does not go silently", 0, 20, false, 512, true, 4, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := query("example.org.", dns.TypeA)
			m.Authoritative = tc.authoritative
			m.Answer, m.Ns, m.Extra = long("a", tc.answer, "A"), long("n", 4, "NS"), long("e", tc.extra, "A")
			fit(m, tc.size)
			if m.Truncated != tc.tc || len(m.Ns) != tc.ns || tc.tc && len(m.Extra) >= tc.extra && tc.extra > 0 || !tc.tc && (len(m.Extra) != tc.left || len(m.Answer) != tc.answer) {
				t.Errorf("fit: TC %v, %d answers, %d in authority, %d additional; want TC %v, %d in authority, %d additional",
					m.Truncated, len(m.Answer), len(m.Ns), len(m.Extra), tc.tc, tc.ns, tc.left)
			}
			if m.Len() > tc.size {
				t.Errorf("fit to %d left %d bytes", tc.size, m.Len())
			}
		})
	}
}

// aws-behaviour 3.1 "Unknown zone", "Class", "AXFR", 3.12 check 12.
func TestNotAnswered(t *testing.T) {
	for _, tc := range []struct {
		name    string
		zones   []string
		change  func(*dns.Msg)
		code    int  // what ServeDNS returns
		written bool // it wrote REFUSED itself, without OPT
		next    bool // with a next plugin it would be that one's
	}{
		{name: "unknown zone", change: func(m *dns.Msg) { m.Question[0].Name = "example.com." }, written: true, next: true},
		{name: "outside the block's zones", zones: []string{"example.net."}, change: func(*dns.Msg) {}, written: true, next: true},
		{name: "class CH", change: func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, code: dns.RcodeRefused},
		{name: "AXFR", change: func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAXFR }, code: dns.RcodeRefused},
		{name: "IXFR", change: func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeIXFR }, code: dns.RcodeRefused},
		{name: "NOTIFY", change: func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }, code: dns.RcodeNotImplemented},
		{name: "UPDATE", change: func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, code: dns.RcodeNotImplemented},
		{name: "NOTIFY of an unknown zone", change: func(m *dns.Msg) { m.Opcode, m.Question[0].Name = dns.OpcodeNotify, "example.com." }, written: true, next: true},
		{name: "malformed client subnet", code: dns.RcodeFormatError, change: func(m *dns.Msg) {
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 40, Address: net.IPv4(192, 0, 2, 0)})
		}},
		{name: "two questions", change: func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, code: dns.RcodeFormatError},
		{name: "no question", change: func(m *dns.Msg) { m.Question = nil }, code: dns.RcodeFormatError},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := testHandler(t)
			if tc.zones != nil {
				h.zones = tc.zones
			}
			r := withEDNS(query("example.org.", dns.TypeA), 1232)
			tc.change(r)
			extra := len(r.Extra)
			m, code, err := ask(t, h, &test.ResponseWriter{}, r)
			if err != nil || code != tc.code || (m != nil) != tc.written {
				t.Fatalf("ServeDNS = %d, %v, message %v; want %d", code, err, m, tc.code)
			}
			if m != nil && (m.Rcode != dns.RcodeRefused || m.IsEdns0() != nil || m.Authoritative || len(m.Answer)+len(m.Ns)+len(m.Extra) != 0) {
				t.Errorf("message = %v, want bare REFUSED", m)
			}
			if len(r.Extra) != extra {
				t.Error("the query lost its OPT")
			}
			h.Next = test.NextHandler(dns.RcodeBadKey, nil)
			if _, code, _ = ask(t, h, &test.ResponseWriter{}, r); (code == dns.RcodeBadKey) != tc.next {
				t.Errorf("with a next plugin ServeDNS = %d, want the next one's %v", code, tc.next)
			}
		})
	}
}

func TestFallthrough(t *testing.T) {
	for _, tc := range []struct {
		name, qname string
		fall        fall.F
		next        bool
	}{
		{"not asked for", "nope.example.org.", fall.Zero, false},
		{"NXDOMAIN", "nope.example.org.", fall.Root, true},
		{"NODATA", "mail.example.org.", fall.Root, false},
		{"existing name", "example.org.", fall.Root, false},
		{"in another zone only", "nope.example.org.", fall.F{Zones: []string{"example.net."}}, false},
		{"in this zone", "Nope.example.org.", fall.F{Zones: []string{"example.org."}}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := testHandler(t)
			h.Fall, h.Next = tc.fall, test.NextHandler(dns.RcodeBadKey, nil)
			_, code, _ := ask(t, h, &test.ResponseWriter{}, query(tc.qname, dns.TypeTXT))
			if (code == dns.RcodeBadKey) != tc.next {
				t.Errorf("ServeDNS(%q) = %d, want the next plugin's %v", tc.qname, code, tc.next)
			}
			h.Next = nil
			if m, code, _ := ask(t, h, &test.ResponseWriter{}, query(tc.qname, dns.TypeTXT)); m == nil || code != dns.RcodeSuccess {
				t.Errorf("without a next plugin ServeDNS(%q) = %d, %v, want our own answer", tc.qname, code, m)
			}
		})
	}
}

// Design 2.3 "Start": SERVFAIL until the node has caught up.
func TestBehind(t *testing.T) {
	for name, h := range map[string]*Route53Sim{
		"not started":  {zones: []string{"."}, instance: &instance{}},
		"not compiled": handlerOf(t, nil),
		"not caught up": func() *Route53Sim {
			h := testHandler(t)
			h.instance.running.Load().serving.Store(false)
			return h
		}(),
	} {
		m, code, err := ask(t, h, &test.ResponseWriter{}, query("example.org.", dns.TypeA))
		if m != nil || code != dns.RcodeServerFailure || err != nil {
			t.Errorf("%s: ServeDNS = %v, %d, %v, want SERVFAIL", name, m, code, err)
		}
	}
}

// aws-behaviour 3.1: OPT advertises 4096.
func TestAdvertisedSize(t *testing.T) {
	for _, size := range []uint16{512, 1232, 4096} {
		m, _, err := ask(t, testHandler(t), &test.ResponseWriter{}, withEDNS(query("example.org.", dns.TypeA), size))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.IsEdns0().UDPSize(); got != serverSize {
			t.Errorf("asked with %d, advertised is %d, want %d", size, got, serverSize)
		}
	}
}

// aws-behaviour 3.8: a client subnet is repeated, with scope 0 where the answer
// is the same for all.
func TestClientSubnet(t *testing.T) {
	r := withEDNS(query("example.org.", dns.TypeA), 1232)
	r.IsEdns0().Option = append(r.IsEdns0().Option, &dns.EDNS0_SUBNET{
		Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.IPv4(192, 0, 2, 0).To4(),
	})
	m, _, err := ask(t, testHandler(t), &test.ResponseWriter{}, r)
	if err != nil {
		t.Fatal(err)
	}
	opt := m.IsEdns0()
	if opt == nil || len(opt.Option) != 1 || opt.Option[0].String() != "192.0.2.0/24/0" {
		t.Errorf("OPT = %v, want the subnet 192.0.2.0/24 with scope 0", opt)
	}
}

func TestMetadata(t *testing.T) {
	h := testHandler(t)
	ctx := metadata.ContextWithMetadata(context.Background())
	r := query("a.wild.example.org.", dns.TypeA)
	ctx = h.Metadata(ctx, request.Request{W: &test.ResponseWriter{}, Req: r})
	if _, err := h.ServeDNS(ctx, &test.ResponseWriter{}, r); err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]string{
		"route53sim/zone": "example.org.", "zone/wildcard": "*.wild.example.org.",
		"route53sim/zone-id": h.view().ZoneOf(nil, "example.org.").ID(),
	} {
		f := metadata.ValueFunc(ctx, label)
		if f == nil || f() != want || want == "" {
			t.Errorf("metadata %q = %v, want %q", label, f, want)
		}
	}
}

func TestCacheBypassZones(t *testing.T) {
	vpcs := &instance{settings: settings{vpcs: []locate.VPC{{ID: "vpc-1"}}}}
	for _, tc := range []struct {
		name string
		h    Route53Sim
		want int
	}{
		{"on the directive's line", Route53Sim{zones: []string{"example.org."}, explicit: true, instance: &instance{}}, 1},
		{"of the server block", Route53Sim{zones: []string{"example.org."}, instance: &instance{}}, 0},
		{"the root", Route53Sim{zones: []string{"."}, explicit: true, instance: &instance{}}, 0},
		{"with VPCs", Route53Sim{zones: []string{"."}, instance: vpcs}, 1},
	} {
		if got := tc.h.CacheBypassZones(); len(got) != tc.want {
			t.Errorf("%s: CacheBypassZones() = %q, want %d", tc.name, got, tc.want)
		}
	}
}
