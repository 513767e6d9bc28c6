package route53sim

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state/api/route53"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// shown is an answer as TestDNSAnswer shows it, records sorted.
func shown(rcode string, data []string) string {
	data = slices.Clone(data)
	slices.Sort(data)
	return rcode + "\n" + strings.Join(data, "\n")
}

// TestDNSAnswerAgainstWire asks random questions of random worlds, for clients
// anywhere, over the wire and through TestDNSAnswer: rcode and records are the
// same (aws-behaviour 3.9). Where the answer is drawn, each side draws anew until
// they agree; where there are too many answers for that, as with eight of twenty
// records, both are to give as many records, and each of them about as often.
func TestDNSAnswerAgainstWire(t *testing.T) {
	const perWorld, draws = 100, 2000
	left := cases() / 10
	worlds(t, func(t *testing.T, w *world, rnd *rand.Rand) bool {
		h := w.handler(t)
		w.judge(rnd, h)
		api := answerer{h.instance.running.Load()}
		for range perWorld {
			q := w.ask(rnd)
			q.tcp = true // nothing is cut
			name := strings.ToLower(q.name)
			z := w.zoneFor(name, q.qtype, nil)
			if z == nil || w.asker(q).vpc != nil || q.qtype == dns.TypeANY {
				continue // not for TestDNSAnswer
			}
			var got, want string
			var drawn, wired drawnRecords
			for range draws {
				r, err := api.Answer(context.Background(), route53.Question{Zone: z.id, Name: model.Name(name), Type: q.qtype, Resolver: q.source, Subnet: q.ecs})
				if err != nil {
					t.Fatal(err)
				}
				m := exchange(t, h, q)
				var data []string
				for _, rr := range m.Answer {
					text, err := model.FormatRdata(rr)
					if err != nil {
						t.Fatal(err)
					}
					data = append(data, text)
				}
				if got, want = shown(r.Rcode, r.Data), shown(dns.RcodeToString[m.Rcode], data); got == want {
					break
				}
				drawn.add(r.Rcode, r.Data)
				wired.add(dns.RcodeToString[m.Rcode], data)
			}
			if got != want && (len(drawn) < 10 || !drawn.like(wired)) {
				t.Errorf("%s %s from %s, ECS %v: TestDNSAnswer says\n%s\non the wire\n%s", q.name, dns.Type(q.qtype), q.source, q.ecs, got, want)
				return false
			}
		}
		left -= perWorld
		return left > 0
	})
}

// drawnRecords are how often each record was answered, with the code and the
// number of all those that came with it.
type drawnRecords map[string]int

func (d *drawnRecords) add(rcode string, data []string) {
	if *d == nil {
		*d = make(drawnRecords)
	}
	for _, record := range data {
		(*d)[fmt.Sprint(rcode, " ", len(data), " ", record)]++
	}
}

// like tells whether both may well come from the same chances, of as many draws.
func (d drawnRecords) like(other drawnRecords) bool {
	all := maps.Clone(d)
	for record, n := range other {
		all[record] += n
	}
	for record, n := range all {
		if implausible(0.5, float64(d[record]), float64(n)) {
			return false
		}
	}
	return true
}
