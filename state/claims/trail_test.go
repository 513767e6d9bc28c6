package claims

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// zoneRows returns a hosted zone and RRsets in it, each as NAME TYPE VALUE;
// "ALIAS:ZONE NAME" is an alias.
func zoneRows(id string, apex model.Name, private bool, records ...string) []model.Value {
	z := &model.Zone{ID: id, Name: apex, Account: one, Private: private, Created: time.Unix(1700000000, 0)}
	if private {
		z.VPCs = []model.VPC{{ID: "vpc-1", Region: "us-east-1"}}
	}
	values := []model.Value{z}
	for _, r := range records {
		f := strings.SplitN(r, " ", 3)
		s := &model.RRset{Zone: id, Name: model.Name(f[0]), Type: f[1], TTL: 60, Values: []string{f[2]}}
		if zone, name, ok := strings.Cut(strings.TrimPrefix(f[2], "ALIAS:"), " "); ok && strings.HasPrefix(f[2], "ALIAS:") {
			s.TTL, s.Values, s.Alias = 0, nil, &model.AliasTarget{ZoneID: zone, Name: model.Name(name)}
		}
		values = append(values, s)
	}
	return values
}

// TestTrail checks where names lead by the hosted zones of the state
// (aws-behaviour 9.2, Removal: CNAME chain, alias in a hosted zone, addresses).
func TestTrail(t *testing.T) {
	r := open(t)
	var rows []model.Value
	rows = append(rows, zoneRows("Z1", "example.com.", false,
		"www.example.com. CNAME d1.cloudfront.net",
		"chain.example.com. CNAME www.example.com",
		"alias.example.com. A ALIAS:Z2FDTNDATAQYW2 d1.cloudfront.net.",
		"inner.example.com. A ALIAS:Z1 alias.example.com.",
		"lb.example.com. AAAA ALIAS:Z3Q77PNBQS71R4 dualstack.web-1.eu-west-3.elb.amazonaws.com.",
		"addr.example.com. A 192.0.2.1",
		"*.wild.example.com. CNAME d1.cloudfront.net",
		"a.ent.wild.example.com. A 192.0.2.9",
		"out.example.com. CNAME www.example.net",
		"sub.example.com. NS ns.example.net",
		"loop.example.com. CNAME loop2.example.com",
		"loop2.example.com. CNAME loop.example.com",
		"_www.example.com. TXT \"d2.cloud\" \"front.net\"",
	)...)
	rows = append(rows, zoneRows("Z2", "corp.example.", true, "www.corp.example. CNAME d1.cloudfront.net")...)
	commit(t, r, rows...)
	published := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	tests := []struct {
		host, owner string
		want        string // record that leads to the owner
		open        string
	}{
		{"www.example.com", "d1.cloudfront.net", "www.example.com. CNAME d1.cloudfront.net. (hosted zone Z1)", ""},
		{"www.example.com", "d2.cloudfront.net", "", ""},
		{"chain.example.com", "d1.cloudfront.net", "www.example.com. CNAME d1.cloudfront.net. (hosted zone Z1)", ""},
		{"alias.example.com", "d1.cloudfront.net", "alias.example.com. A ALIAS d1.cloudfront.net. (hosted zone id Z2FDTNDATAQYW2) (hosted zone Z1)", ""},
		{"inner.example.com", "d1.cloudfront.net", "alias.example.com. A ALIAS d1.cloudfront.net. (hosted zone id Z2FDTNDATAQYW2) (hosted zone Z1)", ""},
		{"lb.example.com", "web-1.eu-west-3.elb.amazonaws.com", "lb.example.com. AAAA ALIAS dualstack.web-1.eu-west-3.elb.amazonaws.com. (hosted zone id Z3Q77PNBQS71R4) (hosted zone Z1)", ""},
		{"addr.example.com", "d1.cloudfront.net", "addr.example.com. A 192.0.2.1 (hosted zone Z1)", ""},
		{"x.wild.example.com", "d1.cloudfront.net", "*.wild.example.com. CNAME d1.cloudfront.net. (hosted zone Z1)", ""},
		{"x.y.wild.example.com", "d1.cloudfront.net", "*.wild.example.com. CNAME d1.cloudfront.net. (hosted zone Z1)", ""},
		{"*.wild.example.com", "d1.cloudfront.net", "*.wild.example.com. CNAME d1.cloudfront.net. (hosted zone Z1)", ""},
		{"ent.wild.example.com", "d1.cloudfront.net", "", ""},
		{"b.ent.wild.example.com", "d1.cloudfront.net", "", ""},
		{"nothing.example.com", "d1.cloudfront.net", "", ""},
		{"loop.example.com", "d1.cloudfront.net", "", ""},
		{"out.example.com", "d1.cloudfront.net", "", "www.example.net."},
		{"a.sub.example.com", "d1.cloudfront.net", "", "a.sub.example.com."},
		{"www.example.org", "d1.cloudfront.net", "", "www.example.org."},
		{"www.corp.example", "d1.cloudfront.net", "www.corp.example. CNAME d1.cloudfront.net. (hosted zone Z2)", "www.corp.example."},
	}
	for _, tt := range tests {
		t.Run(tt.host+" "+tt.owner, func(t *testing.T) {
			var trail Trail
			if err := r.View(func(rd *state.Reader) error { trail = TrailOf(rd, tt.host); return nil }); err != nil {
				t.Fatal(err)
			}
			got := ""
			if record, ok := trail.LeadsTo(tt.owner, published); ok {
				got = record.String()
			}
			var open []string
			for _, n := range trail.Open {
				open = append(open, string(n))
			}
			if got != tt.want || strings.Join(open, " ") != tt.open {
				t.Errorf("TrailOf(%s) leads to %s by %q, open %q, want %q, open %q", tt.host, tt.owner, got, open, tt.want, tt.open)
			}
		})
	}
	if err := r.View(func(rd *state.Reader) error {
		if got, ok := Texts(rd, "_www.example.com."); !ok || !slices.Equal(got, []string{"d2.cloudfront.net"}) {
			t.Errorf("Texts(_www.example.com.) = %q, %v", got, ok)
		}
		if got, ok := Texts(rd, "_none.example.com."); !ok || got != nil {
			t.Errorf("Texts(_none.example.com.) = %q, %v", got, ok)
		}
		if _, ok := Texts(rd, "_www.sub.example.com."); ok {
			t.Error("Texts below a zone cut are decided by the rows")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
