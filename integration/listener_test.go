package integration

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listenerEdge is an edge that serves a load balancer, and the AWS endpoint.
type listenerEdge struct {
	*edgeNode
	api string
}

func startListenerEdge(t *testing.T) *listenerEdge {
	t.Helper()
	n := &listenerEdge{edgeNode: newEdge(t, "edge", "127.0.0.1", nil), api: freePort(t)}
	credentials := filepath.Join(n.dir, "credentials")
	writeFile(t, credentials, "111111111111 "+apiKey+" "+apiSecret+"\n")
	path := filepath.Join(n.dir, "Caddyfile")
	writeFile(t, path, fmt.Sprintf(`{
	http_port %s
	https_port %s
	default_bind 127.0.0.1
	admin %s
	skip_install_trust
	auto_https disable_certs
	storage file_system %s/caddy
	edgeguard {
		data %s/data
		node edge
		seal_key_file %s
		publish 127.0.0.1
		account 111111111111 {
			load_balancer web-1.us-east-1.elb.amazonaws.com {
				alias app.example.org
			}
		}
	}
}
https://app.example.org {
	respond "hello"
}
http://:%s {
	aws_api {
		credentials %s
	}
}
`, port(n.http), port(n.https), n.admin, n.dir, n.dir, sealKeys(t), port(n.api), credentials))
	n.process = run(t, n.name, n.dir, binary(t, "caddy"), "run", "--config", path)
	eventually(t, func() string {
		status, body, err := get("http://" + n.api + "/_health")
		if err != nil || status != 200 {
			return fmt.Sprintf("the endpoint of the edge answers %d %s %v", status, body, err)
		}
		return ""
	})
	return n
}

// cli runs the AWS CLI against the edge.
func (n *listenerEdge) cli(args ...string) string {
	n.t.Helper()
	out, err := awsCLI(n.t, "http://"+n.api, args...)
	if err != nil {
		n.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// importCertificate imports a self-signed certificate for app.example.org and
// returns its ARN.
func (n *listenerEdge) importCertificate(serial int64, kind string) string {
	n.t.Helper()
	dir := n.t.TempDir()
	both, err := os.ReadFile(writeCertificate(n.t, dir, serial, newSigner(n.t, kind), "app.example.org"))
	if err != nil {
		n.t.Fatal(err)
	}
	files := make(map[string]string)
	for block, rest := pem.Decode(both); block != nil; block, rest = pem.Decode(rest) {
		files[block.Type] = filepath.Join(dir, strings.ReplaceAll(block.Type, " ", ""))
		writeFile(n.t, files[block.Type], string(pem.EncodeToMemory(block)))
	}
	return n.cli("acm", "import-certificate", "--certificate", "fileb://"+files["CERTIFICATE"], "--private-key", "fileb://"+files["PRIVATE KEY"], "--query", "CertificateArn")
}

// serial returns the serial number of what the edge shows to a client.
func (n *listenerEdge) serial(c *tls.Config) string {
	c.InsecureSkipVerify = true
	conn, err := tls.Dial("tcp", n.https, c)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// wants waits until the edge shows what it should to a client of today, and to
// one that knows RSA only.
func (n *listenerEdge) wants(modern, old string) {
	n.t.Helper()
	rsaOnly := func() *tls.Config {
		return &tls.Config{ServerName: "app.example.org", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	}
	eventually(n.t, func() string {
		m, o := n.serial(&tls.Config{ServerName: "app.example.org"}), n.serial(rsaOnly())
		if m != modern || o != old {
			return fmt.Sprintf("the edge shows %q, and %q to an old client, want %q and %q", m, o, modern, old)
		}
		return ""
	})
}

// TestListenerCertificates changes a listener's certificates with the AWS CLI:
// the edge shows them at once, without a reload, and a connection that was
// there stays (aws-behaviour 8.1 to 8.3).
func TestListenerCertificates(t *testing.T) {
	client(t, "aws", "awscli")
	n := startListenerEdge(t)
	arn := n.cli("elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn")
	listener := n.cli("elbv2", "describe-listeners", "--load-balancer-arn", arn, "--query", "Listeners[].ListenerArn")
	old, modern := n.importCertificate(1, "rsa2048"), n.importCertificate(2, "p256")
	n.cli("elbv2", "modify-listener", "--listener-arn", listener, "--certificates", "CertificateArn="+old)
	n.wants("1", "1")

	kept, err := tls.Dial("tcp", n.https, &tls.Config{ServerName: "app.example.org", InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	answers := bufio.NewReader(kept)
	ask := func() {
		t.Helper()
		if _, err := kept.Write([]byte("GET / HTTP/1.1\r\nHost: app.example.org\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); string(body) != "hello" {
			t.Fatalf("the kept connection answers %d %q %v", resp.StatusCode, body, err)
		}
	}
	ask()
	n.cli("elbv2", "add-listener-certificates", "--listener-arn", listener, "--certificates", "CertificateArn="+old, "CertificateArn="+modern)
	n.wants("2", "1")
	ask()
	n.cli("elbv2", "modify-listener", "--listener-arn", listener, "--certificates", "CertificateArn="+modern)
	n.cli("elbv2", "remove-listener-certificates", "--listener-arn", listener, "--certificates", "CertificateArn="+modern)
	n.wants("1", "1") // the default one is no match (8.6)
	shown := n.cli("elbv2", "describe-listener-certificates", "--listener-arn", listener, "--query", "Certificates[].[CertificateArn,IsDefault]")
	if want := modern + "\tTrue\n" + old + "\tFalse"; shown != want {
		t.Errorf("describe-listener-certificates prints\n%s\nwant\n%s", shown, want)
	}
	if out, err := awsCLI(t, "http://"+n.api, "acm", "delete-certificate", "--certificate-arn", old); err == nil || !strings.Contains(out, "ResourceInUseException") {
		t.Errorf("delete-certificate of a listener's certificate prints %q, want ResourceInUseException", out)
	}
	ask()
}
