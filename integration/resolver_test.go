package integration

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newNear returns a started node that serves nearZone.
func newNear(t *testing.T, set func(*dnsNode)) *dnsNode {
	t.Helper()
	n := newDNS(t, "near")
	writeFile(t, filepath.Join(n.dir, "zones", "near.json"), nearZone)
	writeFile(t, filepath.Join(n.dir, "latency"), nearLatency)
	n.extra = append(n.extra, "latency "+filepath.Join(n.dir, "latency"))
	if set != nil {
		set(n)
	}
	n.start()
	n.ready()
	return n
}

// command runs a client to its end and returns what it said.
func command(path string, args ...string) string {
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return string(out)
}

// unbound starts a resolver that sends each client's subnet on, waits until it
// answers a name with an address, and returns its port. zones says where it
// asks.
func unbound(t *testing.T, zones, name, address string) string {
	t.Helper()
	path := client(t, "unbound", "unbound")
	addr, dir := freePort(t), t.TempDir()
	writeFile(t, filepath.Join(dir, "unbound.conf"), fmt.Sprintf(`server:
  interface: 127.0.0.1@%s
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  do-not-query-localhost: no
  module-config: "subnetcache iterator"
  send-client-subnet: 127.0.0.0/8
  client-subnet-always-forward: yes
  max-client-subnet-ipv4: 24
  local-zone: "example." nodefault
  local-zone: "test." nodefault
%s
`, port(addr), dir, zones))
	p := run(t, "unbound", dir, path, "-d", "-c", filepath.Join(dir, "unbound.conf"))
	dig := client(t, "dig", "bind9-dnsutils")
	eventually(t, func() string {
		if p.ended() {
			t.Fatalf("unbound has ended:\n%s", p.output())
		}
		if out := command(dig, "@127.0.0.1", "-p", port(addr), "+time=5", "+tries=1", name); !strings.Contains(out, address) {
			return "unbound does not answer yet:\n" + out
		}
		return ""
	})
	return port(addr)
}

// TestUnbound puts a real resolver before the server, once asking it as the
// authority for the zone and once as a forwarder. It tells the server whom it
// asks for, and keeps the answers apart by the scope that it gets.
func TestUnbound(t *testing.T) {
	dig := client(t, "dig", "bind9-dnsutils")
	n := newNear(t, nil)
	for mode, zone := range map[string]string{
		"authority": "stub-zone:\n  name: \"near.example.\"\n  stub-addr: 127.0.0.1@" + port(n.addr),
		"forwarder": "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" + port(n.addr),
	} {
		t.Run(mode, func(t *testing.T) {
			resolver := unbound(t, zone, "same.near.example.", "192.0.2.3")
			ask := func(name string, args ...string) string {
				return strings.TrimSpace(command(dig, append([]string{"@127.0.0.1", "-p", resolver, "+short", "+tries=3", "+time=20", name}, args...)...))
			}
			for range 2 { // the second time from its cache
				for _, tc := range []struct{ name, source, subnet, want string }{
					{"www.near.example.", "127.0.1.1", "", "192.0.2.1"},
					{"www.near.example.", "127.0.2.1", "", "192.0.2.2"},
					{"www.near.example.", "127.0.1.1", "198.51.100.0/24", "192.0.2.2"},
					{"www.near.example.", "127.0.2.1", "203.0.113.0/24", "192.0.2.1"},
					{"alias.near.example.", "127.0.1.1", "", "192.0.2.1"},
					{"alias.near.example.", "127.0.2.1", "", "192.0.2.2"},
					{"cname.near.example.", "127.0.1.1", "", "www.near.example.\n192.0.2.1"},
					{"cname.near.example.", "127.0.2.1", "", "www.near.example.\n192.0.2.2"},
					{"x.wild.near.example.", "127.0.1.1", "", "192.0.2.4"},
					{"same.near.example.", "127.0.2.1", "", "192.0.2.3"},
					{"nope.near.example.", "127.0.2.1", "", ""},
				} {
					args := []string{"-b", tc.source}
					if tc.subnet != "" {
						args = append(args, "+subnet="+tc.subnet)
					}
					if got := ask(tc.name, args...); got != tc.want {
						t.Errorf("%s through unbound from %s %s = %q, want %q", tc.name, tc.source, tc.subnet, got, tc.want)
					}
				}
			}
		})
	}
}
