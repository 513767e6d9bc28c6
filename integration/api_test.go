package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
)

// apiNode is a node that serves the API.
type apiNode struct {
	*dnsNode
	api string
	// client signs with the key of account 111111111111.
	client *route53.Client
}

// apiKey and apiSecret are a key of account 111111111111.
const apiKey, apiSecret = "AKIDEXAMPLE", "wJalrXUtnFEMI"

// newAPI returns a node, not started, with an API that wants signatures.
func newAPI(t testing.TB, name string, join ...string) *apiNode {
	t.Helper()
	n := &apiNode{dnsNode: newDNS(t, name, join...), api: freePort(t)}
	credentials := filepath.Join(n.dir, "credentials")
	writeFile(t, credentials, "111111111111 "+apiKey+" "+apiSecret+"\n")
	n.extra = append(n.extra, "api "+n.api+" {", "    credentials "+credentials, "}")
	n.client = n.as(apiKey, apiSecret)
	return n
}

// as returns a client that signs with a key.
func (n *apiNode) as(id, secret string) *route53.Client {
	return route53.New(route53.Options{
		BaseEndpoint: aws.String("http://" + n.api), Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
		}),
	})
}

// apiCluster starts three nodes and waits until each sees the others.
func apiCluster(t testing.TB) []*apiNode {
	t.Helper()
	a := newAPI(t, "a")
	nodes := []*apiNode{a, newAPI(t, "b", a.gossip), newAPI(t, "c", a.gossip)}
	for _, n := range nodes {
		n.start()
	}
	for _, n := range nodes {
		n.ready()
		eventually(t, func() string {
			if got := n.metric("coredns_route53sim_members"); got != "3" {
				return fmt.Sprintf("%s sees %q members, want 3", n.name, got)
			}
			return ""
		})
	}
	return nodes
}

// createZone creates a zone and returns its bare id.
func (n *apiNode) createZone(name string) string {
	n.t.Helper()
	out, err := n.client.CreateHostedZone(context.Background(), &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name})
	if err != nil {
		n.t.Fatal(err)
	}
	return strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
}

// upsert writes an A record and returns the change's id.
func (n *apiNode) upsert(zone, name, address string) string {
	n.t.Helper()
	out, err := n.client.ChangeResourceRecordSets(context.Background(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
			Action: types.ChangeActionUpsert, ResourceRecordSet: &types.ResourceRecordSet{
				Name: &name, Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: &address}},
			},
		}}},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return *out.ChangeInfo.Id
}

// TestAPICluster writes through each node of a cluster and sees what it wrote,
// by DNS and by the API, on all.
func TestAPICluster(t *testing.T) {
	nodes := apiCluster(t)
	zone := nodes[0].createZone("example.net")
	for i, n := range nodes {
		name, address := fmt.Sprintf("from-%s.example.net.", n.name), fmt.Sprintf("192.0.2.%d", i+1)
		var change string
		eventually(t, func() string { // the zone may still be on its way here
			if _, err := n.client.GetHostedZone(context.Background(), &route53.GetHostedZoneInput{Id: &zone}); err != nil {
				return err.Error()
			}
			return ""
		})
		change = n.upsert(zone, name, address)
		n.wants(name, dns.TypeA, address) // an acknowledgement does not wait for slow views
		// Whichever node is asked: once it says INSYNC, all answer.
		other := nodes[(i+1)%len(nodes)]
		eventually(t, func() string {
			out, err := other.client.GetChange(context.Background(), &route53.GetChangeInput{Id: &change})
			if err != nil || out.ChangeInfo.Status != types.ChangeStatusInsync {
				return fmt.Sprintf("change %s on %s: %+v, %v", change, other.name, out, err)
			}
			return ""
		})
		for _, m := range nodes {
			if got := m.answers(name, dns.TypeA); got != address {
				t.Errorf("%s answers %s with %q although the change is INSYNC, want %s", m.name, name, got, address)
			}
			out, err := m.client.ListResourceRecordSets(context.Background(), &route53.ListResourceRecordSetsInput{
				HostedZoneId: &zone, StartRecordName: &name, StartRecordType: types.RRTypeA, MaxItems: aws.Int32(1),
			})
			if err != nil || len(out.ResourceRecordSets) != 1 || *out.ResourceRecordSets[0].Name != name {
				t.Errorf("%s lists %+v, %v, want %s", m.name, out, err, name)
			}
		}
	}
	t.Run("an acknowledged change survives kill -9", func(t *testing.T) {
		n := nodes[2]
		n.upsert(zone, "kept.example.net.", "192.0.2.77")
		n.kill()
		n.start()
		n.ready()
		n.wants("kept.example.net.", dns.TypeA, "192.0.2.77")
	})
	t.Run("a wrong secret is refused and leaves a line", func(t *testing.T) {
		n := nodes[0]
		_, err := n.as(apiKey, "wrong").GetHostedZoneCount(context.Background(), &route53.GetHostedZoneCountInput{})
		if err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
			t.Errorf("error %v, want SignatureDoesNotMatch", err)
		}
		eventually(t, func() string {
			if !strings.Contains(n.output(), "403 SignatureDoesNotMatch") {
				return "the log has no line about the refused request"
			}
			return ""
		})
		if strings.Contains(n.output(), apiSecret) {
			t.Error("the log has the secret")
		}
	})
}

// TestAPIWithAWSCLI drives the API with the AWS CLI, signatures checked.
func TestAPIWithAWSCLI(t *testing.T) {
	aws := client(t, "aws", "awscli")
	n := newAPI(t, "a")
	n.start()
	n.ready()
	cli := func(args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
		defer cancel()
		cmd := exec.CommandContext(ctx, aws, append([]string{"--endpoint-url", "http://" + n.api, "--output", "text", "route53"}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+apiKey, "AWS_SECRET_ACCESS_KEY="+apiSecret, "AWS_DEFAULT_REGION=us-east-1",
			"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("aws route53 %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	zone := cli("create-hosted-zone", "--name", "example.net", "--caller-reference", "cli", "--query", "HostedZone.Id")
	batch := filepath.Join(n.dir, "batch.json")
	writeFile(t, batch, `{"Changes": [
		{"Action": "CREATE", "ResourceRecordSet": {"Name": "www.example.net", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}},
		{"Action": "CREATE", "ResourceRecordSet": {"Name": "*.example.net", "Type": "TXT", "SetIdentifier": "one", "Weight": 0, "TTL": 60, "ResourceRecords": [{"Value": "\"a b\""}]}},
		{"Action": "CREATE", "ResourceRecordSet": {"Name": "example.net", "Type": "A", "AliasTarget": {"HostedZoneId": "`+strings.TrimPrefix(zone, "/hostedzone/")+`", "DNSName": "www.example.net", "EvaluateTargetHealth": false}}}
	]}`)
	change := cli("change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", "file://"+batch, "--query", "ChangeInfo.Id")
	cli("wait", "resource-record-sets-changed", "--id", change)
	n.wants("example.net.", dns.TypeA, "192.0.2.1")
	n.wants("any.example.net.", dns.TypeTXT, `"a b"`)
	names := cli("list-resource-record-sets", "--hosted-zone-id", zone, "--query", "ResourceRecordSets[].[Name,Type]")
	want := "example.net.\tA\nexample.net.\tNS\nexample.net.\tSOA\n\\052.example.net.\tTXT\nwww.example.net.\tA"
	if names != want {
		t.Errorf("list-resource-record-sets prints\n%s\nwant\n%s", names, want)
	}
	data := cli("test-dns-answer", "--hosted-zone-id", zone, "--record-name", "www.example.net", "--record-type", "A", "--query", "RecordData")
	if data != "192.0.2.1" {
		t.Errorf("test-dns-answer prints %q, want 192.0.2.1", data)
	}
	check := cli("create-health-check", "--caller-reference", "cli", "--health-check-config", "Type=TCP,IPAddress=192.0.2.1,Port=80", "--query", "HealthCheck.Id")
	cli("change-tags-for-resource", "--resource-type", "healthcheck", "--resource-id", check, "--add-tags", "Key=team,Value=edge")
	if tags := cli("list-tags-for-resource", "--resource-type", "healthcheck", "--resource-id", check, "--query", "ResourceTagSet.Tags"); tags != "team\tedge" {
		t.Errorf("list-tags-for-resource prints %q, want team edge", tags)
	}
}
