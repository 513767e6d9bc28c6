package integration

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// onlyChallenges has an ACME server offer challenges of one type only.
func onlyChallenges(t *testing.T, kind string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/authZ/") {
				h.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			body := answer.Body.Bytes()
			var authz map[string]any
			if err := json.Unmarshal(body, &authz); err == nil {
				var kept []any
				offered, _ := authz["challenges"].([]any)
				for _, c := range offered {
					if c.(map[string]any)["type"] == kind {
						kept = append(kept, c)
					}
				}
				authz["challenges"] = kept
				if body, err = json.Marshal(authz); err != nil {
					t.Error(err)
				}
			}
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(answer.Code)
			_, _ = w.Write(body)
		})
	}
}

// TestACMByPersistentRecord has an ACME CA issue that looks at a record which
// names the account and stays (dns-persist-01), for names in a hosted zone: it
// stands as long as it is good for, and the next certificate needs no other.
func TestACMByPersistentRecord(t *testing.T) {
	client(t, "aws", "awscli")
	node := newAPI(t, "dns")
	node.start()
	node.ready()
	ca := &pebbleServer{resolver: node.addr, before: onlyChallenges(t, "dns-persist-01")}
	ca.start(t)
	edge := newACMEdge(t, "edge", sealKeys(t), []string{"ca " + ca.directory, "trusted_roots " + ca.authority, "resolver " + node.addr, "create_records"}, node.gossip)
	edge.start()
	node.createZone("example.org")
	issue := func(name string, more ...string) {
		t.Helper()
		args := []string{"acm", "request-certificate", "--domain-name", name, "--validation-method", "DNS", "--query", "CertificateArn"}
		if len(more) > 0 {
			args = append(append(args, "--subject-alternative-names"), more...)
		}
		arn := node.cli(args...)
		node.eventuallyIssued(arn)
		edge.wantShown(name, node.serial(arn))
	}
	persistent := func(name string) []string {
		t.Helper()
		reply, err := node.ask("_validation-persist."+name, dns.TypeTXT)
		if err != nil {
			t.Fatal(err)
		}
		var values []string
		for _, rr := range reply.Answer {
			if txt, ok := rr.(*dns.TXT); ok {
				values = append(values, strings.Join(txt.Txt, ""))
			}
		}
		return values
	}
	issue("www.example.org", "*.example.org")
	values := persistent("example.org.")
	if len(values) != 1 || !strings.Contains(values[0], "; accounturi="+strings.TrimSuffix(ca.directory, "/dir")) || !strings.HasSuffix(values[0], "; policy=wildcard") {
		t.Errorf("_validation-persist.example.org holds %q, want the account's URI and the policy for wildcards", values)
	}
	if values := persistent("www.example.org."); len(values) != 1 || strings.Contains(values[0], "policy") {
		t.Errorf("_validation-persist.www.example.org holds %q, want one value without a policy", values)
	}
	issue("any.example.org", "*.example.org")
	if again := persistent("example.org."); len(again) != 1 || again[0] != values[0] {
		t.Errorf("after another certificate _validation-persist.example.org holds %q, want %q", again, values)
	}
	if said := ca.said.String(); strings.Contains(said, "dns-01 challenge") {
		t.Error("the CA has looked at another challenge")
	}
}
