package index

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	for _, tc := range []struct{ name, in, want, err string }{
		{name: "bare", in: "default_index", want: `{}`},
		{name: "name", in: "default_index home.html", want: `{"name":"home.html"}`},
		{name: "mode", in: "default_index {\n mode root\n}", want: `{"mode":"root"}`},
		{name: "both", in: "default_index home.html {\n mode website\n}", want: `{"name":"home.html","mode":"website"}`},
		{name: "empty block", in: "default_index {\n}", want: `{}`},
		{name: "two names", in: "default_index a b", err: "wrong argument count"},
		{name: "empty name", in: `default_index ""`, err: "name of the index document is empty, at Testfile:1"},
		{name: "slash", in: "default_index a/b", err: `"a/b" is not one path segment`},
		{name: "unknown property", in: "default_index {\n modes root\n}", err: "unrecognized subdirective 'modes', at Testfile:2"},
		{name: "unknown mode", in: "default_index {\n mode s3\n}", err: `unknown mode "s3", allowed are lambda_edge, root, function and website, at Testfile:2`},
		{name: "mode without value", in: "default_index {\n mode\n}", err: "wrong argument count"},
		{name: "two modes", in: "default_index {\n mode root\n mode root\n}", err: "'mode' is given twice, at Testfile:3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(Handler)
			err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.in))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("UnmarshalCaddyfile(%q) = %v, want %q", tc.in, err, tc.err)
				}
				return
			}
			got, _ := json.Marshal(h)
			if err != nil || string(got) != tc.want {
				t.Errorf("UnmarshalCaddyfile(%q) = %s, %v, want %s", tc.in, got, err, tc.want)
			}
		})
	}
}

// FuzzUnmarshalCaddyfile: what is accepted validates, once the defaults are
// set.
func FuzzUnmarshalCaddyfile(f *testing.F) {
	f.Add("default_index")
	f.Add("default_index home.html {\n mode website\n}")
	f.Add("default_index \"a b\" {\n mode\n}")
	f.Fuzz(func(t *testing.T, in string) {
		h := new(Handler)
		if h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(in)) != nil {
			return
		}
		if h.Name != "" && validateName(h.Name) != nil || h.Mode != "" && h.Mode.validate() != nil {
			t.Errorf("UnmarshalCaddyfile(%q) accepts %+v", in, h)
		}
	})
}
