package integration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

var hostileSeed = flag.Uint64("hostileseed", 0, "seed of the hostile messages; 0 draws one")

// hostile is one kind of message that nobody well-meaning sends, and the rcodes
// that answer it; none: it may be answered anyhow, or not at all.
type hostile struct {
	name   string
	make   func(*rand.Rand) []byte
	rcodes []int
}

// silent stands for no reply, among the rcodes of a hostile.
const silent = -1

// pack returns a query after change was made to it.
func pack(qname string, qtype uint16, change func(*dns.Msg)) func(*rand.Rand) []byte {
	return func(*rand.Rand) []byte {
		m := new(dns.Msg).SetQuestion(qname, qtype)
		if change != nil {
			change(m)
		}
		b, err := m.Pack()
		if err != nil {
			panic(err)
		}
		return b
	}
}

// raw returns a query whose bytes were changed.
func raw(change func(*rand.Rand, []byte) []byte) func(*rand.Rand) []byte {
	return func(rnd *rand.Rand) []byte { return change(rnd, pack("www.near.example.", dns.TypeA, nil)(rnd)) }
}

// option returns a query with an EDNS option of any bytes.
func option(code uint16, data ...byte) func(*rand.Rand) []byte {
	return pack("www.near.example.", dns.TypeA, func(m *dns.Msg) {
		m.SetEdns0(1232, false)
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: code, Data: data}}
	})
}

// counts sets one of the four counts of the header.
func counts(offset int, n uint16) func(*rand.Rand) []byte {
	return raw(func(_ *rand.Rand, b []byte) []byte {
		b[offset], b[offset+1] = byte(n>>8), byte(n)
		return b
	})
}

var hostiles = []hostile{
	{"random bytes", func(rnd *rand.Rand) []byte { return randomBytes(rnd, rnd.IntN(600)) }, nil},
	{"a header and random bytes", raw(func(rnd *rand.Rand, b []byte) []byte { return append(b[:12], randomBytes(rnd, rnd.IntN(500))...) }), nil},
	{"bits flipped", raw(func(rnd *rand.Rand, b []byte) []byte {
		for range 1 + rnd.IntN(8) {
			b[2+rnd.IntN(len(b)-2)] ^= 1 << rnd.IntN(8)
		}
		return b
	}), nil},
	{"cut", raw(func(rnd *rand.Rand, b []byte) []byte { return b[:rnd.IntN(len(b))] }), // what is missing of a question counts as 0
		[]int{dns.RcodeFormatError, dns.RcodeServerFailure, dns.RcodeRefused, silent}},
	{"trailing garbage", raw(func(rnd *rand.Rand, b []byte) []byte { return append(b, randomBytes(rnd, 1+rnd.IntN(100))...) }), nil},
	{"a reply", raw(func(_ *rand.Rand, b []byte) []byte { b[2] |= 0x80; return b }), []int{silent}},
	{"no question", counts(4, 0), []int{dns.RcodeFormatError}},
	{"two questions announced", counts(4, 2), []int{dns.RcodeFormatError}},
	{"65535 answers announced", counts(6, 65535), []int{dns.RcodeFormatError}},
	{"a name that points to itself", raw(func(_ *rand.Rand, b []byte) []byte {
		return append(b[:12], 0xc0, 12, 0, 1, 0, 1)
	}), []int{dns.RcodeFormatError}},
	{"a name that points ahead", raw(func(_ *rand.Rand, b []byte) []byte {
		return append(b[:12], 0xc0, 200, 0, 1, 0, 1)
	}), []int{dns.RcodeFormatError}},
	{"a label of a reserved kind", raw(func(_ *rand.Rand, b []byte) []byte { b[12] = 0x80; return b }), []int{dns.RcodeFormatError}},
	{"a name too long", raw(func(_ *rand.Rand, b []byte) []byte {
		return append(append(b[:12], strings.Repeat("\x3f"+strings.Repeat("a", 63), 5)...), 0, 0, 1, 0, 1)
	}), []int{dns.RcodeFormatError}},
	{"the longest name", pack(strings.Repeat(strings.Repeat("a", 60)+".", 3)+strings.Repeat("b", 50)+".near.example.", dns.TypeA, nil), []int{dns.RcodeNameError}},
	{"127 labels", pack(strings.Repeat("a.", 118)+"near.example.", dns.TypeA, nil), []int{dns.RcodeNameError}},
	{"binary labels", pack(`\000\255\001.near.example.`, dns.TypeA, nil), []int{dns.RcodeNameError}},
	{"the root", pack(".", dns.TypeNS, nil), []int{dns.RcodeRefused}},
	{"a foreign name", pack("www.example.net.", dns.TypeA, nil), []int{dns.RcodeRefused}},
	{"class CHAOS", pack("www.near.example.", dns.TypeA, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), []int{dns.RcodeRefused}},
	{"class ANY", pack("www.near.example.", dns.TypeA, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassANY }), []int{dns.RcodeRefused}},
	{"ANY", pack("www.near.example.", dns.TypeANY, nil), []int{dns.RcodeSuccess}},
	{"an unknown type", pack("www.near.example.", 65280, nil), []int{dns.RcodeSuccess}},
	{"OPT as a type", pack("www.near.example.", dns.TypeOPT, nil), []int{dns.RcodeSuccess}},
	{"AXFR", pack("near.example.", dns.TypeAXFR, nil), []int{dns.RcodeRefused}},
	{"IXFR", pack("near.example.", dns.TypeIXFR, func(m *dns.Msg) {
		m.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: "near.example.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: ".", Mbox: ".", Serial: 1}}
	}), []int{dns.RcodeRefused}},
	{"NOTIFY", pack("near.example.", dns.TypeSOA, func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }), []int{dns.RcodeNotImplemented}},
	{"UPDATE", pack("near.example.", dns.TypeSOA, func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }), []int{dns.RcodeNotImplemented}},
	{"STATUS", pack("near.example.", dns.TypeSOA, func(m *dns.Msg) { m.Opcode = dns.OpcodeStatus }), []int{dns.RcodeNotImplemented}},
	{"opcode 15", pack("near.example.", dns.TypeSOA, func(m *dns.Msg) { m.Opcode = 15 }), []int{dns.RcodeNotImplemented}},
	{"EDNS version 1", pack("www.near.example.", dns.TypeA, func(m *dns.Msg) { m.SetEdns0(1232, false); m.IsEdns0().SetVersion(1) }), []int{dns.RcodeBadVers}},
	{"EDNS version 255", pack("www.near.example.", dns.TypeA, func(m *dns.Msg) { m.SetEdns0(1232, false); m.IsEdns0().SetVersion(255) }), []int{dns.RcodeBadVers}},
	{"a payload of 0", pack("www.near.example.", dns.TypeA, func(m *dns.Msg) { m.SetEdns0(0, true) }), []int{dns.RcodeSuccess}},
	{"an unknown option", option(65001, 1, 2, 3), []int{dns.RcodeSuccess}},
	{"client subnet of an unknown family", option(dns.EDNS0SUBNET, 0, 9, 24, 0, 192, 0, 2), []int{dns.RcodeFormatError}},
	{"client subnet with a scope", option(dns.EDNS0SUBNET, 0, 1, 24, 24, 192, 0, 2), []int{dns.RcodeFormatError}},
	{"client subnet beyond its prefix", option(dns.EDNS0SUBNET, 0, 1, 20, 0, 192, 0, 255), []int{dns.RcodeFormatError}},
	{"client subnet of 33 bits", option(dns.EDNS0SUBNET, 0, 1, 33, 0, 192, 0, 2, 1, 1), []int{dns.RcodeFormatError}},
	{"client subnet too short", option(dns.EDNS0SUBNET, 0, 1), []int{dns.RcodeFormatError}},
	{"client subnet of /0", option(dns.EDNS0SUBNET, 0, 1, 0, 0), []int{dns.RcodeSuccess}},
	{"an option longer than the OPT", raw(func(rnd *rand.Rand, b []byte) []byte {
		b[11] = 1
		return append(b, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 4, 0, 8, 255, 255)
	}), []int{dns.RcodeFormatError}},
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// sender sends messages from a socket of its own.
type sender struct {
	dns.Conn
	id uint16 // of the last message
}

// number gives b an id that no message had before it: over UDP the reply to an
// earlier one can still come.
func (s *sender) number(b []byte) {
	if s.id++; len(b) >= 2 {
		b[0], b[1] = byte(s.id>>8), byte(s.id)
	}
}

// send sends b and returns the rcode of the reply with its id. Where there may
// be none it sends a query after it, and does not wait beyond the reply to
// that.
func (s *sender) send(b []byte, maySilent bool) (int, error) {
	_ = s.SetDeadline(time.Now().Add(deadline))
	s.number(b)
	if _, err := s.Write(b); err != nil {
		return silent, err
	}
	after := pack("same.near.example.", dns.TypeA, nil)(nil)
	if maySilent {
		s.number(after)
		if _, err := s.Write(after); err != nil {
			return silent, err
		}
	}
	rcode := silent
	for {
		reply, err := s.read()
		switch {
		case err != nil:
			return rcode, err
		case sameID(reply, b):
			rcode = rcodeOf(reply)
			if !maySilent {
				return rcode, nil
			}
		case maySilent && sameID(reply, after):
			return rcode, nil
		}
	}
}

// sameID tells whether two messages have one id.
func sameID(a, b []byte) bool {
	return len(a) >= 2 && len(b) >= 2 && a[0] == b[0] && a[1] == b[1]
}

// read returns the next message, whatever it is.
func (s *sender) read() ([]byte, error) {
	b := make([]byte, dns.MaxMsgSize)
	n, err := s.Read(b)
	if err == nil && n < 12 {
		err = fmt.Errorf("a reply of %d bytes", n)
	}
	return b[:n], err
}

// rcodeOf returns the rcode, its upper bits from the OPT if there is one.
func rcodeOf(reply []byte) int {
	m := new(dns.Msg)
	if err := m.Unpack(reply); err != nil {
		return int(reply[3] & 15)
	}
	return m.Rcode
}

// TestHostileMessages sends 10,000 messages, over UDP and TCP. Each that the
// specification names has its rcode (aws-behaviour 3.1, 3.8); afterwards the
// server answers as before, with no more goroutines and no more memory.
func TestHostileMessages(t *testing.T) {
	seed := *hostileSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -hostileseed %d", seed, seed)
	profile := freePort(t)
	n := newNear(t, func(n *dnsNode) { n.plugins = append(n.plugins, "pprof "+profile) })
	rnd := rand.New(rand.NewPCG(seed, 0))
	messages := 10_000
	if testing.Short() {
		messages = 1_000
	}
	n.bombard(rnd, messages/10) // what is allocated once
	goroutines, heap := n.resources(profile)
	n.bombard(rnd, messages)
	eventually(t, func() string {
		g, h := n.resources(profile)
		if g > goroutines+10 || h > heap+4<<20 {
			return fmt.Sprintf("%d goroutines and %d bytes of heap, before %d and %d", g, h, goroutines, heap)
		}
		return ""
	})
	n.wants("same.near.example.", dns.TypeA, "192.0.2.3")
	for _, word := range []string{"panic", "PANIC", "Recovered"} {
		if strings.Contains(n.output(), word) {
			t.Errorf("the server said %q", word)
		}
	}
	if got := n.metric("coredns_panics_total"); got != "0" {
		t.Errorf("coredns_panics_total = %q, want 0", got)
	}
}

// bombard sends messages, each kind over both transports.
func (n *dnsNode) bombard(rnd *rand.Rand, messages int) {
	n.t.Helper()
	senders := map[bool]*sender{}
	for i := range messages {
		h, tcp := hostiles[i%len(hostiles)], rnd.IntN(2) == 0
		s := senders[tcp]
		if s == nil {
			s = n.dial(tcp)
			senders[tcp] = s
		}
		b := h.make(rnd)
		maySilent := h.rcodes == nil || slices.Contains(h.rcodes, silent)
		rcode, err := s.send(b, maySilent)
		if err != nil && tcp && !maySilent { // it hangs up on who pauses
			_ = s.Close()
			s = n.dial(tcp)
			senders[tcp] = s
			rcode, err = s.send(b, maySilent)
		}
		if err != nil { // a server may hang up on garbage, on nothing else
			if !tcp || !maySilent {
				n.t.Fatalf("%s over TCP %v: %v after %x", h.name, tcp, err, b)
			}
			_ = s.Close()
			delete(senders, tcp)
		}
		if h.rcodes != nil && !slices.Contains(h.rcodes, rcode) {
			n.t.Errorf("%s over TCP %v: rcode %d (%s), want %v; sent %x", h.name, tcp, rcode, dns.RcodeToString[rcode], h.rcodes, b)
			return
		}
	}
	for _, s := range senders {
		_ = s.Close()
	}
}

func (n *dnsNode) dial(tcp bool) *sender {
	n.t.Helper()
	network := "udp"
	if tcp {
		network = "tcp"
	}
	c, err := net.Dial(network, n.addr)
	if err != nil {
		n.t.Fatal(err)
	}
	return &sender{Conn: dns.Conn{Conn: c}}
}

// resources returns the number of goroutines, and the bytes on the heap after
// a collection.
func (n *dnsNode) resources(profile string) (goroutines, heap int) {
	n.t.Helper()
	if status, _, err := get("http://" + profile + "/debug/pprof/heap?gc=1"); err != nil || status != 200 {
		n.t.Fatalf("heap profile: status %d, %v", status, err)
	}
	number := func(name string) int {
		f, err := strconv.ParseFloat(n.metric(name), 64)
		if err != nil {
			n.t.Fatalf("metric %s: %v", name, err)
		}
		return int(f)
	}
	return number("go_goroutines"), number("go_memstats_heap_alloc_bytes")
}
