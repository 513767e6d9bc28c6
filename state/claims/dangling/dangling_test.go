package dangling

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
	"net/netip"
)

// server is a DNS server on loopback, UDP and TCP, that answers from records.
type server struct {
	addr    string
	records []dns.RR
	// recursive follows CNAMEs, as resolvers do.
	recursive bool
	rcode     int  // answered instead, unless 0
	cut       bool // answers over UDP are truncated
	asked     atomic.Int64
}

func serve(t *testing.T, s *server, records ...string) *server {
	t.Helper()
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			t.Fatal(err)
		}
		s.records = append(s.records, rr)
	}
	udp, tcp := listen(t)
	s.addr = udp.LocalAddr().String()
	for _, d := range []*dns.Server{{PacketConn: udp, Handler: s}, {Listener: tcp, Handler: s}} {
		started := make(chan struct{})
		d.NotifyStartedFunc = func() { close(started) }
		go func() { _ = d.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = d.Shutdown() })
	}
	return s
}

// listen returns sockets of one port. Of those that the system picks for UDP
// some are in use for TCP.
func listen(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	var last error
	for range 50 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err == nil {
			return udp, tcp
		}
		last = err
		_ = udp.Close()
	}
	t.Fatal(last)
	return nil, nil
}

// ServeDNS implements [dns.Handler].
func (s *server) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	s.asked.Add(1)
	m := new(dns.Msg).SetReply(q)
	defer func() { _ = w.WriteMsg(m) }()
	if s.rcode != 0 {
		m.Rcode = s.rcode
		return
	}
	if _, ok := w.RemoteAddr().(*net.UDPAddr); ok && s.cut {
		m.Truncated = true
		return
	}
	name, qtype := q.Question[0].Name, q.Question[0].Qtype
	for range 8 {
		next := ""
		for _, rr := range s.records {
			if h := rr.Header(); h.Name == name && (h.Rrtype == qtype || h.Rrtype == dns.TypeCNAME) {
				m.Answer = append(m.Answer, rr)
				if c, ok := rr.(*dns.CNAME); ok && s.recursive {
					next = c.Target
				}
			}
		}
		if name = next; name == "" {
			break
		}
	}
	if len(m.Answer) == 0 {
		m.Rcode = dns.RcodeNameError
	}
}

// replica returns a node in memory that publishes a distribution's address.
func replica(t *testing.T) *state.Replica {
	t.Helper()
	store := state.NewMemoryStore()
	if err := state.WriteNodeID(store, [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 1, Node: "n", Kind: "edge"}, Store: store, Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	if err := r.Publish(model.TableEndpoints, []model.Value{&model.Endpoint{
		Name: "d1.cloudfront.net.", Node: "n", Kind: model.EndpointCloudFront, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
	}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func claimOf(host string) *model.Claim {
	d := model.DeclaredDistribution("111111111111", "d1.cloudfront.net", "n")
	return &model.Claim{Host: host, Account: d.Account, Kind: model.OwnerDistribution, Owner: d.ID, OwnerName: d.DomainName, Declarer: "n"}
}

// TestCheck asks real servers (aws-behaviour 9.2, Removal).
func TestCheck(t *testing.T) {
	records := []string{
		"www.example.com. 60 IN CNAME d1.cloudfront.net.",
		"chain.example.com. 60 IN CNAME www.example.com.",
		"other.example.com. 60 IN CNAME d2.cloudfront.net.",
		"d2.cloudfront.net. 60 IN A 192.0.2.1", // an edge serves several
		"addr.example.com. 60 IN A 192.0.2.1",
		"away.example.com. 60 IN A 192.0.2.7",
		"*.wild.example.com. 60 IN CNAME d1.cloudfront.net.",
		"loop.example.com. 60 IN CNAME loop.example.com.",
	}
	plain := serve(t, &server{}, records...)
	recursive := serve(t, &server{recursive: true}, records...)
	cut := serve(t, &server{recursive: true, cut: true}, records...)
	failing := serve(t, &server{rcode: dns.RcodeServerFailure})
	refusing := serve(t, &server{rcode: dns.RcodeRefused})
	dead, err := net.ListenPacket("udp", "127.0.0.1:0") // hears, and answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	tests := []struct {
		name, host string
		resolvers  []string
		record     string // that is found
		unknown    string // why nothing is known
	}{
		{"CNAME", "www.example.com", []string{recursive.addr}, "www.example.com. CNAME d1.cloudfront.net. (DNS, says " + recursive.addr + ")", ""},
		{"chain, by a resolver", "chain.example.com", []string{recursive.addr}, "www.example.com. CNAME d1.cloudfront.net.", ""},
		{"chain, step by step", "chain.example.com", []string{plain.addr}, "www.example.com. CNAME d1.cloudfront.net.", ""},
		{"over TCP", "chain.example.com", []string{cut.addr}, "www.example.com. CNAME d1.cloudfront.net.", ""},
		{"another distribution at the same edge", "other.example.com", []string{recursive.addr}, "", ""},
		{"an edge's address", "addr.example.com", []string{recursive.addr}, "addr.example.com. A 192.0.2.1", ""},
		{"another address", "away.example.com", []string{recursive.addr}, "", ""},
		{"wildcard", "*.wild.example.com", []string{recursive.addr}, "*.wild.example.com. CNAME d1.cloudfront.net.", ""},
		{"no such name", "gone.example.com", []string{recursive.addr}, "", ""},
		{"a loop", "loop.example.com", []string{plain.addr}, "", ""},
		{"the second answers", "www.example.com", []string{failing.addr, refusing.addr, recursive.addr}, "www.example.com. CNAME", ""},
		{"SERVFAIL", "www.example.com", []string{failing.addr}, "", "answers SERVFAIL"},
		{"REFUSED", "www.example.com", []string{refusing.addr}, "", "answers REFUSED"},
		{"silence", "www.example.com", []string{dead.LocalAddr().String()}, "", "timeout"},
	}
	r := replica(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := (&Guard{Replica: r, Node: "n", Resolvers: tt.resolvers}).Check(t.Context(), claimOf(tt.host))
			got := ""
			if f.Record != nil {
				got = f.Record.String()
			}
			if !strings.HasPrefix(got, tt.record) || (got == "") != (tt.record == "") {
				t.Errorf("Check(%s) finds %q, want %q", tt.host, got, tt.record)
			}
			if (f.Unknown == nil) != (tt.unknown == "") || f.Unknown != nil && !strings.Contains(f.Unknown.Error(), tt.unknown) {
				t.Errorf("Check(%s) does not know for %v, want %q", tt.host, f.Unknown, tt.unknown)
			}
			if f.Free() != (tt.record+tt.unknown == "") {
				t.Errorf("Free() = %v", f.Free())
			}
		})
	}
}

// TestZonesOfTheStateDecide: what a hosted zone says is not asked again.
func TestZonesOfTheStateDecide(t *testing.T) {
	s := serve(t, &server{}, "www.example.com. 60 IN CNAME d1.cloudfront.net.", "_www.example.com. 60 IN TXT \"lie\"", "_x.example.net. 60 IN TXT \"d2.\" \"cloudfront.net\"")
	r := replica(t)
	g := &Guard{Replica: r, Node: "n"}
	if _, err := r.Commit(t.Context(), func(tx *state.Tx) error {
		if err := tx.Put(&model.ClaimRules{Declarer: "other", Resolvers: []string{s.addr}}); err != nil {
			return err
		}
		return tx.Put(&model.Zone{ID: "Z1", Name: "example.com.", Account: "111111111111", Created: time.Unix(1700000000, 0)})
	}); err != nil {
		t.Fatal(err)
	}
	if f := g.Check(t.Context(), claimOf("www.example.com")); !f.Free() || s.asked.Load() != 0 {
		t.Errorf("Check() = %+v after %d questions, want the empty zone to decide", f, s.asked.Load())
	}
	if got, err := g.Texts(t.Context(), "_www.example.com"); err != nil || got != nil {
		t.Errorf("Texts(_www.example.com) = %q, %v, want none", got, err)
	}
	if got, err := g.Texts(t.Context(), "_x.example.net"); err != nil || len(got) != 1 || got[0] != "d2.cloudfront.net" {
		t.Errorf("Texts(_x.example.net) = %q, %v, by the resolvers in the state", got, err)
	}
}

// FuzzRead: no answer makes the chain endless or the records more than a few
// times its size.
func FuzzRead(f *testing.F) {
	for _, rr := range []string{"a.example. 1 IN CNAME a.example.", "a.example. 1 IN A 192.0.2.1", "a.example. 1 IN AAAA 2001:db8::1"} {
		m := new(dns.Msg)
		r, _ := dns.NewRR(rr)
		m.Answer = []dns.RR{r, r}
		data, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(dns.Msg)
		if m.Unpack(data) != nil {
			return
		}
		records, next := read(m, "a.example.", "")
		if len(records) > 2*len(m.Answer) || next == "" {
			t.Errorf("read(%v) = %v, %q", m, records, next)
		}
		trail := claims.Trail{Records: records}
		trail.LeadsTo("d1.cloudfront.net", nil)
	})
}
