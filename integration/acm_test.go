package integration

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// acmEdge is an edge that issues certificates, and a site that has none but
// those.
type acmEdge struct {
	*edgeNode
	keys string   // sealing keys
	acm  []string // lines of the block `acm`
	more []string // of the option `edgeguard`
	site []string // lines of the site's block
}

// sealKeys returns a file with a new sealing key.
func sealKeys(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seal.keys")
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i * 7)
	}
	writeFile(t, path, base64.StdEncoding.EncodeToString(key)+"\n")
	return path
}

func newACMEdge(t testing.TB, name, keys string, acm []string, join ...string) *acmEdge {
	t.Helper()
	return &acmEdge{edgeNode: newEdge(t, name, "127.0.0.1", nil, join...), keys: keys, acm: acm}
}

// write writes the Caddyfile and returns its path.
func (n *acmEdge) write() string {
	n.t.Helper()
	path := filepath.Join(n.dir, "Caddyfile")
	writeFile(n.t, path, fmt.Sprintf(`{
	http_port %s
	https_port %s
	default_bind 127.0.0.1
	admin %s
	skip_install_trust
	auto_https disable_certs
	storage file_system %s/caddy
	edgeguard {
		data %s/data
		node %s
		gossip %s {
			join %s
		}
		seal_key_file %s
		acm {
			%s
		}
		%s
	}
}
https://www.example.org, https://*.example.org {
	%s
	respond "hello from %s"
}
`, port(n.http), port(n.https), n.admin, n.dir, n.dir, n.name, n.gossip, strings.Join(n.join, " "), n.keys,
		strings.Join(n.acm, "\n\t\t\t"), strings.Join(n.more, "\n\t\t"), strings.Join(n.site, "\n\t"), n.name))
	return path
}

func (n *acmEdge) start() {
	n.t.Helper()
	n.process = run(n.t, n.name, n.dir, binary(n.t, "caddy"), "run", "--config", n.write())
}

// reload has the running edge take what the fields say now.
func (n *acmEdge) reload() {
	n.t.Helper()
	p := run(n.t, n.name+" reload", n.dir, binary(n.t, "caddy"), "reload", "--config", n.write(), "--address", n.admin)
	<-p.done
	if !p.cmd.ProcessState.Success() {
		n.t.Fatalf("reload of %s failed:\n%s", n.name, p.output())
	}
}

// shows returns the certificate that OpenSSL is shown for a server name, or why
// there is none.
func (n *acmEdge) shows(serverName string) (*x509.Certificate, error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline/4)
	defer cancel()
	cmd := exec.CommandContext(ctx, client(n.t, "openssl", "openssl"), "s_client", "-connect", n.https, "-servername", serverName)
	out, err := cmd.CombinedOutput()
	block, _ := pem.Decode(out[max(0, strings.Index(string(out), "-----BEGIN CERTIFICATE-----")):])
	if block == nil {
		return nil, fmt.Errorf("s_client for %s at %s: %v: %.300q", serverName, n.name, err, out)
	}
	return x509.ParseCertificate(block.Bytes)
}

// wantShown waits until an edge shows the certificate with a serial number for
// a server name.
func (n *acmEdge) wantShown(serverName, serial string) {
	n.t.Helper()
	eventually(n.t, func() string {
		c, err := n.shows(serverName)
		if err != nil {
			return err.Error()
		}
		if got := fmt.Sprintf("%x", c.SerialNumber.Bytes()); got != serial {
			return fmt.Sprintf("%s shows %s (%v), want %s", n.name, got, c.DNSNames, serial)
		}
		return ""
	})
}

// awsCLI runs the AWS CLI against an endpoint as account 111111111111, until
// the time is out.
func awsCLI(t testing.TB, endpoint string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, client(t, "aws", "awscli"), append([]string{"--endpoint-url", endpoint, "--output", "text"}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+apiKey, "AWS_SECRET_ACCESS_KEY="+apiSecret, "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (n *apiNode) cli(args ...string) string {
	n.t.Helper()
	out, err := awsCLI(n.t, "http://"+n.api, args...)
	if err != nil {
		n.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// records returns the validation records of a certificate, as name and value.
func (n *apiNode) records(arn string) map[string]string {
	n.t.Helper()
	out := n.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query",
		"Certificate.DomainValidationOptions[].ResourceRecord.[Name,Type,Value]")
	found := make(map[string]string)
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 3 && f[1] == "CNAME" {
			found[f[0]] = f[2]
		}
	}
	return found
}

// prove writes validation records into a hosted zone by the Route 53 API.
func (n *apiNode) prove(zone string, records map[string]string) {
	n.t.Helper()
	n.changeRecords(zone, "UPSERT", records)
}

// TestACMWithAWSCLI walks through a certificate's life as its requester sees
// it: asked for, proven by a record that the Route 53 API takes, issued, shown
// by each of two edges (aws-behaviour 7.8, 11.3 scenario 5).
func TestACMWithAWSCLI(t *testing.T) {
	client(t, "aws", "awscli")
	node := newAPI(t, "dns")
	node.start()
	node.ready()
	keys := sealKeys(t)
	acm := []string{"ca internal", "resolver " + node.addr}
	edges := []*acmEdge{newACMEdge(t, "edge1", keys, acm, node.gossip), newACMEdge(t, "edge2", keys, acm, node.gossip)}
	for _, e := range edges {
		e.start()
	}
	zone := node.createZone("example.org")
	arn := node.cli("acm", "request-certificate", "--domain-name", "www.example.org", "--validation-method", "DNS",
		"--subject-alternative-names", "example.org", "*.example.org", "--key-algorithm", "EC_prime256v1", "--query", "CertificateArn")
	if !regexp.MustCompile(`^arn:aws:acm:us-east-1:111111111111:certificate/[0-9a-f-]{36}$`).MatchString(arn) {
		t.Fatalf("request-certificate prints %q", arn)
	}
	records := node.records(arn)
	if len(records) != 2 {
		t.Fatalf("records %q, want one for www.example.org, one for example.org and its wildcard", records)
	}
	if out, err := awsCLI(t, "http://"+node.api, "acm", "get-certificate", "--certificate-arn", arn); err == nil || !strings.Contains(out, "RequestInProgressException") {
		t.Errorf("get-certificate before the proof prints %q, want RequestInProgressException", out)
	}
	node.prove(zone, records)
	proven := time.Now()
	node.eventuallyIssued(arn)
	t.Logf("issued %v after the record was written", time.Since(proven).Round(10*time.Millisecond))
	node.cli("acm", "wait", "certificate-validated", "--certificate-arn", arn)
	serial := node.serial(arn)
	for _, e := range edges {
		for _, name := range []string{"www.example.org", "any.example.org"} {
			e.wantShown(name, serial)
		}
		c, err := e.shows("www.example.org")
		if err != nil || c.VerifyHostname("example.org") != nil || c.NotAfter.Sub(c.NotBefore) < 197*24*time.Hour {
			t.Errorf("%s shows %+v, %v", e.name, c, err)
		}
	}
	t.Run("one that is in use cannot be deleted", func(t *testing.T) {
		const balancer = "web-1.us-east-1.elb.amazonaws.com"
		edges[0].more = []string{"publish 127.0.0.1", "account 111111111111 {", "load_balancer " + balancer + " {", "default_certificate " + arn, "}", "}"}
		edges[0].reload()
		eventually(t, func() string {
			out := node.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate.[RenewalEligibility,InUseBy[0]]")
			if !strings.HasPrefix(out, "ELIGIBLE") || !strings.Contains(out, ":loadbalancer/app/web-1/") {
				return fmt.Sprintf("eligibility and user %q", out)
			}
			return ""
		})
		out, err := awsCLI(t, "http://"+node.api, "acm", "delete-certificate", "--certificate-arn", arn)
		if want := "Certificate " + arn + " in account 111111111111 is in use."; err == nil || !strings.Contains(out, "ResourceInUseException") || !strings.Contains(out, want) {
			t.Errorf("delete-certificate prints %q, want %q", out, want)
		}
		edges[0].more = nil
		edges[0].reload()
		eventually(t, func() string {
			if out := node.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate.InUseBy"); out != "" && out != "None" {
				return "still used by " + out
			}
			return ""
		})
		edges[0].wantShown("www.example.org", serial)
	})
	t.Run("a deleted certificate is no longer shown", func(t *testing.T) {
		node.cli("acm", "delete-certificate", "--certificate-arn", arn)
		for _, e := range edges {
			eventually(t, func() string {
				if c, err := e.shows("www.example.org"); err == nil {
					return fmt.Sprintf("%s still shows %v", e.name, c.DNSNames)
				}
				return ""
			})
		}
	})
	t.Run("no key is in plain anywhere", func(t *testing.T) { wantNoKeys(t, node, edges...) })
}

// eventuallyIssued waits until a certificate is issued.
func (n *apiNode) eventuallyIssued(arn string) {
	n.t.Helper()
	eventually(n.t, func() string {
		out := n.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate.[Status,FailureReason]")
		if !strings.HasPrefix(out, "ISSUED") {
			return out
		}
		return ""
	})
}

// serial returns the serial number of a certificate, without colons.
func (n *apiNode) serial(arn string) string {
	n.t.Helper()
	return strings.ReplaceAll(n.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate.Serial"), ":", "")
}

// wantNoKeys looks for private keys in the data files and logs of nodes.
func wantNoKeys(t *testing.T, node *apiNode, edges ...*acmEdge) {
	t.Helper()
	key := regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06.{0,10}\x04.{1,3}\x30.\x02\x01\x01\x04`)
	look := func(where string, data []byte) {
		if key.Match(data) {
			t.Errorf("%s holds a private key in plain", where)
		}
	}
	dirs := []string{filepath.Join(node.dir, "data")}
	look("the log of "+node.name, []byte(node.output()))
	for _, e := range edges {
		dirs = append(dirs, filepath.Join(e.dir, "data"))
		look("the log of "+e.name, []byte(e.output()))
	}
	files := 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			files++
			look(path, data)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if files < len(dirs) {
		t.Errorf("%d data files, want at least %d", files, len(dirs))
	}
}

// TestACMByPebble has an ACME CA issue: it finds its challenge where the
// persistent CNAME record leads, and the edge that asks is killed on the way:
// the other finishes.
func TestACMByPebble(t *testing.T) {
	client(t, "aws", "awscli")
	node := newAPI(t, "dns")
	node.start()
	node.ready()
	directory, root := pebble(t, node.addr)
	keys := sealKeys(t)
	acm := []string{"ca " + directory, "trusted_roots " + root, "resolver " + node.addr, "email ops@example.org"}
	edges := []*acmEdge{newACMEdge(t, "edge1", keys, acm, node.gossip), newACMEdge(t, "edge2", keys, acm, node.gossip)}
	for _, e := range edges {
		e.start()
	}
	zone := node.createZone("example.org")
	request := func(names ...string) string {
		args := []string{"acm", "request-certificate", "--domain-name", names[0], "--validation-method", "DNS", "--query", "CertificateArn"}
		if len(names) > 1 {
			args = append(append(args, "--subject-alternative-names"), names[1:]...)
		}
		return node.cli(args...)
	}
	arn := request("www.example.org", "*.example.org")
	var records map[string]string
	eventually(t, func() string { // until the edges have said who issues
		records = node.records(arn)
		if records["_acme-challenge.www.example.org."] == "" || records["_acme-challenge.example.org."] == "" {
			return fmt.Sprintf("records %q, want them at _acme-challenge", records)
		}
		return ""
	})
	node.prove(zone, records)
	node.eventuallyIssued(arn)
	serial := node.serial(arn)
	for _, e := range edges {
		e.wantShown("www.example.org", serial)
		e.wantShown("any.example.org", serial)
	}
	if issuer := node.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate.Issuer"); !strings.Contains(issuer, "Pebble") {
		t.Errorf("issuer %q, want Pebble", issuer)
	}
	t.Run("the owner is killed", func(t *testing.T) {
		arns := []string{request("a.example.org"), request("b.example.org"), request("c.example.org"), request("d.example.org")}
		for _, arn := range arns {
			node.prove(zone, node.records(arn))
		}
		edges[0].kill()
		for _, arn := range arns {
			node.eventuallyIssued(arn)
			name := node.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate.DomainName")
			edges[1].wantShown(name, node.serial(arn))
		}
	})
	t.Run("no key is in plain anywhere", func(t *testing.T) { wantNoKeys(t, node, edges...) })
}
