package discovery

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

const (
	corp    = "ns-aaaaaaaaaaaaaaaa"
	zone    = "Z0CORP00000000000000"
	worker  = "srv-aaaaaaaaaaaaaaaa"
	account = "123456789012"
)

func newNamespace() *model.Namespace {
	return &model.Namespace{ID: corp, Account: account, Region: "eu-west-3", Name: "corp", HTTPName: "corp", Type: model.NamespacePrivate, Zone: zone}
}

func newZone() *model.Zone {
	return &model.Zone{ID: zone, Name: "corp.", Account: account, Private: true, VPCs: []model.VPC{{ID: "vpc-1", Region: "eu-west-3"}}, Namespace: corp}
}

// newService returns the service worker; policy and types are what it has
// records by.
func newService(policy string, types ...string) *model.Service {
	s := &model.Service{ID: worker, Account: account, Region: "eu-west-3", Namespace: corp, Name: "worker", FoldsCase: true}
	if len(types) > 0 {
		s.DNS = &model.ServiceDNS{Policy: policy}
		for _, rrtype := range types {
			s.DNS.Records = append(s.DNS.Records, model.ServiceRecord{Type: rrtype, TTL: 10})
		}
	}
	return s
}

// newInstance returns an instance of worker; attributes are "NAME=VALUE".
func newInstance(id string, attributes ...string) *model.Instance {
	i := &model.Instance{Service: worker, ID: id, Attributes: map[string]string{}}
	for _, a := range attributes {
		name, value, _ := strings.Cut(a, "=")
		i.Attributes[name] = value
	}
	return i
}

const (
	ipv4 = model.AttrIPv4 + "="
	port = model.AttrPort + "="
)

// follower is a Discovery, and the records that it has told of.
type follower struct {
	t       testing.TB
	d       *Discovery
	stamp   hlc.Stamp
	records map[string]*model.RRset
	judged  []string // of the last change
	changes int      // of records, in the last change
}

func follow(t testing.TB, rows ...model.Value) *follower {
	f := &follower{t: t, d: New(), records: map[string]*model.RRset{}}
	f.apply(true, f.batch(rows...))
	return f
}

func (f *follower) batch(rows ...model.Value) []state.Change {
	var changes []state.Change
	for _, v := range rows {
		f.stamp++
		if err := v.Validate(); err != nil {
			f.t.Fatalf("row %q of %s: %v", v.Key(), v.Table(), err)
		}
		changes = append(changes, state.Change{Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: f.stamp}})
	}
	return changes
}

// now is when things happen in these tests.
const now = 1_000_000

func (f *follower) apply(reset bool, changes []state.Change) {
	slices.SortStableFunc(changes, func(a, b state.Change) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key)) })
	f.take(f.d.Apply(state.Batch{Reset: reset, Changes: changes}, now))
}

// put applies rows, remove their deletion.
func (f *follower) put(rows ...model.Value) { f.apply(false, f.batch(rows...)) }

func (f *follower) remove(rows ...model.Value) {
	changes := f.batch(rows...)
	for i := range changes {
		changes[i].Value = nil
	}
	f.apply(false, changes)
}

func (f *follower) take(c Change) {
	f.judged, f.changes = c.Judged, len(c.Records)
	for _, ch := range c.Records {
		if ch.Value == nil {
			if f.records[ch.Key] == nil {
				f.t.Errorf("record %q is removed, which was not there", ch.Key)
			}
			delete(f.records, ch.Key)
			continue
		}
		f.records[ch.Key] = ch.Value.(*model.RRset)
	}
}

// texts returns the records as `NAME TTL TYPE [SETID] VALUE`, sorted.
func texts(records map[string]*model.RRset) []string {
	var out []string
	for r := range maps.Values(records) {
		line := fmt.Sprintf("%s %d %s", r.Name, r.TTL, r.Type)
		if r.SetID != "" {
			line += " [" + r.SetID + "]"
		}
		line += " " + strings.Join(r.Values, ",")
		if r.HealthCheckID != "" {
			line += " checked"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func (f *follower) want(when string, want ...string) {
	f.t.Helper()
	slices.Sort(want)
	if got := texts(f.records); !slices.Equal(got, want) {
		f.t.Errorf("%s: records\n\t%s\nwant\n\t%s", when, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
