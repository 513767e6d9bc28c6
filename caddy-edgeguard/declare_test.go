package edgeguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/miekg/dns"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/model"
)

func init() { caddy.RegisterModule(failingApp{}) }

// failingApp fails to start.
type failingApp struct{}

func (failingApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "test_failing", New: func() caddy.Module { return new(failingApp) }}
}
func (failingApp) Start() error { return errors.New("no wish to start") }
func (failingApp) Stop() error  { return nil }

// nameServer answers every A question on loopback with a CNAME to where it
// points, or is silent while that is "".
type nameServer struct{ target atomic.Pointer[string] }

// ServeDNS implements [dns.Handler].
func (n *nameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	to := *n.target.Load()
	if to == "" {
		return
	}
	m := new(dns.Msg).SetReply(q)
	m.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 1}, Target: to}}
	_ = w.WriteMsg(m)
}

func (n *nameServer) point(to string) { n.target.Store(&to) }

// serveNames starts a name server and returns its address.
func serveNames(t *testing.T, to string) (*nameServer, string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := new(nameServer)
	n.point(to)
	s := &dns.Server{PacketConn: conn, Handler: n}
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	go func() { _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown() })
	return n, conn.LocalAddr().String()
}

// edge returns the fields of an edge with a distribution that has aliases, and
// more fields.
func edge(more string, aliases ...string) string {
	quoted := make([]string, len(aliases))
	for i, a := range aliases {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return `"node":"one","publish":["192.0.2.1"],"accounts":[{"id":"111111111111","distributions":[{"name":"d1.cloudfront.net","aliases":[` +
		strings.Join(quoted, ",") + `]}]}]` + more
}

// wantOwner checks whose a host name is by the rows: an own name, or "".
func wantOwner(t *testing.T, r *state.Replica, host, want string) {
	t.Helper()
	got := ""
	if err := r.View(func(rd *state.Reader) error {
		for _, c := range claims.At(rd, host) {
			if got == "" {
				got = c.OwnerName
			}
			if c.Reserved {
				got += " reserved"
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s belongs to %q, want %q", host, got, want)
	}
}

// claimFor gives a host name to a distribution of the API.
func claimFor(t *testing.T, r *state.Replica, account, host string) {
	t.Helper()
	d := model.NewDistribution(account, "reference")
	if _, err := r.Commit(context.Background(), func(tx *state.Tx) error {
		if err := tx.Put(d); err != nil {
			return err
		}
		return claims.Take(tx, &model.Claim{Host: host, Account: account, Kind: model.OwnerDistribution, Owner: d.ID, OwnerName: d.DomainName, Since: 1}, false)
	}); err != nil {
		t.Fatal(err)
	}
}

func wantRefused(t *testing.T, fields string, words ...string) {
	t.Helper()
	err := caddy.Load(config(t, fields), true)
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("Load(%s) = %v, want it to say %q", fields, err, w)
		}
	}
}

// TestAliasesAreClaimed: what the Caddyfile declares is claimed once Caddy runs,
// on the view of handshakes too, and stays when the edge merely stops.
func TestAliasesAreClaimed(t *testing.T) {
	data := fmt.Sprintf(`,"data":%q`, t.TempDir())
	mustLoad(t, config(t, edge(data, "www.example.org")))
	r := openReplica(t)
	wantOwner(t, r, "www.example.org", "d1.cloudfront.net")
	claimFor(t, r, "222222222222", "x.example.org")
	wantRefused(t, edge(data, "www.example.org", "x.example.org"), "host name 'x.example.org' belongs to d", "of account 222222222222")
	wantOwner(t, r, "www.example.org", "d1.cloudfront.net")
	mustStop(t)

	mustLoad(t, config(t, `"node":"one"`+data)) // other words, and the old ones are withdrawn
	wantOwner(t, openReplica(t), "d1.cloudfront.net", "")
	mustStop(t)
}

// TestStopDropsNothing: another edge's start tells.
func TestStopDropsNothing(t *testing.T) {
	dir := t.TempDir()
	data := fmt.Sprintf(`,"data":%q`, dir)
	mustLoad(t, config(t, edge(data, "www.example.org")))
	mustStop(t)
	other := strings.Replace(`"node":"two"`+data, `"node":"one"`, `"node":"two"`, 1)
	mustLoad(t, config(t, other))
	wantOwner(t, openReplica(t), "www.example.org", "d1.cloudfront.net")
	mustStop(t)
}

// TestDanglingReload: giving up a name that DNS leads here is refused, and the
// old configuration goes on; once DNS has changed it is not (aws-behaviour 9.2,
// Removal, 9.6 rule 4).
func TestDanglingReload(t *testing.T) {
	names, addr := serveNames(t, "d1.cloudfront.net.")
	resolver := fmt.Sprintf(`,"resolvers":[%q]`, addr)
	mustLoad(t, config(t, edge(resolver, "www.example.org", "b.example.org")))
	r := openReplica(t)
	wantRefused(t, edge(resolver, "b.example.org"), "'www.example.org' still leads to d1.cloudfront.net", "www.example.org. CNAME d1.cloudfront.net.")
	wantRefused(t, `"node":"one"`+resolver, "'www.example.org' still leads to", "'b.example.org' still leads to")
	wantOwner(t, r, "www.example.org", "d1.cloudfront.net")
	waitForEndpoints(t, r, "d1.cloudfront.net.")

	names.point("d9.cloudfront.net.")
	mustLoad(t, config(t, edge(resolver, "b.example.org")))
	wantOwner(t, r, "www.example.org", "")
	wantOwner(t, r, "b.example.org", "d1.cloudfront.net")
	mustStop(t)
}

// TestDanglingByRows: an alias record in a hosted zone of the state is enough,
// and no resolver is asked.
func TestDanglingByRows(t *testing.T) {
	mustLoad(t, config(t, edge("", "www.example.org")))
	r := openReplica(t)
	write := func(put bool) {
		t.Helper()
		rr := &model.RRset{Zone: "Z1", Name: "www.example.org.", Type: "A", Alias: &model.AliasTarget{ZoneID: "Z2FDTNDATAQYW2", Name: "d1.cloudfront.net."}}
		if _, err := r.Commit(t.Context(), func(tx *state.Tx) error {
			if !put {
				tx.Delete(model.TableRRsets, rr.Key())
				return nil
			}
			return errors.Join(tx.Put(&model.Zone{ID: "Z1", Name: "example.org.", Account: "111111111111", Created: time.Unix(1, 0)}), tx.Put(rr))
		}); err != nil {
			t.Fatal(err)
		}
	}
	write(true)
	wantRefused(t, edge(""), "www.example.org. A ALIAS d1.cloudfront.net. (hosted zone id Z2FDTNDATAQYW2) (hosted zone Z1)")
	write(false)
	mustLoad(t, config(t, edge("")))
	wantOwner(t, r, "www.example.org", "")
	mustStop(t)
}

// TestDanglingWarn lets the name go.
func TestDanglingWarn(t *testing.T) {
	_, addr := serveNames(t, "d1.cloudfront.net.")
	more := fmt.Sprintf(`,"resolvers":[%q],"dangling":"warn"`, addr)
	mustLoad(t, config(t, edge(more, "www.example.org")))
	r := openReplica(t)
	mustLoad(t, config(t, edge(more)))
	wantOwner(t, r, "www.example.org", "")
	mustStop(t)
}

// TestSilentDNSReserves: where DNS cannot be asked the name goes, and stays
// reserved for its account until DNS can be asked again and leads elsewhere.
func TestSilentDNSReserves(t *testing.T) {
	names, addr := serveNames(t, "")
	more := fmt.Sprintf(`,"resolvers":[%q]`, addr)
	mustLoad(t, config(t, edge(more, "www.example.org")))
	r := openReplica(t)
	mustLoad(t, config(t, edge(more)))
	wantOwner(t, r, "www.example.org", "d1.cloudfront.net reserved")

	both := edge(more) // and another account that wants the name
	both = strings.Replace(both, `]}]}]`, `]}]},{"id":"222222222222","distributions":[{"name":"d2.cloudfront.net","aliases":["www.example.org"]}]}]`, 1)
	wantRefused(t, both, "host name 'www.example.org' is reserved for account 111111111111")
	names.point("d2.cloudfront.net.")
	mustLoad(t, config(t, both))
	wantOwner(t, r, "www.example.org", "d2.cloudfront.net")
	mustStop(t)
}

// TestStartWithoutName: at a start nothing runs that could go on, so a name
// that DNS leads here is given up, but reserved; once DNS has changed, the next
// start frees it.
func TestStartWithoutName(t *testing.T) {
	names, addr := serveNames(t, "d1.cloudfront.net.")
	more := fmt.Sprintf(`,"resolvers":[%q],"data":%q`, addr, t.TempDir())
	mustLoad(t, config(t, edge(more, "www.example.org")))
	mustStop(t)
	mustLoad(t, config(t, edge(more)))
	wantOwner(t, openReplica(t), "www.example.org", "d1.cloudfront.net reserved")
	mustStop(t)
	names.point("elsewhere.example.org.")
	mustLoad(t, config(t, edge(more)))
	wantOwner(t, openReplica(t), "www.example.org", "")
	mustStop(t)
}

// TestFailedReloadGivesTheWordBack: a configuration that declared and then did
// not come to run leaves the claims of the one that does.
func TestFailedReloadGivesTheWordBack(t *testing.T) {
	_, addr := serveNames(t, "elsewhere.example.org.")
	more := fmt.Sprintf(`,"resolvers":[%q]`, addr)
	mustLoad(t, config(t, edge(more, "www.example.org")))
	r := openReplica(t)
	declared := false
	for i := 0; i < 40 || !declared && i < 1000; i++ { // apps start in random order, one in five this way
		broken := strings.Replace(string(config(t, edge(more, "b.example.org"))), `"apps":{`, `"apps":{"test_failing":{},`, 1)
		seen := r.Context()
		if err := caddy.Load([]byte(broken), true); err == nil || !strings.Contains(err.Error(), "no wish to start") {
			t.Fatalf("Load() = %v, want the failure of the other app", err)
		}
		for o, s := range r.Context() {
			declared = declared || seen[o] != s
		}
		wantOwner(t, r, "www.example.org", "d1.cloudfront.net")
		wantOwner(t, r, "b.example.org", "")
	}
	if !declared {
		t.Error("in none of 1000 loads the app edgeguard was started first")
	}
	mustStop(t)
}

// TestLostRaceIsLogged: a claim that an earlier one of another account takes the
// effect from is reported by who declared it.
func TestLostRaceIsLogged(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	a := &App{logger: zap.New(core)}
	a.Node = "one"
	r := mustAcquireNode(t, a)
	d := claims.NewDeclaration("one")
	d.Distribution("111111111111", "d1.cloudfront.net", []string{"www.example.org"})
	if _, err := r.Commit(t.Context(), func(tx *state.Tx) error {
		_, err := d.Apply(tx, 100, nil, claims.ApplyOptions{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	a.watch()
	defer a.unwatch()
	other := model.NewDistribution("222222222222", "reference")
	if _, err := r.Commit(t.Context(), func(tx *state.Tx) error { // as gossip would bring it
		return errors.Join(tx.Put(other), tx.Put(&model.Claim{
			Host: "www.example.org", Account: other.Account, Kind: model.OwnerDistribution, Owner: other.ID, OwnerName: other.DomainName, Since: 1,
		}))
	}); err != nil {
		t.Fatal(err)
	}
	lost := logged.FilterMessage("a name that this edge declares belongs to another")
	for end := time.Now().Add(2 * time.Minute); lost.Len() == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) { // a commit does not wait for slow views
		lost = logged.FilterMessage("a name that this edge declares belongs to another")
	}
	lines := lost.All()
	if len(lines) != 1 || lines[0].ContextMap()["owner_account"] != other.Account || lines[0].ContextMap()["host"] != "www.example.org" {
		t.Errorf("logged %+v, want the lost name once", lines)
	}
}

// mustAcquireNode opens the process's node for an app until the test ends.
func mustAcquireNode(t *testing.T, a *App) *state.Replica {
	t.Helper()
	var err error
	if a.node, err = edgenode.Acquire(a.Settings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.node.Release(); err != nil {
			t.Error(err)
		}
	})
	if err := a.node.Start(a.logger); err != nil {
		t.Fatal(err)
	}
	<-a.node.Replica().Ready()
	return a.node.Replica()
}
