package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/miekg/dns"
)

// cloudMapClients are commands that drive every operation of Cloud Map through
// an endpoint, under a name of their own, and print what they have found.
var cloudMapClients = []struct {
	name    string
	command func(t *testing.T) []string
}{
	{"cli", func(t *testing.T) []string {
		client(t, "aws", "awscli")
		return []string{"testdata/awscloudmap"}
	}},
	{"boto3", func(t *testing.T) []string {
		python := client(t, "python3", "python3-boto3")
		if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
			missing(t, "boto3 is not installed (Debian package python3-boto3): %s", out)
		}
		return []string{python, "testdata/cloudmapclient.py"}
	}},
}

// TestCloudMapWithClients has the AWS CLI and boto3 call each operation of
// Cloud Map, on a node each of a cluster, and compares what they find
// (aws-behaviour 6.2). In the end all that they made is gone on every node.
func TestCloudMapWithClients(t *testing.T) {
	nodes := apiCluster(t)
	for i, c := range cloudMapClients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 2*clientDeadline)
			defer cancel()
			command := append(c.command(t), "http://"+nodes[i].api, c.name)
			cmd := exec.CommandContext(ctx, command[0], command[1:]...)
			cmd.Env = awsEnv()
			var out, said strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &said
			if err := cmd.Run(); err != nil {
				t.Fatalf("%s: %v\n%s%s", c.name, err, said.String(), out.String())
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
				t.Fatalf("%q: %v", out.String(), err)
			}
			for what, want := range cloudMapFindings(c.name) {
				if !reflect.DeepEqual(got[what], want) {
					t.Errorf("%s: %v, want %v", what, got[what], want)
				}
			}
		})
	}
	t.Cleanup(func() {
		for _, n := range nodes {
			out, err := n.client.ListHostedZones(context.Background(), &route53.ListHostedZonesInput{})
			if err != nil || len(out.HostedZones) > 0 {
				t.Errorf("%s still has zones of namespaces: %+v, %v", n.name, out, err)
			}
		}
	})
}

// cloudMapFindings returns what a client must find.
func cloudMapFindings(name string) map[string]any {
	list := func(values ...any) []any { return values }
	return map[string]any{
		"namespaces": list(name, name+".example.net", "http-"+name),
		"soa":        30.0,
		"status":     map[string]any{"i-1": "UNHEALTHY", "i-2": "HEALTHY", "i-3": "HEALTHY"},
		"instance":   map[string]any{"AWS_INSTANCE_IPV4": "192.0.2.3", "stage": "green"},
		"found":      list("i-2"),
		"tags":       list(map[string]any{"Key": "b", "Value": "2"}),
		"attributes": map[string]any{"k": "v"},
		"revision":   3.0,
		"operations": list("SUCCESS", "SUCCESS", "SUCCESS"),
		"records": list(name+". NS 172800 -", name+". SOA 30 -",
			fmt.Sprintf("worker.%s. A 20 i-1", name), fmt.Sprintf("worker.%s. A 20 i-2", name), fmt.Sprintf("worker.%s. A 20 i-3", name)),
		"left_out": []any{},
	}
}

// TestSelfRegister runs the script that the README gives for units and
// containers: its command is found by DNS as long as it runs, is gone at once
// when it is told to stop, and some time after it was killed with no chance to
// say so.
func TestSelfRegister(t *testing.T) {
	client(t, "aws", "awscli")
	text, err := os.ReadFile("../plugin-route53sim/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, found := strings.Cut(string(text), "~~~ sh\n#!/bin/sh\n# selfregister ")
	script, _, ended := strings.Cut("#!/bin/sh\n# selfregister "+script, "~~~\n")
	if !found || !ended {
		t.Fatal("the README has no script selfregister")
	}
	path := filepath.Join(t.TempDir(), "selfregister")
	writeFile(t, path, script)
	nodes := discoveryCluster(t, 2)
	cloud := nodes[0].cloudMap()
	cloud.createNamespace("corp")
	service := cloud.createService("worker", 1, sdtypes.RecordTypeA)
	env := awsEnv("EDGE=http://"+nodes[1].api, "AWS_DEFAULT_REGION=eu-west-3", "AWS_REGION=eu-west-3", "LEASE=9", "DRAIN=0")
	start := func() *exec.Cmd {
		cmd := exec.Command("sh", path, service, "10.1.0.7", "8080", "sleep", "600")
		cmd.Env, cmd.SysProcAttr = env, &syscall.SysProcAttr{Setpgid: true}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() })
		finds(t, nodes, "worker.corp.", dns.TypeA, "10.1.0.7")
		return cmd
	}
	cmd := start()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	finds(t, nodes, "worker.corp.", dns.TypeA)
	cmd = start()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	finds(t, nodes, "worker.corp.", dns.TypeA)
}

// TestInstanceHealthChecks registers instances in a public namespace whose
// service has health checks: who does not listen is found unhealthy, by the API
// and by DNS.
func TestInstanceHealthChecks(t *testing.T) {
	n := newAPI(t, "a")
	n.extra = append(n.extra, "health_checks on")
	n.start()
	n.ready()
	cloud := n.cloudMap()
	out, err := cloud.CreatePublicDnsNamespace(t.Context(), &servicediscovery.CreatePublicDnsNamespaceInput{Name: aws.String("example.net")})
	if err != nil {
		t.Fatal(err)
	}
	cloud.namespace = cloud.done(out.OperationId, nil)["NAMESPACE"]
	made, err := cloud.CreateService(t.Context(), &servicediscovery.CreateServiceInput{
		Name: aws.String("web"), NamespaceId: &cloud.namespace, HealthCheckConfig: &sdtypes.HealthCheckConfig{Type: sdtypes.HealthCheckTypeTcp},
		DnsConfig: &sdtypes.DnsConfig{DnsRecords: []sdtypes.DnsRecord{{Type: sdtypes.RecordTypeA, TTL: aws.Int64(1)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	service := *made.Service.Id
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"127.0.0.2", "127.0.0.3"} {
		if err := cloud.register(service, "at-"+host, net.JoinHostPort(host, port)); err != nil {
			t.Fatal(err)
		}
	}
	want := "map[at-127.0.0.2:HEALTHY at-127.0.0.3:UNHEALTHY]"
	eventually(t, func() string {
		out, err := cloud.GetInstancesHealthStatus(t.Context(), &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &service})
		if err != nil || fmt.Sprint(out.Status) != want {
			return fmt.Sprintf("GetInstancesHealthStatus: %+v, %v, want %s", out, err, want)
		}
		return ""
	})
	n.wants("web.example.net.", dns.TypeA, "127.0.0.2")
}
