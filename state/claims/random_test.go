package claims

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0: a new one")

// TestRandomHistories drives a compiler with random changes. After each batch
// its view is the one that a new compiler makes of all rows at once, and each
// name's owner is what a slow reading of the rows says.
func TestRandomHistories(t *testing.T) {
	s := *seedFlag
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	r := rand.New(rand.NewPCG(s, 0))
	hosts := []string{"a.example.com", "b.example.com", "*.example.com", "*.a.example.com", "*.b.a.example.com", "c.b.a.example.com", "example.com"}
	asked := []string{
		"a.example.com", "b.example.com", "c.b.a.example.com", "example.com", "x.b.a.example.com", "x.example.com",
		"d0.cloudfront.net", "l1.eu-west-3.elb.amazonaws.com",
	}
	c, rows := NewCompiler(), make(map[string]state.Change)
	for step := range 500 {
		var b state.Batch
		touched := make(map[string]bool)
		for range 1 + r.IntN(4) {
			ch := randomChange(r, hosts, hlc.Stamp(step))
			id := ch.Table + " " + ch.Key
			if touched[id] {
				continue
			}
			touched[id] = true
			b.Changes = append(b.Changes, ch)
			if ch.Value == nil {
				delete(rows, id)
			} else {
				rows[id] = ch
			}
		}
		v := c.Apply(b)
		all := slices.Collect(maps.Values(rows))
		wantSame(t, dump(v, asked), dump(NewCompiler().Apply(state.Batch{Reset: true, Changes: all}), asked))
		for _, h := range asked {
			if got, _ := v.Owner(h); got.Name != slowOwner(all, h) {
				t.Fatalf("step %d: Owner(%q) = %q, want %q of %v", step, h, got.Name, slowOwner(all, h), all)
			}
		}
	}
}

func randomChange(r *rand.Rand, hosts []string, stamp hlc.Stamp) state.Change {
	account := []string{one, two}[r.IntN(2)]
	declarer := []string{"", "p", "q"}[r.IntN(3)]
	d := dist(account, fmt.Sprintf("d%d.cloudfront.net", r.IntN(3)), declarer)
	lb := model.NewLoadBalancer(account, fmt.Sprintf("l%d.eu-west-3.elb.amazonaws.com", r.IntN(3)), declarer)
	d.Since, lb.Since = hlc.Stamp(r.IntN(50)), hlc.Stamp(r.IntN(50))
	var v model.Value
	switch r.IntN(6) {
	case 0:
		v = d
	case 1:
		v = lb
	case 2, 3:
		v = answers(lb, hosts[r.IntN(len(hosts))], hlc.Stamp(r.IntN(50)))
	default:
		v = alias(d, hosts[r.IntN(len(hosts))], hlc.Stamp(r.IntN(50)))
	}
	if c, ok := v.(*model.Claim); ok {
		c.Reserved = r.IntN(8) == 0
	}
	if r.IntN(3) == 0 {
		return gone(v)
	}
	return row(v, stamp)
}

// slowOwner returns the own name of who has host, reading all rows.
func slowOwner(rows []state.Change, host string) string {
	if name, held := slowHolder(rows, host); held {
		return name
	}
	labels := strings.Split(host, ".")
	for i := 1; i < len(labels); i++ {
		if name, held := slowHolder(rows, "*."+strings.Join(labels[i:], ".")); held {
			return name
		}
	}
	return ""
}

func slowHolder(rows []state.Change, host string) (string, bool) {
	exists := make(map[string]bool)
	var claims []*model.Claim
	for _, ch := range rows {
		switch v := ch.Value.(type) {
		case *model.Distribution:
			exists[v.ID] = true
			if v.DomainName == host {
				claims = append(claims, &model.Claim{Host: host, Account: v.Account, Kind: model.OwnerDistribution, Owner: v.ID, OwnerName: host, Since: v.Since})
			}
		case *model.LoadBalancer:
			exists[v.ARN] = true
			if v.DNSName == host {
				claims = append(claims, &model.Claim{Host: host, Account: v.Account, Kind: model.OwnerLoadBalancer, Owner: v.ARN, OwnerName: host, Since: v.Since})
			}
		}
	}
	for _, ch := range rows {
		if c, ok := ch.Value.(*model.Claim); ok && c.Host == host && (exists[c.Owner] || c.Reserved) {
			claims = append(claims, c)
		}
	}
	standing, _ := model.Standing(claims)
	for _, s := range standing {
		if !s.Reserved && exists[s.Owner] {
			return s.OwnerName, true
		}
	}
	return "", false
}
