package route53sim

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/prometheus/client_golang/prometheus"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadmeSections(t *testing.T) {
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(readme(t), -1) {
		got = append(got, m[1])
	}
	want := []string{"Name", "Description", "Syntax", "Answer Selection", "Building", "Metrics", "Ready", "Metadata", "Examples", "Divergences", "Bugs", "See Also"}
	if !slices.Equal(got, want) {
		t.Errorf("sections = %q, want %q", got, want)
	}
}

// Each example is accepted, and checking it creates nothing.
func TestReadmeExamples(t *testing.T) {
	snippets := regexp.MustCompile("(?ms)^~~~ corefile\n(.*?)^~~~$").FindAllStringSubmatch(readme(t), -1)
	if len(snippets) < 3 {
		t.Fatalf("%d examples, want at least 3", len(snippets))
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("db.example.net", []byte(strings.ReplaceAll(testMaster, "example.org", "example.net")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range snippets {
		in := caddy.CaddyfileInput{Contents: []byte(s[1]), Filepath: "README.md", ServerTypeName: "dns"}
		if err := caddy.ValidateAndExecuteDirectives(in, nil, true); err != nil {
			t.Errorf("example:\n%s\n%v", s[1], err)
		}
	}
	if files, _ := os.ReadDir("."); len(files) != 1 {
		t.Errorf("checking the examples left %v", files)
	}
}

// Each metric is in the README, and each in the README is there.
func TestReadmeMetrics(t *testing.T) {
	queries.WithLabelValues("", "success")
	probeSeconds.WithLabelValues("TCP", "success")
	transitions.WithLabelValues("healthy")
	nodeWithHealthCheck(t)
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "coredns_route53sim_") {
			got = append(got, f.GetName())
		}
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`coredns_route53sim_[a-z_]+`).FindAllString(readme(t), -1) {
		named[name] = true
	}
	if want := slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		t.Errorf("metrics = %q, in the README are %q", got, want)
	}
}

// Each property is in the README's syntax, or named as not supported.
func TestReadmeProperties(t *testing.T) {
	for name := range properties {
		if !strings.Contains(readme(t), "`"+name+"`") {
			t.Errorf("property %q is not in the README", name)
		}
	}
}
