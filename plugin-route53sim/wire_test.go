package route53sim

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/miekg/dns"
)

var (
	wireSeed  = flag.Uint64("wireseed", 0, "seed of the worlds that are compared with the reference; 0 draws one")
	wireCases = flag.Int("wirecases", 100_000, "questions to compare with the reference")
)

// worlds calls f with new worlds, each with its own source of randomness,
// until it returns false.
func worlds(t *testing.T, f func(t *testing.T, w *world, rnd *rand.Rand) bool) {
	t.Helper()
	seed := *wireSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -wireseed %d", seed, seed)
	for i := uint64(0); ; i++ {
		rnd := rand.New(rand.NewPCG(seed, i))
		if w := worldOf(rnd); !f(t, w, rnd) || t.Failed() {
			if t.Failed() {
				t.Logf("world %d of seed %d:\n%s", i, seed, w)
			}
			return
		}
	}
}

// cases is how many questions to compare.
func cases() int {
	if testing.Short() {
		return *wireCases / 20
	}
	return *wireCases
}

// String lists the RRsets of all zones.
func (w *world) String() string {
	var b strings.Builder
	for _, z := range w.zones {
		for _, s := range z.sets {
			fmt.Fprintf(&b, "%s %s %s %q %s", z.id, s.Name, s.Type, s.SetID, s.Policy())
			if s.Weight != nil {
				fmt.Fprintf(&b, " weight %d", *s.Weight)
			}
			fmt.Fprintf(&b, " %s %s%s %+v %+v %+v %q %+v\n", s.HealthCheckID, s.Region, s.Failover, s.Geo, s.CIDR, s.GeoProximity, s.Values, s.Alias)
		}
	}
	for _, e := range w.endpoints {
		fmt.Fprintf(&b, "endpoint %+v\n", *e)
	}
	for _, z := range w.zones {
		fmt.Fprintf(&b, "%s is %s in %v\n", z.id, z.name, z.vpcs)
	}
	fmt.Fprintf(&b, "VPCs %v\nblocks %v\nfailing %v\nhome %s\n", w.vpcs, w.collections, w.failing, w.home)
	return b.String()
}

// asked is one question on the wire.
type asked struct {
	name   string
	qtype  uint16
	tcp    bool
	source netip.Addr
	ecs    netip.Prefix // zero: none
}

var askedTypes = []uint16{
	dns.TypeA, dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypeCNAME, dns.TypeNS, dns.TypeSOA, dns.TypeDS, dns.TypeANY, dns.TypeSRV,
}

func (w *world) ask(rnd *rand.Rand) asked {
	z := oneOf(rnd, w.zones...)
	s := oneOf(rnd, z.sets...)
	q := asked{name: w.askName(rnd, string(s.Name)), qtype: dns.StringToType[s.Type], tcp: rnd.IntN(2) == 0}
	if rnd.IntN(3) == 0 {
		q.qtype = oneOf(rnd, askedTypes...)
	}
	q.source = oneOf(rnd, networks...).network.Addr()
	if q.source.Is4() && rnd.IntN(3) == 0 {
		q.source = netip.MustParseAddr("192.0.3.9")
	}
	if len(z.vpcs) > 0 && rnd.IntN(3) > 0 {
		q.source = oneOf(rnd, w.vpcs...).block.Addr().Next()
	}
	if rnd.IntN(2) == 0 {
		g := oneOf(rnd, networks...).network
		bits := oneOf(rnd, 0, 8, 16, 20, 24, 25, 32)
		if g.Addr().Is6() {
			bits = oneOf(rnd, 0, 16, 32, 48, 56, 128)
		}
		q.ecs = netip.PrefixFrom(g.Addr(), bits).Masked()
	}
	return q
}

// askName returns name or one near it, in any case.
func (w *world) askName(rnd *rand.Rand, name string) string {
	switch rnd.IntN(6) {
	case 0:
		name = oneOf(rnd, "x.", "a.", "b.", "c.") + name
	case 1:
		if above := up(name); above != "" {
			name = above
		}
	}
	if rest, ok := strings.CutPrefix(name, "*."); ok && rnd.IntN(4) > 0 {
		name = oneOf(rnd, "x.", "a.", "y.x.") + rest
	}
	return strings.Map(func(r rune) rune {
		if rnd.IntN(2) == 0 && 'a' <= r && r <= 'z' {
			return r - 32
		}
		return r
	}, name)
}

// msg returns q as it is sent.
func (q asked) msg() *dns.Msg {
	m := new(dns.Msg).SetQuestion(q.name, q.qtype)
	m.SetEdns0(4096, false)
	if q.ecs.IsValid() {
		o := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(q.ecs.Bits()), Address: q.ecs.Addr().AsSlice()}
		if q.ecs.Addr().Is6() {
			o.Family = 2
		}
		m.IsEdns0().Option = append(m.IsEdns0().Option, o)
	}
	return m
}

// wireWriter is a client at some address; it keeps the reply as it was sent.
type wireWriter struct {
	test.ResponseWriter
	remote net.Addr
	reply  []byte
}

func (w *wireWriter) RemoteAddr() net.Addr { return w.remote }

func (w *wireWriter) WriteMsg(m *dns.Msg) (err error) {
	w.reply, err = m.Pack()
	return err
}

// exchange sends q through the handler and back, in wire format both ways.
func exchange(t testing.TB, h *Route53Sim, q asked) *dns.Msg {
	t.Helper()
	packet, err := q.msg().Pack()
	if err != nil {
		t.Fatal(err)
	}
	r := new(dns.Msg)
	if err := r.Unpack(packet); err != nil {
		t.Fatal(err)
	}
	w := &wireWriter{remote: net.UDPAddrFromAddrPort(netip.AddrPortFrom(q.source, 53))}
	if q.tcp {
		w.remote = net.TCPAddrFromAddrPort(netip.AddrPortFrom(q.source, 53))
	}
	code, err := h.ServeDNS(context.Background(), request.NewScrubWriter(r, w), r)
	if err != nil || code != dns.RcodeSuccess || w.reply == nil {
		t.Fatalf("ServeDNS(%+v) = %s, %v with %d bytes of reply", q, dns.RcodeToString[code], err, len(w.reply))
	}
	m := new(dns.Msg)
	if err := m.Unpack(w.reply); err != nil {
		t.Fatalf("reply to %+v does not unpack: %v", q, err)
	}
	return m
}

// TestWireAgainstReference asks random questions of random worlds, whose health
// changes meanwhile, and compares each reply whole with what the reference says
// is possible.
func TestWireAgainstReference(t *testing.T) {
	const perWorld, perHealth = 200, 40
	left := cases()
	results := map[string]int{}
	worlds(t, func(t *testing.T, w *world, rnd *rand.Rand) bool {
		h := w.handler(t)
		for i := range perWorld {
			if i%perHealth == perHealth-1 {
				w.judge(rnd, h)
			}
			q := w.ask(rnd)
			results[trace(h.view(), &zone.Query{Name: q.name, Type: q.qtype, Locator: h.instance.running.Load().locator.Load()}).Result.String()]++
			if why := w.check(q, exchange(t, h, q)); why != "" {
				t.Errorf("%s %s from %s, ECS %v, TCP %v: %s", q.name, dns.Type(q.qtype), q.source, q.ecs, q.tcp, why)
				return false
			}
		}
		left -= perWorld
		return left > 0
	})
	t.Logf("replies: %v", results)
}

// asker is where the client of q is.
func (w *world) asker(q asked) *refClient {
	source := netip.PrefixFrom(q.source, q.source.BitLen())
	var vpc *refVPC
	for i, v := range w.vpcs {
		if v.block.Contains(q.source) {
			vpc = &w.vpcs[i]
		}
	}
	c := w.client(source)
	switch {
	case q.ecs.Bits() > 0:
		c = w.client(q.ecs)
	case vpc != nil:
		c = w.inside(vpc, source)
	}
	c.vpc = vpc
	return c
}

// check returns what is wrong with m as a reply to q, or "".
func (w *world) check(q asked, m *dns.Msg) string {
	v := w.resolve(q.name, q.qtype, q.tcp, w.asker(q))
	if v.zone == nil {
		if m.Rcode != dns.RcodeRefused || m.IsEdns0() != nil || len(m.Answer)+len(m.Ns)+len(m.Extra) > 0 {
			return fmt.Sprintf("reply %v, want REFUSED without OPT", m)
		}
		return ""
	}
	if len(m.Question) != 1 || m.Question[0].Name != q.name || m.Truncated || m.RecursionAvailable || m.IsEdns0() == nil {
		return fmt.Sprintf("reply %v, want the question as asked, no TC, no RA, an OPT", m)
	}
	if v.authority != nil {
		if m.Authoritative || m.Rcode != 0 || len(m.Answer) > 0 || !slices.Equal(lowered(m.Ns), v.authority) {
			return fmt.Sprintf("reply %v, want a referral to %q", m, v.authority)
		}
		return ""
	}
	got := w.keyOf(v.zone, m)
	if got == "" || !m.Authoritative {
		return fmt.Sprintf("reply %v, want AA and the zone's own authority", m)
	}
	scope, sent := scopeIn(m)
	if sent != q.ecs.IsValid() || sent && q.ecs.Bits() == 0 && scope != 0 {
		return fmt.Sprintf("reply %v, want ECS as in the question", m)
	}
	possible := v.answers.keys()
	// With ANY the scope is also that of types without records, with MX that of
	// the additional section.
	if !sent || q.ecs.Bits() == 0 || q.qtype == dns.TypeANY || q.qtype == dns.TypeMX {
		possible = withoutScope(possible)
	} else {
		got += fmt.Sprintf("\nscope %d", scope)
	}
	if !slices.Contains(possible, got) {
		return fmt.Sprintf("reply\n%s\nwant one of\n%s", got, strings.Join(possible, "\nor\n"))
	}
	return w.checkAdditional(v.zone, w.asker(q), m)
}

func lowered(rrs []dns.RR) []string {
	var out []string
	for _, rr := range rrs {
		rr.Header().Name = strings.ToLower(rr.Header().Name)
		out = append(out, text(rr))
	}
	return out
}

func withoutScope(keys []string) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k[:strings.LastIndex(k, "\nscope")])
	}
	return out
}

func scopeIn(m *dns.Msg) (scope int, sent bool) {
	for _, o := range m.IsEdns0().Option {
		if s, ok := o.(*dns.EDNS0_SUBNET); ok {
			return int(s.SourceScope), true
		}
	}
	return 0, false
}

// keyOf is a reply as a verdict has it, without the scope; "" if its authority
// section is neither of the zone's two, nor empty.
func (w *world) keyOf(z *refZone, m *dns.Msg) string {
	var records []string
	for _, rr := range m.Answer {
		records = append(records, text(rr))
	}
	slices.Sort(records)
	var servers []string
	for _, ns := range z.group(z.name, "NS")[0].Values {
		servers = append(servers, record(z.name, 172800, "NS", ns))
	}
	slices.Sort(servers)
	authority := ""
	switch ns := lowered(m.Ns); {
	case len(ns) == 0:
	case slices.Equal(ns, servers):
		authority = "ns"
	case slices.Equal(ns, []string{record(z.name, 900, "SOA", z.group(z.name, "SOA")[0].Values[0])}):
		authority = "soa"
	default:
		return ""
	}
	return fmt.Sprintf("%s %s\n%s", dns.RcodeToString[m.Rcode], authority, strings.Join(records, "\n"))
}

// checkAdditional wants, for each host in the answer, the addresses that the
// zone itself has.
func (w *world) checkAdditional(z *refZone, c *refClient, m *dns.Msg) string {
	c = w.within(z, c)
	got := map[string][]string{}
	for _, rr := range m.Extra {
		if h := rr.Header(); h.Rrtype != dns.TypeOPT {
			key := strings.ToLower(h.Name) + dns.Type(h.Rrtype).String()
			got[key] = append(got[key], text(rr))
		}
	}
	for _, rr := range m.Answer {
		mx, ok := rr.(*dns.MX)
		if !ok || !below(mx.Mx, z.name) || z.cut(mx.Mx, dns.TypeA) != "" {
			continue
		}
		for _, rrtype := range []string{"A", "AAAA"} {
			key := mx.Mx + rrtype
			slices.Sort(got[key])
			want := withoutScope(merge(w.answer(z, mx.Mx, rrtype, mx.Mx, c)).keys())
			if !slices.Contains(want, strings.Join(got[key], "\n")) {
				return fmt.Sprintf("additional %q of %s, want one of %q", got[key], mx.Mx, want)
			}
			delete(got, key)
		}
		// Asked for once more where two MX name one host.
		for _, other := range m.Answer {
			if o, ok := other.(*dns.MX); ok && o != mx && o.Mx == mx.Mx {
				o.Mx = "."
			}
		}
	}
	if len(got) > 0 {
		return fmt.Sprintf("additional %q that nothing asks for", got)
	}
	return ""
}

// TestWireDistribution draws the same question often where chance has a say,
// and compares how often each answer comes with the reference.
func TestWireDistribution(t *testing.T) {
	const draws = 2000
	left := 30
	if testing.Short() {
		left = 4
	}
	worlds(t, func(t *testing.T, w *world, rnd *rand.Rand) bool {
		h := w.handler(t)
		for range 50 {
			q := w.ask(rnd)
			q.tcp, q.ecs = q.tcp || q.qtype == dns.TypeANY, netip.Prefix{}
			v := w.resolve(q.name, q.qtype, q.tcp, w.asker(q))
			want := chances{}
			for k, p := range v.answers {
				want[k[:strings.LastIndex(k, "\nscope")]] += p
			}
			if len(want) < 2 || q.qtype == dns.TypeMX {
				continue
			}
			got := map[string]int{}
			for range draws {
				got[w.keyOf(v.zone, exchange(t, h, q))]++
			}
			for k := range got {
				want[k] += 0 // what is never to come
			}
			for k, p := range want {
				if implausible(p, float64(got[k]), draws) {
					t.Errorf("%s %s: %q came %d times of %d, want a share of %v; got %v, want %v", q.name, dns.Type(q.qtype), k, got[k], draws, p, got, want)
				}
			}
			left--
			break
		}
		return left > 0
	})
}

// implausible tells whether what has probability p cannot well have come so
// often in n draws: the chance of that is less than one in 10^14, by Chernoff's
// bound, however small p is.
func implausible(p, seen, n float64) bool {
	divergence, share := 0.0, seen/n
	if share > 0 {
		divergence += share * math.Log(share/p)
	}
	if share < 1 {
		divergence += (1 - share) * math.Log((1-share)/(1-min(p, 1)))
	}
	return n*divergence > 33
}
