package route53sim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/edgestage/edgestage/state/statetest"
	"github.com/miekg/dns"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/transfer"
)

func init() {
	dnsserver.Directives = []string{"bind", "ready", "errors", "cache", "transfer", "route53sim", "file", "forward"}
	dnsserver.Quiet = true
	if err := dnsserver.Register(); err != nil {
		panic(err)
	}
}

// corefile is a Corefile on a free loopback port, with the properties given.
type corefile struct {
	t      *testing.T
	folder string
	port   int
}

func newCorefile(t *testing.T) *corefile {
	c := &corefile{t: t, folder: t.TempDir(), port: statetest.FreePort()}
	c.write("example.zone", testMaster)
	return c
}

func (c *corefile) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *corefile) data() string { return filepath.Join(c.folder, "state") }

func (c *corefile) input(properties ...string) caddy.Input {
	text := fmt.Sprintf(".:%d {\nbind 127.0.0.1\nroute53sim {\ndata %s\nload %s/*.zone\n%s\n}\n}\n",
		c.port, c.data(), c.folder, strings.Join(properties, "\n"))
	return c.text(text)
}

func (c *corefile) text(text string) caddy.Input {
	return caddy.CaddyfileInput{Contents: []byte(text), Filepath: "Corefile", ServerTypeName: "dns"}
}

// start starts in and stops what is left of it at the end of the test.
func (c *corefile) start(in caddy.Input) *caddy.Instance {
	c.t.Helper()
	inst, err := caddy.Start(in)
	if err != nil {
		c.t.Fatal(err)
	}
	return inst
}

func (c *corefile) stop(inst *caddy.Instance) {
	c.t.Helper()
	for _, err := range inst.ShutdownCallbacks() {
		c.t.Error(err)
	}
	if err := inst.Stop(); err != nil {
		c.t.Error(err)
	}
}

// ask polls until the answer's rcode is want and returns the answer.
func (c *corefile) ask(name string, qtype uint16, want int) *dns.Msg {
	c.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		m, err := dns.Exchange(new(dns.Msg).SetQuestion(name, qtype), fmt.Sprintf("127.0.0.1:%d", c.port))
		if err == nil && m.Rcode == want {
			return m
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s %s = %v, %v, want rcode %s", name, dns.Type(qtype), m, err, dns.RcodeToString[want])
		}
		time.Sleep(5 * time.Millisecond) // polling a real server
	}
}

func instanceIn(inst *caddy.Instance) *instance {
	inst.StorageMu.RLock()
	defer inst.StorageMu.RUnlock()
	in, _ := inst.Storage[instanceKey{}].(*instance)
	return in
}

func TestStartLoadsAndAnswers(t *testing.T) {
	c := newCorefile(t)
	inst := c.start(c.input())
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	run := instanceIn(inst).running.Load()
	deadline := time.Now().Add(2 * time.Minute)
	for run.problem() != nil {
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", run.problem())
		}
		time.Sleep(5 * time.Millisecond) // polling a real server
	}
	c.stop(inst)
	if len(nodes.open) != 0 {
		t.Errorf("%d nodes open after the last instance stopped", len(nodes.open))
	}
	if v := run.view(); v == nil || !v.Holds(nil, "example.org.") {
		t.Error("the view is gone with the node, want it to outlive the node")
	}

	// What was loaded is there again without the file.
	if err := os.Remove(filepath.Join(c.folder, "example.zone")); err != nil {
		t.Fatal(err)
	}
	inst = c.start(c.input())
	defer c.stop(inst)
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
}

// A document with faults stops the start, with all of them, and nothing is
// opened.
func TestStartRefusesFaultyDocuments(t *testing.T) {
	c := newCorefile(t)
	c.write("bad.zone", "$ORIGIN example.net.\n@ 900 IN SOA ns. h. 1 1 1 1 1\n@ 60 IN A 192.0.2.1\nwww 60 IN A 192.0.2.2\nwww 60 IN CNAME @\nout.example.com. 60 IN A 192.0.2.1\n")
	inst, err := caddy.Start(c.input())
	if err == nil {
		c.stop(inst)
		t.Fatal("started in spite of a faulty document")
	}
	for _, want := range []string{"bad.zone:5", "bad.zone:6", "out.example.com."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
	if _, err := os.Stat(c.data()); !os.IsNotExist(err) {
		t.Errorf("Stat(data) = %v, want that it does not exist", err)
	}
}

// Design 3.2 "Reload".
func TestReload(t *testing.T) {
	c := newCorefile(t)
	inst := c.start(c.input())
	defer func() { c.stop(inst) }()
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	run := instanceIn(inst).running.Load()

	t.Run("keeps the node", func(t *testing.T) {
		next, err := inst.Restart(c.input("fallthrough"))
		if err != nil {
			t.Fatal(err)
		}
		inst = next
		if got := instanceIn(inst).running.Load(); got != run || len(run.holders) != 1 {
			t.Errorf("after a reload the node is another (%v), or held %d times", got != run, len(run.holders))
		}
		c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	})
	for _, tc := range []struct {
		name string
		next func() caddy.Input
		want string
	}{
		{"changed settings", func() caddy.Input { return c.input("region eu-west-3", "node other") },
			"settings of the open node have changed: node, region; restart to apply them"},
		{"another folder", func() caddy.Input {
			return c.text(strings.Replace(string(c.input().Body()), c.data(), c.data()+"2", 1))
		}, "have changed: data"},
		{"does not parse", func() caddy.Input { return c.input("colour blue") }, "unknown property 'colour'"},
		{"faulty document", func() caddy.Input {
			c.write("faulty.zone2", "@ 60 IN A x\n")
			return c.input("load " + c.folder + "/faulty.zone2")
		}, "faulty.zone2"},
		{"a later plugin fails", func() caddy.Input {
			return c.text(string(c.input("load "+c.folder+"/none*").Body()) + "\nexample.com:1 {\nbind 203.0.113.1\n}\n")
		}, "203.0.113.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := instanceIn(inst)
			_, err := inst.Restart(tc.next())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("Restart = %v, want an error with %q", err, tc.want)
			}
			if len(run.holders) != 1 || !run.holders[before] || run.loadsFor != before || nodes.restarting != nil {
				t.Errorf("after a refused reload the node has %d holders, ours %v, loads for us %v", len(run.holders), run.holders[before], run.loadsFor == before)
			}
			c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
			if _, err := os.Stat(c.data() + "2"); !os.IsNotExist(err) {
				t.Error("a refused reload created a folder")
			}
		})
	}
	t.Run("takes other files to load", func(t *testing.T) {
		c.write("net.zone", strings.ReplaceAll(testMaster, "example.org", "example.net"))
		next, err := inst.Restart(c.text(strings.Replace(string(c.input().Body()), "*.zone", "net.zone", 1)))
		if err != nil {
			t.Fatal(err)
		}
		inst = next
		c.ask("www.example.net.", dns.TypeA, dns.RcodeSuccess)
	})
	t.Run("without the plugin closes the node", func(t *testing.T) {
		next, err := inst.Restart(c.text(fmt.Sprintf(".:%d {\nbind 127.0.0.1\nerrors\n}\n", c.port)))
		if err != nil {
			t.Fatal(err)
		}
		inst = next
		if len(run.holders) != 0 || len(nodes.open) != 0 {
			t.Errorf("%d holders, %d nodes open, want none", len(run.holders), len(nodes.open))
		}
	})
	t.Run("and opens it again", func(t *testing.T) {
		next, err := inst.Restart(c.input())
		if err != nil {
			t.Fatal(err)
		}
		inst = next
		c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	})
}

// A file that changes while the server runs is loaded; one with a fault
// changes nothing.
func TestFilesAreWatched(t *testing.T) {
	c := newCorefile(t)
	inst := c.start(c.input())
	defer c.stop(inst)
	c.ask("example.org.", dns.TypeA, dns.RcodeSuccess)
	c.write("example.zone", testMaster+"new 60 IN A 192.0.2.99\n")
	c.ask("new.example.org.", dns.TypeA, dns.RcodeSuccess)
	c.write("example.zone", testMaster+"new 60 IN A nonsense\n")
	c.write("second.zone", strings.ReplaceAll(testMaster, "example.org", "example.net"))
	c.ask("example.net.", dns.TypeA, dns.RcodeSuccess) // both were looked at
	c.ask("new.example.org.", dns.TypeA, dns.RcodeSuccess)
}
