package integration

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/journal"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

// keyLine returns a key of a key file, made of one byte.
func keyLine(fill byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)) + "\n"
}

// sharing is a cluster whose edges share their certificates: two name servers,
// two edges, and an ACME server that asks the second name server.
type sharing struct {
	dns         []*dnsNode
	edges       []*sharingEdge
	gossip      string // key file
	seal        string // key file
	issued      *lockedBuffer
	finalize    atomic.Pointer[chan struct{}] // if set, certificates are issued once it is closed
	finalizing  atomic.Int32                  // how many wait for that
	directory   string
	authority   string
	certificate []string // names
}

// sharingEdge is a Caddy process that stores in the state.
type sharingEdge struct {
	*edgeNode
	c *sharing
}

func (e *sharingEdge) start() {
	e.t.Helper()
	var sites strings.Builder
	for _, name := range e.c.certificate {
		fmt.Fprintf(&sites, "https://%s {\n\ttls {\n\t\tdns route53sim\n\t\tresolvers %s\n\t}\n\trespond \"hello from %s\"\n}\n", name, e.c.dns[0].addr, e.name)
	}
	path := filepath.Join(e.dir, "Caddyfile")
	writeFile(e.t, path, fmt.Sprintf(`{
	debug
	http_port %s
	https_port %s
	default_bind 127.0.0.1
	admin %s
	skip_install_trust
	storage edgeguard
	acme_ca %s
	acme_ca_root %s
	edgeguard {
		data %s/data
		node %s
		gossip %s {
			join %s
			key_file %s
		}
		seal_key_file %s
	}
}
%s`, port(e.http), port(e.https), e.admin, e.c.directory, e.c.authority, e.dir, e.name, e.gossip, strings.Join(e.join, " "), e.c.gossip, e.c.seal, sites.String()))
	e.process = run(e.t, e.name, e.dir, binary(e.t, "caddy"), "run", "--config", path)
}

// leaf returns the certificate that the edge serves for a name.
func (e *sharingEdge) leaf(name string) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", e.https, &tls.Config{ServerName: name, InsecureSkipVerify: true}) // its serial number is what is looked at
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// newSharing returns a cluster with its name servers running, which hold the
// zone example.net, and its edges not.
func newSharing(t *testing.T, names int) *sharing {
	t.Helper()
	dir := t.TempDir()
	c := &sharing{gossip: filepath.Join(dir, "gossip.keys"), seal: filepath.Join(dir, "seal.keys")}
	writeFile(t, c.gossip, keyLine(1))
	writeFile(t, c.seal, keyLine(2))
	var join []string
	for i := range 2 {
		n := newDNS(t, fmt.Sprint("dns-", i), join...)
		n.keys = c.gossip
		if i == 0 {
			writeFile(t, filepath.Join(n.dir, "zones", "example.net.zone"), zoneText("example.net.", "www", "192.0.2.1"))
		}
		n.start()
		n.ready()
		join = append(join, n.gossip)
		c.dns = append(c.dns, n)
	}
	c.dns[1].wants("www.example.net.", 1, "192.0.2.1")
	for i := range names {
		c.certificate = append(c.certificate, fmt.Sprintf("c%d.example.net", i))
	}
	ca := &pebbleServer{resolver: c.dns[1].addr, before: c.gate}
	ca.start(t)
	c.directory, c.authority, c.issued = ca.directory, ca.authority, &ca.said
	for i := range 2 {
		c.edges = append(c.edges, &sharingEdge{newEdge(t, fmt.Sprint("edge-", i), "", nil, join...), c})
	}
	return c
}

// gate holds requests for certificates up for as long as a test likes.
func (c *sharing) gate(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gate := c.finalize.Load(); gate != nil && strings.Contains(r.URL.Path, "/finalize-order/") {
			c.finalizing.Add(1)
			select {
			case <-*gate:
			case <-r.Context().Done():
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// hold has requests for certificates held up until the function that it returns
// is called, or the test ends.
func (c *sharing) hold(t *testing.T) (open func()) {
	gate := make(chan struct{})
	c.finalize.Store(&gate)
	open = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(open)
	return open
}

// count returns how many certificates were issued.
func (c *sharing) count() int { return strings.Count(c.issued.String(), "Issued certificate serial") }

// same waits until both edges serve one certificate for a name.
func (c *sharing) same(t *testing.T, name string) {
	t.Helper()
	eventually(t, func() string {
		var serials []string
		for _, e := range c.edges {
			if e.ended() {
				t.Fatalf("%s has ended:\n%s", e.name, e.output())
			}
			name := strings.Replace(name, "*", "any", 1)
			leaf, err := e.leaf(name)
			if err != nil {
				return fmt.Sprintf("%s has no certificate for %s: %v", e.name, name, err)
			}
			if err := leaf.VerifyHostname(name); err != nil {
				return err.Error()
			}
			serials = append(serials, leaf.SerialNumber.String())
		}
		if serials[0] != serials[1] {
			return fmt.Sprintf("the edges serve %s with the certificates %v, want one", name, serials)
		}
		return ""
	})
}

// TestEdgesShareCertificates: ten certificates asked for on two edges at once
// are obtained ten times, proved by the name servers of the cluster, and served
// by both. No key can be read in any data file, packet or log.
func TestEdgesShareCertificates(t *testing.T) {
	c := newSharing(t, 8)
	// Both are proved under one name, at the same time.
	c.certificate = append(c.certificate, "wild.example.net", "*.wild.example.net")
	packets := capture(t, c)
	for _, e := range c.edges {
		e.start()
	}
	for _, name := range c.certificate {
		c.same(t, name)
	}
	if n := c.count(); n != len(c.certificate) {
		t.Errorf("%d certificates were issued, want %d", n, len(c.certificate))
	}
	for _, n := range c.dns {
		eventually(t, func() string {
			if got := n.answers("_acme-challenge.c0.example.net.", 16); got != "NXDOMAIN" {
				return fmt.Sprintf("%s still answers the challenge: %s", n.name, got)
			}
			return ""
		})
	}
	// A restart obtains nothing anew.
	c.edges[0].stop(syscall.SIGTERM)
	c.edges[0].start()
	c.same(t, c.certificate[0])
	if n := c.count(); n != len(c.certificate) {
		t.Errorf("after a restart %d certificates were issued, want %d", n, len(c.certificate))
	}
	for _, e := range c.edges {
		e.stop(syscall.SIGTERM)
	}
	for _, n := range c.dns {
		n.stop(syscall.SIGTERM)
	}
	c.wantNoKeys(t, packets())
}

// capture records the gossip of the cluster; what it returns ends that and
// returns the file.
func capture(t *testing.T, c *sharing) func() string {
	t.Helper()
	path := client(t, "tshark", "tshark")
	var ports []string
	for _, n := range c.dns {
		ports = append(ports, "port "+port(n.gossip))
	}
	for _, e := range c.edges {
		ports = append(ports, "port "+port(e.gossip))
	}
	file := filepath.Join(t.TempDir(), "gossip.pcap")
	writeFile(t, file, "")
	if err := os.Chmod(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	p := run(t, "tshark", t.TempDir(), path, "-q", "-i", "lo", "-F", "pcap", "-w", file, "-f", strings.Join(ports, " or "))
	eventually(t, func() string {
		if p.ended() { // it needs privileges
			t.Logf("packets are not looked at, tshark cannot capture: %s", p.output())
			return ""
		}
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			return fmt.Sprintf("tshark has captured nothing yet: %v\n%s", err, p.output())
		}
		return ""
	})
	return func() string {
		if p.ended() {
			return ""
		}
		p.stop(syscall.SIGINT)
		return file
	}
}

// privateKeys returns the DER of the private keys that an edge's data file has
// sealed, by path.
func (c *sharing) privateKeys(t *testing.T) map[string][]byte {
	t.Helper()
	ring, err := seal.ReadKeyFile(c.seal)
	if err != nil {
		t.Fatal(err)
	}
	store, err := journal.Open(filepath.Join(c.edges[0].dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	keys := make(map[string][]byte)
	if err := state.ReadStore(store, time.Now(), func(rd *state.Reader) error {
		rd.Range(model.TableStoredFiles, "", "", func(v model.Value, _ state.Version) bool {
			f := v.(*model.StoredFile)
			if !strings.HasSuffix(f.Path, ".key") {
				return true
			}
			plain, err := ring.Open(model.TableStoredFiles, f.Path, f.Sealed)
			if err != nil {
				t.Errorf("opening %s: %v", f.Path, err)
				return false
			}
			if block, _ := pem.Decode(plain[bytes.Index(plain, []byte("-----")):]); block != nil {
				keys[f.Path] = block.Bytes
			}
			return true
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// wantNoKeys looks for the private keys in everything that the processes have
// written, and in what they have sent.
func (c *sharing) wantNoKeys(t *testing.T, packets string) {
	t.Helper()
	keys := c.privateKeys(t)
	if len(keys) <= len(c.certificate) { // the ACME account's as well
		t.Fatalf("there are %d keys, want more than %d", len(keys), len(c.certificate))
	}
	for path, der := range keys { // it would be found
		if text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}); !bytes.Contains(text, forms(der)["in base64"]) {
			t.Errorf("%s would not be found in PEM", path)
		}
	}
	places := map[string][]byte{}
	read := func(path string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		places[path] = data
	}
	if packets != "" {
		read(packets)
	}
	for _, n := range c.dns {
		read(filepath.Join(n.dir, "data", journal.FileName))
		places[n.name+"'s log"] = []byte(n.output())
	}
	for _, e := range c.edges {
		read(filepath.Join(e.dir, "data", journal.FileName))
		places[e.name+"'s log"] = []byte(e.output())
	}
	if !bytes.Contains(places[filepath.Join(c.dns[0].dir, "data", journal.FileName)], []byte("c0.example.net.key")) {
		t.Error("the name server does not hold the files: is anything looked at?")
	}
	for place, data := range places {
		if len(data) < 500 {
			t.Errorf("%s has %d bytes only", place, len(data))
		}
		if bytes.Contains(data, []byte("PRIVATE KEY")) {
			t.Errorf("%s has a private key in PEM", place)
		}
		for path, der := range keys {
			for form, secret := range forms(der) {
				if bytes.Contains(data, secret) {
					t.Errorf("%s shows %s %s", place, path, form)
				}
			}
		}
	}
}

// forms returns what a private key may look like.
func forms(der []byte) map[string][]byte {
	found := map[string][]byte{
		"in DER":    der,
		"in base64": []byte(base64.StdEncoding.EncodeToString(der)[:64]),
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		scalar, _ := key.Bytes()
		found["as raw bytes"] = scalar
		found["in hexadecimal"] = []byte(hex.EncodeToString(scalar))
		found["in base64url"] = []byte(base64.RawURLEncoding.EncodeToString(scalar))
	}
	return found
}

// TestKilledOwnerOfALock: where the edge that asks for a certificate is killed
// in the midst of it, the other asks, once.
func TestKilledOwnerOfALock(t *testing.T) {
	c := newSharing(t, 1)
	open := c.hold(t)
	c.edges[0].start()
	eventually(t, func() string {
		if c.finalizing.Load() == 0 {
			return "the first edge does not ask for a certificate"
		}
		return ""
	})
	c.edges[1].start()
	eventually(t, func() string {
		if !strings.Contains(c.edges[1].output(), "acquiring lock") {
			return "the second edge does not ask for the lock"
		}
		return ""
	})
	if n := c.finalizing.Load(); n != 1 {
		t.Errorf("%d ask for the certificate at once, want 1", n)
	}
	c.edges[0].kill()
	c.finalize.Store(nil) // what the dead one asked for stays held up
	killed := time.Now()
	eventually(t, func() string {
		if _, err := c.edges[1].leaf(c.certificate[0]); err != nil {
			return err.Error()
		}
		return ""
	})
	t.Logf("the other edge has the certificate %v after the kill", time.Since(killed).Round(100*time.Millisecond))
	c.edges[0].start()
	c.same(t, c.certificate[0])
	if n := c.count(); n != 1 {
		t.Errorf("%d certificates were issued, want 1", n)
	}
	open()
}

// TestStoppedOwnerOfALock: an edge that is cut off while it has the lock is
// given up by the other, and both ask: twice is the worst. Once it is back both
// serve one certificate.
func TestStoppedOwnerOfALock(t *testing.T) {
	c := newSharing(t, 1)
	open := c.hold(t)
	c.edges[0].start()
	eventually(t, func() string {
		if c.finalizing.Load() == 0 {
			return "the first edge does not ask for a certificate"
		}
		return ""
	})
	if err := c.edges[0].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	c.finalize.Store(nil)
	c.edges[1].start()
	eventually(t, func() string {
		if _, err := c.edges[1].leaf(c.certificate[0]); err != nil {
			return err.Error()
		}
		return ""
	})
	if err := c.edges[0].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	open()
	var once sync.Once
	eventually(t, func() string {
		if _, err := c.edges[0].leaf(c.certificate[0]); err != nil {
			return err.Error()
		}
		once.Do(func() { t.Logf("%d certificates were issued", c.count()) })
		return ""
	})
	if n := c.count(); n > 2 {
		t.Errorf("%d certificates were issued, want 2 at most", n)
	}
	// What is stored is one key with its certificate, which every edge loads.
	for _, e := range c.edges {
		e.stop(syscall.SIGTERM)
		e.start()
	}
	c.same(t, c.certificate[0])
	if n := c.count(); n > 2 {
		t.Errorf("after a restart %d certificates were issued, want 2 at most", n)
	}
}
