package integration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/miekg/dns"
)

const controlARN = "arn:aws:route53-recovery-control::111111111111:controlpanel/0123456789abcdef0123456789abcdef/routingcontrol/0123456789abcdef"

// signalled is an export of failover pairs whose primaries have health checks
// that are not probed.
const signalled = `{
  "HostedZone": {"Id": "/hostedzone/ZSIGNAL000000001", "Name": "example.org.", "CallerReference": "signals"},
  "ResourceRecordSets": [
    {"Name": "alarm.example.org.", "Type": "A", "SetIdentifier": "1", "Failover": "PRIMARY", "TTL": 60, "HealthCheckId": "alarm", "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "alarm.example.org.", "Type": "A", "SetIdentifier": "2", "Failover": "SECONDARY", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.2"}]},
    {"Name": "control.example.org.", "Type": "A", "SetIdentifier": "1", "Failover": "PRIMARY", "TTL": 60, "HealthCheckId": "control", "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "control.example.org.", "Type": "A", "SetIdentifier": "2", "Failover": "SECONDARY", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.2"}]}
  ],
  "HealthChecks": [
    {"Id": "alarm", "CallerReference": "alarm", "HealthCheckVersion": 1, "HealthCheckConfig": {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "us-east-1", "Name": "api errors"}}},
    {"Id": "control", "CallerReference": "control", "HealthCheckVersion": 1, "HealthCheckConfig": {"Type": "RECOVERY_CONTROL", "RoutingControlArn": "` + controlARN + `"}}
  ]
}
`

// TestSignals turns answers by alarms and routing controls, set with the AWS
// CLI and an SDK, and by an operator's word (aws-behaviour 4.4).
func TestSignals(t *testing.T) {
	cli := client(t, "aws", "awscli")
	n := newAPI(t, "a")
	n.extra = append(n.extra, "load "+filepath.Join(n.dir, "signals.json")+" 111111111111")
	writeFile(t, filepath.Join(n.dir, "signals.json"), signalled)
	n.start()
	n.ready()
	do := func(args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
		defer cancel()
		cmd := exec.CommandContext(ctx, cli, append([]string{"--endpoint-url", "http://" + n.api}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+apiKey, "AWS_SECRET_ACCESS_KEY="+apiSecret, "AWS_DEFAULT_REGION=us-east-1",
			"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	const alarm, control, primary, secondary = "alarm.example.org.", "control.example.org.", "192.0.2.1", "192.0.2.2"
	n.wants(alarm, dns.TypeA, primary)
	n.wants(control, dns.TypeA, primary)

	do("cloudwatch", "set-alarm-state", "--alarm-name", "api errors", "--state-value", "ALARM", "--state-reason", "drill")
	n.wants(alarm, dns.TypeA, secondary)
	do("route53-recovery-cluster", "update-routing-control-state", "--routing-control-arn", controlARN, "--routing-control-state", "Off")
	n.wants(control, dns.TypeA, secondary)

	sdk := cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: aws.String("http://" + n.api), Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: apiKey, SecretAccessKey: apiSecret}, nil
		}),
	})
	_, err := sdk.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("api errors"), StateValue: cloudwatchtypes.StateValueOk, StateReason: aws.String("over"),
	})
	if err != nil {
		t.Fatal(err)
	}
	n.wants(alarm, dns.TypeA, primary)
	_, err = sdk.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("typo"), StateValue: cloudwatchtypes.StateValueOk, StateReason: aws.String(""),
	})
	if err == nil || !strings.Contains(err.Error(), "ResourceNotFound") {
		t.Errorf("SetAlarmState of an alarm that nothing follows = %v, want ResourceNotFound", err)
	}
}

// TestOperatorsWord forces a check on one node of an endpoint without
// credentials, with curl's means, and sees it on another.
func TestOperatorsWord(t *testing.T) {
	a := newDNS(t, "a")
	api := freePort(t)
	a.extra = []string{"api " + api}
	writeFile(t, filepath.Join(a.dir, "zones", "signals.json"), signalled)
	b := newDNS(t, "b", a.gossip)
	a.start()
	b.start()
	a.ready()
	b.ready()
	say := func(method, body string) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+api+"/_sim/healthcheck/alarm/force", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if out, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s answers %d %s", method, body, resp.StatusCode, out)
		}
	}
	const name = "alarm.example.org."
	b.wants(name, dns.TypeA, "192.0.2.1")
	say("PUT", `{"State": "unhealthy"}`)
	b.wants(name, dns.TypeA, "192.0.2.2")
	eventually(t, func() string { // visible as forced
		if got := b.metric("coredns_route53sim_health_checks_forced"); got != "1" {
			return fmt.Sprintf("%q checks are forced, want 1", got)
		}
		if !strings.Contains(b.output(), "Health check alarm is unhealthy, was healthy: forced by account 000000000000") {
			return "the log does not say that the check is forced"
		}
		return ""
	})
	say("DELETE", "")
	b.wants(name, dns.TypeA, "192.0.2.1")
}
