package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

const distribution = "d111111abcdef8.cloudfront.net"

// aliasZone is an export with an alias at the apex to the distribution.
const aliasZone = `{
  "HostedZone": {"Id": "/hostedzone/ZALIAS00000000001", "Name": "example.org.", "CallerReference": "alias"},
  "ResourceRecordSets": [
    {"Name": "example.org.", "Type": "A", "AliasTarget":
      {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d111111abcdef8.cloudfront.net.", "EvaluateTargetHealth": false}}
  ]
}
`

// TestCluster forms one cluster of three DNS and two edge nodes and takes it
// through commits on every node, kills, restarts and a lost disk.
func TestCluster(t *testing.T) {
	a := newDNS(t, "a")
	b := newDNS(t, "b", a.gossip)
	c := newDNS(t, "c", a.gossip)
	nodes := []*dnsNode{a, b, c}
	e1 := newEdge(t, "e1", "192.0.2.1", []string{distribution}, a.gossip)
	e2 := newEdge(t, "e2", "192.0.2.2", []string{distribution}, a.gossip)
	writeFile(t, filepath.Join(a.dir, "zones", "alias.json"), aliasZone)
	for _, n := range nodes {
		n.start()
	}
	e1.start()
	e2.start()
	for _, n := range nodes {
		n.ready()
	}

	t.Run("all find each other", func(t *testing.T) {
		for _, n := range nodes {
			eventually(t, func() string {
				if got := n.metric("coredns_route53sim_members"); got != "5" {
					return fmt.Sprintf("%s sees %q members, want 5", n.name, got)
				}
				return ""
			})
		}
	})
	t.Run("a commit on any node is on all", func(t *testing.T) {
		for i, n := range nodes {
			origin := fmt.Sprintf("from-%s.example.net.", n.name)
			writeFile(t, filepath.Join(n.dir, "zones", n.name+".zone"), zoneText(origin, "www", fmt.Sprintf("192.0.2.%d", 10+i)))
			for _, m := range nodes {
				m.wants("www."+origin, dns.TypeA, fmt.Sprintf("192.0.2.%d", 10+i))
			}
		}
	})
	t.Run("the alias leads to both edges", func(t *testing.T) {
		for _, n := range nodes {
			n.wants("example.org.", dns.TypeA, "192.0.2.1 192.0.2.2")
		}
	})
	t.Run("a killed edge is no longer answered", func(t *testing.T) {
		e1.kill()
		for _, n := range nodes {
			n.wants("example.org.", dns.TypeA, "192.0.2.2")
		}
	})
	t.Run("an edge that comes back is answered", func(t *testing.T) {
		e1.start()
		for _, n := range nodes {
			n.wants("example.org.", dns.TypeA, "192.0.2.1 192.0.2.2")
		}
	})
	t.Run("a reload that removes the distribution removes the address", func(t *testing.T) {
		e1.distributions = nil
		e1.reload()
		for _, n := range nodes {
			n.wants("example.org.", dns.TypeA, "192.0.2.2")
		}
		e1.distributions = []string{distribution}
		e1.reload()
		a.wants("example.org.", dns.TypeA, "192.0.2.1 192.0.2.2")
	})
	t.Run("a killed node has everything after its restart", func(t *testing.T) {
		b.kill()
		writeFile(t, filepath.Join(c.dir, "zones", "late.zone"), zoneText("late.example.net.", "www", "192.0.2.77"))
		c.wants("www.late.example.net.", dns.TypeA, "192.0.2.77")
		b.start()
		b.ready()
		for _, want := range []struct{ name, address string }{
			{"www.from-b.example.net.", "192.0.2.11"},
			{"www.from-c.example.net.", "192.0.2.12"},
			{"www.late.example.net.", "192.0.2.77"},
		} {
			// It serves, so it is complete: no waiting here.
			if got := b.answers(want.name, dns.TypeA); got != want.address {
				t.Errorf("%s A = %q after a restart, want %q", want.name, got, want.address)
			}
		}
	})
	t.Run("a node with an empty disk catches up before it serves", func(t *testing.T) {
		c.kill()
		if err := os.RemoveAll(filepath.Join(c.dir, "data")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(c.dir, "zones")); err != nil {
			t.Fatal(err)
		}
		c.start()
		c.ready()
		if got := c.answers("www.from-a.example.net.", dns.TypeA); got != "192.0.2.10" {
			t.Errorf("www.from-a.example.net. A = %q on a new disk, want 192.0.2.10", got)
		}
		c.wants("example.org.", dns.TypeA, "192.0.2.1 192.0.2.2")
	})
	t.Run("a stopped edge is gone at once", func(t *testing.T) {
		e2.stop(syscall.SIGTERM)
		for _, n := range nodes {
			n.wants("example.org.", dns.TypeA, "192.0.2.1")
		}
	})
}

// faultyZone is an export with five faults.
const faultyZone = `{
  "HostedZone": {"Id": "/hostedzone/ZFAULTY0000000001", "Name": "faulty.example.", "CallerReference": "faulty"},
  "ResourceRecordSets": [
    {"Name": "a.faulty.example.", "Type": "AX", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "b.faulty.example.", "Type": "A", "TTL": -60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "c.faulty.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "c.faulty.example.", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "d.faulty.example."}]},
    {"Name": "www.elsewhere.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "e.faulty.example.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": "no quotes"}]}
  ]
}
`

// TestFaultyExportIsRefusedWhole replaces a good export by one with five
// faults: all are reported, and the zone served before stays served.
func TestFaultyExportIsRefusedWhole(t *testing.T) {
	n := newDNS(t, "a")
	path := filepath.Join(n.dir, "zones", "faulty.json")
	good := strings.Replace(aliasZone, "example.org", "faulty.example", -1)
	good = strings.Replace(good, "ZALIAS00000000001", "ZFAULTY0000000001", 1)
	good = strings.Replace(good, `"ResourceRecordSets": [`, `"ResourceRecordSets": [
    {"Name": "www.faulty.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]},`, 1)
	writeFile(t, path, good)
	n.start()
	n.ready()
	n.wants("www.faulty.example.", dns.TypeA, "192.0.2.9")

	writeFile(t, path, faultyZone)
	reasons := []string{
		`AX`,
		`-60`,
		`RRSet of type CNAME with DNS name c.faulty.example. is not permitted as it conflicts with other records`,
		`RRSet with DNS name www.elsewhere.example. is not permitted in zone faulty.example.`,
		`InvalidCharacterString (Value should be enclosed in quotation marks)`,
	}
	for _, reason := range reasons {
		eventually(t, func() string {
			for line := range strings.Lines(n.output()) {
				if strings.Contains(line, "faulty.json:") && strings.Contains(line, reason) {
					return ""
				}
			}
			return fmt.Sprintf("no line of the log names the file, a position and %q", reason)
		})
	}
	for _, name := range []string{"c.faulty.example.", "b.faulty.example."} {
		if got := n.answers(name, dns.TypeA); got != "NXDOMAIN" {
			t.Errorf("%s A = %q after a refused export, want NXDOMAIN", name, got)
		}
	}
	n.wants("www.faulty.example.", dns.TypeA, "192.0.2.9")

	writeFile(t, path, strings.Replace(good, "192.0.2.9", "192.0.2.10", 1))
	n.wants("www.faulty.example.", dns.TypeA, "192.0.2.10")
}

// TestReloadKeepsAnswering sends SIGUSR1 with a good and a bad Corefile.
func TestReloadKeepsAnswering(t *testing.T) {
	n := newDNS(t, "a")
	writeFile(t, filepath.Join(n.dir, "zones", "z.zone"), zoneText("reload.example.", "www", "192.0.2.5"))
	n.start()
	n.ready()
	n.wants("www.reload.example.", dns.TypeA, "192.0.2.5")
	said := func(want string) {
		t.Helper()
		eventually(t, func() string {
			if !strings.Contains(n.output(), want) {
				return fmt.Sprintf("the log does not say %q", want)
			}
			return ""
		})
	}
	_ = n.cmd.Process.Signal(syscall.SIGUSR1)
	said("Reloading complete")
	n.wants("www.reload.example.", dns.TypeA, "192.0.2.5")

	other := *n
	other.name = "renamed"
	writeFile(t, filepath.Join(n.dir, "Corefile"), other.corefile())
	_ = n.cmd.Process.Signal(syscall.SIGUSR1)
	said("node")
	eventually(t, func() string {
		for line := range strings.Lines(n.output()) {
			if strings.Contains(line, "ERROR") && strings.Contains(line, "node") {
				return ""
			}
		}
		return "a changed node name is not refused by an error that names it"
	})
	n.wants("www.reload.example.", dns.TypeA, "192.0.2.5")
	writeFile(t, filepath.Join(n.dir, "zones", "z.zone"), zoneText("reload.example.", "www", "192.0.2.6"))
	n.wants("www.reload.example.", dns.TypeA, "192.0.2.6")
}
