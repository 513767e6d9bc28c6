package dnsprovider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/libdns/libdns"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// quiet is a node's logger that says nothing.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// mustOpen opens a node in memory; with members, one that joins them.
func mustOpen(t *testing.T, gossip bool, members ...*node.Node) *node.Node {
	t.Helper()
	c := node.Config{Name: fmt.Sprint("n", len(members)), Kind: node.KindEdge}
	if gossip {
		c.Gossip = &node.Gossip{Bind: "127.0.0.1:0"}
	}
	for _, m := range members {
		c.Gossip.Join = append(c.Gossip.Join, m.Addr())
	}
	n := node.New(c, quiet{})
	if err := n.Start(); err != nil {
		t.Fatalf("Start() = %v", err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

const zoneID = "Z0EXAMPLE00000000000"

// mustPutZone commits the zone example.org with RRsets, each "NAME TYPE VALUE".
func mustPutZone(t *testing.T, r replica, sets ...string) {
	t.Helper()
	_, err := r.Commit(t.Context(), func(tx *state.Tx) error {
		errs := []error{tx.Put(&model.Zone{ID: zoneID, Name: "example.org.", Account: model.DefaultAccount, Created: time.Unix(1, 0)})}
		for _, s := range sets {
			f := strings.Fields(s)
			errs = append(errs, tx.Put(&model.RRset{Zone: zoneID, Name: model.Name(f[0]), Type: f[1], TTL: 60, Values: f[2:]}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatalf("Commit() = %v", err)
	}
}

// rows returns the challenges as NAME=VALUE, sorted.
func rows(t *testing.T, r replica) []string {
	t.Helper()
	var out []string
	if err := r.View(func(rd *state.Reader) error {
		rd.Range(model.TableChallenges, "", "", func(v model.Value, _ state.Version) bool {
			c := v.(*model.Challenge)
			out = append(out, string(c.Name)+"="+c.Value)
			return true
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func wantRows(t *testing.T, r replica, want ...string) {
	t.Helper()
	if got := rows(t, r); !slices.Equal(got, want) {
		t.Errorf("challenges are %q, want %q", got, want)
	}
}

func txt(name, value string) libdns.Record {
	return libdns.TXT{Name: name, Text: value, TTL: 5 * time.Second}
}

func newProvider(t *testing.T) *Provider {
	t.Helper()
	n := mustOpen(t, false)
	mustPutZone(t, n.Replica)
	return &Provider{state: n.Replica, owner: "n0"}
}

func mustAppend(t *testing.T, p *Provider, zone string, recs ...libdns.Record) {
	t.Helper()
	if got, err := p.AppendRecords(t.Context(), zone, recs); err != nil || !slices.Equal(got, recs) {
		t.Fatalf("AppendRecords(%q, %v) = %v, %v, want the same records", zone, recs, got, err)
	}
}

// The contract of libdns.RecordAppender: nothing that is there changes.
func TestAppend(t *testing.T) {
	p := newProvider(t)
	mustAppend(t, p, "example.org.", txt("_acme-challenge", "one"))
	mustAppend(t, p, "example.org", txt("_acme-challenge", "two"), txt("_acme-challenge.www", "one"), txt("@", "apex"))
	wantRows(t, p.state, "_acme-challenge.example.org.=one", "_acme-challenge.example.org.=two", "_acme-challenge.www.example.org.=one", "example.org.=apex")
	if _, err := p.AppendRecords(t.Context(), "example.org.", []libdns.Record{libdns.RR{Type: "TXT", Name: "_Acme-Challenge.A", Data: "opaque"}}); err != nil {
		t.Errorf("AppendRecords() of an opaque record = %v", err)
	}
	mustAppend(t, p, "acm-validations.aws.", txt("_abc.shard", "v"))
	if n := len(rows(t, p.state)); n != 6 {
		t.Errorf("%d challenges, want 6", n)
	}
}

// All or nothing, and the error says so.
func TestAppendIsAtomic(t *testing.T) {
	p := newProvider(t)
	for _, tc := range []struct {
		name, zone string
		recs       []libdns.Record
		want       error
		says       string
	}{
		{"another type", "example.org.", []libdns.Record{txt("a", "v"), libdns.Address{Name: "www"}}, ErrType, `"www"`},
		{"no value", "example.org.", []libdns.Record{txt("a", "v"), txt("b", "")}, nil, "0 bytes"},
		{"in no zone", "example.net.", []libdns.Record{txt("a", "v")}, ErrNoZone, "a.example.net."},
		{"wildcard", "example.org.", []libdns.Record{txt("*", "v")}, nil, "not the name of a host"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := p.AppendRecords(t.Context(), tc.zone, tc.recs)
			if err == nil || got != nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("AppendRecords() = %v, %v, want %v saying %q", got, err, tc.want, tc.says)
			}
			wantRows(t, p.state)
		})
	}
}

// The contract of libdns.RecordDeleter: exact matches, empty fields match all,
// what is not there is passed over.
func TestDelete(t *testing.T) {
	for _, tc := range []struct {
		name string
		rec  libdns.Record
		left []string
	}{
		{"exact", txt("c", "one"), []string{"c.example.org.=two", "d.example.org.=one"}},
		{"any value", libdns.RR{Name: "c", Type: "TXT", TTL: 5 * time.Second}, []string{"d.example.org.=one"}},
		{"any TTL", libdns.RR{Name: "c", Type: "TXT", Data: "two"}, []string{"c.example.org.=one", "d.example.org.=one"}},
		{"any type", libdns.RR{Name: "c"}, []string{"d.example.org.=one"}},
		{"another TTL", libdns.RR{Name: "c", Type: "TXT", TTL: time.Minute}, []string{"c.example.org.=one", "c.example.org.=two", "d.example.org.=one"}},
		{"another type", libdns.RR{Name: "c", Type: "A"}, []string{"c.example.org.=one", "c.example.org.=two", "d.example.org.=one"}},
		{"not there", txt("e", "one"), []string{"c.example.org.=one", "c.example.org.=two", "d.example.org.=one"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newProvider(t)
			mustAppend(t, p, "example.org.", txt("c", "one"), txt("c", "two"), txt("d", "one"))
			gone, err := p.DeleteRecords(t.Context(), "example.org.", []libdns.Record{tc.rec})
			if err != nil || len(gone) != 3-len(tc.left) {
				t.Errorf("DeleteRecords() = %v, %v, want %d records", gone, err, 3-len(tc.left))
			}
			wantRows(t, p.state, tc.left...)
		})
	}
}

// The contract of libdns.RecordSetter: of a name and type only what is given
// stays, of this node; and of RecordGetter.
func TestSetAndGet(t *testing.T) {
	p := newProvider(t)
	other := &Provider{state: p.state, owner: "n1"}
	mustAppend(t, p, "example.org.", txt("c", "one"), txt("c", "two"), txt("d", "one"))
	mustAppend(t, other, "example.org.", txt("c", "theirs"))
	if _, err := p.SetRecords(t.Context(), "example.org.", []libdns.Record{txt("c", "two"), txt("c", "three")}); err != nil {
		t.Fatalf("SetRecords() = %v", err)
	}
	wantRows(t, p.state, "c.example.org.=theirs", "c.example.org.=three", "c.example.org.=two", "d.example.org.=one")
	got, err := p.GetRecords(t.Context(), "example.org.")
	if err != nil || len(got) != 4 || !slices.Contains(got, txt("d", "one")) {
		t.Errorf("GetRecords() = %v, %v, want 4 with d", got, err)
	}
	if got, err := p.GetRecords(t.Context(), "d.example.org"); err != nil || !slices.Equal(got, []libdns.Record{txt("@", "one")}) {
		t.Errorf("GetRecords() of a zone below = %v, %v", got, err)
	}
}

// Where the name is a CNAME the value stands where that leads.
func TestFollowsCNAME(t *testing.T) {
	p := newProvider(t)
	mustPutZone(t, p.state, "_acme-challenge.example.org. CNAME _x.shard.acm-validations.aws.",
		"away.example.org. CNAME example.net.", "loop.example.org. CNAME loop.example.org.", "sub.example.org. NS ns.example.net.")
	mustAppend(t, p, "example.org.", txt("_acme-challenge", "v"))
	wantRows(t, p.state, "_x.shard.acm-validations.aws.=v")
	gone, err := p.DeleteRecords(t.Context(), "example.org.", []libdns.Record{txt("_acme-challenge", "v")})
	if err != nil || !slices.Equal(gone, []libdns.Record{txt("_acme-challenge", "v")}) {
		t.Errorf("DeleteRecords() = %v, %v, want the record under its own name", gone, err)
	}
	wantRows(t, p.state)
	for name, want := range map[string]error{"away": ErrNoZone, "loop": ErrChain, "x.sub": ErrDelegated} {
		if _, err := p.AppendRecords(t.Context(), "example.org.", []libdns.Record{txt(name, "v")}); !errors.Is(err, want) {
			t.Errorf("AppendRecords(%q) = %v, want %v", name, err, want)
		}
	}
}

// slow is a state whose other members do not answer.
type slow struct{ replica }

func (slow) AwaitInSync(ctx context.Context, _ state.Version) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestGivesUpInTime(t *testing.T) {
	p := newProvider(t)
	p.state, p.Timeout = slow{p.state}, caddy.Duration(50*time.Millisecond)
	got, err := p.AppendRecords(t.Context(), "example.org.", []libdns.Record{txt("c", "v")})
	if !errors.Is(err, context.DeadlineExceeded) || got != nil || !strings.Contains(err.Error(), "50ms") {
		t.Errorf("AppendRecords() = %v, %v, want %v after 50ms", got, err, context.DeadlineExceeded)
	}
	wantRows(t, p.state)
}

// Two nodes at once lose nothing, and what has returned is on both.
func TestTwoNodesAtOnce(t *testing.T) {
	a := mustOpen(t, true)
	mustPutZone(t, a.Replica)
	b := mustOpen(t, true, a)
	<-b.Ready()
	const each = 10
	var wg sync.WaitGroup
	for i, n := range []*node.Node{a, b} {
		p := &Provider{state: n.Replica, owner: fmt.Sprint("n", i)}
		other := []*node.Node{b, a}[i]
		for j := range each {
			wg.Go(func() {
				value := fmt.Sprintf("value-%d-%d", i, j)
				if _, err := p.AppendRecords(t.Context(), "example.org.", []libdns.Record{txt("_acme-challenge", value)}); err != nil {
					t.Errorf("AppendRecords() = %v", err)
				}
				if got := rows(t, other.Replica); !slices.Contains(got, "_acme-challenge.example.org.="+value) {
					t.Errorf("the other node has %q, want %s among it", got, value)
				}
			})
		}
	}
	wg.Wait()
	if got := rows(t, a.Replica); len(got) != 2*each {
		t.Errorf("%d values, want %d: %q", len(got), 2*each, got)
	}
}
