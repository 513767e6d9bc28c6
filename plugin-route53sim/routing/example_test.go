package routing_test

import (
	"fmt"
	"net/netip"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/routing"
)

// rrsetKey names a group.
type rrsetKey struct {
	name model.Name
	typ  string
}

// zone is the least that a zone needs: its RRsets and the state of health
// checks.
type zone struct {
	id      string
	rrsets  map[rrsetKey][]*model.RRset
	failing map[string]bool // by health check id
}

// define tells the forest what an RRset consists of. The RRsets themselves are
// the owner, so that the index of a member is the index of an RRset.
func (z *zone) define(key rrsetKey) (routing.Definition[rrsetKey], bool) {
	sets := z.rrsets[key]
	if len(sets) == 0 {
		return routing.Definition[rrsetKey]{}, false
	}
	d := routing.Definition[rrsetKey]{Owner: sets, Policy: sets[0].Policy(), Targets: make([]rrsetKey, len(sets))}
	for i, r := range sets {
		m := routing.NewMember(r)
		m.Unhealthy = z.failing[r.HealthCheckID]
		if r.Alias != nil && r.Alias.ZoneID == z.id {
			m.Lead, d.Targets[i] = routing.ToGroup, rrsetKey{r.Alias.Name, r.Type}
		}
		d.Members = append(d.Members, m)
	}
	return d, true
}

// A zone with latency aliases over a weighted pair and a single address, asked
// by a client in Europe, before and after a health check fails.
func Example() {
	weight := func(w int64) *int64 { return &w }
	aliasTo := func(name model.Name) *model.AliasTarget {
		return &model.AliasTarget{ZoneID: "ZEXAMPLE", Name: name, EvaluateTargetHealth: true}
	}
	www, eu, us := rrsetKey{"www.example.org.", "A"}, rrsetKey{"eu.example.org.", "A"}, rrsetKey{"us.example.org.", "A"}
	z := &zone{id: "ZEXAMPLE", failing: map[string]bool{}, rrsets: map[rrsetKey][]*model.RRset{
		www: {
			{Type: "A", SetID: "paris", Region: "eu-west-3", Alias: aliasTo(eu.name)},
			{Type: "A", SetID: "ohio", Region: "us-east-2", Alias: aliasTo(us.name)},
		},
		eu: {
			{Type: "A", SetID: "blue", Weight: weight(1), Values: []string{"192.0.2.1"}, HealthCheckID: "check"},
			{Type: "A", SetID: "green", Weight: weight(0), Values: []string{"192.0.2.2"}, HealthCheckID: "check"},
		},
		us: {{Type: "A", Values: []string{"192.0.2.9"}}},
	}}

	forest := routing.NewForest(z.define)
	forest.Change(www, eu, us) // all that a commit touched

	locator, err := locate.New(locate.Config{Region: "eu-west-1"})
	if err != nil {
		panic(err)
	}
	ask := func() {
		client := locator.Locate(netip.MustParseAddr("192.0.2.77"), locate.ECS{})
		var buf [routing.MaxAnswers]int
		seed := uint64(1) // rand.Uint64() in a server
		choice := forest.Group(www).Pick(&client, seed, buf[:0], nil)
		for _, i := range choice.Members {
			fmt.Println(choice.Group.Owner().([]*model.RRset)[i].Values)
		}
	}
	ask()
	z.failing["check"] = true
	fmt.Println("compiled anew:", len(forest.Change(eu))) // all RRsets with that check
	ask()
	// Output:
	// [192.0.2.1]
	// compiled anew: 2
	// [192.0.2.9]
}
