package edgeguard

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// sources returns the files of this module that are not tests.
func sources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(append(files, more...), func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

// TestFieldsAreDocumented: Caddy's manual is made of the comments of fields
// that stand in the JSON configuration.
func TestFieldsAreDocumented(t *testing.T) {
	fields := 0
	for _, file := range sources(t) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			tag, _ := strconv.Unquote(field.Tag.Value)
			name, ok := reflect.StructTag(tag).Lookup("json")
			if !ok || name == "-" {
				return true
			}
			fields++
			if doc := field.Doc.Text(); !strings.HasSuffix(strings.TrimSpace(doc), ".") {
				t.Errorf("%s: JSON field %s has the doc comment %q, want sentences", file, name, doc)
			}
			return true
		})
	}
	if fields == 0 {
		t.Error("no JSON field found")
	}
}

// section returns the text of a level-2 section of the README.
func section(t *testing.T, title string) string {
	t.Helper()
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "\n## "+title+"\n")
	if !ok {
		t.Fatalf("README.md has no section %q", title)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

func TestReadmeSections(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(string(data), -1) {
		got = append(got, m[1])
	}
	want := []string{"Name", "Description", "Syntax", "Modes", "Owned host names", "Fronting", "Sealing", "Certificates", "Issuance", "Metrics", "Build", "Examples", "Divergences", "Bugs", "See Also"}
	if !slices.Equal(got, want) {
		t.Errorf("sections of README.md = %q, want %q", got, want)
	}
}

// TestReadmeSnippets adapts every Caddyfile of the README and checks the
// result as `caddy validate` does.
func TestReadmeSnippets(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE") // of transport s3
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	snippets := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindAllStringSubmatch(string(data), -1)
	if len(snippets) == 0 {
		t.Fatal("README.md has no snippet")
	}
	keys := sealKeys(t)
	for _, s := range snippets {
		config, ok := adapt(strings.ReplaceAll(s[1], "/etc/caddy/seal.keys", keys))
		if !ok {
			t.Errorf("Adapt(%s) = %s", s[1], config)
			continue
		}
		validateApps(t, config)
	}
}

// validateApps provisions the app edgeguard and the handlers of an adapted
// configuration. Certificates are left out: they would be read and written.
func validateApps(t *testing.T, config string) {
	t.Helper()
	c := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON([]byte(config), c); err != nil {
		t.Fatal(err)
	}
	delete(c.AppsRaw, "tls")
	delete(c.AppsRaw, "pki")
	if err := caddy.Validate(c); err != nil {
		t.Errorf("Validate(%s) = %v", config, err)
	}
}

// TestReadmeMetrics compares the README's list with the metrics in the source.
func TestReadmeMetrics(t *testing.T) {
	listed := regexp.MustCompile("`(caddy_[a-z_]+)(?:\\{([a-z_, ]*)\\})?`").FindAllStringSubmatch(section(t, "Metrics"), -1)
	var inReadme []string
	for _, m := range listed {
		inReadme = append(inReadme, m[1]+"{"+m[2]+"}")
	}
	var inSource []string
	for _, file := range sources(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile(`(?s)Namespace: "(\w+)", Subsystem: "(\w+)", Name: "(\w+)",.*?\n\t+\}(?:, \[\]string\{([^}]*)\})?`)
		for _, m := range re.FindAllStringSubmatch(string(data), -1) {
			inSource = append(inSource, m[1]+"_"+m[2]+"_"+m[3]+"{"+strings.ReplaceAll(m[4], `"`, "")+"}")
		}
	}
	slices.Sort(inReadme)
	slices.Sort(inSource)
	if !slices.Equal(inReadme, inSource) || len(inSource) == 0 {
		t.Errorf("metrics of README.md = %q, of the source %q", inReadme, inSource)
	}
}
