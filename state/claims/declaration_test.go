package claims

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// apply commits what d says, and returns what it is refused for.
func apply(t *testing.T, r *state.Replica, d *Declaration, at hlc.Stamp, o ApplyOptions) error {
	t.Helper()
	_, err := r.Commit(context.Background(), func(tx *state.Tx) error {
		_, err := d.Apply(tx, at, d.Surplus(&tx.Reader), o)
		return err
	})
	return err
}

func mustApply(t *testing.T, r *state.Replica, d *Declaration, at hlc.Stamp) {
	t.Helper()
	if err := apply(t, r, d, at, ApplyOptions{}); err != nil {
		t.Fatalf("Apply() = %v", err)
	}
}

// declares returns a declaration of one distribution of an account.
func declares(node, account, name string, aliases ...string) *Declaration {
	d := NewDeclaration(node)
	d.Distribution(account, name, aliases)
	return d
}

// owns checks who has which hosts.
func owns(t *testing.T, r *state.Replica, want map[string]string) {
	t.Helper()
	f := Follow(r)
	defer f.Close()
	commit(t, r, &model.Import{Zone: "Z1"}) // and so all before is seen
	for f.View().Names() == 0 && len(want) > 0 {
		commit(t, r, &model.Import{Zone: "Z2"})
	}
	wantOwners(t, f.View(), want)
}

// TestDeclarationsAddUp: two edges declare one distribution; each alias is there
// as long as one of them declares it.
func TestDeclarationsAddUp(t *testing.T) {
	r := open(t)
	mustApply(t, r, declares("p", one, "d1.cloudfront.net", "a.example.com", "b.example.com"), 1)
	mustApply(t, r, declares("q", one, "d1.cloudfront.net", "b.example.com", "c.example.com"), 2)
	name := "d1.cloudfront.net"
	owns(t, r, map[string]string{"a.example.com": name, "b.example.com": name, "c.example.com": name, name: name})
	mustApply(t, r, declares("p", one, "d1.cloudfront.net"), 3)
	owns(t, r, map[string]string{"a.example.com": "", "b.example.com": name, "c.example.com": name, name: name})
	mustApply(t, r, NewDeclaration("q"), 4)
	owns(t, r, map[string]string{"b.example.com": "", "c.example.com": "", name: name})
	mustApply(t, r, NewDeclaration("p"), 5)
	if err := r.View(func(rd *state.Reader) error {
		if n := rd.Count(model.TableDistributions, "", 0) + rd.Count(model.TableClaims, "", 0); n != 0 {
			t.Errorf("%d rows are left of what nobody declares any more", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestDeclaringAgainWritesNothing: a restart leaves rows and their versions.
func TestDeclaringAgainWritesNothing(t *testing.T) {
	r := open(t)
	d := declares("p", one, "d1.cloudfront.net", "a.example.com")
	d.LoadBalancer(one, "web.eu-west-3.elb.amazonaws.com", "arn:aws:acm:eu-west-3:111111111111:certificate/a", []string{"b.example.com"})
	d.Rules = &model.ClaimRules{Wildcards: model.WildcardsStrict, Resolvers: []string{"192.0.2.53:53"}}
	mustApply(t, r, d, 1)
	v, err := r.Commit(context.Background(), func(tx *state.Tx) error {
		_, err := d.Apply(tx, 2, d.Surplus(&tx.Reader), ApplyOptions{})
		return err
	})
	if err != nil || v != (state.Version{}) {
		t.Errorf("declaring the same again is commit %v, %v, want none", v, err)
	}
}

// TestConflicts checks aws-behaviour 9.2 rules 4, 6 and 7.
func TestConflicts(t *testing.T) {
	tests := []struct {
		name   string
		strict bool
		first  *Declaration
		second *Declaration
		want   string // in the error; "": none
	}{
		{"same name, other account", false, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", two, "d2.cloudfront.net", "www.example.com"),
			"host name 'www.example.com' belongs to d1.cloudfront.net of account 111111111111"},
		{"same name, other distribution", false, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", one, "d2.cloudfront.net", "www.example.com"), "belongs to d1.cloudfront.net"},
		{"same name, same distribution", false, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", one, "d1.cloudfront.net", "www.example.com"), ""},
		{"same wildcard, other account", false, declares("p", one, "d1.cloudfront.net", "*.example.com"), declares("q", two, "d2.cloudfront.net", "*.example.com"), "belongs to"},
		{"own name of another account's", false, declares("p", one, "d1.cloudfront.net"), declares("q", two, "d1.cloudfront.net"), "host name 'd1.cloudfront.net' belongs to"},
		{"wildcard above, same account", true, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", one, "d2.cloudfront.net", "*.example.com"), ""},
		{"wildcard above, other account", false, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", two, "d2.cloudfront.net", "*.example.com"), ""},
		{"wildcard above, other account, 2018", true, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", two, "d2.cloudfront.net", "*.example.com"),
			"'*.example.com' is above a name of another account: host name 'www.example.com' belongs to"},
		{"wildcard above a deeper one, 2018", true, declares("p", one, "d1.cloudfront.net", "*.a.b.example.com"), declares("q", two, "d2.cloudfront.net", "*.example.com"), "is above a name"},
		{"wildcard beside, 2018", true, declares("p", one, "d1.cloudfront.net", "www.example.com"), declares("q", two, "d2.cloudfront.net", "*.xample.com"), ""},
		{"name below, 2018", true, declares("p", one, "d1.cloudfront.net", "*.example.com"), declares("q", two, "d2.cloudfront.net", "www.example.com"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t)
			if tt.strict {
				tt.first.Rules = &model.ClaimRules{Wildcards: model.WildcardsStrict}
			}
			mustApply(t, r, tt.first, 1)
			err := apply(t, r, tt.second, 2, ApplyOptions{})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Apply() = %v, want %q", err, tt.want)
			}
			conflict := (*ConflictError)(nil)
			if err != nil && !errors.As(err, &conflict) {
				t.Errorf("Apply() = %T, want a ConflictError", err)
			}
			if err != nil && len(surplusOf(t, r, NewDeclaration("q"))) != 0 {
				t.Error("a declaration that was refused has left claims")
			}
		})
	}
}

// surplusOf returns what d no longer declares.
func surplusOf(t *testing.T, r *state.Replica, d *Declaration) (surplus []*model.Claim) {
	t.Helper()
	if err := r.View(func(rd *state.Reader) error { surplus = d.Surplus(rd); return nil }); err != nil {
		t.Fatal(err)
	}
	return surplus
}

// TestLenient: what others have is left out, the rest is there.
func TestLenient(t *testing.T) {
	r := open(t)
	mustApply(t, r, declares("p", one, "d1.cloudfront.net", "www.example.com"), 1)
	if err := apply(t, r, declares("q", two, "d2.cloudfront.net", "www.example.com", "b.example.com"), 2, ApplyOptions{Lenient: true}); err != nil {
		t.Fatal(err)
	}
	owns(t, r, map[string]string{"www.example.com": "d1.cloudfront.net", "b.example.com": "d2.cloudfront.net"})
}

// TestReservation: a name that is kept reserved is nobody's, but its account's to
// take again; another account gets it once that is lifted.
func TestReservation(t *testing.T) {
	r := open(t)
	d := declares("p", one, "d1.cloudfront.net", "www.example.com")
	mustApply(t, r, d, 1)
	empty := declares("p", one, "d1.cloudfront.net")
	var key string
	if err := r.View(func(rd *state.Reader) error { key = At(rd, "www.example.com")[0].Key(); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := apply(t, r, empty, 2, ApplyOptions{Reserve: map[string]bool{key: true}}); err != nil {
		t.Fatal(err)
	}
	owns(t, r, map[string]string{"www.example.com": "", "d1.cloudfront.net": "d1.cloudfront.net"})
	other := declares("q", two, "d2.cloudfront.net", "www.example.com")
	if err := apply(t, r, other, 3, ApplyOptions{}); err == nil || !strings.Contains(err.Error(), "reserved for account 111111111111") {
		t.Fatalf("Apply() of another account = %v, want it refused", err)
	}
	mustApply(t, r, d, 4)
	owns(t, r, map[string]string{"www.example.com": "d1.cloudfront.net"})
	if err := apply(t, r, empty, 5, ApplyOptions{Reserve: map[string]bool{key: true}}); err != nil {
		t.Fatal(err)
	}
	if err := apply(t, r, other, 6, ApplyOptions{Lift: map[string]bool{key: true}}); err != nil {
		t.Fatal(err)
	}
	owns(t, r, map[string]string{"www.example.com": "d2.cloudfront.net"})
}

// TestAbandoned: a name is given up only by the last of its account.
func TestAbandoned(t *testing.T) {
	r := open(t)
	mustApply(t, r, declares("p", one, "d1.cloudfront.net", "a.example.com", "b.example.com", "c.example.com"), 1)
	mustApply(t, r, declares("q", one, "d1.cloudfront.net", "a.example.com"), 2)
	next := declares("p", one, "d2.cloudfront.net", "b.example.com") // b moves
	if err := r.View(func(rd *state.Reader) error {
		surplus := next.Surplus(rd)
		var hosts []string
		for _, c := range next.Abandoned(rd, surplus) {
			hosts = append(hosts, c.Host)
		}
		if len(surplus) != 3 || !slices.Equal(hosts, []string{"c.example.com"}) {
			t.Errorf("Abandoned() of %d = %q, want c.example.com of 3", len(surplus), hosts)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestRulesAt: the newest word holds, each member by itself; a node's own
// resolvers are its own.
func TestRulesAt(t *testing.T) {
	r := open(t)
	commit(t, r, &model.ClaimRules{Declarer: "p", Wildcards: model.WildcardsStrict, Dangling: model.DanglingWarn, Resolvers: []string{"192.0.2.1:53"}})
	commit(t, r, &model.ClaimRules{Declarer: "q", Dangling: model.DanglingRefuse, Resolvers: []string{"192.0.2.2:53"}})
	if err := r.View(func(rd *state.Reader) error {
		for node, resolver := range map[string]string{"p": "192.0.2.1:53", "q": "192.0.2.2:53", "dns": "192.0.2.2:53"} {
			rules := RulesAt(rd, node)
			if !rules.Strict || rules.Warn || !slices.Equal(rules.Resolvers, []string{resolver}) {
				t.Errorf("RulesAt(%s) = %+v", node, rules)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
