package acm

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/statetest"
)

// serveDNS starts a server on UDP and TCP and returns its address.
func serveDNS(t *testing.T, h dns.HandlerFunc) string {
	t.Helper()
	l, pc := listen(t)
	for _, s := range []*dns.Server{{Listener: l, Handler: h}, {PacketConn: pc, Handler: h}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return l.Addr().String()
}

// listen returns sockets of one port. Of those that the system picks for TCP
// some are in use for UDP.
func listen(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	var last error
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, pc
		}
		last = err
		_ = l.Close()
	}
	t.Fatal(last)
	return nil, nil
}

func cnameAnswer(q *dns.Msg, target string) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: target})
	return m
}

func TestResolverOverTheNet(t *testing.T) {
	const target = model.Name("t.acm-validations.aws.")
	good := serveDNS(t, func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(cnameAnswer(q, "T.ACM-validations.aws.")) })
	truncated := serveDNS(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := cnameAnswer(q, string(target))
		if w.RemoteAddr().Network() == "udp" {
			m.Answer, m.Truncated = nil, true
		}
		_ = w.WriteMsg(m)
	})
	lame := serveDNS(t, func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeRefused)) })
	gone := statetest.FreeAddr()
	tests := []struct {
		name    string
		servers []string
		want    string
	}{
		{"answers", []string{good}, ""},
		{"by TCP where truncated", []string{truncated}, ""},
		{"the second where the first is lame", []string{lame, good}, ""},
		{"the second where the first is gone", []string{gone, good}, ""},
		{"lame", []string{lame}, "answers REFUSED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := (&Resolver{Servers: tt.servers}).proven(t.Context(), "a.example.org.", target)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("proven = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestFlood: a server that sends 10 MB is read no further than one message, and
// one that drips is not waited for longer than its time.
func TestFlood(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	sent := make(chan int, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 512))
		junk := make([]byte, 2+0xffff)
		_, _ = rand.Read(junk)
		binary.BigEndian.PutUint16(junk, 0xffff)
		total := 0
		for total < 10<<20 {
			n, err := c.Write(junk)
			if total += n; err != nil {
				break
			}
		}
		sent <- total
	}()
	r := &Resolver{Servers: []string{l.Addr().String()}, exchange: func(ctx context.Context, q *dns.Msg, _, server string) (*dns.Msg, error) {
		return exchangeByNet(ctx, q, "tcp", server)
	}}
	if err := r.proven(t.Context(), "a.example.org.", "t.acm-validations.aws."); err == nil {
		t.Error("junk proves a name")
	}
	select {
	case n := <-sent:
		if n >= 10<<20 {
			t.Errorf("all %d bytes were taken", n)
		}
	case <-time.After(2 * time.Minute):
		t.Error("the connection stays open")
	}
}

// FuzzLookup proves that whatever a server answers, nothing but a CNAME record
// at the name proves it.
func FuzzLookup(f *testing.F) {
	const name, target = model.Name("_a.example.org."), model.Name("t.acm-validations.aws.")
	q := new(dns.Msg).SetQuestion(string(name), dns.TypeCNAME)
	good, err := cnameAnswer(q, string(target)).Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Fuzz(func(t *testing.T, data []byte) {
		var m dns.Msg
		if m.Unpack(data) != nil {
			return
		}
		r := &Resolver{Servers: []string{"x"}, exchange: func(_ context.Context, q *dns.Msg, _, _ string) (*dns.Msg, error) {
			c := m.Copy()
			c.Id = q.Id
			return c, nil
		}}
		_ = r.allowed(ctx, name, amazonCAs)
		if r.proven(ctx, name, target) != nil {
			return
		}
		for _, rr := range m.Answer {
			if c, ok := rr.(*dns.CNAME); ok && model.FromDNS(c.Hdr.Name) == name && model.FromDNS(c.Target) == target {
				return
			}
		}
		t.Errorf("%v proves %s", &m, name)
	})
}
