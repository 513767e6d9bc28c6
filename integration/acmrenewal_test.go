package integration

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// life returns for how long to have certificates issued: a minute, or more on
// a machine where the AWS CLI is slow, so that there is time to look at each.
func (n *apiNode) life() time.Duration {
	n.t.Helper()
	began := time.Now()
	n.cli("acm", "list-certificates")
	return min(deadline, max(time.Minute, 30*time.Since(began).Round(time.Second)))
}

// TestACMRenewalByPebble has an ACME CA issue for a minute at a time: a
// certificate is renewed with no hand while its record stands, by the account
// that the CA binds to one of its own, anew where the CA has lost it. Without
// the record it is reported, and serves until it ends (aws-behaviour 7.6).
func TestACMRenewalByPebble(t *testing.T) {
	client(t, "aws", "awscli")
	node := newAPI(t, "dns")
	node.start()
	node.ready()
	macKey := base64.RawURLEncoding.EncodeToString([]byte("a key of thirty-two bytes, no less"))
	life := node.life()
	ca := &pebbleServer{resolver: node.addr, validity: life, accounts: map[string]string{"kid-1": macKey}}
	ca.start(t)
	edge := newACMEdge(t, "edge", sealKeys(t), []string{"ca " + ca.directory, "trusted_roots " + ca.authority, "resolver " + node.addr, "renew_before " + (life / 3 * 2).String()}, node.gossip)
	edge.start()
	zone := node.createZone("example.org")
	arn := node.cli("acm", "request-certificate", "--domain-name", "www.example.org", "--validation-method", "DNS", "--query", "CertificateArn")
	var records map[string]string
	eventually(t, func() string {
		if records = node.records(arn); records["_acme-challenge.www.example.org."] == "" {
			return fmt.Sprintf("records %q, want one at _acme-challenge", records)
		}
		return ""
	})
	node.prove(zone, records)

	// The account is bound.
	eventually(t, func() string { return edge.unlessSaid("certificate not issued", "externalAccountRequired") })
	if status := node.describe(arn, "Status"); status != "PENDING_VALIDATION" {
		t.Errorf("status %s while the CA refuses the account, want PENDING_VALIDATION", status)
	}
	edge.acm = append(edge.acm, "eab kid-1 "+macKey)
	edge.reload()
	node.eventuallyIssued(arn)
	first := node.serial(arn)
	edge.wantShown("www.example.org", first)

	// In use, it is renewed.
	ca.forget(t)
	edge.more = []string{"publish 127.0.0.1", "account 111111111111 {", "load_balancer web-1.us-east-1.elb.amazonaws.com {", "default_certificate " + arn, "}", "}"}
	edge.reload()
	eventually(t, func() string {
		return differs("renewal and serial", node.describe(arn, "RenewalSummary.RenewalStatus")+", other "+fmt.Sprint(node.serial(arn) != first), "SUCCESS, other true")
	})
	if why := edge.unlessSaid("the CA does not know the ACME account"); why != "" {
		t.Error(why)
	}

	// Without its record it is reported, and serves until it ends.
	node.unprove(zone, records)
	eventually(t, func() string {
		return differs("renewal", node.describe(arn, "RenewalSummary.RenewalStatus"), "PENDING_VALIDATION")
	})
	if got := node.describe(arn, "Status"); got != "ISSUED" {
		t.Errorf("status %s while the record is gone, want ISSUED", got)
	}
	edge.wantShown("www.example.org", node.serial(arn))
	if why := edge.unlessSaid("certificate cannot be renewed: a validation record is gone", arn); why != "" {
		t.Error(why)
	}
	eventually(t, func() string {
		return differs("at its end", node.describe(arn, "[Status,RenewalSummary.RenewalStatus]"), "EXPIRED\tFAILED")
	})
}

// differs returns why what was got is not what was wanted, empty if it is.
func differs(what, got, want string) string {
	if got != want {
		return fmt.Sprintf("%s: %q, want %q", what, got, want)
	}
	return ""
}

// unlessSaid returns why no line of a process's output holds all the words,
// empty if one does.
func (n *acmEdge) unlessSaid(words ...string) string {
	for line := range strings.Lines(n.output()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return ""
		}
	}
	return fmt.Sprintf("%s has not said %q", n.name, words)
}

// describe returns a member of what describe-certificate prints.
func (n *apiNode) describe(arn, member string) string {
	n.t.Helper()
	return n.cli("acm", "describe-certificate", "--certificate-arn", arn, "--query", "Certificate."+member)
}

// unprove deletes validation records that [apiNode.prove] has written.
func (n *apiNode) unprove(zone string, records map[string]string) {
	n.t.Helper()
	n.changeRecords(zone, "DELETE", records)
}

// changeRecords creates or deletes validation records by the Route 53 API.
func (n *apiNode) changeRecords(zone, action string, records map[string]string) {
	n.t.Helper()
	var changes []string
	for name, value := range records {
		changes = append(changes, fmt.Sprintf(`{"Action":%q,"ResourceRecordSet":{"Name":%q,"Type":"CNAME","TTL":300,"ResourceRecords":[{"Value":%q}]}}`, action, name, value))
	}
	batch := filepath.Join(n.t.TempDir(), "batch.json")
	writeFile(n.t, batch, `{"Changes":[`+strings.Join(changes, ",")+`]}`)
	n.cli("route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", "file://"+batch)
}
