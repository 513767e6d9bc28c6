package integration

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// question is a name and a type to ask for.
type question struct {
	name  string
	qtype uint16
}

// workload are the questions of one round, in order.
type workload struct {
	questions []question
	file      string // the same for dnsperf
	edns      bool
}

// newWorkload returns n questions drawn from positive, of which misses percent
// are changed to names that do not exist.
func newWorkload(t testing.TB, positive []question, n, misses int) *workload {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	w := new(workload)
	var text strings.Builder
	for i := range n {
		q := positive[r.IntN(len(positive))]
		if i%100 < misses {
			q.name = "nx-" + q.name
		}
		w.questions = append(w.questions, q)
		fmt.Fprintln(&text, q.name, dns.TypeToString[q.qtype])
	}
	w.file = filepath.Join(t.TempDir(), "questions")
	writeFile(t, w.file, text.String())
	return w
}

// replies counts what came back, by response code.
type replies map[string]int

func (r replies) answered() int {
	sum := 0
	for _, n := range r {
		sum += n
	}
	return sum
}

// send asks all questions once, 100 at a time: with dnsperf where it is
// installed, otherwise from here.
func (w *workload) send(t testing.TB, addr string) replies {
	t.Helper()
	var got replies
	if path, err := exec.LookPath("dnsperf"); err == nil {
		got = w.dnsperf(t, path, addr)
	} else {
		got = w.sendFromHere(t, addr)
	}
	if n := len(w.questions); got.answered() < n*99/100 {
		t.Fatalf("%s answers %d of %d queries", addr, got.answered(), n)
	}
	return got
}

// rcodeCounts matches the line of response codes in what dnsperf prints.
var rcodeCounts = regexp.MustCompile(`(?:Response codes:|,)\s+([A-Z]+) (\d+) \([0-9.]+%\)`)

func (w *workload) dnsperf(t testing.TB, path, addr string) replies {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	args := []string{"-s", host, "-p", port, "-d", w.file, "-n", "1", "-q", "100", "-c", "20"}
	if w.edns {
		args = append(args, "-e")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("dnsperf: %v\n%s", err, out)
	}
	got := make(replies)
	for _, m := range rcodeCounts.FindAllStringSubmatch(string(out), -1) {
		got[m[1]], _ = strconv.Atoi(m[2])
	}
	return got
}

// sendFromHere asks from 100 sockets, each one question after the other.
func (w *workload) sendFromHere(t testing.TB, addr string) replies {
	const sockets = 100
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		got   = make(replies)
	)
	for i := range sockets {
		group.Go(func() {
			own := make(replies)
			w.sendShare(t, addr, i, sockets, own)
			mu.Lock()
			defer mu.Unlock()
			for code, n := range own {
				got[code] += n
			}
		})
	}
	group.Wait()
	return got
}

// sendShare asks each questions[i] for i = first, first + step, and so on. A
// reply that does not come within five seconds counts as lost.
func (w *workload) sendShare(t testing.TB, addr string, first, step int, got replies) {
	conn, err := dns.DialTimeout("udp", addr, deadline)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	c := dns.Client{Timeout: 5 * time.Second}
	for i := first; i < len(w.questions); i += step {
		m := new(dns.Msg).SetQuestion(w.questions[i].name, w.questions[i].qtype)
		m.RecursionDesired = false
		if w.edns {
			m.SetEdns0(4096, false)
		}
		if r, _, err := c.ExchangeWithConn(m, conn); err == nil {
			got[dns.RcodeToString[r.Rcode]]++
		}
	}
}

// measure sends w to s once and keeps the CPU time of a query if it is the
// least yet. Other work on the machine can only add to it.
func (s *benchServer) measure(w *workload) replies {
	s.t.Helper()
	before := s.cpu()
	got := w.send(s.t, s.addr)
	s.cost = min(s.cost, (s.cpu()-before)/time.Duration(got.answered()))
	return got
}
