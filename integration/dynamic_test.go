package integration

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// readmeSite returns the site of that host name from the README of
// caddy-edgeguard, at another address, with other name servers and instances on
// another port.
func readmeSite(t testing.TB, host, addr string, servers []string) string {
	t.Helper()
	text, err := os.ReadFile("../caddy-edgeguard/README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```caddyfile\nhttp://" + regexp.QuoteMeta(host) + " (.*?)```").FindSubmatch(text)
	if m == nil {
		t.Fatalf("the README has no site %s", host)
	}
	return "http://" + addr + " " + strings.NewReplacer("resolvers 127.0.0.1:1053", "resolvers "+strings.Join(servers, " "),
		"worker.corp 8080", "worker.corp "+workerPort()).Replace(string(m[1]))
}

// caddyRefresh is `refresh` of the README's sites.
const caddyRefresh = time.Second

// churn is how many instances come and go under load.
const churn = 8

// TestCaddyDynamicUpstreams has Caddy balance over the instances of a service,
// by SRV and by A records, as the README of caddy-edgeguard shows. Instances
// come and go in the order that it says, under load: no request is lost, and
// each instance gets some. At last one is killed without a word.
func TestCaddyDynamicUpstreams(t *testing.T) {
	nodes := discoveryCluster(t, 2, "127.0.0.0/8")
	cloud := nodes[0].cloudMap()
	cloud.createNamespace("corp")
	ids := map[string]string{"backend": cloud.createService("backend", 1, sdtypes.RecordTypeSrv), "worker": cloud.createService("worker", 1, sdtypes.RecordTypeA)}

	servers := []string{nodes[0].addr, nodes[1].addr}
	sites := map[string]string{"backend": freePort(t), "worker": freePort(t)}
	dir := t.TempDir()
	path := filepath.Join(dir, "Caddyfile")
	writeFile(t, path, "{\n\tadmin off\n\tauto_https off\n\tstorage file_system "+dir+"/caddy\n}\n"+
		readmeSite(t, "backend.example.org", sites["backend"], servers)+"\n"+readmeSite(t, "worker.example.org", sites["worker"], servers))
	run(t, "caddy", dir, binary(t, "caddy"), "run", "--config", path)

	for service, site := range sites {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			e := newECS(t, cloud)
			e.ids = ids
			e.churnUnderLoad(t, service, site)
		})
	}
}

// churnUnderLoad replaces the instances of a service one after the other.
func (e *ecs) churnUnderLoad(t *testing.T, service, site string) {
	start := func(i int) string {
		id := fmt.Sprintf("%s-%d", service, i)
		addr := fmt.Sprintf("127.1.3.%d:%s", i+1, workerPort())
		if service == "backend" {
			addr = fmt.Sprintf("127.1.4.%d:0", i+1)
		}
		e.run(service, id, addr, 0, slowly(worker(id)))
		return id
	}
	first, second := start(0), start(1)
	eventually(t, func() string {
		status, body, err := get("http://" + site)
		if err != nil || status != 200 {
			return fmt.Sprintf("Caddy answers %d %q, %v", status, body, err)
		}
		return ""
	})
	load := newTraffic("http://"+site, 8)
	live := []string{first, second}
	for i := 2; i < churn; i++ {
		live = append(live, start(i))
		load.until(t, live[len(live)-1])
		e.drain(t, live[0])
		live = live[1:]
	}
	counts := load.stop(t)
	t.Logf("%d instances, %d requests, none lost", len(counts), sum(counts))
	if len(counts) != churn {
		t.Errorf("%d instances have answered, want all %d: %v", len(counts), churn, counts)
	}
	t.Run("killed without a word", func(t *testing.T) {
		e.tasks[live[0]].kill()
		for range 20 {
			status, body, err := get("http://" + site)
			if err != nil || status != 200 || body != "work by "+live[1] {
				t.Fatalf("Caddy answers %d %q, %v; want work by %s", status, body, err, live[1])
			}
		}
	})
}

// slowly makes each request take a moment, so that some are always under way.
func slowly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(20 * time.Millisecond): // the work
		case <-r.Context().Done():
			return
		}
		h.ServeHTTP(w, r)
	})
}

// drain takes a task away as the README says: deregistered first, then
// answering on for longer than Caddy remembers, then ending what it has begun.
func (e *ecs) drain(t *testing.T, id string) {
	t.Helper()
	k := e.tasks[id]
	if err := e.cloud.deregister(e.ids[k.service], id); err != nil {
		t.Fatal(err)
	}
	time.Sleep(caddyRefresh + caddyRefresh/2) // the operator's wait
	if err := k.server.Shutdown(t.Context()); err != nil {
		t.Errorf("task %s does not end: %v", id, err)
	}
	delete(e.tasks, id)
}

// traffic is clients that ask without a pause.
type traffic struct {
	done    chan struct{}
	clients sync.WaitGroup

	mu     sync.Mutex
	counts map[string]int // answers by the task that gave them
	lost   []string
}

func newTraffic(url string, clients int) *traffic {
	l := &traffic{done: make(chan struct{}), counts: map[string]int{}}
	for range clients {
		l.clients.Go(func() {
			for {
				select {
				case <-l.done:
					return
				default:
					l.ask(url)
				}
			}
		})
	}
	return l
}

func (l *traffic) ask(url string) {
	resp, err := http.Get(url)
	text := ""
	if err == nil {
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		text = fmt.Sprintf("%d %s", resp.StatusCode, body)
	} else {
		text = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if id, ok := strings.CutPrefix(text, "200 work by "); ok {
		l.counts[id]++
	} else {
		l.lost = append(l.lost, text)
	}
}

// until waits until a task has answered.
func (l *traffic) until(t *testing.T, id string) {
	t.Helper()
	eventually(t, func() string {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.counts[id] == 0 {
			return fmt.Sprintf("%s has answered nothing yet: %v", id, l.counts)
		}
		return ""
	})
}

// stop ends the load and returns the answers by task; a lost request is a
// failure.
func (l *traffic) stop(t *testing.T) map[string]int {
	t.Helper()
	close(l.done)
	l.clients.Wait()
	if len(l.lost) > 0 {
		t.Errorf("%d requests of %d are lost, first %q", len(l.lost), len(l.lost)+sum(l.counts), l.lost[0])
	}
	return l.counts
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}
