package edgeguard

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// TestLoadBalancerLog writes the access log of a load balancer's site over all
// versions of HTTP, with and without an earlier session (aws-behaviour 8.4,
// 8.6): the fields that the encoder takes are those that the edge sets.
func TestLoadBalancerLog(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer origin.Close()
	log := filepath.Join(t.TempDir(), "alb.log")
	cert := issue(t, "ecdsa", 1, "app.a.test")
	e := serveEdge(t, edgeOne, "https:// {\n\t"+tlsFiles(t, cert)+"\n\tlog {\n\t\toutput file "+log+"\n\t\tformat alb\n\t}\n\treject_fronting\n\trespond /ticket ok\n\treverse_proxy "+origin.Listener.Addr().String()+"\n}\n")
	balancer := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "")
	putRows(t, aliasRows("app.a.test", balancer)...)
	_, elb, _ := strings.Cut(balancer.ARN, ":loadbalancer/")
	kinds := map[string]string{"HTTP/1.1": "https", "HTTP/2.0": "h2", "HTTP/3.0": "h3"}
	for i, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			tickets := new(lastTicket)
			config := client("app.a.test", p.tls)
			config.ClientSessionCache = tickets
			// Asks on a new connection, and compares the line.
			check := func(path, chosen string) {
				t.Helper()
				if _, err := e.get(p.proto, config, "app.a.test", path); err != nil {
					t.Fatal(err)
				}
				line := albLine(t, log, path)
				url := "https://app.a.test:443" + path
				for _, want := range []string{
					kinds[p.proto] + " ", " " + elb + " 127.0.0.1:", " " + origin.Listener.Addr().String() + " ", " 418 418 ", fmt.Sprintf(`"GET %s %s"`, url, p.proto),
					fmt.Sprintf(` "app.a.test" "%s" 0 `, chosen), ` "forward" "-" "-" "` + origin.Listener.Addr().String() + `" "418" "-" "-" TID_`,
				} {
					if !strings.Contains(line, want) {
						t.Errorf("line %q lacks %q", line, want)
					}
				}
			}
			check(fmt.Sprint("/first", i), fingerprint(cert))
			for deadline := time.Now().Add(2 * time.Minute); ; {
				e.mustGet(t, p.proto, config, "app.a.test", "/ticket")
				if _, ok := tickets.Get(""); ok {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("no ticket came")
				}
			}
			check(fmt.Sprint("/again", i), "session-reused")
		})
	}
	if r := e.connect(t, "HTTP/2.0", client("app.a.test", tls.VersionTLS13)).get(t, "www.b.test", "/refused"); r.status != 421 {
		t.Errorf("another host = %d, want 421", r.status)
	}
	if line := albLine(t, log, "/refused"); !strings.Contains(line, ` -1 -1 -1 421 - `) || !strings.Contains(line, ` "fixed-response" "-" "misdirected" "-" "-" "-" "-" TID_`) {
		t.Errorf("line of what was refused = %q", line)
	}
}

// albLine returns the line for a path, once it is there.
func albLine(t *testing.T, log, path string) string {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) { // it is written behind the response
		data, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, path+" ") && strings.HasSuffix(line, "\n") {
				return strings.TrimSuffix(line, "\n")
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no line for %s in %s", path, data)
		}
	}
}
