package edgeguard

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that the Caddyfiles name
)

var update = flag.Bool("update", false, "write what is got into testdata/adapt")

// separator stands between the Caddyfile and what becomes of it: the adapted
// JSON, or the error.
const separator = "----------\n"

// adapt returns the indented JSON of a Caddyfile, or the error's text.
func adapt(caddyfile string) (got string, ok bool) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		return err.Error() + "\n", false
	}
	var out bytes.Buffer
	if err := json.Indent(&out, config, "", "\t"); err != nil {
		return err.Error() + "\n", false
	}
	return out.String() + "\n", true
}

func TestAdapt(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob() = %q, %v, want files", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			caddyfile, want, _ := strings.Cut(string(data), separator)
			got, ok := adapt(caddyfile)
			if *update {
				if err := os.WriteFile(file, []byte(caddyfile+separator+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("Adapt(%s) =\n%s\nwant\n%s", file, got, want)
			}
			if refused := strings.HasPrefix(filepath.Base(file), "refuse_"); refused == ok {
				t.Errorf("Adapt(%s) succeeds: %v", file, ok)
			}
		})
	}
}
