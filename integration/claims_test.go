package integration

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// claimsEdge is an edge with a distribution of account 111111111111, and the
// AWS endpoint.
type claimsEdge struct {
	*edgeNode
	api, keys string
	aliases   []string
}

// write writes the Caddyfile and returns its path.
func (n *claimsEdge) write() string {
	n.t.Helper()
	alias := ""
	if len(n.aliases) > 0 {
		alias = "alias " + strings.Join(n.aliases, " ")
	}
	path := filepath.Join(n.dir, "Caddyfile")
	writeFile(n.t, path, fmt.Sprintf(`{
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
		seal_key_file %s
		publish 127.0.0.1
		account 111111111111 {
			distribution d111111abcdef8.cloudfront.net {
				%s
			}
		}
	}
}
http://%s {
	aws_api
}
`, port(n.http), port(n.https), n.admin, n.dir, n.dir, n.name, n.gossip, strings.Join(n.join, " "), n.keys, alias, n.api))
	return path
}

func (n *claimsEdge) start() {
	n.process = run(n.t, n.name, n.dir, binary(n.t, "caddy"), "run", "--config", n.write())
}

// reload returns what `caddy reload` says, and whether it succeeded.
func (n *claimsEdge) reload() (string, bool) {
	n.t.Helper()
	p := run(n.t, n.name+" reload", n.dir, binary(n.t, "caddy"), "reload", "--config", n.write(), "--address", n.admin)
	<-p.done
	return p.output(), p.cmd.ProcessState.Success()
}

// cliAs runs the AWS CLI as an account at an endpoint that asks for no
// credentials.
func cliAs(t testing.TB, account, endpoint string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, client(t, "aws", "awscli"), append([]string{"--endpoint-url", "http://" + endpoint, "--output", "text"}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+account, "AWS_SECRET_ACCESS_KEY=x", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// selfSigned writes a certificate for a name and its key, and returns their
// paths.
func selfSigned(t testing.TB, name string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	return certificate, key
}

// distributionJSON writes a configuration for the CLI and returns its argument.
func distributionJSON(t testing.TB, reference, certificate string, aliases ...string) string {
	t.Helper()
	quoted := make([]string, len(aliases))
	for i, a := range aliases {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	path := filepath.Join(t.TempDir(), "distribution.json")
	writeFile(t, path, fmt.Sprintf(`{"CallerReference": %q, "Comment": "", "Enabled": true,
		"Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "origin.example.net", "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}}]},
		"DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"},
		"Aliases": {"Quantity": %d, "Items": [%s]},
		"ViewerCertificate": {"ACMCertificateArn": %q, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}}`,
		reference, len(aliases), strings.Join(quoted, ","), certificate))
	return "file://" + path
}

// TestOwnedHostNames takes a name from its account to another, by a name server,
// an edge and the AWS CLI (aws-behaviour 9.2, 9.6 rules 3 and 4): while DNS
// leads to the first, neither a reload nor the API gives it up.
func TestOwnedHostNames(t *testing.T) {
	const one, two = "111111111111", "222222222222"
	api := freePort(t)
	dns := newDNS(t, "dns")
	dns.extra = append(dns.extra, "api "+api)
	dns.start()
	dns.ready()
	edge := &claimsEdge{edgeNode: newEdge(t, "edge", "127.0.0.1", nil, dns.gossip), api: freePort(t), keys: sealKeys(t), aliases: []string{"www.example.net"}}
	edge.start()

	must := func(account string, args ...string) string {
		t.Helper()
		out, err := cliAs(t, account, api, args...)
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	refused := func(want, account string, args ...string) {
		t.Helper()
		if out, err := cliAs(t, account, api, args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("aws %s prints %q, %v, want %q", strings.Join(args, " "), out, err, want)
		}
	}
	point := func(to string) {
		t.Helper()
		must(one, "route53", "change-resource-record-sets", "--hosted-zone-id", zoneOf(t, api), "--change-batch",
			`{"Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"www.example.net","Type":"CNAME","TTL":1,"ResourceRecords":[{"Value":"`+to+`"}]}}]}`)
	}
	const aliases = "DistributionList.Items[].[DomainName,Aliases.Items[0]]"
	listed := func(account, want string) {
		t.Helper()
		eventually(t, func() string {
			out, err := cliAs(t, account, api, "cloudfront", "list-distributions", "--query", aliases)
			if err != nil || out != want {
				return fmt.Sprintf("list-distributions prints %q, %v, want %q", out, err, want)
			}
			return ""
		})
	}
	const declared = "d111111abcdef8.cloudfront.net\twww.example.net"
	listed(one, declared)
	must(one, "route53", "create-hosted-zone", "--name", "example.net", "--caller-reference", "claims")
	point("d111111abcdef8.cloudfront.net")

	// The other account has a certificate, and wants the name.
	certificate, key := selfSigned(t, "*.example.net")
	arn, err := cliAs(t, two, edge.api, "acm", "import-certificate", "--certificate", "fileb://"+certificate, "--private-key", "fileb://"+key, "--query", "CertificateArn")
	if err != nil {
		t.Fatalf("importing a certificate: %v\n%s", err, arn)
	}
	create := []string{"cloudfront", "create-distribution", "--query", "Distribution.[Id,DomainName]", "--distribution-config"}
	eventually(t, func() string { // the certificate travels
		out, err := cliAs(t, two, api, append(create, distributionJSON(t, "early", arn, "www.example.net"))...)
		if err == nil || !strings.Contains(out, "CNAMEAlreadyExists") {
			return fmt.Sprintf("create-distribution prints %q, %v, want CNAMEAlreadyExists", out, err)
		}
		return ""
	})
	id, name, _ := strings.Cut(must(two, append(create, distributionJSON(t, "claims", arn))...), "\t")
	conflicts := must(two, "cloudfront", "list-conflicting-aliases", "--alias", "www.example.net", "--distribution-id", id, "--query", "ConflictingAliasesList.Items[].[Alias,AccountId]")
	if conflicts != "www.example.net\t******111111" {
		t.Errorf("list-conflicting-aliases prints %q", conflicts)
	}
	refused("IllegalUpdate", two, "cloudfront", "associate-alias", "--alias", "www.example.net", "--target-distribution-id", id)

	// While DNS leads there the edge does not give it up.
	edge.aliases = nil
	if out, ok := edge.reload(); ok || !strings.Contains(out, "www.example.net. CNAME d111111abcdef8.cloudfront.net.") {
		t.Errorf("a reload that gives the name up succeeds: %v: %s", ok, out)
	}
	listed(one, declared)
	point(name)
	eventually(t, func() string { // the record travels
		if out, ok := edge.reload(); !ok {
			return out
		}
		return ""
	})
	listed(one, "d111111abcdef8.cloudfront.net\tNone")

	// Now it is the other's, who cannot give it up either.
	must(two, "cloudfront", "associate-alias", "--alias", "www.example.net", "--target-distribution-id", id)
	listed(two, name+"\twww.example.net")
	etag := must(two, "cloudfront", "get-distribution", "--id", id, "--query", "ETag")
	refused("CNAMEStillInUse", two, "cloudfront", "update-distribution", "--id", id, "--if-match", etag, "--distribution-config", distributionJSON(t, "claims", arn))
	point("elsewhere.example.net")
	must(two, "cloudfront", "update-distribution", "--id", id, "--if-match", etag, "--distribution-config", distributionJSON(t, "claims", arn))
	listed(two, name+"\tNone")
}

// zoneOf returns the id of the hosted zone example.net.
func zoneOf(t testing.TB, api string) string {
	t.Helper()
	out, err := cliAs(t, "111111111111", api, "route53", "list-hosted-zones-by-name", "--dns-name", "example.net", "--query", "HostedZones[0].Id")
	if err != nil {
		t.Fatalf("list-hosted-zones-by-name: %v\n%s", err, out)
	}
	return out
}
