package dnsprovider

import (
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestCaddyfile(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		timeout  time.Duration
		err      string
	}{
		{"bare", "route53sim", 0, ""},
		{"timeout", "route53sim {\n timeout 10s\n}", 10 * time.Second, ""},
		{"argument", "route53sim example.org", 0, "wrong argument count"},
		{"unknown", "route53sim {\n token x\n}", 0, "unrecognized subdirective 'token'"},
		{"twice", "route53sim {\n timeout 1s\n timeout 2s\n}", 0, "'timeout' is given twice"},
		{"no duration", "route53sim {\n timeout soon\n}", 0, "parsing timeout"},
		{"zero", "route53sim {\n timeout 0s\n}", 0, "timeout '0s' is not above zero"},
		{"none", "route53sim {\n timeout\n}", 0, "wrong argument count"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := new(Provider)
			err := p.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.in))
			switch {
			case tc.err == "" && (err != nil || time.Duration(p.Timeout) != tc.timeout):
				t.Errorf("UnmarshalCaddyfile() = %v, timeout %s, want %s", err, time.Duration(p.Timeout), tc.timeout)
			case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
				t.Errorf("UnmarshalCaddyfile() = %v, want %q", err, tc.err)
			}
		})
	}
}
