package route53

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/journal"
	"github.com/edgestage/edgestage/state/model"
)

// benchNode returns the API of a node with a disk, and the node's state.
func benchNode(b *testing.B) (*api.Handler, *state.Replica) {
	b.Helper()
	store, err := journal.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	r, err := state.Open(state.Options{Core: state.Config{Self: state.Member{Run: 7, Node: "self"}, Store: store, Seed: 1, Now: time.Now()}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	return api.New(api.Config{Replica: r, Services: []api.Service{New(Config{Replica: r})}}), r
}

// BenchmarkListPages pages through a zone of 100,000 RRsets, 300 at a time. An
// operation is the whole zone; what the first and the last tenth of its pages
// took shows whether pages get slower on the way.
func BenchmarkListPages(b *testing.B) {
	const sets, page, step = 100_000, 300, 5000
	h, r := benchNode(b)
	z := &model.Zone{ID: "Z0BENCH", Name: "example.org.", Account: testAccount, NameServers: model.DelegationServers("Z0BENCH")}
	for first := 0; first < sets; first += step {
		_, err := r.Commit(ctx, func(t *state.Tx) error {
			errs := []error{t.Put(z)}
			for i := first; i < first+step; i++ {
				errs = append(errs, t.Put(&model.RRset{Zone: z.ID, Name: model.Name(fmt.Sprintf("n%06d.example.org.", i)), Type: "A", TTL: 60, Values: []string{"192.0.2.1"}}))
			}
			return errors.Join(errs...)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var begin, end time.Duration
	b.ResetTimer()
	for range b.N {
		listed, pages := 0, 0
		for from := ""; ; pages++ {
			w, start := httptest.NewRecorder(), time.Now()
			h.ServeHTTP(w, fuzzRequest("GET", fmt.Sprintf("/2013-04-01/hostedzone/%s/rrset?maxitems=%d%s", z.ID, page, from), ""))
			took, body := time.Since(start), w.Body.String()
			if pages < sets/page/10 {
				begin += took
			} else if pages >= sets/page-sets/page/10 {
				end += took
			}
			listed += strings.Count(body, "<ResourceRecordSet>")
			_, next, more := strings.Cut(body, "<NextRecordName>")
			if !more {
				break
			}
			next, _, _ = strings.Cut(next, "<")
			from = "&name=" + next + "&type=A"
		}
		if listed != sets {
			b.Fatalf("%d RRsets listed, want %d", listed, sets)
		}
	}
	perPage := float64(b.N * (sets / page / 10))
	b.ReportMetric(float64(begin.Microseconds())/perPage, "us/first-pages")
	b.ReportMetric(float64(end.Microseconds())/perPage, "us/last-pages")
	b.ReportMetric(float64(b.N*sets)/b.Elapsed().Seconds(), "sets/s")
}

// BenchmarkUpserts writes batches of 100 RRsets to a zone of 10,000, with
// fsync, from eight clients at once. An operation is one RRset.
func BenchmarkUpserts(b *testing.B) {
	h, _ := benchNode(b)
	send := func(path, body string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, fuzzRequest("POST", "/2013-04-01/"+path, body))
		if w.Code >= 300 {
			b.Errorf("POST %s = %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	made := send("hostedzone", `<CreateHostedZoneRequest><Name>example.org</Name><CallerReference>a</CallerReference></CreateHostedZoneRequest>`)
	_, id, _ := strings.Cut(made, "/hostedzone/")
	id, _, _ = strings.Cut(id, "<")
	batch := func(first int) string {
		var s strings.Builder
		s.WriteString(`<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>`)
		for i := range 100 {
			fmt.Fprintf(&s, `<Change><Action>UPSERT</Action><ResourceRecordSet><Name>n%d.example.org</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.%d</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>`, (first+i)%9900, i)
		}
		s.WriteString(`</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`)
		return s.String()
	}
	b.ReportAllocs()
	b.ResetTimer()
	work := make(chan int)
	done := make(chan struct{})
	const clients = 8
	for range clients {
		go func() {
			for first := range work {
				send("hostedzone/"+id+"/rrset/", batch(first))
			}
			done <- struct{}{}
		}()
	}
	for n := 0; n < b.N; n += 100 {
		work <- n
	}
	close(work)
	for range clients {
		<-done
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}
