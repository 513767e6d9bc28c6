package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// dnsNode is a CoreDNS process and where it is reached.
type dnsNode struct {
	*process
	t                                testing.TB
	name, dir                        string
	addr, gossip, readyAddr, metrics string
	join                             []string
	keys                             string // the file with the gossip keys, if any
	// extra are further lines of the route53sim block, plugins of its server
	// block, blocks further server blocks.
	extra, plugins, blocks []string
}

// newDNS returns a node that is not started. Its data and its zones (loaded
// from zones/*) are in a folder of its own.
func newDNS(t testing.TB, name string, join ...string) *dnsNode {
	t.Helper()
	return &dnsNode{
		t: t, name: name, dir: t.TempDir(), join: join,
		addr: freePort(t), gossip: freePort(t), readyAddr: freePort(t), metrics: freePort(t),
	}
}

func (n *dnsNode) corefile() string {
	join := ""
	if len(n.join) > 0 {
		join = "join " + strings.Join(n.join, " ")
	}
	if n.keys != "" {
		join += "\n            key_file " + n.keys
	}
	host, _, _ := net.SplitHostPort(n.addr)
	return fmt.Sprintf(`.:%s {
    bind %s
    errors
    ready %s
    prometheus %s
    %s
    route53sim {
        data %s
        node %s
        gossip %s {
            %s
        }
        load %s/zones/*.json
        load %s/zones/*.zone
        %s
    }
}
`, port(n.addr), host, n.readyAddr, n.metrics, strings.Join(n.plugins, "\n    "), filepath.Join(n.dir, "data"), n.name, n.gossip, join, n.dir, n.dir, strings.Join(n.extra, "\n        ")) + strings.Join(n.blocks, "\n")
}

// start starts the process, anew if need be, without waiting for it.
func (n *dnsNode) start() {
	n.t.Helper()
	if err := os.MkdirAll(filepath.Join(n.dir, "zones"), 0o755); err != nil {
		n.t.Fatal(err)
	}
	path := filepath.Join(n.dir, "Corefile")
	writeFile(n.t, path, n.corefile())
	n.process = run(n.t, n.name, n.dir, binary(n.t, "coredns"), "-conf", path)
}

// ready waits until the node serves. It listens once its plugins have started:
// before, plugin ready answers for a moment without knowing of any.
func (n *dnsNode) ready() {
	n.t.Helper()
	eventually(n.t, func() string {
		if n.ended() {
			n.t.Fatalf("%s has ended:\n%s", n.name, n.output())
		}
		c, err := net.DialTimeout("tcp", n.addr, deadline)
		if err != nil {
			return fmt.Sprintf("%s does not listen: %v", n.name, err)
		}
		_ = c.Close()
		status, body, err := get("http://" + n.readyAddr + "/ready")
		if err != nil || status != 200 {
			return fmt.Sprintf("%s is not ready: %d %s %v", n.name, status, body, err)
		}
		return ""
	})
}

// kill ends the process at once.
func (n *dnsNode) kill() { n.stop(syscall.SIGKILL) }

// ask sends one query.
func (n *dnsNode) ask(name string, qtype uint16) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	c := dns.Client{Timeout: deadline / 8}
	r, _, err := c.Exchange(m, n.addr)
	return r, err
}

// answers returns the sorted data of the answer section, or an error's text.
func (n *dnsNode) answers(name string, qtype uint16) string {
	r, err := n.ask(name, qtype)
	if err != nil {
		return err.Error()
	}
	if r.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[r.Rcode]
	}
	var out []string
	for _, rr := range r.Answer {
		out = append(out, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// wants waits until a name is answered as wanted.
func (n *dnsNode) wants(name string, qtype uint16, want string) {
	n.t.Helper()
	eventually(n.t, func() string {
		if got := n.answers(name, qtype); got != want {
			return fmt.Sprintf("%s answers %s %s with %q, want %q", n.name, name, dns.TypeToString[qtype], got, want)
		}
		return ""
	})
}

// metric returns the line of a metric's sample, without its name.
func (n *dnsNode) metric(name string) string {
	_, body, _ := get("http://" + n.metrics + "/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// zone returns a master file for a zone with one A record, for zones/*.zone.
func zoneText(origin, host, address string) string {
	return fmt.Sprintf(`$ORIGIN %s
$TTL 60
@ 900 IN SOA ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400
@ 172800 IN NS ns-1.awsdns-00.com.
%s IN A %s
`, origin, host, address)
}

// edgeNode is a Caddy process and where it is reached.
type edgeNode struct {
	*process
	t                          testing.TB
	name, dir                  string
	http, https, gossip, admin string
	publish                    string
	join                       []string
	distributions              []string
}

func newEdge(t testing.TB, name, publish string, distributions []string, join ...string) *edgeNode {
	t.Helper()
	return &edgeNode{
		t: t, name: name, dir: t.TempDir(), publish: publish, distributions: distributions, join: join,
		http: freePort(t), https: freePort(t), gossip: freePort(t), admin: freePort(t),
	}
}

func (n *edgeNode) caddyfile() string {
	var b strings.Builder
	for _, d := range n.distributions {
		fmt.Fprintf(&b, "			distribution %s {\n			}\n", d)
	}
	return fmt.Sprintf(`{
	http_port %s
	https_port %s
	default_bind 127.0.0.1
	admin %s
	skip_install_trust
	storage file_system %s/caddy
	edgeguard {
		data %s/data
		node %s
		gossip %s {
			join %s
		}
		publish %s
		account 111111111111 {
%s		}
	}
}
http://example.com {
	respond "hello from %s"
}
`, port(n.http), port(n.https), n.admin, n.dir, n.dir, n.name, n.gossip, strings.Join(n.join, " "), n.publish, b.String(), n.name)
}

func (n *edgeNode) start() {
	n.t.Helper()
	path := filepath.Join(n.dir, "Caddyfile")
	writeFile(n.t, path, n.caddyfile())
	n.process = run(n.t, n.name, n.dir, binary(n.t, "caddy"), "run", "--config", path)
}

// reload has the running server take what the fields say now.
func (n *edgeNode) reload() {
	n.t.Helper()
	path := filepath.Join(n.dir, "Caddyfile")
	writeFile(n.t, path, n.caddyfile())
	p := run(n.t, n.name+" reload", n.dir, binary(n.t, "caddy"), "reload", "--config", path, "--address", n.admin)
	<-p.done
	if !p.cmd.ProcessState.Success() {
		n.t.Fatalf("reload of %s failed:\n%s", n.name, p.output())
	}
}

func (n *edgeNode) kill() { n.stop(syscall.SIGKILL) }
