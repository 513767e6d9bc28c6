package sweep

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

const account = "111111111111"

var began = time.UnixMilli(1_800_000_000_000)

// world is a replica that is swept, and its clock.
type world struct {
	t       testing.TB
	replica *state.Replica
	now     time.Time
	*Sweeper
	lines []string
}

func newWorld(t testing.TB, rules Rules) *world {
	t.Helper()
	r, err := state.Open(state.Options{Core: state.Config{
		Self: state.Member{Run: 7, Node: "self", Kind: "dns"}, Store: state.NewMemoryStore(), Seed: 1, Now: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	<-r.Ready()
	w := &world{t: t, replica: r, now: began}
	w.Sweeper = &Sweeper{
		Replica: r, Rules: rules, Now: func() time.Time { return w.now },
		Log: func(format string, args ...any) { w.lines = append(w.lines, fmt.Sprintf(format, args...)) },
	}
	return w
}

func (w *world) commit(f func(t *state.Tx) error) {
	w.t.Helper()
	if _, err := w.replica.Commit(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(values ...model.Value) {
	w.t.Helper()
	w.commit(func(t *state.Tx) error {
		for _, v := range values {
			if err := t.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) has(v model.Value) (there bool) {
	w.t.Helper()
	_ = w.replica.View(func(rd *state.Reader) error { there = rd.Has(v.Table(), v.Key()); return nil })
	return there
}

// round sweeps until all rows were looked at, and returns in how many steps.
func (w *world) round() int {
	w.t.Helper()
	for steps := 1; ; steps++ {
		if err := w.Step(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if w.table == "" && w.key == "" {
			return steps
		}
	}
}

func zone(id string) *model.Zone {
	return &model.Zone{ID: id, Name: "example.org.", Account: account, NameServers: model.DelegationServers(id), Created: began}
}

func rrset(zone string, n int) *model.RRset {
	return &model.RRset{Zone: zone, Name: model.Name(fmt.Sprintf("n%d.example.org.", n)), Type: "A", TTL: 60, Values: []string{"192.0.2.1"}}
}

// TestOrphans takes the row above away from each kind of row, and gives it back.
func TestOrphans(t *testing.T) {
	check := &model.HealthCheck{ID: model.NewUUID("check"), Account: account, Version: 1, Config: model.HealthCheckConfig{Type: "TCP", IPAddress: "192.0.2.1", Port: 80}, Created: began}
	distribution := model.NewDistribution(account, "one")
	balancer := model.NewLoadBalancer(account, "web-1.eu-west-3.elb.amazonaws.com", "edge")
	certificate := &model.Certificate{
		ARN: model.NewCertificateARN("us-east-1", account, "one"), Account: account, Region: "us-east-1", Names: []model.Name{"example.org."},
		Type: model.CertificateImported, KeyAlgorithm: model.KeyECP256, Created: began,
	}
	claim := func(host, kind, owner, name string) *model.Claim {
		return &model.Claim{Host: host, Account: account, Kind: kind, Owner: owner, OwnerName: name, Since: 1}
	}
	reserved := claim("old.example.org", model.OwnerDistribution, distribution.ID, distribution.DomainName)
	reserved.Reserved = true
	tests := []struct {
		name       string
		above, row model.Value
		stays      bool
	}{
		{"RRset", zone("Z1"), rrset("Z1", 1), false},
		{"VPC authorization", zone("Z1"), &model.VPCAuthorization{Zone: "Z1", VPC: model.VPC{ID: "vpc-1", Region: "us-east-1"}}, false},
		{"query logging", zone("Z1"), &model.QueryLoggingConfig{ID: model.NewUUID("q"), Account: account, Zone: "Z1", LogGroup: "arn"}, false},
		{"traffic policy instance", zone("Z1"), &model.TrafficPolicyInstance{ID: model.NewUUID("i"), Account: account, Zone: "Z1", Name: "www.example.org.", Type: "A", TTL: 60, Policy: model.NewUUID("p"), Version: 1, Sets: 1}, false},
		{"tag of a zone", zone("Z1"), &model.Tag{Kind: model.TaggedZone, Resource: "Z1", Name: "k"}, false},
		{"tag of a health check", check, &model.Tag{Kind: model.TaggedHealthCheck, Resource: check.ID, Name: "k"}, false},
		{"tag of a distribution", distribution, &model.Tag{Kind: model.TaggedDistribution, Resource: distribution.ID, Name: "k"}, false},
		{"operator's word", check, &model.HealthForce{HealthCheckID: check.ID, State: model.Healthy, At: began}, false},
		{"claim of a distribution", distribution, claim("www.example.org", model.OwnerDistribution, distribution.ID, distribution.DomainName), false},
		{"claim of a load balancer", balancer, claim("app.example.org", model.OwnerLoadBalancer, balancer.ARN, balancer.DNSName), false},
		{"reserved name", distribution, reserved, true},
		{"certificate of a list", balancer, &model.ListenerCertificate{Listener: balancer.ListenerARN(), Certificate: certificate.ARN}, false},
		{"leaf", certificate, &model.CertificateLeaf{ARN: certificate.ARN, Chain: [][]byte{{1}}, SealedKey: []byte{2}, NotAfter: began}, false},
		{"proofs", certificate, &model.CertificateWork{ARN: certificate.ARN, At: began}, false},
		{"mark", certificate, &model.CertificateMark{ARN: certificate.ARN, Kind: model.MarkExported, At: began}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, Orphans())
			sweep := func(passed time.Duration, want bool) {
				t.Helper()
				w.now = w.now.Add(passed)
				w.round()
				if got := w.has(tt.row); got != want {
					t.Fatalf("%+v is there: %t, want %t", tt.row, got, want)
				}
			}
			w.put(tt.above, tt.row)
			sweep(0, true)
			sweep(2*patience, true)
			w.commit(func(tx *state.Tx) error { tx.Delete(tt.above.Table(), tt.above.Key()); return nil })
			sweep(0, true)
			sweep(patience-time.Second, true)
			w.put(tt.above) // comes back, and goes again: its time begins anew
			sweep(time.Second, true)
			w.commit(func(tx *state.Tx) error { tx.Delete(tt.above.Table(), tt.above.Key()); return nil })
			sweep(time.Second, true)
			sweep(patience-time.Second, true)
			sweep(time.Second, tt.stays)
		})
	}
}

// TestManyRows: zones that are there cost a look each, however many RRsets they
// have, and an orphan among them is found.
func TestManyRows(t *testing.T) {
	w := newWorld(t, Orphans())
	const sets = 3 * stepRows
	var values []model.Value
	for _, id := range []string{"Z1", "Z3"} {
		values = append(values, zone(id))
		for n := range sets {
			values = append(values, rrset(id, n))
		}
	}
	for n := range sets {
		values = append(values, rrset("Z2", n))
	}
	w.put(values...)
	if steps := w.round(); steps != sets/stepRows+1 {
		t.Errorf("a round took %d steps, want %d", steps, sets/stepRows+1)
	}
	w.now = w.now.Add(patience)
	w.round()
	_ = w.replica.View(func(rd *state.Reader) error {
		for id, want := range map[string]int{"Z1": sets, "Z2": 0, "Z3": sets} {
			if got := rd.Count(model.TableRRsets, model.RRsetPrefix(id), 0); got != want {
				t.Errorf("%s has %d RRsets, want %d", id, got, want)
			}
		}
		return nil
	})
	if steps := w.round(); steps != 1 {
		t.Errorf("a round without orphans took %d steps, want 1", steps)
	}
}

// TestReport: a line is logged once, however many rounds.
func TestReport(t *testing.T) {
	w := newWorld(t, Rules{
		Of: "tests", Tables: []string{model.TableZones},
		Gone:   func(*state.Reader, model.Value, int64) bool { return false },
		Report: func(_ *state.Reader, v model.Value) string { return "seen " + v.Key() },
	})
	w.put(zone("Z1"), zone("Z2"))
	w.round()
	w.round()
	if got := fmt.Sprint(w.lines); got != "[seen Z1 seen Z2]" {
		t.Errorf("logged %s", got)
	}
}

// TestChosen: of the members of one kind that are not behind exactly one is
// chosen for a row, and each for some.
func TestChosen(t *testing.T) {
	const rows = 1000
	members := []state.Member{{Run: 1, Kind: "dns"}, {Run: 2, Kind: "dns"}, {Run: 3, Kind: "dns"}, {Run: 4, Kind: "edge"}, {Run: 5, Kind: "dns", Behind: true}}
	count := make([]int, len(members))
	for row := range rows {
		chosenOnes := 0
		for i := range members {
			view := append([]state.Member(nil), members...)
			view[i].Self = true
			if members[i].Kind == "dns" && chosen(view, fmt.Sprint("row ", row)) {
				count[i]++
				chosenOnes++
			}
		}
		if chosenOnes != 1 {
			t.Fatalf("row %d: %d nodes are chosen, want one", row, chosenOnes)
		}
	}
	for i, want := range []bool{true, true, true, false, false} {
		if (count[i] > rows/5) != want {
			t.Errorf("member %d is chosen %d times of %d", i, count[i], rows)
		}
	}
}
