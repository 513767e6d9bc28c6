package importer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgestage/edgestage/state/model"
)

// bench is a loader on a folder of its own.
type bench struct {
	*Loader
	t      *testing.T
	folder string
	rows   *mapRows
	log    *logLines
	age    time.Duration
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, folder: t.TempDir(), rows: newMapRows(), log: new(logLines)}
	b.Loader = New(Config{
		Sources: []Source{{filepath.Join(b.folder, "*.json"), account}, {filepath.Join(b.folder, "*.zone"), account}},
		Store:   b.rows, Log: b.log, Now: func() time.Time { return start },
	})
	return b
}

// write puts data into a file, with a time that no earlier write had.
func (b *bench) write(name, data string) {
	b.t.Helper()
	path := filepath.Join(b.folder, name)
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		b.t.Fatal(err)
	}
	b.age += time.Second
	if err := os.Chtimes(path, time.Time{}, start.Add(b.age)); err != nil {
		b.t.Fatal(err)
	}
}

// poll looks at the files and compares the log, folder names left out. A line
// that ends in "..." stands for all that begin so.
func (b *bench) poll(want ...string) {
	b.t.Helper()
	b.Poll(context.Background())
	got := strings.Split(strings.ReplaceAll(b.log.take(), b.folder+"/", ""), "\n")
	if len(want) == 0 {
		want = []string{""}
	}
	for i := range max(len(got), len(want)) {
		if i < len(got) && i < len(want) {
			if begin, ok := strings.CutSuffix(want[i], "..."); got[i] == want[i] || ok && strings.HasPrefix(got[i], begin) {
				continue
			}
		}
		b.t.Errorf("Poll logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		return
	}
}

func (b *bench) hosts() string {
	var hosts []string
	for line := range strings.Lines(b.rows.zoneRows("Z1")) {
		if host, ok := strings.CutSuffix(strings.Fields(line)[0], ".example.org."); ok {
			hosts = append(hosts, host)
		}
	}
	return strings.Join(hosts, " ")
}

func (b *bench) wantHosts(want string) {
	b.t.Helper()
	if got := b.hosts(); got != want {
		b.t.Errorf("the zone has %q, want %q", got, want)
	}
}

const loadedA = `info Loaded "a.json": hosted zone Z1 (example.org.), 3 RRsets, 0 health checks`

func TestLoaderFollowsFile(t *testing.T) {
	b := newBench(t)
	b.poll()
	b.write("a.json", zoneJSON("a"))
	b.poll(loadedA)
	b.wantHosts("a")
	b.poll()
	b.write("a.json", zoneJSON("b"))
	b.poll(loadedA)
	b.wantHosts("b")
	b.write("a.json", zoneJSON("b")) // touched only
	b.poll()
}

func TestLoaderKeepsWhatWasServed(t *testing.T) {
	b := newBench(t)
	b.write("a.json", zoneJSON("a"))
	b.poll(loadedA)
	b.write("a.json", strings.Replace(zoneJSON("b", "c"), `"192.0.2.1"`, `"x"`, 1)+"x")
	b.poll("error Refused a.json:1:...")
	b.poll()
	b.wantHosts("a")
	b.write("a.json", strings.NewReplacer(`"192.0.2.1"`, `"x"`, `"192.0.2.2"`, `"y"`).Replace(zoneJSON("b", "c")))
	b.poll("error Refused a.json:1:92: b.example.org. A: Invalid...", "error Refused a.json:1:171: c.example.org. A: Invalid...")
	b.wantHosts("a")
	if err := os.Remove(filepath.Join(b.folder, "a.json")); err != nil {
		t.Fatal(err)
	}
	b.poll(`warn File "a.json" is gone, what was loaded from it stays`)
	b.poll()
	b.wantHosts("a")
}

func TestLoaderRivals(t *testing.T) {
	b := newBench(t)
	b.write("a.json", zoneJSON("a"))
	b.poll(loadedA)
	b.write("b.json", zoneJSON("b"))
	b.poll(`error Refused b.json: hosted zone Z1 (example.org.) is also in a.json`)
	b.poll()
	b.wantHosts("a")
	if err := os.Remove(filepath.Join(b.folder, "a.json")); err != nil {
		t.Fatal(err)
	}
	b.poll(`warn File "a.json" is gone, what was loaded from it stays`, strings.Replace(loadedA, "a.json", "b.json", 1))
	b.wantHosts("b")
}

func TestLoaderTriesAgain(t *testing.T) {
	b := newBench(t)
	b.write("a.json", zoneJSON("a"))
	b.rows.fail = errors.New("node is behind")
	b.poll(`error Failed to load "a.json": node is behind`)
	b.poll()
	b.rows.fail = nil
	b.poll(loadedA)
	b.wantHosts("a")
}

func TestLoaderWatchesIncludes(t *testing.T) {
	b := newBench(t)
	b.write("hosts", "a A 192.0.2.x\n")
	b.write("example.zone", masterHead+"$INCLUDE hosts\n")
	b.poll("error Refused hosts:1:...")
	b.write("hosts", "a A 192.0.2.1\n")
	b.poll(`info Loaded "example.zone": hosted zone ` + model.NewZoneID(account, "load", "example.org.") + ` (example.org.), 3 RRsets, 0 health checks`)
	b.write("hosts", "b A 192.0.2.1\n")
	b.poll(`info Loaded "example.zone"...`)
}

func TestLoaderLoad(t *testing.T) {
	b := newBench(t)
	b.write("a.json", zoneJSON("a"))
	if err := b.Load(); err != nil || len(b.rows.rows) != 0 {
		t.Fatalf("Load = %v, with %d rows", err, len(b.rows.rows))
	}
	b.poll(loadedA)
	b.write("b.json", "{")
	b.write("c.zone", "x")
	err := New(b.Config).Load()
	if got := flatten(err); len(got) != 2 {
		t.Errorf("Load = %v, want two faults", err)
	}
}

func TestLoadTwice(t *testing.T) {
	b := newBench(t)
	b.write("a.json", zoneJSON("a"))
	b.write("b.json", zoneJSON("a"))
	glob, path := b.Sources[0].Glob, filepath.Join(b.folder, "a.json")
	tests := []struct {
		name    string
		sources []Source
		want    string
	}{
		{"one file", []Source{{path, account}}, ""},
		{"one zone in two files", []Source{{glob, account}}, "b.json: hosted zone Z1 (example.org.) is also in a.json"},
		{"one file by two names", []Source{{path, account}, {b.folder + "/./a.json", account}}, `./a.json: both "a.json" and "./a.json" name this file`},
		{"no such file", []Source{{b.folder + "/none.json", account}}, "none.json: there is no such file"},
		{"bad pattern", []Source{{b.folder + "/[", account}}, "[: syntax error in pattern"},
		{"nothing matches", []Source{{b.folder + "/*.none", account}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs, err := Load(tt.sources)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), b.folder+"/", "")
			}
			if got != tt.want || err != nil && docs != nil {
				t.Errorf("Load = %v, %q, want %q", docs, got, tt.want)
			}
		})
	}
}

func TestLoaderRun(t *testing.T) {
	b := newBench(t)
	b.write("a.json", zoneJSON("a"))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { b.Run(ctx); close(done) }()
		synctest.Wait()
		b.wantHosts("a")
		b.write("a.json", zoneJSON("b"))
		time.Sleep(time.Second)
		synctest.Wait()
		b.wantHosts("b")
		cancel()
		<-done
	})
}

// TestUnchangedFileIsNotParsed starts anew on a file that this node has seen:
// it is neither parsed nor imported, until it changes.
func TestUnchangedFileIsNotParsed(t *testing.T) {
	b := newBench(t)
	const name = "example.org.zone"
	text := "$ORIGIN example.org.\n@ 900 IN SOA ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400\n@ 60 IN NS ns-1.awsdns-00.com.\n"
	b.write(name, text)
	b.poll(`info Loaded "example.org.zone": ...`)
	path, err := filepath.Abs(filepath.Join(b.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	v, ok := b.rows.Get(model.TableSeen, path)
	if !ok {
		t.Fatalf("nothing is remembered of %s", path)
	}
	again := func(seen *model.Seen) *Loader {
		t.Helper()
		c := b.Config
		c.Seen = func(string) *model.Seen { return seen }
		b.Loader = New(c)
		if err := b.Load(); err != nil {
			t.Fatal(err)
		}
		return b.Loader
	}
	if f := again(v.(*model.Seen)).files[path]; f.pending != nil || f.subject != v.(*model.Seen).Zone {
		t.Errorf("a file that is as it was is pending: %v, as %q", f.pending != nil, f.subject)
	}
	b.poll()
	b.write(name, text+"www 60 IN A 192.0.2.1\n")
	b.poll(`info Loaded "example.org.zone": ...`)
	other := *v.(*model.Seen)
	other.Hash = make([]byte, 32)
	if f := again(&other).files[path]; f.pending == nil {
		t.Error("a file that is another than was seen is not pending")
	}
	if f := again(nil).files[path]; f.pending == nil {
		t.Error("a file that was never seen is not pending")
	}
}
