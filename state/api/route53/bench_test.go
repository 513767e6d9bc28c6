package route53

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api"
	"github.com/edgestage/edgestage/state/journal"
)

// BenchmarkUpserts writes batches of 100 RRsets to a zone of 10,000, with
// fsync, from eight clients at once. An operation is one RRset.
func BenchmarkUpserts(b *testing.B) {
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
	h := api.New(api.Config{Replica: r, Services: []api.Service{New(Config{Replica: r})}})
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
