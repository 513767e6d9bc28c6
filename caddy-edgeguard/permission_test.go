package edgeguard

import (
	"crypto/tls"
	"testing"

	"github.com/edgestage/edgestage/state/model"
)

// TestPermission: on demand, only claimed names get certificates.
func TestPermission(t *testing.T) {
	e := serveEdge(t, edgeOne+"\n\ton_demand_tls {\n\t\tpermission edgeguard\n\t}", "https:// {\n\ttls internal {\n\t\ton_demand\n\t}\n\trespond ok\n}\n")
	ask := func(serverName string, want bool) {
		t.Helper()
		_, err := e.get("HTTP/2.0", client(serverName, tls.VersionTLS13), serverName, "/")
		if (err == nil) != want {
			t.Errorf("connecting with server name %s: %v; a certificate for it: want %v", serverName, err, want)
		}
	}
	ask("www.a.test", false)
	d := model.DeclaredDistribution(account, "d111111abcdef8.cloudfront.net", "")
	putRows(t, append(aliasRows("www.a.test", d), aliasRows("*.b.test", d)...)...)
	for serverName, want := range map[string]bool{
		"www.a.test": true, "WWW.a.test": true, "d111111abcdef8.cloudfront.net": true, "x.b.test": true, "y.x.b.test": true,
		"b.test": false, "a.test": false, "other.test": false, noName: false,
	} {
		ask(serverName, want)
	}
}
