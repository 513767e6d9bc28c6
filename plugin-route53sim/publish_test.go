package route53sim

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/edgestage/edgestage/state/statetest"
	"github.com/miekg/dns"
)

// askFor polls until a host's only address is want, "" for a refusal.
func (c *corefile) askFor(host, want string) {
	c.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		m, err := dns.Exchange(new(dns.Msg).SetQuestion(host, dns.TypeA), fmt.Sprintf("127.0.0.1:%d", c.port))
		got := fmt.Sprint(err)
		if err == nil {
			if got = ""; len(m.Answer) > 0 {
				got = m.Answer[0].(*dns.A).A.String()
			}
		}
		if got == want {
			if want != "" && (!m.Authoritative || m.Rcode != dns.RcodeSuccess || len(m.Ns)+len(m.Extra) != 0) {
				c.t.Errorf("answer for %s =\n%v\nwant one with AA and nothing else", host, m)
			}
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s = %q, want %q", host, got, want)
		}
		time.Sleep(5 * time.Millisecond) // polling a real server
	}
}

// The hosts of delegation sets lead to what `publish` says, which a reload can
// change and take back, and a refused reload does not.
func TestPublish(t *testing.T) {
	const host = "ns-52.awsdns-06.com."
	c := newCorefile(t)
	inst := c.start(c.input("publish 192.0.2.1"))
	defer func() { c.stop(inst) }()
	c.askFor(host, "192.0.2.1")
	reload := func(in caddy.Input) error {
		next, err := inst.Restart(in)
		if err == nil {
			inst = next
		}
		return err
	}
	if err := reload(c.input("publish 192.0.2.2")); err != nil {
		t.Fatal(err)
	}
	c.askFor(host, "192.0.2.2")
	faulty := c.text(string(c.input("publish 192.0.2.3").Body()) + "\nexample.com:1 {\nbind 203.0.113.1\n}\n")
	if err := reload(faulty); err == nil {
		t.Fatal("a reload on an address of nobody is taken")
	}
	c.askFor(host, "192.0.2.2")
	if err := reload(c.input()); err != nil {
		t.Fatal(err)
	}
	c.askFor(host, "")
}

// A node that is not ready is nowhere that resolvers are sent to.
func TestPublishWhileReady(t *testing.T) {
	c := newCorefile(t)
	inst := c.start(c.input("publish 192.0.2.1"))
	defer c.stop(inst)
	c.askFor("ns-52.awsdns-06.com.", "192.0.2.1")
	run := instanceIn(inst).running.Load()
	run.loaded.Store(false)
	run.lookAgain()
	c.askFor("ns-52.awsdns-06.com.", "")
	run.loaded.Store(true)
	c.askFor("ns-52.awsdns-06.com.", "192.0.2.1") // without being told
}

// With refuse_reserved the API refuses what AWS keeps for itself, else not; a
// reload changes it.
func TestRefuseReserved(t *testing.T) {
	c := newCorefile(t)
	addr := statetest.FreeAddr()
	inst := c.start(c.input("api " + addr))
	defer func() { c.stop(inst) }()
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	create := func(name string) (int, string) {
		var failed struct{ Error struct{ Message string } }
		status, err := call(t, addr, "POST", "hostedzone",
			fmt.Sprintf(`<CreateHostedZoneRequest><Name>%s</Name><CallerReference>%s</CallerReference></CreateHostedZoneRequest>`, name, name), &failed)
		if err != nil {
			t.Fatal(err)
		}
		return status, failed.Error.Message
	}
	for _, name := range []string{"corp", "a.example.com"} {
		if status, text := create(name); status != 201 {
			t.Errorf("creating %s = %d %s, want 201", name, status, text)
		}
	}
	next, err := inst.Restart(c.input("api " + addr + " {\nrefuse_reserved\n}"))
	if err != nil {
		t.Fatal(err)
	}
	inst = next
	http.DefaultClient.CloseIdleConnections() // those to the listener before
	for _, name := range []string{"com", "b.example.com"} {
		if status, text := create(name); status != 400 || text != name+". is reserved by AWS!" {
			t.Errorf("creating %s = %d %q, want 400 and that it is reserved", name, status, text)
		}
	}
	if status, text := create("example.net"); status != 201 {
		t.Errorf("creating example.net = %d %s, want 201", status, text)
	}
}
