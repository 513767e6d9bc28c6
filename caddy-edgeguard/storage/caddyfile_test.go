package storage

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestCaddyfile(t *testing.T) {
	for in, want := range map[string]string{
		"edgeguard":                      "",
		"edgeguard {\n}":                 "",
		"edgeguard /var/lib":             "wrong argument count",
		"edgeguard {\n root /var/lib\n}": "unrecognized subdirective 'root'",
	} {
		err := new(Storage).UnmarshalCaddyfile(caddyfile.NewTestDispenser(in))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("UnmarshalCaddyfile(%q) = %v, want %q", in, err, want)
		}
	}
}
