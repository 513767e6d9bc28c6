package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// awsEnv is the environment of a client of AWS that signs with the key of
// account 111111111111 and reads nothing of the user's.
func awsEnv(more ...string) []string {
	return append(os.Environ(), append([]string{"AWS_ACCESS_KEY_ID=" + apiKey, "AWS_SECRET_ACCESS_KEY=" + apiSecret,
		"AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER="}, more...)...)
}

// sdk is a client of AWS in another language: a command that is called with an
// endpoint and a zone's name, and with a file of RRsets to create the zone with
// them, or without to delete it again.
type sdk struct {
	name string
	// command returns the command, or skips the test.
	command func(t *testing.T) []string
	// unknown are members that old releases leave out.
	unknown []string
}

var sdks = []sdk{
	{"cli", func(t *testing.T) []string {
		client(t, "aws", "awscli")
		return []string{"testdata/awscli"}
	}, []string{"proximity"}},
	{"boto3", func(t *testing.T) []string {
		python := client(t, "python3", "python3-boto3")
		if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
			missing(t, "boto3 is not installed (Debian package python3-boto3): %s", out)
		}
		return []string{python, "testdata/boto3client.py"}
	}, []string{"proximity"}},
	{"javascript", func(t *testing.T) []string {
		node, npm, dir := client(t, "node", "nodejs"), client(t, "npm", "npm"), t.TempDir()
		for _, name := range []string{"package.json", "package-lock.json", ".npmrc", "client.js"} {
			text, err := os.ReadFile(filepath.Join("testdata/sdkjs", name))
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, name), string(text))
		}
		for try := 1; ; try++ { // what is far away may fail for a moment
			out, err := npmInstall(npm, dir)
			if err == nil {
				return []string{node, filepath.Join(dir, "client.js")}
			}
			if try == 5 {
				missing(t, "the packages of testdata/sdkjs cannot be fetched: %v\n%s", err, out)
			}
			t.Logf("fetching packages: %v\n%s", err, out)
		}
	}, nil},
}

// npmInstall fetches the packages that are locked in dir.
func npmInstall(npm, dir string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
	defer cancel()
	install := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--fetch-retries=5")
	install.Dir = dir
	return install.CombinedOutput()
}

// TestAPIWithSDKs has clients of other languages create a zone with RRsets of
// every type and policy through a node each: they read back what they sent,
// wait until it is in sync, and then every node answers it. In the end they
// delete what they have read.
func TestAPIWithSDKs(t *testing.T) {
	dig := client(t, "dig", "bind9-dnsutils")
	nodes := apiCluster(t)
	records, err := filepath.Abs("testdata/records.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sdks {
		t.Run(s.name, func(t *testing.T) {
			command, zone := s.command(t), s.name+".example.net"
			call := func(args ...string) string {
				t.Helper()
				ctx, cancel := context.WithTimeout(context.Background(), clientDeadline)
				defer cancel()
				args = append(append(slices.Clone(command[1:]), "http://"+nodes[i].api, zone), args...)
				cmd := exec.CommandContext(ctx, command[0], args...)
				cmd.Env = awsEnv()
				var out, said strings.Builder
				cmd.Stdout, cmd.Stderr = &out, &said
				if err := cmd.Run(); err != nil {
					t.Fatalf("%s: %v\n%s%s", s.name, err, said.String(), out.String())
				}
				return out.String()
			}
			var read struct{ Sent, Listed []map[string]any }
			if err := json.Unmarshal([]byte(call(records)), &read); err != nil {
				t.Fatal(err)
			}
			sent, listed := texts(t, read.Sent), texts(t, read.Listed)
			if slices.Sort(listed); !slices.Equal(slices.Sorted(slices.Values(sent)), listed) {
				t.Errorf("sent\n%s\nlisted\n%s", strings.Join(sent, "\n"), strings.Join(listed, "\n"))
			}
			if left := leftOut(t, records, read.Sent); len(left) > 0 && !slices.Equal(left, s.unknown) {
				t.Errorf("%s did not send %q", s.name, left)
			}
			for _, n := range nodes {
				for question, values := range answersOf(read.Sent) {
					name, rrtype, _ := strings.Cut(question, " ")
					got := dug(dig, n, name, rrtype)
					if !slices.Equal(got, values) && (len(got) != 1 || len(values) < 2 || !slices.Contains(values, got[0])) {
						t.Errorf("%s answers %s with %q, want %q, or one of them", n.name, question, got, values)
					}
				}
			}
			call()
			for _, n := range nodes {
				eventually(t, func() string {
					if got := n.answers("a."+zone+".", dns.TypeA); got != "REFUSED" {
						return fmt.Sprintf("%s answers for the deleted zone with %q", n.name, got)
					}
					return ""
				})
			}
		})
	}
}

// missing skips the test for the want of something; in CI it fails.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("EDGESTAGE_CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// texts returns RRsets in a form that can be compared.
func texts(t *testing.T, sets []map[string]any) []string {
	t.Helper()
	var out []string
	for _, s := range sets {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

// leftOut returns the first labels of the names that were not sent.
func leftOut(t *testing.T, records string, sent []map[string]any) []string {
	t.Helper()
	text, err := os.ReadFile(records)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	label := func(s map[string]any) string { l, _, _ := strings.Cut(s["Name"].(string), "."); return l }
	var left []string
	for _, s := range all {
		if !slices.ContainsFunc(sent, func(o map[string]any) bool { return o["Name"] == s["Name"] || label(o) == label(s) }) && label(s) != "ZONE" {
			left = append(left, label(s))
		}
	}
	return slices.Compact(left)
}

// answersOf returns the sorted records that each "NAME TYPE" may be answered
// with: all of a simple RRset, or those of every member of a group.
func answersOf(sets []map[string]any) map[string][]string {
	out := map[string][]string{}
	for _, s := range sets {
		question := fmt.Sprint(s["Name"], " ", s["Type"])
		out[question] = append(out[question], valuesOf(s)...)
	}
	for question, values := range out {
		name, rrtype, _ := strings.Cut(question, " ")
		switch {
		case rrtype == "NS": // a delegation
			values = nil
		case values == nil && strings.HasPrefix(name, "cdn."): // that no edge serves
		case values == nil: // the alias at the apex
			values = out["a."+name+" A"]
		}
		slices.Sort(values)
		out[question] = values
	}
	return out
}

// valuesOf returns the records of one RRset.
func valuesOf(set map[string]any) []string {
	records, _ := set["ResourceRecords"].([]any)
	var out []string
	for _, r := range records {
		out = append(out, bareText(r.(map[string]any)["Value"].(string)))
	}
	return out
}

// bareText returns a record without what dig and Route 53 write differently.
func bareText(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

// dug returns what dig prints, sorted.
func dug(dig string, n *apiNode, name, rrtype string) []string {
	// dig writes bytes of names in decimal, Route 53 in octal.
	name = strings.NewReplacer(`\052.`, "any.", `\100`, `\064`).Replace(name)
	var out []string
	for line := range strings.Lines(command(dig, "@127.0.0.1", "-p", port(n.addr), "+short", "+tries=3", "+time=20", name, rrtype)) {
		if text := bareText(strings.TrimSpace(line)); text != "" {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}
